// SPDX-License-Identifier: GPL-3.0-or-later
/* Samples of where the guest is: see profile.h. */
#include "hv/profile.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "hv/vcpu.h"

#define NS 1000000000u

struct profile {
	struct machine *m;
	bool on; /* loop thread */
	unsigned hz;
	uint64_t begin, end; /* ns of CLOCK_MONOTONIC */
	pthread_t thread;
	int timer_fd, stop_fd;
	struct vcpu_work work[MACHINE_MAX_VCPUS]; /* vcpu_interrupt_all()'s */

	pthread_mutex_t lock; /* guards the rest; nothing is taken inside it */
	uint64_t samples, idle, lost;
	struct profile_stack stack[PROFILE_STACKS]; /* by hash, open addressing */
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

/* ---- the table ---- */

static size_t hash(const struct profile_stack *s)
{
	uint64_t h = s->depth;

	for (unsigned i = 0; i < s->depth; i++)
		h = (h ^ s->frame[i]) * 0x9e3779b97f4a7c15u;
	return (size_t)(h >> 32) % PROFILE_STACKS;
}

static bool is_same(const struct profile_stack *a, const struct profile_stack *b)
{
	return a->depth == b->depth && !memcmp(a->frame, b->frame, a->depth * sizeof(a->frame[0]));
}

/* The place of @s; NULL: there is none. The lock is held. */
static struct profile_stack *find(struct profile *p, const struct profile_stack *s)
{
	size_t at = hash(s);

	/* A table that is nearly full is not searched to its end at each sample. */
	for (unsigned tries = 0; tries < 64; tries++, at = (at + 1) % PROFILE_STACKS)
		if (!p->stack[at].count || is_same(&p->stack[at], s))
			return &p->stack[at];
	return NULL;
}

void profile_add(struct machine *m, const struct profile_stack *stack)
{
	struct profile *p = m->profile;
	struct profile_stack *place;
	uint64_t count;

	pthread_mutex_lock(&p->lock);
	p->samples++;
	place = find(p, stack);
	if (place) {
		count = place->count + 1;
		*place = *stack;
		place->count = count;
	} else {
		p->lost++;
	}
	pthread_mutex_unlock(&p->lock);
}

void profile_add_idle(struct machine *m)
{
	struct profile *p = m->profile;

	pthread_mutex_lock(&p->lock);
	p->samples++;
	p->idle++;
	pthread_mutex_unlock(&p->lock);
}

/* ---- the rate ---- */

static void *tick(void *opaque)
{
	struct profile *p = opaque;
	struct pollfd fds[] = { { .fd = p->timer_fd, .events = POLLIN },
				{ .fd = p->stop_fd, .events = POLLIN } };
	uint64_t passed;

	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[1].revents)
			break;
		/* Several that have passed at once are one: a late sample says nothing more. */
		if ((fds[0].revents & POLLIN) && read(p->timer_fd, &passed, sizeof(passed)) > 0)
			vcpu_interrupt_all(p->m, p->work);
	}
	return NULL;
}

static int set_timer(int fd, unsigned hz)
{
	struct timespec each = { .tv_sec = hz == 1, .tv_nsec = hz == 1 ? 0 : NS / hz };
	struct itimerspec spec = { .it_interval = each, .it_value = each };

	return timerfd_settime(fd, 0, &spec, NULL) ? -errno : 0;
}

static int start_thread(struct profile *p)
{
	int ret;

	p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	p->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = p->timer_fd < 0 || p->stop_fd < 0 ? -errno : set_timer(p->timer_fd, p->hz);
	if (!ret)
		ret = -pthread_create(&p->thread, NULL, tick, p);
	if (!ret)
		return 0;
	if (p->timer_fd >= 0)
		close(p->timer_fd);
	if (p->stop_fd >= 0)
		close(p->stop_fd);
	return ret;
}

/* ---- on and off ---- */

static struct profile *create(struct machine *m)
{
	struct profile *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->m = m;
	pthread_mutex_init(&p->lock, NULL);
	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		p->work[i] = (struct vcpu_work){ .fn = profile_sample,
						 .name = "profile_sample",
						 .caller = "profile",
						 .done = true };
	return p;
}

int profile_start(struct machine *m, unsigned hz, struct error *err)
{
	struct profile *p = m->profile;
	int ret;

	if (p && p->on)
		return error_set(err, -EBUSY, "a profile is being taken: `profile stop` ends it");
	if (!p)
		p = m->profile = create(m);
	if (!p)
		return error_set(err, -ENOMEM, "no memory for a profile");
	profile_forget(m);
	p->hz = hz;
	p->begin = now();
	ret = start_thread(p);
	if (ret)
		return error_set(err, ret, "no thread or timer for a profile: %s", strerror(-ret));
	p->on = true;
	return 0;
}

void profile_stop(struct machine *m)
{
	struct profile *p = m->profile;

	if (!p || !p->on)
		return;
	/* It cannot fail: the counter is 0. */
	if (write(p->stop_fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
		return;
	pthread_join(p->thread, NULL);
	vcpu_interrupt_wait(m, p->work);
	close(p->timer_fd);
	close(p->stop_fd);
	p->end = now();
	p->on = false;
}

void profile_forget(struct machine *m)
{
	struct profile *p = m->profile;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->samples = p->idle = p->lost = 0;
	memset(p->stack, 0, sizeof(p->stack));
	pthread_mutex_unlock(&p->lock);
	p->begin = now();
}

void profile_free(struct machine *m)
{
	if (!m->profile)
		return;
	profile_stop(m);
	pthread_mutex_destroy(&m->profile->lock);
	free(m->profile);
	m->profile = NULL;
}

/* ---- looking ---- */

bool profile_status(const struct machine *m, struct profile_status *out)
{
	struct profile *p = m->profile;

	*out = (struct profile_status){ 0 };
	if (!p)
		return false;
	pthread_mutex_lock(&p->lock);
	*out = (struct profile_status){
		.on = p->on,
		.hz = p->hz,
		.ns = (p->on ? now() : p->end) - p->begin,
		.samples = p->samples,
		.idle = p->idle,
		.lost = p->lost,
	};
	pthread_mutex_unlock(&p->lock);
	return true;
}

bool profile_get(const struct machine *m, size_t n, struct profile_stack *out)
{
	struct profile *p = m->profile;

	if (!p || n >= PROFILE_STACKS)
		return false;
	pthread_mutex_lock(&p->lock);
	*out = p->stack[n];
	pthread_mutex_unlock(&p->lock);
	return true;
}
