// SPDX-License-Identifier: GPL-3.0-or-later
/* Which addresses and devices there are: on the fake KVM. */
#include <criterion/criterion.h>
#include <errno.h>

#include "fake_kvm.h"
#include "hv/inspect.h"
#include "hv/inspect_pages.h"

static struct machine *halted(void)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit_addr(&code, TOY_JMP, TOY_LOAD);
	m = toy_machine(&code, 1, NULL);
	cr_assert_not_null(m);
	return m;
}

static struct inspect_region region(struct machine *m, enum control_space space, uint64_t addr)
{
	struct inspect_region r = { 0 };

	cr_assert_eq(inspect_region(m, 0, space, addr, &r), 0);
	return r;
}

Test(inspect, physical_regions_cover_everything)
{
	struct machine *m = halted();
	uint64_t ram = memory_size(m->ram);
	struct inspect_region r = region(m, CONTROL_PHYSICAL, 0x1234);

	cr_expect(r.mapped && r.readable && r.writable);
	cr_expect_eq(r.start, 0);
	cr_expect_eq(r.last, ram - 1);
	for (uint64_t next = 0;; next = r.last + 1) {
		r = region(m, CONTROL_PHYSICAL, next);
		cr_assert_eq(r.start, next);
		cr_assert(r.last >= next);
		if (r.last == UINT64_MAX)
			break;
	}
	cr_expect_not(r.mapped);
	toy_machine_free(m);
}

/* Virtual addresses are physical ones plus TOY_VIRT: RAM ends and the mapping goes on. */
Test(inspect, virtual_regions_end_where_ram_does)
{
	struct machine *m = halted();
	uint64_t ram = memory_size(m->ram);
	struct inspect_region r = { 0 };

	toy_map(false);
	cr_expect_not(region(m, CONTROL_VIRTUAL, TOY_VIRT).mapped);
	toy_map(true);
	r = region(m, CONTROL_VIRTUAL, TOY_VIRT + ram - 0x3001);
	cr_expect(r.mapped && r.readable && r.writable && r.executable && !r.user);
	cr_expect_eq(r.start, TOY_VIRT + ram - 0x4000);
	cr_expect_eq(r.last, TOY_VIRT + ram - 1);
	r = region(m, CONTROL_VIRTUAL, TOY_VIRT + ram);
	cr_expect(r.mapped && !r.readable);
	cr_expect_eq(inspect_region(m, 7, CONTROL_VIRTUAL, 0, &r), -ESRCH);
	toy_map(false);
	toy_machine_free(m);
}

Test(inspect, the_last_page)
{
	struct machine *m = halted();

	cr_expect_eq(region(m, CONTROL_VIRTUAL, UINT64_MAX).last, UINT64_MAX);
	cr_expect_eq(region(m, CONTROL_PHYSICAL, UINT64_MAX).last, UINT64_MAX);
	toy_machine_free(m);
}

Test(inspect, ranges_are_in_order)
{
	struct machine *m = halted();
	struct inspect_range r;
	uint64_t next = 0;
	size_t n, ram = 0;

	for (n = 0; inspect_range(m, INSPECT_MEMORY, n, &r); n++) {
		cr_expect(r.start >= next && r.last >= r.start);
		next = r.last + 1;
		ram += r.ram;
	}
	cr_expect_eq(ram, 1);
	for (n = 0; inspect_range(m, INSPECT_PORTS, n, &r); n++)
		cr_expect_not(r.ram);
	toy_machine_free(m);
}

Test(inspect, devices)
{
	struct machine *m = halted();
	struct inspect_device d;
	size_t n;

	for (n = 0; inspect_device(m, n, &d); n++)
		cr_expect(d.name && d.help && d.irq >= -1);
	cr_expect_not(inspect_device(m, n + 1, &d));
	toy_machine_free(m);
}

/* ---- pages (the tables are those of arch_walk_pages() in fake_kvm.c) ---- */

struct rows {
	struct inspect_pages row[8];
	size_t count;
};

static bool keep(void *opaque, const struct inspect_pages *pages)
{
	struct rows *r = opaque;

	r->row[r->count++] = *pages;
	return r->count < 8;
}

static void expect_row(const struct inspect_pages *p, uint64_t start, uint64_t last, bool scattered)
{
	cr_expect_eq(p->start, start);
	cr_expect_eq(p->last, last, "%llx", (unsigned long long)p->last);
	cr_expect_eq(p->scattered, scattered);
}

Test(inspect, pages_are_folded)
{
	struct machine *m = halted();
	struct inspect_space space = { .vcpu = 0 };
	struct inspect_tables t;
	struct rows r = { .count = 0 };

	cr_assert_eq(inspect_pages(m, &space, keep, &r, &t), 0);
	cr_assert_eq(r.count, 3u);
	expect_row(&r.row[0], 0x10000, 0x12fff, true);
	expect_row(&r.row[1], 0x13000, 0x13fff, false);
	cr_expect(r.row[1].executable);
	/* All of one kind: the same tables behind it make it longer, unwalked. The first were not.
	 */
	expect_row(&r.row[2], 0x20000, 0x27fff, true);
	cr_expect_eq(t.tables, 2u);
	space.vcpu = 7;
	cr_expect_eq(inspect_pages(m, &space, keep, &r, &t), -ESRCH);
	toy_machine_free(m);
}

Test(inspect, pages_are_found_from_behind)
{
	struct machine *m = halted();
	uint64_t root = 0x5000;
	struct inspect_space space = { .vcpu = 0, .root = &root };
	struct inspect_tables t;
	struct rows r = { .count = 0 };

	cr_assert_eq(inspect_reverse(m, &space, 0x6123, keep, &r, &t), 0);
	cr_assert_eq(r.count, 1u);
	cr_expect_eq(r.row[0].start, 0x11123u);
	/* There was one in the first tables, so they are to be walked again; none in the second. */
	cr_expect_eq(t.tables, 2u);
	toy_machine_free(m);
}
