// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Watched memory: who touched it, and whom to tell.
 *
 *   a debug register fired       -> debug.c
 *   KVM emulates the access      -> KVM_EXIT_MMIO on RAM: done here, watch_access()
 *   the processor may not        -> EFAULT, or an instruction that KVM cannot emulate: it is
 *                                   stepped with the pages lifted, every other vCPU out, and its
 *                                   operands are looked at, watch_step_begin()
 *   KVM emulates I/O to memory   -> no debug register sees that: watch_io()
 *   a device                     -> on_device_access(), from any thread
 *
 * What they look at is a list of physical ranges, made anew when a watchpoint changes. An
 * instruction can hit several: they are told one after the other, each when the vCPU is resumed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/debug.h"
#include "hv/dma.h"
#include "hv/machine.h"

#define PAGE 4096ull

/* ---- the ranges ---- */

static uint64_t first_page(const struct bp *bp)
{
	return bp->addr & ~(PAGE - 1);
}

size_t watch_page_count(const struct bp *bp)
{
	return (((bp->addr + bp->len - 1) & ~(PAGE - 1)) - first_page(bp)) / PAGE + 1;
}

/* The part of @bp in its page number @i; false: that is not there. */
static bool range_of(const struct bp *bp, size_t i, struct watch_range *r)
{
	uint64_t at = first_page(bp) + i * PAGE, last = bp->addr + bp->len - 1;
	uint64_t from = at > bp->addr ? at : bp->addr;
	uint64_t to = at + (PAGE - 1) < last ? at + (PAGE - 1) : last;

	if (bp->page[i] == WATCH_UNMAPPED)
		return false;
	*r = (struct watch_range){
		.gpa = bp->page[i] + (from - at),
		.len = to - from + 1,
		.how = bp->how,
		.what = { bp->kind, bp->addr, bp->len },
	};
	return true;
}

static bool is_active(const struct bp *bp)
{
	return !bp_is_code(bp) && bp->page && (bp->how == BP_IN_REGISTER || bp->how == BP_BY_PAGE);
}

void watch_publish(struct machine *m)
{
	struct debug *d = m->debug;
	struct watch_range *ranges = NULL, *old;
	size_t room = 0, count = 0;

	for (const struct bp *bp = d->bps; bp; bp = bp->next)
		room += is_active(bp) ? watch_page_count(bp) : 0;
	if (room)
		ranges = malloc(room * sizeof(*ranges));
	for (const struct bp *bp = d->bps; bp && ranges; bp = bp->next)
		for (size_t i = 0; is_active(bp) && i < watch_page_count(bp); i++)
			count += range_of(bp, i, &ranges[count]);
	pthread_mutex_lock(&d->watch_lock);
	old = d->ranges;
	d->ranges = ranges;
	__atomic_store_n(&d->range_count, count, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&d->watch_lock);
	free(old);
}

static bool any_watched(struct machine *m)
{
	return m->debug && __atomic_load_n(&m->debug->range_count, __ATOMIC_ACQUIRE);
}

static bool kind_matches(enum bp_kind kind, bool read, bool write)
{
	return kind == BP_WRITE ? write : kind == BP_READ ? read : read || write;
}

static bool same(const struct watch_spec *a, const struct watch_spec *b)
{
	return a->kind == b->kind && a->addr == b->addr && a->len == b->len;
}

static void add_hit(struct watch_hits *hits, const struct watch_spec *what, const char *text)
{
	for (unsigned i = 0; i < hits->count; i++)
		if (same(&hits->hit[i].what, what))
			return;
	if (hits->count == WATCH_MAX_HITS)
		return;
	hits->hit[hits->count].what = *what;
	snprintf(hits->hit[hits->count++].text, sizeof(hits->hit[0].text), "%s", text);
}

/* Adds all that watch @a, of physical memory, by one of @hows (bits of enum bp_how). Any thread. */
static void find_hits(struct machine *m, const struct arch_access *a, unsigned hows,
		      const char *text, struct watch_hits *hits)
{
	struct debug *d = m->debug;

	pthread_mutex_lock(&d->watch_lock);
	for (size_t i = 0; i < d->range_count; i++) {
		const struct watch_range *r = &d->ranges[i];

		if ((hows >> r->how & 1) && a->addr < r->gpa + r->len &&
		    r->gpa < a->addr + a->len && kind_matches(r->what.kind, a->read, a->write))
			add_hit(hits, &r->what, text);
	}
	pthread_mutex_unlock(&d->watch_lock);
}

#define BY_PAGE	    (1u << BP_BY_PAGE)
#define IN_REGISTER (1u << BP_IN_REGISTER)

/* The same for linear addresses of @v, on its thread. */
static void find_linear(struct vcpu *v, const struct arch_access *a, unsigned hows,
			const char *text)
{
	for (uint64_t done = 0; done < a->len;) {
		uint64_t addr = a->addr + done, n = PAGE - addr % PAGE;
		struct arch_translation t;

		if (n > a->len - done)
			n = a->len - done;
		if (arch_translate(v, addr, &t) == 0) {
			const struct arch_access part = { t.gpa, n, a->read, a->write };

			find_hits(v->m, &part, hows, text, &v->watch);
		}
		done += n;
	}
}

/* ---- telling ---- */

/* Asks all that were set as @hit says; the first that stops, and what it says in @text. */
static struct bp *ask_bps(struct vcpu *v, const struct watch_hit *hit, char *text, size_t size)
{
	struct bp *told = NULL;

	for (struct bp *bp = bp_at(v->m, hit->what.addr); bp; bp = bp_at_next(bp)) {
		char said[sizeof(((struct stop *)0)->text)] = "";

		if (bp->kind != hit->what.kind || bp->len != hit->what.len ||
		    !debug_wants_stop(v, bp, arch_pc(v), said, sizeof(said)) || told)
			continue;
		told = bp;
		snprintf(text, size, "%s", said[0] ? said : hit->text);
	}
	return told;
}

static bool has_untold_stop(struct vcpu *v)
{
	bool has;

	pthread_mutex_lock(&v->m->run_lock);
	has = v->stop.reason != STOP_NONE;
	pthread_mutex_unlock(&v->m->run_lock);
	return has;
}

bool watch_tell(struct vcpu *v)
{
	struct watch_hits *w = &v->watch;

	if (!w->count || has_untold_stop(v))
		return false;
	while (w->count) {
		struct watch_hit hit = w->hit[0];
		char text[sizeof(((struct stop *)0)->text)];
		struct bp *bp;

		w->count--;
		memmove(&w->hit[0], &w->hit[1], w->count * sizeof(w->hit[0]));
		bp = ask_bps(v, &hit, text, sizeof(text));
		if (!bp)
			continue;
		debug_post_bp(v, bp, arch_pc(v), text);
		return true;
	}
	return false;
}

void watch_hit(struct vcpu *v, const struct bp *bp)
{
	const struct watch_spec what = { bp->kind, bp->addr, bp->len };

	add_hit(&v->watch, &what, "");
}

/* ---- pages that the guest is kept from ---- */

static enum memory_deny deny_of(const struct bp *bp)
{
	return bp->kind == BP_WRITE ? MEMORY_STORES : MEMORY_ACCESSES;
}

int watch_protect(struct machine *m, const struct bp *bp)
{
	for (size_t i = 0; i < watch_page_count(bp); i++) {
		int ret = memory_protect(m->ram, bp->page[i], deny_of(bp), true);

		if (ret) {
			while (i)
				memory_protect(m->ram, bp->page[--i], deny_of(bp), false);
			return ret;
		}
	}
	return 0;
}

void watch_unprotect(struct machine *m, const struct bp *bp)
{
	for (size_t i = 0; i < watch_page_count(bp); i++)
		memory_protect(m->ram, bp->page[i], deny_of(bp), false);
}

enum exit_verdict watch_access(struct vcpu *v, uint64_t gpa, uint8_t *data, unsigned len,
			       bool write)
{
	const struct arch_access a = { gpa, len, !write, write };
	struct machine *m = v->m;

	if (write) {
		sites_write(m, gpa, data, len);
	} else {
		memory_read(m->ram, gpa, data, len);
		sites_hide(m, gpa, data, len);
	}
	find_hits(m, &a, BY_PAGE, "", &v->watch);
	return v->watch.count ? EXIT_PARK : EXIT_AGAIN;
}

/* An instruction that cannot be told: what it has written is seen by what it has changed. */
static void keep_contents(struct machine *m)
{
	for (struct bp *bp = m->debug->bps; bp; bp = bp->next) {
		if (bp->how != BP_BY_PAGE || bp->before)
			continue;
		bp->before = malloc(bp->len);
		for (size_t i = 0, done = 0; bp->before && i < watch_page_count(bp); i++) {
			struct watch_range r;

			if (range_of(bp, i, &r))
				done += memory_read(m->ram, r.gpa, bp->before + done, r.len);
		}
	}
}

static void compare_contents(struct vcpu *v)
{
	for (struct bp *bp = v->m->debug->bps; bp; bp = bp->next) {
		for (size_t i = 0, done = 0; bp->before && i < watch_page_count(bp); i++) {
			struct watch_range r;
			const void *now;

			if (!range_of(bp, i, &r) || !(now = memory_ptr(v->m->ram, r.gpa, r.len)))
				continue;
			if (bp->kind != BP_READ && memcmp(now, bp->before + done, r.len))
				add_hit(&v->watch, &r.what, "");
			done += r.len;
		}
		free(bp->before);
		bp->before = NULL;
	}
}

void watch_step_begin(struct vcpu *v)
{
	arch_accesses_before(v, &v->accesses);
	if (!v->accesses.known)
		keep_contents(v->m);
	memory_lift(v->m->ram, true);
}

void watch_step_end(struct vcpu *v)
{
	struct arch_accesses *a = &v->accesses;

	memory_lift(v->m->ram, false);
	if (!a->known)
		compare_contents(v);
	if (!a->known || !(v->step_done || a->repeats))
		return;
	arch_accesses_after(v, a);
	for (unsigned i = 0; i < a->count; i++)
		find_linear(v, &a->item[i], BY_PAGE, "");
}

/* ---- what debug registers do not see ---- */

bool watch_io(struct vcpu *v)
{
	struct arch_accesses a;

	if (any_watched(v->m)) {
		arch_accesses_of_io(v, &a);
		for (unsigned i = 0; i < a.count; i++)
			find_linear(v, &a.item[i], IN_REGISTER, "I/O that KVM emulates");
	}
	return v->watch.count;
}

/* ---- devices ---- */

/* Hits by a device, on their way to a vCPU. */
struct dma_hits {
	struct watch_hits hits;
	struct dma_hits *next;
};

static struct dma_hits *take_dma(struct machine *m)
{
	struct dma_hits *first;

	pthread_mutex_lock(&m->debug->watch_lock);
	first = m->debug->dma;
	m->debug->dma = NULL;
	pthread_mutex_unlock(&m->debug->watch_lock);
	return first;
}

static void on_dma(struct vcpu *v, void *arg)
{
	struct dma_hits *dma = arg;

	for (unsigned i = 0; i < dma->hits.count; i++)
		add_hit(&v->watch, &dma->hits.hit[i].what, dma->hits.hit[i].text);
	watch_tell(v);
}

/* Somebody has to be told to have stopped: the first that runs. */
static struct vcpu *vcpu_to_tell(struct machine *m)
{
	struct vcpu *v, *found = NULL;

	vcpu_for_each(m, v)
		if (!found ||
		    (!control_vcpu_runs(m, found->index) && control_vcpu_runs(m, v->index)))
			found = v;
	return found;
}

static void deliver_dma(void *opaque)
{
	struct machine *m = opaque;
	struct dma_hits *next;

	for (struct dma_hits *dma = take_dma(m); dma; dma = next) {
		struct vcpu *v = vcpu_to_tell(m);

		next = dma->next;
		if (v)
			vcpu_run_on(v, on_dma, dma);
		free(dma);
	}
}

/* Any thread, with the lock of the device held or not. */
static void on_device_access(struct machine *m, const char *device, uint64_t gpa, uint64_t len,
			     bool write)
{
	const struct arch_access a = { gpa, len, !write, write };
	struct dma_hits *dma, **link;
	char text[sizeof(dma->hits.hit[0].text)];
	struct watch_hits hits = { .count = 0 };

	if (!any_watched(m))
		return;
	snprintf(text, sizeof(text), "DMA of %s: %" PRIu64 " bytes %s physical 0x%" PRIx64, device,
		 len, write ? "to" : "from", gpa);
	find_hits(m, &a, BY_PAGE | IN_REGISTER, text, &hits);
	dma = hits.count ? malloc(sizeof(*dma)) : NULL;
	if (!dma)
		return;
	*dma = (struct dma_hits){ .hits = hits };
	pthread_mutex_lock(&m->debug->watch_lock);
	for (link = &m->debug->dma; *link; link = &(*link)->next)
		;
	*link = dma;
	pthread_mutex_unlock(&m->debug->watch_lock);
	loop_post(m->loop, deliver_dma, m);
}

static const struct dma_observer observer = {
	.accessed = on_device_access,
	.hide = sites_hide,
	.write = sites_write,
};

void watch_init(struct machine *m)
{
	pthread_mutex_init(&m->debug->watch_lock, NULL);
	m->dma = &observer;
}

void watch_free(struct machine *m)
{
	struct dma_hits *dma, *next;

	m->dma = NULL;
	loop_cancel(m->loop, deliver_dma, m);
	for (dma = take_dma(m); dma; dma = next) {
		next = dma->next;
		free(dma);
	}
	free(m->debug->ranges);
	pthread_mutex_destroy(&m->debug->watch_lock);
}
