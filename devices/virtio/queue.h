/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A virtqueue, as the device sees it: split or packed.
 *
 *   driver --- descriptors, "available" ---> vq_pop() --> request: iovecs to read, iovecs to write
 *          <-- "used", length, interrupt --- vq_complete(), vq_wants_interrupt()
 *
 * Nothing in a ring is believed. What breaks the rules (a loop, a buffer outside RAM, an index that
 * jumps) breaks this queue: it says why in vq_fault(), gives no more requests and writes nothing
 * more; its device then asks for a reset. Descriptors are copied before they are looked at, so a
 * driver that changes them meanwhile changes nothing.
 *
 * Source: Virtio 1.2, 2.6 (virtqueues), 2.7 (split), 2.8 (packed). Driver, device area: the
 * specification's names for what was the available and the used ring.
 */
#ifndef DEVICES_VIRTIO_QUEUE_H
#define DEVICES_VIRTIO_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "hv/strbuf.h"

struct device;
struct virtqueue;
struct vq_ring;

#define VQ_SIZE_MAX 1024

/* What the driver has chosen. */
struct vq_config {
	uint16_t size;				 /* descriptors */
	uint64_t desc, driver_area, device_area; /* guest-physical */
	bool packed, event_idx, indirect;
};

/* A buffer of the driver's. It is the device's between vq_pop() and vq_complete() or vq_drop(). */
struct vq_request {
	struct virtqueue *vq;
	unsigned slot; /* 0 … size-1, of no other request meanwhile */
	/* First the ones that the device reads, then the ones that it writes. */
	struct iovec *iov;
	unsigned out_count, in_count;
	uint64_t out_bytes, in_bytes;
	uint64_t *gpa; /* of each iovec */

	/* The queue's own. */
	unsigned iov_space;
	uint16_t id;	/* split: the first descriptor's index; packed: the buffer's id */
	uint16_t count; /* packed: places in the ring */
	struct vq_request *next;
};

struct vq_counters {
	uint64_t popped, completed;
	uint64_t interrupts, suppressed; /* that the driver did not want */
};

struct virtqueue {
	/* Fixed from vq_start() to vq_stop(). */
	struct device *dev;
	unsigned index;
	const struct vq_ring *ring; /* NULL: it does not run */
	struct vq_config cfg;
	uint8_t *desc, *driver_area, *device_area;

	/*
	 * Guards the rest. Inside it every access to memory is told by dma_unmap(), which takes
	 * the observers' locks: the device's look.lock, the debugger's of watchpoints and stops,
	 * the loop's of posts. Whoever holds one of those never asks a queue, and dev.lock is
	 * never taken in here: it comes before.
	 */
	pthread_mutex_t lock;
	bool broken;
	char fault[160];
	struct vq_request *requests, *free; /* cfg.size of them */
	unsigned in_flight;		    /* requests */
	unsigned in_flight_places;	    /* packed: of the ring */
	/* Split: free-running. Packed: below the size, with wrap counters. */
	uint16_t next_avail, next_used;
	bool avail_wrap, used_wrap;
	/* Packed: the flags of the first place used that the driver cannot see yet, and where. */
	bool hides;
	size_t hidden_off;
	uint16_t hidden_flags;
	unsigned unsignalled; /* places used since the driver's wish was last looked at */
	struct vq_counters counters;
};

/* @dev is whose RAM it is in, for good. */
void vq_init(struct virtqueue *vq, struct device *dev, unsigned index);
void vq_destroy(struct virtqueue *vq);

/*
 * Begins to work, at the beginning of the rings. -EINVAL when the specification forbids @cfg,
 * -EFAULT when part of a ring is outside RAM, -ENOMEM; vq_fault() says it in words, and the queue
 * does not run.
 */
int vq_start(struct virtqueue *vq, const struct vq_config *cfg);
/* Forgets everything. No request is in flight. */
void vq_stop(struct virtqueue *vq);
bool vq_running(const struct virtqueue *vq);

/* The next request; NULL when there is none, or the queue does not run or is broken. Any thread. */
struct vq_request *vq_pop(struct virtqueue *vq);
/* @written: bytes of the writable part that were written, from its beginning on. Any thread. */
void vq_complete(struct vq_request *req, uint64_t written);
/*
 * Several of one queue, in this order: the driver sees all of them or none, as it must for the
 * pieces of one frame (5.1.6.4). Any thread.
 */
void vq_complete_all(struct vq_request *const *reqs, const uint64_t *written, unsigned count);
/* The same, but the driver is not told: for a reset. */
void vq_drop(struct vq_request *req);
/* Breaks the queue for what a request says: as if the ring were wrong. */
void vq_break(struct virtqueue *vq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Why it is broken; NULL: it is not. The text changes at vq_start() alone. */
const char *vq_fault(struct virtqueue *vq);
unsigned vq_in_flight(struct virtqueue *vq);

/* After one or more completions: whether the driver wants to hear of them. */
bool vq_wants_interrupt(struct virtqueue *vq);
/*
 * Whether the driver should notify the device of new requests. With @on, true when there are some
 * already, of which no notification may come: look again.
 */
bool vq_ask_notify(struct virtqueue *vq, bool on);

/*
 * Between a buffer and a part of the request, from @off of the readable or of the writable part on:
 * the bytes copied, fewer where the part ends.
 */
size_t vq_read(const struct vq_request *req, uint64_t off, void *buf, size_t len);
size_t vq_write(const struct vq_request *req, uint64_t off, const void *buf, size_t len);

/* "split, 256 descriptors at 0x…", indexes, what is in flight, faults. Nothing changes. */
void vq_describe(struct virtqueue *vq, struct strbuf *out);

#endif
