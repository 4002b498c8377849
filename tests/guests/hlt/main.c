// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * hlt: one CPU, halted for good. No timer runs and no interrupt is let through,
 * so that only a debugger can bring it to attention. What wakes it all the
 * same is counted in `wakeups`.
 *
 * With `off` on the command line the CPU halts with interrupts off.
 */
#include "tests/guests/kit/kit.h"

volatile uint64_t halts, wakeups;

__noinline static void halt_here(bool off)
{
	halts++;
	if (off)
		hlt();
	else
		sti_hlt();
	wakeups++;
}

static void no_interrupt(struct frame *frame)
{
	(void)frame;
	interrupt_done();
}

void cpu_main(struct percpu *cpu)
{
	(void)cpu;
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	bool off;

	kit_init(start_info, zero_page);
	cpu_init(0);
	paging_protect();
	timer_init(100, no_interrupt); /* masks the 8259s; the timer is never started */
	off = option_flag("off");
	print("hlt: halting with interrupts %s\n", off ? "off" : "on");
	for (;;)
		halt_here(off);
}
