// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes agent expressions: whatever the verifier accepts must run to an end or to
 * a fault, inside its stack and its code. The first byte of the input chooses what is
 * allowed, and whether memory is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/agent_expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct guest {
	bool mapped;
	int64_t variable[4];
	unsigned uses; /* what it was seen to do */
};

static int get_reg(void *opaque, unsigned n, uint64_t *value)
{
	struct guest *g = opaque;

	g->uses |= AGENT_USES_REG;
	*value = n * 0x0101010101010101ull;
	return n < 1000 ? 0 : -ENOENT;
}

static int get_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct guest *g = opaque;

	g->uses |= AGENT_USES_MEMORY;
	if (!g->mapped)
		return -EFAULT;
	memset(buf, (int)(addr >> 4 & 0xff), len);
	return 0;
}

static int get_variable(void *opaque, unsigned n, int64_t *value)
{
	struct guest *g = opaque;

	g->uses |= AGENT_USES_VARIABLE;
	*value = g->variable[n % 4];
	return 0;
}

static int set_variable(void *opaque, unsigned n, int64_t value)
{
	struct guest *g = opaque;

	g->uses |= AGENT_USES_VARIABLE;
	g->variable[n % 4] = value;
	return 0;
}

static int collect(void *opaque, uint64_t addr, uint64_t len)
{
	struct guest *g = opaque;

	(void)addr;
	g->uses |= AGENT_USES_TRACE;
	return len > 4096 ? -ENOSPC : 0;
}

static int collect_variable(void *opaque, unsigned n)
{
	struct guest *g = opaque;

	(void)n;
	g->uses |= AGENT_USES_TRACE | AGENT_USES_VARIABLE;
	return 0;
}

static void print(void *opaque, const char *text, size_t len)
{
	struct guest *g = opaque;

	g->uses |= AGENT_USES_PRINTF;
	if (strnlen(text, len + 1) > len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest g = { 0 };
	const struct agent_context ctx = {
		.opaque = &g,
		.reg = get_reg,
		.mem = get_mem,
		.get_variable = get_variable,
		.set_variable = set_variable,
		.collect = collect,
		.collect_variable = collect_variable,
		.print = print,
	};
	struct agent_rules rules = { 0 };
	struct agent_result result;
	struct agent_expr expr;
	struct error err;
	char text[128];

	if (!size)
		return 0;
	rules.allow = data[0] & 0x80 ? ~0u : data[0];
	g.mapped = data[0] & 0x40;
	if (agent_expr_parse(&expr, data + 1, size - 1, &rules, &err)) {
		if (!err.text[0] || expr.code)
			abort();
		return 0;
	}
	if (agent_expr_eval(&expr, &ctx, &result) != (result.fault == AGENT_FAULT_NONE))
		abort();
	agent_fault_text(&result, text, sizeof(text));
	if (g.uses & ~(expr.uses | AGENT_USES_MEMORY) || expr.uses & ~rules.allow)
		abort();
	agent_expr_free(&expr);
	return 0;
}
