// SPDX-License-Identifier: GPL-3.0-or-later
/* Arguments of `wait`: the words "until stopped", and a time. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "monitor/arg.h"
#include "monitor/command.h"

/* A day. */
#define SECONDS_MAX 86400

static int parse_until_stopped(struct mon_call *call, const struct mon_arg *arg, const char *line,
			       size_t *pos, size_t len, struct mon_value *value,
			       struct mon_mistake *mistake)
{
	static const char *const words[] = { "until", "stopped" };
	size_t p = *pos, end;

	(void)call;
	(void)arg;
	/* A number may follow at once: the words are optional. */
	value->num = !isdigit((unsigned char)line[p]) && line[p] != '.';
	for (size_t i = 0; value->num && i < 2; i++, p = end) {
		while (p < len && isspace((unsigned char)line[p]))
			p++;
		end = mon_word_end(line, p, len);
		if (end - p != strlen(words[i]) || memcmp(line + p, words[i], end - p) != 0) {
			error_set(&mistake->err, -EINVAL,
				  "expected `until stopped` or a number of seconds");
			return mon_arg_wrong(mistake, p, end - p);
		}
	}
	*pos = p;
	return 0;
}

static void complete_until_stopped(struct mon_session *s, const char *prefix,
				   void (*add)(void *opaque, const char *word), void *opaque)
{
	(void)s;
	(void)prefix;
	add(opaque, "until");
	add(opaque, "stopped");
}

static int parse_seconds(struct mon_call *call, const struct mon_arg *arg, const char *line,
			 size_t *pos, size_t len, struct mon_value *value,
			 struct mon_mistake *mistake)
{
	uint64_t ms = 0, unit = 1000;
	bool point = false, digits = false;
	size_t p = *pos;

	(void)call;
	(void)arg;
	for (; p < len && ms <= 1000ull * SECONDS_MAX; p++) {
		if (line[p] == '.' && !point) {
			point = true;
		} else if (isdigit((unsigned char)line[p])) {
			digits = true;
			if (point)
				unit /= 10;
			ms = point ? ms + (uint64_t)(line[p] - '0') * unit
				   : ms * 10 + (uint64_t)(line[p] - '0') * 1000;
		} else {
			break;
		}
	}
	if (p != len || !digits || ms > 1000ull * SECONDS_MAX) {
		error_set(&mistake->err, -EINVAL, "expected a number of seconds up to %d: 0.5, 60",
			  SECONDS_MAX);
		return mon_arg_wrong(mistake, *pos, len - *pos);
	}
	value->num = ms;
	*pos = p;
	return 0;
}

const struct mon_arg_type mon_arg_until_stopped = {
	.what = "until stopped",
	.parse = parse_until_stopped,
	.complete = complete_until_stopped,
	.rest = true,
};
const struct mon_arg_type mon_arg_seconds = {
	.what = "a number of seconds",
	.parse = parse_seconds,
};
