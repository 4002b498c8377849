// SPDX-License-Identifier: GPL-3.0-or-later
/* Address spaces and devices, as front ends see them: see inspect.h. */
#include "hv/inspect.h"

#include <errno.h>

#include "hv/arch/arch.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

#define PAGE 4096ull
/* Pages that one answer puts together at most: a few milliseconds. */
#define MAX_PAGES 32768

/* ---- ranges of a bus ---- */

struct range_search {
	size_t left; /* to be skipped */
	const struct memory_region *ram;
	size_t ram_count;
	struct inspect_range *out;
	bool found;
};

static bool take(struct range_search *s, const char *name, bool ram, uint64_t start, uint64_t size)
{
	if (s->left--)
		return false;
	*s->out = (struct inspect_range){ name, ram, start, start + (size - 1) };
	return s->found = true;
}

/* RAM that begins below @limit. */
static bool take_ram(struct range_search *s, uint64_t limit)
{
	for (; s->ram_count && s->ram->gpa < limit; s->ram++, s->ram_count--)
		if (take(s, "ram", true, s->ram->gpa, s->ram->size))
			return true;
	return false;
}

static bool on_range(void *opaque, const struct bus_range *r)
{
	struct range_search *s = opaque;

	return !take_ram(s, r->base) && !take(s, r->name, false, r->base, r->len);
}

bool inspect_range(struct machine *m, enum inspect_bus bus, size_t n, struct inspect_range *range)
{
	struct range_search s = { .left = n, .out = range };

	if (bus == INSPECT_MEMORY)
		s.ram = memory_regions(m->ram, &s.ram_count);
	bus_for_each(bus == INSPECT_MEMORY ? &m->mmio : &m->pio, on_range, &s);
	return s.found || take_ram(&s, UINT64_MAX);
}

/* ---- stretches of an address space ---- */

/* What is at @gpa, up to where that changes. */
static struct inspect_region physical_region(struct machine *m, uint64_t gpa)
{
	struct inspect_region r = { .last = UINT64_MAX };
	struct inspect_range range;

	for (size_t n = 0; inspect_range(m, INSPECT_MEMORY, n, &range); n++) {
		if (range.start > gpa) {
			r.last = range.start - 1;
			break;
		}
		if (range.last < gpa) {
			r.start = range.last + 1;
			continue;
		}
		r = (struct inspect_region){ range.start,
					     range.last,
					     .mapped = true,
					     .readable = true,
					     .writable = range.ram,
					     .user = true,
					     .executable = range.ram };
		break;
	}
	return r;
}

/* The page that @gva is in, cut to what is alike behind it. */
static struct inspect_region virtual_region(struct vcpu *v, uint64_t gva)
{
	struct arch_translation t = { 0 };
	int missing = arch_translate(v, gva, &t);
	uint64_t mask = (t.page_size ? t.page_size : PAGE) - 1, first;
	struct inspect_region r = { .start = gva & ~mask, .last = gva | mask };
	struct inspect_region behind;

	if (missing)
		return r;
	r.mapped = true;
	r.writable = t.writable;
	r.user = t.user;
	r.executable = t.executable;
	behind = physical_region(v->m, t.gpa);
	r.readable = behind.readable;
	first = t.gpa & ~mask;
	if (behind.start > first)
		r.start += behind.start - first;
	if (behind.last < (t.gpa | mask))
		r.last -= (t.gpa | mask) - behind.last;
	return r;
}

static bool alike(const struct inspect_region *a, const struct inspect_region *b)
{
	return a->mapped == b->mapped && a->readable == b->readable && a->writable == b->writable &&
	       a->user == b->user && a->executable == b->executable;
}

struct region_call {
	uint64_t addr;
	struct inspect_region *out;
};

static void on_region(struct vcpu *v, void *arg)
{
	struct region_call *c = arg;
	struct inspect_region next;

	*c->out = virtual_region(v, c->addr);
	for (int i = 0; i < MAX_PAGES && c->out->last != UINT64_MAX; i++) {
		next = virtual_region(v, c->out->last + 1);
		if (!alike(c->out, &next))
			break;
		c->out->last = next.last;
	}
}

int inspect_region(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
		   struct inspect_region *region)
{
	struct region_call c = { addr, region };

	if (space == CONTROL_PHYSICAL) {
		*region = physical_region(m, addr);
		return 0;
	}
	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	return vcpu_run_on(m->vcpus[vcpu], on_region, &c);
}

/* ---- devices ---- */

bool inspect_device(struct machine *m, size_t n, struct inspect_device *device)
{
	const struct device *d = m->devices;

	while (d && n--)
		d = d->next;
	if (!d)
		return false;
	*device = (struct inspect_device){ d->name, d->cls->help, d->irq };
	return true;
}
