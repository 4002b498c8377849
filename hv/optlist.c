// SPDX-License-Identifier: GPL-3.0-or-later
/* Lists of options: see optlist.h. */
#include "hv/optlist.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Ends the word at @p and gives the one behind it, NULL when there is none; ",," becomes ",". */
static char *split(char *p)
{
	char *to = p;

	for (; *p; p++) {
		if (*p == ',' && p[1] != ',') {
			*to = '\0';
			return p + 1;
		}
		p += *p == ',';
		*to++ = *p;
	}
	*to = '\0';
	return NULL;
}

int optlist_parse(struct optlist *o, const char *what, const char *text, struct error *err)
{
	char *word, *next;

	*o = (struct optlist){ .what = what, .text = strdup(text) };
	if (!o->text)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	for (word = o->text; word; word = next) {
		char *value;

		next = split(word);
		if (o->count == OPTLIST_MAX) {
			optlist_free(o);
			return error_set(err, -EINVAL, "%s: more than %d options", what,
					 OPTLIST_MAX);
		}
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		o->rows[o->count].key = word;
		o->rows[o->count++].value = value;
	}
	return 0;
}

void optlist_free(struct optlist *o)
{
	free(o->text);
	o->text = NULL;
	o->count = 0;
}

const char *optlist_name(struct optlist *o)
{
	if (!o->count || o->rows[0].value)
		return NULL;
	o->rows[0].used = true;
	return o->rows[0].key;
}

/* The last one counts. */
static int find(struct optlist *o, const char *key)
{
	int at = -1;

	for (unsigned i = 0; i < o->count; i++) {
		if (strcmp(o->rows[i].key, key) != 0)
			continue;
		o->rows[i].used = true;
		at = (int)i;
	}
	return at;
}

const char *optlist_get(struct optlist *o, const char *key)
{
	int at = find(o, key);

	return at < 0 ? NULL : o->rows[at].value ? o->rows[at].value : "on";
}

const char *optlist_next(struct optlist *o, const char *key, unsigned *at)
{
	while (*at < o->count) {
		unsigned i = (*at)++;

		if (strcmp(o->rows[i].key, key) != 0)
			continue;
		o->rows[i].used = true;
		return o->rows[i].value ? o->rows[i].value : "on";
	}
	return NULL;
}

int optlist_bool(struct optlist *o, const char *key, bool *value, struct error *err)
{
	const char *text = optlist_get(o, key);

	if (!text)
		return 0;
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return error_set(err, -EINVAL, "%s: %s=%.40s: it is on or off", o->what, key, text);
	*value = !strcmp(text, "on");
	return 0;
}

int optlist_number(struct optlist *o, const char *key, uint64_t min, uint64_t max, uint64_t *value,
		   struct error *err)
{
	const char *text = optlist_get(o, key);
	unsigned long long n;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || n < min || n > max)
		return error_set(err, -EINVAL,
				 "%s: %s=%.40s: a number from %" PRIu64 " to %" PRIu64 " is needed",
				 o->what, key, text, min, max);
	*value = n;
	return 0;
}

int optlist_end(const struct optlist *o, struct error *err)
{
	for (unsigned i = 0; i < o->count; i++)
		if (!o->rows[i].used)
			return error_set(err, -EINVAL, "%s: there is no option '%.40s'", o->what,
					 o->rows[i].key);
	return 0;
}
