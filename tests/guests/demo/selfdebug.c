// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * mode=bp: the guest uses the processor's debug features itself, as a guest's
 * own debugger would, and checks each one. A VMM that debugs the guest at the
 * same time must not disturb any of it.
 *
 * Each CPU goes round after round: an INT3, a few instructions under the trap
 * flag, an execution breakpoint in DR0, a data watchpoint in DR1, and a page
 * that is mapped when it is touched. What was seen is in selfdebug[cpu], what
 * went wrong also on the console. (SDM volume 3, chapter 18.)
 */
#include "tests/guests/demo/demo.h"

#define DR6_B0	    (1u << 0)
#define DR6_B1	    (1u << 1)
#define DR6_BS	    (1u << 14)
#define DR6_CLEAR   0xffff0ff0u
#define DR7_FIXED   (1u << 10)
#define DR7_L0	    (1u << 0) /* DR0: execution, one byte, which is all zeroes */
#define DR7_L1	    (1u << 2)
#define DR7_WRITE1  (1u << 20) /* DR1: writes */
#define DR7_8BYTES1 (2u << 22)

#define STEPS 7 /* between step_probe's first NOP and its last POPF, with both */
#define HITS  3

enum failure {
	FAIL_INT3 = 1,
	FAIL_STEP = 2,
	FAIL_EXEC = 4,
	FAIL_WATCH = 8,
	FAIL_PAGE = 16,
	FAIL_REGISTERS = 32,  /* DR0 to DR7 do not read as they were written */
	FAIL_UNEXPECTED = 64, /* a debug exception nobody asked for */
};

struct selfdebug {
	uint64_t rounds, failed_rounds;
	/* All since the start. */
	uint64_t int3s, steps, execs, watches, pages, unexpected;
	uint64_t last_step; /* RIP of the last trap of step_probe */
	uint64_t watched;   /* DR1 points here */
	uint32_t failures;  /* enum failure, of all rounds */
};

volatile struct selfdebug selfdebug[NR_CPUS];
static uint8_t demand_pages[NR_CPUS][4096] __attribute__((aligned(4096)));

extern const char int3_probe_after[], step_probe_done[];
void int3_probe(void);
void step_probe(void);
void exec_probe(unsigned int cpu, uint64_t n);

/* The probes are assembly, so that the addresses of the traps are known. */
asm(".pushsection .text\n"
    ".globl int3_probe, int3_probe_after, step_probe, step_probe_done\n"
    ".type int3_probe, @function\n"
    "int3_probe:\n"
    "	int3\n"
    "int3_probe_after:\n"
    "	ret\n"
    ".size int3_probe, . - int3_probe\n"
    ".type step_probe, @function\n"
    "step_probe:\n"
    "	pushfq\n"
    "	orl $0x100, (%rsp)\n"
    "	popfq\n" /* the trap flag works from the next instruction on */
    "	nop\n"
    "	nop\n"
    "	nop\n"
    "	nop\n"
    "	pushfq\n"
    "	andl $~0x100, (%rsp)\n"
    "	popfq\n" /* the last that traps */
    "step_probe_done:\n"
    "	ret\n"
    ".size step_probe, . - step_probe\n"
    ".popsection\n");

__noinline void exec_probe(unsigned int cpu, uint64_t n)
{
	asm volatile("" : : "r"(cpu), "r"(n));
}

static void breakpoint_trap(struct frame *frame)
{
	volatile struct selfdebug *my = &selfdebug[this_cpu()->id];

	if (frame->rip == (uint64_t)int3_probe_after)
		my->int3s++;
	else
		my->unexpected++;
}

static void debug_trap(struct frame *frame)
{
	volatile struct selfdebug *my = &selfdebug[this_cpu()->id];
	uint64_t why = READ_DR(6);

	WRITE_DR(6, DR6_CLEAR);
	if (why & DR6_BS) {
		my->steps++;
		my->last_step = frame->rip;
	}
	if (why & DR6_B0 && frame->rip == (uint64_t)exec_probe) {
		my->execs++;
		frame->rflags |= RFLAGS_RF; /* or it would hit again at once */
	}
	if (why & DR6_B1)
		my->watches++;
	if (!(why & (DR6_BS | DR6_B0 | DR6_B1)))
		my->unexpected++;
}

/* Maps the CPU's own page of the window; a fault anywhere else is a real one. */
static void page_fault(struct frame *frame)
{
	unsigned int id = this_cpu()->id;

	if (read_cr2() >> 12 != (uint64_t)window_page(id) >> 12)
		panic(frame);
	window_map(id, physical_of(demand_pages[id]));
	selfdebug[id].pages++;
}

static uint32_t try_int3(volatile struct selfdebug *my)
{
	uint64_t before = my->int3s;

	int3_probe();
	return my->int3s == before + 1 ? 0 : FAIL_INT3;
}

static uint32_t try_step(volatile struct selfdebug *my)
{
	uint64_t before = my->steps;

	step_probe();
	return my->steps == before + STEPS && my->last_step == (uint64_t)step_probe_done
		       ? 0
		       : FAIL_STEP;
}

static uint32_t try_registers(volatile struct selfdebug *my, unsigned int cpu)
{
	const uint64_t control = DR7_FIXED | DR7_L0 | DR7_L1 | DR7_WRITE1 | DR7_8BYTES1;
	uint64_t execs = my->execs, watches = my->watches;
	uint32_t failures = 0;

	WRITE_DR(0, exec_probe);
	WRITE_DR(1, &my->watched);
	WRITE_DR(7, control);
	for (uint64_t n = 1; n <= HITS; n++) {
		exec_probe(cpu, n);
		my->watched = n;
	}
	if (READ_DR(0) != (uint64_t)exec_probe || READ_DR(1) != (uint64_t)&my->watched ||
	    READ_DR(7) != control)
		failures |= FAIL_REGISTERS;
	WRITE_DR(7, DR7_FIXED);
	exec_probe(cpu, 0);
	my->watched = 0;
	if (my->execs != execs + HITS)
		failures |= FAIL_EXEC;
	if (my->watches != watches + HITS)
		failures |= FAIL_WATCH;
	return failures;
}

static uint32_t try_page(volatile struct selfdebug *my, unsigned int cpu)
{
	volatile uint64_t *page = window_page(cpu);
	uint64_t before = my->pages;
	bool kept;

	page[1] = my->rounds; /* faults */
	kept = page[1] == my->rounds;
	window_unmap(cpu);
	return my->pages == before + 1 && kept ? 0 : FAIL_PAGE;
}

static const struct {
	enum failure failure;
	const char *name;
} failure_names[] = {
	{ FAIL_INT3, "int3" },
	{ FAIL_STEP, "step" },
	{ FAIL_EXEC, "exec" },
	{ FAIL_WATCH, "watch" },
	{ FAIL_PAGE, "page" },
	{ FAIL_REGISTERS, "registers" },
	{ FAIL_UNEXPECTED, "unexpected" },
};

__noinline static void complain(unsigned int cpu, uint64_t round, uint32_t failures)
{
	for (size_t i = 0; i < ARRAY_SIZE(failure_names); i++)
		if (failures & failure_names[i].failure)
			print("bp: cpu%u round %lu: %s failed\n", cpu, round,
			      failure_names[i].name);
}

__noinline static void selfdebug_round(volatile struct selfdebug *my, unsigned int cpu)
{
	uint64_t unexpected = my->unexpected;
	uint32_t failures;

	my->rounds++;
	failures = try_int3(my);
	failures |= try_step(my);
	failures |= try_registers(my, cpu);
	failures |= try_page(my, cpu);
	if (my->unexpected != unexpected)
		failures |= FAIL_UNEXPECTED;
	if (failures) {
		my->failed_rounds++;
		if (failures & ~my->failures) /* tell about each kind once */
			complain(cpu, my->rounds, failures & ~my->failures);
		my->failures |= failures;
	}
}

void mode_selfdebug(struct percpu *cpu)
{
	volatile struct selfdebug *my = &selfdebug[cpu->id];
	uint64_t calls = mode_calls();

	set_handler(1, debug_trap);
	set_handler(3, breakpoint_trap);
	set_handler(14, page_fault);
	cpu->doing = "debugging itself";
	do
		selfdebug_round(my, cpu->id);
	while (my->rounds != calls);
	if (!quiet)
		print("bp: cpu%u: %lu rounds, %lu failed\n", cpu->id, my->rounds,
		      my->failed_rounds);
	mode_done(my->failures);
}
