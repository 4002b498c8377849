// SPDX-License-Identifier: GPL-3.0-or-later
/* Colours: see style.h. */
#include "monitor/style.h"

#include <stdlib.h>
#include <string.h>

static const char *const begins[] = {
	[STYLE_PROMPT] = "\033[1;36m",
	[STYLE_ERROR] = "\033[31m",
	[STYLE_CHANGED] = "\033[1;33m",
	[STYLE_STOP] = "\033[1m",
};

bool style_wanted(void)
{
	const char *off = getenv("NO_COLOR"), *term = getenv("TERM");

	return (!off || !*off) && term && *term && strcmp(term, "dumb") != 0;
}

const char *style_begin(enum style style)
{
	return begins[style];
}

const char *style_end(void)
{
	return "\033[0m";
}

void style_put(struct strbuf *out, bool colour, enum style style, const char *text)
{
	if (colour)
		strbuf_puts(out, begins[style]);
	strbuf_puts(out, text);
	if (colour)
		strbuf_puts(out, style_end());
}
