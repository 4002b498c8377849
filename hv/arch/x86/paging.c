// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The page walk: from a linear address to a guest-physical one, in every mode, reading the guest's
 * tables and changing nothing (SDM volume 3, chapter 5).
 *
 * A mode is a row: how many levels, how wide an entry and an index are, and at
 * which levels an entry may be a large page.
 */
#include "hv/arch/x86/paging.h"

#include <errno.h>
#include <string.h>

#include "hv/machine.h"
#include "hv/vcpu.h"

/* Of a 64-bit TSS (SDM volume 3, 7.7): RSP0 to RSP2, eight bytes of nothing, IST1 to IST7. */
#define TSS_RSP0    4
#define TSS_IST_END 92
#define FRAME_MAX   64u /* more than an event puts on a stack */

const struct x86_paging_mode x86_paging_modes[] = {
	[MODE_32] = { "32-bit paging", 2, 4, 10, 10, 0xfffff000, 1 << 2, 32, false },
	[MODE_PAE] = { "PAE paging", 3, 8, 9, 2, 0xffffffe0, 1 << 2, 32, false },
	[MODE_4LEVEL] = { "4-level paging", 4, 8, 9, 9, 0xffffffffff000ull, 1 << 2 | 1 << 3, 48,
			  true },
	[MODE_5LEVEL] = { "5-level paging", 5, 8, 9, 9, 0xffffffffff000ull, 1 << 2 | 1 << 3, 57,
			  true },
};

enum x86_mode x86_mode_of(const struct x86_paging *p)
{
	if (!(p->cr4 & CR4_PAE))
		return MODE_32;
	if (!(p->efer & EFER_LMA))
		return MODE_PAE;
	return (p->cr4 & CR4_LA57) ? MODE_5LEVEL : MODE_4LEVEL;
}

static bool is_canonical(uint64_t gva, unsigned bits)
{
	int64_t high = (int64_t)gva >> (bits - 1);

	return high == 0 || high == -1;
}

/* One entry of a table; tables lie in RAM, or there is no translation. */
static int read_entry(const struct memory *ram, uint64_t gpa, unsigned size, uint64_t *entry)
{
	const void *ptr = memory_ptr(ram, gpa, size);

	if (!ptr)
		return -EFAULT;
	/* The guest may be writing it: one load each. */
	*entry = size == 8 ? __atomic_load_n((const uint64_t *)ptr, __ATOMIC_RELAXED)
			   : __atomic_load_n((const uint32_t *)ptr, __ATOMIC_RELAXED);
	return 0;
}

static uint64_t physical_mask(const struct x86_paging *p)
{
	return ((1ull << p->maxphyaddr) - 1) & ~0xfffull;
}

bool x86_entry_reserved(const struct x86_paging *p, enum x86_mode m, unsigned level, uint64_t e)
{
	uint64_t high = m == MODE_32 ? 0 : (0x000ffffffffff000ull & ~physical_mask(p));

	if (m == MODE_PAE && level == 3)
		return e & (0x7ff0000000000000ull | PTE_NX | 0x1e6ull | high);
	/* In PAE paging bits 62 to 52 are reserved, too; in the others the processor ignores them.
	 */
	if (m == MODE_PAE)
		high |= 0x7ff0000000000000ull;
	if (m != MODE_32 && !(p->efer & EFER_NXE))
		high |= PTE_NX;
	if ((m == MODE_4LEVEL || m == MODE_5LEVEL) && level >= 4)
		high |= PTE_PS;
	return e & high;
}

/* Where a large page of 32-bit paging is: PSE-36 puts bits 39-32 into 20-13. */
static uint64_t large_base(const struct x86_paging *p, enum x86_mode m, unsigned shift, uint64_t e)
{
	if (m == MODE_32)
		return ((e & 0xffc00000ull) | (e >> 13 & 0xff) << 32) &
		       ((1ull << (p->maxphyaddr < 40 ? p->maxphyaddr : 40)) - 1);
	return e & physical_mask(p) & ~((1ull << shift) - 1);
}

bool x86_entry_maps(const struct x86_paging *p, enum x86_mode m, unsigned level, uint64_t e)
{
	if (level == 1)
		return true;
	return (x86_paging_modes[m].large_levels >> level & 1) && (e & PTE_PS) &&
	       (m != MODE_32 || (p->cr4 & CR4_PSE));
}

uint64_t x86_entry_base(const struct x86_paging *p, enum x86_mode m, unsigned level, uint64_t e)
{
	if (level > 1 && x86_entry_maps(p, m, level, e))
		return large_base(p, m, x86_level_shift(&x86_paging_modes[m], level), e);
	return m == MODE_32 ? e & 0xfffff000ull : e & physical_mask(p);
}

uint64_t x86_root_table(const struct x86_paging *p, enum x86_mode m)
{
	return p->cr3 & x86_paging_modes[m].root_mask &
	       (m == MODE_32 ? ~0ull : ((1ull << p->maxphyaddr) - 1));
}

/* @size bytes around the address are not mapped. */
static int missing(struct arch_translation *out, uint64_t size)
{
	*out = (struct arch_translation){ .page_size = size };
	return -EFAULT;
}

/* @gva is past the end of what can be mapped, seen from 0 or, when canonical, from the top too. */
static int out_of_range(uint64_t gva, bool canonical, struct arch_translation *out)
{
	uint64_t distance = canonical && gva >> 63 ? ~gva : gva;

	return missing(out, 1ull << (63 - __builtin_clzll(distance)));
}

static int no_paging(uint64_t gva, struct arch_translation *out)
{
	if (gva >> 32)
		return out_of_range(gva, false, out);
	*out = (struct arch_translation){ gva, 1u << PAGE_4K_SHIFT, true, true, true, true, true };
	return 0;
}

int x86_walk(const struct memory *ram, const struct x86_paging *p, uint64_t gva,
	     struct arch_translation *out)
{
	const struct x86_paging_mode *mode;
	enum x86_mode m;
	uint64_t table, entry;
	bool writable = true, user = true, nx = false, accessed = true;

	if (!(p->cr0 & CR0_PG))
		return no_paging(gva, out);
	m = x86_mode_of(p);
	mode = &x86_paging_modes[m];
	if (mode->canonical ? !is_canonical(gva, mode->linear_bits) : gva >> 32 != 0)
		return out_of_range(gva, mode->canonical, out);
	table = x86_root_table(p, m);

	for (unsigned level = mode->levels; level; level--) {
		unsigned shift = x86_level_shift(mode, level);
		uint64_t index = gva >> shift & (x86_level_entries(mode, level) - 1);

		if (read_entry(ram, table + index * mode->entry_size, mode->entry_size, &entry) < 0)
			return missing(out, 1ull << shift);
		if (!(entry & PTE_P) || x86_entry_reserved(p, m, level, entry))
			return missing(out, 1ull << shift);
		/* A PDPTE of PAE paging has no rights of its own. */
		if (m != MODE_PAE || level != 3) {
			writable &= !!(entry & PTE_W);
			user &= !!(entry & PTE_U);
			nx |= m != MODE_32 && (entry & PTE_NX);
			accessed &= !!(entry & PTE_A);
		}
		table = x86_entry_base(p, m, level, entry);
		if (!x86_entry_maps(p, m, level, entry))
			continue;
		*out = (struct arch_translation){
			.gpa = table | (gva & ((1ull << shift) - 1)),
			.page_size = 1ull << shift,
			.writable = writable,
			.user = user,
			.executable = !nx,
			.accessed = accessed,
			.dirty = entry & PTE_D,
		};
		return 0;
	}
	return -EFAULT;
}

/* Tables that are read to look for another one; a guest on a host that needs this has few. */
#define MAX_TABLES 65536

/* Whether the page at @gpa is the table at @table, of @level, or one below it. */
static bool table_uses(const struct memory *ram, const struct x86_paging *p, enum x86_mode m,
		       unsigned level, uint64_t table, uint64_t gpa, unsigned *left)
{
	const struct x86_paging_mode *mode = &x86_paging_modes[m];
	uint64_t entry;

	if ((table & ~0xfffull) == gpa)
		return true;
	if (level == 1 || !*left)
		return false;
	--*left;
	for (unsigned i = 0; i < x86_level_entries(mode, level); i++) {
		if (read_entry(ram, table + (uint64_t)i * mode->entry_size, mode->entry_size,
			       &entry) < 0)
			return false;
		if (!(entry & PTE_P) || x86_entry_maps(p, m, level, entry))
			continue;
		if (table_uses(ram, p, m, level - 1, x86_entry_base(p, m, level, entry), gpa, left))
			return true;
	}
	return false;
}

bool x86_tables_use(const struct memory *ram, const struct x86_paging *p, uint64_t gpa)
{
	enum x86_mode m = x86_mode_of(p);
	unsigned left = MAX_TABLES;

	return (p->cr0 & CR0_PG) &&
	       table_uses(ram, p, m, x86_paging_modes[m].levels, x86_root_table(p, m), gpa, &left);
}

int arch_translate(struct vcpu *v, uint64_t gva, struct arch_translation *out)
{
	const struct kvm_sregs *s = &v->arch.sregs;
	int ret = x86_regs_load(v, X86_SET_SREGS);
	struct x86_paging p;

	if (ret < 0)
		return ret;
	p = (struct x86_paging){ s->cr0, s->cr3, s->cr4, s->efer, v->arch.maxphyaddr };
	return x86_walk(v->m->ram, &p, gva, out);
}

/* Whether @len bytes at the linear address @addr touch the page at @gpa. */
static bool lies_in(struct vcpu *v, uint64_t addr, uint64_t len, uint64_t gpa)
{
	for (uint64_t at = addr & ~0xfffull; at < addr + len; at += 0x1000) {
		struct arch_translation t;

		if (arch_translate(v, at, &t) == 0 && (t.gpa & ~0xfffull) == gpa)
			return true;
	}
	return false;
}

/* Stacks that events are delivered on: the present one, and those that the TSS names. */
static bool stacks_use(struct vcpu *v, uint64_t gpa)
{
	const struct kvm_sregs *s = &v->arch.sregs;
	uint64_t sp = v->arch.regs.rsp;

	if (arch_code_bits(v) != 64)
		sp = (uint32_t)(sp & (s->ss.db ? 0xffffffffu : 0xffffu)) + s->ss.base;
	if (lies_in(v, sp - FRAME_MAX, 2ull * FRAME_MAX, gpa))
		return true;
	for (unsigned off = TSS_RSP0; (s->efer & EFER_LMA) && off < TSS_IST_END; off += 8) {
		uint8_t top[8];
		uint64_t at = 0;

		if (vcpu_mem_read(v, s->tr.base + off, top, sizeof(top)) == sizeof(top))
			memcpy(&at, top, sizeof(at));
		if (at && lies_in(v, at - FRAME_MAX, FRAME_MAX, gpa))
			return true;
	}
	return false;
}

static bool descriptors_use(struct vcpu *v, uint64_t gpa)
{
	const struct kvm_sregs *s = &v->arch.sregs;

	return lies_in(v, s->gdt.base, s->gdt.limit + 1u, gpa) ||
	       lies_in(v, s->idt.base, s->idt.limit + 1u, gpa) ||
	       lies_in(v, s->tr.base, s->tr.limit + 1u, gpa) ||
	       (!s->ldt.unusable && lies_in(v, s->ldt.base, s->ldt.limit + 1u, gpa));
}

bool arch_uses_page(struct vcpu *v, uint64_t gpa, bool stores)
{
	const struct kvm_sregs *s = &v->arch.sregs;
	struct x86_paging p;

	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0)
		return true;
	p = (struct x86_paging){ s->cr0, s->cr3, s->cr4, s->efer, v->arch.maxphyaddr };
	return x86_tables_use(v->m->ram, &p, gpa) || stacks_use(v, gpa) ||
	       (!stores && descriptors_use(v, gpa));
}
