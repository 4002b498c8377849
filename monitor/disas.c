// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Instructions as text: see disas.h. Which processor it is, hv/arch says; one
 * capstone handle is kept for each width of code that was asked for.
 */
#include "monitor/disas.h"

#include <stdio.h>

#include "hv/arch/arch_disas.h"

/* By code bits / 16 - 1: 16, 32, (48), 64. */
static csh handles[4];

static csh *handle_for(int bits, struct arch_disas *how)
{
	csh *h;

	if (bits < 16 || bits > 64 || arch_disas(bits, how))
		return NULL;
	h = &handles[bits / 16 - 1];
	if (*h)
		return h;
	if (cs_open(how->arch, how->mode, h) != CS_ERR_OK) {
		*h = 0;
		return NULL;
	}
	if (how->syntax)
		cs_option(*h, CS_OPT_SYNTAX, how->syntax);
	return h;
}

size_t mon_disas(int bits, uint64_t addr, const uint8_t *code, size_t len, char *text, size_t size)
{
	struct arch_disas how;
	csh *h = handle_for(bits, &how);
	cs_insn *insn;
	size_t n;

	if (!h || !len)
		return 0;
	if (cs_disasm(*h, code, len, addr, 1, &insn) == 1) {
		n = insn->size;
		snprintf(text, size, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "",
			 insn->op_str);
		cs_free(insn, 1);
		return n;
	}
	snprintf(text, size, ".byte 0x%02x", code[0]);
	return how.insn_step < len ? how.insn_step : len;
}

void mon_disas_close(void)
{
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		if (handles[i])
			cs_close(&handles[i]);
}
