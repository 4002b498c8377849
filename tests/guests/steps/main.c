// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * steps: a guest for single-stepping, with a timer interrupt running.
 *
 * Runs the circle of steps.S until `calls=N` rounds are done (for ever, without).
 * Leaves with 0, or with the sum of what the guest noticed: 1 the trap flag in
 * its memory or registers, 2 a trap in DR6 that it did not cause, 4 something
 * did not do what it should. The timer runs at `hz=N`, 1000 unless told.
 * With `plain` it leaves out what needs a handler, user mode or 32-bit code.
 */
#include "tests/guests/kit/kit.h"
#include "tests/guests/steps/steps.h"

/* All in steps.S; used here so that a debugger knows the types. */
extern const uint64_t step_oracle[], step_oracle_count;
extern const uint8_t step_oracle_flags[];
extern volatile uint64_t step_rounds, step_limit, step_plain, step_ints, step_syscalls, step_errors;
extern volatile uint64_t tf_leak_pushf, tf_leak_shadow, tf_leak_int, tf_leak_syscall;
extern volatile uint64_t tf_leak_compat, dr6_leaks;
extern const char step_int_entry[], step_syscall_entry[], user_load[];
void step_run(void);

volatile uint64_t timer_ticks;

static uint8_t interrupt_stack[4096] __attribute__((aligned(16)));

static void timer_interrupt(struct frame *frame)
{
	(void)frame;
	timer_ticks++;
	interrupt_done();
}

static void prepare_syscall(void)
{
	wrmsr(MSR_STAR, (uint64_t)SEL_USER32 << 48 | (uint64_t)SEL_CODE64 << 32);
	wrmsr(MSR_LSTAR, (uint64_t)step_syscall_entry);
	wrmsr(MSR_SFMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF);
	window_map_user_text(0, (uint64_t)user_load);
	set_interrupt_stack(interrupt_stack + sizeof(interrupt_stack));
}

static uint8_t verdict(void)
{
	uint64_t leaks =
		tf_leak_pushf + tf_leak_shadow + tf_leak_int + tf_leak_syscall + tf_leak_compat;

	print("steps: %lu rounds of %lu steps, the first at 0x%lx; %lu ints, %lu syscalls, %lu "
	      "ticks\n",
	      step_rounds, step_oracle_count, step_oracle[0], step_ints, step_syscalls,
	      timer_ticks);
	print("steps: TF seen: %lu pushf, %lu shadow, %lu int, %lu syscall, %lu compat; DR6.BS "
	      "seen: %lu; errors: %lu\n",
	      tf_leak_pushf, tf_leak_shadow, tf_leak_int, tf_leak_syscall, tf_leak_compat,
	      dr6_leaks, step_errors);
	return (leaks ? 1 : 0) | (dr6_leaks ? 2 : 0) | (step_errors ? 4 : 0) |
	       (step_oracle_flags[0] ? 4 : 0);
}

void cpu_main(struct percpu *cpu)
{
	(void)cpu;
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	kit_init(start_info, zero_page);
	cpu_init(0);
	paging_protect();
	step_limit = option_number("calls", 0);
	step_plain = option_flag("plain");
	timer_init(option_number("hz", 1000), timer_interrupt);
	set_gate(VECTOR_TEST, step_int_entry);
	prepare_syscall();
	print("steps: begin\n");
	timer_start();
	sti();
	step_run();
	cli();
	debug_exit(verdict());
}
