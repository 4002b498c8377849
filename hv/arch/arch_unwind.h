/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who called, by the tables that a kernel without frame pointers has for its own backtraces: ORC of
 * Linux on x86-64. They say, for each instruction of the kernel's, how far up the stack its caller
 * is; those of modules are elsewhere and not looked at.
 *
 * They are read in the guest's memory, where symbols say they are, a few words for each frame. None
 * of it is trusted: what cannot be is not known. A caller on the same stack lies further up, so a
 * walk without a change of stacks ends by itself; its user bounds it all the same.
 */
#ifndef HV_ARCH_ARCH_UNWIND_H
#define HV_ARCH_ARCH_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;
struct arch_unwind_layout;

struct arch_unwind {
	/* The guest's virtual memory; false: not all of it is there. Set by the user. */
	bool (*read)(void *opaque, uint64_t addr, void *buf, size_t len);
	void *opaque;
	/* The processor's own, by arch_unwind_open(). */
	const struct arch_unwind_layout *layout;
	uint64_t index, entries;
	uint32_t count;
};

/* Registers besides that tables refer to in a few places. */
#define ARCH_UNWIND_REGS 4
extern const char *const arch_unwind_regs[ARCH_UNWIND_REGS];

struct arch_frame {
	uint64_t pc, sp, fp;
	bool exact;    /* pc is the next instruction; else where a call returns to */
	bool has_regs; /* reg[] is known */
	uint64_t reg[ARCH_UNWIND_REGS];
};

/*
 * Looks for the tables of the kernel with these @symbols. -ENOENT: it has none; -ENOTSUP: they are
 * of a form that is not known; -EINVAL: they are not what they should be, or not in memory (yet).
 */
int arch_unwind_open(struct arch_unwind *u, struct symbols *symbols);

enum arch_caller {
	ARCH_CALLER_CALLED,
	ARCH_CALLER_INTERRUPTED, /* it has not called: an interrupt or an exception came in */
	ARCH_CALLER_NONE,	 /* there is none: a thread's first function, or user mode */
	ARCH_CALLER_UNKNOWN,	 /* no table has it, or it makes no sense */
};
/* Makes @frame its caller's; with the last two it is left as it was. */
enum arch_caller arch_unwind_caller(const struct arch_unwind *u, struct arch_frame *frame);
/* Whether the tables are of the code at @pc. */
bool arch_unwind_covers(const struct arch_unwind *u, uint64_t pc);

#endif
