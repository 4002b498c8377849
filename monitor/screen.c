// SPDX-License-Identifier: GPL-3.0-or-later
/* Output in pieces and pages: see screen.h. */
#include "monitor/screen.h"

#include <string.h>

#define CTRL_C 3
#define PIECE  4096
/* How much may be on its way: little to a person, who may want it to stop. */
#define AHEAD_TTY   8192
#define AHEAD_OTHER 262144
/* Of smaller terminals nobody would see more than the question. */
#define ROWS_MIN 4

static const char question[] = "--Type <RET> for more, q to quit, c to continue without paging--";
static const char erase[] = "\r\033[K";

static void put(struct screen *s, const char *text)
{
	s->write(s->opaque, text, strlen(text));
}

static void drop(struct screen *s)
{
	strbuf_free(&s->text);
	s->pos = 0;
	s->asking = false;
}

/* Behind an escape sequence that sets colours (ECMA-48: CSI … m); at one byte of anything else. */
static const char *skip_style(const char *p, const char *end)
{
	if (p + 1 < end && p[0] == '\033' && p[1] == '[')
		for (p += 2; p < end && (unsigned char)*p < 0x40;)
			p++;
	return p + 1;
}

/* How many rows of the terminal a line takes. */
static unsigned rows_of(const struct screen *s, const char *line, size_t len)
{
	const char *end = line + len;
	unsigned columns = 0;

	while (line < end) {
		bool counts = (unsigned char)*line >= ' ' && ((unsigned char)*line & 0xc0) != 0x80;

		if (*line == '\t')
			columns = (columns | 7) + 1;
		columns += counts;
		line = skip_style(line, end);
	}
	return columns ? (columns + s->cols - 1) / s->cols : 1;
}

/* The next piece; 0: a page is full. */
static size_t next_piece(struct screen *s, const char *text, size_t len)
{
	const char *nl;
	unsigned rows;

	if (!s->paged)
		return len < PIECE ? len : PIECE;
	nl = memchr(text, '\n', len);
	if (nl)
		len = (size_t)(nl - text) + 1;
	rows = rows_of(s, text, nl ? len - 1 : len);
	/* A line that fills more than a page begins one. */
	if (rows > s->left && s->left < s->rows - 1)
		return 0;
	s->left -= rows < s->left ? rows : s->left;
	return len;
}

/* True when nothing is left. */
static bool pump(struct screen *s)
{
	size_t ahead = s->tty ? AHEAD_TTY : AHEAD_OTHER;

	while (s->pos < s->text.len && !s->asking) {
		const char *text = s->text.data + s->pos;
		size_t n;

		if (s->cd && chardev_queued(s->cd) >= ahead)
			return false;
		n = next_piece(s, text, s->text.len - s->pos);
		if (!n) {
			s->asking = true;
			put(s, question);
			return false;
		}
		s->write(s->opaque, text, n);
		s->pos += n;
	}
	if (s->asking)
		return false;
	drop(s);
	return true;
}

static void go_on(struct screen *s)
{
	if (pump(s) && s->done)
		s->done(s->opaque);
}

static void new_page(struct screen *s)
{
	if (s->cd && s->tty)
		chardev_winsize(s->cd, &s->cols, &s->rows);
	s->paged = s->paged && s->cd && s->tty && s->rows >= ROWS_MIN && s->cols > 0;
	s->left = s->paged ? s->rows - 1 : 0;
}

void screen_begin(struct screen *s, bool paged)
{
	s->paged = paged;
	new_page(s);
}

void screen_show(struct screen *s, const char *text, size_t len)
{
	strbuf_add(&s->text, text, len);
	if (s->text.failed) {
		drop(s);
		put(s, "\nerror: out of memory, the rest is lost\n");
	}
	pump(s);
}

bool screen_busy(const struct screen *s)
{
	return s->text.len > 0;
}

bool screen_key(struct screen *s, uint8_t key)
{
	bool was_asking = s->asking;

	if (!was_asking && key != CTRL_C)
		return false;
	if (was_asking && !strchr("\r\n qQc\003", key))
		return true;
	s->asking = false;
	if (was_asking)
		put(s, erase);
	switch (key) {
	case CTRL_C:
		put(s, "^C\n");
		/* fall through */
	case 'q':
	case 'Q':
		drop(s);
		break;
	case 'c':
		s->paged = false;
		break;
	default:
		new_page(s);
	}
	go_on(s);
	return true;
}

void screen_tell(struct screen *s, const char *text)
{
	if (!s->asking) {
		strbuf_puts(&s->text, text);
		return;
	}
	put(s, erase);
	put(s, text);
	put(s, question);
}

void screen_redraw(struct screen *s)
{
	if (s->asking)
		put(s, question);
}

void screen_drained(struct screen *s)
{
	if (screen_busy(s) && !s->asking)
		go_on(s);
}

void screen_free(struct screen *s)
{
	drop(s);
}
