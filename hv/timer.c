// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Timers on three clocks: see timer.h.
 *
 * Each clock has a list sorted by expiry and a timerfd set to the head of it.
 * The guest's clock is CLOCK_MONOTONIC minus the time during which the guest
 * stood: while it stands, its timerfd is disarmed and nothing of its list
 * fires, not even what is due, because a person may be looking at the devices.
 */
#include "hv/timer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

struct hv_timer {
	struct hv_timers *set;
	enum hv_clock clock;
	void (*fn)(void *opaque);
	void *opaque;
	bool armed;
	uint64_t when;
	uint64_t seq; /* of the arming: see fire() */
	struct hv_timer *next;
};

struct clock_list {
	struct hv_timers *set;
	enum hv_clock clock;
	int fd;
	struct loop_source *src;
	struct hv_timer *head;
};

struct hv_timers {
	struct loop *loop;
	pthread_mutex_t lock;
	uint64_t seq;
	struct clock_list clocks[HV_CLOCK_COUNT];
	bool guest_runs;
	uint64_t guest_elapsed; /* up to the last stop */
	uint64_t guest_started; /* CLOCK_MONOTONIC of the last start */
};

static const clockid_t host_clock[HV_CLOCK_COUNT] = {
	[HV_CLOCK_REAL] = CLOCK_REALTIME,
	[HV_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
	[HV_CLOCK_GUEST] = CLOCK_MONOTONIC,
};

static uint64_t host_now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Lock held. */
static uint64_t now_locked(struct hv_timers *t, enum hv_clock clock)
{
	uint64_t now = host_now(host_clock[clock]);

	if (clock != HV_CLOCK_GUEST)
		return now;
	return t->guest_elapsed + (t->guest_runs ? now - t->guest_started : 0);
}

uint64_t hv_clock_now(struct hv_timers *t, enum hv_clock clock)
{
	uint64_t now;

	pthread_mutex_lock(&t->lock);
	now = now_locked(t, clock);
	pthread_mutex_unlock(&t->lock);
	return now;
}

/* Sets the timerfd to the head of the list. Lock held. */
static void program(struct clock_list *cl)
{
	struct hv_timers *t = cl->set;
	struct itimerspec its = { 0 };
	uint64_t when;

	if (cl->head && (cl->clock != HV_CLOCK_GUEST || t->guest_runs)) {
		when = cl->head->when;
		if (cl->clock == HV_CLOCK_GUEST) {
			/* To host time; what is due already is due at the start. */
			when = when > t->guest_elapsed ? when - t->guest_elapsed : 0;
			if (__builtin_add_overflow(when, t->guest_started, &when))
				when = UINT64_MAX;
		}
		its.it_value.tv_sec = (time_t)(when / NS_PER_S);
		its.it_value.tv_nsec = (long)(when % NS_PER_S);
		if (!when)
			its.it_value.tv_nsec = 1; /* zero would disarm it */
	}
	timerfd_settime(cl->fd, TFD_TIMER_ABSTIME, &its, NULL);
}

/* Lock held. */
static void unlink_timer(struct hv_timer *timer)
{
	struct hv_timer **link = &timer->set->clocks[timer->clock].head;

	if (!timer->armed)
		return;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->armed = false;
}

/* Lock held. The next timer that was armed before @seq and is due at @now, taken off the list. */
static struct hv_timer *take_due(struct clock_list *cl, uint64_t now, uint64_t seq)
{
	struct hv_timer *timer;

	if (cl->clock == HV_CLOCK_GUEST && !cl->set->guest_runs)
		return NULL;
	for (timer = cl->head; timer && timer->when <= now; timer = timer->next) {
		if (timer->seq < seq) {
			unlink_timer(timer);
			return timer;
		}
	}
	return NULL;
}

/*
 * Runs what is due. A timer that is armed from here, even for a time that is past, waits
 * for the next turn of the loop: one that always arms itself late starves nobody.
 */
static void fire(void *opaque, uint32_t events)
{
	struct clock_list *cl = opaque;
	struct hv_timers *t = cl->set;
	struct hv_timer *timer;
	uint64_t now, seq, n;
	ssize_t r = read(cl->fd, &n, sizeof(n));

	(void)r;
	(void)events;
	pthread_mutex_lock(&t->lock);
	now = now_locked(t, cl->clock);
	seq = t->seq;
	while ((timer = take_due(cl, now, seq))) {
		void (*fn)(void *opaque) = timer->fn;
		void *fn_opaque = timer->opaque;

		pthread_mutex_unlock(&t->lock);
		fn(fn_opaque);
		pthread_mutex_lock(&t->lock);
	}
	program(cl);
	pthread_mutex_unlock(&t->lock);
}

static int clock_open(struct clock_list *cl, struct hv_timers *t, enum hv_clock clock)
{
	int ret;

	cl->set = t;
	cl->clock = clock;
	cl->fd = timerfd_create(host_clock[clock], TFD_CLOEXEC | TFD_NONBLOCK);
	if (cl->fd < 0)
		return -errno;
	ret = loop_add_fd(t->loop, cl->fd, EPOLLIN, fire, cl, &cl->src);
	if (ret < 0)
		close(cl->fd);
	return ret;
}

static void clock_close(struct clock_list *cl)
{
	loop_remove(cl->src);
	close(cl->fd);
}

int hv_timers_create(struct hv_timers **out, struct loop *loop)
{
	struct hv_timers *t = calloc(1, sizeof(*t));
	int ret, i;

	if (!t)
		return -ENOMEM;
	t->loop = loop;
	ret = -pthread_mutex_init(&t->lock, NULL);
	if (ret)
		goto err_free;
	for (i = 0; i < HV_CLOCK_COUNT; i++) {
		ret = clock_open(&t->clocks[i], t, (enum hv_clock)i);
		if (ret < 0)
			goto err_clocks;
	}
	*out = t;
	return 0;

err_clocks:
	while (i-- > 0)
		clock_close(&t->clocks[i]);
	pthread_mutex_destroy(&t->lock);
err_free:
	free(t);
	return ret;
}

void hv_timers_destroy(struct hv_timers *t)
{
	int i;

	if (!t)
		return;
	for (i = HV_CLOCK_COUNT; i-- > 0;)
		clock_close(&t->clocks[i]);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void hv_clock_guest_start(struct hv_timers *t)
{
	pthread_mutex_lock(&t->lock);
	if (!t->guest_runs) {
		t->guest_runs = true;
		t->guest_started = host_now(CLOCK_MONOTONIC);
		program(&t->clocks[HV_CLOCK_GUEST]);
	}
	pthread_mutex_unlock(&t->lock);
}

void hv_clock_guest_stop(struct hv_timers *t)
{
	pthread_mutex_lock(&t->lock);
	if (t->guest_runs) {
		t->guest_elapsed = now_locked(t, HV_CLOCK_GUEST);
		t->guest_runs = false;
		program(&t->clocks[HV_CLOCK_GUEST]);
	}
	pthread_mutex_unlock(&t->lock);
}

int hv_timer_create(struct hv_timers *t, enum hv_clock clock, void (*fn)(void *opaque),
		    void *opaque, struct hv_timer **out)
{
	struct hv_timer *timer;

	if ((unsigned)clock >= HV_CLOCK_COUNT)
		return -EINVAL;
	timer = calloc(1, sizeof(*timer));
	if (!timer)
		return -ENOMEM;
	timer->set = t;
	timer->clock = clock;
	timer->fn = fn;
	timer->opaque = opaque;
	*out = timer;
	return 0;
}

void hv_timer_arm(struct hv_timer *timer, uint64_t when)
{
	struct hv_timers *t = timer->set;
	struct clock_list *cl = &t->clocks[timer->clock];
	struct hv_timer **link = &cl->head;
	struct hv_timer *old_head;
	uint64_t old_when;

	pthread_mutex_lock(&t->lock);
	old_head = cl->head;
	old_when = old_head ? old_head->when : 0;
	unlink_timer(timer);
	while (*link && (*link)->when <= when)
		link = &(*link)->next;
	timer->when = when;
	timer->seq = t->seq++;
	timer->armed = true;
	timer->next = *link;
	*link = timer;
	if (cl->head != old_head || cl->head->when != old_when)
		program(cl);
	pthread_mutex_unlock(&t->lock);
}

void hv_timer_disarm(struct hv_timer *timer)
{
	struct hv_timers *t = timer->set;
	struct clock_list *cl = &t->clocks[timer->clock];

	pthread_mutex_lock(&t->lock);
	if (cl->head == timer) {
		unlink_timer(timer);
		program(cl);
	} else {
		unlink_timer(timer);
	}
	pthread_mutex_unlock(&t->lock);
}

void hv_timer_destroy(struct hv_timer *timer)
{
	if (!timer)
		return;
	hv_timer_disarm(timer);
	free(timer);
}
