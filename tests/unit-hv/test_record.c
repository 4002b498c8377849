// SPDX-License-Identifier: GPL-3.0-or-later
/* What is recorded: the ring with several writers and a reader, and the topics on the fake KVM. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "fake_kvm.h"
#include "hv/record.h"
#include "hv/record_ring.h"
#include "hv/vcpu.h"

TestSuite(record, .timeout = 300);

#define WORDS 4u

static void put(struct record_ring *ring, uint64_t value)
{
	uint64_t rec[WORDS];

	for (unsigned i = 0; i < WORDS; i++)
		rec[i] = value + i;
	record_ring_put(ring, rec);
}

Test(record, the_oldest_give_way)
{
	struct record_ring *ring = record_ring_create(8, WORDS);
	uint64_t rec[WORDS];

	cr_assert_not(record_ring_get(ring, 0, rec), "nothing is there");
	for (uint64_t n = 0; n < 11; n++)
		put(ring, 100 * n);
	cr_expect_eq(record_ring_next(ring), 11u);
	for (uint64_t n = 0; n < 3; n++)
		cr_expect_not(record_ring_get(ring, n, rec), "%d is gone", (int)n);
	for (uint64_t n = 3; n < 11; n++) {
		cr_assert(record_ring_get(ring, n, rec), "%d", (int)n);
		cr_expect_eq(rec[0], 100 * n);
		cr_expect_eq(rec[WORDS - 1], 100 * n + WORDS - 1);
	}
	cr_expect_not(record_ring_get(ring, 11, rec), "not written yet");
	record_ring_free(ring);
}

#define EACH 20000u

static void *write_many(void *arg)
{
	for (unsigned n = 0; n < EACH; n++)
		put(arg, (uint64_t)n << 8);
	return NULL;
}

/* A small ring, so that writers run into each other. */
Test(record, no_reader_sees_a_torn_record)
{
	struct record_ring *ring = record_ring_create(16, WORDS);
	unsigned long seen = 0;
	uint64_t rec[WORDS], n;
	pthread_t writer[3];

	for (int i = 0; i < 3; i++)
		cr_assert_eq(pthread_create(&writer[i], NULL, write_many, ring), 0);
	do {
		n = record_ring_next(ring);
		for (uint64_t at = n < 16 ? 0 : n - 16; at < n; at++) {
			if (!record_ring_get(ring, at, rec))
				continue;
			seen++;
			for (unsigned i = 1; i < WORDS; i++)
				cr_assert_eq(rec[i], rec[0] + i, "word %u of %d", i, (int)at);
		}
	} while (n < 3 * EACH);
	for (int i = 0; i < 3; i++)
		pthread_join(writer[i], NULL);
	cr_expect_eq(record_ring_next(ring), 3u * EACH);
	cr_expect_gt(seen, 0u);
	record_ring_free(ring);
}

/* ---- the topics ---- */

#define COUNTER 0x200000ull
#define DEVICE	0xd0000000ull

/* Stores to a device that is not there, and counts. */
static struct machine *storer(unsigned vcpus)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit_addr(&code, TOY_OUT, DEVICE);
	toy_emit_addr(&code, TOY_INC, COUNTER);
	toy_emit_addr(&code, TOY_JMP, TOY_LOAD);
	m = toy_machine(&code, vcpus, NULL);
	cr_assert_not_null(m);
	return m;
}

static void turn_on(struct machine *m, enum record_topic topic)
{
	struct error err = { "" };

	cr_assert_eq(record_start(m, topic, &err), 0, "%s", err.text);
}

static void run_for(struct machine *m, uint64_t rounds)
{
	toy_resume(m);
	cr_assert(toy_wait_counter(m, COUNTER, toy_counter(m, COUNTER) + rounds));
	control_stop(m, NULL);
}

static size_t count_of(const struct record_list *list, enum record_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		n += list->rec[i].kind == kind;
	return n;
}

/* They share a counter, and on a busy machine one may do all the rounds. */
static void run_until_each_has_an_exit(struct machine *m, int vcpus)
{
	for (int vcpu = 0; vcpu < vcpus;) {
		struct record_list got;

		run_for(m, 50);
		cr_assert(record_get(m, RECORD_EXITS, vcpu, SIZE_MAX, &got));
		vcpu += count_of(&got, RECORD_EXIT) > 0;
		record_list_free(&got);
	}
}

Test(record, nothing_unless_it_is_on)
{
	struct machine *m = storer(1);
	struct record_list got;

	run_for(m, 10);
	cr_assert(record_get(m, RECORD_EXITS, -1, SIZE_MAX, &got));
	cr_expect_eq(got.count, 0u);
	cr_expect_eq(record_since(m, RECORD_EXITS), 0u);
	record_list_free(&got);
	toy_machine_free(m);
}

Test(record, exits_of_each_vcpu)
{
	struct machine *m = storer(2);
	struct record_list got;

	turn_on(m, RECORD_EXITS);
	run_until_each_has_an_exit(m, 2);
	for (int vcpu = 0; vcpu < 2; vcpu++) {
		cr_assert(record_get(m, RECORD_EXITS, vcpu, SIZE_MAX, &got));
		cr_expect_gt(count_of(&got, RECORD_EXIT), 0u);
		if (!got.lost) { /* else the other one has kept us waiting */
			cr_expect_eq(got.rec[0].kind, RECORD_LEAVE, "it was stopped at first");
			cr_expect_eq(got.rec[0].code, RECORD_STOPPED);
			cr_expect_eq(got.rec[1].kind, RECORD_ENTER);
		}
		cr_expect_eq(got.rec[got.count - 1].kind, RECORD_LEAVE);
		for (size_t i = 1; i < got.count; i++) {
			const struct record *r = &got.rec[i];

			cr_assert_geq(r->time, got.rec[i - 1].time + got.rec[i - 1].ns,
				      "%zu overlaps the one before", i);
			cr_assert_eq(r->vcpu, vcpu);
			if (r->kind != RECORD_EXIT)
				continue;
			cr_assert_str_eq(r->what, "KVM_EXIT_MMIO");
			cr_assert_eq(r->access, RECORD_MEMORY);
			cr_assert_eq(r->addr, DEVICE);
			cr_assert(r->write && r->size == 1);
		}
		record_list_free(&got);
	}
	toy_machine_free(m);
}

Test(record, the_last_ones_and_a_new_beginning)
{
	struct machine *m = storer(1);
	struct record_list got;

	turn_on(m, RECORD_EXITS);
	run_for(m, RECORD_SLOTS + 100);
	cr_assert(record_get(m, RECORD_EXITS, 0, SIZE_MAX, &got));
	cr_expect_eq(got.count, RECORD_SLOTS);
	cr_expect_gt(got.lost, 100u);
	record_list_free(&got);
	cr_assert(record_get(m, RECORD_EXITS, -1, 7, &got));
	cr_expect_eq(got.count, 7u);
	cr_expect_eq(got.rec[6].kind, RECORD_LEAVE);
	record_list_free(&got);

	record_stop(m, RECORD_EXITS);
	run_for(m, 10);
	cr_assert(record_get(m, RECORD_EXITS, 0, SIZE_MAX, &got));
	cr_expect_eq(got.count, RECORD_SLOTS, "off: what is there stays");
	record_list_free(&got);
	turn_on(m, RECORD_EXITS);
	cr_assert(record_get(m, RECORD_EXITS, 0, SIZE_MAX, &got));
	cr_expect_eq(got.count, 1u, "only where it is now");
	cr_expect_eq(got.lost, 0u);
	record_list_free(&got);
	toy_machine_free(m);
}

static void note(struct vcpu *v, void *arg)
{
	(void)v;
	++*(unsigned *)arg;
}

Test(record, work_by_name)
{
	struct machine *m = storer(2);
	struct record_list got;
	unsigned noted = 0;

	turn_on(m, RECORD_WORK);
	vcpu_run_on(m->vcpus[1], note, &noted);
	cr_assert(record_get(m, RECORD_WORK, -1, SIZE_MAX, &got));
	cr_assert_eq(got.count, 1u);
	cr_expect_str_eq(got.rec[0].what, "note");
	cr_expect_eq(got.rec[0].vcpu, 1);
	cr_expect(strstr(got.rec[0].who, "work_by_name"));
	record_list_free(&got);

	/* A running one is asked on its own thread. */
	toy_resume(m);
	vcpu_run_on(m->vcpus[0], note, &noted);
	control_stop(m, NULL);
	cr_expect_eq(noted, 2u);
	cr_assert(record_get(m, RECORD_WORK, -1, SIZE_MAX, &got));
	cr_expect_gt(got.count, 1u);
	record_list_free(&got);
	toy_machine_free(m);
}

/* A reader while the vCPUs write, and topics that come and go: for ThreadSanitizer. */
Test(record, readable_while_it_is_written)
{
	struct machine *m = storer(2);
	struct record_list got;

	turn_on(m, RECORD_EXITS);
	turn_on(m, RECORD_WORK);
	toy_resume(m);
	for (int i = 0; i < 50; i++) {
		toy_run_loop(m, 1);
		cr_assert(record_get(m, RECORD_EXITS, -1, 2000, &got));
		for (size_t n = 1; n < got.count; n++)
			cr_assert_geq(got.rec[n].time, got.rec[n - 1].time);
		record_list_free(&got);
		if (i % 10 == 9) {
			record_stop(m, RECORD_EXITS);
			turn_on(m, RECORD_EXITS);
		}
		control_vcpu_activity(m, i % 2);
	}
	control_stop(m, NULL);
	toy_machine_free(m);
}

Test(record, packets_are_cut)
{
	struct machine *m = storer(1);
	struct record_list got;
	char text[5000];

	memset(text, 'x', sizeof(text));
	turn_on(m, RECORD_PACKETS);
	record_packet(m, false, "qSupported", 10);
	record_packet(m, true, text, sizeof(text));
	cr_assert(record_get(m, RECORD_PACKETS, -1, SIZE_MAX, &got));
	cr_assert_eq(got.count, 2u);
	cr_expect_eq(memcmp(got.rec[0].what, "qSupported", 10), 0);
	cr_expect_not(got.rec[0].write);
	cr_expect_eq(got.rec[1].what[RECORD_TEXT - 1], 'x');
	cr_expect_eq(got.rec[1].count, 5000u);
	cr_expect(got.rec[1].write);
	record_list_free(&got);
	toy_machine_free(m);
}
