// SPDX-License-Identifier: GPL-3.0-or-later
/* JSON values of what the monitor knows: see qmp_internal.h. */
#include <string.h>

#include "monitor/data.h"
#include "monitor/qmp_internal.h"

/* Bytes of the UTF-8 character at @s (RFC 3629), 0 when there is none. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	static const struct {
		unsigned char first, last; /* of the first byte */
		unsigned char low, high;   /* of the second: no overlong forms, no surrogates */
		unsigned char len;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (forms[i].len > left)
			return 0;
		if (forms[i].len > 1 && (s[1] < forms[i].low || s[1] > forms[i].high))
			return 0;
		for (size_t n = 2; n < forms[i].len; n++)
			if ((s[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

struct json_object *qmp_text(const char *text, size_t len)
{
	struct strbuf clean = STRBUF_INIT;
	struct json_object *string;
	size_t done = 0, n;

	while (done < len) {
		n = utf8_len((const unsigned char *)text + done, len - done);
		if (n) {
			strbuf_add(&clean, text + done, n);
			done += n;
		} else {
			strbuf_puts(&clean, "\xef\xbf\xbd");
			done++;
		}
	}
	string = json_object_new_string_len(strbuf_str(&clean), (int)clean.len);
	strbuf_free(&clean);
	return string;
}

void qmp_add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, qmp_text(text, strlen(text)));
}

void qmp_add_int(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

void qmp_add_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void qmp_add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

const char *qmp_run_state(enum run_state state)
{
	static const char *const names[RUN_STATE_COUNT] = {
		[RUN_CREATED] = "prelaunch",	   [RUN_RUNNING] = "running",
		[RUN_PAUSED] = "paused",	   [RUN_DEBUG] = "debug",
		[RUN_PANICKED] = "guest-panicked", [RUN_INTERNAL_ERROR] = "internal-error",
		[RUN_SHUTDOWN] = "shutdown",	   [RUN_SAVING] = "save-vm",
		[RUN_RESTORING] = "restore-vm",
	};

	return state < RUN_STATE_COUNT && names[state] ? names[state] : "internal-error";
}

struct json_object *qmp_stop(const struct stop *stop)
{
	struct strbuf out = STRBUF_INIT;
	struct mon_data data;

	mon_data_begin(&data, &out);
	mon_stop_data(stop, &out);
	return mon_data_end(&data, &out);
}
