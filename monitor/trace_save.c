// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Traces of devices as text and as a timeline: see trace_save.h.
 *
 * The timeline is of the Trace Event Format (Google, "Trace Event Format"): a track for each
 * device, with an instant for each event and a bar while an interrupt line is up.
 */
#include "monitor/trace_save.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/machine.h"
#include "monitor/symbols.h"

/* One track: the events of a device, and which one is next. */
struct track {
	struct device *dev;
	struct device_trace_copy copy;
	size_t next;
	int id;
	bool up; /* its line: a bar is open */
};

struct tracks {
	struct track *track;
	size_t count;
	uint64_t start; /* of the first ring */
};

static void free_tracks(struct tracks *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->track[i].copy.events);
	free(t->track);
}

static int get_tracks(struct machine *m, struct tracks *t)
{
	size_t devices = 0;

	*t = (struct tracks){ .start = UINT64_MAX };
	for (const struct device *d = m->devices; d; d = d->next)
		devices++;
	t->track = calloc(devices + 1, sizeof(*t->track));
	if (!t->track)
		return -ENOMEM;
	for (struct device *d = m->devices; d; d = d->next) {
		struct track *track = &t->track[t->count];

		if (!device_trace_get(d, SIZE_MAX, &track->copy))
			continue;
		track->dev = d;
		track->id = (int)++t->count;
		if (track->copy.start < t->start)
			t->start = track->copy.start;
	}
	return 0;
}

/* The track with the oldest event that was not taken yet; NULL: all are. */
static struct track *oldest(struct tracks *t)
{
	struct track *found = NULL;

	for (size_t i = 0; i < t->count; i++) {
		struct track *k = &t->track[i];

		if (k->next < k->copy.count &&
		    (!found || k->copy.events[k->next].time < found->copy.events[found->next].time))
			found = k;
	}
	return found;
}

/* ---- text ---- */

void mon_trace_line(struct machine *m, const struct device *dev, const struct device_event *ev,
		    uint64_t start, struct strbuf *out)
{
	uint64_t us = (ev->time - start) / 1000;
	struct strbuf place = STRBUF_INIT;

	if (ev->vcpu < 0) {
		strbuf_puts(&place, "-");
	} else {
		strbuf_printf(&place, "vcpu%d 0x%" PRIx64, ev->vcpu, ev->pc);
		mon_symbol_put(m, ev->vcpu, ev->pc, &place);
	}
	strbuf_printf(out, "%5" PRIu64 ".%06" PRIu64 " %-40s ", us / 1000000, us % 1000000,
		      strbuf_str(&place));
	strbuf_free(&place);
	device_event_format(dev, ev, out);
	strbuf_puts(out, "\n");
}

static void put_text(struct machine *m, struct tracks *t, FILE *f)
{
	struct strbuf line = STRBUF_INIT;
	struct track *k;

	for (; (k = oldest(t)); k->next++) {
		strbuf_clear(&line);
		mon_trace_line(m, k->dev, &k->copy.events[k->next], t->start, &line);
		fputs(strbuf_str(&line), f);
	}
	strbuf_free(&line);
}

/* ---- timeline ---- */

static void put_object(struct json_object *o, bool first, FILE *f)
{
	fprintf(f, "%s%s", first ? "" : ",\n",
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static void put(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void put_hex(struct json_object *o, const char *key, uint64_t value)
{
	char text[20];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	put(o, key, text);
}

static struct json_object *microseconds(uint64_t ns)
{
	struct json_object *us = json_object_new_double((double)ns / 1000);

	/* json-c's own formats of doubles have up to 17 digits. */
	json_object_set_serializer(us, json_object_double_to_json_string, (void *)"%.3f", NULL);
	return us;
}

/* What all kinds of events have; @phase: M metadata, i instant, B and E begin and end of a bar. */
static struct json_object *new_event(const char *phase, const char *name, int track)
{
	struct json_object *o = json_object_new_object();

	put(o, "ph", phase);
	put(o, "name", name);
	json_object_object_add(o, "pid", json_object_new_int(1));
	json_object_object_add(o, "tid", json_object_new_int(track));
	return o;
}

static struct json_object *new_name(const char *what, const char *name, int track)
{
	struct json_object *o = new_event("M", what, track), *args = json_object_new_object();

	put(args, "name", name);
	json_object_object_add(o, "args", args);
	return o;
}

static void put_place(struct json_object *args, struct machine *m, const struct device_event *ev)
{
	struct strbuf symbol = STRBUF_INIT;

	if (ev->vcpu < 0)
		return;
	json_object_object_add(args, "vcpu", json_object_new_int(ev->vcpu));
	put_hex(args, "pc", ev->pc);
	if (!mon_symbol_name(m, ev->vcpu, ev->pc, &symbol))
		put(args, "symbol", strbuf_str(&symbol));
	strbuf_free(&symbol);
}

static struct json_object *details(const struct device *dev, const struct device_event *ev)
{
	struct json_object *args = json_object_new_object();

	put(args, "device", dev->name);
	put_place(args, dev->m, ev);
	if (ev->reg)
		put(args, "register", ev->reg->name);
	if (ev->kind == DEVICE_READ || ev->kind == DEVICE_WRITE || ev->kind == DEVICE_IRQ_MSG)
		put_hex(args, "value", ev->value);
	if (ev->kind == DEVICE_DMA_READ || ev->kind == DEVICE_DMA_WRITE) {
		put_hex(args, "address", ev->addr);
		json_object_object_add(args, "bytes", json_object_new_uint64(ev->len));
	}
	return args;
}

/* A line that goes up opens a bar, and closes it when it goes down. */
static const char *phase_of(struct track *k, const struct device_event *ev)
{
	bool was = k->up;

	if (ev->kind != DEVICE_IRQ_UP && ev->kind != DEVICE_IRQ_DOWN)
		return "i";
	k->up = ev->kind == DEVICE_IRQ_UP;
	if (was == k->up)
		return "i";
	return k->up ? "B" : "E";
}

static struct json_object *timeline_event(struct track *k, uint64_t start)
{
	static const char *const categories[DEVICE_EVENT_KINDS] = {
		[DEVICE_READ] = "read",	    [DEVICE_WRITE] = "write", [DEVICE_DMA_READ] = "dma",
		[DEVICE_DMA_WRITE] = "dma", [DEVICE_IRQ_UP] = "irq",  [DEVICE_IRQ_DOWN] = "irq",
		[DEVICE_IRQ_MSG] = "irq",   [DEVICE_FAULT] = "fault",
	};
	const struct device_event *ev = &k->copy.events[k->next];
	struct strbuf name = STRBUF_INIT;
	const char *phase = phase_of(k, ev);
	struct json_object *o;

	device_event_format(k->dev, ev, &name);
	o = new_event(phase, strbuf_str(&name), k->id);
	strbuf_free(&name);
	put(o, "cat", categories[ev->kind]);
	json_object_object_add(o, "ts", microseconds(ev->time - start));
	if (*phase == 'i')
		put(o, "s", "t");
	json_object_object_add(o, "args", details(k->dev, ev));
	return o;
}

static void put_timeline(struct machine *m, struct tracks *t, FILE *f)
{
	struct track *k;

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", f);
	put_object(new_name("process_name", m->cfg && m->cfg->name ? m->cfg->name : "devices", 0),
		   true, f);
	for (size_t i = 0; i < t->count; i++)
		put_object(new_name("thread_name", t->track[i].dev->name, t->track[i].id), false,
			   f);
	for (; (k = oldest(t)); k->next++)
		put_object(timeline_event(k, t->start), false, f);
	fputs("\n]}\n", f);
}

/* ---- the file ---- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), e = strlen(end);

	return n >= e && !strcmp(s + n - e, end);
}

static int write_file(struct machine *m, struct tracks *t, const char *path)
{
	FILE *f = fopen(path, "we");
	int ret = 0;

	if (!f)
		return -errno;
	(ends_with(path, ".json") ? put_timeline : put_text)(m, t, f);
	if (ferror(f))
		ret = -EIO;
	if (fclose(f))
		ret = -errno;
	return ret;
}

long mon_trace_save(struct machine *m, const char *path, struct error *err)
{
	struct tracks t;
	long events = 0;
	int ret = get_tracks(m, &t);

	if (ret)
		return error_set(err, ret, "out of memory");
	if (!t.count)
		ret = error_set(err, -ENODATA,
				"no device was traced: `trace device NAME on` begins it");
	for (size_t i = 0; i < t.count; i++)
		events += (long)t.track[i].copy.count;
	if (!ret) {
		ret = write_file(m, &t, path);
		if (ret)
			error_set(err, ret, "cannot write %.200s: %s", path, strerror(-ret));
	}
	free_tracks(&t);
	return ret ? ret : events;
}
