// SPDX-License-Identifier: GPL-3.0-or-later
/* Address spaces, as front ends see them: see inspect_pages.h. */
#include "hv/inspect_pages.h"

#include <errno.h>

#include "hv/arch/arch_pages.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

struct paging_call {
	struct arch_paging paging;
	int ret;
};

static void on_paging(struct vcpu *v, void *arg)
{
	struct paging_call *c = arg;

	c->ret = arch_paging_get(v, &c->paging);
}

static int paging_of(struct machine *m, const struct inspect_space *space, struct arch_paging *out)
{
	struct paging_call c = { .ret = 0 };
	int ret;

	if (!control_vcpu_exists(m, space->vcpu))
		return -ESRCH;
	ret = vcpu_run_on(m->vcpus[space->vcpu], on_paging, &c);
	if (ret || c.ret)
		return ret ? ret : c.ret;
	if (space->root)
		c.paging.root = *space->root;
	*out = c.paging;
	return 0;
}

static void report(const struct arch_paging *p, const struct arch_page_walk *w,
		   struct inspect_tables *out)
{
	*out = (struct inspect_tables){
		.mode = p->name,
		.on = p->on,
		.root = p->root,
		.tables = w->tables,
		.reserved = w->reserved,
		.reserved_gva = w->reserved_gva,
		.outside = w->outside,
		.outside_gva = w->outside_gva,
		.cut = w->cut,
		.cut_gva = w->cut_gva,
	};
}

/* ---- all of it, folded ---- */

struct folding {
	struct inspect_pages run; /* what has come together so far; page_size 0: nothing */
	bool (*row)(void *opaque, const struct inspect_pages *pages);
	void *opaque;
};

static bool goes_on(const struct inspect_pages *run, const struct arch_page *page)
{
	return run->page_size == page->size && run->last + 1 == page->gva &&
	       run->writable == page->writable && run->user == page->user &&
	       run->executable == page->executable && run->global == page->global;
}

static bool flush(struct folding *f)
{
	return !f->run.page_size || f->row(f->opaque, &f->run);
}

static bool fold_page(void *opaque, const struct arch_page *page)
{
	struct folding *f = opaque;

	if (goes_on(&f->run, page)) {
		f->run.scattered |= page->gpa != f->run.gpa + (page->gva - f->run.start);
		f->run.last += page->size;
		return true;
	}
	if (!flush(f)) {
		f->run.page_size = 0;
		return false;
	}
	f->run = (struct inspect_pages){
		.start = page->gva,
		.last = page->gva + (page->size - 1),
		.gpa = page->gpa,
		.page_size = page->size,
		.writable = page->writable,
		.user = page->user,
		.executable = page->executable,
		.global = page->global,
	};
	return true;
}

/* The same tables again, which were all one stretch: it is that much longer. */
static bool fold_same(void *opaque, uint64_t gva, uint64_t size)
{
	struct inspect_pages *run = &((struct folding *)opaque)->run;

	if (!run->page_size || run->last + 1 != gva || gva - run->start < size)
		return false;
	run->last += size;
	run->scattered = true;
	return true;
}

int inspect_pages(struct machine *m, const struct inspect_space *space,
		  bool (*row)(void *opaque, const struct inspect_pages *pages), void *opaque,
		  struct inspect_tables *tables)
{
	struct folding f = { .row = row, .opaque = opaque };
	struct arch_page_walk walk = { .page = fold_page, .same = fold_same, .opaque = &f };
	struct arch_paging paging;
	int ret = paging_of(m, space, &paging);

	if (ret)
		return ret;
	arch_walk_pages(m->ram, &paging, &walk);
	flush(&f);
	report(&paging, &walk, tables);
	return 0;
}

/* ---- one address, there and back ---- */

int inspect_translate(struct machine *m, const struct inspect_space *space, uint64_t gva,
		      struct inspect_translation *out)
{
	struct arch_translation t = { 0 };
	struct arch_paging paging;
	int ret = paging_of(m, space, &paging);

	if (!ret)
		ret = arch_paging_translate(m->ram, &paging, gva, &t);
	if (!ret)
		*out = (struct inspect_translation){ .gpa = t.gpa,
						     .page_size = t.page_size,
						     .writable = t.writable,
						     .user = t.user,
						     .executable = t.executable };
	return ret;
}

struct reverse {
	uint64_t gpa;
	uint64_t barren; /* from this address on nothing was found */
	bool (*found)(void *opaque, const struct inspect_pages *page);
	void *opaque;
};

static bool reverse_page(void *opaque, const struct arch_page *page)
{
	struct reverse *r = opaque;
	struct inspect_pages hit;

	if (r->gpa - page->gpa >= page->size)
		return true;
	hit = (struct inspect_pages){
		.start = page->gva + (r->gpa - page->gpa),
		.last = page->gva + (page->size - 1),
		.gpa = r->gpa,
		.page_size = page->size,
		.writable = page->writable,
		.user = page->user,
		.executable = page->executable,
		.global = page->global,
	};
	r->barren = page->gva + page->size;
	return r->found(r->opaque, &hit);
}

/* The same tables again lead to it just as little. */
static bool reverse_same(void *opaque, uint64_t gva, uint64_t size)
{
	const struct reverse *r = opaque;

	return r->barren <= gva - size;
}

int inspect_reverse(struct machine *m, const struct inspect_space *space, uint64_t gpa,
		    bool (*found)(void *opaque, const struct inspect_pages *page), void *opaque,
		    struct inspect_tables *tables)
{
	struct reverse r = { .gpa = gpa, .found = found, .opaque = opaque };
	struct arch_page_walk walk = { .page = reverse_page, .same = reverse_same, .opaque = &r };
	struct arch_paging paging;
	int ret = paging_of(m, space, &paging);

	if (ret)
		return ret;
	arch_walk_pages(m->ram, &paging, &walk);
	report(&paging, &walk, tables);
	return 0;
}
