// SPDX-License-Identifier: GPL-3.0-or-later
/* Arguments that name keys: ctrl-alt-delete. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/keyboard.h"
#include "monitor/arg.h"
#include "monitor/command.h"

static const struct keyboard_key *find_key(const char *name, size_t len)
{
	size_t count;
	const struct keyboard_key *keys = keyboard_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, name, len))
			return &keys[i];
	return NULL;
}

static size_t key_end(const char *line, size_t pos, size_t end)
{
	while (pos < end && line[pos] != '-')
		pos++;
	return pos;
}

static int parse_keys(struct mon_call *call, const struct mon_arg *arg, const char *line,
		      size_t *pos, size_t len, struct mon_value *value, struct mon_mistake *mistake)
{
	size_t end = mon_word_end(line, *pos, len), from = *pos, to, count = 0;
	uint16_t codes[KEYBOARD_CHORD_MAX];

	(void)arg;
	for (;; from = to + 1) {
		const struct keyboard_key *key;

		to = key_end(line, from, end);
		key = find_key(line + from, to - from);
		if (!key) {
			error_set(&mistake->err, -EINVAL, "no such key: Tab lists them");
			return mon_arg_wrong(mistake, from, to - from);
		}
		if (count == KEYBOARD_CHORD_MAX) {
			error_set(&mistake->err, -EINVAL, "more than %d keys at once",
				  KEYBOARD_CHORD_MAX);
			return mon_arg_wrong(mistake, from, to - from);
		}
		codes[count++] = key->code;
		if (to == end)
			break;
	}
	value->len = count * sizeof(codes[0]);
	value->data = mon_keep(call, codes, value->len);
	*pos = end;
	if (value->data)
		return 0;
	error_set(&mistake->err, -EINVAL, "the line is too long");
	return mon_arg_wrong(mistake, 0, 0);
}

/* What is before the last - stays as it is. */
static void complete_keys(struct mon_session *s, const char *prefix,
			  void (*add)(void *opaque, const char *word), void *opaque)
{
	const char *dash = strrchr(prefix, '-');
	int before = dash ? (int)(dash + 1 - prefix) : 0;
	size_t count;
	const struct keyboard_key *keys = keyboard_keys(&count);
	char word[MON_LINE_MAX];

	(void)s;
	for (size_t i = 0; i < count; i++) {
		snprintf(word, sizeof(word), "%.*s%s", before, prefix, keys[i].name);
		add(opaque, word);
	}
}

const struct mon_arg_type mon_arg_keys = {
	.what = "keys",
	.parse = parse_keys,
	.complete = complete_keys,
};
