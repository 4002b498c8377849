// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Every page of an address space: see arch_pages.h.
 *
 * One function for every level of every mode, by the rows of paging.h. It calls itself once for a
 * level, so at most five times. A table that lies at several places (the shadow of KASAN's zero
 * page, many thousand times) is walked once for a row of equal entries when the caller says so.
 */
#include "hv/arch/arch_pages.h"

#include "hv/arch/x86/paging.h"
#include "hv/vcpu.h"

int arch_paging_get(struct vcpu *v, struct arch_paging *out)
{
	const struct kvm_sregs *s = &v->arch.sregs;
	int ret = x86_regs_load(v, X86_SET_SREGS);
	struct x86_paging p;

	if (ret < 0)
		return ret;
	p = (struct x86_paging){ s->cr0, s->cr3, s->cr4, s->efer, v->arch.maxphyaddr };
	*out = (struct arch_paging){
		.on = s->cr0 & CR0_PG,
		.root = s->cr3,
		.mode = { [X86_MODE_CR0] = s->cr0,
			  [X86_MODE_CR4] = s->cr4,
			  [X86_MODE_EFER] = s->efer,
			  [X86_MODE_MAXPHYADDR] = v->arch.maxphyaddr },
		.name = s->cr0 & CR0_PG ? x86_paging_modes[x86_mode_of(&p)].name : "no paging",
	};
	return 0;
}

static struct x86_paging paging_of(const struct arch_paging *p)
{
	return (struct x86_paging){ .cr0 = p->mode[X86_MODE_CR0],
				    .cr3 = p->root,
				    .cr4 = p->mode[X86_MODE_CR4],
				    .efer = p->mode[X86_MODE_EFER],
				    .maxphyaddr = (uint8_t)p->mode[X86_MODE_MAXPHYADDR] };
}

int arch_paging_translate(const struct memory *ram, const struct arch_paging *p, uint64_t gva,
			  struct arch_translation *out)
{
	const struct x86_paging x = paging_of(p);

	return x86_walk(ram, &x, gva, out);
}

struct walker {
	const struct memory *ram;
	const struct x86_paging *p;
	const struct x86_paging_mode *mode;
	enum x86_mode m;
	struct arch_page_walk *walk;
};

/* Rights that the tables above leave. */
struct rights {
	bool writable, user, nx;
};

static struct rights rights_below(const struct walker *w, unsigned level, uint64_t entry,
				  struct rights above)
{
	/* A PDPTE of PAE paging has no rights of its own. */
	if (w->m == MODE_PAE && level == 3)
		return above;
	return (struct rights){ .writable = above.writable && (entry & PTE_W),
				.user = above.user && (entry & PTE_U),
				.nx = above.nx || (w->m != MODE_32 && (entry & PTE_NX)) };
}

static uint64_t sign_extend(const struct x86_paging_mode *mode, uint64_t gva)
{
	unsigned unused = 64 - mode->linear_bits;

	return mode->canonical ? (uint64_t)((int64_t)(gva << unused) >> unused) : gva;
}

static uint64_t entry_at(const struct walker *w, const void *table, unsigned i)
{
	/* The guest may be writing it: one load each. */
	return w->mode->entry_size == 8
		       ? __atomic_load_n((const uint64_t *)table + i, __ATOMIC_RELAXED)
		       : __atomic_load_n((const uint32_t *)table + i, __ATOMIC_RELAXED);
}

static bool walk_table(const struct walker *w, unsigned level, uint64_t table, uint64_t gva,
		       struct rights above);

/* What a present entry leads to: a page, or another table. False ends the walk. */
static bool walk_entry(const struct walker *w, unsigned level, uint64_t entry, uint64_t gva,
		       struct rights above)
{
	struct rights rights = rights_below(w, level, entry, above);
	uint64_t base = x86_entry_base(w->p, w->m, level, entry);
	struct arch_page page;

	if (!x86_entry_maps(w->p, w->m, level, entry))
		return walk_table(w, level - 1, base, gva, rights);
	page = (struct arch_page){ .gva = sign_extend(w->mode, gva),
				   .gpa = base,
				   .size = 1ull << x86_level_shift(w->mode, level),
				   .writable = rights.writable,
				   .user = rights.user,
				   .executable = !rights.nx,
				   .global = entry & PTE_G };
	return w->walk->page(w->walk->opaque, &page);
}

static bool walk_table(const struct walker *w, unsigned level, uint64_t table, uint64_t gva,
		       struct rights above)
{
	unsigned count = x86_level_entries(w->mode, level), shift = x86_level_shift(w->mode, level);
	const void *entries = memory_ptr(w->ram, table, (uint64_t)count * w->mode->entry_size);
	struct arch_page_walk *walk = w->walk;
	uint64_t entry, before = 0;

	if (!entries) {
		if (!walk->outside++)
			walk->outside_gva = sign_extend(w->mode, gva);
		return true;
	}
	if (walk->tables == ARCH_WALK_TABLES) {
		walk->cut = true;
		walk->cut_gva = sign_extend(w->mode, gva);
		return false;
	}
	walk->tables++;
	for (unsigned i = 0; i < count; i++, before = entry) {
		uint64_t here = gva | (uint64_t)i << shift;

		entry = entry_at(w, entries, i);
		if (!(entry & PTE_P))
			continue;
		if (x86_entry_reserved(w->p, w->m, level, entry)) {
			if (!walk->reserved++)
				walk->reserved_gva = sign_extend(w->mode, here);
			continue;
		}
		if (level > 1 && entry == before && walk->same &&
		    walk->same(walk->opaque, sign_extend(w->mode, here), 1ull << shift))
			continue;
		if (!walk_entry(w, level, entry, here, above))
			return false;
	}
	return true;
}

void arch_walk_pages(const struct memory *ram, const struct arch_paging *p,
		     struct arch_page_walk *walk)
{
	const struct x86_paging x = paging_of(p);
	struct walker w = { .ram = ram, .p = &x, .m = x86_mode_of(&x), .walk = walk };
	const struct rights all = { .writable = true, .user = true };

	w.mode = &x86_paging_modes[w.m];
	walk->tables = 0;
	walk->reserved = walk->outside = 0;
	walk->cut = false;
	if (p->on)
		walk_table(&w, w.mode->levels, x86_root_table(&x, w.m), 0, all);
}
