// SPDX-License-Identifier: GPL-3.0-or-later
/* Fields as JSON, and their schema: see data.h. */
#include "monitor/data.h"

#include <string.h>

#include "monitor/qmp_internal.h"

const struct mon_field mon_no_result[] = { { 0 } };
const struct mon_field mon_numbers[] = { { "", MON_NUMBER, false, NULL, NULL }, { 0 } };
const struct mon_field mon_texts[] = { { "", MON_TEXT, false, NULL, NULL }, { 0 } };

/* ---- the sink ---- */

/* What is put now goes in here; NULL: too deep. */
static struct json_object *current(const struct mon_data *d)
{
	return d->depth <= MON_DATA_DEPTH ? d->at[d->depth - 1] : NULL;
}

/* Takes @value; false: there is no place for it. */
static bool add(const struct mon_data *d, const char *key, struct json_object *value)
{
	struct json_object *to = current(d);

	if (key && json_object_is_type(to, json_type_object) &&
	    !json_object_object_add(to, key, value))
		return true;
	if (!key && json_object_is_type(to, json_type_array) && !json_object_array_add(to, value))
		return true;
	json_object_put(value);
	return false;
}

static void sink_open(struct field_sink *sink, const char *key, bool list)
{
	struct mon_data *d = (struct mon_data *)sink;
	struct json_object *o = NULL;

	if (d->depth < MON_DATA_DEPTH) {
		o = list ? json_object_new_array() : json_object_new_object();
		d->at[d->depth] = add(d, key, o) ? o : NULL;
	}
	d->depth++;
}

static void sink_close(struct field_sink *sink)
{
	struct mon_data *d = (struct mon_data *)sink;

	if (d->depth > 1)
		d->depth--;
}

static void sink_value(struct field_sink *sink, const char *key, const struct field_value *v)
{
	const struct mon_data *d = (const struct mon_data *)sink;
	struct json_object *o = NULL;

	switch (v->kind) {
	case FIELD_U64:
		o = json_object_new_uint64(v->u64);
		break;
	case FIELD_INT:
		o = json_object_new_int64(v->num);
		break;
	case FIELD_BOOL:
		o = json_object_new_boolean(v->yes);
		break;
	case FIELD_STR:
		o = qmp_text(v->str, strlen(v->str));
		break;
	}
	add(d, key, o);
}

void mon_data_begin(struct mon_data *data, struct strbuf *out)
{
	*data = (struct mon_data){
		.sink = { .open = sink_open, .close = sink_close, .value = sink_value },
		.at = { json_object_new_object() },
		.depth = 1,
	};
	out->fields = &data->sink;
}

struct json_object *mon_data_end(struct mon_data *data, struct strbuf *out)
{
	out->fields = NULL;
	return data->at[0];
}

/* ---- stops ---- */

const struct mon_field mon_stop_fields[] = {
	{ "reason", MON_TEXT, false, "breakpoint, watchpoint, pause, step, …", NULL },
	{ "vcpu", MON_INTEGER, false, "where it happened", NULL },
	{ "pc", MON_NUMBER, false, "linear address of that vCPU's next instruction", NULL },
	{ "breakpoint", MON_INTEGER, MON_OPTIONAL, "its number", NULL },
	{ "catchpoint", MON_INTEGER, MON_OPTIONAL, "its number", NULL },
	{ "address", MON_NUMBER, MON_OPTIONAL, "of the data that was watched", NULL },
	{ "by", MON_TEXT, MON_OPTIONAL, "the client that stopped it", NULL },
	{ "text", MON_TEXT, MON_OPTIONAL, "what else is known", NULL },
	{ 0 },
};

const struct mon_field mon_run_result[] = {
	{ "status", MON_TEXT, false, "the run state: running, paused, debug, …", NULL },
	{ "running", MON_BOOL, false, "whether the guest runs", NULL },
	{ "stop", MON_OBJECT, MON_OPTIONAL, "why it does not", mon_stop_fields },
	{ 0 },
};

void mon_stop_data(const struct stop *stop, struct strbuf *out)
{
	static const char *const reasons[] = {
		[STOP_NONE] = "none",
		[STOP_ENTRY] = "entry",
		[STOP_PAUSE] = "pause",
		[STOP_STEP] = "step",
		[STOP_BREAKPOINT] = "breakpoint",
		[STOP_HW_BREAKPOINT] = "hardware-breakpoint",
		[STOP_WATCHPOINT] = "watchpoint",
		[STOP_TRIPLE_FAULT] = "triple-fault",
		[STOP_PANIC] = "panic",
		[STOP_INTERNAL_ERROR] = "internal-error",
		[STOP_SHUTDOWN] = "shutdown",
		[STOP_RESET] = "reset",
		[STOP_CATCH] = "catchpoint",
	};
	size_t r = (size_t)stop->reason;

	data_str(out, "reason",
		 r < sizeof(reasons) / sizeof(reasons[0]) && reasons[r] ? reasons[r] : "unknown");
	data_int(out, "vcpu", stop->vcpu);
	data_u64(out, "pc", stop->pc);
	if (stop->bp)
		data_int(out, "breakpoint", stop->bp);
	if (stop->catchpoint)
		data_int(out, "catchpoint", stop->catchpoint);
	if (stop->reason == STOP_WATCHPOINT)
		data_u64(out, "address", stop->addr);
	if (stop->by && (stop->reason == STOP_PAUSE || stop->reason == STOP_STEP))
		data_str(out, "by", stop->by->name);
	if (stop->text[0])
		data_str(out, "text", stop->text);
}

void mon_state_data(const struct machine *m, struct strbuf *out)
{
	enum run_state state = control_state(m);

	data_str(out, "status", qmp_run_state(state));
	data_bool(out, "running", !run_state_is_stopped(state));
	if (!run_state_is_stopped(state) || control_last_stop(m)->reason == STOP_NONE)
		return;
	data_object(out, "stop");
	mon_stop_data(control_last_stop(m), out);
	data_end(out);
}

/* ---- the schema ---- */

static struct json_object *field_schema(const struct mon_field *f);

/* Of what a list or a map has. */
static struct json_object *item_schema(const struct mon_field *of)
{
	return *of->name ? mon_schema(of) : field_schema(of);
}

static struct json_object *typed(const char *type)
{
	struct json_object *schema = json_object_new_object();

	qmp_add_text(schema, "type", type);
	return schema;
}

static struct json_object *field_schema(const struct mon_field *f)
{
	struct json_object *schema = NULL;

	switch (f->kind) {
	case MON_NUMBER:
		schema = typed("integer");
		qmp_add_int(schema, "minimum", 0);
		break;
	case MON_INTEGER:
		schema = typed("integer");
		break;
	case MON_TEXT:
		schema = typed("string");
		break;
	case MON_BOOL:
		schema = typed("boolean");
		break;
	case MON_OBJECT:
		schema = mon_schema(f->of);
		break;
	case MON_LIST:
		schema = typed("array");
		json_object_object_add(schema, "items", item_schema(f->of));
		break;
	case MON_MAP:
		schema = typed("object");
		json_object_object_add(schema, "additionalProperties", item_schema(f->of));
		break;
	}
	if (f->help)
		qmp_add_text(schema, "description", f->help);
	return schema;
}

struct json_object *mon_schema(const struct mon_field *fields)
{
	struct json_object *schema = typed("object");
	struct json_object *properties = json_object_new_object();
	struct json_object *required = json_object_new_array();

	for (const struct mon_field *f = fields; f->name; f++) {
		json_object_object_add(properties, f->name, field_schema(f));
		if (!f->optional)
			json_object_array_add(required, json_object_new_string(f->name));
	}
	json_object_object_add(schema, "properties", properties);
	json_object_object_add(schema, "required", required);
	qmp_add_bool(schema, "additionalProperties", false);
	return schema;
}
