// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Other lives for the CPUs, for tests and benchmarks. All CPUs run the mode's
 * function; those that end the guest act on CPU 0 and leave the others idle.
 *
 *   idle     halts between timer interrupts
 *   spin     counts in spin_count[cpu] with interrupts off (`ticks=` never comes)
 *   storm    calls storm_target(cpu, n), n = 1, 2, 3, ...; storm_count[cpu] is the n of the
 *            call that is being made or was made last
 *   loop     calls loop_line(loop_rounds): a loop on one line, to be stepped over
 *   pio      writes to a port (`port=`), counted in pio_count[cpu]
 *   panic    writes through a null pointer
 *   triple   breakpoints with an empty IDT
 *   faults   exceptions and accesses that a debugger can catch (faults.c)
 *   bp       uses the processor's debug features itself (selfdebug.c)
 */
#include "tests/guests/demo/demo.h"

volatile uint64_t spin_count[NR_CPUS];
volatile uint64_t storm_count[NR_CPUS];
volatile uint64_t loop_rounds = 50000; /* a debugger may change it */
volatile uint64_t pio_count[NR_CPUS];

static uint32_t done;
static uint32_t failures_of_all;

uint64_t mode_calls(void)
{
	return option_number("calls", 0);
}

void mode_done(uint8_t failures)
{
	this_cpu()->doing = "done";
	__atomic_fetch_or(&failures_of_all, failures, __ATOMIC_RELAXED);
	if (__atomic_add_fetch(&done, 1, __ATOMIC_ACQ_REL) == cpus_online)
		debug_exit(failures_of_all);
	halt_forever();
}

static void mode_idle(struct percpu *cpu)
{
	cpu->doing = "idle";
	hlt();
}

/* One line of C and nothing else: where the CPUs are when they are stopped. */
__noinline static void spin(unsigned int cpu, uint64_t calls)
{
	do
		spin_count[cpu]++;
	while (spin_count[cpu] != calls);
}

static void mode_spin(struct percpu *cpu)
{
	uint64_t calls = mode_calls();

	cli();
	cpu->doing = "spinning";
	spin(cpu->id, calls);
	mode_done(0);
}

/* Does nothing, but the compiler must not know that. */
__noinline void storm_target(unsigned int cpu, uint64_t n);
__noinline void storm_target(unsigned int cpu, uint64_t n)
{
	asm volatile("" : : "r"(cpu), "r"(n));
}

static void mode_storm(struct percpu *cpu)
{
	uint64_t calls = mode_calls();

	cpu->doing = "storming";
	do {
		storm_count[cpu->id]++;
		storm_target(cpu->id, storm_count[cpu->id]);
	} while (storm_count[cpu->id] != calls);
	mode_done(0);
}

/* Two instructions a round, and no other line of source. */
__noinline static uint64_t loop_line(uint64_t rounds)
{
	asm volatile("1: dec %0; jnz 1b" : "+r"(rounds) : : "cc");
	return rounds;
}

static void mode_loop(struct percpu *cpu)
{
	cpu->doing = "looping";
	loop_line(loop_rounds);
}

static void mode_pio(struct percpu *cpu)
{
	uint64_t calls = mode_calls();
	uint16_t port = option_number("port", 0x80);

	cpu->doing = "writing to a port";
	do
		outb(port, ++pio_count[cpu->id]);
	while (pio_count[cpu->id] != calls);
	mode_done(0);
}

__noinline static void write_to(volatile uint32_t *where, uint32_t what)
{
	*where = what;
}

static void mode_panic(struct percpu *cpu)
{
	if (cpu->id == 0)
		write_to(NULL, 0xdead);
	mode_idle(cpu);
}

/* #BP finds no gate, #GP none either, nor does #DF: the processor shuts down. */
__noinline static void triple_fault(void)
{
	static const struct table_pointer empty = { 0 };

	cli();
	lidt(&empty);
	asm volatile(".globl triple_fault_here\n"
		     "triple_fault_here: int3");
}

static void mode_triple(struct percpu *cpu)
{
	if (cpu->id == 0)
		triple_fault();
	mode_idle(cpu);
}

mode_fn *mode_find(const char *name)
{
	static const struct {
		const char *name;
		mode_fn *run;
	} modes[] = {
		{ "run", schedule },	   { "idle", mode_idle },     { "spin", mode_spin },
		{ "storm", mode_storm },   { "loop", mode_loop },     { "pio", mode_pio },
		{ "panic", mode_panic },   { "triple", mode_triple }, { "bp", mode_selfdebug },
		{ "faults", mode_faults },
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(modes[i].name, name))
			return modes[i].run;
	return NULL;
}
