/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The debug core: how breakpoints become real, and what a debug exit means.
 *
 * A breakpoint is a wish (struct bp, breakpoint.c). It is realised by one of
 *
 *   a debug register   on every vCPU; needs no memory, so it works before the page exists
 *   a site             the breakpoint instruction planted in guest RAM (site.c)
 *   page protection    the guest is kept from the page (memory_protect()), for data that no
 *                      debug register can watch
 *   waiting            its page is not there yet and no debug register is free:
 *                      looked at again each millisecond of guest time
 *
 * Everything here is changed only inside an exclusive section by the loop
 * thread; vCPU threads read it while they are counted as in the guest.
 */
#ifndef HV_DEBUG_H
#define HV_DEBUG_H

#include "hv/addr_map.h"
#include "hv/control_at.h"
#include "hv/vcpu.h"

enum bp_how {
	BP_WAITING,
	BP_IN_REGISTER,
	BP_IN_MEMORY,
	BP_BY_PAGE,
};

struct bp {
	struct addr_node node; /* of debug.by_addr */
	int id;
	enum bp_kind kind;
	uint64_t addr, len;
	struct control_client *owner;
	unsigned refs; /* the same spec set again by the same owner */
	int vcpu;      /* whose address space it was set in */
	enum bp_how how;
	uint64_t gpa;	/* BP_IN_MEMORY: of addr */
	uint64_t *page; /* data: where each of its pages is, or WATCH_UNMAPPED */
	struct bp_filter *filter;
	uint64_t hits, asked; /* atomic */
	uint8_t *before; /* BP_BY_PAGE: its bytes while an instruction is stepped that cannot be
			    told */
	struct bp *prev, *next;
};

/* A vCPU at @bp, while its filter is asked. */
struct control_at {
	struct vcpu *v;
	const struct bp *bp;
	uint64_t pc;
	char text[160]; /* for the stop */
};

/* A planted breakpoint instruction; several breakpoints may share one. */
struct site {
	struct addr_node node; /* of debug.sites */
	uint64_t gpa;
	unsigned refs;
	uint8_t original[8]; /* arch_bp_insn_len bytes */
	bool lifted;
};

/* A page that has sites. */
struct site_page {
	struct addr_node node; /* of debug.site_pages, by address */
	unsigned sites;
	struct site_page *prev, *next;
	uint64_t here[64]; /* one bit for each byte at which a site begins */
};

/* What this host's KVM can do, from the probe. */
struct debug_caps {
	bool soft; /* a breakpoint instruction comes to us */
	bool hard; /* debug registers fire on execution */
	bool data; /* … and on data */
	bool step;
	bool protect; /* the guest can be kept from a page */
	bool walks;   /* … also where the processor itself uses it: tables, stacks of events */
};

#define WATCH_UNMAPPED UINT64_MAX

/* Watched bytes that lie together in physical memory (watch.c). */
struct watch_range {
	uint64_t gpa, len;
	uint8_t how; /* enum bp_how */
	struct watch_spec what;
};

struct debug {
	struct debug_caps caps;
	struct bp *bps, *last_bp; /* in order of id */
	struct addr_map by_addr;  /* the same */
	unsigned data_bps;	  /* those on data */
	struct bp *cursor;	  /* the one that control_bp_get() found last; NULL: none */
	size_t cursor_n;	  /* … and which it was */
	int next_id;
	struct bp *slots[ARCH_HW_BP_MAX]; /* debug registers */
	uint64_t slot_addr[ARCH_HW_BP_MAX];
	uint8_t slot_len[ARCH_HW_BP_MAX];
	uint64_t generation; /* of what vCPUs tell KVM; atomic */

	/* site_lock guards these (site.c); nothing is taken inside. any_site is atomic. */
	pthread_mutex_t site_lock;
	bool any_site;
	struct addr_map sites; /* struct site by gpa */
	struct addr_map site_pages;
	struct site_page *pages; /* all of them */
	struct site *lifted;	 /* for the step that is under way */

	unsigned waiting; /* breakpoints in BP_WAITING */
	struct hv_timer *retry;
	struct output *output;

	/* watch_lock guards the three after it; nothing is taken inside. range_count is atomic. */
	pthread_mutex_t watch_lock;
	struct watch_range *ranges;
	size_t range_count;
	struct dma_hits *dma;
};

int debug_create(struct machine *m, const struct debug_caps *caps, struct error *err);
void debug_destroy(struct machine *m);

/* ---- the list (breakpoint.c) ---- */

static inline bool bp_is_code(const struct bp *bp)
{
	return bp->kind == BP_SOFT || bp->kind == BP_HARD;
}
/* The first breakpoint at @addr, and the one after @bp at the same address; NULL: none. */
struct bp *bp_at(struct machine *m, uint64_t addr);
struct bp *bp_at_next(const struct bp *bp);
/* Frees @bp and releases its filter; exclusive. */
void bp_free(struct bp *bp);
/* Tells the clients that the list is another. Loop thread. */
void breakpoints_changed(struct machine *m, const struct control_client *by);
/* Those of @owner, when it leaves. Loop thread. */
void breakpoints_of_client_drop(struct machine *m, const struct control_client *owner);

/* ---- realising (realise.c); exclusive ---- */

int bp_realise(struct machine *m, struct bp *bp, struct error *err);
void bp_unrealise(struct machine *m, struct bp *bp);
/* Looks again at what waits and at sites that the guest has overwritten. */
void debug_retry(struct machine *m);
/* Takes everything out of the guest before its memory is loaded anew, and puts it back after. */
void debug_withdraw(struct machine *m);
void debug_restore(struct machine *m);
const char *bp_how_name(const struct bp *bp);

/* ---- sites (site.c) ---- */

/* Plants a breakpoint instruction, or counts one more user of it. */
int site_plant(struct machine *m, uint64_t gpa);
void site_remove(struct machine *m, uint64_t gpa);
struct site *site_find(struct machine *m, uint64_t gpa);
/* Frees what is planted, and leaves the memory as it is. */
void sites_free(struct debug *d);
/* Hides sites in @buf, which was read from [gpa, gpa+len); any thread that may read sites. */
void sites_hide(struct machine *m, uint64_t gpa, uint8_t *buf, size_t len);
/* Writes to RAM below the sites: they stay planted, over the new bytes. */
void sites_write(struct machine *m, uint64_t gpa, const uint8_t *buf, size_t len);
/* Whether the instruction is still in memory: the guest may have overwritten it. */
bool site_intact(struct machine *m, const struct site *site);
/* Stale, so @site takes what is in memory now as the original and plants anew. */
void site_replant(struct machine *m, struct site *site);
/* @up: the guest's own bytes for a step over it; else planted again. Exclusive. */
void site_lift(struct machine *m, struct site *site, bool up);

/* ---- at run time, on vCPU threads (debug.c) ---- */

/* Makes every vCPU tell KVM anew what it is debugged with. Exclusive. */
void debug_changed(struct debug *d);
/* Tells KVM what to debug the vCPU with, when that has changed. */
int debug_prepare(struct vcpu *v, bool step);
/* Asks the filters at pc that were not asked when the vCPU came there: it was stepped there, say.
 */
void debug_ask_passed(struct vcpu *v);
/* Forgets who follows a hit of @bp, of any when NULL. Exclusive. */
void debug_unfollow(struct machine *m, const struct bp *bp);
void debug_step_over_done(struct vcpu *v);
/* KVM has finished an I/O instruction while the vCPU steps: that may have been the step. */
void debug_io_stepped(struct vcpu *v);
/* KVM_EXIT_DEBUG, or what stands for it on this host. */
enum exit_verdict debug_exit(struct vcpu *v);
/* Whether an emulation failure is a breakpoint or an access to a watched page after all. */
bool debug_emulation_failed(struct vcpu *v);
/*
 * KVM_RUN has failed with EFAULT. True when the guest is kept from a page: the instruction is then
 * stepped with all of its memory, and @verdict is what to do.
 */
bool debug_access_denied(struct vcpu *v, enum exit_verdict *verdict);
/* Whether @bp stops @v at @pc: asks its filter, which may say something in @text. */
bool debug_wants_stop(struct vcpu *v, struct bp *bp, uint64_t pc, char *text, size_t size);
/* Tells that @bp was hit, with @text for a person. */
void debug_post_bp(struct vcpu *v, struct bp *bp, uint64_t pc, const char *text);

/* ---- getting past a breakpoint (step_over.c) ---- */

/* The first breakpoint on code at @pc, and the next. */
struct bp *debug_code_bp_at(struct machine *m, uint64_t pc);
struct bp *debug_code_bp_next(const struct bp *bp);
/* What is planted at the linear address @pc; NULL: nothing, or that is not mapped. */
struct site *debug_site_at(struct vcpu *v, uint64_t pc);
/* Whether the vCPU, resumed as @start says, must first execute its instruction with the breakpoint
 * lifted. */
bool debug_must_step_over(struct vcpu *v, enum vcpu_start start);
/*
 * Gets the vCPU past the breakpoint at its pc without a step, when that is possible. Only for one
 * that goes on.
 */
bool debug_pass(struct vcpu *v);
/* Whether its instruction can be stepped with nothing lifted: its breakpoint is in a debug
 * register. */
bool debug_steps_alone(struct vcpu *v);
/* Around that one instruction; exclusive. */
void debug_lift(struct vcpu *v);
void debug_unlift(struct vcpu *v);

/* ---- watched memory (watch.c); the vCPU's own thread unless it says otherwise ---- */

size_t watch_page_count(const struct bp *bp);
/* Keeps the guest from the pages of @bp, or gives them back. Exclusive. */
int watch_protect(struct machine *m, const struct bp *bp);
void watch_unprotect(struct machine *m, const struct bp *bp);
/* What is watched, and where, has changed. Exclusive. */
void watch_publish(struct machine *m);
void watch_init(struct machine *m);
void watch_free(struct machine *m);
/* KVM hands over an access to RAM, of a page that the guest is kept from: does it. */
enum exit_verdict watch_access(struct vcpu *v, uint64_t gpa, uint8_t *data, unsigned len,
			       bool write);
/* Around an instruction that is stepped with the protection of all pages lifted. Exclusive. */
void watch_step_begin(struct vcpu *v);
void watch_step_end(struct vcpu *v);
/* A debug register has fired. */
void watch_hit(struct vcpu *v, const struct bp *bp);
/* An exit for I/O: looks whether its instruction accesses watched RAM, too, which no debug register
 * sees. Whether there is something to tell when it is complete. */
bool watch_io(struct vcpu *v);
/*
 * Posts the next stop for what was hit, of those that want one; false when there is none, or
 * another stop comes first. The vCPU's registers are those behind the access.
 */
bool watch_tell(struct vcpu *v);

#endif
