// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Records as tracks of a timeline: see timeline.h.
 *
 * A vCPU's track has bars that touch and never overlap:
 *
 *   in guest | KVM_EXIT_IO | in guest | KVM_EXIT_MMIO | stopped | in guest …
 *
 * Exits are recorded with their length; being in the guest is what lies between them. It is known
 * from the first record on.
 */
#include <errno.h>
#include <string.h>

#include "hv/record.h"
#include "monitor/record_text.h"
#include "monitor/timeline.h"

/* Order of the tracks: vCPUs each with the work on it, then the devices, which are given none. */
#define PLACE_OF_VCPU(vcpu) (-1000 + 2 * (vcpu))

/* A vCPU's track as it is written. */
struct vcpu_track {
	struct timeline *t;
	int vcpu;
	uint64_t at;	   /* up to where there are bars */
	const char *state; /* what it is since then; NULL: unknown */
};

static void put_bar(struct timeline *t, const struct record *rec, const char *category, int track,
		    uint64_t begin, uint64_t end)
{
	struct json_object *o, *args = json_object_new_object();
	struct strbuf name = STRBUF_INIT;

	mon_record_what(rec, &name);
	o = timeline_event(t, "X", rec->what ? rec->what : strbuf_str(&name), category, track,
			   begin);
	timeline_length(o, end - begin);
	timeline_add(args, "what", strbuf_str(&name));
	if (rec->pc)
		timeline_add_pc(t, args, rec->vcpu, rec->pc);
	timeline_put(t, o, args);
	strbuf_free(&name);
}

/* What it was up to now, as a bar. */
static void close_state(struct vcpu_track *k, uint64_t end)
{
	struct json_object *o;

	if (k->state && end > k->at) {
		o = timeline_event(k->t, "X", k->state, "vcpu", TIMELINE_VCPU + k->vcpu, k->at);
		timeline_length(o, end - k->at);
		timeline_put(k->t, o, NULL);
	}
	if (end > k->at)
		k->at = end;
}

static void put_vcpu_record(struct vcpu_track *k, const struct record *rec)
{
	uint64_t begin = rec->time > k->at ? rec->time : k->at, end = rec->time + rec->ns;

	close_state(k, begin);
	if (rec->kind == RECORD_EXIT) {
		if (end < begin)
			end = begin;
		put_bar(k->t, rec, "exit", TIMELINE_VCPU + k->vcpu, begin, end);
		k->at = end;
		k->state = "in guest";
	} else if (rec->kind == RECORD_ENTER) {
		k->state = "in guest";
	} else {
		k->state = rec->code == RECORD_STOPPED ? "stopped" : "held for work";
	}
}

static long put_vcpu(struct timeline *t, int vcpu)
{
	struct vcpu_track k = { .t = t, .vcpu = vcpu };
	struct record_list got;
	char name[16];
	long count;

	if (!record_get(t->m, RECORD_EXITS, vcpu, SIZE_MAX, &got))
		return -ENOMEM;
	if (got.count) {
		snprintf(name, sizeof(name), "vcpu%d", vcpu);
		timeline_track(t, TIMELINE_VCPU + vcpu, name, PLACE_OF_VCPU(vcpu));
		k.at = got.rec[0].time;
	}
	for (size_t i = 0; i < got.count; i++)
		put_vcpu_record(&k, &got.rec[i]);
	if (record_is_on(t->m, RECORD_EXITS))
		close_state(&k, record_now());
	count = (long)got.count;
	record_list_free(&got);
	return count;
}

/* Work on one vCPU never overlaps: it is done in the place of one thread. */
static void put_work(struct timeline *t, const struct record_list *all, int vcpu)
{
	uint64_t at = 0, begin, end;
	char name[24];

	for (size_t i = 0; i < all->count; i++) {
		const struct record *rec = &all->rec[i];

		if (rec->vcpu != vcpu)
			continue;
		if (!at) {
			snprintf(name, sizeof(name), "vcpu%d work", vcpu);
			timeline_track(t, TIMELINE_WORK + vcpu, name, PLACE_OF_VCPU(vcpu) + 1);
		}
		begin = rec->time > at ? rec->time : at;
		end = rec->time + rec->ns;
		at = end > begin ? end : begin;
		put_bar(t, rec, "work", TIMELINE_WORK + vcpu, begin, at);
	}
}

static void put_instant(struct timeline *t, const struct record *rec, const char *category,
			int track)
{
	struct json_object *args = json_object_new_object();
	struct strbuf name = STRBUF_INIT;

	mon_record_what(rec, &name);
	if (rec->vcpu >= 0)
		json_object_object_add(args, "vcpu", json_object_new_int(rec->vcpu));
	timeline_put(t, timeline_event(t, "i", strbuf_str(&name), category, track, rec->time),
		     args);
	strbuf_free(&name);
}

static long put_instants(struct timeline *t, enum record_topic topic, int track, const char *name)
{
	struct record_list got;
	long count;

	if (!record_get(t->m, topic, -1, SIZE_MAX, &got))
		return -ENOMEM;
	if (got.count)
		timeline_track(t, track, name, track);
	for (size_t i = 0; i < got.count; i++)
		put_instant(t, &got.rec[i], mon_record_topic_name(topic), track);
	count = (long)got.count;
	record_list_free(&got);
	return count;
}

static long put_all_work(struct timeline *t)
{
	struct record_list got;
	long count;

	if (!record_get(t->m, RECORD_WORK, -1, SIZE_MAX, &got))
		return -ENOMEM;
	for (int vcpu = 0; got.count && vcpu < MACHINE_MAX_VCPUS; vcpu++)
		put_work(t, &got, vcpu);
	count = (long)got.count;
	record_list_free(&got);
	return count;
}

long timeline_records(struct timeline *t)
{
	long total = 0, n;

	for (int vcpu = 0; vcpu < MACHINE_MAX_VCPUS; vcpu++) {
		n = put_vcpu(t, vcpu);
		if (n < 0)
			return n;
		total += n;
	}
	n = put_all_work(t);
	if (n < 0)
		return n;
	total += n;
	n = put_instants(t, RECORD_IRQ, TIMELINE_IRQ, "interrupts");
	if (n < 0)
		return n;
	total += n;
	n = put_instants(t, RECORD_PACKETS, TIMELINE_GDB, "gdb");
	return n < 0 ? n : total + n;
}
