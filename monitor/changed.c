// SPDX-License-Identifier: GPL-3.0-or-later
/* Changes of registers: see changed.h. */
#include "monitor/changed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/control.h"
#include "monitor/session.h"
#include "monitor/style.h"

struct mon_changed {
	int limit;
	struct {
		char *last, *before; /* at the last stop, at the one before it; NULL: not known */
	} cpu[];
};

/* ---- marks ---- */

static size_t blanks(const char *p)
{
	return strspn(p, " ");
}

static size_t word(const char *p)
{
	return strcspn(p, " \n");
}

static void put_marked(const char **now, size_t len, bool colour, struct strbuf *out)
{
	if (colour)
		strbuf_puts(out, style_begin(STYLE_CHANGED));
	strbuf_add(out, *now, len);
	strbuf_puts(out, colour ? style_end() : "*");
	*now += len;
	/* Columns stay where they are when there is room for the asterisk. */
	if (!colour && (*now)[0] == ' ' && (*now)[1] == ' ')
		(*now)++;
}

/* One line of both; each is left at its end. */
static void mark_line(const char **before, const char **now, bool colour, struct strbuf *out)
{
	bool aside = false;
	size_t len, old;

	while (**now && **now != '\n') {
		strbuf_add(out, *now, blanks(*now));
		*now += blanks(*now);
		*before += blanks(*before);
		len = word(*now);
		old = word(*before);
		aside = aside || **now == '[';
		if (!aside && old && len && (len != old || memcmp(*now, *before, len) != 0)) {
			put_marked(now, len, colour, out);
		} else {
			aside = aside && (*now)[len - (len > 0)] != ']';
			strbuf_add(out, *now, len);
			*now += len;
		}
		*before += old;
	}
	*before += strcspn(*before, "\n");
}

void mon_changed_mark(const char *before, const char *now, bool colour, struct strbuf *out)
{
	if (!before) {
		strbuf_puts(out, now);
		return;
	}
	while (*now) {
		mark_line(&before, &now, colour, out);
		if (*now)
			strbuf_add(out, now++, 1);
		before += *before == '\n';
	}
}

/* ---- what they were ---- */

static char *dump(struct mon_session *s, int cpu)
{
	struct strbuf text = STRBUF_INIT;
	char *copy = NULL;

	if (control_vcpu_exists(s->m, cpu) && !control_dump(s->m, cpu, &text) && !text.failed)
		copy = strdup(strbuf_str(&text));
	strbuf_free(&text);
	return copy;
}

void mon_changed_stopped(struct mon_session *s)
{
	struct mon_changed *c = s->changed;

	for (int i = 0; c && i < c->limit; i++) {
		free(c->cpu[i].before);
		c->cpu[i].before = c->cpu[i].last;
		c->cpu[i].last = dump(s, i);
	}
}

/* The first look: nothing is known yet but what is now. */
static void begin(struct mon_session *s)
{
	int limit = control_vcpu_limit(s->m);

	s->changed = calloc(1, sizeof(*s->changed) + (size_t)limit * sizeof(s->changed->cpu[0]));
	if (!s->changed)
		return;
	s->changed->limit = limit;
	if (run_state_is_stopped(control_state(s->m)))
		mon_changed_stopped(s);
}

int mon_changed_put(struct mon_session *s, int cpu, struct strbuf *out)
{
	struct strbuf now = STRBUF_INIT;
	const char *then = NULL;
	int rc;

	if (!s->changed)
		begin(s);
	rc = control_dump(s->m, cpu, &now);
	if (s->changed && cpu < s->changed->limit)
		then = run_state_is_stopped(control_state(s->m)) ? s->changed->cpu[cpu].before
								 : s->changed->cpu[cpu].last;
	if (!rc)
		mon_changed_mark(then, strbuf_str(&now), s->colour, out);
	strbuf_free(&now);
	return rc;
}

void mon_changed_free(struct mon_session *s)
{
	for (int i = 0; s->changed && i < s->changed->limit; i++) {
		free(s->changed->cpu[i].before);
		free(s->changed->cpu[i].last);
	}
	free(s->changed);
	s->changed = NULL;
}
