// SPDX-License-Identifier: GPL-3.0-or-later
/* Arguments about network cards: which one, and on or off. */
#include <errno.h>
#include <string.h>

#include "hv/device.h"
#include "hv/machine.h"
#include "monitor/arg.h"
#include "monitor/command.h"
#include "monitor/session.h"

/* A card or the id of its network: control_set_link() knows. */
static int parse_card(struct mon_call *call, const struct mon_arg *arg, const char *line,
		      size_t *pos, size_t len, struct mon_value *value, struct mon_mistake *mistake)
{
	(void)arg;
	return mon_parse_word(call, line, pos, mon_word_end(line, *pos, len), value, mistake);
}

static void complete_card(struct mon_session *s, const char *prefix,
			  void (*add)(void *opaque, const char *word), void *opaque)
{
	(void)prefix;
	for (const struct device *d = s->m->devices; d; d = d->next)
		if (d->cls->set_link)
			add(opaque, d->name);
}

static const char *const words[] = { "off", "on" };

static int parse_on_off(struct mon_call *call, const struct mon_arg *arg, const char *line,
			size_t *pos, size_t len, struct mon_value *value,
			struct mon_mistake *mistake)
{
	size_t end = mon_word_end(line, *pos, len);

	(void)call;
	(void)arg;
	for (unsigned i = 0; i < 2; i++)
		if (strlen(words[i]) == end - *pos && !memcmp(words[i], line + *pos, end - *pos)) {
			value->num = i;
			*pos = end;
			return 0;
		}
	error_set(&mistake->err, -EINVAL, "expected on or off");
	return mon_arg_wrong(mistake, *pos, end - *pos);
}

static void complete_on_off(struct mon_session *s, const char *prefix,
			    void (*add)(void *opaque, const char *word), void *opaque)
{
	(void)s;
	(void)prefix;
	for (unsigned i = 0; i < 2; i++)
		add(opaque, words[i]);
}

const struct mon_arg_type mon_arg_card = {
	.what = "a network card",
	.parse = parse_card,
	.complete = complete_card,
};

const struct mon_arg_type mon_arg_on_off = {
	.what = "on or off",
	.parse = parse_on_off,
	.complete = complete_on_off,
};
