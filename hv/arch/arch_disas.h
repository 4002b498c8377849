/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What capstone has to be told to decode this processor's code. */
#ifndef HV_ARCH_ARCH_DISAS_H
#define HV_ARCH_ARCH_DISAS_H

#include <capstone/capstone.h>

/* The longest instruction of any processor: how large a buffer of code must be. */
#define ARCH_INSN_MAX 16

struct arch_disas {
	cs_arch arch;
	cs_mode mode;
	size_t syntax;		/* for CS_OPT_SYNTAX; 0: capstone's own */
	unsigned insn_step;	/* bytes to go on after a byte that is no instruction */
	const char *pc_operand; /* behind the distance of data from the next instruction, or NULL */
};
/* @code_bits as arch_code_bits() gives it. Any thread. -EINVAL: no such mode. */
int arch_disas(int code_bits, struct arch_disas *out);

#endif
