// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * edu: a driver of the PCI teaching device without an operating system. Finds
 * it by the ports and by ECAM, moves its BAR, computes, takes its interrupt by the I/O APIC
 * and as a message, and lets it read and write memory.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line
 * that went wrong.
 */
#include "tests/guests/drivers/drivers.h"

#define IOAPIC 0xfec00000ull

#define EDU_ID	    0x11e81234
#define MSI_ID	    0x05
#define VECTOR_INTX VECTOR_TEST
#define VECTOR_MSI  (VECTOR_TEST + 1)

#define EDU_BUFFER 0x40000

static volatile uint32_t *edu;
static volatile unsigned int intx_count, msi_count, spurious;

static void ioapic_write(uint8_t reg, uint32_t value)
{
	*(volatile uint32_t *)IOAPIC = reg;
	*(volatile uint32_t *)(IOAPIC + 0x10) = value;
}

/* Waits with a limit, so that a lost interrupt ends the test. */
static bool come_true(volatile unsigned int *count, unsigned int value)
{
	for (unsigned int tries = 0; tries < 3000000 && *count != value; tries++)
		cpu_relax();
	return *count == value;
}

static bool comes_clear(unsigned int reg, uint32_t bit)
{
	for (unsigned int tries = 0; tries < 100000; tries++)
		if (!(edu[reg / 4] & bit))
			return true;
	return false;
}

/* As every handler on a line that may be shared: it is for us only if the device says so. */
static void handle(volatile unsigned int *count)
{
	uint32_t status = edu[0x24 / 4];

	if (status) {
		edu[0x64 / 4] = status;
		++*count;
	} else {
		spurious++;
	}
	interrupt_done();
}

static void on_intx(struct frame *frame)
{
	(void)frame;
	handle(&intx_count);
}

static void on_msi(struct frame *frame)
{
	(void)frame;
	handle(&msi_count);
}

static void bar(void)
{
	uint32_t base = pci_read(PCI_BAR0), moved = base + 0x4000000;

	pci_write(PCI_BAR0, 0xffffffff);
	check(pci_read(PCI_BAR0) == 0xfff00000, "its BAR is 1 MiB");
	pci_write(PCI_BAR0, moved);
	pci_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	edu = (volatile uint32_t *)(uint64_t)moved;
	check(edu[0] == 0x010000ed, "it is where the BAR says");
	check(*(volatile uint32_t *)(uint64_t)base == 0xffffffff, "and nowhere else");
}

static void compute(void)
{
	edu[0x04 / 4] = 0x12345678;
	check(edu[0x04 / 4] == ~0x12345678u, "it is alive");
	edu[0x08 / 4] = 10;
	check(comes_clear(0x20, 1) && edu[0x08 / 4] == 3628800, "10! is 3628800");
}

static void intx(void)
{
	unsigned int gsi = pci_read(PCI_INTERRUPT) & 0xff;

	set_handler(VECTOR_INTX, on_intx);
	ioapic_write((uint8_t)(0x11 + 2 * gsi), 0);
	ioapic_write((uint8_t)(0x10 + 2 * gsi), 0x8000 | VECTOR_INTX); /* a level */
	sti();
	edu[0x60 / 4] = 0x10;
	check(come_true(&intx_count, 1), "it interrupts by its line");
	edu[0x20 / 4] = 0x80;
	edu[0x08 / 4] = 5;
	check(come_true(&intx_count, 2) && edu[0x08 / 4] == 120, "and when 5! is done");
	edu[0x20 / 4] = 0;
}

static void msi(void)
{
	unsigned int cap = pci_find_capability(MSI_ID);

	set_handler(VECTOR_MSI, on_msi);
	check(cap, "it has MSI");
	pci_write(cap + 4, 0xfee00000);
	pci_write(cap + 8, 0);
	pci_write(cap + 12, VECTOR_MSI);
	pci_write(cap, pci_read(cap) | 1 << 16);
	edu[0x60 / 4] = 0x20;
	check(come_true(&msi_count, 1) && intx_count == 2, "it interrupts by a message");
}

static void dma(uint64_t from, uint64_t to, uint32_t count, uint32_t command)
{
	edu[0x80 / 4] = (uint32_t)from;
	edu[0x88 / 4] = (uint32_t)to;
	edu[0x90 / 4] = count;
	edu[0x98 / 4] = command | 1;
}

/* Alone in their page, which a debugger may watch. */
static struct {
	char there[64], back[64];
	char rest[4096 - 128];
} own __attribute__((aligned(4096))) = { .there = "what the device reads and writes back" };

static void transfer(void)
{
	char *there = own.there, *back = own.back;
	const uint32_t size = sizeof(own.there);

	dma(physical_of(there), EDU_BUFFER + 100, size, 0);
	check(comes_clear(0x98, 1), "it reads memory");
	dma(EDU_BUFFER + 100, physical_of(back), size, 2 | 4);
	check(come_true(&msi_count, 2) && !memcmp(there, back, size), "it writes memory");
	pci_write(PCI_COMMAND, PCI_COMMAND_MEMORY);
	memset(back, 0, size);
	dma(EDU_BUFFER + 100, physical_of(back), size, 2);
	check(comes_clear(0x98, 1) && !back[0], "but not with bus mastering off");
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	driver_guest_init("edu", start_info, zero_page);
	check(pci_find_by_ports(EDU_ID), "found by the ports");
	check(pci_find(EDU_ID), "found by ECAM");
	bar();
	compute();
	intx();
	msi();
	transfer();
	print("edu: %u interrupts without a reason\n", spurious);
	if (option_flag("stay"))
		halt_forever();
	debug_exit(0);
}
