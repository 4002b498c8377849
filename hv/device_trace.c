// SPDX-License-Identifier: GPL-3.0-or-later
/* The trace of a device: see device_trace.h. */
#include "hv/device_trace.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* Guarded by look.lock of its device. */
struct device_trace {
	uint64_t start;
	uint64_t total; /* events ever; the next one's place is total % DEVICE_TRACE_EVENTS */
	struct device_event ring[DEVICE_TRACE_EVENTS];
};

int device_trace_start(struct device *dev, struct error *err)
{
	struct device_trace *t = dev->look.trace; /* this thread alone makes it */
	struct timespec now;

	if (!t)
		t = malloc(sizeof(*t));
	if (!t)
		return error_set(err, -ENOMEM, "%s: no memory for a trace", dev->name);
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&dev->look.lock);
	t->start = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	t->total = 0;
	dev->look.trace = t;
	pthread_mutex_unlock(&dev->look.lock);
	device_tap(dev, DEVICE_TAP_TRACE, true);
	return 0;
}

void device_trace_stop(struct device *dev)
{
	device_tap(dev, DEVICE_TAP_TRACE, false);
}

bool device_trace_is_on(const struct device *dev)
{
	return __atomic_load_n(&dev->look.taps, __ATOMIC_RELAXED) & DEVICE_TAP_TRACE;
}

void device_trace_event(struct device *dev, const struct device_event *ev)
{
	struct device_trace *t;

	if (!device_trace_is_on(dev))
		return;
	pthread_mutex_lock(&dev->look.lock);
	t = dev->look.trace;
	t->ring[t->total++ % DEVICE_TRACE_EVENTS] = *ev;
	pthread_mutex_unlock(&dev->look.lock);
}

/* The lock is held. */
static void copy_ring(const struct device_trace *t, struct device_trace_copy *copy)
{
	uint64_t at = t->total - copy->count;

	for (size_t i = 0; i < copy->count; i++)
		copy->events[i] = t->ring[(at + i) % DEVICE_TRACE_EVENTS];
	copy->lost = at;
	copy->start = t->start;
}

bool device_trace_get(struct device *dev, size_t max, struct device_trace_copy *copy)
{
	const struct device_trace *t = dev->look.trace;
	size_t held;

	if (!t)
		return false;
	if (max > DEVICE_TRACE_EVENTS)
		max = DEVICE_TRACE_EVENTS;
	*copy = (struct device_trace_copy){ .events = calloc(max + 1, sizeof(*copy->events)) };
	if (!copy->events)
		return false;
	pthread_mutex_lock(&dev->look.lock);
	held = t->total < DEVICE_TRACE_EVENTS ? (size_t)t->total : DEVICE_TRACE_EVENTS;
	copy->count = held < max ? held : max;
	copy_ring(t, copy);
	pthread_mutex_unlock(&dev->look.lock);
	return true;
}

void device_trace_free(struct device *dev)
{
	free(dev->look.trace);
	dev->look.trace = NULL;
}
