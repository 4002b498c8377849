// SPDX-License-Identifier: GPL-3.0-or-later
/* Arguments about catchpoints: what is caught, its value, and which one is deleted. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hv/control_catch.h"
#include "monitor/arg.h"
#include "monitor/command.h"

static bool catchpoint_exists(struct machine *m, uint64_t id)
{
	struct catch_info info;

	for (size_t n = 0; control_catch_get(m, n, &info); n++)
		if ((uint64_t)info.id == id)
			return true;
	return false;
}

int mon_parse_catchpoint(struct mon_call *call, const struct mon_arg *arg, const char *line,
			 size_t *pos, size_t len, struct mon_value *value,
			 struct mon_mistake *mistake)
{
	size_t start, end;
	int rc;

	value->str = "catch";
	while (*pos < len && isspace((unsigned char)line[*pos]))
		(*pos)++;
	start = *pos;
	end = mon_word_end(line, start, len);
	if (end - start == 3 && !memcmp(line + start, "all", 3)) {
		value->num = 0;
		*pos = end;
		return 0;
	}
	rc = mon_arg_number.parse(call, arg, line, pos, end, value, mistake);
	if (rc)
		return rc;
	if (value->num && catchpoint_exists(call->m, value->num))
		return 0;
	error_set(&mistake->err, -EINVAL, "no such catchpoint: `catch` lists them");
	return mon_arg_wrong(mistake, start, end - start);
}

static const struct catch_class *class_at(size_t n)
{
	return control_catch_class((enum catch_kind)n);
}

static int parse_catch_kind(struct mon_call *call, const struct mon_arg *arg, const char *line,
			    size_t *pos, size_t len, struct mon_value *value,
			    struct mon_mistake *mistake)
{
	size_t start = *pos, end = mon_word_end(line, start, len);
	const struct catch_class *c;

	(void)call;
	(void)arg;
	for (size_t n = 0; (c = class_at(n)); n++) {
		if (strlen(c->name) != end - start ||
		    memcmp(c->name, line + start, end - start) != 0)
			continue;
		value->num = n;
		*pos = end;
		return 0;
	}
	error_set(&mistake->err, -EINVAL, "nothing that can be caught: `help catch` lists that");
	return mon_arg_wrong(mistake, start, end - start);
}

static void complete_catch_kind(struct mon_session *s, const char *prefix,
				void (*add)(void *opaque, const char *word), void *opaque)
{
	const struct catch_class *c;

	(void)s;
	(void)prefix;
	for (size_t n = 0; (c = class_at(n)); n++)
		add(opaque, c->name);
}

/* "PF", "#pf" and "lstar" are names; what follows a blank in one explains it. */
static bool is_name(const char *name, const char *word, size_t len)
{
	size_t n;

	name += *name == '#';
	if (len && *word == '#') {
		word++;
		len--;
	}
	n = strcspn(name, " ");
	return n == len && !strncasecmp(name, word, len);
}

static int parse_catch_value(struct mon_call *call, const struct mon_arg *arg, const char *line,
			     size_t *pos, size_t len, struct mon_value *value,
			     struct mon_mistake *mistake)
{
	enum catch_kind kind = (enum catch_kind)call->arg[0].num;
	size_t end = mon_word_end(line, *pos, len);
	const char *name;

	for (size_t n = 0; (name = control_catch_name(kind, n, &value->num)); n++) {
		if (!is_name(name, line + *pos, end - *pos))
			continue;
		*pos = end;
		return 0;
	}
	return mon_arg_number.parse(call, arg, line, pos, len, value, mistake);
}

static void complete_catch_value(struct mon_session *s, const char *prefix,
				 void (*add)(void *opaque, const char *word), void *opaque)
{
	uint64_t value;

	/* What stands in front is not known here: the names of all kinds. */
	for (size_t kind = 0; class_at(kind); kind++) {
		const char *name;
		char word[32];

		for (size_t n = 0; (name = control_catch_name((enum catch_kind)kind, n, &value));
		     n++) {
			snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, " "), name);
			add(opaque, word);
		}
	}
	mon_arg_number.complete(s, prefix, add, opaque);
}

const struct mon_arg_type mon_arg_catch_kind = {
	.what = "what to catch",
	.parse = parse_catch_kind,
	.complete = complete_catch_kind,
};
const struct mon_arg_type mon_arg_catch_value = {
	.what = "a number or a name",
	.parse = parse_catch_value,
	.complete = complete_catch_value,
};
