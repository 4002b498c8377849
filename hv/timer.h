/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timers on three clocks, run by the loop.
 *
 * HV_CLOCK_GUEST stands still while the guest is stopped: a device that times
 * something for the guest uses it, so that a long stop is not seen inside.
 */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include "hv/loop.h"

enum hv_clock {
	HV_CLOCK_REAL,	    /* CLOCK_REALTIME */
	HV_CLOCK_MONOTONIC, /* CLOCK_MONOTONIC */
	HV_CLOCK_GUEST,	    /* monotonic time during which the guest ran */
	HV_CLOCK_COUNT,
};

struct hv_timers;
struct hv_timer;

int hv_timers_create(struct hv_timers **out, struct loop *loop);
void hv_timers_destroy(struct hv_timers *t);

/* Nanoseconds on @clock. Any thread. */
uint64_t hv_clock_now(struct hv_timers *t, enum hv_clock clock);

/* Called by the run state code when the guest begins and ends to run. Any thread. */
void hv_clock_guest_start(struct hv_timers *t);
void hv_clock_guest_stop(struct hv_timers *t);

/* @fn runs on the loop thread. The timer is created disarmed. */
int hv_timer_create(struct hv_timers *t, enum hv_clock clock, void (*fn)(void *opaque),
		    void *opaque, struct hv_timer **out);
/* Absolute expiry in ns of its clock; one shot; replaces an earlier one. Any thread. */
void hv_timer_arm(struct hv_timer *timer, uint64_t when);
void hv_timer_disarm(struct hv_timer *timer);
/* Loop thread; after it no callback comes. */
void hv_timer_destroy(struct hv_timer *timer);

#endif
