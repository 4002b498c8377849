// SPDX-License-Identifier: GPL-3.0-or-later
/* Timelines in the Trace Event Format: see timeline.h. */
#include "monitor/timeline.h"

#include <inttypes.h>

#include "hv/machine.h"
#include "monitor/symbols.h"

void timeline_add(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

void timeline_add_hex(struct json_object *object, const char *key, uint64_t value)
{
	char text[20];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	timeline_add(object, key, text);
}

void timeline_add_pc(const struct timeline *t, struct json_object *object, int vcpu, uint64_t pc)
{
	struct strbuf symbol = STRBUF_INIT;

	timeline_add_hex(object, "pc", pc);
	if (!mon_symbol_name(t->m, vcpu, pc, &symbol))
		timeline_add(object, "symbol", strbuf_str(&symbol));
	strbuf_free(&symbol);
}

static struct json_object *microseconds(uint64_t ns)
{
	struct json_object *us = json_object_new_double((double)ns / 1000);

	/* json-c's own formats of doubles have up to 17 digits. */
	json_object_set_serializer(us, json_object_double_to_json_string, (void *)"%.3f", NULL);
	return us;
}

static struct json_object *new_event(const char *phase, const char *name, int track)
{
	struct json_object *o = json_object_new_object();

	timeline_add(o, "ph", phase);
	timeline_add(o, "name", name);
	json_object_object_add(o, "pid", json_object_new_int(1));
	json_object_object_add(o, "tid", json_object_new_int(track));
	return o;
}

struct json_object *timeline_event(const struct timeline *t, const char *phase, const char *name,
				   const char *category, int track, uint64_t time)
{
	struct json_object *o = new_event(phase, name, track);

	timeline_add(o, "cat", category);
	json_object_object_add(o, "ts", microseconds(time > t->start ? time - t->start : 0));
	if (*phase == 'i')
		timeline_add(o, "s", "t");
	return o;
}

void timeline_length(struct json_object *event, uint64_t ns)
{
	json_object_object_add(event, "dur", microseconds(ns));
}

void timeline_put(struct timeline *t, struct json_object *event, struct json_object *args)
{
	if (args)
		json_object_object_add(event, "args", args);
	fprintf(t->f, "%s%s", t->any ? ",\n" : "",
		json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(event);
	t->any = true;
}

static void put_name(struct timeline *t, const char *what, const char *name, int track)
{
	struct json_object *args = json_object_new_object();

	timeline_add(args, "name", name);
	timeline_put(t, new_event("M", what, track), args);
}

void timeline_begin(struct timeline *t)
{
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", t->f);
	put_name(t, "process_name", t->m->cfg && t->m->cfg->name ? t->m->cfg->name : "vitrine", 0);
}

void timeline_end(struct timeline *t)
{
	fputs("\n]}\n", t->f);
}

void timeline_track(struct timeline *t, int track, const char *name, int place)
{
	struct json_object *args = json_object_new_object();

	put_name(t, "thread_name", name, track);
	json_object_object_add(args, "sort_index", json_object_new_int(place));
	timeline_put(t, new_event("M", "thread_sort_index", track), args);
}
