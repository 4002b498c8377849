// SPDX-License-Identifier: GPL-3.0-or-later
/* The teaching device, register by register, in the order of its specification. */
#include <criterion/criterion.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "hv/pci.h"
#include "tests/unit/fake_machine.h"

#define BAR  0xc0000000ull
#define LINE 11

static struct fake *f;

static void command(uint16_t bits)
{
	bus_write(&f->m.mmio, PCI_ECAM_BASE | 1 << 15 | PCI_COMMAND, 2, bits);
}

static void setup(void)
{
	struct error err = { "" };

	fake_watch_irqs();
	f = fake_create();
	cr_assert_not_null(f);
	cr_assert_eq(memory_create(&f->m.ram, -1, 1 << 20, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(f));
	command(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void teardown(void)
{
	memory_destroy(f->m.ram);
	f->m.ram = NULL;
	fake_destroy(f);
}

TestSuite(edu, .init = setup, .fini = teardown, .timeout = 120);

static uint64_t get(unsigned reg, unsigned size)
{
	uint64_t value;

	bus_read(&f->m.mmio, BAR + reg, size, &value);
	return value;
}

static void set(unsigned reg, unsigned size, uint64_t value)
{
	bus_write(&f->m.mmio, BAR + reg, size, value);
}

/* What takes a moment. */
static void wait_for_clear(unsigned reg, uint64_t bit)
{
	for (int turn = 0; turn < 1000 && (get(reg, 4) & bit); turn++)
		fake_run_for(f, 1);
	cr_assert_eq(get(reg, 4) & bit, 0u);
}

Test(edu, identification_and_liveness)
{
	cr_expect_eq(get(0x00, 4), 0x010000edu);
	set(0x00, 4, 0);
	cr_expect_eq(get(0x00, 4), 0x010000edu);
	set(0x04, 4, 0x00ff00f0);
	cr_expect_eq(get(0x04, 4), 0xff00ff0fu);
	cr_expect_eq(get(0x0c, 4), 0xffffffffu, "between registers");
	cr_expect_eq(get(0xffffc, 4), 0xffffffffu);
}

Test(edu, factorial)
{
	static const struct {
		uint32_t n, result;
	} cases[] = { { 0, 1 },		  { 1, 1 },  { 5, 120 },       { 12, 479001600 },
		      { 13, 1932053504 }, { 34, 0 }, { 0xffffffff, 0 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set(0x08, 4, cases[i].n);
		cr_expect_eq(get(0x20, 4), 1u, "computing");
		set(0x08, 4, 7);
		wait_for_clear(0x20, 1);
		cr_expect_eq(get(0x08, 4), cases[i].result, "%u!", cases[i].n);
	}
	cr_expect_eq(get(0x24, 4), 0u, "no interrupt unless asked for");
	set(0x20, 4, 0xffffffff);
	cr_expect_eq(get(0x20, 4), 0x80u);
	set(0x08, 4, 3);
	wait_for_clear(0x20, 1);
	cr_expect_eq(get(0x24, 4), 1u);
	cr_expect(fake_irq_level(LINE));
	set(0x64, 4, 1);
	cr_expect_not(fake_irq_level(LINE));
}

Test(edu, raise_and_acknowledge)
{
	set(0x60, 4, 0);
	cr_expect_not(fake_irq_level(LINE));
	set(0x60, 4, 0x30);
	cr_expect_eq(get(0x24, 4), 0x30u);
	cr_expect_eq(get(0x60, 4), 0u, "write-only");
	set(0x24, 4, 0);
	cr_expect_eq(get(0x24, 4), 0x30u, "read-only");
	set(0x64, 4, 0x10);
	cr_expect(fake_irq_level(LINE));
	set(0x64, 4, 0x20);
	cr_expect_not(fake_irq_level(LINE));
	cr_expect_eq(fake_irq_edges(LINE), 1u);
}

static void dma(uint64_t from, uint64_t to, uint64_t count, unsigned cmd)
{
	set(0x80, 8, from);
	set(0x88, 8, to);
	set(0x90, 8, count);
	set(0x98, 8, cmd | 1);
	cr_expect_eq(get(0x98, 8), cmd | 1);
	set(0x90, 8, 1);
	cr_expect_eq(get(0x90, 8), count, "nothing changes under way");
	wait_for_clear(0x98, 1);
}

Test(edu, dma_there_and_back)
{
	uint8_t *ram = memory_ptr(f->m.ram, 0, 1 << 20);

	memcpy(ram + 0x1000, "there and back", 15);
	dma(0x1000, 0x40ff0, 15, 0);
	cr_expect_eq(get(0x24, 4), 0u);
	dma(0x40ff0, 0x10002000, 15, 2 | 4);
	cr_expect_str_eq((char *)ram + 0x2000, "there and back", "28 address lines");
	cr_expect_eq(get(0x24, 4), 0x100u);
	cr_expect(fake_irq_level(LINE));
}

Test(edu, dma_stays_inside)
{
	static const struct {
		uint64_t from, to, count;
		unsigned cmd;
	} cases[] = {
		{ 0x1000, 0x40ff1, 16, 0 },	    { 0x1000, 0x3ffff, 16, 0 },
		{ 0x1000, 0x40000, UINT64_MAX, 0 }, { 0x1000, UINT64_MAX - 7, 16, 0 },
		{ 0x40001, 0x1000, 0x1000, 2 },	    { 0, 0x1000, 16, 2 },
		{ 0x40000, 0xffff8, 16, 2 },	    { 0x40000, 0xfffffff, 16, 2 },
	};
	uint8_t *ram = memory_ptr(f->m.ram, 0, 1 << 20);

	memset(ram, 0xaa, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		dma(cases[i].from, cases[i].to, cases[i].count, cases[i].cmd);
	command(PCI_COMMAND_MEMORY);
	dma(0x40000, 0x1000, 16, 2);
	for (size_t i = 0; i < 1 << 20; i++)
		cr_assert_eq(ram[i], 0xaa, "0x%zx", i);
	command(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	dma(0x40000, 0x1000, 0x1000, 2);
	for (size_t i = 0; i < 0x1000; i++)
		cr_assert_eq(ram[0x1000 + i], 0, "nothing was read either");
}

Test(edu, reset_stops_what_was_under_way)
{
	set(0x60, 4, 1);
	set(0x20, 4, 0x80);
	set(0x08, 4, 5);
	devices_reset(&f->m);
	fake_run_for(f, 2);
	cr_expect_not(fake_irq_level(LINE));
	command(PCI_COMMAND_MEMORY);
	cr_expect_eq(get(0x08, 4), 0u);
	cr_expect_eq(get(0x20, 4), 0u);
	cr_expect_eq(get(0x24, 4), 0u);
}

Test(edu, others_are_refused)
{
	static const char *const names[] = { "edu", "nothing", NULL };
	struct fake *g = fake_create();
	struct error err;

	g->cfg.devices = names;
	g->cfg.serial[1] = "none";
	cr_expect_lt(devices_create(&g->m, &g->cfg, &err), 0);
	cr_expect_not_null(strstr(err.text, "there is no device 'nothing' to add: there is "));
	cr_expect_not_null(strstr(err.text, "edu"));
	fake_destroy(g);
}
