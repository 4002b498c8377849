// SPDX-License-Identifier: GPL-3.0-or-later
/* The host side of a port that carries characters: see charport.h. */
#include "hv/charport.h"

#include <stdio.h>
#include <string.h>

#include "hv/machine.h"

/* More than this queued in the chardev: the peer is slow, and the ring waits. Far below its bound
 * of 1 MiB. */
#define PEER_SLOW (64u << 10)
/* How long a part of a line waits for the rest. */
#define LINGER_NS 1000000u

/* ---- output; lock held ---- */

/* Up to @limit queued in the chardev. */
static void ring_flush(struct charport *p, size_t limit)
{
	while (p->used) {
		unsigned n = CHARPORT_RING - p->head < p->used ? CHARPORT_RING - p->head : p->used;

		if (p->cd) {
			if (chardev_queued(p->cd) > limit)
				return;
			/* It fails only when the peer is gone: `closed` is on its way. */
			(void)chardev_write(p->cd, p->ring + p->head, n);
		}
		p->head = (p->head + n) % CHARPORT_RING;
		p->used -= n;
	}
}

static void charport_work(void *opaque);

/* Has the ring written out on the loop thread: now when a line is complete, else soon. */
static void flush_later(struct charport *p, bool now)
{
	if (now && !p->posted && !loop_post(p->m->loop, charport_work, p))
		p->posted = true;
	if (p->posted || p->lingering)
		return;
	p->lingering = true;
	hv_timer_arm(p->linger, hv_clock_now(p->m->timers, HV_CLOCK_MONOTONIC) + LINGER_NS);
}

bool charport_ready(struct charport *p)
{
	if (p->used > CHARPORT_RING / 2)
		ring_flush(p, PEER_SLOW);
	p->stuck = p->used > CHARPORT_RING / 2;
	return !p->stuck;
}

bool charport_put(struct charport *p, uint8_t byte)
{
	if (!p->cd)
		return true;
	if (p->used == CHARPORT_RING)
		ring_flush(p, PEER_SLOW);
	if (p->used == CHARPORT_RING)
		return false;
	p->ring[(p->head + p->used++) % CHARPORT_RING] = byte;
	flush_later(p, byte == '\n');
	return true;
}

void charport_poll_input(struct charport *p)
{
	if (p->cd)
		chardev_poll_input(p->cd);
}

/* ---- loop thread ---- */

static void flush_and_tell(struct charport *p)
{
	ring_flush(p, PEER_SLOW);
	if (p->stuck && p->used <= CHARPORT_RING / 2) {
		p->stuck = false;
		if (p->ops->ready)
			p->ops->ready(p->opaque);
	}
}

static void charport_work(void *opaque)
{
	struct charport *p = opaque;

	pthread_mutex_lock(p->lock);
	p->posted = p->lingering = false;
	flush_and_tell(p);
	pthread_mutex_unlock(p->lock);
}

static size_t peer_room(void *opaque)
{
	struct charport *p = opaque;
	size_t n;

	if (!p->ops->room)
		return SIZE_MAX;
	pthread_mutex_lock(p->lock);
	n = p->ops->room(p->opaque);
	pthread_mutex_unlock(p->lock);
	return n;
}

static void peer_input(void *opaque, const uint8_t *data, size_t len)
{
	struct charport *p = opaque;

	if (!p->ops->input)
		return;
	pthread_mutex_lock(p->lock);
	p->ops->input(p->opaque, data, len);
	pthread_mutex_unlock(p->lock);
}

static void peer_drained(void *opaque)
{
	struct charport *p = opaque;

	pthread_mutex_lock(p->lock);
	flush_and_tell(p);
	pthread_mutex_unlock(p->lock);
}

static void peer_closed(void *opaque)
{
	struct charport *p = opaque;

	pthread_mutex_lock(p->lock);
	p->cd = NULL;
	flush_and_tell(p);
	if (p->ops->peer)
		p->ops->peer(p->opaque, false);
	pthread_mutex_unlock(p->lock);
}

static const struct chardev_handler peer_handler = {
	.room = peer_room,
	.input = peer_input,
	.drained = peer_drained,
	.closed = peer_closed,
};

static void peer_accept(void *opaque, struct chardev *cd)
{
	struct charport *p = opaque;

	if (p->cd) {
		char text[160];

		snprintf(text, sizeof(text), "%s is in use by %s\r\n", p->name,
			 chardev_name(p->cd));
		chardev_write(cd, text, strlen(text));
		chardev_close(cd);
		return;
	}
	pthread_mutex_lock(p->lock);
	p->cd = cd;
	if (p->ops->peer)
		p->ops->peer(p->opaque, true);
	pthread_mutex_unlock(p->lock);
	chardev_set_handler(cd, &peer_handler, p);
}

int charport_open(struct charport *p, struct machine *m, const char *name, pthread_mutex_t *lock,
		  const char *dev, struct chardev *given, const struct charport_ops *ops,
		  void *opaque, struct error *err)
{
	int ret;

	p->m = m;
	p->name = name;
	p->lock = lock;
	p->ops = ops;
	p->opaque = opaque;
	ret = hv_timer_create(m->timers, HV_CLOCK_MONOTONIC, charport_work, p, &p->linger);
	if (ret < 0)
		return error_set(err, ret, "%s: no timer", name);
	if (given)
		peer_accept(p, given);
	else if (dev)
		ret = endpoint_open(&p->ep, m->loop, dev, peer_accept, p, err);
	if (ret < 0) {
		hv_timer_destroy(p->linger);
		*p = (struct charport){ 0 }; /* closing it does nothing */
		error_prefix(err, "%s", name);
	}
	return ret;
}

void charport_close(struct charport *p)
{
	if (!p->m)
		return;
	loop_cancel(p->m->loop, charport_work, p);
	if (p->cd) {
		pthread_mutex_lock(p->lock);
		ring_flush(p, SIZE_MAX);
		pthread_mutex_unlock(p->lock);
		chardev_close(p->cd);
	}
	if (p->ep)
		endpoint_close(p->ep);
	hv_timer_destroy(p->linger);
	*p = (struct charport){ 0 };
}

const char *charport_peer(const struct charport *p)
{
	if (p->ep)
		return endpoint_name(p->ep);
	return p->cd ? chardev_name(p->cd) : NULL;
}
