// SPDX-License-Identifier: GPL-3.0-or-later
/* Text with fields: see fields.h. */
#include "hv/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_value(struct strbuf *out, const char *key, const struct field_value *value)
{
	if (out->fields)
		out->fields->value(out->fields, key, value);
}

void data_u64(struct strbuf *out, const char *key, uint64_t value)
{
	put_value(out, key, &(struct field_value){ .kind = FIELD_U64, .u64 = value });
}

void data_int(struct strbuf *out, const char *key, int64_t value)
{
	put_value(out, key, &(struct field_value){ .kind = FIELD_INT, .num = value });
}

void data_bool(struct strbuf *out, const char *key, bool value)
{
	put_value(out, key, &(struct field_value){ .kind = FIELD_BOOL, .yes = value });
}

void data_str(struct strbuf *out, const char *key, const char *value)
{
	put_value(out, key, &(struct field_value){ .kind = FIELD_STR, .str = value });
}

void data_since(struct strbuf *out, const char *key, size_t mark)
{
	const char *text = strbuf_str(out) + (mark < out->len ? mark : out->len);
	size_t len;
	char *copy;

	if (!out->fields)
		return;
	text += strspn(text, " \t\n");
	len = strlen(text);
	while (len && strchr(" \t\n", text[len - 1]))
		len--;
	copy = strndup(text, len);
	data_str(out, key, copy ? copy : "");
	free(copy);
}

void data_object(struct strbuf *out, const char *key)
{
	if (out->fields)
		out->fields->open(out->fields, key, false);
}

void data_list(struct strbuf *out, const char *key)
{
	if (out->fields)
		out->fields->open(out->fields, key, true);
}

void data_end(struct strbuf *out)
{
	if (out->fields)
		out->fields->close(out->fields);
}

/* ---- text and a field ---- */

void field_put_u64(struct strbuf *out, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(out, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	data_u64(out, key, va_arg(ap, unsigned long long));
	va_end(ap);
}

void field_put_int(struct strbuf *out, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(out, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	data_int(out, key, va_arg(ap, long long));
	va_end(ap);
}

void field_str(struct strbuf *out, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(out, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	data_str(out, key, va_arg(ap, const char *));
	va_end(ap);
}

void field_bool(struct strbuf *out, const char *key, bool value, const char *yes, const char *no)
{
	strbuf_puts(out, value ? yes : no);
	data_bool(out, key, value);
}
