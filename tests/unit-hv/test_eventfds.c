// SPDX-License-Identifier: GPL-3.0-or-later
/* MSI-X through irqfds and routes, and doorbells through ioeventfds, as KVM is told of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "hv/arch/arch.h"
#include "hv/doorbell.h"
#include "hv/pci.h"

#define BELL_OFF 0x40u

struct toy {
	struct device dev;
	struct pci_func func;
	unsigned written;
};

static void write_bell(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg, (void)value;
	((struct toy *)dev)->written++;
}

static const struct reg toy_regs[] = {
	{ .name = "bell", .offset = BELL_OFF, .width = 1, .write = write_bell },
	{ 0 },
};
static const struct device_class toy_class = {
	.name = "toy",
	.stem = "toy",
	.help = "for the test",
	.size = sizeof(struct toy),
	.space = 0x1000,
	.regs = toy_regs,
};

static struct machine *m;
static struct toy *toy;
static struct pci_func *fn;
static uint64_t bar, table;

static void write_config(unsigned off, unsigned size, uint32_t value)
{
	pci_config_write(m, fn->slot << 3, off, size, value);
	pci_remap(m);
}

static void start(const struct toy_code *code)
{
	static const struct pci_id id = { 0x1af4, 0xffff, 0xff0000, 1 };
	struct error err = { "" };

	m = toy_machine(code, 1, NULL);
	cr_assert_not_null(m);
	toy = (struct toy *)device_new(m, &toy_class, -1, &err);
	cr_assert_not_null(toy);
	fn = &toy->func;
	cr_assert_eq(pci_add(&toy->dev, fn, &id, &err), 0);
	cr_assert_eq(pci_add_bar(fn, 0, PCI_BAR_MEM32, 0x1000, 0, &err), 0);
	cr_assert_eq(pci_add_msix(fn, 1, 4, &err), 0, "%s", err.text);
	pci_reset(m);
	bar = pci_bar_address(fn, 0);
	table = pci_bar_address(fn, 1);
	write_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void start_nothing(void)
{
	static const struct toy_code code = { { TOY_WAIT }, 1 };

	start(&code);
}

static void fill(unsigned vector, uint32_t data, bool masked)
{
	uint64_t row = table + vector * 16;

	bus_write(&m->mmio, row, 8, 0xfee01000);
	bus_write(&m->mmio, row + PCI_MSIX_ENTRY_DATA, 4, data);
	bus_write(&m->mmio, row + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, masked);
}

/* ---- MSI-X ---- */

Test(eventfds, a_vector_is_an_irqfd_with_a_route, .timeout = 300)
{
	struct toy_msi msi;

	start_nothing();
	fill(1, 0x31, false);
	fill(2, 0x32, true);
	cr_expect_eq(toy_routes(), 0u, "nothing for KVM to do yet");
	write_config(fn->msix_cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	cr_expect_eq(toy_routes(), 2u, "the processor's lines, and the open vector");
	pci_msix_notify(fn, 1);
	cr_assert(toy_take_msi(&msi));
	cr_expect_eq(msi.addr, 0xfee01000u);
	cr_expect_eq(msi.data, 0x31u);
	cr_expect_geq(msi.gsi, ARCH_IRQ_LINES);
	pci_msix_notify(fn, 2);
	cr_expect_not(toy_take_msi(&msi), "masked");
	fill(2, 0x42, false);
	cr_assert(toy_take_msi(&msi), "… and pending until now");
	cr_expect_eq(msi.data, 0x42u);
	cr_assert_eq(write(pci_msix_fd(fn, 2), &(uint64_t){ 1 }, 8), 8);
	cr_expect(toy_take_msi(&msi), "by its eventfd");
	toy_machine_free(m);
}

Test(eventfds, a_route_follows_the_row, .timeout = 300)
{
	struct toy_msi msi;

	start_nothing();
	fill(0, 0x31, false);
	write_config(fn->msix_cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	bus_write(&m->mmio, table + PCI_MSIX_ENTRY_DATA, 4, 0x77);
	bus_write(&m->mmio, table + PCI_MSIX_ENTRY_UPPER_ADDR, 4, 1);
	pci_msix_notify(fn, 0);
	cr_assert(toy_take_msi(&msi));
	cr_expect_eq(msi.data, 0x77u);
	cr_expect_eq(msi.addr, 0x1fee01000u);
	write_config(fn->msix_cap + PCI_MSIX_FLAGS, 2, 0);
	cr_assert_eq(write(pci_msix_fd(fn, 0), &(uint64_t){ 1 }, 8), 8);
	cr_expect_not(toy_take_msi(&msi), "off");
	write_config(fn->msix_cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	cr_expect_not(toy_take_msi(&msi), "… and forgotten");
	cr_expect_eq(pci_msix_count(fn, 0).raised, 1u);
	toy_machine_free(m);
}

/* ---- doorbells ---- */

static bool rung(const struct doorbell *bell)
{
	uint64_t n;

	return read(doorbell_fd(bell), &n, sizeof(n)) == sizeof(n);
}

Test(eventfds, a_doorbell_follows_its_bar, .timeout = 300)
{
	struct error err = { "" };
	struct doorbell *bell, *two;
	const uint64_t match = 2;

	start_nothing();
	cr_assert_eq(pci_doorbell(fn, 0, BELL_OFF, 1, NULL, &bell, &err), 0);
	cr_assert_eq(pci_doorbell(fn, 0, BELL_OFF + 4, 2, &match, &two, &err), 0);
	cr_expect_eq(toy_doorbells(), 2u);
	cr_expect(toy_ring(bar + BELL_OFF, 9, 1));
	cr_expect_not(toy_ring(bar + BELL_OFF + 4, 1, 2), "another value");
	cr_expect(toy_ring(bar + BELL_OFF + 4, 2, 2));
	write_config(PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	cr_expect_eq(toy_doorbells(), 2u);
	cr_expect_not(toy_ring(bar + BELL_OFF, 9, 1));
	cr_expect(toy_ring(0xd0000000 + BELL_OFF, 9, 1));
	cr_expect(rung(bell));
	cr_expect(rung(two));
	write_config(PCI_COMMAND, 2, 0);
	cr_expect_eq(toy_doorbells(), 0u, "not decoded");
	cr_expect_eq(pci_doorbell(fn, 0, 0xfff, 2, NULL, &bell, &err), -EINVAL);
	cr_expect_eq(pci_doorbell(fn, 0, 0x1000, 0, NULL, &bell, &err), -EINVAL);
	toy_machine_free(m);
}

/* The guest rings once before it stops for good. */
static void ring_by_guest(struct doorbell **bell)
{
	struct error err = { "" };
	struct toy_code code = { .len = 0 };

	toy_emit_addr(&code, TOY_OUT, 0xc0000000 + BELL_OFF);
	toy_emit(&code, TOY_TRIPLE);
	start(&code);
	cr_assert_eq(bar, 0xc0000000u);
	cr_assert_eq(pci_doorbell(fn, 0, BELL_OFF, 1, NULL, bell, &err), 0);
}

static void run(void)
{
	struct error err = { "" };

	cr_assert_eq(control_resume_all(m, NULL, &err), 0);
	cr_assert(toy_wait_stop(m, TOY_PATIENCE_MS));
}

Test(eventfds, a_doorbell_costs_no_exit, .timeout = 300)
{
	struct doorbell *bell;

	ring_by_guest(&bell);
	run();
	cr_expect(rung(bell));
	cr_expect_eq(toy->written, 0u, "nobody has seen it");
	toy_machine_free(m);
}

Test(eventfds, a_doorbell_is_seen_when_that_is_asked_for, .timeout = 300)
{
	struct doorbell *bell;

	ring_by_guest(&bell);
	doorbells_show(&toy->dev, true);
	doorbells_show(&toy->dev, true);
	doorbells_show(&toy->dev, false);
	cr_expect_eq(toy_doorbells(), 0u);
	run();
	cr_expect(rung(bell), "it rings all the same");
	cr_expect_eq(toy->written, 1u);
	doorbells_show(&toy->dev, false);
	cr_expect_eq(toy_doorbells(), 1u);
	toy_machine_free(m);
}

Test(eventfds, a_kvm_without_them, .timeout = 300)
{
	struct doorbell *bell;

	toy_has_eventfds = false;
	ring_by_guest(&bell);
	cr_expect_eq(toy_doorbells(), 0u);
	run();
	cr_expect(rung(bell));
	fill(0, 0x31, true);
	write_config(fn->msix_cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	pci_msix_notify(fn, 0);
	cr_expect_eq(toy_routes(), 0u);
	toy_machine_free(m);
}
