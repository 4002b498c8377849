// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * load: accesses for a benchmark to count, and work for a profiler to find. `pio=N` writes N times
 * to the scratch register of the first serial port; the lines before and after are what the
 * benchmark takes the time between. `spin` works for ever.
 */
#include "tests/guests/kit/kit.h"

#define UART_SCRATCH 7

static void pio(uint64_t count)
{
	asm volatile("1: outb %%al, %%dx\n\t"
		     "decq %0\n\t"
		     "jnz 1b"
		     : "+r"(count)
		     : "a"(0), "d"(machine.uart_port + UART_SCRATCH)
		     : "memory");
}

static volatile uint64_t rounds;

/* The two are alike, but for how long they take. */
__noinline static void work_long(uint64_t count)
{
	while (count--)
		rounds++;
}

__noinline static void work_short(uint64_t count)
{
	while (count--)
		rounds++;
}

/* Three quarters of the time in one function, a quarter in another. */
__noinline static void spin(void)
{
	for (;;) {
		work_long(3000);
		work_short(1000);
	}
}

void cpu_main(struct percpu *cpu)
{
	(void)cpu;
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	uint64_t count;

	kit_init(start_info, zero_page);
	cpu_init(0);
	count = option_number("pio", 0);
	print("load: begin\n");
	if (count)
		pio(count);
	if (option_flag("spin"))
		spin();
	print("load: end\n");
	debug_exit(0);
}
