// SPDX-License-Identifier: GPL-3.0-or-later
/* mdoc(7): text that means nothing to roff, in lines that it likes. */
#include "hv/cli/pages/pages.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* Escapes make lines longer, and more than 80 bytes are bad style. */
#define WIDTH 58

/* One UTF-8 character as roff's \[uXXXX] (groff_char(7)); returns its bytes. */
static size_t put_unicode(FILE *out, const unsigned char *p, size_t len)
{
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c = p[0] & (0xffu >> (n + 1));

	if (n > len)
		return len;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	fprintf(out, "\\[u%04X]", (unsigned)c);
	return n;
}

void roff_escaped(FILE *out, const char *text, size_t len)
{
	static const char *const special[128] = {
		['\\'] = "\\e",	  ['-'] = "\\-",   ['"'] = "\\(dq", ['`'] = "\\(ga",
		['\''] = "\\(aq", ['^'] = "\\(ha", ['~'] = "\\(ti",
	};

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		/* Else mandoc's lint takes it for the name of a function of C. */
		if (c == '(' && i + 1 < len && text[i + 1] == ')')
			fputs("\\&", out);
		if (c >= 0x80)
			i += put_unicode(out, (const unsigned char *)text + i, len - i) - 1;
		else if (special[c])
			fputs(special[c], out);
		else
			putc(c, out);
	}
}

static void put_word(FILE *out, const char *word, size_t len)
{
	/* Else a request. */
	if (*word == '.')
		fputs("\\&", out);
	roff_escaped(out, word, len);
}

static int ends_sentence(const char *word, size_t len)
{
	while (len && strchr(")\"'`", word[len - 1]))
		len--;
	return len && strchr(".!?", word[len - 1]) != NULL;
}

void roff_text(FILE *out, const char *text)
{
	size_t column = 0, len;

	for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
		len = strcspn(text, " \t\n");
		if (column && column + 1 + len > WIDTH) {
			putc('\n', out);
			column = 0;
		} else if (column) {
			putc(' ', out);
			column++;
		}
		put_word(out, text, len);
		column += len;
		if (ends_sentence(text, len)) {
			putc('\n', out);
			column = 0;
		}
		text += len;
	}
	if (column)
		putc('\n', out);
}

void roff_item(FILE *out, const char *macro, const char *text)
{
	fprintf(out, ".It %s%s\"", macro, *macro ? " " : "");
	roff_escaped(out, text, strlen(text));
	fputs("\"\n", out);
}

void roff_literal(FILE *out, const char *lines)
{
	size_t len;

	fputs(".Bd -literal\n", out);
	for (; *lines; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		if (*lines == '.')
			fputs("\\&", out);
		roff_escaped(out, lines, len);
		putc('\n', out);
	}
	fputs(".Ed\n", out);
}

void roff_title(FILE *out, const char *date, const char *title, const char *section)
{
	fprintf(out, ".\\\" Made from vitrine's tables: hv/cli/pages.\n.Dd %s\n.Dt ", date);
	for (; *title; title++)
		putc(toupper((unsigned char)*title), out);
	fprintf(out, " %s\n.Os\n", section);
}
