/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines edited with GNU readline, for a console of this program (line_readline.c) and for
 * `vitrine monitor` (client.c).
 *
 * readline has one state for the whole program, so one user at a time has it. Loop thread; one
 * that is given it with readline_take() keeps it until readline_leave().
 */
#ifndef MONITOR_READLINE_H
#define MONITOR_READLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct readline_user;

struct readline_ops {
	/* Text for the terminal; newlines are plain ones. */
	void (*write)(struct readline_user *u, const char *text, size_t len);
	/* A line was typed. Not while it runs is there a line on the screen. */
	void (*line)(struct readline_user *u, const char *line);
	/* Ctrl-C on an empty line. */
	void (*interrupt)(struct readline_user *u);
	/* Ctrl-D on an empty line; a line break was shown. */
	void (*end)(struct readline_user *u);
	/* Offers what may stand at [start, end) of @line. */
	void (*complete)(struct readline_user *u, const char *line, size_t start, size_t end,
			 void (*add)(void *opaque, const char *word), void *opaque);
	void (*size)(struct readline_user *u, unsigned *cols, unsigned *rows);
	/* What a line begins with; empty while something takes time. */
	const char *(*prompt)(struct readline_user *u);
};

struct readline_user {
	const struct readline_ops *ops;
	bool colour; /* the prompt may have one */
	bool over;   /* no more input is looked at */
};

/* False: somebody else has it, or no memory. Loads the history. */
bool readline_take(struct readline_user *u);
void readline_leave(struct readline_user *u);
/*
 * Bytes of the person's. Stops behind a line after which no prompt was shown; returns how many
 * were looked at.
 */
size_t readline_input(const uint8_t *data, size_t len);
/* Begins a line, or shows the one that is typed behind another prompt. */
void readline_prompt(void);
/* Shows prompt and line again where the cursor is, at the beginning of a line. */
void readline_redraw(void);
/* Shows text in the middle of a line that is being edited, which appears again below it. */
void readline_tell(const char *text);

#endif
