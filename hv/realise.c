// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Realising breakpoints: which of the ways of debug.h each one gets.
 *
 * A code breakpoint that is set early in the guest's life, or whose page is
 * not mapped, gets a debug register while one is free: the loader may still
 * overwrite the bytes, or move the kernel there only later, and a debug
 * register does not care. Later ones are planted in memory, which leaves the
 * registers to `hbreak` and `watch`. When those need a register, a code
 * breakpoint that sits in one gives way.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hv/debug.h"
#include "hv/machine.h"
#include "hv/trace.h"

/* Guest time since the reset during which code is taken to be still on the move. */
#define EARLY_NS (30ull * 1000 * 1000 * 1000)
#define RETRY_NS (1000ull * 1000)

#define PAGE 4096ull

struct translate_args {
	uint64_t gva;
	struct arch_translation out;
	int ret;
};

static void translate_on(struct vcpu *v, void *opaque)
{
	struct translate_args *a = opaque;

	a->ret = arch_translate(v, a->gva, &a->out);
}

/* By the tables of vCPU @first, else of any other: a kernel's text is the same in all. */
static int translate_any(struct machine *m, int first, uint64_t gva, uint64_t *gpa)
{
	struct translate_args a = { .gva = gva };
	struct vcpu *v;

	if (first >= 0 && first < MACHINE_MAX_VCPUS && m->vcpus[first] &&
	    vcpu_run_on(m->vcpus[first], translate_on, &a) == 0 && a.ret == 0) {
		*gpa = a.out.gpa;
		return 0;
	}
	vcpu_for_each(m, v) {
		if (v->index != first && vcpu_run_on(v, translate_on, &a) == 0 && a.ret == 0) {
			*gpa = a.out.gpa;
			return 0;
		}
	}
	return -EFAULT;
}

static bool is_early(struct machine *m)
{
	return hv_clock_now(m->timers, HV_CLOCK_GUEST) - m->reset_time < EARLY_NS;
}

/* ---- debug registers ---- */

static void slot_set(struct debug *d, unsigned n, struct bp *bp, uint64_t addr, uint8_t len)
{
	d->slots[n] = bp;
	d->slot_addr[n] = addr;
	d->slot_len[n] = len;
	debug_changed(d);
}

static void slots_release(struct debug *d, const struct bp *bp)
{
	for (unsigned i = 0; i < ARCH_HW_BP_MAX; i++)
		if (d->slots[i] == bp)
			slot_set(d, i, NULL, 0, 0);
}

static unsigned slots_free(const struct debug *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < arch_hw_bp_count(); i++)
		n += !d->slots[i];
	return n;
}

static void retry_later(struct machine *m)
{
	hv_timer_arm(m->debug->retry, hv_clock_now(m->timers, HV_CLOCK_GUEST) + RETRY_NS);
}

static void become_waiting(struct machine *m, struct bp *bp)
{
	struct debug *d = m->debug;

	bp->how = BP_WAITING;
	d->waiting++;
	retry_later(m);
}

static int realise_in_memory(struct machine *m, struct bp *bp)
{
	int ret;

	if (!m->debug->caps.soft)
		return -ENOTSUP;
	ret = translate_any(m, bp->vcpu, bp->addr, &bp->gpa);
	if (!ret)
		ret = site_plant(m, bp->gpa);
	if (ret)
		return ret;
	bp->how = BP_IN_MEMORY;
	if (is_early(m))
		retry_later(m);
	return 0;
}

/* Makes a code breakpoint that does not insist on its register give it up. */
static bool evict_one(struct machine *m)
{
	struct debug *d = m->debug;

	if (!d->caps.soft)
		return false;
	for (unsigned i = 0; i < arch_hw_bp_count(); i++) {
		struct bp *bp = d->slots[i];

		if (!bp || bp->kind != BP_SOFT)
			continue;
		slots_release(d, bp);
		if (realise_in_memory(m, bp))
			become_waiting(m, bp);
		return true;
	}
	return false;
}

/* The largest power of two that begins at @addr aligned and fits into @len, at most 8. */
static uint8_t piece_at(uint64_t addr, uint64_t len)
{
	uint8_t n = 8;

	while (n > 1 && (addr % n || n > len))
		n /= 2;
	return n;
}

static unsigned pieces(const struct bp *bp)
{
	unsigned n = 0;

	for (uint64_t done = 0; done < bp->len; n++)
		done += piece_at(bp->addr + done, bp->len - done);
	return n;
}

/* @evict: at the expense of code breakpoints that can do without. */
static int realise_in_register(struct machine *m, struct bp *bp, bool evict)
{
	struct debug *d = m->debug;
	unsigned need, slot = 0;

	if (bp_is_code(bp) ? !d->caps.hard : !d->caps.data)
		return -ENOTSUP;
	if (!bp_is_code(bp) && bp->len > 8 * (uint64_t)arch_hw_bp_count())
		return -ENOSPC;
	need = bp_is_code(bp) ? 1 : pieces(bp);
	while (slots_free(d) < need)
		if (!evict || need > arch_hw_bp_count() || !evict_one(m))
			return -ENOSPC;
	for (uint64_t done = 0; done < bp->len;) {
		uint8_t n = bp_is_code(bp) ? 1 : piece_at(bp->addr + done, bp->len - done);

		while (d->slots[slot])
			slot++;
		slot_set(d, slot, bp, bp->addr + done, n);
		done += n;
	}
	bp->how = BP_IN_REGISTER;
	return 0;
}

/* ---- data ---- */

/* Finds out where the pages of @bp are; -EFAULT: not all of them are mapped. */
static int find_pages(struct machine *m, const struct bp *bp, uint64_t *page)
{
	int ret = 0;

	for (size_t i = 0; i < watch_page_count(bp); i++) {
		uint64_t gva = (bp->addr & ~(PAGE - 1)) + i * PAGE;

		if (translate_any(m, bp->vcpu, gva, &page[i])) {
			page[i] = WATCH_UNMAPPED;
			ret = -EFAULT;
		}
	}
	return ret;
}

struct uses_args {
	const struct bp *bp;
	bool used;
};

static void uses_on(struct vcpu *v, void *opaque)
{
	struct uses_args *a = opaque;

	for (size_t i = 0; i < watch_page_count(a->bp) && !a->used; i++)
		a->used = arch_uses_page(v, a->bp->page[i], a->bp->kind == BP_WRITE);
}

/*
 * Where KVM walks the guest's tables and delivers its events in software, what it may not touch it
 * takes for the guest's mistake: a page fault, or a triple fault.
 */
static bool processor_uses(struct machine *m, const struct bp *bp)
{
	struct uses_args a = { .bp = bp };
	struct vcpu *v;

	vcpu_for_each(m, v)
		if (!m->debug->caps.walks && !a.used)
			vcpu_run_on(v, uses_on, &a);
	return a.used;
}

static int realise_by_page(struct machine *m, struct bp *bp)
{
	int ret;

	if (!m->debug->caps.protect)
		return -ENOTSUP;
	ret = find_pages(m, bp, bp->page);
	if (!ret && processor_uses(m, bp))
		ret = -EBUSY;
	if (!ret)
		ret = watch_protect(m, bp);
	if (!ret)
		bp->how = BP_BY_PAGE;
	return ret;
}

/* The guest may have mapped other pages at the address since. */
static void refresh_pages(struct machine *m, struct bp *bp)
{
	size_t size = watch_page_count(bp) * sizeof(*bp->page);
	uint64_t *page = malloc(size);

	if (!page)
		return;
	find_pages(m, bp, page);
	if (memcmp(page, bp->page, size) == 0) {
		free(page);
		return;
	}
	if (bp->how == BP_BY_PAGE)
		watch_unprotect(m, bp);
	memcpy(bp->page, page, size);
	free(page);
	if (bp->how == BP_BY_PAGE && realise_by_page(m, bp))
		become_waiting(m, bp);
}

/* ---- one breakpoint ---- */

static int realise_soft(struct machine *m, struct bp *bp)
{
	struct debug *d = m->debug;
	uint64_t gpa;

	if (!d->caps.soft && !d->caps.hard)
		return -ENOTSUP;
	if ((is_early(m) || translate_any(m, bp->vcpu, bp->addr, &gpa)) &&
	    realise_in_register(m, bp, false) == 0)
		return 0;
	if (d->caps.soft) {
		int ret = realise_in_memory(m, bp);

		if (ret == -EFAULT) {
			become_waiting(m, bp);
			ret = 0;
		}
		return ret;
	}
	return realise_in_register(m, bp, false);
}

static int realise_data(struct machine *m, struct bp *bp)
{
	int ret, by_page;

	if (!bp->page)
		bp->page = malloc(watch_page_count(bp) * sizeof(*bp->page));
	if (!bp->page)
		return -ENOMEM;
	ret = realise_in_register(m, bp, true);
	if (!ret) {
		find_pages(m, bp, bp->page); /* for accesses that no debug register sees */
		return 0;
	}
	by_page = realise_by_page(m, bp);
	return by_page == -ENOTSUP ? ret : by_page;
}

static int realise_kind(struct machine *m, struct bp *bp)
{
	if (bp->kind == BP_SOFT)
		return realise_soft(m, bp);
	if (bp->kind == BP_HARD)
		return realise_in_register(m, bp, true);
	return realise_data(m, bp);
}

static int explain(int ret, const struct bp *bp, struct error *err)
{
	switch (ret) {
	case -ENOSPC:
		return error_set(err, ret,
				 "all %u debug registers are in use: delete a hardware breakpoint "
				 "or a watchpoint first",
				 arch_hw_bp_count());
	case -EFAULT:
		return error_set(err, ret, "no page is mapped at 0x%" PRIx64 " yet", bp->addr);
	case -EBUSY:
		return error_set(err, ret,
				 "0x%" PRIx64 " is on a page that the processor itself uses (a "
				 "stack, page tables, descriptors), which this host's KVM cannot "
				 "protect: gdb can watch it by steps after \"set "
				 "can-use-hw-watchpoints 0\"",
				 bp->addr);
	case -ENOTSUP:
		return error_set(err, ret, "this host's KVM does not report %s (see vitrine check)",
				 bp->kind == BP_SOFT   ? "breakpoint instructions"
				 : bp->kind == BP_HARD ? "hits of debug registers"
						       : "such accesses to data");
	default:
		return error_set(err, ret, "cannot set a breakpoint at 0x%" PRIx64 ": %s", bp->addr,
				 strerror(-ret));
	}
}

int bp_realise(struct machine *m, struct bp *bp, struct error *err)
{
	int ret = realise_kind(m, bp);

	if (ret)
		return explain(ret, bp, err);
	if (!bp_is_code(bp))
		watch_publish(m);
	trace(TRACE_STOP, "breakpoint %d at 0x%" PRIx64 ": %s", bp->id, bp->addr, bp_how_name(bp));
	return 0;
}

void bp_unrealise(struct machine *m, struct bp *bp)
{
	switch (bp->how) {
	case BP_WAITING:
		m->debug->waiting--;
		break;
	case BP_IN_REGISTER:
		slots_release(m->debug, bp);
		break;
	case BP_IN_MEMORY:
		site_remove(m, bp->gpa);
		break;
	case BP_BY_PAGE:
		watch_unprotect(m, bp);
		break;
	}
}

/* ---- all of them ---- */

/* A site that the guest has overwritten: plant it anew if its page is still the same, else start
 * over. */
static void refresh_site(struct machine *m, struct bp *bp)
{
	struct site *site = site_find(m, bp->gpa);
	uint64_t gpa;

	if (!site || site_intact(m, site))
		return;
	if (translate_any(m, bp->vcpu, bp->addr, &gpa) == 0 && gpa == bp->gpa) {
		site_replant(m, site);
		return;
	}
	site_remove(m, bp->gpa);
	if (realise_soft(m, bp))
		become_waiting(m, bp);
}

void debug_retry(struct machine *m)
{
	struct debug *d = m->debug;

	for (struct bp *bp = d->bps; bp; bp = bp->next) {
		if (bp->how == BP_WAITING) {
			/* Counted anew: it may become waiting again inside. */
			d->waiting--;
			if (realise_kind(m, bp))
				become_waiting(m, bp);
		} else if (bp->how == BP_IN_MEMORY) {
			refresh_site(m, bp);
		} else if (!bp_is_code(bp)) {
			refresh_pages(m, bp);
		}
	}
	if (d->data_bps)
		watch_publish(m);
	if (d->waiting || (d->sites.count && is_early(m)))
		retry_later(m);
}

void debug_withdraw(struct machine *m)
{
	for (struct bp *bp = m->debug->bps; bp; bp = bp->next)
		bp_unrealise(m, bp);
	debug_unfollow(m, NULL);
}

void debug_restore(struct machine *m)
{
	for (struct bp *bp = m->debug->bps; bp; bp = bp->next)
		if (bp_realise(m, bp, NULL))
			become_waiting(m, bp);
}

const char *bp_how_name(const struct bp *bp)
{
	static const char *const names[] = {
		[BP_WAITING] = "waits for its page",
		[BP_IN_REGISTER] = "debug register",
		[BP_IN_MEMORY] = "in memory",
		[BP_BY_PAGE] = "page protection",
	};

	return names[bp->how];
}
