// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * memop: a guest for watchpoints. It accesses `watched` (eight bytes, alone in
 * their page) and `straddle` (four bytes at the end of a page and four at the
 * start of the next) in all the ways of memop.S.
 *
 * Each round has two parts. First CPU 0 alone runs every access, on a copy
 * that nobody watches and on the variable, and compares what became of both:
 * a VMM that completes stores itself must not get one wrong. Then all CPUs
 * together add to `watched`, and the sum is checked.
 *
 *   calls=N   leave after N rounds (for ever), with 0, or 1 when something was wrong
 *   op=NAME   only this access, and no second part
 *   adds=N    additions of each CPU in the second part (100)
 */
#include "tests/guests/kit/kit.h"
#include "tests/guests/memop/memop.h"

#define MARGIN 16 /* bytes before and after a variable that are compared with it */

volatile uint64_t rounds, mismatches, sums;

static uint64_t copy[(8 + 2 * MARGIN) / 8];
static char only[24];
static uint64_t adds;
static uint32_t arrived;
static volatile uint32_t generation;

/* Returns when all CPUs have called it. */
static void meet(void)
{
	uint32_t before = generation;

	if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == cpus_online) {
		arrived = 0;
		generation = before + 1;
		return;
	}
	while (generation == before)
		cpu_relax();
}

__noinline static void mismatch(const struct memop *op, const char *where)
{
	mismatches++;
	print("memop: round %lu: %s on %s went wrong\n", rounds, op->name, where);
}

__noinline static void try_one(struct memop *op, volatile uint64_t *variable, const char *name,
			       uint64_t value)
{
	uint8_t *around = (uint8_t *)variable - MARGIN;
	uint64_t expected, got;

	memcpy(copy, around, sizeof(copy));
	expected = op->run((uint8_t *)copy + MARGIN, value);
	got = op->run(variable, value);
	if (got != expected || memcmp(copy, around, sizeof(copy)))
		mismatch(op, name);
}

/* Each access has a value of its own, so that each store is a change; of one round to the next, in
 * all its bytes. */
static void try_all(uint64_t value)
{
	for (struct memop *op = memops; op < memops_end; op++) {
		if (only[0] && strcmp(only, op->name))
			continue;
		op->count++;
		value += 0x9e3779b97f4a7c15;
		try_one(op, &watched, "watched", value);
		try_one(op, &straddle, "straddle", value);
	}
}

static void add_together(unsigned int cpu)
{
	if (cpu == 0)
		watched = 0;
	meet();
	for (uint64_t i = 0; i < adds; i++)
		memop_lock_xadd(&watched, 1);
	meet();
	if (cpu == 0 && watched != adds * cpus_online) {
		mismatches++;
		print("memop: round %lu: the sum is %lu, not %lu\n", rounds, watched,
		      adds * cpus_online);
	}
	if (cpu == 0)
		sums++;
}

void cpu_main(struct percpu *cpu)
{
	uint64_t calls = option_number("calls", 0);

	cpu->doing = "accessing memory";
	for (uint64_t round = 1;; round++) {
		if (cpu->id == 0) {
			rounds = round;
			try_all(round * 0x0101010101010101);
		}
		meet();
		if (!only[0])
			add_together(cpu->id);
		if (round == calls)
			break;
	}
	if (cpu->id == 0) {
		print("memop: %lu rounds, %lu sums, %lu went wrong\n", rounds, sums, mismatches);
		debug_exit(mismatches ? 1 : 0);
	}
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
	paging_protect();
	option_text("op", only, sizeof(only));
	adds = option_number("adds", 100);
	timer_init(100, no_interrupt);
	smp_start();
	print("memop: %u CPUs, %lu accesses, watched at 0x%lx, straddle at 0x%lx\n", cpus_online,
	      (uint64_t)(memops_end - memops), (uint64_t)&watched, (uint64_t)&straddle);
	smp_release();
	cpu_main(this_cpu());
	halt_forever();
}
