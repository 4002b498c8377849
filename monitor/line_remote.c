// SPDX-License-Identifier: GPL-3.0-or-later
/* The monitor's side of `vitrine monitor`: requests and messages. See remote.h. */
#include "monitor/remote.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/console.h"
#include "monitor/words.h"

/* Of 1 MiB that a chardev queues; a message that was cut would make rubbish of those behind it. */
#define QUEUED_MAX 524288

void remote_send(struct console *c, char kind, const char *text, size_t len)
{
	char head[32];
	int n;

	do {
		size_t part = len < REMOTE_MAX ? len : REMOTE_MAX;

		if (!c->cd || chardev_queued(c->cd) > QUEUED_MAX)
			return;
		n = snprintf(head, sizeof(head), "%c%c%zu\n", REMOTE_MARK, kind, part);
		chardev_write(c->cd, head, (size_t)n);
		chardev_write(c->cd, text, part);
		text += part;
		len -= part;
	} while (len);
}

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = line; (p = strstr(p, word)); p += n)
		if (p > line && p[-1] == ' ' && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

static void on_hello(struct console *c, const char *rest)
{
	static const char other[] = "error: this monitor speaks version " REMOTE_VERSION "\n";
	static const char hello[] = "vitrine " VITRINE_VERSION;

	if (!has_word(rest, REMOTE_VERSION)) {
		console_write(c, other, sizeof(other) - 1);
		return;
	}
	c->editor = &line_remote;
	c->person = c->session.marks = has_word(rest, "tty");
	c->batch = has_word(rest, "batch");
	c->session.colour = has_word(rest, "colour");
	remote_send(c, 'H', hello, sizeof(hello) - 1);
	line_remote.prompt(c, console_prompt(c));
}

static void on_complete(struct console *c, const char *rest)
{
	struct strbuf text = STRBUF_INIT;
	struct words words = { 0 };
	char *line;
	size_t start = strtoul(rest, &line, 10), end;

	line += *line == ' ';
	end = strlen(line);
	if (rest[0] == ' ' && isdigit((unsigned char)rest[1]) && start <= end)
		mon_complete(&c->session, line, start, end, words_add, &words);
	words_end(&words);
	for (size_t i = 0; i < words.count; i++)
		strbuf_printf(&text, "%s\n", words.word[i]);
	remote_send(c, 'C', strbuf_str(&text), text.len);
	words_free(&words);
	strbuf_free(&text);
}

static void on_interrupt(struct console *c, const char *rest)
{
	(void)rest;
	console_interrupt(c);
}

static const struct {
	const char *name;
	bool first; /* may come before `hello` */
	void (*fn)(struct console *c, const char *rest);
} requests[] = {
	{ "hello", true, on_hello },
	{ "complete", false, on_complete },
	{ "interrupt", false, on_interrupt },
};

void remote_request(struct console *c, const char *line)
{
	size_t len = strcspn(line + 1, " ");

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strlen(requests[i].name) == len && !memcmp(requests[i].name, line + 1, len) &&
		    (requests[i].first || c->editor == &line_remote)) {
			requests[i].fn(c, line + 1 + len);
			return;
		}
	console_line(c, line);
}

/* ---- the editor ---- */

static bool remote_open(struct console *c)
{
	(void)c;
	return true;
}

static void remote_close(struct console *c)
{
	(void)c;
}

static size_t remote_input(struct console *c, const uint8_t *data, size_t len)
{
	return line_plain.input(c, data, len);
}

static void remote_prompt(struct console *c, const char *prompt)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d%c%s", c->session.line_failed,
			 c->session.pagination ? 'p' : '-', prompt);

	remote_send(c, 'P', text, (size_t)n);
}

static void remote_redraw(struct console *c)
{
	(void)c;
}

static void remote_tell(struct console *c, const char *text)
{
	remote_send(c, 'E', text, strlen(text));
}

const struct line_editor line_remote = {
	.open = remote_open,
	.close = remote_close,
	.input = remote_input,
	.prompt = remote_prompt,
	.redraw = remote_redraw,
	.tell = remote_tell,
};
