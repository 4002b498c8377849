/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the chardev tests share: a user of a chardev that notes what it hears, and a loop with an
 * end. */
#ifndef TESTS_UNIT_IO_CHARDEV_HELP_H
#define TESTS_UNIT_IO_CHARDEV_HELP_H

#include <criterion/criterion.h>
#include <string.h>

#include "hv/chardev.h"
#include "hv/loop.h"
#include "hv/timer.h"

struct user {
	struct loop *loop;
	struct chardev *cd;
	char in[1 << 20];
	size_t len;
	size_t room; /* SIZE_MAX: no bound */
	size_t want; /* quit the loop when this much is in */
	unsigned closed, drained, ended;
	int focus; /* 1: has it, -1: lost it */
	bool close_on_input;
	bool want_client; /* quit the loop when one is accepted */
};

static size_t user_room(void *opaque)
{
	return ((struct user *)opaque)->room;
}

static void user_input(void *opaque, const uint8_t *data, size_t len)
{
	struct user *u = opaque;

	cr_assert_leq(len, u->room);
	cr_assert_leq(len, sizeof(u->in) - 1 - u->len);
	memcpy(u->in + u->len, data, len);
	u->len += len;
	u->in[u->len] = '\0';
	if (u->room != SIZE_MAX)
		u->room -= len;
	if (u->close_on_input) {
		chardev_close(u->cd);
		u->cd = NULL;
	}
	if (u->want && u->len >= u->want)
		loop_quit(u->loop, 0);
}

static void user_ended(void *opaque)
{
	struct user *u = opaque;

	u->ended++;
	if (!u->close_on_input)
		return;
	chardev_close(u->cd);
	u->cd = NULL;
}

static void user_closed(void *opaque)
{
	struct user *u = opaque;

	u->closed++;
	u->cd = NULL;
	loop_quit(u->loop, 0);
}

static void user_drained(void *opaque)
{
	((struct user *)opaque)->drained++;
}

static void user_focus(void *opaque, bool has_it)
{
	((struct user *)opaque)->focus = has_it ? 1 : -1;
}

static const struct chardev_handler user_handler = {
	.room = user_room,
	.input = user_input,
	.ended = user_ended,
	.closed = user_closed,
	.drained = user_drained,
	.focus = user_focus,
};

static inline void user_accept(void *opaque, struct chardev *cd)
{
	struct user *u = opaque;

	u->cd = cd;
	chardev_set_handler(cd, &user_handler, u);
	if (u->want_client)
		loop_quit(u->loop, 0);
}

static inline void quit_failed(void *opaque)
{
	loop_quit(opaque, -1);
}

/* Runs the loop until a callback quits it; false after a minute. */
static inline bool run_loop(struct loop *loop)
{
	struct hv_timers *timers;
	struct hv_timer *timer;
	int code;

	cr_assert_eq(hv_timers_create(&timers, loop), 0);
	hv_timer_create(timers, HV_CLOCK_MONOTONIC, quit_failed, loop, &timer);
	hv_timer_arm(timer, hv_clock_now(timers, HV_CLOCK_MONOTONIC) + 60000000000ull);
	code = loop_run(loop);
	hv_timer_destroy(timer);
	hv_timers_destroy(timers);
	return code == 0;
}

static inline void quit_now(void *opaque)
{
	loop_quit(opaque, 0);
}

/* Lets everything that is ready happen: a few turns of the loop. */
static inline void settle_loop(struct loop *loop)
{
	int i;

	for (i = 0; i < 4; i++) {
		loop_post(loop, quit_now, loop);
		cr_assert(run_loop(loop));
	}
}

#endif
