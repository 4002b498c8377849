// SPDX-License-Identifier: GPL-3.0-or-later
/* How capstone decodes x86 code: see arch_disas.h. */
#include "hv/arch/arch_disas.h"

#include <errno.h>

int arch_disas(int code_bits, struct arch_disas *out)
{
	/* AT&T syntax, as gdb and the kernel's own dumps print it. */
	*out = (struct arch_disas){
		.arch = CS_ARCH_X86,
		.syntax = CS_OPT_SYNTAX_ATT,
		.insn_step = 1,
	};
	switch (code_bits) {
	case 16:
		out->mode = CS_MODE_16;
		return 0;
	case 32:
		out->mode = CS_MODE_32;
		return 0;
	case 64:
		out->mode = CS_MODE_64;
		out->pc_operand = "(%rip)";
		return 0;
	default:
		return -EINVAL;
	}
}
