// SPDX-License-Identifier: GPL-3.0-or-later
/* Arguments that hold an expression for later: the condition of a breakpoint, what to display. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "monitor/arg.h"
#include "monitor/command.h"
#include "monitor/expr.h"

int mon_parse_text(struct mon_call *call, const char *line, size_t *pos, size_t end,
		   struct mon_value *value, struct mon_mistake *mistake)
{
	const struct expr_env env = mon_expr_env(call->session);
	size_t bad = 0, bad_len = 0;
	struct expr_code code;

	if (expr_compile(line + *pos, end - *pos, &env, &code, &bad, &bad_len, &mistake->err))
		return mon_arg_wrong(mistake, *pos + bad, bad_len);
	return mon_parse_word(call, line, pos, end, value, mistake);
}

static int parse_text(struct mon_call *call, const struct mon_arg *arg, const char *line,
		      size_t *pos, size_t len, struct mon_value *value, struct mon_mistake *mistake)
{
	(void)arg;
	return mon_parse_text(call, line, pos, len, value, mistake);
}

/* "if EXPR" */
static int parse_if(struct mon_call *call, const struct mon_arg *arg, const char *line, size_t *pos,
		    size_t len, struct mon_value *value, struct mon_mistake *mistake)
{
	size_t end = *pos;

	(void)arg;
	while (end < len && isalpha((unsigned char)line[end]))
		end++;
	if (end - *pos != 2 || memcmp(line + *pos, "if", 2) != 0) {
		error_set(&mistake->err, -EINVAL, "expected a condition: if EXPR");
		return mon_arg_wrong(mistake, *pos, mon_word_end(line, *pos, len) - *pos);
	}
	while (end < len && isspace((unsigned char)line[end]))
		end++;
	*pos = end;
	return mon_parse_text(call, line, pos, len, value, mistake);
}

static void complete_address(struct mon_session *s, const char *prefix,
			     void (*add)(void *opaque, const char *word), void *opaque)
{
	mon_arg_address.complete(s, prefix, add, opaque);
}

const struct mon_arg_type mon_arg_text = {
	.what = "an expression",
	.rest = true,
	.parse = parse_text,
	.complete = complete_address,
};
const struct mon_arg_type mon_arg_if = {
	.what = "a condition",
	.keyword = "if",
	.rest = true,
	.parse = parse_if,
	.complete = complete_address,
};
