/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Paging modes as rows: what paging.c (one address) and page_walk.c (all of them) share. SDM volume
 * 3, chapter 5.
 */
#ifndef HV_ARCH_X86_PAGING_H
#define HV_ARCH_X86_PAGING_H

#include "hv/arch/x86/x86.h"

#define PTE_P  (1ull << 0)
#define PTE_W  (1ull << 1)
#define PTE_U  (1ull << 2)
#define PTE_A  (1ull << 5)
#define PTE_D  (1ull << 6)
#define PTE_PS (1ull << 7)
#define PTE_G  (1ull << 8)
#define PTE_NX (1ull << 63)

#define PAGE_4K_SHIFT 12

enum x86_mode {
	MODE_32,
	MODE_PAE,
	MODE_4LEVEL,
	MODE_5LEVEL,
};

/* What struct arch_paging.mode holds. */
enum {
	X86_MODE_CR0,
	X86_MODE_CR4,
	X86_MODE_EFER,
	X86_MODE_MAXPHYADDR,
};

struct x86_paging_mode {
	const char *name;
	unsigned levels;
	unsigned entry_size;	 /* bytes */
	unsigned index_bits;	 /* of each level but the top one */
	unsigned top_index_bits; /* of the top one */
	uint64_t root_mask;	 /* of CR3 */
	uint32_t large_levels;	 /* bit n: level n (1 is the page table) may map a page */
	unsigned linear_bits;
	bool canonical; /* the bits above repeat the highest one */
};
extern const struct x86_paging_mode x86_paging_modes[];

enum x86_mode x86_mode_of(const struct x86_paging *p);
/* Where the top table is. */
uint64_t x86_root_table(const struct x86_paging *p, enum x86_mode m);
/* Bits that must be zero: with one of them set the processor faults on the entry. */
bool x86_entry_reserved(const struct x86_paging *p, enum x86_mode m, unsigned level, uint64_t e);
/* Whether a present entry maps a page, and where that, or the next table, is. */
bool x86_entry_maps(const struct x86_paging *p, enum x86_mode m, unsigned level, uint64_t e);
uint64_t x86_entry_base(const struct x86_paging *p, enum x86_mode m, unsigned level, uint64_t e);

static inline unsigned x86_level_shift(const struct x86_paging_mode *mode, unsigned level)
{
	return PAGE_4K_SHIFT + (level - 1) * mode->index_bits;
}

static inline unsigned x86_level_entries(const struct x86_paging_mode *mode, unsigned level)
{
	return 1u << (level == mode->levels ? mode->top_index_bits : mode->index_bits);
}

#endif
