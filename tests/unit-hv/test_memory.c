// SPDX-License-Identifier: GPL-3.0-or-later
/* Guest RAM: the hole, the edges, and the slots of protected pages. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "fake_kvm.h"

#define GIB  (1ull << 30)
#define PAGE 4096ull

static struct memory *make(uint64_t size)
{
	struct memory *mem = NULL;
	struct error err = { "" };

	cr_assert_eq(memory_create(&mem, TOY_VM_FD, size, &err), 0, "%s", err.text);
	return mem;
}

/* Whether KVM's view of @gpa is the memory that we see. */
static bool is_view(struct memory *mem, uint64_t gpa)
{
	const struct toy_slot *slot = toy_slot_at(gpa);
	uint8_t *ours = memory_ptr(mem, gpa, 1);

	++*ours;
	return slot->hva[gpa - slot->gpa] == *ours;
}

Test(memory, small_is_one_slot)
{
	struct memory *mem = make(64 << 20);

	cr_assert_eq(toy_slot_count(), 1);
	cr_assert_eq(toy_slot_at(0)->size, 64 << 20);
	cr_assert_not_null(memory_ptr(mem, (64 << 20) - 8, 8));
	cr_assert_null(memory_ptr(mem, (64 << 20) - 8, 9));
	cr_assert_null(memory_ptr(mem, UINT64_MAX, 2));
	cr_assert_null(memory_ptr(mem, 8, UINT64_MAX));
	memory_destroy(mem);
}

Test(memory, more_than_4_gib_goes_around_the_hole)
{
	struct memory *mem = make(6 * GIB);
	uint32_t magic = 0x600dcafe, got = 0;
	size_t count;
	const struct memory_region *r = memory_regions(mem, &count);

	cr_assert_eq(count, 2);
	cr_assert_eq(r[0].gpa, 0);
	cr_assert_eq(r[0].size, MEMORY_HOLE_START);
	cr_assert_eq(r[1].gpa, MEMORY_HOLE_END);
	cr_assert_eq(r[0].size + r[1].size, 6 * GIB);
	cr_assert_eq(toy_slot_count(), 2);
	cr_assert(is_view(mem, MEMORY_HOLE_END));
	cr_assert_null(toy_slot_at(MEMORY_HOLE_START));
	cr_assert_null(memory_ptr(mem, MEMORY_HOLE_START, 1));
	cr_assert_null(memory_ptr(mem, MEMORY_HOLE_END - 1, 1));
	/* The last bytes, and nothing that spans the hole. */
	cr_assert_eq(memory_write(mem, 7 * GIB - 4, &magic, 4), 4);
	cr_assert_eq(memory_read(mem, 7 * GIB - 4, &got, 4), 4);
	cr_assert_eq(got, magic);
	cr_assert_eq(memory_write(mem, MEMORY_HOLE_START - 2, &magic, 4), 2);
	cr_assert_eq(memory_read(mem, 7 * GIB, &got, 4), 0);
	memory_destroy(mem);
}

Test(memory, odd_sizes_are_refused)
{
	struct memory *mem = NULL;
	struct error err = { "" };

	cr_assert_eq(memory_create(&mem, -1, 0, &err), -EINVAL);
	cr_assert_eq(memory_create(&mem, -1, 4097, &err), -EINVAL);
	cr_assert_eq(memory_create(&mem, -1, 1ull << 63, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "4096"));
}

static bool denies(struct memory *mem, uint64_t gpa)
{
	return memory_denies(mem, gpa, MEMORY_STORES);
}

/* What the host lets KVM do with the page at @gpa, of /proc/self/maps: "rw", "r-", "--". */
static void expect_rights(uint64_t gpa, const char *rights)
{
	const struct toy_slot *slot = toy_slot_at(gpa);
	unsigned long at = (unsigned long)slot->hva + (gpa - slot->gpa), from = 0, to = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], got[5] = "";

	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s", &from, &to, got) == 3 && at >= from && at < to)
			break;
	fclose(maps);
	cr_expect_eq(strncmp(got, rights, 2), 0, "0x%llx is %s", (unsigned long long)gpa, got);
}

Test(memory, pages_are_protected_one_by_one)
{
	struct memory *mem = make(16 << 20);
	uint64_t a = 0x5000, b = 0x6000, last = (16 << 20) - PAGE;

	cr_assert_not(memory_is_protected(mem));
	cr_assert_eq(memory_protect(mem, a + 123, MEMORY_STORES, true), 0);
	cr_assert_eq(toy_slot_count(), 1, "the slots stay");
	cr_assert(denies(mem, a));
	cr_assert_not(denies(mem, a - 1));
	cr_assert_not(denies(mem, a + PAGE));
	cr_assert_not(memory_denies(mem, a, MEMORY_ACCESSES));
	expect_rights(a, "r-");
	expect_rights(a - 1, "rw");
	/* Neighbours, the first page and the last one; counted. */
	cr_assert_eq(memory_protect(mem, b, MEMORY_STORES, true), 0);
	cr_assert_eq(memory_protect(mem, b, MEMORY_STORES, true), 0);
	cr_assert_eq(memory_protect(mem, 0, MEMORY_STORES, true), 0);
	cr_assert_eq(memory_protect(mem, last, MEMORY_STORES, true), 0);
	cr_assert(denies(mem, 0) && denies(mem, b) && denies(mem, last));
	cr_assert_eq(memory_protect(mem, b, MEMORY_STORES, false), 0);
	cr_assert(denies(mem, b));
	cr_assert_eq(memory_protect(mem, b, MEMORY_STORES, false), 0);
	cr_assert_not(denies(mem, b));
	expect_rights(b, "rw");
	cr_assert_eq(memory_protect(mem, a, MEMORY_STORES, false), 0);
	cr_assert_eq(memory_protect(mem, 0, MEMORY_STORES, false), 0);
	cr_assert_eq(memory_protect(mem, last, MEMORY_STORES, false), 0);
	cr_assert_not(memory_is_protected(mem));
	cr_assert_eq(memory_protect(mem, last, MEMORY_STORES, false), -ENOENT);
	cr_assert_eq(memory_protect(mem, 1ull << 40, MEMORY_STORES, true), -EFAULT);
	memory_destroy(mem);
}

Test(memory, the_stricter_protection_counts)
{
	struct memory *mem = make(16 << 20);

	cr_assert_eq(memory_protect(mem, PAGE, MEMORY_STORES, true), 0);
	cr_assert_eq(memory_protect(mem, PAGE, MEMORY_ACCESSES, true), 0);
	expect_rights(PAGE, "--");
	cr_assert(memory_denies(mem, PAGE, MEMORY_ACCESSES));
	memory_lift(mem, true);
	expect_rights(PAGE, "rw");
	cr_assert_not(denies(mem, PAGE));
	memory_lift(mem, false);
	expect_rights(PAGE, "--");
	cr_assert_eq(memory_protect(mem, PAGE, MEMORY_ACCESSES, false), 0);
	expect_rights(PAGE, "r-");
	cr_assert_eq(memory_protect(mem, PAGE, MEMORY_ACCESSES, false), -ENOENT);
	cr_assert_eq(memory_protect(mem, PAGE, MEMORY_STORES, false), 0);
	expect_rights(PAGE, "rw");
	memory_destroy(mem);
}

Test(memory, many_pages_are_protected)
{
	struct memory *mem = make(16 << 20);
	uint64_t pages = (16 << 20) / PAGE / 2;

	for (uint64_t n = 0; n < pages; n++)
		cr_assert_eq(memory_protect(mem, 2 * n * PAGE, MEMORY_ACCESSES, true), 0);
	cr_assert(denies(mem, 2 * (pages - 1) * PAGE));
	cr_assert_not(denies(mem, PAGE));
	while (pages--)
		cr_assert_eq(memory_protect(mem, 2 * pages * PAGE, MEMORY_ACCESSES, false), 0);
	cr_assert_not(memory_is_protected(mem));
	memory_destroy(mem);
}

Test(memory, cleared_is_zero_again)
{
	struct memory *mem = make(1 << 20);
	uint64_t value = 42;
	struct error err;

	memory_write(mem, 0x8000, &value, 8);
	cr_assert_eq(memory_clear(mem, &err), 0);
	memory_read(mem, 0x8000, &value, 8);
	cr_assert_eq(value, 0);
	memory_destroy(mem);
}

/* ---- what the host has it in ---- */

/* KiB of the file's pages that are there. */
static uint64_t resident(const struct memory *mem, uint64_t pages)
{
	unsigned char in_core[1024];
	uint64_t count = 0;

	cr_assert_leq(pages, sizeof(in_core));
	cr_assert_eq(mincore(memory_ptr(mem, 0, pages * PAGE), pages * PAGE, in_core), 0);
	for (uint64_t i = 0; i < pages; i++)
		count += in_core[i] & 1;
	return count * PAGE / 1024;
}

Test(memory, at_the_start_or_when_it_is_touched)
{
	const struct memory_backing backing = { .prealloc = true };
	struct memory *mem = make(4 << 20);
	struct error err = { "" };

	cr_assert_eq(resident(mem, 1024), 0u);
	memory_destroy(mem);
	cr_assert_eq(memory_create_backed(&mem, -1, 4 << 20, &backing, &err), 0, "%s", err.text);
	cr_assert_eq(resident(mem, 1024), 4096u);
	/* It stays. */
	*(uint8_t *)memory_ptr(mem, 5, 1) = 7;
	cr_assert_eq(memory_clear(mem, &err), 0);
	cr_assert_eq(*(uint8_t *)memory_ptr(mem, 5, 1), 0);
	cr_assert_eq(resident(mem, 1024), 4096u);
	memory_destroy(mem);
}

Test(memory, single_pages_go_back)
{
	struct memory *mem = make(5 * GIB);
	uint8_t *p = memory_ptr(mem, MEMORY_HOLE_END + PAGE, 2 * PAGE);

	p[0] = p[PAGE] = 1;
	cr_assert_eq(memory_discard(mem, MEMORY_HOLE_END + PAGE, PAGE), 0);
	cr_assert_eq(p[0], 0);
	cr_assert_eq(p[PAGE], 1);
	cr_assert_eq(memory_discard(mem, MEMORY_HOLE_START, PAGE), -EFAULT);
	cr_assert_eq(memory_discard(mem, MEMORY_HOLE_START - PAGE, 2 * PAGE), -EFAULT);
	cr_assert_eq(memory_discard(mem, PAGE + 1, PAGE), -EFAULT);
	cr_assert_eq(memory_discard(mem, 0, 0), -EFAULT);
	memory_destroy(mem);
}

static unsigned free_huge_pages(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned n = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%u", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

Test(memory, huge_pages)
{
	const struct memory_backing backing = { .huge_page = 2 << 20, .prealloc = true };
	struct memory *mem = NULL;
	struct error err = { "" };
	int ret;

	cr_assert_eq(memory_create_backed(&mem, -1, 3 << 20, &backing, &err), -EINVAL);
	cr_assert_str_eq(err.text, "guest memory of 3 MiB is no number of huge pages of 2048 KiB");
	/* More than any host has, and what is there. */
	cr_assert_lt(memory_create_backed(&mem, -1, 1ull << 45, &backing, &err), 0);
	cr_assert(strstr(err.text, "the host has"), "%s", err.text);
	cr_assert_null(mem);
	ret = memory_create_backed(&mem, TOY_VM_FD, 4 << 20, &backing, &err);
	if (ret && !free_huge_pages())
		cr_skip_test("the host has no huge pages reserved");
	cr_assert_eq(ret, 0, "%s", err.text);
	cr_assert(is_view(mem, (4 << 20) - 1));
	*(uint8_t *)memory_ptr(mem, 5, 1) = 7;
	cr_assert_eq(memory_discard(mem, 0, PAGE), -EOPNOTSUPP);
	cr_assert_eq(memory_protect(mem, 0, MEMORY_STORES, true), -EOPNOTSUPP);
	cr_assert_eq(*(uint8_t *)memory_ptr(mem, 5, 1), 7);
	cr_assert_eq(memory_clear(mem, &err), 0);
	cr_assert_eq(*(uint8_t *)memory_ptr(mem, 5, 1), 0);
	memory_destroy(mem);
}
