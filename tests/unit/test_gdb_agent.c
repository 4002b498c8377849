// SPDX-License-Identifier: GPL-3.0-or-later
/* Agent expressions: what each instruction does, and what is refused before it runs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/agent_op.h"

TestSuite(gdb_agent, .timeout = 120);

#define ALL                                                                            \
	(AGENT_USES_REG | AGENT_USES_MEMORY | AGENT_USES_VARIABLE | AGENT_USES_TRACE | \
	 AGENT_USES_PRINTF)

/* ---- a guest ---- */

#define MEM_BASE 0x1000u
#define MEM_SIZE 128u

static struct guest {
	uint8_t mem[MEM_SIZE];
	int64_t variable[4];
	char log[256]; /* what was collected, in words */
	char text[8192];
} guest;

static int get_reg(void *opaque, unsigned n, uint64_t *value)
{
	(void)opaque;
	*value = 0x8000000000000000ull + n;
	return n < 100 ? 0 : -ENOENT;
}

static int get_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct guest *g = opaque;

	if (addr < MEM_BASE || addr - MEM_BASE > MEM_SIZE || len > MEM_SIZE - (addr - MEM_BASE))
		return -EFAULT;
	memcpy(buf, g->mem + (addr - MEM_BASE), len);
	return 0;
}

static int get_variable(void *opaque, unsigned n, int64_t *value)
{
	struct guest *g = opaque;

	if (n >= 4)
		return -ENOENT;
	*value = g->variable[n];
	return 0;
}

static int set_variable(void *opaque, unsigned n, int64_t value)
{
	struct guest *g = opaque;

	if (n >= 4)
		return -ENOENT;
	g->variable[n] = value;
	return 0;
}

static int collect(void *opaque, uint64_t addr, uint64_t len)
{
	struct guest *g = opaque;
	char *end = g->log + strlen(g->log);

	if (addr == 0xbad)
		return -EFAULT;
	if (len > 1000)
		return -ENOSPC;
	snprintf(end, sizeof(g->log) - (size_t)(end - g->log), "%llx+%llu ",
		 (unsigned long long)addr, (unsigned long long)len);
	return 0;
}

static int collect_variable(void *opaque, unsigned n)
{
	struct guest *g = opaque;
	char *end = g->log + strlen(g->log);

	snprintf(end, sizeof(g->log) - (size_t)(end - g->log), "v%u ", n);
	return n < 4 ? 0 : -ENOENT;
}

static void print(void *opaque, const char *text, size_t len)
{
	struct guest *g = opaque;

	strncat(g->text, text, len);
}

static const struct agent_context ctx = {
	.opaque = &guest,
	.reg = get_reg,
	.mem = get_mem,
	.get_variable = get_variable,
	.set_variable = set_variable,
	.collect = collect,
	.collect_variable = collect_variable,
	.print = print,
};

static bool reg_ok(void *opaque, unsigned n)
{
	(void)opaque;
	return n < 200;
}

static bool variable_ok(void *opaque, unsigned n)
{
	(void)opaque;
	return n < 8;
}

static const struct agent_rules rules = { .allow = ALL,
					  .reg_ok = reg_ok,
					  .variable_ok = variable_ok };

/* ---- writing expressions down ---- */

struct code {
	uint8_t bytes[4096];
	size_t len;
};

static void op(struct code *c, enum agent_op what)
{
	c->bytes[c->len++] = (uint8_t)what;
}

static void operand(struct code *c, uint64_t value, unsigned bytes)
{
	while (bytes--)
		c->bytes[c->len++] = (uint8_t)(value >> bytes * 8);
}

static void constant(struct code *c, uint64_t value)
{
	op(c, AX_CONST64);
	operand(c, value, 8);
}

static void op16(struct code *c, enum agent_op what, unsigned value)
{
	op(c, what);
	operand(c, value, 2);
}

static struct agent_result eval(const struct code *c, bool *ok)
{
	struct agent_result result;
	struct agent_expr expr;
	struct error err = { "" };

	cr_assert_eq(agent_expr_parse(&expr, c->bytes, c->len, &rules, &err), 0, "%s", err.text);
	*ok = agent_expr_eval(&expr, &ctx, &result);
	agent_expr_free(&expr);
	return result;
}

static int64_t value_of(const struct code *c)
{
	bool ok;
	struct agent_result r = eval(c, &ok);
	char text[100];

	agent_fault_text(&r, text, sizeof(text));
	cr_assert(ok, "%s", text);
	return r.value;
}

static void expect_fault(const struct code *c, enum agent_fault fault, uint64_t at, unsigned offset,
			 const char *words)
{
	bool ok;
	struct agent_result r = eval(c, &ok);
	char text[100];

	agent_fault_text(&r, text, sizeof(text));
	cr_expect(!ok, "no fault: %s", words);
	cr_expect_eq(r.fault, fault, "%s", words);
	cr_expect_eq(r.at, at, "%s", words);
	cr_expect_eq(r.offset, offset, "%s at %u", words, r.offset);
	cr_expect(strstr(text, words), "\"%s\" in \"%s\"", words, text);
}

/* ---- what instructions do ---- */

static const uint64_t MIN = 1ull << 63;

Test(gdb_agent, two_operands)
{
	static const struct {
		enum agent_op op;
		uint64_t a, b, result;
	} rows[] = {
		{ AX_ADD, 3, 4, 7 },
		{ AX_ADD, UINT64_MAX, 2, 1 },
		{ AX_SUB, 3, 4, UINT64_MAX },
		{ AX_MUL, 1ull << 40, 1ull << 30, 0 },
		{ AX_MUL, 7, (uint64_t)-3, (uint64_t)-21 },
		{ AX_DIV_SIGNED, (uint64_t)-7, 2, (uint64_t)-3 },
		{ AX_DIV_SIGNED, 1ull << 63, (uint64_t)-1, 1ull << 63 },
		{ AX_DIV_UNSIGNED, (uint64_t)-1, 2, INT64_MAX },
		{ AX_REM_SIGNED, (uint64_t)-7, 2, (uint64_t)-1 },
		{ AX_REM_SIGNED, 1ull << 63, (uint64_t)-1, 0 },
		{ AX_REM_UNSIGNED, 7, 4, 3 },
		{ AX_LSH, 1, 63, 1ull << 63 },
		{ AX_LSH, 1, 64, 0 },
		{ AX_RSH_SIGNED, 1ull << 63, 62, (uint64_t)-2 },
		{ AX_RSH_SIGNED, 1ull << 63, 200, UINT64_MAX },
		{ AX_RSH_UNSIGNED, 1ull << 63, 62, 2 },
		{ AX_RSH_UNSIGNED, 1ull << 63, 64, 0 },
		{ AX_BIT_AND, 12, 10, 8 },
		{ AX_BIT_OR, 12, 10, 14 },
		{ AX_BIT_XOR, 12, 10, 6 },
		{ AX_EQUAL, 5, 5, 1 },
		{ AX_EQUAL, 5, 6, 0 },
		{ AX_LESS_SIGNED, (uint64_t)-1, 0, 1 },
		{ AX_LESS_SIGNED, 0, 0, 0 },
		{ AX_LESS_UNSIGNED, (uint64_t)-1, 0, 0 },
		{ AX_LESS_UNSIGNED, 1, 2, 1 },
		{ AX_SWAP, 1, 2, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct code c = { .len = 0 };

		constant(&c, rows[i].a);
		constant(&c, rows[i].b);
		op(&c, rows[i].op);
		op(&c, AX_END);
		cr_expect_eq((uint64_t)value_of(&c), rows[i].result, "%s of %llx and %llx",
			     agent_ops[rows[i].op].name, (unsigned long long)rows[i].a,
			     (unsigned long long)rows[i].b);
	}
}

Test(gdb_agent, one_operand)
{
	static const struct {
		enum agent_op op;
		int bits; /* -1: none */
		uint64_t a, result;
	} rows[] = {
		{ AX_LOG_NOT, -1, 0, 1 },
		{ AX_LOG_NOT, -1, 5, 0 },
		{ AX_BIT_NOT, -1, 5, ~5ull },
		{ AX_EXT, 8, 0x180, (uint64_t)-128 },
		{ AX_EXT, 8, 0x17f, 127 },
		{ AX_EXT, 1, 1, UINT64_MAX },
		{ AX_EXT, 63, 1ull << 62, 3ull << 62 },
		{ AX_EXT, 64, 1ull << 63, 1ull << 63 },
		{ AX_EXT, 200, 77, 77 },
		{ AX_ZERO_EXT, 8, 0x180, 0x80 },
		{ AX_ZERO_EXT, 0, 0x180, 0 },
		{ AX_ZERO_EXT, 64, UINT64_MAX, UINT64_MAX },
		{ AX_ZERO_EXT, 255, UINT64_MAX, UINT64_MAX },
		{ AX_DUP, -1, 9, 9 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct code c = { .len = 0 };

		constant(&c, rows[i].a);
		op(&c, rows[i].op);
		if (rows[i].bits >= 0)
			operand(&c, (uint64_t)rows[i].bits, 1);
		op(&c, AX_END);
		cr_expect_eq((uint64_t)value_of(&c), rows[i].result, "%s %d of %llx",
			     agent_ops[rows[i].op].name, rows[i].bits,
			     (unsigned long long)rows[i].a);
	}
}

/* Constants are not sign-extended, and come most significant byte first. */
Test(gdb_agent, constants)
{
	for (unsigned bytes = 1; bytes <= 8; bytes *= 2) {
		struct code c = { .len = 0 };
		uint64_t value = 0xf1f2f3f4f5f6f7f8ull >> (64 - bytes * 8);

		op(&c, (enum agent_op)(AX_CONST8 + __builtin_ctz(bytes)));
		operand(&c, value, bytes);
		op(&c, AX_END);
		cr_expect_eq((uint64_t)value_of(&c), value, "of %u bytes", bytes);
	}
}

Test(gdb_agent, the_stack)
{
	struct code c = { .len = 0 };

	/* From the top: 3 2 1 becomes 2 1 3. */
	for (unsigned n = 0; n < 3; n++) {
		static const int64_t expected[] = { 2, 1, 3 };

		c.len = 0;
		constant(&c, 1);
		constant(&c, 2);
		constant(&c, 3);
		op(&c, AX_ROT);
		op(&c, AX_PICK);
		operand(&c, n, 1);
		op(&c, AX_END);
		cr_expect_eq(value_of(&c), expected[n]);
	}
	c.len = 0;
	constant(&c, 1);
	constant(&c, 2);
	op(&c, AX_PICK);
	operand(&c, 1, 1);
	op(&c, AX_END);
	cr_expect_eq(value_of(&c), 1);
	c.bytes[c.len - 2] = 0;
	cr_expect_eq(value_of(&c), 2);

	c.len = 0;
	constant(&c, 1);
	constant(&c, 2);
	op(&c, AX_POP);
	op(&c, AX_END);
	cr_expect_eq(value_of(&c), 1);
}

/* A loop: the sum of 10 to 1. */
Test(gdb_agent, jumps)
{
	struct code c = { .len = 0 };
	size_t loop, out;

	constant(&c, 0);
	constant(&c, 10);
	loop = c.len;
	op(&c, AX_DUP);
	op(&c, AX_LOG_NOT);
	out = c.len;
	op16(&c, AX_IF_GOTO, 0);
	op(&c, AX_DUP);
	op(&c, AX_ROT);
	op(&c, AX_ADD);
	op(&c, AX_SWAP);
	constant(&c, 1);
	op(&c, AX_SUB);
	op16(&c, AX_GOTO, (unsigned)loop);
	c.bytes[out + 2] = (uint8_t)c.len;
	op(&c, AX_POP);
	op(&c, AX_END);
	cr_expect_eq(value_of(&c), 55);
}

Test(gdb_agent, the_guest)
{
	static const uint64_t expected[] = { 0x88, 0x7788, 0x55667788, 0x1122334455667788ull };
	struct code c = { .len = 0 };
	uint64_t value = 0x1122334455667788ull;

	memcpy(guest.mem + 3, &value, 8);
	for (unsigned i = 0; i < 4; i++) {
		c.len = 0;
		constant(&c, MEM_BASE + 3);
		op(&c, (enum agent_op)(AX_REF8 + i));
		op(&c, AX_END);
		cr_expect_eq((uint64_t)value_of(&c), expected[i]);
	}
	c.len = 0;
	op16(&c, AX_REG, 7);
	op(&c, AX_END);
	cr_expect_eq((uint64_t)value_of(&c), MIN + 7);
}

Test(gdb_agent, variables)
{
	struct code c = { .len = 0 };

	guest.variable[2] = -5;
	op16(&c, AX_GETV, 2);
	constant(&c, 1);
	op(&c, AX_ADD);
	op16(&c, AX_SETV, 3);
	op(&c, AX_END);
	cr_expect_eq(value_of(&c), -4); /* setv leaves it */
	cr_expect_eq(guest.variable[3], -4);
}

Test(gdb_agent, collecting)
{
	struct code c = { .len = 0 };

	strcpy((char *)guest.mem + 60, "a string");
	constant(&c, 0x5000);
	constant(&c, 16);
	op(&c, AX_TRACE);
	constant(&c, 0x6000);
	op(&c, AX_TRACE_QUICK);
	operand(&c, 4, 1);
	op(&c, AX_TRACE16);
	operand(&c, 300, 2);
	op(&c, AX_POP);
	constant(&c, MEM_BASE + 60);
	constant(&c, 50);
	op(&c, AX_TRACENZ);
	constant(&c, MEM_BASE + 60);
	constant(&c, 3);
	op(&c, AX_TRACENZ);
	op16(&c, AX_TRACEV, 1);
	op(&c, AX_END);
	cr_expect_eq(value_of(&c), 0);
	cr_expect_str_eq(guest.log, "5000+16 6000+4 6000+300 103c+9 103c+3 v1 ");
}

static void expect_text(const char *format, unsigned count, const uint64_t *args, const char *text)
{
	struct code c = { .len = 0 };

	guest.text[0] = '\0';
	for (unsigned i = count; i-- > 0;)
		constant(&c, args[i]);
	constant(&c, 0);
	constant(&c, 0);
	op(&c, AX_PRINTF);
	operand(&c, count, 1);
	operand(&c, strlen(format) + 1, 2);
	memcpy(c.bytes + c.len, format, strlen(format) + 1);
	c.len += strlen(format) + 1;
	op(&c, AX_END);
	value_of(&c);
	cr_expect_str_eq(guest.text, text, "%s: \"%s\", not \"%s\"", format, guest.text, text);
}

#define TEXT(format_, text_, ...)                                                                  \
	expect_text(format_, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8, (uint64_t[]){ __VA_ARGS__ }, \
		    text_)

Test(gdb_agent, printf)
{
	strcpy((char *)guest.mem + 32, "vitrine");
	memset(guest.mem + 100, 'x', 28); /* no 0 before what is not mapped */
	expect_text("plain 100%%\\t\\\"\\101\\n", 0, NULL, "plain 100%\t\"A\n");
	TEXT("%d %u %x %X %o %c", "-1 4294967295 ff FF 17 z", (uint64_t)-1, (uint64_t)-1, 255, 255,
	     15, 'z');
	TEXT("%hhd %hd %ld %lld %zu", "-1 -1 -1 -1 18446744073709551615", 255, 65535, (uint64_t)-1,
	     (uint64_t)-1, (uint64_t)-1);
	TEXT("[%5d|%-5d|%05d|%+d|% d|%.3d]", "[   42|42   |00042|+42| 42|042]", 42, 42, 42, 42, 42,
	     42);
	TEXT("[%#x|%#o|%#x|%08lx|%#010x]", "[0x2a|052|0|0000002a|0x0000002a]", 42, 42, 0, 42, 42);
	TEXT("[%-6d|%06d|%.0d]", "[-7    |-00007|]", (uint64_t)-7, (uint64_t)-7, 0);
	TEXT("%p %p", "0xffffffff81000000 0x0", 0xffffffff81000000ull, 0);
	TEXT("<%s|%10s|%-9s|%.3s>", "<vitrine|   vitrine|vitrine  |vit>", MEM_BASE + 32,
	     MEM_BASE + 32, MEM_BASE + 32, MEM_BASE + 32);
	TEXT("%s %.28s", "(null) xxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0, MEM_BASE + 100);
	TEXT("%ld", "-9223372036854775808", MIN);
}

/* ---- what can go wrong while it runs ---- */

Test(gdb_agent, faults)
{
	struct code c = { .len = 0 };

	constant(&c, 0x2000);
	op(&c, AX_REF32);
	op(&c, AX_END);
	expect_fault(&c, AGENT_FAULT_MEMORY, 0x2000, 9, "memory at 0x2000 is not mapped");

	c.len = 0;
	op16(&c, AX_REG, 150);
	op(&c, AX_END);
	expect_fault(&c, AGENT_FAULT_REGISTER, 150, 0, "register 150");

	for (enum agent_op o = AX_DIV_SIGNED; o <= AX_REM_UNSIGNED; o++) {
		c.len = 0;
		constant(&c, 1);
		constant(&c, 0);
		op(&c, o);
		op(&c, AX_END);
		expect_fault(&c, AGENT_FAULT_DIVISION, 0, 18, "by zero");
	}
	c.len = 0;
	op16(&c, AX_GETV, 5);
	op(&c, AX_END);
	expect_fault(&c, AGENT_FAULT_VARIABLE, 5, 0, "variable 5");
	c.bytes[0] = AX_TRACEV;
	expect_fault(&c, AGENT_FAULT_VARIABLE, 5, 0, "variable 5");
	c.len = 0;
	constant(&c, 1);
	op16(&c, AX_SETV, 5);
	op(&c, AX_END);
	expect_fault(&c, AGENT_FAULT_VARIABLE, 5, 9, "variable 5");

	c.len = 0;
	constant(&c, 0xbad);
	op(&c, AX_TRACE_QUICK);
	operand(&c, 8, 1);
	op(&c, AX_END);
	expect_fault(&c, AGENT_FAULT_MEMORY, 0xbad, 9, "0xbad is not mapped");
	c.bytes[8] = 0xae;
	op(&c, AX_END);
	c.bytes[9] = AX_TRACE16;
	c.bytes[10] = 0xff;
	c.bytes[11] = 0xff;
	expect_fault(&c, AGENT_FAULT_COLLECT, 0xbae, 9, "no room");

	c.len = 0;
	op16(&c, AX_GOTO, 3);
	constant(&c, 1);
	op16(&c, AX_IF_GOTO, 0);
	op(&c, AX_END);
	expect_fault(&c, AGENT_FAULT_STEPS, 0, AGENT_MAX_STEPS % 3 ? 3 : 0, "did not end");
}

Test(gdb_agent, a_string_without_an_end)
{
	static const char format[] = "%s";
	struct code c = { .len = 0 };

	memset(guest.mem + 100, 'x', 28);
	constant(&c, MEM_BASE + 100);
	constant(&c, 0);
	constant(&c, 0);
	op(&c, AX_PRINTF);
	operand(&c, 1, 1);
	operand(&c, sizeof(format), 2);
	memcpy(c.bytes + c.len, format, sizeof(format));
	c.len += sizeof(format);
	op(&c, AX_END);
	guest.text[0] = '\0';
	expect_fault(&c, AGENT_FAULT_MEMORY, MEM_BASE + MEM_SIZE, 27, "not mapped");
	cr_expect_str_eq(guest.text, "");

	c.len = 0;
	constant(&c, MEM_BASE + 100);
	constant(&c, 200);
	op(&c, AX_TRACENZ);
	op(&c, AX_END);
	expect_fault(&c, AGENT_FAULT_MEMORY, MEM_BASE + MEM_SIZE, 18, "not mapped");
}

/* ---- what is refused ---- */

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

Test(gdb_agent, refuses_unknown_opcodes)
{
	for (unsigned o = 0; o < 256; o++) {
		const uint8_t code[] = { (uint8_t)o, AX_END };

		if (o >= AX_COUNT || !agent_ops[o].name)
			refused_by(&rules, code, sizeof(code), "no such instruction");
		else if (agent_ops[o].floats)
			refused_by(&rules, code, sizeof(code), "floating point");
	}
}

Test(gdb_agent, refuses_cut_operands)
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

Test(gdb_agent, refuses_bad_jumps)
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

Test(gdb_agent, refuses_wrong_stacks)
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

Test(gdb_agent, refuses_deep_stacks)
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

Test(gdb_agent, refuses_sizes)
{
	uint8_t *big = calloc(1, AGENT_MAX_SIZE + 1);

	cr_assert_not_null(big);
	memset(big, AX_END, AGENT_MAX_SIZE + 1);
	refused_by(&rules, big, 0, "0 bytes");
	refused_by(&rules, big, AGENT_MAX_SIZE + 1, "65536 bytes");
	free(big);
	REFUSED("no bits", AX_CONST8, 1, AX_EXT, 0, AX_END);
}

Test(gdb_agent, refuses_what_is_not_there)
{
	REFUSED("no such register", AX_REG, 0, 200, AX_END);
	REFUSED("no such trace state variable", AX_GETV, 0, 8, AX_END);
	REFUSED("no such trace state variable", AX_TRACEV, 0, 8, AX_END);
	REFUSED("no such trace state variable", AX_CONST8, 1, AX_SETV, 1, 0, AX_END);
}

Test(gdb_agent, refuses_what_is_not_allowed)
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

Test(gdb_agent, refuses_formats)
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

Test(gdb_agent, says_what_it_does)
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
