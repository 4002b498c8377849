// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines of a console edited with readline (readline.h). */
#include <stddef.h>
#include <string.h>

#include "monitor/console.h"
#include "monitor/readline.h"

static struct console *console_of(struct readline_user *u)
{
	return (struct console *)((char *)u - offsetof(struct console, readline));
}

static void on_write(struct readline_user *u, const char *text, size_t len)
{
	console_write(console_of(u), text, len);
}

static void on_line(struct readline_user *u, const char *line)
{
	static const char refused[] = "error: this line is too long\n";
	struct console *c = console_of(u);

	if (strlen(line) > MON_LINE_MAX) {
		console_write(c, refused, sizeof(refused) - 1);
		c->session.again = NULL;
		line = "";
	}
	console_line(c, line);
}

static void on_interrupt(struct readline_user *u)
{
	console_interrupt(console_of(u));
}

static void on_end(struct readline_user *u)
{
	static const char hint[] = "`quit` ends vitrine and its guest\n";

	on_write(u, hint, sizeof(hint) - 1);
	readline_prompt();
}

static void on_complete(struct readline_user *u, const char *line, size_t start, size_t end,
			void (*add)(void *opaque, const char *word), void *opaque)
{
	mon_complete(&console_of(u)->session, line, start, end, add, opaque);
}

static void on_size(struct readline_user *u, unsigned *cols, unsigned *rows)
{
	struct console *c = console_of(u);

	*cols = 80;
	*rows = 24;
	if (c->cd)
		chardev_winsize(c->cd, cols, rows);
}

static const char *on_prompt(struct readline_user *u)
{
	return console_prompt(console_of(u));
}

static const struct readline_ops ops = {
	.write = on_write,
	.line = on_line,
	.interrupt = on_interrupt,
	.end = on_end,
	.complete = on_complete,
	.size = on_size,
	.prompt = on_prompt,
};

static bool edit_open(struct console *c)
{
	c->readline.ops = &ops;
	c->readline.colour = c->session.colour;
	return readline_take(&c->readline);
}

static void edit_close(struct console *c)
{
	readline_leave(&c->readline);
}

static size_t edit_input(struct console *c, const uint8_t *data, size_t len)
{
	(void)c;
	return readline_input(data, len);
}

static void edit_prompt(struct console *c, const char *prompt)
{
	(void)c;
	(void)prompt;
	readline_prompt();
}

static void edit_redraw(struct console *c)
{
	(void)c;
	readline_redraw();
}

static void edit_tell(struct console *c, const char *text)
{
	(void)c;
	readline_tell(text);
}

const struct line_editor line_readline = {
	.open = edit_open,
	.close = edit_close,
	.input = edit_input,
	.prompt = edit_prompt,
	.redraw = edit_redraw,
	.tell = edit_tell,
};
