// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Instructions as text: see disas.h. Which processor it is, hv/arch says; one
 * capstone handle is kept for each width of code that was asked for.
 */
#include "monitor/disas.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	cs_option(*h, CS_OPT_DETAIL, CS_OPT_ON); /* its groups */
	return h;
}

static bool is_branch(csh h, const cs_insn *insn)
{
	return cs_insn_group(h, insn, CS_GRP_JUMP) || cs_insn_group(h, insn, CS_GRP_CALL);
}

/* Capstone shows the place that a branch goes to, and of data how far it is from the next one. */
static void find_target(csh h, const struct arch_disas *how, const cs_insn *insn,
			struct mon_insn *out)
{
	const char *p = insn->op_str, *end = how->pc_operand ? strstr(p, how->pc_operand) : NULL;

	if (is_branch(h, insn) && isdigit((unsigned char)*p)) {
		out->target = strtoull(p, NULL, 0);
		out->has_target = true;
	} else if (end) {
		while (end > p && (isxdigit((unsigned char)end[-1]) || strchr("x-", end[-1])))
			end--;
		out->target = insn->address + insn->size + (uint64_t)strtoll(end, NULL, 0);
		out->has_target = true;
	}
}

size_t mon_disas(int bits, uint64_t addr, const uint8_t *code, size_t len, struct mon_insn *out)
{
	struct arch_disas how;
	csh *h = handle_for(bits, &how);
	cs_insn *insn;
	size_t n;

	*out = (struct mon_insn){ .has_target = false };
	if (!h || !len)
		return 0;
	if (cs_disasm(*h, code, len, addr, 1, &insn) == 1) {
		n = insn->size;
		snprintf(out->text, sizeof(out->text), "%s%s%s", insn->mnemonic,
			 insn->op_str[0] ? " " : "", insn->op_str);
		out->call = cs_insn_group(*h, insn, CS_GRP_CALL);
		out->branch = is_branch(*h, insn) || cs_insn_group(*h, insn, CS_GRP_RET);
		find_target(*h, &how, insn, out);
		cs_free(insn, 1);
		return n;
	}
	snprintf(out->text, sizeof(out->text), ".byte 0x%02x", code[0]);
	return how.insn_step < len ? how.insn_step : len;
}

void mon_disas_close(void)
{
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		if (handles[i])
			cs_close(&handles[i]);
}
