// SPDX-License-Identifier: GPL-3.0-or-later
/* What happens in the machine, kept in memory: see record.h. */
#include "hv/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hv/device_event.h"
#include "hv/record_ring.h"
#include "hv/vcpu.h"

#define WORDS_OF(type) (sizeof(type) / sizeof(uint64_t))

struct packet_record {
	struct record rec;
	char text[RECORD_TEXT];
};

_Static_assert(sizeof(struct record) % sizeof(uint64_t) == 0, "a record is made of words");
_Static_assert(sizeof(struct packet_record) % sizeof(uint64_t) == 0, "a record is made of words");

struct recorder {
	/* Atomic: made by who first needs it, and kept. */
	struct record_ring *exits[MACHINE_MAX_VCPUS];
	struct record_ring *ring[RECORD_TOPICS];
	/* Loop thread: when a topic was turned on, and the tickets that its rings had come to. */
	uint64_t since[RECORD_TOPICS];
	uint64_t first[RECORD_TOPICS];
	uint64_t first_exit[MACHINE_MAX_VCPUS];
};

__thread const char *record_irq_source;

uint64_t record_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct recorder *recorder_of(const struct machine *m)
{
	return __atomic_load_n(&m->record, __ATOMIC_ACQUIRE);
}

/* ---- rings ---- */

/* The ring at @place, made now if there is none. NULL: no memory. */
static struct record_ring *ring_at(struct record_ring **place, enum record_topic topic)
{
	struct record_ring *ring = __atomic_load_n(place, __ATOMIC_ACQUIRE), *fresh;

	if (ring)
		return ring;
	fresh = topic == RECORD_PACKETS
			? record_ring_create(RECORD_PACKET_SLOTS, WORDS_OF(struct packet_record))
			: record_ring_create(RECORD_SLOTS, WORDS_OF(struct record));
	if (!fresh)
		return NULL;
	if (__atomic_compare_exchange_n(place, &ring, fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	record_ring_free(fresh);
	return ring;
}

static struct record_ring **place_of(struct recorder *r, enum record_topic topic, int vcpu)
{
	return topic == RECORD_EXITS ? &r->exits[vcpu] : &r->ring[topic];
}

static uint64_t *first_of(struct recorder *r, enum record_topic topic, int vcpu)
{
	return topic == RECORD_EXITS ? &r->first_exit[vcpu] : &r->first[topic];
}

static int rings_of(enum record_topic topic)
{
	return topic == RECORD_EXITS ? MACHINE_MAX_VCPUS : 1;
}

/* ---- on and off ---- */

int record_start(struct machine *m, enum record_topic topic, struct error *err)
{
	struct recorder *r = recorder_of(m);
	struct record_ring *ring;

	if (!r) {
		r = calloc(1, sizeof(*r));
		if (!r)
			goto no_memory;
		__atomic_store_n(&m->record, r, __ATOMIC_RELEASE);
	}
	if (topic != RECORD_EXITS && !ring_at(&r->ring[topic], topic))
		goto no_memory;
	for (int i = 0; i < rings_of(topic); i++) {
		ring = __atomic_load_n(place_of(r, topic, i), __ATOMIC_ACQUIRE);
		*first_of(r, topic, i) = ring ? record_ring_next(ring) : 0;
	}
	r->since[topic] = record_now();
	__atomic_fetch_or(&m->record_topics, 1u << topic, __ATOMIC_SEQ_CST);
	if (topic == RECORD_EXITS)
		vcpu_record_places(m);
	return 0;

no_memory:
	return error_set(err, -ENOMEM, "no memory for a log");
}

void record_stop(struct machine *m, enum record_topic topic)
{
	__atomic_fetch_and(&m->record_topics, ~(1u << topic), __ATOMIC_SEQ_CST);
}

uint64_t record_since(const struct machine *m, enum record_topic topic)
{
	const struct recorder *r = recorder_of(m);

	return r ? r->since[topic] : 0;
}

void record_free(struct machine *m)
{
	struct recorder *r = recorder_of(m);

	if (!r)
		return;
	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		record_ring_free(r->exits[i]);
	for (int t = 0; t < RECORD_TOPICS; t++)
		record_ring_free(r->ring[t]);
	free(r);
	m->record = NULL;
	m->record_topics = 0;
}

/* ---- writing ---- */

void record_put(struct machine *m, enum record_topic topic, const struct record *rec)
{
	struct recorder *r = recorder_of(m);
	struct record_ring *ring;

	if (!r || topic == RECORD_PACKETS || (topic == RECORD_EXITS && rec->vcpu < 0))
		return;
	ring = ring_at(place_of(r, topic, rec->vcpu), topic);
	if (ring)
		record_ring_put(ring, (const uint64_t *)rec);
}

void record_packet(struct machine *m, bool sent, const void *data, size_t len)
{
	struct recorder *r = recorder_of(m);
	struct packet_record p = { .rec = { .kind = RECORD_PACKET, .vcpu = -1, .write = sent } };

	m->packets[sent]++;
	if (!record_is_on(m, RECORD_PACKETS))
		return;
	p.rec.time = record_now();
	p.rec.count = (uint32_t)len;
	memcpy(p.text, data, len < sizeof(p.text) ? len : sizeof(p.text));
	record_ring_put(r->ring[RECORD_PACKETS], (const uint64_t *)&p);
}

void record_irq(struct machine *m, struct record *rec)
{
	const struct device_observer *observer = m->device_observer;
	int vcpu = -1;

	rec->time = record_now();
	if (observer)
		observer->where(&vcpu, &rec->pc);
	rec->vcpu = (int16_t)vcpu;
	rec->what = record_irq_source;
	record_put(m, RECORD_IRQ, rec);
}

/* ---- reading ---- */

/* Where the copy of a ring begins: not before the topic was turned on. */
static uint64_t begin_of(const struct record_ring *ring, uint64_t first, uint64_t end, size_t max)
{
	uint64_t slots = record_ring_slots(ring), begin = first;

	if (end - begin > slots)
		begin = end - slots;
	if (end - begin > max)
		begin = end - max;
	return begin;
}

/* The last @max of one ring are added to @out, which has room for them. */
static void copy_ring(const struct record_ring *ring, bool packets, uint64_t begin, uint64_t end,
		      struct record_list *out)
{
	struct packet_record p;
	struct record *to;
	char *text;

	for (uint64_t n = begin; n < end; n++) {
		to = &out->rec[out->count];
		if (!record_ring_get(ring, n, packets ? (uint64_t *)&p : (uint64_t *)to))
			continue;
		if (packets) {
			text = out->texts + out->count * RECORD_TEXT;
			*to = p.rec;
			memcpy(text, p.text, RECORD_TEXT);
			to->what = text;
		}
		out->count++;
	}
}

static int by_time(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

/* Ring @i of @topic; NULL: there is none yet, or it is another vCPU's than @vcpu. */
static struct record_ring *wanted_ring(struct recorder *r, enum record_topic topic, int vcpu, int i)
{
	if (topic == RECORD_EXITS && vcpu >= 0 && vcpu != i)
		return NULL;
	return __atomic_load_n(place_of(r, topic, i), __ATOMIC_ACQUIRE);
}

/* What is there, up to the tickets in @end. */
static size_t measure(struct recorder *r, enum record_topic topic, int vcpu, size_t max,
		      uint64_t end[MACHINE_MAX_VCPUS])
{
	struct record_ring *ring;
	size_t room = 0;

	memset(end, 0, MACHINE_MAX_VCPUS * sizeof(end[0]));
	for (int i = 0; i < rings_of(topic); i++) {
		ring = wanted_ring(r, topic, vcpu, i);
		if (!ring)
			continue;
		end[i] = record_ring_next(ring);
		room += end[i] - begin_of(ring, *first_of(r, topic, i), end[i], max);
	}
	return room;
}

/* Several rings gave @max each: the last @max of all are kept. */
static void keep_last(struct record_list *out, size_t max)
{
	size_t less = out->count > max ? out->count - max : 0;

	memmove(out->rec, out->rec + less, (out->count - less) * sizeof(out->rec[0]));
	out->count -= less;
	out->lost += less;
}

bool record_get(struct machine *m, enum record_topic topic, int vcpu, size_t max,
		struct record_list *out)
{
	struct recorder *r = recorder_of(m);
	uint64_t end[MACHINE_MAX_VCPUS], begin, first;
	bool packets = topic == RECORD_PACKETS;
	struct record_ring *ring;
	size_t room;

	*out = (struct record_list){ 0 };
	room = r ? measure(r, topic, vcpu, max, end) : 0;
	out->rec = calloc(room + 1, sizeof(*out->rec));
	out->texts = packets ? calloc(room + 1, RECORD_TEXT) : NULL;
	if (!out->rec || (packets && !out->texts)) {
		record_list_free(out);
		return false;
	}
	for (int i = 0; r && i < rings_of(topic); i++) {
		ring = wanted_ring(r, topic, vcpu, i);
		if (!ring)
			continue;
		/* One that has appeared since has nothing yet, as far as `end` goes. */
		first = *first_of(r, topic, i);
		begin = begin_of(ring, first, end[i], max);
		copy_ring(ring, packets, begin, end[i], out);
		out->lost += begin - first;
	}
	qsort(out->rec, out->count, sizeof(*out->rec), by_time);
	keep_last(out, max);
	return true;
}

void record_list_free(struct record_list *list)
{
	free(list->rec);
	free(list->texts);
	*list = (struct record_list){ 0 };
}
