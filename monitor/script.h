/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines that a session runs by itself: of a file (`source`, -monitor-script) and of a breakpoint
 * (`commands`).
 *
 *   +-----------------------+  the innermost is read first; a line that takes time (step 100,
 *   | commands of bp 2      |  until, wait) holds up those behind it
 *   | boot.mon, line 7      |
 *   +-----------------------+
 *
 * A line that fails ends all of them; the sentence says which one it was. Loop thread.
 */
#ifndef MONITOR_SCRIPT_H
#define MONITOR_SCRIPT_H

#include <stdbool.h>

#include "hv/error.h"
#include "hv/strbuf.h"

struct mon_session;

/* Scripts inside one another. */
#define MON_SCRIPT_DEPTH 16
/* A longer file is refused. */
#define MON_SCRIPT_MAX (1 << 20)

/* Puts @text in front of what there is to run; @name is what a mistake in it is told with. -ELOOP:
 * nested too deeply; -ENOMEM; with a sentence. */
int mon_script_push(struct mon_session *s, const char *name, const char *text, struct error *err);
/* The same with the contents of a file. */
int mon_script_open(struct mon_session *s, const char *path, struct error *err);
bool mon_script_pending(const struct mon_session *s);
/* Runs lines until one takes time. A failure is told when @err is NULL. */
int mon_script_run(struct mon_session *s, struct error *err);
/* The line that was run last has failed after all: @why is told, the scripts end. */
void mon_script_fail(struct mon_session *s, const char *why);
/* Forgets what is left. */
void mon_script_drop(struct mon_session *s);

/* ---- `commands N` … `end` ---- */

/* From now on lines are kept for breakpoint @id instead of run. */
void mon_collect_begin(struct mon_session *s, int id);
bool mon_collecting(const struct mon_session *s);
/* One line of them. -ENOENT with a sentence: the breakpoint has gone meanwhile. */
int mon_collect(struct mon_session *s, const char *line, struct error *err);
void mon_collect_drop(struct mon_session *s);

#endif
