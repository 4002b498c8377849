/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text with fields: what a person reads and what a program gets, from the same call.
 *
 *   field_u64(out, "pc", "pc=0x%016llx ", pc);
 *
 * adds text to a strbuf and, where somebody asked for data, the member "pc" to it. Objects and
 * lists are opened and ended around what belongs to them. Without a sink (`out->fields` is NULL)
 * only the text is made, and text of no interest to programs is printed with strbuf_…() as ever.
 */
#ifndef HV_FIELDS_H
#define HV_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/strbuf.h"

struct field_value {
	enum { FIELD_U64, FIELD_INT, FIELD_BOOL, FIELD_STR } kind;
	uint64_t u64;
	int64_t num;
	bool yes;
	const char *str; /* valid during the call; any bytes but 0 */
};

/* Who makes data of it (monitor/data.h). @key is NULL inside a list. */
struct field_sink {
	void (*open)(struct field_sink *sink, const char *key, bool list);
	void (*close)(struct field_sink *sink);
	void (*value)(struct field_sink *sink, const char *key, const struct field_value *value);
};

/* ---- text and a field: @fmt has one conversion, for the value; @key is NULL inside a list ---- */

#define field_u64(out, key, fmt, value) field_put_u64(out, key, fmt, (unsigned long long)(value))
#define field_int(out, key, fmt, value) field_put_int(out, key, fmt, (long long)(value))
void field_str(struct strbuf *out, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* @yes or @no is the text. */
void field_bool(struct strbuf *out, const char *key, bool value, const char *yes, const char *no);

void field_put_u64(struct strbuf *out, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void field_put_int(struct strbuf *out, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- a field alone ---- */

void data_u64(struct strbuf *out, const char *key, uint64_t value);
void data_int(struct strbuf *out, const char *key, int64_t value);
void data_bool(struct strbuf *out, const char *key, bool value);
void data_str(struct strbuf *out, const char *key, const char *value);
/* The text that was added since @out had @mark bytes, without blanks at its ends. */
void data_since(struct strbuf *out, const char *key, size_t mark);

/* ---- what belongs together ---- */

/* Each is ended with data_end(). An object in a list has no key. */
void data_object(struct strbuf *out, const char *key);
void data_list(struct strbuf *out, const char *key);
void data_end(struct strbuf *out);

#endif
