/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session: one client of the control interface that gives commands. Every
 * console is one; one more serves gdb's `monitor`.
 *
 * It remembers which vCPU commands mean, walks a `step n` through the stops, and turns
 * events into lines for its person.
 *
 *            step n                          CONTROL_STOPPED, a step of ours is done
 *   idle ------------> stepping, n left  --------------------------------------------+
 *    ^                      ^   |                                                    |
 *    |                      +---|---- wake: control_step() ---- step due, n-1 left <-+
 *    +--------------------------+  any other stop, a refusal, or n is 0: told to the person
 *
 * The next step is not started inside the event: other clients have not heard of the stop yet.
 */
#ifndef MONITOR_SESSION_H
#define MONITOR_SESSION_H

#include "hv/control.h"
#include "monitor/command.h"

struct monitor;
struct mon_bp;
struct loop;

struct mon_session {
	struct control_client client; /* first: events come with its address */
	struct machine *m;
	struct monitor *mon;
	struct mon_session *next;
	char name[32];
	int cpu; /* which vCPU commands mean */

	uint64_t steps_left, steps_done;
	bool step_due; /* the next one is to be started from the loop */

	/* What others did is told when it has settled, so that gdb's steps do not fill the screen.
	 */
	bool unsettled;
	bool told_running; /* what the person was told last */
	char resumer[32];  /* who resumed last */

	struct mon_fmt fmt; /* of the last x */
	uint64_t next_addr; /* behind the last x */
	const char *again;  /* what an empty line does */
	struct strbuf *out; /* while a command runs: events that it causes are part of its output */

	/* Shows lines that nobody asked for just now; @text ends with a newline. NULL: nowhere. */
	void (*tell)(struct mon_session *s, const char *text);
	/* What the last command started is over: time for a prompt. May be NULL. */
	void (*idle)(struct mon_session *s);
};

/* Attaches @s, whose tell and idle are set, as the client @name. */
void mon_session_open(struct mon_session *s, struct monitor *mon, const char *name);
/* Its breakpoints go with it. */
void mon_session_close(struct mon_session *s);
/* True while a `step n` of this session is under way. */
bool mon_session_stepping(const struct mon_session *s);
/* Starts @n steps; -EBUSY and the like with a sentence. */
int mon_session_step(struct mon_session *s, uint64_t n, struct error *err);
/* Forgets the steps that are left. */
void mon_session_step_cancel(struct mon_session *s);
/* Called from the loop: starts a step that is due. */
void mon_session_wake(struct mon_session *s);
/* Called from the loop some time after the last event: tells what has changed. */
void mon_session_settle(struct mon_session *s);

/* "breakpoint 2 at 0xffffffff81000000 (vCPU 1)": one line without its end. */
void mon_describe_stop(struct machine *m, const struct stop *stop, struct strbuf *out);
/* "=> 0x1000:  nop\n": the next instruction of @cpu; nothing when it cannot be read. */
void mon_describe_next(struct mon_session *s, int cpu, struct strbuf *out);

/*
 * For expressions (struct expr_env): the number of register @name, which is its index or
 * MON_REG_PC, the linear address of the next instruction; what it holds; memory at a virtual
 * address.
 */
#define MON_REG_PC (-1)
int mon_register_id(void *session, const char *name, size_t len, int *id, struct error *err);
int mon_register_value(void *session, int id, uint64_t *value, struct error *err);
int mon_memory_value(void *session, uint64_t addr, unsigned size, uint64_t *value,
		     struct error *err);
/* Little-endian bytes as a number. */
uint64_t mon_number_of(const uint8_t raw[8]);

/* monitor.c: asks for mon_session_wake() and mon_session_settle() from the loop. */
void monitor_wake(struct monitor *mon);
void monitor_settle_later(struct monitor *mon);
void monitor_add_session(struct monitor *mon, struct mon_session *s);
void monitor_remove_session(struct monitor *mon, struct mon_session *s);
struct machine *monitor_machine(struct monitor *mon);
/* The head of the list of all sessions' breakpoints (breakpoint.h). */
struct mon_bp **monitor_breakpoints(struct monitor *mon);
struct loop *monitor_loop(struct monitor *mon);

#endif
