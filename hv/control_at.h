/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Deciding at a breakpoint, on the vCPU's own thread.
 *
 * A breakpoint can carry a filter, on code and on data. At each hit it is asked
 * before a stop is posted, and answers whether the guest is to stop: a condition.
 * It may do something on the way: print, collect. Nothing of that goes through the
 * loop thread, and the other vCPUs go on. On data it is asked behind the access,
 * at the next instruction; of what a device accesses, one vCPU is asked.
 *
 *   hit ---> each breakpoint at this address: has it a filter? ask it
 *              all say "go on" -> the vCPU steps over and runs
 *              one says "stop", or has no filter -> a stop, which names it
 *
 * Every filter at an address is asked at each hit, whatever the others answer,
 * once for each time that a vCPU arrives there.
 *
 * Threads: ask() runs on vCPU threads, on several at one time when several
 * hit. What they share is the filter's own to guard, with a lock that nobody
 * holds while waiting for a vCPU. Inside it only control_at_…() of all the
 * control interface may be called, and nothing that blocks.
 *
 * Lifetime: a filter is the machine's from a successful
 * control_bp_add_filtered() on. release() is called once, when its breakpoint
 * goes, on the loop thread inside an exclusive section: no vCPU is in ask()
 * then, and none will be. It must not call control_…() either.
 */
#ifndef HV_CONTROL_AT_H
#define HV_CONTROL_AT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hv/control.h"

/* A vCPU at a breakpoint, or stepped on from it. Valid inside ask() and stepped() only. */
struct control_at;

enum bp_verdict {
	BP_GO_ON,
	BP_STOP,
};

struct bp_filter {
	enum bp_verdict (*ask)(struct bp_filter *filter, struct control_at *at);
	/* After each instruction that control_at_step() asked for, at the next one; @left are to
	 * come. As ask(), but for control_at_explain() and control_at_step(). May be NULL. */
	void (*stepped)(struct bp_filter *filter, struct control_at *at, uint64_t left);
	/* What else it has to say of the stop that it asked for, on the same thread; may be NULL.
	 */
	void (*told)(struct bp_filter *filter, struct stop *stop);
	void (*release)(struct bp_filter *filter);
	const char *what; /* for lists: "condition", "tracepoint" */
	bool unlisted;	  /* its owner lists it otherwise: control_bp_get() passes over it */
};

/*
 * As control_bp_add(), but always a breakpoint of its own: it is not
 * counted together with another one of the same spec. control_bp_delete() removes it by its id,
 * control_bp_remove() by its spec. On failure @filter stays the caller's. Loop thread.
 */
int control_bp_add_filtered(struct machine *m, struct control_client *owner, enum bp_kind kind,
			    uint64_t addr, uint64_t len, int vcpu, struct bp_filter *filter,
			    struct error *err);

/* ---- inside ask() ---- */

int control_at_vcpu(const struct control_at *at);
/* Linear address of the instruction that is executed next: in ask() that of the breakpoint. */
uint64_t control_at_pc(const struct control_at *at);
/* As control_reg_read(). */
int control_at_reg(struct control_at *at, int reg, void *buf);
/* As control_msr_read(). */
int control_at_msr(struct control_at *at, uint64_t index, uint64_t *value);
/*
 * As control_mem_read(): virtual, by this vCPU's tables; short before a page that is not there,
 * -EFAULT when the first byte is not. Breakpoints do not show.
 */
ssize_t control_at_mem_read(struct control_at *at, uint64_t addr, void *buf, size_t len);
/* A line for the person, shown with the stop that this filter asks for. */
void control_at_explain(struct control_at *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Text for the breakpoint's owner, as CONTROL_OUTPUT. Never blocks: it is queued to the
 * loop thread, and when the queue is full the text is dropped and the number of those is told.
 */
void control_at_print(struct control_at *at, const char *text, size_t len);
/*
 * The vCPU's next @count instructions (1 or more) are single-stepped, and stepped() is told of
 * each. It goes on while the guest is stopped and resumed, and ends with the breakpoint or a reset.
 * -ENOSPC: VCPU_MAX_FOLLOWED of them go on at this vCPU already.
 */
int control_at_step(struct control_at *at, uint64_t count);

#endif
