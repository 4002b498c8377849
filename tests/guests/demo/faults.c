// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * mode=faults: what a debugger can catch, one after the other, on CPU 0.
 *
 * Each is one instruction at a global symbol fault_NAME_here. A handler counts the exception in
 * fault_count[vector] and goes on behind it.
 *
 *   de, ud, gp, pf   exceptions
 *   msr              writes LSTAR
 *   port             writes 0x5a to port 0x80
 *   mmio             writes 0x600d to physical 0xfed00000, where no device is
 *
 * After `calls=N` rounds (1 unless told) the guest leaves with 0, or with `reset` on the command
 * line asks the keyboard controller for a reset.
 */
#include "tests/guests/demo/demo.h"

#define MMIO_ADDRESS 0xfed00000
#define KBD_COMMAND  0x64
#define KBD_RESET    0xfe

volatile uint64_t fault_count[32];
static volatile uint64_t fault_resume;

/* Says where the handler is to go on, then does @insn. */
#define FAULT(name, insn, ...)                             \
	asm volatile("leaq 1f(%%rip), %%rax\n\t"           \
		     "movq %%rax, fault_resume(%%rip)\n\t" \
		     "movl %%ecx, %%eax\n"                 \
		     ".globl fault_" #name "_here\n"       \
		     "fault_" #name "_here: " insn "\n"    \
		     "1:"                                  \
		     :                                     \
		     : __VA_ARGS__                         \
		     : "rax", "memory", "cc")

static void go_on(struct frame *frame)
{
	fault_count[frame->vector]++;
	frame->rip = fault_resume;
}

__noinline static void fault_exceptions(void)
{
	FAULT(de, "divl %%edx", "c"(1), "d"(0));
	FAULT(ud, "ud2", "c"(0));
	FAULT(gp, "movw %%ax, %%fs", "c"(0x7f8));
	FAULT(pf, "movl %%eax, (%%rdx)", "c"(0xdead), "d"(0xffff900000000010ull));
}

__noinline static void fault_accesses(void)
{
	FAULT(msr, "wrmsr", "c"(MSR_LSTAR), "d"(0));
	FAULT(port, "outb %%al, $0x80", "c"(0x5a));
	FAULT(mmio, "movl %%eax, (%%rdx)", "c"(0x600d), "d"(window_page(0)));
}

void mode_faults(struct percpu *cpu)
{
	uint64_t calls = mode_calls();
	static const uint8_t vectors[] = { 0, 6, 13, 14 };

	cpu->doing = "faulting";
	if (cpu->id != 0)
		mode_done(0);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		set_handler(vectors[i], go_on);
	window_map(0, MMIO_ADDRESS);
	do {
		fault_exceptions();
		fault_accesses();
	} while (calls && --calls);
	print("faults: %lu %lu %lu %lu\n", fault_count[0], fault_count[6], fault_count[13],
	      fault_count[14]);
	if (option_flag("reset"))
		outb(KBD_COMMAND, KBD_RESET);
	mode_done(0);
}
