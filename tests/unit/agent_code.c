// SPDX-License-Identifier: GPL-3.0-or-later
/* See agent_code.h. */
#include "tests/unit/agent_code.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- a guest ---- */

struct guest guest;

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

const struct agent_rules rules = { .allow = ALL, .reg_ok = reg_ok, .variable_ok = variable_ok };

/* ---- writing expressions down ---- */

void op(struct code *c, enum agent_op what)
{
	c->bytes[c->len++] = (uint8_t)what;
}

void operand(struct code *c, uint64_t value, unsigned bytes)
{
	while (bytes--)
		c->bytes[c->len++] = (uint8_t)(value >> bytes * 8);
}

void constant(struct code *c, uint64_t value)
{
	op(c, AX_CONST64);
	operand(c, value, 8);
}

void op16(struct code *c, enum agent_op what, unsigned value)
{
	op(c, what);
	operand(c, value, 2);
}

/* ---- running them ---- */

struct agent_result eval(const struct code *c, bool *ok)
{
	struct agent_result result;
	struct agent_expr expr;
	struct error err = { "" };

	cr_assert_eq(agent_expr_parse(&expr, c->bytes, c->len, &rules, &err), 0, "%s", err.text);
	*ok = agent_expr_eval(&expr, &ctx, &result);
	agent_expr_free(&expr);
	return result;
}

int64_t value_of(const struct code *c)
{
	bool ok;
	struct agent_result r = eval(c, &ok);
	char text[100];

	agent_fault_text(&r, text, sizeof(text));
	cr_assert(ok, "%s", text);
	return r.value;
}

void expect_fault(const struct code *c, enum agent_fault fault, uint64_t at, unsigned offset,
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
