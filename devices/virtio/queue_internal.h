/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two layouts of a ring share with queue.c. All with the queue's lock held. */
#ifndef DEVICES_VIRTIO_QUEUE_INTERNAL_H
#define DEVICES_VIRTIO_QUEUE_INTERNAL_H

#include <linux/virtio_ring.h>

#include "devices/virtio/queue.h"

struct vq_ring {
	const char *name;
	/* Bytes of the three areas; they begin at multiples of 16 and of these. */
	size_t (*desc_bytes)(unsigned size);
	size_t (*driver_bytes)(unsigned size);
	size_t (*device_bytes)(unsigned size);
	unsigned driver_align, device_align;
	bool power_of_two; /* of the size */
	unsigned size_max;

	/* 1: the next buffer is in @req; 0: there is none; negative: vq_fail() was called. */
	int (*take)(struct virtqueue *vq, struct vq_request *req);
	/* The driver sees nothing of it until the next publish(). */
	void (*put)(struct virtqueue *vq, const struct vq_request *req, uint32_t written);
	void (*publish)(struct virtqueue *vq);
	bool (*available)(struct virtqueue *vq);
	/* With vq->unsignalled places used up to now. */
	bool (*wants_interrupt)(struct virtqueue *vq);
	void (*ask_notify)(struct virtqueue *vq, bool on);
	void (*describe)(struct virtqueue *vq, struct strbuf *out);
};

extern const struct vq_ring vq_split, vq_packed;

/* Breaks the queue; -EPROTO. */
int vq_fail(struct virtqueue *vq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds a piece of guest memory to the request. Negative: vq_fail() was called. */
int vq_add_buffer(struct virtqueue *vq, struct vq_request *req, uint64_t gpa, uint32_t len,
		  bool writable);
/*
 * A table of indirect descriptors (2.7.5.3): host memory of @count descriptors. NULL: vq_fail() was
 * called.
 */
const uint8_t *vq_indirect_table(struct virtqueue *vq, uint64_t gpa, uint32_t len, unsigned *count);

/* One access to memory that the guest changes meanwhile. The rings are little-endian, and aligned
 * as vq_start() has seen to. */
static inline uint16_t vq_load16(const void *p)
{
	return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
}

static inline void vq_store16(void *p, uint16_t value)
{
	__atomic_store_n((uint16_t *)p, value, __ATOMIC_RELEASE);
}

/* The device touched its rings or a buffer: for who watches that memory. */
void vq_touched(struct virtqueue *vq, uint64_t gpa, size_t len, bool write);
/* Two bytes at @at of an area, which is at @gpa for the guest: the value, and vq_touched(). */
uint16_t vq_ring_load(struct virtqueue *vq, const uint8_t *area, uint64_t gpa, size_t at);
void vq_ring_store(struct virtqueue *vq, uint8_t *area, uint64_t gpa, size_t at, uint16_t value);

#endif
