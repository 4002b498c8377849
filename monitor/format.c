// SPDX-License-Identifier: GPL-3.0-or-later
/* Values and memory as text: see format.h. One row per format letter. */
#include "monitor/format.h"

#include <ctype.h>
#include <string.h>

size_t mon_size_bytes(char size)
{
	switch (size) {
	case 'b':
		return 1;
	case 'h':
		return 2;
	case 'w':
		return 4;
	default:
		return 8;
	}
}

static uint64_t load(const uint8_t *data, size_t size)
{
	uint64_t v = 0;

	while (size-- > 0)
		v = v << 8 | data[size];
	return v;
}

static int64_t load_signed(const uint8_t *data, size_t size)
{
	uint64_t v = load(data, size);
	unsigned unused = 64 - 8 * (unsigned)size;

	/* @size is 1, 2, 4 or 8: the sign moves to the top and back. */
	return (int64_t)(v << (unused & 63)) >> (unused & 63);
}

/* Columns of the longest value, by log2 of the size. */
static unsigned width_of(const uint8_t widths[4], size_t size)
{
	return widths[size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3];
}

static void unit_hex(struct strbuf *out, const uint8_t *data, size_t size)
{
	strbuf_printf(out, "0x%0*llx", (int)(2 * size), (unsigned long long)load(data, size));
}

static void unit_signed(struct strbuf *out, const uint8_t *data, size_t size)
{
	static const uint8_t widths[4] = { 4, 6, 11, 20 };

	strbuf_printf(out, "%*lld", (int)width_of(widths, size),
		      (long long)load_signed(data, size));
}

static void unit_unsigned(struct strbuf *out, const uint8_t *data, size_t size)
{
	static const uint8_t widths[4] = { 3, 5, 10, 20 };

	strbuf_printf(out, "%*llu", (int)width_of(widths, size),
		      (unsigned long long)load(data, size));
}

static void unit_octal(struct strbuf *out, const uint8_t *data, size_t size)
{
	static const uint8_t widths[4] = { 3, 6, 11, 22 };

	strbuf_printf(out, "0%0*llo", (int)width_of(widths, size),
		      (unsigned long long)load(data, size));
}

static void unit_binary(struct strbuf *out, const uint8_t *data, size_t size)
{
	uint64_t v = load(data, size);

	for (size_t bit = 8 * size; bit-- > 0;)
		strbuf_add(out, v >> bit & 1 ? "1" : "0", 1);
}

static void escape(struct strbuf *out, uint8_t c, char quote)
{
	static const char from[] = "\a\b\033\f\n\r\t\v\\", to[] = "abefnrtv\\";
	const char *p = c ? strchr(from, c) : NULL;

	if (p)
		strbuf_printf(out, "\\%c", to[p - from]);
	else if (c == (uint8_t)quote)
		strbuf_printf(out, "\\%c", quote);
	else if (isprint(c) && c < 0x7f)
		strbuf_printf(out, "%c", c);
	else
		strbuf_printf(out, "\\x%02x", c);
}

static void unit_char(struct strbuf *out, const uint8_t *data, size_t size)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_printf(&sb, "%lld '", (long long)load_signed(data, size));
	escape(&sb, data[0], '\'');
	strbuf_puts(&sb, "'");
	strbuf_printf(out, "%-*s", size > 1 ? 16 : 11, strbuf_str(&sb));
	strbuf_free(&sb);
}

static void unit_float(struct strbuf *out, const uint8_t *data, size_t size)
{
	double d;
	float f;

	if (size == sizeof(f)) {
		memcpy(&f, data, sizeof(f));
		strbuf_printf(out, "%-15.9g", (double)f);
	} else {
		memcpy(&d, data, sizeof(d));
		strbuf_printf(out, "%-24.17g", d);
	}
}

static const struct {
	char letter;
	uint8_t line; /* bytes in a line */
	void (*unit)(struct strbuf *out, const uint8_t *data, size_t size);
} formats[] = {
	{ 'x', 16, unit_hex },	 { 'd', 16, unit_signed }, { 'u', 16, unit_unsigned },
	{ 'o', 16, unit_octal }, { 't', 4, unit_binary },  { 'a', 8, unit_hex },
	{ 'c', 8, unit_char },	 { 'f', 16, unit_float },
};

void mon_format_unit(struct strbuf *out, char format, const uint8_t *data, size_t size)
{
	if (!size || size > sizeof(uint64_t))
		return;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].letter == format)
			formats[i].unit(out, data, size);
}

size_t mon_format_per_line(char format, size_t size)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].letter == format && formats[i].line > size)
			return formats[i].line / size;
	return 1;
}

void mon_format_string(struct strbuf *out, const uint8_t *data, size_t len)
{
	strbuf_puts(out, "\"");
	for (size_t i = 0; i < len; i++)
		escape(out, data[i], '"');
	strbuf_puts(out, "\"");
}
