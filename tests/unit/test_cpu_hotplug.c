// SPDX-License-Identifier: GPL-3.0-or-later
/* The registers by which a guest hears of processors that come and go. */
#include <criterion/criterion.h>
#include <string.h>

#include "hv/hotplug.h"
#include "tests/unit/fake_machine.h"

#define SELECTOR 0xcd8
#define FLAGS	 0xcdc
#define COMMAND	 0xcdd
#define DATA	 0xce0
#define GPE_STS	 0x60c
#define GPE_EN	 0x60e
#define SCI	 9

#define ENABLED 0x01u
#define INSERT	0x02u
#define REMOVE	0x04u
#define EJECT	0x08u

static struct fake *f;

static void setup(void)
{
	f = fake_create();
	cr_assert_not_null(f);
	f->cfg.vcpus = 2;
	f->cfg.max_vcpus = 4;
	fake_watch_irqs();
	cr_assert(fake_add_devices(f));
}

static void teardown(void)
{
	fake_destroy(f);
}

TestSuite(cpu_hotplug, .init = setup, .fini = teardown, .timeout = 20);

static unsigned flags(unsigned cpu)
{
	fake_out(f, SELECTOR, 4, cpu);
	return (unsigned)fake_in(f, FLAGS, 1);
}

static void control(unsigned cpu, unsigned value)
{
	fake_out(f, SELECTOR, 4, cpu);
	fake_out(f, FLAGS, 1, value);
}

/* The next one with an event after @cpu; @cpu itself when there is none. */
static unsigned next_event(unsigned cpu)
{
	fake_out(f, SELECTOR, 4, cpu);
	fake_out(f, COMMAND, 1, 0);
	return (unsigned)fake_in(f, DATA, 4);
}

static void add(int cpu)
{
	f->m.cpu_hotplug->added(f->m.cpu_hotplug->opaque, cpu);
}

static void want_back(int cpu)
{
	f->m.cpu_hotplug->remove(f->m.cpu_hotplug->opaque, cpu);
}

static bool is_ejected(unsigned cpu)
{
	return f->m.ejected[cpu / 32] >> cpu % 32 & 1;
}

/* "Enumerate CPUs present/non present CPUs" of the specification. */
Test(cpu_hotplug, enumeration)
{
	static const unsigned want[] = { ENABLED, ENABLED, 0, 0 };
	unsigned n = 0;

	fake_out(f, SELECTOR, 4, 0);
	fake_out(f, COMMAND, 1, 0);
	cr_expect_eq(fake_in(f, SELECTOR, 4), 0u, "the interface is the modern one");
	do {
		cr_assert_lt(n, 4u);
		cr_expect_eq(fake_in(f, FLAGS, 1), want[n], "processor %u", n);
		fake_out(f, SELECTOR, 4, ++n);
	} while (fake_in(f, DATA, 4));
	cr_expect_eq(n, 4u);
	cr_expect_eq(fake_in(f, FLAGS, 1), 0u, "no such processor");
	fake_out(f, SELECTOR, 4, 3);
	fake_out(f, COMMAND, 1, 3);
	cr_expect_eq(fake_in(f, DATA, 4), 3u, "its APIC ID");
	cr_expect_eq(fake_in(f, SELECTOR, 4), 0u);
}

Test(cpu_hotplug, one_comes)
{
	fake_out(f, GPE_EN, 2, 1 << 2);
	cr_assert_not(fake_irq_level(SCI));
	add(3);
	cr_assert(fake_irq_level(SCI));
	cr_expect_eq(fake_in(f, GPE_STS, 2), 1u << 2);
	fake_out(f, GPE_STS, 2, 1 << 2);
	cr_expect_not(fake_irq_level(SCI));
	cr_expect_eq(next_event(0), 3u);
	cr_expect_eq(flags(3), ENABLED | INSERT);
	control(3, INSERT);
	cr_expect_eq(flags(3), ENABLED);
	cr_expect_eq(next_event(1), 1u, "there is no other");
}

Test(cpu_hotplug, one_goes)
{
	want_back(1);
	cr_expect_eq(fake_in(f, GPE_STS, 2), 1u << 2);
	cr_expect_not(fake_irq_level(SCI), "the guest did not ask for it");
	cr_expect_eq(next_event(2), 1u, "once around");
	cr_expect_eq(flags(1), ENABLED | REMOVE);
	control(1, REMOVE);
	cr_expect_eq(flags(1), ENABLED);
	cr_expect_not(is_ejected(1));
	control(1, EJECT);
	cr_expect_eq(flags(1), 0u, "at once, for its _STA is looked at");
	cr_expect(is_ejected(1));
	cr_expect_eq(fake_run(f), -1);
	cr_expect_not(is_ejected(1), "and done");
}

Test(cpu_hotplug, what_cannot_be_ejected)
{
	control(0, EJECT);
	cr_expect_eq(flags(0), ENABLED, "the first one stays");
	control(2, EJECT);
	control(4, EJECT);
	control(0xffffffff, EJECT);
	for (unsigned cpu = 0; cpu < 8; cpu++)
		cr_expect_not(is_ejected(cpu), "%u", cpu);
	cr_expect_eq(flags(0xffffffff), 0u);
	fake_out(f, COMMAND, 1, 0);
	fake_out(f, DATA, 4, 1);
	cr_expect_eq(fake_in(f, DATA, 4), 0u);
}

Test(cpu_hotplug, what_the_guest_says_of_it)
{
	struct device *dev = device_find(&f->m, "cpuhp0");

	fake_out(f, SELECTOR, 4, 1);
	fake_out(f, COMMAND, 1, 1);
	fake_out(f, DATA, 4, 3);
	fake_out(f, COMMAND, 1, 2);
	fake_out(f, DATA, 4, 0x82);
	cr_expect_eq(device_reg_peek(dev, device_reg_find(dev, "ost_event")), 3u);
	cr_expect_eq(device_reg_peek(dev, device_reg_find(dev, "ost_status")), 0x82u);
	cr_expect_eq(fake_in(f, DATA, 4), 0u);
}

Test(cpu_hotplug, a_reset_forgets_events_and_no_processor)
{
	add(2);
	want_back(1);
	devices_reset(&f->m);
	cr_expect_eq(flags(1), ENABLED);
	cr_expect_eq(flags(2), ENABLED);
	cr_expect_eq(flags(3), 0u);
	cr_expect_eq(fake_in(f, GPE_STS, 2), 0u);
}
