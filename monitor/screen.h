/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The output of a command on its way out: in pieces, as the other side takes them, and on a
 * terminal in pages, if that is wanted.
 *
 *          screen_show()          all is out
 *   idle ---------------> busy ---------------> idle, done() when that was not at once
 *                          | ^
 *              a page full v | a key
 *                         asking --- q, Ctrl-C ---> idle, the rest is dropped
 *
 * Between two pieces the person can say that it is enough. Loop thread.
 */
#ifndef MONITOR_SCREEN_H
#define MONITOR_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/chardev.h"
#include "hv/strbuf.h"

struct screen {
	/* Set by the user. */
	void (*write)(void *opaque, const char *text, size_t len);
	void (*done)(void *opaque); /* what was busy is idle; not called from screen_show() */
	void *opaque;
	struct chardev *cd; /* where that leads: how much is on its way, and its size. NULL: gone */
	bool tty;

	struct strbuf text;
	size_t pos;
	bool paged, asking;
	unsigned rows, cols, left; /* rows until the question */
};

/* A new output: in pages when @paged, on a terminal that has rows enough. */
void screen_begin(struct screen *s, bool paged);
void screen_show(struct screen *s, const char *text, size_t len);
bool screen_busy(const struct screen *s);
/* A key while it is busy; false: it means nothing to the screen. */
bool screen_key(struct screen *s, uint8_t key);
/* Text that is not part of the output, while it is busy. */
void screen_tell(struct screen *s, const char *text);
/* The other side has taken what there was. */
void screen_drained(struct screen *s);
/* The question again, on a line of its own. */
void screen_redraw(struct screen *s);
void screen_free(struct screen *s);

#endif
