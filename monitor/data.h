/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What commands say as JSON: the fields of their text (hv/fields.h) become an object, and the
 * result column of the command table becomes its JSON schema.
 */
#ifndef MONITOR_DATA_H
#define MONITOR_DATA_H

#include <json-c/json.h>

#include "hv/fields.h"
#include "monitor/command.h"

/* Objects and lists inside each other; what is deeper is left out. */
#define MON_DATA_DEPTH 8

struct mon_data {
	struct field_sink sink; /* first */
	struct json_object *at[MON_DATA_DEPTH];
	unsigned depth; /* of what is open; may be more than there is room for */
};
/* Makes @data the sink of @out. */
void mon_data_begin(struct mon_data *data, struct strbuf *out);
/* Takes it away again and returns the object, which is the caller's. NULL: out of memory. */
struct json_object *mon_data_end(struct mon_data *data, struct strbuf *out);

/* A stop: reason, vcpu, pc, and what else is known; the members mon_stop_fields[]. */
void mon_stop_data(const struct stop *stop, struct strbuf *out);
extern const struct mon_field mon_stop_fields[];
/* The run state, and why it stopped: mon_run_result[]. */
void mon_state_data(const struct machine *m, struct strbuf *out);

/* The JSON schema (draft 2020-12) of an object with the members @fields. */
struct json_object *mon_schema(const struct mon_field *fields);

#endif
