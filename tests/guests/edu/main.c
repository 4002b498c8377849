// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * edu: a driver of the PCI teaching device without an operating system. Finds
 * it by the ports and by ECAM, moves its BAR, computes, takes its interrupt by the I/O APIC
 * and as a message, and lets it read and write memory.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line
 * that went wrong.
 */
#include "tests/guests/kit/kit.h"

#define ECAM   0xe0000000ull
#define IOAPIC 0xfec00000ull

#define SLOTS	  32
#define EDU_ID	  0x11e81234
#define COMMAND	  0x04
#define BAR0	  0x10
#define CAPS	  0x34
#define INTERRUPT 0x3c

#define COMMAND_MEMORY 0x2
#define COMMAND_MASTER 0x4

#define VECTOR_INTX VECTOR_TEST
#define VECTOR_MSI  (VECTOR_TEST + 1)

#define EDU_BUFFER 0x40000

static unsigned int slot;
static volatile uint32_t *edu;
static volatile unsigned int intx_count, msi_count, spurious;
static unsigned int line;

static void check(bool ok, const char *what)
{
	line++;
	print("edu: %s: %s\n", what, ok ? "ok" : "WRONG");
	if (!ok)
		debug_exit((uint8_t)line);
}

static volatile uint32_t *ecam(unsigned int reg)
{
	return (volatile uint32_t *)(ECAM | slot << 15 | reg);
}

static uint32_t by_ports(unsigned int reg)
{
	outl(0xcf8, 0x80000000 | slot << 11 | reg);
	return inl(0xcfc);
}

static bool find(void)
{
	for (slot = 0; slot < SLOTS; slot++)
		if (by_ports(0) == EDU_ID)
			return true;
	return false;
}

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
	uint32_t base = *ecam(BAR0), moved = base + 0x4000000;

	*ecam(BAR0) = 0xffffffff;
	check(*ecam(BAR0) == 0xfff00000, "its BAR is 1 MiB");
	*ecam(BAR0) = moved;
	*ecam(COMMAND) = COMMAND_MEMORY | COMMAND_MASTER;
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
	unsigned int gsi = *ecam(INTERRUPT) & 0xff;

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
	unsigned int cap = *ecam(CAPS) & 0xff;

	set_handler(VECTOR_MSI, on_msi);
	check(cap && (*ecam(cap) & 0xff) == 5, "it has MSI");
	*ecam(cap + 4) = 0xfee00000;
	*ecam(cap + 8) = 0;
	*ecam(cap + 12) = VECTOR_MSI;
	*ecam(cap) |= 1 << 16;
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
	*ecam(COMMAND) = COMMAND_MEMORY;
	memset(back, 0, size);
	dma(EDU_BUFFER + 100, physical_of(back), size, 2);
	check(comes_clear(0x98, 1) && !back[0], "but not with bus mastering off");
}

void cpu_main(struct percpu *cpu)
{
	(void)cpu;
}

static void no_interrupt(struct frame *frame)
{
	(void)frame;
	interrupt_done();
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	kit_init(start_info, zero_page);
	cpu_init(0);
	timer_init(100, no_interrupt); /* masks the 8259s; the timer is never started */
	check(find(), "found by the ports");
	check(*ecam(0) == EDU_ID, "found by ECAM");
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
