// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ringer: the driver of tests/devices/ringer.c. Rings doorbells and takes MSI-X, with a vector
 * masked, with all masked, with the doorbells moved above 4 GiB; and uses RAM above 4 GiB when the
 * command line says `high`.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line
 * that went wrong.
 */
#include "tests/guests/drivers/drivers.h"

#define RINGER_ID 0x52491234

#define MSIX_ID	    0x11
#define MSIX_ENABLE (1u << 31)
#define MSIX_MASK   (1u << 30)

#define VECTORS	     4
#define FIRST_VECTOR VECTOR_TEST

#define BELL   0x100
#define MOVED  0x880000000ull /* 34 GiB */
#define RAM_AT 0x100000000ull

static volatile uint32_t *regs, *table;
static volatile unsigned int came[VECTORS];
static unsigned int rings;

/* Waits with a limit, so that a lost interrupt ends the test. */
static bool come_true(volatile unsigned int *count, unsigned int value)
{
	for (unsigned int tries = 0; tries < 3000000 && *count != value; tries++)
		cpu_relax();
	return *count == value;
}

/* Until the device's thread has served bell @n that often. */
static bool is_served(unsigned int n, unsigned int times)
{
	for (unsigned int tries = 0; tries < 300000; tries++)
		if (regs[n] == times)
			return true;
	return false;
}

static void on_message(struct frame *frame)
{
	came[frame->vector - FIRST_VECTOR]++;
	interrupt_done();
}

static void ring(unsigned int n)
{
	regs[BELL / 4 + n] = 1;
	rings++;
}

static void mask(unsigned int n, bool masked)
{
	table[n * 4 + 3] = masked;
}

static uint32_t pending(void)
{
	return table[0x800 / 4];
}

static void set_up(unsigned int cap)
{
	for (unsigned int n = 0; n < VECTORS; n++) {
		set_handler(FIRST_VECTOR + n, on_message);
		table[n * 4] = 0xfee00000;
		table[n * 4 + 1] = 0;
		table[n * 4 + 2] = FIRST_VECTOR + n;
		mask(n, false);
	}
	pci_write(cap, pci_read(cap) | MSIX_ENABLE);
	sti();
}

static void each_its_own(void)
{
	bool all = true;

	for (unsigned int n = 0; n < VECTORS; n++) {
		ring(n);
		all = all && come_true(&came[n], 1);
	}
	check(all, "each doorbell has its interrupt");
}

static void masks(unsigned int cap)
{
	mask(2, true);
	ring(2);
	check(is_served(2, 2) && pending() == 1 << 2 && came[2] == 1, "a masked vector is pending");
	mask(2, false);
	check(come_true(&came[2], 2) && !pending(), "and comes when it is not");
	pci_write(cap, pci_read(cap) | MSIX_MASK);
	ring(0);
	ring(3);
	check(is_served(0, 2) && is_served(3, 2) && pending() == 9 && came[0] == 1, "all masked");
	pci_write(cap, pci_read(cap) & ~MSIX_MASK);
	check(come_true(&came[0], 2) && come_true(&came[3], 2), "and not");
	mask(1, true);
	table[1 * 4 + 2] = FIRST_VECTOR + 3;
	mask(1, false);
	ring(1);
	check(come_true(&came[3], 3) && came[1] == 1, "a message changes its vector");
}

static void move(void)
{
	pci_write(PCI_BAR0, (uint32_t)MOVED);
	pci_write(PCI_BAR0 + 4, MOVED >> 32);
	window_map(0, MOVED);
	regs = window_page(0);
	ring(0);
	check(come_true(&came[0], 3), "its doorbells move above 4 GiB");
}

static void high_ram(void)
{
	volatile uint64_t *ram = window_page(1);

	window_map(1, RAM_AT);
	ram[0] = 0x1122334455667788;
	ram[511] = ~ram[0];
	check(ram[0] == 0x1122334455667788 && ram[511] == ~0x1122334455667788ull,
	      "there is RAM at 4 GiB");
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	unsigned int cap;

	driver_guest_init("ringer", start_info, zero_page);
	check(pci_find(RINGER_ID), "found");
	cap = pci_find_capability(MSIX_ID);
	check(cap && (pci_read(cap) >> 16 & 0x7ff) == VECTORS - 1, "it has MSI-X");
	pci_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	regs = (volatile uint32_t *)(uint64_t)(pci_read(PCI_BAR0) & ~15u);
	table = (volatile uint32_t *)(uint64_t)(pci_read(PCI_BAR2) & ~15u);
	set_up(cap);
	each_its_own();
	masks(cap);
	move();
	if (option_flag("high"))
		high_ram();
	print("ringer: %u of %u rings came with an exit\n", regs[0x10 / 4], rings);
	debug_exit(0);
}
