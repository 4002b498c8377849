// SPDX-License-Identifier: GPL-3.0-or-later
/* Expressions: values, and where a wrong one is wrong. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "monitor/expr.h"

static int reg(void *opaque, const char *name, size_t len, int *id, struct error *err)
{
	(void)opaque;
	if (len == 3 && !memcmp(name, "rip", 3)) {
		*id = -5;
		return 0;
	}
	return error_set(err, -ENOENT, "no such register");
}

static int reg_value(void *opaque, int id, uint64_t *value, struct error *err)
{
	(void)opaque;
	(void)err;
	*value = id == -5 ? 0xffffffff81000000 : 0;
	return 0;
}

static int load(void *opaque, uint64_t addr, unsigned size, uint64_t *value, struct error *err)
{
	(void)opaque;
	if (!addr)
		return error_set(err, -EFAULT, "nothing is at 0");
	*value = addr << 8 | size;
	return 0;
}

static int symbol(void *opaque, const char *name, size_t len, uint64_t *value, struct error *err)
{
	(void)opaque;
	if (len == 8 && !memcmp(name, "foo.is_0", 8)) {
		*value = 0x100;
		return 0;
	}
	return error_set(err, -ENOENT, "no such symbol");
}

static const struct expr_env env = {
	.reg = reg, .symbol = symbol, .reg_value = reg_value, .load = load
};

static int eval(const char *text, uint64_t *value, size_t *bad, size_t *bad_len, struct error *err)
{
	return expr_eval(text, strlen(text), &env, value, bad, bad_len, err);
}

Test(mon_expr, values)
{
	static const struct {
		const char *text;
		uint64_t value;
	} rows[] = {
		{ "10", 10 },
		{ "0", 0 },
		{ "0x1F", 31 },
		{ "0b101", 5 },
		{ "017", 15 },
		{ "4k", 4096 },
		{ "2M", 2 << 20 },
		{ "0x10M", 16 << 20 },
		{ "1G", 1 << 30 },
		{ "1T", 1ull << 40 },
		{ "'a'", 'a' },
		{ "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffff", UINT64_MAX },
		{ "$rip", 0xffffffff81000000 },
		{ "$rip+0x10", 0xffffffff81000010 },
		{ " $rip - 1 ", 0xffffffff80ffffff },
		{ "foo.is_0", 0x100 },
		{ "u8(1)", 0x101 },
		{ "u16(2)+u32(3)", 0x202 + 0x304 },
		{ "u64(u8(4))", 0x40108 },
		{ "2 && 3", 1 },
		{ "2 && 0", 0 },
		{ "0 || 4", 1 },
		{ "0 || 0", 0 },
		{ "1 || 0 && 0", 1 },
		{ "(1 || 0) && 0", 0 },
		{ "0 && u8(0)", 0 },
		{ "1 || u8(0)", 1 },
		{ "0 && 1/0 || 5", 1 },
		{ "1 + 1 && 1 | 2", 1 },
		{ "(foo.is_0+4)*2", 0x208 },
		{ "1+2*3", 7 },
		{ "(1+2)*3", 9 },
		{ "10-2-3", 5 },
		{ "2*3%4", 2 },
		{ "1<<4|1", 17 },
		{ "1|2^3&1", 3 },
		{ "0xff>>4", 15 },
		{ "1<<64", 0 },
		{ "1 << 2 + 1", 8 },
		{ "-1", UINT64_MAX },
		{ "~0", UINT64_MAX },
		{ "!5", 0 },
		{ "!0+1", 2 },
		{ "--1", 1 },
		{ "3<4", 1 },
		{ "4<=4", 1 },
		{ "4>=5", 0 },
		{ "4>3", 1 },
		{ "4==4", 1 },
		{ "4!=4", 0 },
		{ "1+1==2", 1 },
		{ "7/2", 3 },
	};
	struct error err;
	size_t bad, n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t v = 0;

		cr_assert_eq(eval(rows[i].text, &v, &bad, &n, &err), 0, "%s: %s", rows[i].text,
			     err.text);
		cr_expect_eq(v, rows[i].value, "%s is %llx", rows[i].text, (unsigned long long)v);
	}
}

Test(mon_expr, mistakes)
{
	static const struct {
		const char *text;
		size_t pos, len;
		const char *says;
	} rows[] = {
		{ "", 0, 0, "expected a number" },
		{ "1+", 2, 0, "expected a number" },
		{ "1 2", 2, 1, "expected an operator" },
		{ "(1", 0, 1, "not closed" },
		{ "(1 2)", 3, 1, "')'" },
		{ "1)", 1, 1, "operator" },
		{ "foo", 0, 3, "no such symbol" },
		{ "1+foo", 2, 3, "no such symbol" },
		{ "$", 0, 1, "name of a register" },
		{ "$rax+1", 0, 4, "no such register" },
		{ "12z", 0, 3, "expected a number" },
		{ "0x", 0, 2, "expected a number" },
		{ "09", 0, 2, "expected a number" },
		{ "1/0", 2, 1, "zero" },
		{ "1%(2-2)", 2, 5, "zero" },
		{ "18446744073709551616", 0, 20, "64 bits" },
		{ "0x1ffffffffffffffffff", 0, 21, "64 bits" },
		{ "16777216T", 0, 9, "64 bits" },
		{ "'ab'", 0, 4, "quotes" },
		{ "+1", 0, 2, "expected a number" },
		{ "1+u8(0)", 2, 5, "nothing is at 0" },
		{ "u8(1", 2, 1, "not closed" },
		{ "1 && u8(0)", 5, 5, "nothing is at 0" },
		{ "1 &&", 4, 0, "expected a number" },
	};
	struct error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t bad = 99, n = 99;
		uint64_t v;

		cr_assert_lt(eval(rows[i].text, &v, &bad, &n, &err), 0, "%s", rows[i].text);
		cr_expect_eq(bad, rows[i].pos, "%s: at %zu", rows[i].text, bad);
		cr_expect_eq(n, rows[i].len, "%s: %zu long", rows[i].text, n);
		cr_expect(strstr(err.text, rows[i].says), "%s: %s", rows[i].text, err.text);
	}
}

Test(mon_expr, depth_is_bounded)
{
	char deep[4097];
	struct error err;
	size_t bad, n;
	uint64_t v;

	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	cr_assert_lt(eval(deep, &v, &bad, &n, &err), 0);
	cr_expect(strstr(err.text, "deep"), "%s", err.text);
	memset(deep, '~', sizeof(deep) - 1);
	cr_assert_lt(eval(deep, &v, &bad, &n, &err), 0);
	cr_expect(strstr(err.text, "deep"), "%s", err.text);
	cr_assert_eq(eval("((((((((1))))))))", &v, &bad, &n, &err), 0);
}

Test(mon_expr, not_past_the_given_length)
{
	struct error err;
	size_t bad, n;
	uint64_t v;

	cr_assert_eq(expr_eval("12+5", 2, &env, &v, &bad, &n, &err), 0);
	cr_expect_eq(v, 12);
	cr_assert_eq(expr_eval("0x10", 3, NULL, &v, &bad, &n, &err), 0);
	cr_expect_eq(v, 1);
}
