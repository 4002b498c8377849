// SPDX-License-Identifier: GPL-3.0-or-later
/* Pieces of AML: see aml.h. */
#include "hv/arch/x86/aml.h"

#include <string.h>

void aml_byte(struct strbuf *out, uint8_t byte)
{
	strbuf_add(out, &byte, 1);
}

void aml_name(struct strbuf *out, const char *name)
{
	strbuf_add(out, name, 4);
}

void aml_package(struct strbuf *out, const struct strbuf *body)
{
	size_t len = body->len + 1;

	if (len < 0x40) {
		aml_byte(out, (uint8_t)len);
	} else {
		unsigned more = ++len < 0x1000 ? 1 : 2;

		len += more - 1;
		aml_byte(out, (uint8_t)(more << 6 | (len & 15)));
		for (len >>= 4; more; more--, len >>= 8)
			aml_byte(out, (uint8_t)len);
	}
	strbuf_add(out, body->data, body->len);
	out->failed |= body->failed;
}

void aml_named_string(struct strbuf *out, const char *name, const char *text)
{
	aml_byte(out, AML_NAME);
	aml_name(out, name);
	aml_byte(out, AML_STRING);
	strbuf_add(out, text, strlen(text) + 1);
}

void aml_named_byte(struct strbuf *out, const char *name, uint8_t value)
{
	aml_byte(out, AML_NAME);
	aml_name(out, name);
	aml_byte(out, AML_BYTE);
	aml_byte(out, value);
}
