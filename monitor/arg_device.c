// SPDX-License-Identifier: GPL-3.0-or-later
/* Arguments about what devices do: a register, how it is accessed, a condition; and files. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/control_device.h"
#include "hv/machine.h"
#include "monitor/arg.h"
#include "monitor/command.h"
#include "monitor/expr.h"
#include "monitor/session.h"
#include "monitor/symbols.h"

/* ---- NAME.REG ---- */

static int parse_device_reg(struct mon_call *call, const struct mon_arg *arg, const char *line,
			    size_t *pos, size_t len, struct mon_value *value,
			    struct mon_mistake *mistake)
{
	size_t start = *pos, end = mon_word_end(line, start, len), name;
	const char *dot = memchr(line + start, '.', end - start);
	struct device *dev;
	char *word;

	(void)arg;
	if (mon_parse_word(call, line, pos, end, value, mistake))
		return -EINVAL;
	if (!dot) {
		error_set(&mistake->err, -EINVAL,
			  "expected a device and its register, as serial0.lcr");
		return mon_arg_wrong(mistake, start, end - start);
	}
	name = (size_t)(dot - line) - start;
	word = mon_keep(call, line + start, name);
	dev = word ? device_find(call->m, word) : NULL;
	if (!dev) {
		error_set(&mistake->err, -EINVAL, "no such device: `info device` lists them");
		return mon_arg_wrong(mistake, start, name);
	}
	if (device_reg_find(dev, value->str + name + 1))
		return 0;
	error_set(&mistake->err, -EINVAL, "%s has no such register: `info device %s` lists them",
		  dev->name, dev->name);
	return mon_arg_wrong(mistake, start + name + 1, end - start - name - 1);
}

static void complete_device_reg(struct mon_session *s, const char *prefix,
				void (*add)(void *opaque, const char *word), void *opaque)
{
	char word[64];

	for (const struct device *d = s->m->devices; d; d = d->next) {
		size_t n = strlen(d->name);

		/* The registers of one device, once that is typed. */
		if (strncmp(prefix, d->name, n) != 0 || prefix[n] != '.') {
			snprintf(word, sizeof(word), "%s.", d->name);
			add(opaque, word);
			continue;
		}
		for (const struct reg *r = d->regs; r->name; r++) {
			snprintf(word, sizeof(word), "%s.%s", d->name, r->name);
			add(opaque, word);
		}
	}
}

/* ---- one of a few words ---- */

struct choice {
	const char *word;
	uint64_t num;
};

static bool choose(const struct choice *choices, const char *line, size_t *pos, size_t len,
		   uint64_t *num)
{
	size_t end = mon_word_end(line, *pos, len);

	for (; choices->word; choices++) {
		if (strlen(choices->word) != end - *pos ||
		    memcmp(choices->word, line + *pos, end - *pos) != 0)
			continue;
		*num = choices->num;
		*pos = end;
		return true;
	}
	return false;
}

static const struct choice accesses[] = {
	{ "r", BP_READ }, { "w", BP_WRITE }, { "rw", BP_ACCESS }, { 0 }
};

/* It may be left out with a condition behind it. */
static int parse_access(struct mon_call *call, const struct mon_arg *arg, const char *line,
			size_t *pos, size_t len, struct mon_value *value,
			struct mon_mistake *mistake)
{
	size_t end = mon_word_end(line, *pos, len);

	(void)call;
	(void)arg;
	value->num = BP_ACCESS;
	if (end - *pos == 2 && !memcmp(line + *pos, "if", 2))
		return 0;
	if (choose(accesses, line, pos, len, &value->num))
		return 0;
	error_set(&mistake->err, -EINVAL, "expected r, w or rw, or a condition: if value == V");
	return mon_arg_wrong(mistake, *pos, end - *pos);
}

static void complete_access(struct mon_session *s, const char *prefix,
			    void (*add)(void *opaque, const char *word), void *opaque)
{
	(void)s;
	(void)prefix;
	for (const struct choice *c = accesses; c->word; c++)
		add(opaque, c->word);
	add(opaque, "if");
}

static const struct choice trace_whats[] = {
	{ "on", MON_TRACE_ON }, { "off", MON_TRACE_OFF }, { "show", MON_TRACE_SHOW }, { 0 }
};

static int parse_trace_what(struct mon_call *call, const struct mon_arg *arg, const char *line,
			    size_t *pos, size_t len, struct mon_value *value,
			    struct mon_mistake *mistake)
{
	(void)call;
	(void)arg;
	if (choose(trace_whats, line, pos, len, &value->num))
		return 0;
	error_set(&mistake->err, -EINVAL, "expected on, off or show");
	return mon_arg_wrong(mistake, *pos, mon_word_end(line, *pos, len) - *pos);
}

static void complete_trace_what(struct mon_session *s, const char *prefix,
				void (*add)(void *opaque, const char *word), void *opaque)
{
	(void)s;
	(void)prefix;
	for (const struct choice *c = trace_whats; c->word; c++)
		add(opaque, c->word);
}

/* One of the names that @name_of gives for 0, 1, 2 … up to NULL; its number. */
static int parse_name(const char *(*name_of)(unsigned i), const struct mon_arg *arg,
		      const char *line, size_t *pos, size_t len, struct mon_value *value,
		      struct mon_mistake *mistake)
{
	size_t end = mon_word_end(line, *pos, len);
	const char *name;

	for (unsigned i = 0; (name = name_of(i)); i++) {
		if (strlen(name) != end - *pos || memcmp(name, line + *pos, end - *pos) != 0)
			continue;
		value->num = i;
		*pos = end;
		return 0;
	}
	error_set(&mistake->err, -EINVAL, "expected %s", arg->help);
	return mon_arg_wrong(mistake, *pos, end - *pos);
}

static void complete_name(const char *(*name_of)(unsigned i),
			  void (*add)(void *opaque, const char *word), void *opaque)
{
	const char *name;

	for (unsigned i = 0; (name = name_of(i)); i++)
		add(opaque, name);
}

static int parse_log_topic(struct mon_call *call, const struct mon_arg *arg, const char *line,
			   size_t *pos, size_t len, struct mon_value *value,
			   struct mon_mistake *mistake)
{
	(void)call;
	return parse_name(mon_log_topic_name, arg, line, pos, len, value, mistake);
}

static void complete_log_topic(struct mon_session *s, const char *prefix,
			       void (*add)(void *opaque, const char *word), void *opaque)
{
	(void)s;
	(void)prefix;
	complete_name(mon_log_topic_name, add, opaque);
}

static int parse_fault(struct mon_call *call, const struct mon_arg *arg, const char *line,
		       size_t *pos, size_t len, struct mon_value *value,
		       struct mon_mistake *mistake)
{
	(void)call;
	return parse_name(device_fault_name, arg, line, pos, len, value, mistake);
}

static void complete_fault(struct mon_session *s, const char *prefix,
			   void (*add)(void *opaque, const char *word), void *opaque)
{
	(void)s;
	(void)prefix;
	complete_name(device_fault_name, add, opaque);
}

/* ---- if value & MASK == V ---- */

static size_t skip_blanks(const char *line, size_t pos, size_t len)
{
	while (pos < len && isspace((unsigned char)line[pos]))
		pos++;
	return pos;
}

/* The word or sign @what at *pos; moves behind it and the blanks that follow. */
static bool take(const char *line, size_t *pos, size_t len, const char *what)
{
	size_t n = strlen(what);

	if (len - *pos < n || memcmp(line + *pos, what, n) != 0)
		return false;
	*pos = skip_blanks(line, *pos + n, len);
	return true;
}

static int number_of(struct mon_call *call, const char *line, size_t start, size_t end,
		     uint64_t *num, struct mon_mistake *mistake)
{
	const struct expr_env env = mon_expr_env(call->session);
	size_t bad = 0, bad_len = 0;

	if (!expr_eval(line + start, end - start, &env, num, &bad, &bad_len, &mistake->err))
		return 0;
	return mon_arg_wrong(mistake, start + bad, bad_len);
}

static int parse_condition(struct mon_call *call, const struct mon_arg *arg, const char *line,
			   size_t *pos, size_t len, struct mon_value *value,
			   struct mon_mistake *mistake)
{
	size_t p = *pos, equal;
	int rc;

	(void)arg;
	value->mask = UINT64_MAX;
	if (!take(line, &p, len, "if") || !take(line, &p, len, "value"))
		goto unknown;
	for (equal = p; equal + 1 < len && memcmp(line + equal, "==", 2) != 0;)
		equal++;
	if (equal + 1 >= len)
		goto unknown;
	if (take(line, &p, equal, "&")) {
		rc = number_of(call, line, p, equal, &value->mask, mistake);
		if (rc)
			return rc;
	} else if (p != equal) {
		goto unknown;
	}
	rc = number_of(call, line, skip_blanks(line, equal + 2, len), len, &value->num, mistake);
	if (!rc)
		*pos = len;
	return rc;

unknown:
	error_set(&mistake->err, -EINVAL, "expected `if value & MASK == V` or `if value == V`");
	return mon_arg_wrong(mistake, p, len - p);
}

const struct mon_arg_type mon_arg_device_reg = {
	.what = "a device and its register",
	.parse = parse_device_reg,
	.complete = complete_device_reg,
};
const struct mon_arg_type mon_arg_access = {
	.what = "r, w or rw",
	.parse = parse_access,
	.complete = complete_access,
};
const struct mon_arg_type mon_arg_condition = {
	.what = "a condition",
	.rest = true,
	.parse = parse_condition,
};
const struct mon_arg_type mon_arg_fault = {
	.what = "a fault",
	.parse = parse_fault,
	.complete = complete_fault,
};
const struct mon_arg_type mon_arg_log_topic = {
	.what = "what to log",
	.parse = parse_log_topic,
	.complete = complete_log_topic,
};
const struct mon_arg_type mon_arg_trace_what = {
	.what = "on, off or show",
	.parse = parse_trace_what,
	.complete = complete_trace_what,
};
