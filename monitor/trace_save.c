// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What was recorded, as text and as a timeline: see trace_save.h.
 *
 * Of the timeline, what devices do is made here: a track for each, with an instant for each event
 * and a bar while an interrupt line is up. The other tracks are record_timeline.c's.
 */
#include "monitor/trace_save.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/fields.h"
#include "hv/machine.h"
#include "hv/record.h"
#include "monitor/record_text.h"
#include "monitor/timeline.h"

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

/* Without a device that was traced there are none. */
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
	mon_record_when(m, ev->time, start, ev->vcpu, ev->pc, out);
	device_event_format(dev, ev, out);
	strbuf_puts(out, "\n");
}

/* The oldest event of a device; moves on. */
static void put_device_line(struct machine *m, struct track *k, uint64_t start, struct strbuf *out)
{
	mon_trace_line(m, k->dev, &k->copy.events[k->next++], start, out);
}

static void put_device_record(struct machine *m, struct track *k, uint64_t start,
			      struct strbuf *out)
{
	const struct device_event *ev = &k->copy.events[k->next];
	size_t mark = out->len;

	data_object(out, NULL);
	data_u64(out, "ns", ev->time - start);
	data_int(out, "cpu", ev->vcpu);
	if (ev->vcpu >= 0)
		data_u64(out, "pc", ev->pc);
	put_device_line(m, k, start, out);
	data_since(out, "text", mark);
	data_end(out);
}

static size_t events_in(const struct tracks *t, unsigned long long *lost)
{
	size_t count = 0;

	*lost = 0;
	for (size_t i = 0; i < t->count; i++) {
		count += t->track[i].copy.count;
		*lost += t->track[i].copy.lost;
	}
	return count;
}

bool mon_trace_show(struct machine *m, size_t max, struct strbuf *out)
{
	unsigned long long lost;
	struct tracks t;
	struct track *k;
	size_t count;
	bool any;

	if (get_tracks(m, &t))
		return false;
	any = t.count;
	count = events_in(&t, &lost);
	for (; count > max; count--, lost++)
		oldest(&t)->next++;
	if (lost)
		field_u64(out, "before", "(%llu before these)\n", lost);
	data_list(out, "records");
	while ((k = oldest(&t)))
		put_device_record(m, k, t.start, out);
	data_end(out);
	if (any && !count)
		strbuf_puts(out, "nothing has happened yet\n");
	free_tracks(&t);
	return any;
}

unsigned long long mon_trace_events(struct machine *m)
{
	unsigned long long lost;
	struct tracks t;
	size_t count;

	if (get_tracks(m, &t))
		return 0;
	count = events_in(&t, &lost);
	free_tracks(&t);
	return count + lost;
}

/* All topics' records in order of time, and devices' events among them. */
static long put_text(struct machine *m, struct tracks *t, FILE *f)
{
	struct record_list got[RECORD_TOPICS] = { 0 };
	size_t next[RECORD_TOPICS] = { 0 };
	struct strbuf line = STRBUF_INIT;
	long count = 0;

	for (int i = 0; i < RECORD_TOPICS; i++)
		if (!record_get(m, (enum record_topic)i, -1, SIZE_MAX, &got[i]))
			count = -ENOMEM;
	while (count >= 0) {
		struct track *k = oldest(t);
		uint64_t first = k ? k->copy.events[k->next].time : UINT64_MAX;
		int topic = -1;

		for (int i = 0; i < RECORD_TOPICS; i++)
			if (next[i] < got[i].count && got[i].rec[next[i]].time < first) {
				first = got[i].rec[next[i]].time;
				topic = i;
			}
		if (topic < 0 && !k)
			break;
		strbuf_clear(&line);
		if (topic >= 0)
			mon_record_line(m, &got[topic].rec[next[topic]++], t->start, &line);
		else
			put_device_line(m, k, t->start, &line);
		fputs(strbuf_str(&line), f);
		count++;
	}
	for (int i = 0; i < RECORD_TOPICS; i++)
		record_list_free(&got[i]);
	strbuf_free(&line);
	return count;
}

/* ---- timeline ---- */

static struct json_object *details(const struct timeline *tl, const struct device *dev,
				   const struct device_event *ev)
{
	struct json_object *args = json_object_new_object();

	timeline_add(args, "device", dev->name);
	if (ev->vcpu >= 0) {
		json_object_object_add(args, "vcpu", json_object_new_int(ev->vcpu));
		timeline_add_pc(tl, args, ev->vcpu, ev->pc);
	}
	if (ev->reg)
		timeline_add(args, "register", ev->reg->name);
	if (ev->kind == DEVICE_READ || ev->kind == DEVICE_WRITE || ev->kind == DEVICE_IRQ_MSG)
		timeline_add_hex(args, "value", ev->value);
	if (ev->kind == DEVICE_DMA_READ || ev->kind == DEVICE_DMA_WRITE) {
		timeline_add_hex(args, "address", ev->addr);
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

static void put_event(struct timeline *tl, struct track *k)
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
	o = timeline_event(tl, phase, strbuf_str(&name), categories[ev->kind], k->id, ev->time);
	strbuf_free(&name);
	timeline_put(tl, o, details(tl, k->dev, ev));
}

static long put_timeline(struct machine *m, struct tracks *t, FILE *f)
{
	struct timeline tl = { .m = m, .f = f, .start = t->start };
	long count;
	struct track *k;

	timeline_begin(&tl);
	for (size_t i = 0; i < t->count; i++)
		if (t->track[i].copy.count)
			timeline_track(&tl, t->track[i].id, t->track[i].dev->name, t->track[i].id);
	count = timeline_records(&tl);
	for (; count >= 0 && (k = oldest(t)); k->next++, count++)
		put_event(&tl, k);
	timeline_end(&tl);
	return count;
}

/* ---- the file ---- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), e = strlen(end);

	return n >= e && !strcmp(s + n - e, end);
}

static long write_file(struct machine *m, struct tracks *t, const char *path)
{
	FILE *f = fopen(path, "we");
	long ret;

	if (!f)
		return -errno;
	ret = (ends_with(path, ".json") ? put_timeline : put_text)(m, t, f);
	if (ret >= 0 && ferror(f))
		ret = -EIO;
	if (fclose(f) && ret >= 0)
		ret = -errno;
	return ret;
}

/* Time begins when the first of all was turned on; false: none ever was. */
static bool find_start(struct machine *m, struct tracks *t)
{
	uint64_t since;

	for (int i = 0; i < RECORD_TOPICS; i++) {
		since = record_since(m, (enum record_topic)i);
		if (since && since < t->start)
			t->start = since;
	}
	return t->start != UINT64_MAX;
}

long mon_trace_save(struct machine *m, const char *path, struct error *err)
{
	struct tracks t;
	long ret = get_tracks(m, &t);

	if (ret)
		return error_set(err, (int)ret, "out of memory");
	if (!find_start(m, &t)) {
		ret = error_set(err, -ENODATA,
				"nothing was recorded: `log exits on` or `trace device NAME on` "
				"begins it");
	} else {
		ret = write_file(m, &t, path);
		if (ret < 0)
			error_set(err, (int)ret, "cannot write %.200s: %s", path,
				  strerror((int)-ret));
	}
	free_tracks(&t);
	return ret;
}
