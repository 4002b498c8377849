// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The debug core at run time: what a vCPU is debugged with, and what a debug
 * exit was. See debug.h.
 *
 *   exit ---> ours?  a breakpoint at pc      -> stop
 *       |            its alias elsewhere     -> step over it, go on
 *       |            our debug register      -> stop
 *       |            the step we asked for   -> stop
 *       `--> the guest's own                 -> given back by injection
 */
#include "hv/debug.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/catch.h"
#include "hv/machine.h"
#include "hv/output.h"
#include "hv/trace.h"

static void on_retry(void *opaque)
{
	struct machine *m = opaque;

	if (control_state(m) != RUN_RUNNING)
		return; /* looked at when the guest is resumed */
	vcpu_exclusive_begin(m);
	debug_retry(m);
	vcpu_exclusive_end(m);
}

int debug_create(struct machine *m, const struct debug_caps *caps, struct error *err)
{
	struct debug *d = calloc(1, sizeof(*d));
	int ret;

	if (!d)
		return error_set(err, -ENOMEM, "out of memory");
	d->caps = *caps;
	d->next_id = 1;
	d->output = output_create(m);
	if (!d->output) {
		free(d);
		return error_set(err, -ENOMEM, "out of memory");
	}
	ret = hv_timer_create(m->timers, HV_CLOCK_GUEST, on_retry, m, &d->retry);
	if (ret) {
		output_destroy(d->output);
		free(d);
		return error_set(err, ret, "cannot make a timer: %s", strerror(-ret));
	}
	m->debug = d;
	pthread_mutex_init(&d->site_lock, NULL);
	watch_init(m);
	return 0;
}

void debug_destroy(struct machine *m)
{
	struct debug *d = m->debug;
	struct bp *bp, *next;

	if (!d)
		return;
	for (bp = d->bps; bp; bp = next) {
		next = bp->next;
		bp_free(bp);
	}
	hv_timer_destroy(d->retry);
	output_destroy(d->output);
	watch_free(m);
	sites_free(d);
	pthread_mutex_destroy(&d->site_lock);
	addr_map_free(&d->by_addr);
	free(d);
	m->debug = NULL;
}

/* ---- before the guest is entered ---- */

void debug_changed(struct debug *d)
{
	__atomic_add_fetch(&d->generation, 1, __ATOMIC_SEQ_CST);
}

int debug_prepare(struct vcpu *v, bool step)
{
	struct debug *d = v->m->debug;
	uint64_t generation = __atomic_load_n(&d->generation, __ATOMIC_SEQ_CST);
	struct arch_debug dbg = { .step = step, .block_irq = step && !v->m->step_irq };
	uint64_t pc;
	int ret;

	/* Stepping over a breakpoint leaves its debug register out. */
	if (v->debug_set && !v->step_over && v->debug_step == step &&
	    v->debug_generation == generation)
		return 0;
	pc = v->step_over ? arch_pc(v) : 0;
	dbg.soft = d->sites.count != 0;
	for (unsigned i = 0; i < arch_hw_bp_count(); i++) {
		const struct bp *bp = d->slots[i];
		if (!bp || (bp_is_code(bp) && v->step_over && bp->addr == pc))
			continue;
		dbg.hw[i] = (struct arch_hw_bp){
			.used = true,
			.kind = (uint8_t)bp->kind,
			.addr = d->slot_addr[i],
			.len = d->slot_len[i],
		};
	}
	ret = arch_debug_set(v, &dbg);
	if (ret) {
		vcpu_post_stop_text(v, STOP_INTERNAL_ERROR, "KVM refuses the debug set-up: %s",
				    strerror(-ret));
		return ret;
	}
	v->debug_set = true;
	v->debug_step = step;
	v->debug_generation = generation;
	return 0;
}

/* ---- after a step ---- */

/* Whether the step that brought @v to @pc is followed by another. */
static bool in_range(const struct vcpu *v, uint64_t pc)
{
	return v->order.action == RESUME_RANGE && pc >= v->order.start && pc < v->order.end;
}

static void post_step_done(struct vcpu *v)
{
	struct stop stop = { .reason = STOP_STEP, .pc = arch_pc(v) };

	vcpu_post_stop(v, &stop);
}

void debug_step_over_done(struct vcpu *v)
{
	bool stepping;

	pthread_mutex_lock(&v->m->run_lock);
	stepping = v->order.action != RESUME_CONTINUE && v->stop.reason == STOP_NONE;
	pthread_mutex_unlock(&v->m->run_lock);
	if (stepping && !in_range(v, arch_pc(v)))
		post_step_done(v);
}

/* ---- what follows a hit ---- */

void debug_unfollow(struct machine *m, const struct bp *bp)
{
	struct vcpu *v;

	vcpu_for_each(m, v) {
		unsigned kept = 0;

		for (unsigned i = 0; i < v->followed_count; i++)
			if (bp && v->followed[i].bp != bp)
				v->followed[kept++] = v->followed[i];
		v->followed_count = kept;
	}
}

/* One instruction is done: tells who follows it. */
static void tell_followers(struct vcpu *v)
{
	struct control_at at = { .v = v, .pc = arch_pc(v) };
	unsigned kept = 0;

	for (unsigned i = 0; i < v->followed_count; i++) {
		struct vcpu_followed f = v->followed[i];
		struct bp_filter *filter = f.bp->filter;

		at.bp = f.bp;
		f.left--;
		if (filter->stepped)
			filter->stepped(filter, &at, f.left);
		if (f.left)
			v->followed[kept++] = f;
	}
	v->followed_count = kept;
}

/* Whether data was accessed that somebody wants to stop for; asks, and tells the first of them. */
static bool watch_comes_first(struct vcpu *v)
{
	return v->watch.count && (watch_tell(v) || v->watch.count);
}

/* A single-step is done that was not for stepping over: somebody asked for it, or it follows a hit.
 */
static enum exit_verdict plain_step_done(struct vcpu *v)
{
	bool stepping = v->order.action != RESUME_CONTINUE;

	if (watch_comes_first(v) || catch_waits(v))
		return EXIT_PARK; /* that is told instead */
	if (stepping && !in_range(v, arch_pc(v))) {
		post_step_done(v);
		return EXIT_PARK;
	}
	/* After the last one KVM is told to let it run. */
	return stepping || v->followed_count ? EXIT_AGAIN : EXIT_PARK;
}

void debug_io_stepped(struct vcpu *v)
{
	if (!arch_debug_io_step(v))
		return;
	tell_followers(v);
	if (v->step_over)
		v->step_done = true;
	else
		plain_step_done(v);
}

/* ---- debug exits ---- */

void debug_post_bp(struct vcpu *v, struct bp *bp, uint64_t pc, const char *text)
{
	struct stop stop = {
		.reason = bp->kind == BP_SOFT	? STOP_BREAKPOINT
			  : bp->kind == BP_HARD ? STOP_HW_BREAKPOINT
						: STOP_WATCHPOINT,
		.pc = pc,
		.bp = bp->id,
		.bp_kind = bp->kind,
		.addr = bp->addr,
	};

	snprintf(stop.text, sizeof(stop.text), "%s", text);
	if (bp->filter && bp->filter->told)
		bp->filter->told(bp->filter, &stop);
	__atomic_add_fetch(&bp->hits, 1, __ATOMIC_RELAXED);
	vcpu_post_stop(v, &stop);
}

/* Executes the instruction at pc alone and goes on; for a hit that nobody stops for. */
static enum exit_verdict step_over_silently(struct vcpu *v)
{
	v->step_over = true;
	v->step_over_start = START_ASKED;
	return EXIT_PARK;
}

bool debug_wants_stop(struct vcpu *v, struct bp *bp, uint64_t pc, char *text, size_t size)
{
	struct control_at at = { .v = v, .bp = bp, .pc = pc };

	if (!bp->filter)
		return true;
	__atomic_add_fetch(&bp->asked, 1, __ATOMIC_RELAXED);
	if (bp->filter->ask(bp->filter, &at) == BP_GO_ON)
		return false;
	snprintf(text, size, "%s", at.text);
	return true;
}

/* Asks every breakpoint at @pc. The first that stops is the one that is told. */
static enum exit_verdict on_code(struct vcpu *v, uint64_t pc)
{
	struct bp *bp = debug_code_bp_at(v->m, pc), *told = NULL;
	char text[sizeof(((struct stop *)0)->text)] = "";

	for (; bp; bp = debug_code_bp_next(bp)) {
		char said[sizeof(text)] = "";

		if (!debug_wants_stop(v, bp, pc, said, sizeof(said)))
			continue;
		if (!told)
			told = bp;
		else
			__atomic_add_fetch(&bp->hits, 1, __ATOMIC_RELAXED);
		if (!text[0])
			memcpy(text, said, sizeof(text));
	}
	v->asked = true;
	v->asked_pc = pc;
	if (!told)
		return debug_pass(v) ? EXIT_AGAIN : step_over_silently(v);
	debug_post_bp(v, told, pc, text);
	return EXIT_PARK;
}

void debug_ask_passed(struct vcpu *v)
{
	uint64_t pc = arch_pc(v);
	char text[sizeof(((struct stop *)0)->text)];

	/* The stop here was told already: only what they do on the way counts. */
	if (v->asked && v->asked_pc == pc)
		return;
	for (struct bp *bp = debug_code_bp_at(v->m, pc); bp; bp = debug_code_bp_next(bp))
		debug_wants_stop(v, bp, pc, text, sizeof(text));
	v->asked = true;
	v->asked_pc = pc;
}

static enum exit_verdict inject(struct vcpu *v, const struct arch_debug_event *ev)
{
	int ret = arch_debug_inject(v, ev);

	if (!ret)
		return EXIT_AGAIN;
	vcpu_post_stop_text(v, STOP_INTERNAL_ERROR, "cannot give the guest its debug event: %s",
			    strerror(-ret));
	return EXIT_PARK;
}

static enum exit_verdict on_soft(struct vcpu *v, const struct arch_debug_event *ev)
{
	struct machine *m = v->m;
	struct site *site = debug_site_at(v, ev->pc);
	struct arch_translation t;
	const uint8_t *bytes;

	/* That it may be planted for another address of this page only is no stop either. */
	if (site && !site->lifted)
		return on_code(v, ev->pc);
	/* It was lifted or withdrawn between the trap and now: the real instruction is there again.
	 */
	if (arch_translate(v, ev->pc, &t) == 0) {
		bytes = memory_ptr(m->ram, t.gpa, arch_bp_insn_len);
		if (bytes && memcmp(bytes, arch_bp_insn, arch_bp_insn_len) != 0)
			return EXIT_AGAIN;
	}
	return inject(v, ev);
}

/* The code breakpoint among our registers that fired; watchpoints are noted. */
static struct bp *bp_of_hits(struct vcpu *v, uint32_t hits)
{
	struct debug *d = v->m->debug;
	struct bp *code = NULL;

	for (unsigned i = 0; i < arch_hw_bp_count(); i++) {
		struct bp *bp = hits & (1u << i) ? d->slots[i] : NULL;

		if (bp && !bp_is_code(bp))
			watch_hit(v, bp);
		else if (bp && !code)
			code = bp;
	}
	return code;
}

static enum exit_verdict on_hard(struct vcpu *v, const struct arch_debug_event *ev)
{
	struct bp *bp = bp_of_hits(v, ev->hw_hits);
	bool stepping = v->debug_step;
	enum exit_verdict verdict = EXIT_PARK;

	if (ev->step && v->step_over)
		v->step_done = true;
	if (ev->step) {
		v->asked = false; /* it has come to where it is now */
		tell_followers(v);
	}
	if (bp)
		verdict = on_code(v, ev->pc);
	if (watch_comes_first(v))
		return EXIT_PARK;
	if (bp)
		return verdict;
	if (ev->step && v->step_over)
		return EXIT_PARK;
	if (ev->step && stepping)
		return plain_step_done(v);
	if (ev->hw_hits && !ev->step)
		return EXIT_AGAIN; /* ours until a moment ago */
	return inject(v, ev);
}

enum exit_verdict debug_exit(struct vcpu *v)
{
	struct arch_debug_event ev = { 0 };

	arch_debug_exit(v, &ev);
	switch (ev.kind) {
	case ARCH_DEBUG_SOFT:
		return on_soft(v, &ev);
	case ARCH_DEBUG_HARD:
		return on_hard(v, &ev);
	case ARCH_DEBUG_NONE:
		break;
	}
	if (v->lift_pages)
		return EXIT_PARK;
	vcpu_post_stop_text(v, STOP_INTERNAL_ERROR, "a debug exit without a reason");
	return EXIT_PARK;
}

/* ---- accesses that the guest is kept from ---- */

/* Its instruction is done alone, with the pages lifted, and with what was noted of it forgotten. */
static enum exit_verdict step_lifted(struct vcpu *v)
{
	v->lift_pages = true;
	v->watch.count = 0;
	return v->step_over ? EXIT_PARK : step_over_silently(v);
}

bool debug_access_denied(struct vcpu *v, enum exit_verdict *verdict)
{
	uint64_t pc;

	if (!memory_is_protected(v->m->ram))
		return false;
	pc = arch_pc(v);
	/* It may be the fetch that was denied: a breakpoint there comes first. */
	if (!v->step_over && !(v->asked && v->asked_pc == pc) &&
	    (debug_code_bp_at(v->m, pc) || debug_site_at(v, pc)))
		*verdict = on_code(v, pc);
	else
		*verdict = step_lifted(v);
	return true;
}

bool debug_emulation_failed(struct vcpu *v)
{
	struct arch_debug_event ev = { 0 };

	arch_debug_exit(v, &ev);
	if (ev.kind != ARCH_DEBUG_NONE)
		return true;
	/* An access that KVM's emulator does not know (AVX, say), to a page that it may not touch.
	 */
	if (!memory_is_protected(v->m->ram))
		return false;
	step_lifted(v);
	return true;
}
