// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What C does to the page tables that boot.S brought along: it takes page 0
 * away, so that a null pointer faults; it makes the kernel's text read-only
 * and its data not executable; and it maps pages in the window.
 */
#include "tests/guests/kit/kit.h"

#define PTE_PRESENT 0x1ull
#define PTE_WRITE   0x2ull
#define PTE_USER    0x4ull
#define PTE_NX	    (1ull << 63)

extern uint64_t low_pt[512], kernel_pt[512], window_pt[512];
extern const char text_start[], text_end[], rodata_end[], image_end[];

/* The tables lie in the boot segment, which is linked low: seen from here they are high. */
static uint64_t *high(uint64_t *table)
{
	return (uint64_t *)((uint64_t)table + KERNEL_BASE);
}

static void protect(const char *from, const char *to, uint64_t flags)
{
	for (; from < to; from += 4096)
		high(kernel_pt)[physical_of(from) >> 12] = physical_of(from) | flags;
}

void paging_protect(void)
{
	high(low_pt)[0] = 0;
	high(kernel_pt)[0] = 0;
	protect(text_start, text_end, PTE_PRESENT);
	protect(text_end, rodata_end, PTE_PRESENT | PTE_NX);
	protect(rodata_end, image_end, PTE_PRESENT | PTE_WRITE | PTE_NX);
	write_cr3(read_cr3());
}

void window_map(unsigned int page, uint64_t physical)
{
	high(window_pt)[page] = physical | PTE_PRESENT | PTE_WRITE | PTE_NX;
}

void window_map_user_text(unsigned int page, uint64_t physical)
{
	high(window_pt)[page] = physical | PTE_PRESENT | PTE_USER;
}

void window_unmap(unsigned int page)
{
	high(window_pt)[page] = 0;
	invlpg(window_page(page));
}
