// SPDX-License-Identifier: GPL-3.0-or-later
/* Which addresses and devices there are: on the fake KVM. */
#include <criterion/criterion.h>
#include <errno.h>

#include "fake_kvm.h"
#include "hv/inspect.h"

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
