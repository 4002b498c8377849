// SPDX-License-Identifier: GPL-3.0-or-later
/* PCI as a guest sees it: configuration by the ports and by ECAM, BARs, interrupts. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/pci.h"
#include "tests/unit/fake_machine.h"

/* A device with each kind of BAR. */
struct toy {
	struct device dev;
	uint32_t reg[4];
	struct pci_func func;
};

static const struct reg toy_regs[] = {
	{ .name = "reg", .offset = 0, .width = 4, .count = 4, REG_STATE(struct toy, reg) },
	{ 0 },
};
static const struct device_class toy_class = {
	.name = "toy",
	.stem = "toy",
	.help = "for the test",
	.size = sizeof(struct toy),
	.space = 0x10000,
	.regs = toy_regs,
};

static struct fake *f;
static struct toy *toy; /* in slot 2, behind edu */

enum { EDU = 1 << 11, TOY = 2 << 11 };
#define WINDOW 0xcfc

static void setup(void)
{
	static const char *const devices[] = { "edu", NULL };
	static const struct pci_id id = { 0x1af4, 0xffff, 0xff0000, 1 };
	struct error err = { "" };

	fake_watch_irqs();
	f = fake_create();
	cr_assert_not_null(f);
	f->cfg.devices = devices;
	f->cfg.serial[1] = "none";
	cr_assert_eq(memory_create(&f->m.ram, -1, 1 << 20, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(f));
	toy = (struct toy *)device_new(&f->m, &toy_class, -1, &err);
	cr_assert_not_null(toy);
	cr_assert_eq(pci_add(&toy->dev, &toy->func, &id, &err), 0);
	cr_assert_eq(pci_add_bar(&toy->func, 0, PCI_BAR_IO, 16, 0, &err), 0);
	cr_assert_eq(pci_add_bar(&toy->func, 2, PCI_BAR_MEM64, 0x10000, 0, &err), 0);
	cr_assert_eq(pci_add_msi(&toy->func, &err), 0);
	pci_add_intx(&toy->func);
	pci_reset(&f->m);
}

static void teardown(void)
{
	memory_destroy(f->m.ram);
	f->m.ram = NULL;
	fake_destroy(f);
}

TestSuite(pci, .init = setup, .fini = teardown, .timeout = 120);

static uint32_t get(uint32_t where, unsigned reg, unsigned size)
{
	fake_out(f, 0xcf8, 4, 0x80000000 | where | (reg & 0xfc));
	return (uint32_t)fake_in(f, (uint16_t)(WINDOW + (reg & 3)), size);
}

static void set(uint32_t where, unsigned reg, unsigned size, uint32_t value)
{
	fake_out(f, 0xcf8, 4, 0x80000000 | where | (reg & 0xfc));
	fake_out(f, (uint16_t)(WINDOW + (reg & 3)), size, value);
}

static uint64_t mem(uint64_t addr, unsigned size)
{
	uint64_t value;

	bus_read(&f->m.mmio, addr, size, &value);
	return value;
}

static void set_mem(uint64_t addr, unsigned size, uint64_t value)
{
	bus_write(&f->m.mmio, addr, size, value);
}

/* ---- the ways to configuration ---- */

Test(pci, ports_of_any_size)
{
	cr_expect_eq(get(0, 0, 4), 0x0d578086u);
	cr_expect_eq(get(EDU, 0, 4), 0x11e81234u);
	cr_expect_eq(get(EDU, 2, 2), 0x11e8u);
	cr_expect_eq(get(EDU, 3, 1), 0x11u);
	cr_expect_eq(get(EDU, 8, 4), 0x00ff0010u);
	cr_expect_eq(fake_in(f, 0xcf8, 4), 0x80000000u | EDU | 8);
	cr_expect_eq(get(9 << 11, 0, 4), 0xffffffffu, "an empty slot");
	cr_expect_eq(get(EDU | 1 << 8, 0, 4), 0xffffffffu, "a function that is not there");
	cr_expect_eq(get(EDU | 1 << 16, 0, 4), 0xffffffffu, "another bus");
	fake_out(f, 0xcf8, 4, EDU);
	cr_expect_eq(fake_in(f, WINDOW, 4), 0xffffffffu, "without the enable bit");
}

Test(pci, only_32_bits_reach_the_address)
{
	fake_out(f, 0xcf8, 4, 0x80000000 | EDU);
	fake_out(f, 0xcf8, 1, 0x55);
	fake_out(f, 0xcf8, 2, 0x5555);
	fake_out(f, 0xcfa, 2, 0x5555);
	cr_expect_eq(fake_in(f, 0xcf8, 4), 0x80000000u | EDU);
	cr_expect_eq(fake_in(f, 0xcf8, 2), 0xffffu);
	/* The reset register in its middle keeps its own byte. */
	fake_out(f, 0xcf8, 4, 0x80000400 | TOY);
	cr_expect_eq(fake_in(f, 0xcf9, 1), 0u);
	fake_out(f, 0xcf9, 1, 0x02);
	cr_expect_eq(fake_in(f, 0xcf9, 1), 0x02u);
	cr_expect_eq(fake_in(f, 0xcf8, 4), 0x80000400u | TOY);
}

Test(pci, ecam_shows_the_same)
{
	cr_expect_eq(mem(PCI_ECAM_BASE, 4), 0x0d578086u);
	cr_expect_eq(mem(PCI_ECAM_BASE | 1 << 15, 8), 0x11e81234u | (uint64_t)get(EDU, 4, 4) << 32);
	cr_expect_eq(mem(PCI_ECAM_BASE | 1 << 15 | 2, 2), 0x11e8u);
	cr_expect_eq(mem(PCI_ECAM_BASE | 1 << 15 | 0x100, 4), 0xffffffffu, "no extended space");
	cr_expect_eq(mem(PCI_ECAM_BASE | 1 << 15 | 0xfd, 8) >> 24, 0xffffffffffu);
	cr_expect_eq(mem(PCI_ECAM_BASE | 31 << 15, 4), 0xffffffffu);
	set_mem(PCI_ECAM_BASE | 1 << 15 | PCI_INTERRUPT_LINE, 1, 0x77);
	cr_expect_eq(get(EDU, PCI_INTERRUPT_LINE, 1), 0x77u);
}

Test(pci, masks)
{
	uint32_t before = get(EDU, PCI_CLASS_REVISION, 4), cap = get(EDU, PCI_CAPABILITY_LIST, 1);

	for (unsigned reg = 0; reg < 256; reg++)
		set(EDU, reg, 1, 0xff);
	cr_expect_eq(get(EDU, PCI_VENDOR_ID, 4), 0x11e81234u);
	cr_expect_eq(get(EDU, PCI_CLASS_REVISION, 4), before);
	cr_expect_eq(get(EDU, PCI_CAPABILITY_LIST, 1), cap);
	cr_expect_eq(get(EDU, PCI_COMMAND, 2), 0x546u, "memory, master, parity, SERR, INTx");
	cr_expect_eq(get(EDU, PCI_BASE_ADDRESS_1, 4), 0u);
	cr_expect_eq(get(EDU, cap, 2), 5u, "MSI, the last one");
	cr_expect_eq(get(EDU, cap + 2, 2), 0xf1u, "one vector, 64 bits, no more than that");
}

Test(pci, status_bits_are_cleared_by_ones)
{
	toy->func.config[PCI_STATUS + 1] = 0xf0;
	set(TOY, PCI_STATUS + 1, 1, 0x30);
	cr_expect_eq(get(TOY, PCI_STATUS + 1, 1), 0xc0u);
	set(TOY, PCI_COMMAND, 2, 0);
	cr_expect_eq(get(TOY, PCI_STATUS + 1, 1), 0xc0u, "not by a write beside them");
}

/* ---- BARs ---- */

Test(pci, bars_are_placed_and_off)
{
	cr_expect_eq(get(EDU, PCI_BASE_ADDRESS_0, 4), 0xc0000000u);
	cr_expect_eq(get(EDU, PCI_COMMAND, 2), 0u);
	cr_expect_eq(get(EDU, PCI_INTERRUPT_LINE, 2), 0x010bu);
	cr_expect_eq(get(TOY, PCI_BASE_ADDRESS_0, 4), 0xc001u);
	cr_expect_eq(get(TOY, PCI_BASE_ADDRESS_2, 4), 0xc0100004u);
	cr_expect_eq(get(TOY, PCI_BASE_ADDRESS_3, 4), 0u);
	cr_expect_eq(mem(0xc0000000, 4), 0xffffffffu);
	set(EDU, PCI_COMMAND, 1, PCI_COMMAND_MEMORY);
	cr_expect_eq(mem(0xc0000000, 4), 0x010000edu);
	set(EDU, PCI_COMMAND, 1, 0);
	cr_expect_eq(mem(0xc0000000, 4), 0xffffffffu);
}

Test(pci, bars_tell_their_size)
{
	set(EDU, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	set(TOY, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	set(TOY, PCI_BASE_ADDRESS_2, 4, 0xffffffff);
	set(TOY, PCI_BASE_ADDRESS_3, 4, 0xffffffff);
	cr_expect_eq(get(EDU, PCI_BASE_ADDRESS_0, 4), 0xfff00000u);
	cr_expect_eq(get(TOY, PCI_BASE_ADDRESS_0, 4), 0xfffffff1u);
	cr_expect_eq(get(TOY, PCI_BASE_ADDRESS_2, 4), 0xffff0004u);
	cr_expect_eq(get(TOY, PCI_BASE_ADDRESS_3, 4), 0xffffffffu);
}

Test(pci, bars_move)
{
	toy->reg[1] = 0x11223344;
	set(TOY, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	cr_expect_eq(fake_in(f, 0xc004, 4), 0x11223344u);
	set(TOY, PCI_BASE_ADDRESS_0, 4, 0xd000);
	cr_expect_eq(fake_in(f, 0xc004, 4), 0xffffffffu);
	cr_expect_eq(fake_in(f, 0xd004, 4), 0x11223344u);
	set(TOY, PCI_BASE_ADDRESS_2, 4, 0x20000);
	set(TOY, PCI_BASE_ADDRESS_3, 4, 0x12);
	cr_expect_eq(mem(0xc0100004, 4), 0xffffffffu);
	cr_expect_eq(mem(0x1200020004, 4), 0x11223344u);
	/* By ECAM, too: a change of one bus from a callback of the other and of itself. */
	set_mem(PCI_ECAM_BASE | 2 << 15 | PCI_BASE_ADDRESS_0, 4, 0xe000);
	set_mem(PCI_ECAM_BASE | 2 << 15 | PCI_BASE_ADDRESS_3, 4, 0x13);
	cr_expect_eq(fake_in(f, 0xe004, 4), 0x11223344u);
	cr_expect_eq(mem(0x1300020004, 4), 0x11223344u);
	devices_reset(&f->m);
	cr_expect_eq(mem(0x1300020004, 4), 0xffffffffu);
	cr_expect_eq(get(TOY, PCI_BASE_ADDRESS_2, 4), 0xc0100004u);
}

/* Another device, with BAR 0 of @kind and @size. */
static struct pci_func *add_with_bar(enum pci_bar_kind kind, uint64_t size)
{
	static const struct pci_id id = { 0x1af4, 0xfffe, 0xff0000, 1 };
	struct error err = { "" };
	struct toy *another = (struct toy *)device_new(&f->m, &toy_class, -1, &err);

	cr_assert_not_null(another);
	cr_assert_eq(pci_add(&another->dev, &another->func, &id, &err), 0);
	cr_assert_eq(pci_add_bar(&another->func, 0, kind, size, 0, &err), 0, "%s", err.text);
	return &another->func;
}

Test(pci, bars_above_4_gib)
{
	struct pci_window high = pci_high_window(&f->m);
	struct pci_func *small = add_with_bar(PCI_BAR_PREF64, 0x10000);
	struct pci_func *large = add_with_bar(PCI_BAR_PREF64, 1ull << 32);
	struct pci_func *filler = add_with_bar(PCI_BAR_MEM32, 256ull << 20);
	struct pci_func *wide = add_with_bar(PCI_BAR_MEM64, 512ull << 20);
	struct pci_func *huge = add_with_bar(PCI_BAR_MEM64, 1ull << 40);
	uint32_t where = large->slot << 11;

	pci_reset(&f->m);
	cr_expect_eq(high.base, 32ull << 30);
	cr_expect_lt(pci_bar_address(small, 0), 1ull << 32, "below, while there is room");
	cr_expect_lt(pci_bar_address(filler, 0), 1ull << 32);
	cr_expect_eq(pci_bar_address(large, 0), high.base);
	cr_expect_eq(pci_bar_address(wide, 0), high.base + (1ull << 32), "none left below");
	cr_expect_eq(pci_bar_address(huge, 0), 0u, "nowhere");
	cr_expect_eq(get(where, PCI_BASE_ADDRESS_0, 4), 0xcu, "64-bit, prefetchable");
	cr_expect_eq(get(where, PCI_BASE_ADDRESS_1, 4), 8u);
	set(where, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	set(where, PCI_BASE_ADDRESS_1, 4, 0xffffffff);
	cr_expect_eq(get(where, PCI_BASE_ADDRESS_0, 4), 0xcu);
	cr_expect_eq(get(where, PCI_BASE_ADDRESS_1, 4), 0xffffffffu, "4 GiB");
	set(where, PCI_BASE_ADDRESS_1, 4, 9);
	set(where, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	cr_expect_eq(mem(9ull << 32, 4), 0u, "it answers there");
}

Test(pci, no_window_without_addresses)
{
	struct pci_window high;

	memory_destroy(f->m.ram);
	cr_assert_eq(memory_create(&f->m.ram, -1, 80ull << 30, NULL), 0);
	pci_destroy(&f->m);
	cr_assert_eq(pci_create(&f->m, NULL), 0);
	high = pci_high_window(&f->m);
	cr_expect_eq(high.size, 0u, "RAM takes all of 36 bits");
}

Test(pci, bars_in_each_others_way)
{
	toy->reg[0] = 0x11223344;
	set(EDU, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	set(TOY, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	set(TOY, PCI_BASE_ADDRESS_2, 4, 0xc0000000);
	cr_expect_eq(mem(0xc0000000, 4), 0x010000edu, "the first one keeps it");
	set(EDU, PCI_BASE_ADDRESS_0, 4, 0xc0100000);
	cr_expect_eq(mem(0xc0000000, 4), 0x11223344u, "… until it goes");
	set(TOY, PCI_BASE_ADDRESS_2, 4, (uint32_t)PCI_ECAM_BASE);
	cr_expect_eq(mem(PCI_ECAM_BASE, 4), 0x0d578086u, "configuration stays reachable");
	set(TOY, PCI_BASE_ADDRESS_0, 4, 0xcf0);
	cr_expect_eq(get(EDU, 0, 4), 0x11e81234u);
	set(TOY, PCI_BASE_ADDRESS_2, 4, 0xffffffff);
	set(TOY, PCI_BASE_ADDRESS_3, 4, 0xffffffff);
	set(TOY, PCI_BASE_ADDRESS_2, 4, 0);
	set(TOY, PCI_BASE_ADDRESS_3, 4, 0);
	cr_expect_eq(mem(0, 4), 0xffffffffu, "zero is nowhere");
}

/* ---- interrupts ---- */

Test(pci, lines_are_shared)
{
	struct pci_func *edu = pci_func_at(&f->m, 1);

	cr_expect_eq(pci_intx_gsi(edu), 11);
	cr_expect_eq(pci_intx_gsi(&toy->func), 10);
	toy->func.slot = 3; /* the same line as edu's */
	pci_intx_set(edu, true);
	pci_intx_set(&toy->func, true);
	cr_expect(fake_irq_level(11));
	pci_intx_set(edu, false);
	cr_expect(fake_irq_level(11));
	pci_intx_set(&toy->func, false);
	cr_expect_not(fake_irq_level(11));
	cr_expect_eq(fake_irq_edges(11), 1u);
	toy->func.slot = 2;
}

Test(pci, command_holds_the_line_off)
{
	pci_intx_set(&toy->func, true);
	cr_expect(fake_irq_level(10));
	cr_expect(get(TOY, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	set(TOY, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	cr_expect_not(fake_irq_level(10));
	cr_expect(get(TOY, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, "it says so all the same");
	set(TOY, PCI_COMMAND, 2, 0);
	cr_expect(fake_irq_level(10));
	devices_reset(&f->m);
	cr_expect_not(fake_irq_level(10));
}

Test(pci, msi_has_address_and_data)
{
	unsigned cap = get(TOY, PCI_CAPABILITY_LIST, 1);

	set(TOY, cap + PCI_MSI_ADDRESS_LO, 4, 0xfee01003);
	set(TOY, cap + PCI_MSI_ADDRESS_HI, 4, 0x12);
	set(TOY, cap + PCI_MSI_DATA_64, 4, 0xffff4041);
	cr_expect_eq(get(TOY, cap + PCI_MSI_ADDRESS_LO, 4), 0xfee01000u);
	cr_expect_eq(get(TOY, cap + PCI_MSI_DATA_64, 4), 0x4041u);
	pci_msi_send(&toy->func);
	set(TOY, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	cr_expect(pci_msi_enabled(&toy->func));
	pci_msi_send(&toy->func);
	cr_expect_not(fake_traced("msi 0x"), "neither off nor without bus mastering");
	set(TOY, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	pci_msi_send(&toy->func);
	cr_expect(fake_traced("msi 0x12fee01000 0x4041\n"));
	pci_intx_set(&toy->func, true);
	cr_expect_not(fake_irq_level(10), "a message, so no line");
}

/* ---- DMA ---- */

Test(pci, dma_stays_in_ram)
{
	char buf[16] = "0123456789abcde";

	cr_expect_eq(pci_dma_write(&toy->func, 0x1000, buf, 16), -EACCES);
	set(TOY, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	cr_expect_eq(pci_dma_write(&toy->func, 0x1000, buf, 16), 0);
	memset(buf, 0, sizeof(buf));
	cr_expect_eq(pci_dma_read(&toy->func, 0x1000, buf, 16), 0);
	cr_expect_str_eq(buf, "0123456789abcde");
	cr_expect_eq(pci_dma_write(&toy->func, (1 << 20) - 8, buf, 16), -EFAULT);
	cr_expect_eq(pci_dma_read(&toy->func, UINT64_MAX - 3, buf, 16), -EFAULT);
	cr_expect_eq(pci_dma_read(&toy->func, 0xc0000000, buf, 16), -EFAULT, "no device's memory");
}

/* ---- for a person ---- */

Test(pci, description)
{
	struct strbuf sb = STRBUF_INIT;

	set(TOY, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	pci_describe(&f->m, &sb);
	cr_expect(strstr(strbuf_str(&sb), "00:01.0 edu0: 1234:11e8 class 00ff00 revision 10\n"),
		  "%s", strbuf_str(&sb));
	cr_expect(strstr(strbuf_str(&sb), "  command 0x0005 [IO MASTER], status 0x0010\n"
					  "  BAR0: ports 0xc000-0xc00f\n"
					  "  BAR2: 64-bit memory 0xc0100000-0xc010ffff, off\n"
					  "  INTA#: interrupt 10, down\n"
					  "  capability 0x40 MSI: off, address 0x0, data 0x0000\n"),
		  "%s", strbuf_str(&sb));
	strbuf_free(&sb);
}
