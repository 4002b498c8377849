// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Plain lines: for sockets and files, and for a terminal while another one has readline.
 *
 * A terminal is in raw mode, so what is typed is echoed here, and rubbing out works. CR and LF end
 * a line there; elsewhere LF does, and a CR before it is a blank.
 */
#include <string.h>

#include "monitor/console.h"
#include "monitor/remote.h"

#define CTRL(letter) ((letter)&0x1f)
#define RUBOUT	     0x7f

static void put(struct console *c, const char *text)
{
	console_write(c, text, strlen(text));
}

static bool plain_open(struct console *c)
{
	c->len = 0;
	return true;
}

static void plain_close(struct console *c)
{
	(void)c;
}

static void plain_prompt(struct console *c, const char *prompt)
{
	put(c, prompt);
	if (c->tty)
		console_write(c, c->line, c->len);
	c->prompted = *prompt != '\0';
}

static void plain_redraw(struct console *c)
{
	plain_prompt(c, console_prompt(c));
}

static void plain_tell(struct console *c, const char *text)
{
	if (c->tty)
		put(c, "\r\033[K");
	else if (c->prompted)
		put(c, "\n");
	put(c, text);
	plain_redraw(c);
}

static void end_line(struct console *c)
{
	char line[MON_LINE_MAX + 1];

	if (c->tty)
		put(c, "\n");
	c->prompted = false;
	if (c->overlong) {
		put(c, "error: this line is too long\n");
		line[0] = '\0';
		c->session.again = NULL;
	} else {
		memcpy(line, c->line, c->len);
		line[c->len] = '\0';
		/* A zero byte would hide what is behind it: no such line is a command. */
		if (memchr(line, 0, c->len))
			memcpy(line, "\1", 2);
	}
	c->len = 0;
	c->overlong = false;
	if (!c->tty && line[0] == REMOTE_MARK)
		remote_request(c, line);
	else
		console_line(c, line);
}

static void add_byte(struct console *c, uint8_t byte)
{
	if (c->len == MON_LINE_MAX) {
		c->overlong = true;
		return;
	}
	c->line[c->len++] = (char)byte;
	if (c->tty)
		console_write(c, (const char *)&byte, 1);
}

static void rub_out(struct console *c)
{
	if (!c->len)
		return;
	/* All bytes of a UTF-8 character go together. */
	while (c->len > 1 && ((unsigned char)c->line[c->len - 1] & 0xc0) == 0x80)
		c->len--;
	c->len--;
	put(c, "\b \b");
}

static void rewrite(struct console *c)
{
	put(c, "\r\033[K");
	plain_redraw(c);
}

static void terminal_byte(struct console *c, uint8_t byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		end_line(c);
		break;
	case '\b':
	case RUBOUT:
		rub_out(c);
		break;
	case CTRL('U'):
		c->len = 0;
		rewrite(c);
		break;
	case CTRL('C'):
		if (!c->len) {
			console_interrupt(c);
			break;
		}
		c->len = 0;
		c->overlong = false;
		put(c, "^C\n");
		rewrite(c);
		break;
	default:
		if (byte >= ' ')
			add_byte(c, byte);
	}
}

static size_t plain_input(struct console *c, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len && !c->closing && !screen_busy(&c->screen); i++) {
		if (c->tty)
			terminal_byte(c, data[i]);
		else if (data[i] == '\n')
			end_line(c);
		else
			add_byte(c, data[i]);
	}
	return i;
}

const struct line_editor line_plain = {
	.open = plain_open,
	.close = plain_close,
	.input = plain_input,
	.prompt = plain_prompt,
	.redraw = plain_redraw,
	.tell = plain_tell,
};
