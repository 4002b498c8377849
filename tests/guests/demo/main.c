// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The demo guest's start and its timer.
 *
 * CPU 0 arrives in kernel_main() from boot.S, finds its devices, starts the
 * timer and the other CPUs, and then does what they all do: run the function
 * of the mode, which is schedule() unless the command line says otherwise.
 *
 *   quiet            nothing on the console but errors
 *   hz=N             timer interrupts per second (100)
 *   ticks=N          leave through the debug-exit port with 0 after N ticks of CPU 0
 *   mode=NAME        idle spin storm loop pio panic triple bp faults (see modes.c)
 *   calls=N          leave when each CPU has done N of the mode's deeds
 *   port=N           the port that mode=pio writes to (0x80)
 *   panic=N          leave with N after an unexpected exception, instead of halting
 */
#include "tests/guests/demo/demo.h"

uint64_t hz = DEFAULT_HZ;
volatile uint64_t ticks;
bool quiet;

/*
 * In a page of its own: where a debugger can watch memory only by protecting
 * the page, nothing else is slowed down.
 */
volatile uint64_t heartbeat __attribute__((section(".own_page"), aligned(4096)));

static uint64_t last_tick;
static mode_fn *mode = schedule;

__noinline static void beat(uint64_t now)
{
	heartbeat = now;
}

/* The timekeeping that only CPU 0 does. */
__noinline static void clock_tick(void)
{
	uint64_t now = ticks + 1;

	ticks = now;
	beat(now);
	wake_sleepers(now);
	if (now == last_tick)
		debug_exit(0);
}

__noinline static void timer_interrupt(struct frame *frame)
{
	struct percpu *cpu = this_cpu();

	(void)frame;
	interrupt_done();
	account_tick(cpu, cpu->current);
	if (cpu->id == 0)
		clock_tick();
}

static void choose_mode(void)
{
	char name[16];

	if (!option_text("mode", name, sizeof(name)))
		return;
	mode = mode_find(name);
	if (!mode) {
		print("mode=%s: no such mode\n", name);
		debug_exit(2);
	}
}

static void read_options(void)
{
	quiet = option_flag("quiet");
	last_tick = option_number("ticks", 0);
	hz = option_number("hz", DEFAULT_HZ);
	if (hz < 1 || hz > 10000)
		hz = DEFAULT_HZ;
	choose_mode();
}

void cpu_main(struct percpu *cpu)
{
	timer_start();
	sti();
	for (;;)
		mode(cpu);
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	kit_init(start_info, zero_page);
	cpu_init(0);
	paging_protect();
	read_options();
	if (!quiet)
		print("vitrine demo guest: booted by the %s protocol, devices from %s\n",
		      machine.boot, machine.has_tree ? "the device tree" : "habit");

	timer_init(hz, timer_interrupt);
	set_handler(VECTOR_RESCHEDULE, reschedule_interrupt);
	smp_start();
	if (!quiet)
		print("CPUs: %u, timer: %s at %lu Hz, tasks: %u\n", cpus_online, timer_name, hz,
		      nr_tasks);
	smp_release();
	cpu_main(this_cpu());
}
