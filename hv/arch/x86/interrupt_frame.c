// SPDX-License-Identifier: GPL-3.0-or-later
/* What the processor leaves on a stack when it interrupts code, recognised by all that it contains.
 */
#include "hv/arch/arch.h"

/* SDM volume 3, 3.4.3: bit 1 is set, and these are not. */
#define RFLAGS_ONE  0x2ull
#define RFLAGS_ZERO 0xffffffffffc08028ull
/* SDM volume 3, 6.14.2: where no other stack was switched to, RSP was aligned before the first
 * push. */
#define FRAME_BYTES   40
#define FRAME_ALIGN   16
#define SELECTOR_LDT  4
#define SELECTOR_MAX  0xffff
#define PRIVILEGE(cs) ((cs)&3)

bool arch_interrupt_frame(int bits, uint64_t addr, const uint64_t words[ARCH_FRAME_WORDS],
			  uint64_t *pc, uint64_t *sp)
{
	uint64_t rip = words[0], cs = words[1], flags = words[2], rsp = words[3], ss = words[4];
	uint64_t end = addr + FRAME_BYTES;

	if (bits != 64 || !rip || !cs || cs > SELECTOR_MAX || cs & SELECTOR_LDT || PRIVILEGE(cs) ||
	    ss > SELECTOR_MAX || !(flags & RFLAGS_ONE) || flags & RFLAGS_ZERO || rsp < end ||
	    rsp - end >= FRAME_ALIGN)
		return false;
	*pc = rip;
	*sp = rsp;
	return true;
}
