// SPDX-License-Identifier: GPL-3.0-or-later
/* The page walk, on tables built by hand in RAM without a VM, in every mode. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "hv/arch/x86/x86.h"

#define RAM_SIZE 0x800000ull
#define ROOT	 0x10000ull
#define P	 1ull
#define W	 2ull
#define U	 4ull
#define PS	 0x80ull
#define NX	 (1ull << 63)
#define ALL	 (P | W | U)

static struct memory *ram;
static struct arch_translation t;

static void setup(void)
{
	struct error err;

	cr_assert_eq(memory_create(&ram, -1, RAM_SIZE, &err), 0, "%s", err.text);
	memset(&t, 0, sizeof(t));
}

static void teardown(void)
{
	memory_destroy(ram);
}

TestSuite(paging, .init = setup, .fini = teardown);

static void put64(uint64_t table, uint64_t index, uint64_t entry)
{
	cr_assert_eq(memory_write(ram, table + index * 8, &entry, 8), 8);
}

static void put32(uint64_t table, uint64_t index, uint32_t entry)
{
	cr_assert_eq(memory_write(ram, table + index * 4, &entry, 4), 4);
}

static struct x86_paging mode_none(void)
{
	return (struct x86_paging){ .cr0 = CR0_PE, .maxphyaddr = 40 };
}

static struct x86_paging mode_32(void)
{
	return (struct x86_paging){ .cr0 = CR0_PE | CR0_PG, .cr3 = ROOT, .maxphyaddr = 40 };
}

static struct x86_paging mode_pae(void)
{
	return (struct x86_paging){
		.cr0 = CR0_PE | CR0_PG, .cr3 = ROOT + 0x20, .cr4 = CR4_PAE, .maxphyaddr = 40
	};
}

static struct x86_paging mode_64(void)
{
	return (struct x86_paging){ .cr0 = CR0_PE | CR0_PG,
				    .cr3 = ROOT | 0xfff, /* PCID and flags are not address */
				    .cr4 = CR4_PAE,
				    .efer = EFER_LME | EFER_LMA | EFER_NXE,
				    .maxphyaddr = 40 };
}

static struct x86_paging mode_57(void)
{
	struct x86_paging p = mode_64();

	p.cr4 |= CR4_LA57;
	return p;
}

static int walk(struct x86_paging p, uint64_t gva)
{
	return x86_walk(ram, &p, gva, &t);
}

/* Four levels for @gva, all rights, down to @leaf in the page table. */
static void map_4level(uint64_t root, uint64_t gva, uint64_t leaf)
{
	put64(root, gva >> 39 & 511, (ROOT + 0x1000) | ALL);
	put64(ROOT + 0x1000, gva >> 30 & 511, (ROOT + 0x2000) | ALL);
	put64(ROOT + 0x2000, gva >> 21 & 511, (ROOT + 0x3000) | ALL);
	put64(ROOT + 0x3000, gva >> 12 & 511, leaf);
}

Test(paging, without_paging_addresses_are_physical)
{
	cr_assert_eq(walk(mode_none(), 0xdeadb123), 0);
	cr_assert_eq(t.gpa, 0xdeadb123);
	cr_assert(t.writable && t.user && t.executable);
	cr_assert_eq(walk(mode_none(), 0x100000000ull), -EFAULT);
}

Test(paging, two_levels)
{
	uint32_t gva = 0xc0123456;

	put32(ROOT, gva >> 22, (ROOT + 0x1000) | ALL);
	put32(ROOT + 0x1000, gva >> 12 & 1023, 0x7654000 | P | W);
	cr_assert_eq(walk(mode_32(), gva), 0);
	cr_assert_eq(t.gpa, 0x7654456);
	cr_assert_eq(t.page_size, 0x1000);
	cr_assert(t.writable && !t.user && t.executable);
	cr_assert_eq(walk(mode_32(), gva + 0x1000), -EFAULT);
	cr_assert_eq(walk(mode_32(), 0x1c0123456ull), -EFAULT);
}

Test(paging, four_mib_page_needs_pse)
{
	struct x86_paging p = mode_32();

	/* PSE-36: bits 13-20 are bits 32-39 of the address. */
	put32(ROOT, 1, 0x00c00000 | 0x5 << 13 | PS | P | U);
	cr_assert_eq(walk(p, 0x00400000 + 0x212345), -EFAULT, "PS means nothing without CR4.PSE");
	p.cr4 = CR4_PSE;
	cr_assert_eq(walk(p, 0x00400000 + 0x212345), 0);
	cr_assert_eq(t.gpa, 0x500c00000ull + 0x212345);
	cr_assert_eq(t.page_size, 0x400000);
	cr_assert(!t.writable && t.user);
	p.maxphyaddr = 36;
	cr_assert_eq(walk(p, 0x00400000), 0);
	cr_assert_eq(t.gpa, 0x500c00000ull);
}

Test(paging, pae)
{
	struct x86_paging p = mode_pae();
	uint32_t gva = 0x80201234;

	/* The four PDPTEs need be aligned to 32 bytes only, and have no rights. */
	put64(ROOT + 0x20, gva >> 30, (ROOT + 0x1000) | P);
	put64(ROOT + 0x1000, gva >> 21 & 511, (ROOT + 0x2000) | ALL);
	put64(ROOT + 0x2000, gva >> 12 & 511, 0x300001000ull | P | W);
	cr_assert_eq(walk(p, gva), 0);
	cr_assert_eq(t.gpa, 0x300001234ull);
	cr_assert(t.writable && !t.user && t.executable);

	put64(ROOT + 0x1000, gva >> 21 & 511, 0x400000 | PS | ALL);
	cr_assert_eq(walk(p, gva), 0);
	cr_assert_eq(t.gpa, 0x401234);
	cr_assert_eq(t.page_size, 0x200000);

	put64(ROOT + 0x20, gva >> 30, (ROOT + 0x1000) | P | W);
	cr_assert_eq(walk(p, gva), -EFAULT, "W is reserved in a PDPTE");
}

Test(paging, four_levels)
{
	uint64_t gva = 0xffff888012345678ull;

	map_4level(ROOT, gva, 0x6789000 | ALL);
	cr_assert_eq(walk(mode_64(), gva), 0);
	cr_assert_eq(t.gpa, 0x6789678);
	cr_assert_eq(t.page_size, 0x1000);
	cr_assert(t.writable && t.user && t.executable);
}

Test(paging, rights_accumulate)
{
	static const struct {
		unsigned level;
		uint64_t clear, set;
		bool w, u, x;
	} rows[] = {
		{ 0, 0, 0, true, true, true },	       { 1, W, 0, false, true, true },
		{ 2, U, 0, true, false, true },	       { 3, 0, NX, true, true, false },
		{ 0, W | U, NX, false, false, false },
	};
	uint64_t gva = 0x7f0000401000ull;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t table = ROOT + rows[i].level * 0x1000, *entry;
		unsigned shift = 39 - rows[i].level * 9;

		map_4level(ROOT, gva, 0x5000 | ALL);
		entry = memory_ptr(ram, table + (gva >> shift & 511) * 8, 8);
		*entry = (*entry & ~rows[i].clear) | rows[i].set;
		cr_assert_eq(walk(mode_64(), gva), 0);
		cr_assert_eq(t.writable, rows[i].w, "row %zu", i);
		cr_assert_eq(t.user, rows[i].u, "row %zu", i);
		cr_assert_eq(t.executable, rows[i].x, "row %zu", i);
	}
}

Test(paging, large_pages_of_four_levels)
{
	uint64_t gva = 0xffffffff81234567ull;

	map_4level(ROOT, gva, 0);
	put64(ROOT + 0x2000, gva >> 21 & 511, 0x1600000 | PS | 1 << 12 /* PAT */ | P | W);
	cr_assert_eq(walk(mode_64(), gva), 0);
	cr_assert_eq(t.gpa, 0x1600000 + (gva & 0x1fffff));
	cr_assert_eq(t.page_size, 0x200000);
	put64(ROOT + 0x1000, gva >> 30 & 511, 0x40000000 | PS | P);
	cr_assert_eq(walk(mode_64(), gva), 0);
	cr_assert_eq(t.gpa, 0x40000000 + (gva & 0x3fffffff));
	cr_assert_eq(t.page_size, 0x40000000);
	put64(ROOT, gva >> 39 & 511, 0x40000000 | PS | P);
	cr_assert_eq(walk(mode_64(), gva), -EFAULT, "there are no 512 GiB pages");
}

Test(paging, five_levels)
{
	uint64_t gva = 0xff11000012345678ull;

	put64(ROOT, gva >> 48 & 511, (ROOT + 0x4000) | ALL);
	map_4level(ROOT + 0x4000, gva, 0x3000 | ALL);
	cr_assert_eq(walk(mode_57(), gva), 0);
	cr_assert_eq(t.gpa, 0x3678);
	cr_assert_eq(walk(mode_64(), gva), -EFAULT, "not canonical with four levels");
}

Test(paging, addresses_must_be_canonical)
{
	map_4level(ROOT, 0x800000000000ull, 0x3000 | ALL);
	cr_assert_eq(walk(mode_64(), 0x0000800000000000ull), -EFAULT);
	cr_assert_eq(walk(mode_64(), 0xffff7fffffffffffull), -EFAULT);
	cr_assert_eq(walk(mode_64(), 0xffff800000000000ull), 0);
}

Test(paging, reserved_bits_are_faults)
{
	struct x86_paging p = mode_64();
	uint64_t gva = 0x401000;

	map_4level(ROOT, gva, 1ull << 41 | 0x1000 | ALL);
	cr_assert_eq(walk(p, gva), -EFAULT, "above MAXPHYADDR");
	map_4level(ROOT, gva, 0x1000 | ALL | NX);
	cr_assert_eq(walk(p, gva), 0);
	p.efer &= ~(uint64_t)EFER_NXE;
	cr_assert_eq(walk(p, gva), -EFAULT, "XD without EFER.NXE");
	map_4level(ROOT, gva, 0x1000 | ALL | 1ull << 55);
	cr_assert_eq(walk(p, gva), 0, "bits 52-58 are the system's");
}

Test(paging, tables_outside_of_ram)
{
	struct x86_paging p = mode_64();

	p.cr3 = 0x123456000;
	cr_assert_eq(walk(p, 0), -EFAULT);
	p = mode_64();
	put64(ROOT, 0, (RAM_SIZE + 0x1000) | ALL);
	cr_assert_eq(walk(p, 0), -EFAULT);
	p = mode_pae();
	p.cr3 = RAM_SIZE - 0x20 + 0x20;
	cr_assert_eq(walk(p, 0), -EFAULT);
}

Test(paging, nothing_is_written)
{
	uint64_t gva = 0x401000, before, after;

	map_4level(ROOT, gva, 0x1000 | ALL);
	memory_read(ram, ROOT + 0x3000 + 8, &before, 8);
	cr_assert_eq(walk(mode_64(), gva), 0);
	memory_read(ram, ROOT + 0x3000 + 8, &after, 8);
	cr_assert_eq(before, after, "no accessed or dirty bit");
}

/* Callers that look for the next page there is step over what is not there at once. */
Test(paging, says_how_much_is_missing)
{
	cr_assert_eq(walk(mode_none(), 0x300000000ull), -EFAULT);
	cr_assert_eq(t.page_size, 1ull << 33);
	cr_assert_eq(walk(mode_32(), 0xc0123456), -EFAULT);
	cr_assert_eq(t.page_size, 1ull << 22);
	map_4level(ROOT, 0x7fff00000000ull, 0x7654000 | ALL);
	cr_assert_eq(walk(mode_64(), 0x7fff00001000ull), -EFAULT);
	cr_assert_eq(t.page_size, 1ull << 12);
	cr_assert_eq(walk(mode_64(), 0x7fff00200000ull), -EFAULT);
	cr_assert_eq(t.page_size, 1ull << 21);
	cr_assert_eq(walk(mode_64(), 0x1000), -EFAULT);
	cr_assert_eq(t.page_size, 1ull << 39);
}

Test(paging, addresses_that_are_not_canonical_are_one_hole)
{
	static const uint64_t hole[] = { 0x0000800000000000ull, 0x00ffffffffffffffull,
					 0x7fffffffffffffffull, 0x8000000000000000ull,
					 0xffff000000000000ull, 0xffff7fffffffffffull };

	for (size_t i = 0; i < sizeof(hole) / sizeof(hole[0]); i++) {
		uint64_t first, last;

		cr_assert_eq(walk(mode_64(), hole[i]), -EFAULT);
		cr_assert(t.page_size >= 1ull << 47);
		first = hole[i] & ~(t.page_size - 1);
		last = hole[i] | (t.page_size - 1);
		cr_expect(first >= 0x0000800000000000ull && last <= 0xffff7fffffffffffull, "%llx",
			  (unsigned long long)hole[i]);
	}
}
