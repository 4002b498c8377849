// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Completion, generated from the command table: what may stand at a place of a line follows from
 * the words before it and the schema of their command.
 */
#include <ctype.h>
#include <string.h>

#include "monitor/command.h"

struct filter {
	char prefix[256];
	size_t len;
	size_t skip; /* so much of each word stands in the line already */
	void (*add)(void *opaque, const char *word);
	void *opaque;
};

static void filter_add(void *opaque, const char *word)
{
	struct filter *f = opaque;

	if (!strncmp(word, f->prefix, f->len))
		f->add(f->opaque, word + f->skip);
}

/* A path is more than what readline takes for a word, which ends at a slash: `x/4i`. */
static void take_path(struct filter *f, const char *line, size_t start)
{
	size_t from = start, more;

	while (from > 0 && !isspace((unsigned char)line[from - 1]))
		from--;
	more = start - from;
	if (f->len + more >= sizeof(f->prefix))
		return;
	memmove(f->prefix + more, f->prefix, f->len + 1);
	memcpy(f->prefix, line + from, more);
	f->len += more;
	f->skip = more;
}

static void complete_names(const struct mon_command *sub, struct filter *f)
{
	const struct mon_command *c;

	for (size_t n = 0; (c = mon_command_in(sub, n)); n++)
		filter_add(f, c->name);
}

/* The next word of line[*pos, end) with its length; false when there is none. */
static bool next_word(const char *line, size_t *pos, size_t end, size_t *len)
{
	while (*pos < end && isspace((unsigned char)line[*pos]))
		(*pos)++;
	for (*len = 0; *pos + *len < end && !isspace((unsigned char)line[*pos + *len]);)
		(*len)++;
	return *len > 0;
}

/* The schema's row that the @n-th word behind the command belongs to; the last one takes the rest.
 */
static const struct mon_arg *argument_at(const struct mon_command *cmd, size_t n)
{
	const struct mon_arg *last = NULL;

	for (const struct mon_arg *a = cmd->args; a && a->name; a++) {
		if (a->type == &mon_arg_flag || a->type == &mon_arg_format)
			continue;
		last = a;
		if (!n--)
			break;
	}
	return last;
}

static void complete_flags(const struct mon_command *cmd, struct filter *f)
{
	for (const struct mon_arg *a = cmd->args; a && a->name; a++)
		if (a->type == &mon_arg_flag)
			filter_add(f, a->name);
}

/* Words behind a complete command: arguments before the place are counted, flags and /FMT are not.
 */
static void complete_argument(struct mon_session *s, const struct mon_command *cmd,
			      const char *line, size_t pos, size_t start, struct filter *f)
{
	const struct mon_arg *arg;
	size_t n = 0, len;

	for (; next_word(line, &pos, start, &len) && pos + len < start; pos += len)
		n += line[pos] != '-' && line[pos] != '/';
	complete_flags(cmd, f);
	arg = argument_at(cmd, n);
	if (!arg || !arg->type->complete)
		return;
	if (arg->type == &mon_arg_command && n) {
		const struct mon_command *first;
		size_t p = start - (start > 0), from;
		struct error err;

		while (p > 0 && isspace((unsigned char)line[p]))
			p--;
		for (from = p; from > 0 && !isspace((unsigned char)line[from - 1]);)
			from--;
		if (!mon_command_find(NULL, line + from, p + 1 - from, &first, &err) && first->sub)
			complete_names(first->sub, f);
		return;
	}
	if (arg->type == &mon_arg_file)
		take_path(f, line, start);
	arg->type->complete(s, f->prefix, filter_add, f);
}

void mon_complete(struct mon_session *s, const char *line, size_t start, size_t end,
		  void (*add)(void *opaque, const char *word), void *opaque)
{
	struct filter f = { .len = end - start, .add = add, .opaque = opaque };
	const struct mon_command *cmd = NULL, *sub = NULL;
	struct error err;
	size_t pos = 0, len, name;

	if (f.len >= sizeof(f.prefix))
		return;
	memcpy(f.prefix, line + start, f.len);
	do {
		if (!next_word(line, &pos, start, &len)) {
			complete_names(sub, &f);
			return;
		}
		for (name = 0; name < len && line[pos + name] != '/';)
			name++;
		if (mon_command_find(sub, line + pos, name, &cmd, &err))
			return;
		pos += len;
		sub = cmd->sub;
	} while (mon_command_goes_on(cmd, line, pos, start));
	name = pos;
	if (sub && !next_word(line, &name, start, &len))
		complete_names(sub, &f);
	if (pos < start)
		complete_argument(s, cmd, line, pos, start, &f);
}
