// SPDX-License-Identifier: GPL-3.0-or-later
/* MSI-X: the table, masks, and pending bits as a driver sees them, and what is sent. Without KVM
 * the messages go through the loop, so the trace is where they are watched. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/pci.h"
#include "tests/unit/fake_machine.h"

#define VECTORS 70 /* more than one group of pending bits */

struct toy {
	struct device dev;
	struct pci_func func;
};

static const struct reg no_regs[] = { { 0 } };
static const struct device_class toy_class = {
	.name = "toy",
	.stem = "toy",
	.help = "for the test",
	.size = sizeof(struct toy),
	.regs = no_regs,
};

static struct fake *f;
static struct pci_func *fn;
static uint64_t table; /* where the BAR is */
static unsigned cap;

enum { PBA = 0x800 };

static void write_config(unsigned off, unsigned size, uint32_t value)
{
	pci_config_write(&f->m, fn->slot << 3, off, size, value);
}

static uint32_t read_config(unsigned off, unsigned size)
{
	return (uint32_t)pci_config_read(&f->m, fn->slot << 3, off, size);
}

static void set(uint64_t off, unsigned size, uint64_t value)
{
	bus_write(&f->m.mmio, table + off, size, value);
}

static uint64_t get(uint64_t off, unsigned size)
{
	uint64_t value;

	bus_read(&f->m.mmio, table + off, size, &value);
	return value;
}

static void fill(unsigned vector, uint32_t data, bool masked)
{
	set(vector * 16 + PCI_MSIX_ENTRY_LOWER_ADDR, 4, 0xfee00000);
	set(vector * 16 + PCI_MSIX_ENTRY_UPPER_ADDR, 4, 0);
	set(vector * 16 + PCI_MSIX_ENTRY_DATA, 4, data);
	set(vector * 16 + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, masked);
}

static void setup(void)
{
	static const struct pci_id id = { 0x1af4, 0xffff, 0xff0000, 1 };
	struct error err = { "" };
	struct toy *toy;

	fake_watch_irqs();
	f = fake_create();
	cr_assert_not_null(f);
	cr_assert(fake_add_devices(f));
	toy = (struct toy *)device_new(&f->m, &toy_class, -1, &err);
	cr_assert_not_null(toy);
	fn = &toy->func;
	cr_assert_eq(pci_add(&toy->dev, fn, &id, &err), 0);
	cr_assert_eq(pci_add_msi(fn, &err), 0);
	cr_assert_eq(pci_add_msix(fn, 1, VECTORS, &err), 0, "%s", err.text);
	pci_add_intx(fn);
	pci_reset(&f->m);
	table = read_config(PCI_BASE_ADDRESS_1, 4);
	cap = fn->msix_cap;
	write_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bus_write(&f->m.mmio, 0, 1, 0); /* the bus now does what the write wanted */
}

static void teardown(void)
{
	fake_destroy(f);
}

TestSuite(msix, .init = setup, .fini = teardown, .timeout = 120);

static void enable(void)
{
	write_config(cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
}

static unsigned sent(uint32_t data)
{
	char what[40];

	snprintf(what, sizeof(what), "msi 0xfee00000 0x%x\n", data);
	return fake_traced(what);
}

Test(msix, capability)
{
	cr_expect_eq(read_config(cap, 1), 0x11u);
	cr_expect_eq(read_config(cap + PCI_MSIX_FLAGS, 2), VECTORS - 1u);
	cr_expect_eq(read_config(cap + PCI_MSIX_TABLE, 4), 1u, "at the beginning of BAR 1");
	cr_expect_eq(read_config(cap + PCI_MSIX_PBA, 4), PBA | 1u);
	write_config(PCI_BASE_ADDRESS_1, 4, 0xffffffff);
	cr_expect_eq(read_config(PCI_BASE_ADDRESS_1, 4), 0xfffff000u);
	write_config(cap + PCI_MSIX_FLAGS, 2, 0xffff);
	cr_expect_eq(read_config(cap + PCI_MSIX_FLAGS, 2), 0xc000u | (VECTORS - 1));
}

Test(msix, table_as_it_is_after_a_reset)
{
	cr_expect_eq(get(12, 4), 1u, "masked");
	fill(3, 0x4021, false);
	cr_expect_eq(get(3 * 16, 8), 0xfee00000u);
	cr_expect_eq(get(3 * 16 + 8, 8), 0x4021u);
	set(3 * 16, 4, 0xffffffff);
	cr_expect_eq(get(3 * 16, 4), 0xfffffffcu, "the two lowest bits are zero");
	set(3 * 16 + 12, 4, 0xffffffff);
	cr_expect_eq(get(3 * 16 + 12, 4), 1u, "reserved bits, too");
	set(3 * 16 + 8, 2, 0x1111);
	cr_expect_eq(get(3 * 16 + 8, 2), 0x4021u, "narrow writes do nothing");
	cr_expect_eq(get(3 * 16 + 9, 1), 0x40u);
	cr_expect_eq(get(VECTORS * 16, 8), 0u, "behind the last vector");
	set(VECTORS * 16 + 12, 4, 0);
	devices_reset(&f->m);
	write_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	bus_write(&f->m.mmio, 0, 1, 0);
	cr_expect_eq(get(3 * 16 + 8, 8), 1ull << 32);
}

Test(msix, is_sent_when_on)
{
	fill(2, 0x42, false);
	pci_msix_notify(fn, 2);
	cr_expect_not(pci_msix_enabled(fn));
	enable();
	cr_expect(pci_msix_enabled(fn));
	cr_expect_eq(sent(0x42), 0u, "what came before is forgotten");
	cr_expect_eq(get(PBA, 8), 0u);
	pci_msix_notify(fn, 2);
	cr_expect_eq(sent(0x42), 1u);
	pci_msix_notify(fn, VECTORS);
	pci_msix_notify(fn, 0xffff);
	cr_expect_eq(pci_msix_count(fn, 2).raised, 1u);
	cr_expect_eq(pci_msix_count(fn, VECTORS).raised, 0u);
	pci_intx_set(fn, true);
	cr_expect_not(fake_irq_level(pci_intx_gsi(fn)), "a message, so no line");
	write_config(cap + PCI_MSIX_FLAGS, 2, 0);
	cr_expect(fake_irq_level(pci_intx_gsi(fn)));
}

Test(msix, masked_vectors_pend)
{
	fill(0, 0x40, false);
	fill(69, 0x45, true);
	enable();
	pci_msix_notify(fn, 69);
	pci_msix_notify(fn, 69);
	cr_expect_eq(sent(0x45), 0u);
	cr_expect_eq(get(PBA, 8), 0u);
	cr_expect_eq(get(PBA + 8, 8), 1ull << 5);
	set(PBA + 8, 8, 0);
	cr_expect_eq(get(PBA + 8, 4), 1u << 5, "read-only");
	pci_msix_notify(fn, 0);
	cr_expect_eq(sent(0x40), 1u);
	set(69 * 16 + PCI_MSIX_ENTRY_DATA, 4, 0x55);
	set(69 * 16 + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	cr_expect_eq(sent(0x55), 1u, "once, and as the row says then");
	cr_expect_eq(get(PBA + 8, 4), 0u);
	cr_expect_eq(sent(0x45), 0u);
}

Test(msix, all_masked_and_no_bus_mastering)
{
	fill(1, 0x41, false);
	write_config(cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_msix_notify(fn, 1);
	cr_expect_eq(get(PBA, 4), 2u);
	write_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	enable();
	cr_expect_eq(sent(0x41), 0u);
	write_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	cr_expect_eq(sent(0x41), 1u);
	cr_expect_eq(get(PBA, 4), 0u);
}

Test(msix, by_the_eventfd)
{
	uint64_t one = 1;
	int fd = pci_msix_fd(fn, 5);

	cr_assert_geq(fd, 0);
	cr_expect_eq(pci_msix_fd(fn, VECTORS), -ENOENT);
	fill(5, 0x4a, true);
	enable();
	cr_assert_eq(write(fd, &one, 8), 8);
	cr_expect_eq(get(PBA, 4), 1u << 5, "pending before anybody has looked at it");
	fake_run(f);
	cr_expect_eq(get(PBA, 4), 1u << 5);
	set(5 * 16 + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	fake_run(f);
	cr_expect_eq(sent(0x4a), 1u);
	cr_assert_eq(write(fd, &one, 8), 8);
	fake_run(f);
	cr_expect_eq(sent(0x4a), 2u);
	devices_reset(&f->m);
	cr_assert_eq(write(fd, &one, 8), 8);
	fake_run(f);
	cr_expect_eq(sent(0x4a), 2u, "nothing after a reset");
}

Test(msix, description)
{
	struct strbuf sb = STRBUF_INIT;

	fill(2, 0x42, false);
	fill(3, 0x43, true);
	enable();
	pci_msix_notify(fn, 2);
	pci_msix_notify(fn, 3);
	pci_describe(&f->m, &sb);
	cr_expect(
		strstr(strbuf_str(&sb),
		       "MSI-X: on, 70 vectors, table at 0x0 and pending bits at 0x800 of BAR1\n"
		       "    vector 2: address 0xfee00000, data 0x0042, 1 sent\n"
		       "    vector 3: address 0xfee00000, data 0x0043, masked, pending, 0 sent\n"),
		"%s", strbuf_str(&sb));
	strbuf_free(&sb);
}

Test(msix, only_what_there_is)
{
	struct error err = { "" };

	cr_expect_eq(pci_add_msix(fn, 3, 0, &err), -EINVAL);
	cr_expect_eq(pci_add_msix(fn, 3, PCI_MSIX_MAX + 1, &err), -EINVAL);
	cr_expect_str_eq(err.text, "toy0: MSI-X has 1 to 2048 vectors, not 2049");
}
