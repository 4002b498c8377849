// SPDX-License-Identifier: GPL-3.0-or-later
/* Consoles: between a chardev, a line editor and a session. See console.h. */
#include "monitor/console.h"
#include "monitor/history.h"
#include "monitor/remote.h"
#include "monitor/style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes that wait to be looked at. */
#define AHEAD_MAX 65536

/* ---- output ---- */

void console_write(struct console *c, const char *text, size_t len)
{
	const char *nl;
	size_t n;

	if (!c->cd || !len)
		return;
	if (c->editor == &line_remote) {
		remote_send(c, 'O', text, len);
		return;
	}
	if (!c->tty) {
		chardev_write(c->cd, text, len);
		return;
	}
	for (; len; text += n, len -= n) {
		nl = memchr(text, '\n', len);
		n = nl ? (size_t)(nl - text) : len;
		if (n)
			chardev_write(c->cd, text, n);
		if (nl) {
			chardev_write(c->cd, "\r\n", 2);
			n++;
		}
	}
}

static void console_puts(struct console *c, const char *text)
{
	console_write(c, text, strlen(text));
}

const char *console_prompt(const struct console *c)
{
	if (c->waiting)
		return "";
	return mon_collecting(&c->session) ? CONSOLE_MORE : CONSOLE_PROMPT;
}

static void show_prompt(struct console *c)
{
	if (!c->closing && !c->away && !screen_busy(&c->screen))
		c->editor->prompt(c, console_prompt(c));
}

static void console_tell(struct mon_session *s, const char *text)
{
	struct console *c = (struct console *)s;

	if (screen_busy(&c->screen)) {
		screen_tell(&c->screen, text);
	} else if (c->busy) {
		console_puts(c, text);
	} else if (c->quiet || c->away) {
		/* Into somebody else's output: on a line of its own. */
		console_puts(c, c->tty ? "\n" : "");
		console_puts(c, text);
	} else {
		c->editor->tell(c, text);
	}
}

static void console_idle(struct mon_session *s)
{
	struct console *c = (struct console *)s;

	if (!c->waiting)
		return;
	c->waiting = false;
	if (!c->busy && !c->away)
		show_prompt(c);
}

static void console_ended(struct mon_session *s, int status)
{
	struct console *c = (struct console *)s;
	char text[64];

	snprintf(text, sizeof(text), "vitrine ends with status %d\n", status);
	if (c->editor == &line_remote)
		remote_send(c, 'X', text, strlen(text));
	else
		mon_session_tell(s, text);
}

static void greet(struct console *c)
{
	c->quiet = false;
	console_puts(c, "vitrine " VITRINE_VERSION " monitor - `help` lists the commands\n");
	show_prompt(c);
}

/* ---- lines ---- */

/*
 * A web page can make a browser send a request to a TCP port of the machine it runs on (the way
 * into debug ports of CVE-2018-5704), its body full of commands. So a request ends the connection.
 */
static bool is_http(const char *line)
{
	static const char *const methods[] = {
		"GET ",	    "HEAD ",	"POST ",  "PUT ",   "DELETE ",
		"CONNECT ", "OPTIONS ", "TRACE ", "PATCH ", "PRI ",
	};

	if (!strncasecmp(line, "Host:", 5))
		return true;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strncmp(line, methods[i], strlen(methods[i])))
			return strstr(line, " HTTP/") != NULL;
	return false;
}

static bool is_text(const char *line)
{
	for (; *line; line++)
		if (((unsigned char)*line < ' ' && *line != '\t' && *line != '\r') || *line == 0x7f)
			return false;
	return true;
}

static void run_line(struct console *c, const char *line)
{
	struct strbuf out = STRBUF_INIT;
	struct error err = { "" };

	if (!c->batch)
		mon_run(&c->session, line, &out);
	else if (mon_execute(&c->session, line, &out, &err))
		c->session.line_failed = true;
	screen_begin(&c->screen, c->session.pagination);
	screen_show(&c->screen, strbuf_str(&out), out.len);
	if (out.failed)
		console_puts(c, "\nerror: out of memory, the rest is lost\n");
	if (err.text[0])
		remote_send(c, 'F', err.text, strlen(err.text));
	strbuf_free(&out);
}

void console_line(struct console *c, const char *line)
{
	bool empty = line[strspn(line, " \t\r")] == '\0';

	c->busy = true;
	c->session.line_failed = false;
	if (!c->tty && is_http(line)) {
		console_puts(c, "this is no web server\n");
		monitor_console_gone(c);
	} else if (!is_text(line)) {
		console_puts(c, "error: this line is not text\n");
		c->session.line_failed = true;
	} else if (!empty) {
		if (c->tty)
			history_keep(line);
		c->session.again = NULL;
		run_line(c, line);
	} else if (c->person && c->session.again && !c->waiting) {
		run_line(c, c->session.again);
	}
	c->busy = false;
	c->waiting = mon_session_busy(&c->session);
	show_prompt(c);
}

void console_interrupt(struct console *c)
{
	struct strbuf out = STRBUF_INIT;

	mon_collect_drop(&c->session);
	/* A wait is the console's own: the guest goes on. */
	if (c->session.progress.doing == MON_WAITING) {
		mon_session_cancel(&c->session);
		mon_script_drop(&c->session);
		strbuf_puts(&out, "waiting ended\n");
	} else {
		mon_run(&c->session, "stop", &out);
	}
	console_tell(&c->session, strbuf_str(&out));
	strbuf_free(&out);
	if (c->waiting && !mon_session_busy(&c->session))
		console_idle(&c->session);
}

/* ---- the chardev ---- */

/* What is typed while the output of the last line is on its way waits, unless it is about that. */
static void take_input(struct console *c, const uint8_t *data, size_t len)
{
	size_t n;

	for (; len && !c->closing; data += n, len -= n) {
		if (!screen_busy(&c->screen)) {
			n = c->editor->input(c, data, len);
			if (!n)
				return;
			continue;
		}
		n = 1;
		if ((!c->tty || !screen_key(&c->screen, *data)) && c->ahead.len < AHEAD_MAX)
			strbuf_add(&c->ahead, data, n);
	}
}

static void on_input(void *opaque, const uint8_t *data, size_t len)
{
	struct console *c = opaque;

	if (c->closing)
		return;
	if (c->quiet)
		greet(c);
	take_input(c, data, len);
}

/* A socket's lines stay in the socket, so that a script may write as many as it likes. */
static size_t on_room(void *opaque)
{
	const struct console *c = opaque;

	return !c->tty && screen_busy(&c->screen) ? 0 : AHEAD_MAX;
}

static void on_drained(void *opaque)
{
	struct console *c = opaque;

	screen_drained(&c->screen);
}

static void screen_write(void *opaque, const char *text, size_t len)
{
	console_write(opaque, text, len);
}

static void on_screen_done(void *opaque)
{
	struct console *c = opaque;
	struct strbuf ahead = c->ahead;

	if (c->closing)
		return;
	c->ahead = (struct strbuf)STRBUF_INIT;
	show_prompt(c);
	take_input(c, (const uint8_t *)strbuf_str(&ahead), ahead.len);
	strbuf_free(&ahead);
	if (!c->closing && !c->tty && c->cd)
		chardev_poll_input(c->cd);
}

static void on_closed(void *opaque)
{
	struct console *c = opaque;

	c->cd = NULL;
	c->screen.cd = NULL;
	monitor_console_gone(c);
}

/* The keyboard comes and goes with Ctrl-A c, when a serial port shares the terminal. */
static void on_focus(void *opaque, bool has_it)
{
	struct console *c = opaque;

	c->away = !has_it;
	if (!has_it || c->closing)
		return;
	if (c->quiet)
		greet(c);
	else if (screen_busy(&c->screen))
		screen_redraw(&c->screen);
	else if (!c->waiting)
		c->editor->redraw(c);
}

/* A guest that prints on the same terminal: its lines stand above the one that is typed. */
static void on_aside(void *opaque, const uint8_t *data, size_t len)
{
	struct console *c = opaque;
	struct strbuf text = STRBUF_INIT;

	/* The chardev breaks lines itself, and a zero byte would end the text. */
	for (size_t i = 0; i < len; i++)
		if (data[i] && data[i] != '\r')
			strbuf_add(&text, &data[i], 1);
	if (text.len && text.data[text.len - 1] != '\n')
		strbuf_puts(&text, "\n");
	if (!c->closing && text.len)
		console_tell(&c->session, strbuf_str(&text));
	strbuf_free(&text);
}

static const struct chardev_handler terminal_handler = {
	.focus = on_focus,
	.aside = on_aside,
	.room = on_room,
	.input = on_input,
	.drained = on_drained,
	.closed = on_closed,
};

static const struct chardev_handler handler = {
	.focus = on_focus,
	.room = on_room,
	.input = on_input,
	.drained = on_drained,
	.closed = on_closed,
};

struct console *console_create(struct monitor *mon, struct chardev *cd, const char *name,
			       bool quiet)
{
	struct console *c = calloc(1, sizeof(*c));

	if (!c) {
		chardev_close(cd);
		return NULL;
	}
	c->mon = mon;
	c->cd = cd;
	c->tty = c->person = chardev_is_tty(cd);
	c->quiet = quiet;
	c->session.colour = c->tty && style_wanted();
	c->session.pagination = true;
	c->session.marks = c->person;
	c->screen = (struct screen){
		.write = screen_write, .done = on_screen_done, .opaque = c, .cd = cd, .tty = c->tty
	};
	c->editor = &line_readline;
	if (!c->tty || !c->editor->open(c)) {
		c->editor = &line_plain;
		c->editor->open(c);
	}
	c->session.tell = console_tell;
	c->session.idle = console_idle;
	c->session.ended = console_ended;
	mon_session_open(&c->session, mon, name);
	chardev_set_handler(cd, c->tty ? &terminal_handler : &handler, c);
	if (!quiet)
		greet(c);
	return c;
}

void console_destroy(struct console *c)
{
	c->closing = true;
	mon_session_close(&c->session);
	c->editor->close(c);
	if (c->cd)
		chardev_close(c->cd);
	screen_free(&c->screen);
	strbuf_free(&c->ahead);
	free(c);
}
