// SPDX-License-Identifier: GPL-3.0-or-later
/* Timers: order, re-arming, and the guest's clock that stands still. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "hv/timer.h"

#define MS 1000000ull

static struct loop *loop;
static struct hv_timers *timers;
static char fired[32];

static void setup(void)
{
	cr_assert_eq(loop_create(&loop), 0);
	cr_assert_eq(hv_timers_create(&timers, loop), 0);
}

static void teardown(void)
{
	hv_timers_destroy(timers);
	loop_destroy(loop);
}

TestSuite(timer, .init = setup, .fini = teardown, .timeout = 120);

static void note(void *opaque)
{
	strncat(fired, opaque, sizeof(fired) - strlen(fired) - 1);
}

static void note_and_quit(void *opaque)
{
	note(opaque);
	loop_quit(loop, 0);
}

static struct hv_timer *make(enum hv_clock clock, void (*fn)(void *opaque), const char *text)
{
	struct hv_timer *timer;

	cr_assert_eq(hv_timer_create(timers, clock, fn, (void *)text, &timer), 0);
	return timer;
}

Test(timer, fires_in_order_and_not_early)
{
	uint64_t start = hv_clock_now(timers, HV_CLOCK_MONOTONIC);
	struct hv_timer *a = make(HV_CLOCK_MONOTONIC, note, "a");
	struct hv_timer *b = make(HV_CLOCK_MONOTONIC, note, "b");
	struct hv_timer *c = make(HV_CLOCK_MONOTONIC, note_and_quit, "c");

	hv_timer_arm(c, start + 12 * MS);
	hv_timer_arm(a, start + 4 * MS);
	hv_timer_arm(b, start + 8 * MS);
	loop_run(loop);
	cr_assert_str_eq(fired, "abc");
	cr_assert_geq(hv_clock_now(timers, HV_CLOCK_MONOTONIC), start + 12 * MS);
	hv_timer_destroy(a);
	hv_timer_destroy(b);
	hv_timer_destroy(c);
}

Test(timer, arming_again_replaces_and_disarm_forgets)
{
	uint64_t now = hv_clock_now(timers, HV_CLOCK_REAL);
	struct hv_timer *a = make(HV_CLOCK_REAL, note, "a");
	struct hv_timer *b = make(HV_CLOCK_REAL, note, "b");
	struct hv_timer *c = make(HV_CLOCK_REAL, note_and_quit, "c");

	hv_timer_arm(a, now + 1 * MS);
	hv_timer_arm(b, now + 2 * MS);
	hv_timer_arm(c, now + 8 * MS);
	hv_timer_disarm(a);
	hv_timer_arm(b, now + 4 * MS);
	loop_run(loop);
	cr_assert_str_eq(fired, "bc");
	hv_timer_destroy(a);
	hv_timer_destroy(b);
	hv_timer_destroy(c);
}

static struct hv_timer *late;

/* Always late: it must not keep the loop from anything else. */
static void arm_in_the_past(void *opaque)
{
	(void)opaque;
	hv_timer_arm(late, 1);
}

Test(timer, one_that_is_always_late_starves_nobody)
{
	uint64_t now = hv_clock_now(timers, HV_CLOCK_MONOTONIC);
	struct hv_timer *end = make(HV_CLOCK_MONOTONIC, note_and_quit, "e");

	late = make(HV_CLOCK_MONOTONIC, arm_in_the_past, NULL);
	hv_timer_arm(late, 0);
	hv_timer_arm(end, now + 5 * MS);
	loop_run(loop);
	cr_assert_str_eq(fired, "e");
	hv_timer_destroy(late);
	hv_timer_destroy(end);
}

static struct hv_timer *victim;

static void destroy_victim(void *opaque)
{
	note(opaque);
	hv_timer_destroy(victim);
}

Test(timer, destroyed_from_a_callback_does_not_fire)
{
	struct hv_timer *a = make(HV_CLOCK_MONOTONIC, destroy_victim, "a");
	struct hv_timer *c = make(HV_CLOCK_MONOTONIC, note_and_quit, "c");

	victim = make(HV_CLOCK_MONOTONIC, note, "b");
	hv_timer_arm(a, 1);
	hv_timer_arm(victim, 2);
	hv_timer_arm(c, 3);
	loop_run(loop);
	cr_assert_str_eq(fired, "ac");
	hv_timer_destroy(a);
	hv_timer_destroy(c);
}

Test(timer, guest_clock_starts_stopped_and_stands_still)
{
	const struct timespec nap = { .tv_nsec = 3 * MS };
	uint64_t t1, t2, from;

	cr_assert_eq(hv_clock_now(timers, HV_CLOCK_GUEST), 0);
	hv_clock_guest_start(timers);
	nanosleep(&nap, NULL);
	hv_clock_guest_stop(timers);
	t1 = hv_clock_now(timers, HV_CLOCK_GUEST);
	cr_assert_geq(t1, 3 * MS);
	nanosleep(&nap, NULL);
	cr_assert_eq(hv_clock_now(timers, HV_CLOCK_GUEST), t1);
	from = hv_clock_now(timers, HV_CLOCK_MONOTONIC);
	hv_clock_guest_start(timers);
	hv_clock_guest_start(timers);
	t2 = hv_clock_now(timers, HV_CLOCK_GUEST);
	cr_assert_geq(t2, t1);
	cr_assert_leq(t2 - t1, hv_clock_now(timers, HV_CLOCK_MONOTONIC) - from,
		      "the stop was counted");
}

Test(timer, guest_timer_waits_for_the_guest)
{
	uint64_t now = hv_clock_now(timers, HV_CLOCK_MONOTONIC);
	struct hv_timer *guest = make(HV_CLOCK_GUEST, note_and_quit, "g");
	struct hv_timer *host = make(HV_CLOCK_MONOTONIC, note_and_quit, "h");
	uint64_t start;

	hv_timer_arm(guest, 2 * MS);
	hv_timer_arm(host, now + 8 * MS);
	loop_run(loop);
	cr_assert_str_eq(fired, "h");
	start = hv_clock_now(timers, HV_CLOCK_MONOTONIC);
	hv_clock_guest_start(timers);
	loop_run(loop);
	cr_assert_str_eq(fired, "hg");
	cr_assert_geq(hv_clock_now(timers, HV_CLOCK_MONOTONIC), start + 2 * MS);
	hv_timer_destroy(guest);
	hv_timer_destroy(host);
}

Test(timer, due_guest_timer_is_held_while_stopped)
{
	uint64_t now = hv_clock_now(timers, HV_CLOCK_MONOTONIC);
	struct hv_timer *guest = make(HV_CLOCK_GUEST, note_and_quit, "g");
	struct hv_timer *host = make(HV_CLOCK_MONOTONIC, note_and_quit, "h");

	hv_timer_arm(guest, 0);
	hv_timer_arm(host, now + 4 * MS);
	loop_run(loop);
	cr_assert_str_eq(fired, "h");
	hv_clock_guest_start(timers);
	loop_run(loop);
	cr_assert_str_eq(fired, "hg");
	hv_timer_destroy(guest);
	hv_timer_destroy(host);
}

static void *arm_from_elsewhere(void *timer)
{
	int i;

	for (i = 0; i < 1000; i++) {
		hv_timer_arm(timer, UINT64_MAX - (unsigned)i);
		hv_timer_disarm(timer);
		hv_clock_guest_start(timers);
		hv_clock_guest_stop(timers);
	}
	hv_timer_arm(timer, hv_clock_now(timers, HV_CLOCK_MONOTONIC) + MS);
	return NULL;
}

Test(timer, any_thread_may_arm)
{
	struct hv_timer *timer = make(HV_CLOCK_MONOTONIC, note_and_quit, "t");
	pthread_t t;

	pthread_create(&t, NULL, arm_from_elsewhere, timer);
	loop_run(loop);
	pthread_join(t, NULL);
	cr_assert_str_eq(fired, "t");
	hv_timer_destroy(timer);
}
