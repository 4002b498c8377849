/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A console: a session at the end of a chardev, with a way of editing lines.
 *
 *   chardev --bytes--> line editor --a line--> console_line() --> mon_run()
 *   chardev <--text--- line editor <--text---- output, and events at any time
 *
 * The editor of a terminal is readline; of everything else, and of a second terminal (readline
 * has one state for the whole program), plain lines. A client of a socket may ask for messages
 * instead (remote.h). What is longer than the other side takes at once waits in the screen
 * (screen.h), and what is typed meanwhile waits, too.
 */
#ifndef MONITOR_CONSOLE_H
#define MONITOR_CONSOLE_H

#include "hv/chardev.h"
#include "monitor/command.h"
#include "monitor/readline.h"
#include "monitor/screen.h"
#include "monitor/session.h"

#define CONSOLE_PROMPT "(vitrine) "
#define CONSOLE_MORE   "> " /* commands of a breakpoint */

struct console;

struct line_editor {
	/* Takes the console; false when the editor is not free. */
	bool (*open)(struct console *c);
	void (*close)(struct console *c);
	/*
	 * Bytes of the person's. Calls console_line() for each line. Returns how many were looked
	 * at: all, or those up to a line whose output is on its way.
	 */
	size_t (*input)(struct console *c, const uint8_t *data, size_t len);
	/* Begins a line: shows @prompt, which may be empty while a command is under way. */
	void (*prompt)(struct console *c, const char *prompt);
	/* Shows prompt and line again where the cursor is, at the beginning of a line. */
	void (*redraw)(struct console *c);
	/* Shows text in the middle of a line that is being edited, which appears again below it. */
	void (*tell)(struct console *c, const char *text);
};
extern const struct line_editor line_readline;
extern const struct line_editor line_plain;

struct console {
	struct mon_session session; /* first */
	struct monitor *mon;
	struct console *next;
	struct chardev *cd; /* NULL when the peer is gone */
	const struct line_editor *editor;
	struct screen screen;
	struct readline_user readline; /* while readline is the editor */
	struct strbuf ahead;	       /* typed while the screen is busy */
	bool tty;
	bool person;  /* an empty line repeats */
	bool batch;   /* what goes wrong is a message of its own: remote.h */
	bool quiet;   /* nobody has looked at it yet: no prompt until the first key */
	bool away;    /* another user of the terminal has the keyboard: no prompt either */
	bool busy;    /* a command runs */
	bool closing; /* freed from the loop, not inside a callback */
	bool waiting; /* a step is under way: the prompt comes behind it */

	/* Plain lines. */
	char line[MON_LINE_MAX + 1];
	size_t len;
	bool overlong;
	bool prompted; /* a prompt stands at the cursor */
};

/* Takes @cd. With @quiet, greets at the first key. NULL: out of memory, @cd is closed. */
struct console *console_create(struct monitor *mon, struct chardev *cd, const char *name,
			       bool quiet);
/* Closes and frees; not inside a callback of its chardev. */
void console_destroy(struct console *c);

/* What the next line begins with; empty while something takes time. */
const char *console_prompt(const struct console *c);
/* One line was typed. Not freed inside. */
void console_line(struct console *c, const char *line);
/* Ctrl-C on an empty line: stops the guest. */
void console_interrupt(struct console *c);
/* Text to the chardev; a newline becomes CR LF on a terminal. */
void console_write(struct console *c, const char *text, size_t len);

/* monitor.c: frees the console from the loop soon. */
void monitor_console_gone(struct console *c);

#endif
