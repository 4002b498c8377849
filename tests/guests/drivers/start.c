// SPDX-License-Identifier: GPL-3.0-or-later
/* How a guest that drives devices starts: one processor, the 8259s masked, no timer. */
#include "tests/guests/drivers/drivers.h"

static void no_interrupt(struct frame *frame)
{
	(void)frame;
	interrupt_done();
}

void driver_guest_init(const char *name, uint32_t start_info, uint32_t zero_page)
{
	check_as(name);
	kit_init(start_info, zero_page);
	cpu_init(0);
	timer_init(100, no_interrupt); /* masks the 8259s; the timer is never started */
}

/* For those that have one CPU. */
void __attribute__((weak)) cpu_main(struct percpu *cpu)
{
	(void)cpu;
}
