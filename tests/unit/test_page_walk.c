// SPDX-License-Identifier: GPL-3.0-or-later
/* Every page of an address space, on tables built by hand, in every mode; and tables that are bad.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "hv/arch/arch_pages.h"
#include "hv/arch/x86/paging.h"

#define RAM_SIZE 0x800000ull
#define ROOT	 0x10000ull
#define ALL	 (PTE_P | PTE_W | PTE_U)

static struct memory *ram;

static void setup(void)
{
	struct error err;

	cr_assert_eq(memory_create(&ram, -1, RAM_SIZE, &err), 0, "%s", err.text);
}

static void teardown(void)
{
	memory_destroy(ram);
}

TestSuite(page_walk, .init = setup, .fini = teardown);

static void put64(uint64_t table, uint64_t index, uint64_t entry)
{
	cr_assert_eq(memory_write(ram, table + index * 8, &entry, 8), 8);
}

static void put32(uint64_t table, uint64_t index, uint32_t entry)
{
	cr_assert_eq(memory_write(ram, table + index * 4, &entry, 4), 4);
}

static struct arch_paging mode(uint64_t cr4, uint64_t efer)
{
	return (struct arch_paging){ .on = true,
				     .root = ROOT,
				     .mode = { [X86_MODE_CR0] = CR0_PE | CR0_PG,
					       [X86_MODE_CR4] = cr4,
					       [X86_MODE_EFER] = efer,
					       [X86_MODE_MAXPHYADDR] = 40 } };
}

static struct arch_paging mode_long(void)
{
	return mode(CR4_PAE, EFER_LMA | EFER_NXE);
}

struct seen {
	struct arch_page page[16];
	size_t count;
	size_t same; /* calls of same(), all refused */
};

static bool on_page(void *opaque, const struct arch_page *page)
{
	struct seen *s = opaque;

	if (s->count < 16)
		s->page[s->count] = *page;
	s->count++;
	return true;
}

static bool on_same(void *opaque, uint64_t gva, uint64_t size)
{
	(void)gva;
	(void)size;
	((struct seen *)opaque)->same++;
	return false;
}

static struct arch_page_walk walk(const struct arch_paging *p, struct seen *seen)
{
	struct arch_page_walk w = { .page = on_page, .same = on_same, .opaque = seen };

	*seen = (struct seen){ .count = 0 };
	arch_walk_pages(ram, p, &w);
	return w;
}

/* Whatever the walk of all pages says, the walk of one address says too. */
static void expect_page(const struct arch_paging *p, const struct arch_page *page, uint64_t gva,
			uint64_t gpa, uint64_t size)
{
	struct arch_translation t;

	cr_expect_eq(page->gva, gva, "%llx", (unsigned long long)page->gva);
	cr_expect_eq(page->gpa, gpa, "%llx", (unsigned long long)page->gpa);
	cr_expect_eq(page->size, size);
	cr_assert_eq(arch_paging_translate(ram, p, gva + size - 1, &t), 0);
	cr_expect_eq(t.gpa, gpa + size - 1);
	cr_expect_eq(t.writable, page->writable);
	cr_expect_eq(t.user, page->user);
	cr_expect_eq(t.executable, page->executable);
}

Test(page_walk, four_levels)
{
	struct arch_paging p = mode_long();
	struct arch_page_walk w;
	struct seen s;

	put64(ROOT, 0, 0x20000 | ALL);
	put64(ROOT, 511, 0x20000 | PTE_P | PTE_W | PTE_NX);
	put64(0x20000, 0, 0x30000 | ALL);
	put64(0x20000, 3, 0x40000000 | ALL | PTE_PS | PTE_G);
	put64(0x30000, 1, 0x200000 | PTE_P | PTE_U | PTE_PS);
	put64(0x30000, 511, 0x40000 | ALL);
	put64(0x40000, 511, 0x5000 | ALL | PTE_NX);
	w = walk(&p, &s);
	cr_assert_eq(s.count, 6u);
	expect_page(&p, &s.page[0], 0x200000, 0x200000, 0x200000);
	cr_expect(s.page[0].user && !s.page[0].writable && s.page[0].executable);
	expect_page(&p, &s.page[1], 0x3ffff000, 0x5000, 0x1000);
	cr_expect(!s.page[1].executable);
	expect_page(&p, &s.page[2], 0xc0000000, 0x40000000, 0x40000000);
	cr_expect(s.page[2].global && !s.page[1].global);
	expect_page(&p, &s.page[3], 0xffffff8000200000, 0x200000, 0x200000);
	cr_expect(!s.page[3].user && !s.page[3].executable && !s.page[3].writable);
	expect_page(&p, &s.page[5], 0xffffff80c0000000, 0x40000000, 0x40000000);
	cr_expect_eq(w.tables, 7u);
	cr_expect(!w.reserved && !w.outside && !w.cut);
}

Test(page_walk, five_levels)
{
	struct arch_paging p = mode(CR4_PAE | CR4_LA57, EFER_LMA | EFER_NXE);
	struct seen s;

	put64(ROOT, 256, 0x18000 | ALL);
	put64(0x18000, 0, 0x20000 | ALL);
	put64(0x20000, 0, 0 | ALL | PTE_PS);
	walk(&p, &s);
	cr_assert_eq(s.count, 1u);
	expect_page(&p, &s.page[0], 0xff00000000000000, 0, 0x40000000);
}

Test(page_walk, pae)
{
	struct arch_paging p = mode(CR4_PAE, EFER_NXE);
	struct seen s;

	p.root = ROOT + 0x20;
	put64(ROOT + 0x20, 3, 0x20000 | PTE_P);
	put64(0x20000, 0, 0x400000 | ALL | PTE_PS);
	put64(0x20000, 1, 0x30000 | ALL);
	put64(0x30000, 2, 0x7000 | PTE_P | PTE_W | PTE_NX);
	walk(&p, &s);
	cr_assert_eq(s.count, 2u);
	expect_page(&p, &s.page[0], 0xc0000000, 0x400000, 0x200000);
	cr_expect(s.page[0].user && s.page[0].writable);
	expect_page(&p, &s.page[1], 0xc0202000, 0x7000, 0x1000);
}

Test(page_walk, thirty_two_bits)
{
	struct arch_paging p = mode(CR4_PSE, 0);
	struct seen s;

	put32(ROOT, 0, 0x20000 | ALL);
	put32(0x20000, 1023, 0x3000 | PTE_P | PTE_U);
	put32(ROOT, 1023, (uint32_t)(0x400000 | ALL | PTE_PS | 1 << 13)); /* PSE-36 */
	walk(&p, &s);
	cr_assert_eq(s.count, 2u);
	expect_page(&p, &s.page[0], 0x3ff000, 0x3000, 0x1000);
	expect_page(&p, &s.page[1], 0xffc00000, 0x100400000, 0x400000);
	/* Without PSE that entry leads to a table, of zeroes. */
	p.mode[X86_MODE_CR4] = 0;
	walk(&p, &s);
	cr_expect_eq(s.count, 1u);
}

Test(page_walk, nothing_without_paging)
{
	struct arch_paging p = mode_long();
	struct seen s;

	p.on = false;
	put64(ROOT, 0, 0x20000 | ALL);
	cr_expect_eq(walk(&p, &s).tables, 0u);
}

Test(page_walk, findings)
{
	struct arch_paging p = mode_long();
	struct arch_page_walk w;
	struct seen s;

	put64(ROOT, 1, 0x20000 | ALL | PTE_PS);	    /* reserved at this level */
	put64(ROOT, 2, (1ull << 45) | ALL);	    /* past maxphyaddr */
	put64(ROOT, 300, 0x100000000ull | ALL);	    /* no RAM */
	put64(ROOT, 301, (RAM_SIZE - 0x800) | ALL); /* its low bits are no address: inside */
	w = walk(&p, &s);
	cr_expect_eq(s.count, 0u);
	cr_expect_eq(w.reserved, 2u);
	cr_expect_eq(w.reserved_gva, 1ull << 39);
	cr_expect_eq(w.outside, 1u);
	cr_expect_eq(w.outside_gva, 0xffff960000000000);
	p.root = 0x7ffffff000;
	w = walk(&p, &s);
	cr_expect_eq(w.outside, 1u);
	cr_expect_eq(w.tables, 0u);
}

/* Each entry leads to the table it is in: 512^4 pages. */
Test(page_walk, circles_come_to_an_end)
{
	struct arch_paging p = mode_long();
	struct arch_page_walk w;
	struct seen s;

	for (unsigned i = 0; i < 512; i++)
		put64(ROOT, i, ROOT | ALL | (uint64_t)(i & 1) << 9);
	w = walk(&p, &s);
	cr_expect(w.cut);
	cr_expect_eq(w.tables, ARCH_WALK_TABLES);
	cr_expect_gt(w.cut_gva, 0u);
	/* Equal entries in a row are offered to be passed over. */
	put64(ROOT, 1, ROOT | ALL);
	walk(&p, &s);
	cr_expect_gt(s.same, 0u);
}

Test(page_walk, any_bytes_are_survived)
{
	static const uint64_t cr4[] = { 0, CR4_PSE, CR4_PAE, CR4_PAE | CR4_LA57 };
	uint64_t seed = 12345, *words = memory_ptr(ram, 0, RAM_SIZE);
	struct seen s;

	for (size_t i = 0; i < RAM_SIZE / 8; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		words[i] = (seed >> 20) & 0x87ffff000000ffffull;
	}
	for (unsigned i = 0; i < 8; i++) {
		struct arch_paging p = mode(cr4[i / 2], i & 1 ? EFER_LMA | EFER_NXE : 0);

		cr_expect_leq(walk(&p, &s).tables, ARCH_WALK_TABLES);
	}
}
