// SPDX-License-Identifier: GPL-3.0-or-later
/* What an interrupt leaves on a stack is told from everything else there. */
#include <criterion/criterion.h>

#include "hv/arch/arch.h"

TestSuite(interrupt_frame);

#define AT 0xffff888000001000

/* RIP, CS, RFLAGS, RSP, SS, as Linux's kernel has them. */
static const uint64_t good[ARCH_FRAME_WORDS] = { 0xffffffff81000123, 0x10, 0x10246, AT + 40, 0x18 };

static bool is_frame(int bits, unsigned int changed, uint64_t value)
{
	uint64_t words[ARCH_FRAME_WORDS], pc, sp;

	for (size_t i = 0; i < ARCH_FRAME_WORDS; i++)
		words[i] = i == changed ? value : good[i];
	return arch_interrupt_frame(bits, AT, words, &pc, &sp);
}

Test(interrupt_frame, is_recognised)
{
	uint64_t pc, sp;

	cr_assert(arch_interrupt_frame(64, AT, good, &pc, &sp));
	cr_expect_eq(pc, good[0]);
	cr_expect_eq(sp, good[3]);
	cr_expect(is_frame(64, 3, AT + 48), "the stack was aligned for it");
	cr_expect(is_frame(64, 4, 0), "in 64-bit mode SS may be null");
}

Test(interrupt_frame, each_word_has_its_say)
{
	cr_expect_not(is_frame(32, 0, good[0]));
	cr_expect_not(is_frame(64, 0, 0));
	cr_expect_not(is_frame(64, 1, 0));
	cr_expect_not(is_frame(64, 1, 0x13), "from user mode, on another stack");
	cr_expect_not(is_frame(64, 1, 0x14), "a selector of the LDT");
	cr_expect_not(is_frame(64, 1, good[0]));
	cr_expect_not(is_frame(64, 2, 0));
	cr_expect_not(is_frame(64, 2, 0xa));
	cr_expect_not(is_frame(64, 2, AT + 2));
	cr_expect_not(is_frame(64, 3, AT + 32));
	cr_expect_not(is_frame(64, 3, AT + 56));
	cr_expect_not(is_frame(64, 3, 0));
	cr_expect_not(is_frame(64, 4, good[0]));
}
