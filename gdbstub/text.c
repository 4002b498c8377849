// SPDX-License-Identifier: GPL-3.0-or-later
/* How the GDB protocol writes numbers, bytes and thread ids: see text.h. */
#include "gdbstub/text.h"

#include <stdio.h>
#include <string.h>

const char gdb_hex_chars[16] = { '0', '1', '2', '3', '4', '5', '6', '7',
				 '8', '9', 'a', 'b', 'c', 'd', 'e', 'f' };

int gdb_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool gdb_parse_hex(const char **p, uint64_t *value)
{
	const char *s = *p;
	uint64_t v = 0;
	int digit;

	while ((digit = gdb_hex_digit(*s)) >= 0) {
		if (v >> 60)
			return false;
		v = v << 4 | (uint64_t)digit;
		s++;
	}
	if (s == *p)
		return false;
	*p = s;
	*value = v;
	return true;
}

bool gdb_parse_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

bool gdb_parse_range(const char **p, uint64_t *addr, uint64_t *len)
{
	const char *s = *p;

	if (!gdb_parse_hex(&s, addr) || !gdb_parse_char(&s, ',') || !gdb_parse_hex(&s, len))
		return false;
	*p = s;
	return true;
}

bool gdb_parse_bytes(const char **p, void *bytes, size_t len)
{
	const char *s = *p;
	uint8_t *out = bytes;
	size_t i;

	for (i = 0; i < len; i++) {
		int hi = gdb_hex_digit(s[0]);
		int lo = hi < 0 ? -1 : gdb_hex_digit(s[1]);

		if (lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
		s += 2;
	}
	*p = s;
	return true;
}

static bool parse_id(const char **p, int64_t *id)
{
	const char *s = *p;
	uint64_t value;

	if (s[0] == '-' && s[1] == '1') {
		*p = s + 2;
		*id = GDB_ID_ALL;
		return true;
	}
	if (!gdb_parse_hex(&s, &value) || value > INT32_MAX)
		return false;
	*p = s;
	*id = (int64_t)value;
	return true;
}

bool gdb_parse_thread(const char **p, struct gdb_thread_id *id)
{
	const char *s = *p;

	id->pid = GDB_ID_ANY;
	if (gdb_parse_char(&s, 'p')) {
		if (!parse_id(&s, &id->pid))
			return false;
		id->tid = GDB_ID_ALL;
		if (*s != '.') {
			*p = s;
			return true;
		}
		s++;
	}
	if (!parse_id(&s, &id->tid))
		return false;
	*p = s;
	return true;
}

void gdb_put_hex(struct strbuf *out, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	char text[512];
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		text[used++] = gdb_hex_chars[bytes[i] >> 4];
		text[used++] = gdb_hex_chars[bytes[i] & 15];
		if (used == sizeof(text)) {
			strbuf_add(out, text, used);
			used = 0;
		}
	}
	strbuf_add(out, text, used);
}

static bool needs_escape(char c)
{
	return (c == '#') | (c == '$') | (c == '}') | (c == '*');
}

/* How many bytes need none, from @s on. By blocks first, which the compiler looks at as vectors. */
static size_t plain_bytes(const char *s, size_t len)
{
	enum { BLOCK = 16 };
	size_t n = 0;

	for (; len - n >= BLOCK; n += BLOCK) {
		char found = 0;

		for (size_t i = 0; i < BLOCK; i++)
			found |= (char)needs_escape(s[n + i]);
		if (found)
			break;
	}
	while (n < len && !needs_escape(s[n]))
		n++;
	return n;
}

void gdb_put_binary(struct strbuf *out, const void *data, size_t len)
{
	const char *s = data, *end = s + len, *plain;

	while (s < end) {
		char escaped[2] = { '}' };

		plain = s;
		s += plain_bytes(s, (size_t)(end - s));
		strbuf_add(out, plain, (size_t)(s - plain));
		if (s == end)
			break;
		escaped[1] = (char)(*s++ ^ 0x20);
		strbuf_add(out, escaped, sizeof(escaped));
	}
}

void gdb_put_xml(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			strbuf_puts(out, "&lt;");
			break;
		case '>':
			strbuf_puts(out, "&gt;");
			break;
		case '&':
			strbuf_puts(out, "&amp;");
			break;
		case '"':
			strbuf_puts(out, "&quot;");
			break;
		case '\'':
			strbuf_puts(out, "&apos;");
			break;
		default:
			if ((unsigned char)*text >= ' ')
				strbuf_add(out, text, 1);
		}
	}
}

void gdb_put_json(struct strbuf *out, const char *text)
{
	strbuf_puts(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_puts(out, "\\");
		if ((unsigned char)*text >= ' ')
			strbuf_add(out, text, 1);
		else
			strbuf_printf(out, "\\u%04x", (unsigned)*text);
	}
	strbuf_puts(out, "\"");
}

void gdb_printable(char *out, size_t size, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t i, used = 0;

	/* One character becomes four at most; the mark of a cut takes three. */
	for (i = 0; i < len && used + 8 < size; i++) {
		if (bytes[i] >= ' ' && bytes[i] < 0x7f && bytes[i] != '\\')
			out[used++] = (char)bytes[i];
		else
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", bytes[i]);
	}
	snprintf(out + used, size - used, "%s", i < len ? "..." : "");
}
