// SPDX-License-Identifier: GPL-3.0-or-later
/* Agent expressions: what each instruction does, and what can go wrong while it runs. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/agent_code.h"

TestSuite(gdb_agent, .timeout = 120);

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
