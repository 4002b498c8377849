// SPDX-License-Identifier: GPL-3.0-or-later
/* Arguments of `set`: a register and its value, or a setting and on or off. */
#include <errno.h>
#include <string.h>

#include "monitor/arg.h"
#include "monitor/command.h"
#include "monitor/session.h"

static bool get_step_irq(const struct mon_session *s)
{
	return control_step_irq(s->m);
}

static void set_step_irq(struct mon_session *s, bool on)
{
	control_set_step_irq(s->m, on);
}

static bool get_pagination(const struct mon_session *s)
{
	return s->pagination;
}

static void set_pagination(struct mon_session *s, bool on)
{
	s->pagination = on;
}

static const struct mon_setting settings[] = {
	{ "step-irq", get_step_irq, set_step_irq },
	{ "pagination", get_pagination, set_pagination },
};
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static bool is_word(const char *word, const char *line, size_t len)
{
	return strlen(word) == len && !memcmp(word, line, len);
}

const struct mon_setting *mon_setting_of(const struct mon_value *value)
{
	for (size_t i = 0; value->str && i < SETTINGS; i++)
		if (value->str == settings[i].name)
			return &settings[i];
	return NULL;
}

const char mon_msr[] = "msr";

/* "msr(0xc0000082)": the number of it. */
static int parse_msr(struct mon_call *call, const char *line, size_t *pos, size_t end,
		     struct mon_value *value, struct mon_mistake *mistake)
{
	const struct expr_env env = mon_expr_env(call->session);
	size_t from = *pos + strlen(mon_msr), bad, bad_len;

	if (expr_eval(line + from, end - from, &env, &value->num, &bad, &bad_len, &mistake->err))
		return mon_arg_wrong(mistake, from + bad, bad_len);
	value->str = mon_msr;
	*pos = end;
	return 0;
}

static int parse_setting(struct mon_call *call, const struct mon_arg *arg, const char *line,
			 size_t *pos, size_t len, struct mon_value *value,
			 struct mon_mistake *mistake)
{
	size_t end = mon_word_end(line, *pos, len);

	for (size_t i = 0; i < SETTINGS; i++) {
		if (!is_word(settings[i].name, line + *pos, end - *pos))
			continue;
		value->str = settings[i].name;
		*pos = end;
		return 0;
	}
	if (end - *pos > sizeof(mon_msr) && !memcmp(line + *pos, "msr(", sizeof(mon_msr)))
		return parse_msr(call, line, pos, len, value, mistake);
	return mon_arg_register.parse(call, arg, line, pos, len, value, mistake);
}

static void complete_setting(struct mon_session *s, const char *prefix,
			     void (*add)(void *opaque, const char *word), void *opaque)
{
	for (size_t i = 0; i < SETTINGS; i++)
		add(opaque, settings[i].name);
	mon_arg_register.complete(s, prefix, add, opaque);
}

static int parse_value(struct mon_call *call, const struct mon_arg *arg, const char *line,
		       size_t *pos, size_t len, struct mon_value *value,
		       struct mon_mistake *mistake)
{
	size_t start = *pos, end = mon_word_end(line, start, len);

	if (!mon_setting_of(&call->arg[0]))
		return mon_arg_number.parse(call, arg, line, pos, len, value, mistake);
	value->num = is_word("on", line + start, end - start);
	if (value->num || is_word("off", line + start, end - start)) {
		*pos = end;
		return 0;
	}
	error_set(&mistake->err, -EINVAL, "expected on or off");
	return mon_arg_wrong(mistake, start, end - start);
}

static void complete_value(struct mon_session *s, const char *prefix,
			   void (*add)(void *opaque, const char *word), void *opaque)
{
	add(opaque, "on");
	add(opaque, "off");
	mon_arg_number.complete(s, prefix, add, opaque);
}

const struct mon_arg_type mon_arg_setting = {
	.what = "a register, msr(NUMBER) or a setting",
	.parse = parse_setting,
	.complete = complete_setting,
};
const struct mon_arg_type mon_arg_setting_value = {
	.what = "a number, on or off",
	.parse = parse_value,
	.complete = complete_value,
};
