/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which registers have changed since the last stop: the text of `info registers` with marks.
 *
 * A session that has looked at registers once keeps what they were at the last two stops; one that
 * never does pays nothing. In a stopped guest a change is one since the stop before, in a running
 * one since the last. Loop thread.
 */
#ifndef MONITOR_CHANGED_H
#define MONITOR_CHANGED_H

#include <stdbool.h>

#include "hv/strbuf.h"

struct mon_session;
struct mon_changed;

/* The registers of @cpu into @out, those that have changed marked. Errors: of control_dump(). */
int mon_changed_put(struct mon_session *s, int cpu, struct strbuf *out);
/* The guest has stopped, and it is none of a series of steps. */
void mon_changed_stopped(struct mon_session *s);
void mon_changed_free(struct mon_session *s);

/*
 * The lines of @now, each word that differs from the one at the same place in @before marked: in
 * colour, or with a * behind it. What stands in brackets explains a number beside it and has no
 * mark. @before may be NULL.
 */
void mon_changed_mark(const char *before, const char *now, bool colour, struct strbuf *out);

#endif
