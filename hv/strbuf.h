/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A growing string: what monitor commands print into, and what target
 * descriptions are made with. Never fails loudly: when memory runs out the
 * buffer keeps what it has and `failed` is set.
 */
#ifndef HV_STRBUF_H
#define HV_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct field_sink;

struct strbuf {
	char *data; /* always terminated once something was added; else NULL */
	size_t len;
	size_t cap;
	bool failed;
	struct field_sink *fields; /* takes what is data of the text (hv/fields.h); NULL: nobody */
};

#define STRBUF_INIT \
	{           \
		0   \
	}

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Never NULL: the empty string when nothing was added. */
const char *strbuf_str(const struct strbuf *sb);
/* Empties the buffer, keeps its memory and its sink. */
void strbuf_clear(struct strbuf *sb);
void strbuf_free(struct strbuf *sb);

#endif
