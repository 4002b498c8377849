// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * platform: drivers of the board's small devices without an operating system. A word on
 * the command line says which: panic, crash.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line
 * that went wrong.
 */
#include "tests/guests/platform/platform.h"

static unsigned int line;

void check(bool ok, const char *what)
{
	line++;
	print("platform: %s: %s\n", what, ok ? "ok" : "WRONG");
	if (!ok)
		debug_exit((uint8_t)line);
}

/* ---- pvpanic: QEMU's docs/specs/pvpanic.rst ---- */

#define PVPANIC	     0x505
#define PANICKED     0x01
#define CRASH_LOADED 0x02

/* For a debugger: where the guest stands when it has told. */
void panic_told_here(void);

static void tell(uint8_t event)
{
	check((inb(PVPANIC) & event) == event, "pvpanic knows that event");
	asm volatile("outb %0, %1\n\t"
		     ".globl panic_told_here\n"
		     "panic_told_here:"
		     :
		     : "a"(event), "d"((uint16_t)PVPANIC));
	print("platform: the guest went on\n");
}

static void panic_drill(void)
{
	tell(PANICKED);
}

static void crash_drill(void)
{
	tell(CRASH_LOADED);
}

/* ---- all of it ---- */

static const struct {
	const char *name;
	void (*run)(void);
} drills[] = {
	{ "panic", panic_drill },
	{ "crash", crash_drill },
};

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
	for (size_t i = 0; i < ARRAY_SIZE(drills); i++)
		if (option_flag(drills[i].name))
			drills[i].run();
	debug_exit(0);
}
