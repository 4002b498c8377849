/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host side of a port that carries characters: a serial line, a debug
 * console. One peer at a time, chosen by a DEV or given as a chardev.
 *
 *   vCPU thread:  charport_put() --> ring --+
 *                                           | end of a line, or 1 ms
 *   loop thread:                            +--> chardev_write() --> peer
 *                 peer --> room(), input() --> the device
 *
 * Output waits in the ring so that a byte costs no system call and wakes nobody;
 * the ring is written out on the loop thread at the end of a line or a
 * millisecond after its first byte, or by the vCPU when it is full. While
 * the peer is slow the ring stays full: the device tells its guest, and
 * nothing is lost. Without a peer output goes nowhere.
 */
#ifndef HV_CHARPORT_H
#define HV_CHARPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/chardev.h"
#include "hv/error.h"

struct machine;

#define CHARPORT_RING 4096

/* All on the loop thread with the device's lock held; NULL where the device does not care. */
struct charport_ops {
	/* How many bytes of input the device can take now. NULL: input is thrown away. */
	size_t (*room)(void *opaque);
	void (*input)(void *opaque, const uint8_t *data, size_t len);
	/* After charport_ready() was false: it is true again. */
	void (*ready)(void *opaque);
	/* A peer has come or is gone. */
	void (*peer)(void *opaque, bool there);
};

/* Part of the device's struct; the fields are charport.c's. */
struct charport {
	struct machine *m;
	const char *name;
	const struct charport_ops *ops;
	void *opaque;
	pthread_mutex_t *lock; /* the device's: guards what follows */
	struct endpoint *ep;
	struct chardev *cd;
	struct hv_timer *linger;
	bool posted;	/* charport_work is on its way to the loop thread */
	bool lingering; /* `linger` is armed */
	bool stuck;	/* the peer is slow: `ready` is owed */
	unsigned head, used;
	uint8_t ring[CHARPORT_RING];
};

/*
 * @given, when not NULL, is the peer and belongs to the port from now on; else
 * @dev is opened (NULL: none). @name is for messages, outlives the port. Loop thread.
 */
int charport_open(struct charport *p, struct machine *m, const char *name, pthread_mutex_t *lock,
		  const char *dev, struct chardev *given, const struct charport_ops *ops,
		  void *opaque, struct error *err);
/* Writes out what the peer takes, and lets go. Safe on a zeroed struct. Loop thread, lock not held.
 */
void charport_close(struct charport *p);

/* One byte out; false when there was no room and it is lost. Any thread, lock held. */
bool charport_put(struct charport *p, uint8_t byte);
/*
 * Whether charport_put() takes CHARPORT_RING / 2 bytes more, after writing out what can
 * be. When not, `ready` is called once it does. Any thread, lock held.
 */
bool charport_ready(struct charport *p);
/* Asks the device's room() again, soon. Any thread, lock held. */
void charport_poll_input(struct charport *p);
/* What a person connects to, NULL when nothing. */
const char *charport_peer(const struct charport *p);

#endif
