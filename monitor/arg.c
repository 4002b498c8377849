// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kinds of arguments: how each is understood, and what completes it. See command.h.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/control_device.h"
#include "hv/machine.h"
#include "monitor/arg.h"
#include "monitor/command.h"
#include "monitor/expr.h"
#include "monitor/session.h"
#include "monitor/symbols.h"

int mon_arg_wrong(struct mon_mistake *mistake, size_t pos, size_t len)
{
	mistake->pos = pos;
	mistake->len = len;
	return -EINVAL;
}

size_t mon_word_end(const char *line, size_t pos, size_t len)
{
	while (pos < len && !isspace((unsigned char)line[pos]))
		pos++;
	return pos;
}

void *mon_keep(struct mon_call *call, const void *data, size_t n)
{
	char *p = call->store + call->stored;

	if (n >= sizeof(call->store) - call->stored)
		return NULL;
	memcpy(p, data, n);
	p[n] = '\0';
	call->stored += n + 1;
	return p;
}

/* ---- numbers and addresses ---- */

struct expr_env mon_expr_env(struct mon_session *s)
{
	return (struct expr_env){ .reg = mon_register_id,
				  .symbol = mon_symbol_value,
				  .reg_value = mon_register_value,
				  .load = mon_memory_value,
				  .msr = mon_msr_value,
				  .opaque = s };
}

static int parse_address(struct mon_call *call, const struct mon_arg *arg, const char *line,
			 size_t *pos, size_t len, struct mon_value *value,
			 struct mon_mistake *mistake)
{
	const struct expr_env env = mon_expr_env(call->session);
	size_t bad = 0, bad_len = 0;

	if (expr_eval(line + *pos, len - *pos, &env, &value->num, &bad, &bad_len, &mistake->err))
		return mon_arg_wrong(mistake, *pos + bad, bad_len);
	if ((arg->min || arg->max) && (value->num < arg->min || value->num > arg->max)) {
		error_set(&mistake->err, -EINVAL, "%s is out of range: expected %llu to %llu",
			  arg->name, (unsigned long long)arg->min, (unsigned long long)arg->max);
		return mon_arg_wrong(mistake, *pos, len - *pos);
	}
	*pos = len;
	return 0;
}

static void complete_address(struct mon_session *s, const char *prefix,
			     void (*add)(void *opaque, const char *word), void *opaque)
{
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);
	char word[32];

	if (prefix[0] != '$') {
		mon_symbol_complete(s, prefix, add, opaque);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (regs[i].bits > 64 || !control_reg_present(s->m, s->cpu, (int)i))
			continue;
		snprintf(word, sizeof(word), "$%s", regs[i].name);
		add(opaque, word);
	}
	add(opaque, "$pc");
	add(opaque, "$sp");
}

/* ---- /FMT ---- */

static int parse_format(struct mon_call *call, const struct mon_arg *arg, const char *line,
			size_t *pos, size_t len, struct mon_value *value,
			struct mon_mistake *mistake)
{
	size_t p = *pos + 1, digits = p;
	uint64_t count = 0;

	(void)call;
	(void)arg;
	while (p < len && isdigit((unsigned char)line[p])) {
		count = count * 10 + (uint64_t)(line[p++] - '0');
		if (count > MON_COUNT_MAX) {
			error_set(&mistake->err, -EINVAL, "the count is above %d", MON_COUNT_MAX);
			return mon_arg_wrong(mistake, digits,
					     mon_word_end(line, digits, len) - digits);
		}
	}
	value->fmt.count = (uint32_t)count;
	if (p > digits && !count) {
		error_set(&mistake->err, -EINVAL, "expected a count of at least 1");
		return mon_arg_wrong(mistake, digits, p - digits);
	}
	for (; p < len && !isspace((unsigned char)line[p]); p++) {
		if (strchr("xduotacsif", line[p])) {
			value->fmt.format = line[p];
		} else if (strchr("bhwg", line[p])) {
			value->fmt.size = line[p];
		} else {
			error_set(&mistake->err, -EINVAL,
				  "neither a format (x d u o t a c s i f) nor a size (b h w g)");
			return mon_arg_wrong(mistake, p, 1);
		}
	}
	*pos = p;
	return 0;
}

/* ---- words with a meaning ---- */

static int parse_register(struct mon_call *call, const struct mon_arg *arg, const char *line,
			  size_t *pos, size_t len, struct mon_value *value,
			  struct mon_mistake *mistake)
{
	size_t start = *pos, end = mon_word_end(line, start, len);
	size_t skip = line[start] == '$';
	char name[32];
	int reg = -1;

	(void)arg;
	if (end - start - skip < sizeof(name)) {
		memcpy(name, line + start + skip, end - start - skip);
		name[end - start - skip] = '\0';
		reg = arch_reg_find(name);
		if (reg < 0 && !strcmp(name, "pc"))
			reg = arch_reg_pc();
		if (reg < 0 && !strcmp(name, "sp"))
			reg = arch_reg_sp();
	}
	if (reg < 0 || !control_reg_present(call->m, call->session->cpu, reg)) {
		error_set(&mistake->err, -EINVAL, "vCPU %d has no register of this name",
			  call->session->cpu);
		return mon_arg_wrong(mistake, start, end - start);
	}
	value->num = (uint64_t)reg;
	*pos = end;
	return 0;
}

static void complete_register(struct mon_session *s, const char *prefix,
			      void (*add)(void *opaque, const char *word), void *opaque)
{
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);

	if (prefix[0] == '$') {
		complete_address(s, prefix, add, opaque);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (control_reg_present(s->m, s->cpu, (int)i))
			add(opaque, regs[i].name);
}

static int parse_vcpu(struct mon_call *call, const struct mon_arg *arg, const char *line,
		      size_t *pos, size_t len, struct mon_value *value, struct mon_mistake *mistake)
{
	size_t start = *pos;
	int rc = parse_address(call, arg, line, pos, len, value, mistake);

	if (rc)
		return rc;
	if (value->num >= (uint64_t)control_vcpu_limit(call->m) ||
	    !control_vcpu_exists(call->m, (int)value->num)) {
		error_set(&mistake->err, -EINVAL, "no such vCPU: `info cpus` lists them");
		return mon_arg_wrong(mistake, start, len - start);
	}
	return 0;
}

static void complete_vcpu(struct mon_session *s, const char *prefix,
			  void (*add)(void *opaque, const char *word), void *opaque)
{
	char word[16];

	(void)prefix;
	for (int i = 0; i < control_vcpu_limit(s->m); i++)
		if (control_vcpu_exists(s->m, i)) {
			snprintf(word, sizeof(word), "%d", i);
			add(opaque, word);
		}
}

static int parse_breakpoint(struct mon_call *call, const struct mon_arg *arg, const char *line,
			    size_t *pos, size_t len, struct mon_value *value,
			    struct mon_mistake *mistake)
{
	size_t start = *pos, end = mon_word_end(line, start, len);
	struct device_bp_info on_device;
	struct bp_info info;
	int rc;

	if (end - start == 5 && !memcmp(line + start, "catch", 5)) {
		*pos = end;
		return mon_parse_catchpoint(call, arg, line, pos, len, value, mistake);
	}
	if (end - start == 3 && !memcmp(line + start, "all", 3)) {
		value->num = 0;
		*pos = end;
		return 0;
	}
	rc = parse_address(call, arg, line, pos, end, value, mistake);
	if (rc)
		return rc;
	for (size_t n = 0; control_bp_get(call->m, n, &info); n++)
		if ((uint64_t)info.id == value->num)
			return 0;
	for (size_t n = 0; control_device_bp_get(call->m, n, &on_device); n++)
		if ((uint64_t)on_device.id == value->num)
			return 0;
	error_set(&mistake->err, -EINVAL, "no such breakpoint: `info breakpoints` lists them");
	return mon_arg_wrong(mistake, start, end - start);
}

static void complete_breakpoint(struct mon_session *s, const char *prefix,
				void (*add)(void *opaque, const char *word), void *opaque)
{
	struct device_bp_info on_device;
	struct bp_info info;
	char word[16];

	(void)prefix;
	for (size_t n = 0; control_bp_get(s->m, n, &info); n++) {
		snprintf(word, sizeof(word), "%d", info.id);
		add(opaque, word);
	}
	for (size_t n = 0; control_device_bp_get(s->m, n, &on_device); n++) {
		snprintf(word, sizeof(word), "%d", on_device.id);
		add(opaque, word);
	}
	add(opaque, "all");
}

int mon_parse_word(struct mon_call *call, const char *line, size_t *pos, size_t end,
		   struct mon_value *value, struct mon_mistake *mistake)
{
	value->str = mon_keep(call, line + *pos, end - *pos);
	if (!value->str) {
		error_set(&mistake->err, -EINVAL, "the line is too long");
		return mon_arg_wrong(mistake, *pos, end - *pos);
	}
	*pos = end;
	return 0;
}

static int parse_any_word(struct mon_call *call, const struct mon_arg *arg, const char *line,
			  size_t *pos, size_t len, struct mon_value *value,
			  struct mon_mistake *mistake)
{
	(void)arg;
	return mon_parse_word(call, line, pos, mon_word_end(line, *pos, len), value, mistake);
}

static int parse_device(struct mon_call *call, const struct mon_arg *arg, const char *line,
			size_t *pos, size_t len, struct mon_value *value,
			struct mon_mistake *mistake)
{
	size_t start = *pos, end = mon_word_end(line, start, len);
	int rc = mon_parse_word(call, line, pos, end, value, mistake);

	(void)arg;
	if (rc)
		return rc;
	if (!device_find(call->m, value->str)) {
		error_set(&mistake->err, -EINVAL, "no such device: `info device` lists them");
		return mon_arg_wrong(mistake, start, end - start);
	}
	return 0;
}

static void complete_device(struct mon_session *s, const char *prefix,
			    void (*add)(void *opaque, const char *word), void *opaque)
{
	(void)prefix;
	for (const struct device *d = s->m->devices; d; d = d->next)
		add(opaque, d->name);
}

/* ---- rests of lines ---- */

static int parse_command_words(struct mon_call *call, const struct mon_arg *arg, const char *line,
			       size_t *pos, size_t len, struct mon_value *value,
			       struct mon_mistake *mistake)
{
	const struct mon_command *cmd = NULL, *sub = NULL;
	size_t p = *pos, end;

	/* Behind `help -k`, the row before this one, it is any word. */
	if (arg > call->cmd->args && call->arg[arg - 1 - call->cmd->args].set)
		return mon_parse_word(call, line, pos, len, value, mistake);
	do {
		while (p < len && isspace((unsigned char)line[p]))
			p++;
		end = mon_word_end(line, p, len);
		if (p == end)
			break;
		if (cmd && !sub) {
			error_set(&mistake->err, -EINVAL, "%s has no subcommands", cmd->name);
			return mon_arg_wrong(mistake, p, end - p);
		}
		if (mon_command_find(sub, line + p, end - p, &cmd, &mistake->err))
			return mon_arg_wrong(mistake, p, end - p);
		sub = cmd->sub;
		p = end;
	} while (p < len);
	return mon_parse_word(call, line, pos, len, value, mistake);
}

static void complete_command(struct mon_session *s, const char *prefix,
			     void (*add)(void *opaque, const char *word), void *opaque)
{
	const struct mon_command *c;

	(void)s;
	(void)prefix;
	for (size_t n = 0; (c = mon_command_at(n)); n++)
		add(opaque, c->name);
}

/* One character of a "string" with C's escapes; moves *pos past it. -EINVAL: none that we know. */
static int string_char(const char *line, size_t *pos, size_t len)
{
	static const char from[] = "abefnrtv0\\\"'", to[] = "\a\b\033\f\n\r\t\v\0\\\"'";
	const char *p;
	uint64_t v;
	char hex[5] = "0x";

	if (line[*pos] != '\\')
		return (unsigned char)line[(*pos)++];
	if (len - *pos < 2)
		return -EINVAL;
	if (line[*pos + 1] == 'x' && len - *pos >= 4) {
		memcpy(hex + 2, line + *pos + 2, 2);
		if (expr_number(hex, 4, &v) != 4)
			return -EINVAL;
		*pos += 4;
		return (int)v;
	}
	p = memchr(from, line[*pos + 1], sizeof(from) - 1);
	if (!p)
		return -EINVAL;
	*pos += 2;
	return (unsigned char)to[p - from];
}

static int parse_string(const char *line, size_t *pos, size_t len, uint8_t *out, size_t *count,
			struct mon_mistake *mistake)
{
	size_t start = (*pos)++;
	int c;

	while (*pos < len && line[*pos] != '"') {
		c = string_char(line, pos, len);
		if (c < 0) {
			error_set(&mistake->err, -EINVAL,
				  "not an escape: expected \\n \\t \\0 \\xHH or the like");
			return mon_arg_wrong(mistake, *pos, 2);
		}
		out[(*count)++] = (uint8_t)c;
	}
	if (*pos == len) {
		error_set(&mistake->err, -EINVAL, "this string is not closed");
		return mon_arg_wrong(mistake, start, 1);
	}
	(*pos)++;
	return 0;
}

static int parse_bytes(struct mon_call *call, const struct mon_arg *arg, const char *line,
		       size_t *pos, size_t len, struct mon_value *value,
		       struct mon_mistake *mistake)
{
	uint8_t data[MON_LINE_MAX]; /* every byte takes at least one of the line */
	size_t count = 0;

	(void)arg;
	while (*pos < len) {
		size_t end = mon_word_end(line, *pos, len);
		uint64_t v;

		if (line[*pos] == '"') {
			if (parse_string(line, pos, len, data, &count, mistake))
				return -EINVAL;
		} else if (expr_number(line + *pos, end - *pos, &v) == (int)(end - *pos) &&
			   v <= 0xff) {
			data[count++] = (uint8_t)v;
			*pos = end;
		} else {
			error_set(&mistake->err, -EINVAL,
				  "expected a byte (0 to 0xff) or a \"string\"");
			return mon_arg_wrong(mistake, *pos, end - *pos);
		}
		while (*pos < len && isspace((unsigned char)line[*pos]))
			(*pos)++;
	}
	value->data = mon_keep(call, data, count);
	value->len = count;
	if (value->data)
		return 0;
	error_set(&mistake->err, -EINVAL, "the line is too long");
	return mon_arg_wrong(mistake, 0, 0);
}

const struct mon_arg_type mon_arg_flag = { .what = "a flag" };
const struct mon_arg_type mon_arg_number = {
	.what = "a number",
	.parse = parse_address,
	.complete = complete_address,
};
const struct mon_arg_type mon_arg_address = {
	.what = "an address",
	.parse = parse_address,
	.complete = complete_address,
};
const struct mon_arg_type mon_arg_format = { .what = "a format", .parse = parse_format };
const struct mon_arg_type mon_arg_register = {
	.what = "a register",
	.parse = parse_register,
	.complete = complete_register,
};
const struct mon_arg_type mon_arg_vcpu = {
	.what = "the number of a vCPU",
	.parse = parse_vcpu,
	.complete = complete_vcpu,
};
const struct mon_arg_type mon_arg_breakpoint = {
	.what = "the number of a breakpoint, or all",
	.parse = parse_breakpoint,
	.complete = complete_breakpoint,
};
const struct mon_arg_type mon_arg_word = {
	.what = "a word",
	.parse = parse_any_word,
	.complete = mon_symbol_complete,
};
const struct mon_arg_type mon_arg_device = {
	.what = "a device",
	.parse = parse_device,
	.complete = complete_device,
};
const struct mon_arg_type mon_arg_command = {
	.what = "a command",
	.rest = true,
	.parse = parse_command_words,
	.complete = complete_command,
};
const struct mon_arg_type mon_arg_bytes = {
	.what = "bytes",
	.rest = true,
	.parse = parse_bytes,
};
