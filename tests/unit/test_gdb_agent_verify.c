// SPDX-License-Identifier: GPL-3.0-or-later
/* Agent expressions: what is refused before it runs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/agent_code.h"

TestSuite(gdb_agent_verify, .timeout = 120);

static void refused_by(const struct agent_rules *by, const void *bytes, size_t len,
		       const char *words)
{
	struct agent_expr expr;
	struct error err = { "" };

	cr_expect_eq(agent_expr_parse(&expr, bytes, len, by, &err), -EINVAL, "%s", words);
	cr_expect(strstr(err.text, words), "\"%s\" in \"%s\"", words, err.text);
	cr_expect_null(expr.code);
}

#define REFUSED(words_, ...)                                 \
	refused_by(&rules, (const uint8_t[]){ __VA_ARGS__ }, \
		   sizeof((const uint8_t[]){ __VA_ARGS__ }), words_)

Test(gdb_agent_verify, refuses_unknown_opcodes)
{
	for (unsigned o = 0; o < 256; o++) {
		const uint8_t code[] = { (uint8_t)o, AX_END };

		if (o >= AX_COUNT || !agent_ops[o].name)
			refused_by(&rules, code, sizeof(code), "no such instruction");
		else if (agent_ops[o].floats)
			refused_by(&rules, code, sizeof(code), "floating point");
	}
}

Test(gdb_agent_verify, refuses_cut_operands)
{
	for (unsigned o = 0; o < AX_COUNT; o++) {
		uint8_t code[16] = { (uint8_t)o };

		if (!agent_ops[o].name || agent_ops[o].floats)
			continue;
		code[1] = 1;
		for (size_t len = 1; len <= agent_ops[o].operand; len++)
			refused_by(&rules, code, len, "operand is cut");
	}
	REFUSED("operand is cut", AX_PRINTF, 0, 0, 5, 'a', 0);
}

Test(gdb_agent_verify, refuses_bad_jumps)
{
	REFUSED("does not jump to an instruction", AX_GOTO, 0, 1, AX_END);
	REFUSED("does not jump to an instruction", AX_GOTO, 0, 4, AX_END);
	REFUSED("does not jump to an instruction", AX_GOTO, 0xff, 0xff, AX_END);
	/* Never executed, and still looked at. */
	REFUSED("does not jump to an instruction", AX_END, AX_GOTO, 0, 2);
	REFUSED("does not jump to an instruction", AX_CONST8, 1, AX_IF_GOTO, 0, 1, AX_END);
	REFUSED("past its end", AX_CONST8, 1);
	REFUSED("past its end", AX_CONST8, 1, AX_IF_GOTO, 0, 0);
	REFUSED("never end", AX_GOTO, 0, 0);
	REFUSED("never end", AX_GOTO, 0, 0, AX_END);
}

Test(gdb_agent_verify, refuses_wrong_stacks)
{
	for (unsigned o = 0; o < AX_COUNT; o++) {
		struct code c = { .len = 0 };

		if (!agent_ops[o].name || agent_ops[o].floats || !agent_ops[o].pops ||
		    o == AX_PRINTF)
			continue;
		for (unsigned i = 1; i < agent_ops[o].pops; i++)
			constant(&c, 1);
		op(&c, (enum agent_op)o);
		operand(&c, 1, agent_ops[o].operand);
		if (agent_ops[o].flow == AX_BRANCH)
			memset(c.bytes + 1, 0, 2);
		op(&c, AX_END);
		refused_by(&rules, c.bytes, c.len, "too few elements");
	}
	REFUSED("too few elements", AX_CONST8, 1, AX_PICK, 1, AX_END);
	REFUSED("too few elements", AX_CONST8, 1, AX_CONST8, 1, AX_PRINTF, 1, 0, 3, '%', 'd', 0,
		AX_END);
	/* One way round the pop, the other through it. */
	REFUSED("two depths", AX_CONST8, 1, AX_CONST8, 1, AX_IF_GOTO, 0, 8, AX_POP, AX_END);
	REFUSED("two depths", AX_CONST8, 1, AX_GOTO, 0, 0, AX_END);
}

Test(gdb_agent_verify, refuses_deep_stacks)
{
	struct code c = { .len = 0 };

	for (unsigned i = 0; i < AGENT_MAX_STACK; i++) {
		op(&c, AX_CONST8);
		operand(&c, i, 1);
	}
	op(&c, AX_END);
	cr_expect_eq(value_of(&c), 255);
	c.len--;
	op(&c, AX_DUP);
	op(&c, AX_END);
	refused_by(&rules, c.bytes, c.len, "stack is full");
}

Test(gdb_agent_verify, refuses_sizes)
{
	uint8_t *big = calloc(1, AGENT_MAX_SIZE + 1);

	cr_assert_not_null(big);
	memset(big, AX_END, AGENT_MAX_SIZE + 1);
	refused_by(&rules, big, 0, "0 bytes");
	refused_by(&rules, big, AGENT_MAX_SIZE + 1, "65536 bytes");
	free(big);
	REFUSED("no bits", AX_CONST8, 1, AX_EXT, 0, AX_END);
}

Test(gdb_agent_verify, refuses_what_is_not_there)
{
	REFUSED("no such register", AX_REG, 0, 200, AX_END);
	REFUSED("no such trace state variable", AX_GETV, 0, 8, AX_END);
	REFUSED("no such trace state variable", AX_TRACEV, 0, 8, AX_END);
	REFUSED("no such trace state variable", AX_CONST8, 1, AX_SETV, 1, 0, AX_END);
}

Test(gdb_agent_verify, refuses_what_is_not_allowed)
{
	static const uint8_t trace[] = { AX_CONST8, 1, AX_TRACE_QUICK, 1, AX_END };
	static const uint8_t variable[] = { AX_GETV, 0, 1, AX_END };
	static const uint8_t print_it[] = { AX_CONST8, 0, AX_CONST8, 0, AX_PRINTF, 0,
					    0,	       2, 'a',	     0, AX_END };
	struct agent_rules none = { .allow = AGENT_USES_REG | AGENT_USES_MEMORY };

	refused_by(&none, trace, sizeof(trace), "only a tracepoint");
	refused_by(&none, variable, sizeof(variable), "not allowed here");
	refused_by(&none, print_it, sizeof(print_it), "only a command");
	none.allow = 0;
	refused_by(&none, (const uint8_t[]){ AX_REG, 0, 0, AX_END }, 4, "not allowed");
}

Test(gdb_agent_verify, refuses_formats)
{
	static const struct {
		const char *format;
		unsigned args;
		const char *words;
	} rows[] = {
		{ "%d", 0, "another number of arguments" },
		{ "%%", 1, "another number of arguments" },
		{ "%f", 1, "floating point" },
		{ "%Lg", 1, "not known" },
		{ "%n", 1, "not known" },
		{ "%*d", 2, "not known" },
		{ "%ls", 1, "wide characters" },
		{ "%", 1, "ends inside a conversion" },
		{ "%5", 1, "ends inside a conversion" },
		{ "%201d", 1, "too wide" },
		{ "%.9999999999d", 1, "too wide" },
		{ "\\q", 0, "escape" },
		{ "\\", 0, "escape" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *said = agent_format_check(rows[i].format, rows[i].args);

		cr_expect(said && strstr(said, rows[i].words), "%s: %s", rows[i].format,
			  said ? said : "accepted");
	}
	REFUSED("only 0", AX_CONST8, 0, AX_CONST8, 0, AX_PRINTF, 0, 0, 0, AX_END);
	REFUSED("only 0", AX_CONST8, 0, AX_CONST8, 0, AX_PRINTF, 0, 0, 1, 'a', AX_END);
	REFUSED("only 0", AX_CONST8, 0, AX_CONST8, 0, AX_PRINTF, 0, 0, 3, 'a', 0, 0, AX_END);
	REFUSED("too many arguments", AX_PRINTF, AGENT_MAX_ARGS + 1, 0, 1, 0, AX_END);
}

Test(gdb_agent_verify, says_what_it_does)
{
	static const uint8_t code[] = { AX_REG, 0, 1, AX_REF8, AX_END };
	static const uint8_t maybe[] = { AX_CONST8, 1,	       AX_IF_GOTO, 0,	  6,
					 AX_END,    AX_CONST8, 1,	   AX_END };
	struct agent_expr expr;

	cr_assert_eq(agent_expr_parse(&expr, code, sizeof(code), &rules, NULL), 0);
	cr_expect_eq(expr.uses, AGENT_USES_REG | AGENT_USES_MEMORY);
	cr_expect_eq(expr.depth, 1);
	cr_expect(expr.gives_value);
	agent_expr_free(&expr);
	cr_assert_eq(agent_expr_parse(&expr, maybe, sizeof(maybe), &rules, NULL), 0);
	cr_expect_not(expr.gives_value);
	agent_expr_free(&expr);
}
