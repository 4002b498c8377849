// SPDX-License-Identifier: GPL-3.0-or-later
/* pagetable: data that cannot be written, and a fault handler that takes it for a late TLB. */
#include "tests/guests/trouble/trouble.h"

#define PTE_PRESENT 0x1ull
#define PTE_WRITE   0x2ull
#define VECTOR_PF   14

extern uint64_t kernel_pt[512];
extern const char text_end[], rodata_end[];

static struct page_cache {
	const char *name;
	uint64_t pages;
} page_cache = { .name = "page cache", .pages = 1 };

static volatile uint64_t spurious_faults;

static uint64_t *pte_of(uint64_t address)
{
	uint64_t *table = (uint64_t *)((uint64_t)kernel_pt + KERNEL_BASE);

	return &table[(address - KERNEL_BASE) >> 12];
}

/* Some processors fault once more for what another has just mapped. The bug: it is asked whether
 * the page is there, not whether this access is allowed. */
static __noinline bool is_spurious_fault(uint64_t address)
{
	return address >= KERNEL_BASE && *pte_of(address) & PTE_PRESENT;
}

static void page_fault(struct frame *frame)
{
	uint64_t address = read_cr2();

	if (!is_spurious_fault(address))
		panic(frame);
	spurious_faults++;
	invlpg((void *)address);
}

/* The other bug: `<=` is a page too many. */
__noinline void mark_rodata_ro(void)
{
	set_handler(VECTOR_PF, page_fault);
	for (const char *at = text_end; at <= rodata_end; at += 4096)
		*pte_of((uint64_t)at) &= ~PTE_WRITE;
	write_cr3(read_cr3());
}

__noinline void add_to_page_cache(void)
{
	print("Reading the first page\n");
	page_cache.pages++;
	print("%lu pages\n", page_cache.pages);
	run_init();
}
