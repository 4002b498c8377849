// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Conditions and commands at the target: see bp_filter.h.
 *
 * gdb writes the expressions of a list one after the other, XLEN,HEX without
 * anything between them, and the commands behind "cmds:PERSIST,". PERSIST asks
 * for commands that outlive the connection; here no breakpoint does.
 *
 * A trace state variable may be named before gdb has defined it, which it does
 * at tstart: whether it is there is seen at each hit.
 */
#include "gdbstub/bp_filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/agent_expr.h"
#include "gdbstub/text.h"
#include "gdbstub/trace.h"
#include "hv/arch/arch.h"

#define MAX_EXPRS 64 /* of each list */

struct expr_list {
	struct agent_expr *expr;
	size_t count;
};

struct gdb_bp_filter {
	struct bp_filter filter; /* first */
	struct gdb_trace *trace;
	uint64_t addr;
	struct expr_list conditions, commands;
};

/* ---- what the expressions see ---- */

struct hit {
	const struct gdb_bp_filter *filter;
	struct control_at *at;
};

static int at_reg(void *opaque, unsigned n, uint64_t *value)
{
	const struct hit *hit = opaque;

	/* Little endian, and no wider than 64 bits: see reg_fits(). */
	*value = 0;
	return control_at_reg(hit->at, (int)n, value);
}

static int at_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
	const struct hit *hit = opaque;
	ssize_t n = control_at_mem_read(hit->at, addr, buf, len);

	return n == (ssize_t)len ? 0 : -EFAULT;
}

static int at_get_variable(void *opaque, unsigned n, int64_t *value)
{
	const struct hit *hit = opaque;

	return trace_var_get(hit->filter->trace, n, value);
}

static int at_set_variable(void *opaque, unsigned n, int64_t value)
{
	const struct hit *hit = opaque;

	return trace_var_set(hit->filter->trace, n, value);
}

static void at_print(void *opaque, const char *text, size_t len)
{
	const struct hit *hit = opaque;

	control_at_print(hit->at, text, len);
}

static bool eval(const struct agent_expr *expr, struct hit *hit, struct agent_result *result)
{
	const struct agent_context ctx = {
		.opaque = hit,
		.reg = at_reg,
		.mem = at_mem,
		.get_variable = at_get_variable,
		.set_variable = at_set_variable,
		.print = at_print,
	};

	return trace_vars_eval(hit->filter->trace, expr, &ctx, result);
}

/* ---- at a hit ---- */

static enum bp_verdict cannot(const struct hit *hit, const char *what,
			      const struct agent_result *result)
{
	char why[100];

	agent_fault_text(result, why, sizeof(why));
	control_at_explain(hit->at, "the %s at 0x%" PRIx64 " cannot be evaluated: %s", what,
			   hit->filter->addr, why);
	return BP_STOP;
}

static enum bp_verdict run_commands(struct hit *hit)
{
	const struct gdb_bp_filter *f = hit->filter;
	struct agent_result result;

	for (size_t i = 0; i < f->commands.count; i++)
		if (!eval(&f->commands.expr[i], hit, &result))
			return cannot(hit, "command", &result);
	return f->commands.count ? BP_GO_ON : BP_STOP;
}

static enum bp_verdict ask(struct bp_filter *filter, struct control_at *at)
{
	const struct gdb_bp_filter *f = (const struct gdb_bp_filter *)filter;
	struct hit hit = { f, at };
	struct agent_result result, failed = { 0 };

	for (size_t i = 0; i < f->conditions.count; i++) {
		if (!eval(&f->conditions.expr[i], &hit, &result))
			failed = result;
		else if (result.value)
			return run_commands(&hit);
	}
	if (failed.fault)
		return cannot(&hit, "condition", &failed);
	return f->conditions.count ? BP_GO_ON : run_commands(&hit);
}

/* ---- life ---- */

static void list_free(struct expr_list *list)
{
	while (list->count)
		agent_expr_free(&list->expr[--list->count]);
	free(list->expr);
}

static void release(struct bp_filter *filter)
{
	struct gdb_bp_filter *f = (struct gdb_bp_filter *)filter;

	list_free(&f->conditions);
	list_free(&f->commands);
	free(f);
}

struct usable {
	struct machine *m;
	int vcpu;
};

static bool reg_fits(void *opaque, unsigned n)
{
	const struct usable *u = opaque;
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);

	return n < count && regs[n].bits <= 64 && control_reg_present(u->m, u->vcpu, (int)n);
}

static int add_expr(struct expr_list *list, const uint8_t *code, size_t len,
		    const struct agent_rules *rules, struct error *err)
{
	struct agent_expr *more;
	int ret;

	if (list->count == MAX_EXPRS)
		return error_set(err, -EINVAL, "more than %d conditions or commands", MAX_EXPRS);
	more = realloc(list->expr, (list->count + 1) * sizeof(*more));
	if (!more)
		return error_set(err, -ENOMEM, "out of memory");
	list->expr = more;
	ret = agent_expr_parse(&more[list->count], code, len, rules, err);
	if (!ret)
		list->count++;
	return ret;
}

/* XLEN,HEX… */
static int parse_list(const char **p, struct expr_list *list, const struct agent_rules *rules,
		      struct error *err)
{
	uint8_t *code;
	uint64_t len;
	int ret = 0;

	while (!ret && gdb_parse_char(p, 'X')) {
		if (!gdb_parse_hex(p, &len) || !gdb_parse_char(p, ',') || len > strlen(*p) / 2)
			return error_set(err, -EINVAL, "an expression is cut");
		code = malloc(len + 1);
		if (!code)
			return error_set(err, -ENOMEM, "out of memory");
		if (gdb_parse_bytes(p, code, len))
			ret = add_expr(list, code, len, rules, err);
		else
			ret = error_set(err, -EINVAL, "an expression is not in hex");
		free(code);
	}
	return ret;
}

static int parse_conditions(const char **p, struct gdb_bp_filter *f, struct agent_rules rules,
			    struct error *err)
{
	size_t had = f->conditions.count;
	int ret;

	rules.allow = AGENT_USES_REG | AGENT_USES_MEMORY | AGENT_USES_VARIABLE;
	ret = parse_list(p, &f->conditions, &rules, err);
	if (!ret && f->conditions.count == had)
		return error_set(err, -EINVAL, "neither conditions nor commands");
	for (size_t i = had; !ret && i < f->conditions.count; i++)
		if (!f->conditions.expr[i].gives_value)
			ret = error_set(err, -EINVAL, "a condition has no value");
	return ret;
}

static int parse_commands(const char **p, struct gdb_bp_filter *f, struct agent_rules rules,
			  struct error *err)
{
	static const char name[] = "cmds:";
	uint64_t persist;
	int ret;

	if (strncmp(*p, name, sizeof(name) - 1) != 0)
		return -ENOENT;
	*p += sizeof(name) - 1;
	if (!gdb_parse_hex(p, &persist) || !gdb_parse_char(p, ','))
		return error_set(err, -EINVAL, "cmds: without PERSIST");
	rules.allow = AGENT_USES_REG | AGENT_USES_MEMORY | AGENT_USES_VARIABLE | AGENT_USES_PRINTF;
	ret = parse_list(p, &f->commands, &rules, err);
	if (!ret && !f->commands.count)
		return error_set(err, -EINVAL, "no commands behind cmds:");
	return ret;
}

int gdb_bp_filter_parse(struct machine *m, struct gdb_trace *trace, int vcpu, uint64_t addr,
			const char *text, struct bp_filter **out, struct error *err)
{
	struct usable usable = { m, vcpu };
	const struct agent_rules rules = { .reg_ok = reg_fits, .opaque = &usable };
	struct gdb_bp_filter *f;
	int ret = 0;

	*out = NULL;
	if (!*text)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return error_set(err, -ENOMEM, "out of memory");
	f->filter = (struct bp_filter){ .ask = ask, .release = release };
	f->trace = trace;
	f->addr = addr;
	while (!ret && gdb_parse_char(&text, ';')) {
		ret = parse_commands(&text, f, rules, err);
		if (ret == -ENOENT)
			ret = parse_conditions(&text, f, rules, err);
	}
	if (!ret && *text)
		ret = error_set(err, -EINVAL, "neither conditions nor commands");
	if (ret) {
		release(&f->filter);
		return ret;
	}
	f->filter.what = f->commands.count ? "commands" : "condition";
	*out = &f->filter;
	return 0;
}
