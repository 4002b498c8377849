/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The trace of a device: what it did last, in a ring. The oldest events give way to new ones.
 *
 * A ring is made when its device is first traced, and kept when that ends, so that it can be read
 * afterwards. A reset of the machine does not touch it.
 */
#ifndef HV_DEVICE_TRACE_H
#define HV_DEVICE_TRACE_H

#include "hv/device_event.h"
#include "hv/error.h"

#define DEVICE_TRACE_EVENTS 16384

/* Begins anew, with an empty ring. -ENOMEM with a sentence. Loop thread. */
int device_trace_start(struct device *dev, struct error *err);
/* The ring stays. Loop thread. */
void device_trace_stop(struct device *dev);
bool device_trace_is_on(const struct device *dev);

struct device_trace_copy {
	struct device_event *events; /* the last `count`, oldest first */
	size_t count;
	uint64_t lost;	/* before them */
	uint64_t start; /* when it was turned on, as device_event.time */
};
/*
 * A copy of the last @max events; free `events`. False: it was never traced, or there is no
 * memory. Loop thread; the device may go on.
 */
bool device_trace_get(struct device *dev, size_t max, struct device_trace_copy *copy);

/* device_event.c's. */
void device_trace_event(struct device *dev, const struct device_event *ev);
void device_trace_free(struct device *dev);

#endif
