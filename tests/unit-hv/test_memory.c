// SPDX-License-Identifier: GPL-3.0-or-later
/* Guest RAM: the hole, the edges, and the slots of protected pages. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/kvm.h>

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
	cr_assert_eq(toy_slot_at(MEMORY_HOLE_END)->hva, memory_ptr(mem, MEMORY_HOLE_END, 1));
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

static bool readonly_at(uint64_t gpa)
{
	return toy_slot_at(gpa)->flags & KVM_MEM_READONLY;
}

Test(memory, protected_pages_have_slots_of_their_own)
{
	struct memory *mem = make(16 << 20);
	uint64_t a = 0x5000, b = 0x6000, last = (16 << 20) - PAGE;

	cr_assert_eq(memory_protect(mem, a + 123, true), 0);
	cr_assert_eq(toy_slot_count(), 3);
	cr_assert(readonly_at(a));
	cr_assert_not(readonly_at(a - 1));
	cr_assert_not(readonly_at(a + PAGE));
	cr_assert_eq(toy_slot_at(a)->hva, memory_ptr(mem, a, 1));
	/* Neighbours, the first page and the last one; counted. */
	cr_assert_eq(memory_protect(mem, b, true), 0);
	cr_assert_eq(memory_protect(mem, b, true), 0);
	cr_assert_eq(memory_protect(mem, 0, true), 0);
	cr_assert_eq(memory_protect(mem, last, true), 0);
	cr_assert(readonly_at(0) && readonly_at(b) && readonly_at(last));
	cr_assert_eq(memory_protect(mem, b, false), 0);
	cr_assert(readonly_at(b));
	cr_assert_eq(memory_protect(mem, b, false), 0);
	cr_assert_not(readonly_at(b));
	cr_assert_eq(memory_protect(mem, a, false), 0);
	cr_assert_eq(memory_protect(mem, 0, false), 0);
	cr_assert_eq(memory_protect(mem, last, false), 0);
	cr_assert_eq(toy_slot_count(), 1);
	cr_assert_eq(memory_protect(mem, last, false), -ENOENT);
	cr_assert_eq(memory_protect(mem, 1ull << 40, true), -EFAULT);
	memory_destroy(mem);
}

Test(memory, protection_has_an_end)
{
	struct memory *mem = make(16 << 20);
	uint64_t n = 0;
	int ret;

	while ((ret = memory_protect(mem, 2 * n * PAGE, true)) == 0)
		n++;
	cr_assert_eq(ret, -ENOSPC);
	cr_assert_gt(n, 100);
	while (n--)
		cr_assert_eq(memory_protect(mem, 2 * n * PAGE, false), 0);
	cr_assert_eq(toy_slot_count(), 1);
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
