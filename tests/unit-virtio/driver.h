/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The driver's side of a virtqueue, for tests: it lays out a ring of either kind in guest RAM,
 * offers buffers and collects them, and can be told to break each rule by hand.
 */
#ifndef TESTS_UNIT_VIRTIO_DRIVER_H
#define TESTS_UNIT_VIRTIO_DRIVER_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices/virtio/queue.h"
#include "hv/memory.h"

#define DRIVER_SIZE_MAX 256

struct driver {
	const struct memory *ram;
	struct vq_config cfg;
	uint16_t next, seen; /* split: free-running; packed: places in the ring */
	bool next_wrap, seen_wrap;
	unsigned free[DRIVER_SIZE_MAX], free_count; /* split: descriptors; packed: ids */
	uint16_t count[DRIVER_SIZE_MAX];	    /* descriptors of the buffer of this id */
	unsigned places;			    /* packed: free ones */
	uint16_t kicked; /* split: idx at the last look at the device's wish */
	unsigned since;	 /* packed: places since then */
};

struct driver_buffer {
	uint64_t gpa;
	uint32_t len;
	bool write;
};

/* The ring takes less than 64 KiB from @gpa on. */
void driver_init(struct driver *d, const struct memory *ram, uint64_t gpa, bool packed,
		 bool event_idx, uint16_t size);
/* Offers @n buffers as one; @table, when not 0, is where an indirect table goes. Its id, or -1 when
 * there is no room. */
int driver_add(struct driver *d, const struct driver_buffer *buffers, unsigned n, uint64_t table);
/* Takes one that is used: its id, or -1. */
int driver_get(struct driver *d, uint32_t *len);
/* After additions: whether the device wants to be notified. */
bool driver_should_notify(struct driver *d);
/* Whether to be interrupted: by the next one used, or not at all. */
void driver_want_interrupt(struct driver *d, bool on);
/* … with event indexes: by the @ahead-th used place from now on, 0 the next. */
void driver_want_interrupt_at(struct driver *d, unsigned ahead);

/* For breaking rules: descriptor @i of either kind, as it is in memory, and the split ring's index.
 */
void *driver_desc(struct driver *d, unsigned i);
void driver_set_desc(struct driver *d, unsigned i, uint64_t gpa, uint32_t len, uint16_t flags,
		     uint16_t next_or_id);
void driver_set_index(struct driver *d, uint16_t idx);
/* Offers descriptor @head as it is, whatever is in it. */
void driver_offer(struct driver *d, uint16_t head);

#endif
