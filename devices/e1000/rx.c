// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Receiving (3.2): a frame passes the filters, gets what the wire would have added and loses what
 * the driver does not want, and goes into as many buffers as it needs.
 *
 *   [addresses][tag][type][data .......][padding][check sequence]
 *                `-- CTRL.VME: into the descriptor         `-- RCTL.SECRC: left out
 *
 * The card's FIFO is the backend's queue: a frame that finds no buffers stays there until the
 * driver moves RDT.
 */
#include "devices/e1000/e1000.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "hv/device_fault.h"

#define TAG_AT	   12
#define TAG_LEN	   4
#define FRAME_LONG 1522 /* with tag and check sequence; longer ones are for RCTL.LPE */

struct rx_desc {
	uint64_t addr;
	uint16_t len, sum;
	uint8_t status, errors;
	uint16_t special;
};
_Static_assert(sizeof(struct rx_desc) == E1000_DESC_SIZE, "3.2.3");

/* One frame on its way into the buffers. */
struct arrival {
	size_t len;
	uint8_t status, errors;
	uint16_t sum, tag;
};

uint32_t e1000_rx_buffer_size(const struct e1000 *e)
{
	uint32_t rctl = R(e, RCTL), size = 2048u >> (rctl >> RCTL_BSIZE & 3);

	/* 13.4.22: 2048 times 16 is reserved. */
	return (rctl & RCTL_BSEX) && size != 2048 ? size * 16 : size;
}

/* ---- the frame as the guest gets it ---- */

static void note_sums(struct e1000 *e, struct arrival *a, size_t type_at)
{
	uint32_t wanted = R(e, RXCSUM), start = wanted & 0xff;
	const uint8_t *frame = e->rx.frame;
	struct e1000_sums s = e1000_check_sums(frame, a->len, type_at);

	if (start < a->len)
		a->sum = e1000_fold(e1000_sum(frame + start, a->len - start, 0));
	a->sum = (uint16_t)(a->sum << 8 | a->sum >> 8);
	if (!s.ip || !(wanted & (RXCSUM_IPOFL | RXCSUM_TUOFL))) {
		a->status |= RXD_STAT_IXSM;
		return;
	}
	if (wanted & RXCSUM_IPOFL) {
		a->status |= RXD_STAT_IPCS;
		a->errors |= s.ip_ok ? 0 : RXD_ERR_IPE;
	}
	if (s.tu && (wanted & RXCSUM_TUOFL)) {
		a->status |= RXD_STAT_TCPCS;
		a->errors |= s.tu_ok ? 0 : RXD_ERR_TCPE;
	}
}

static void strip_tag(struct e1000 *e, struct arrival *a)
{
	uint8_t *tag = e->rx.frame + TAG_AT;

	a->status |= RXD_STAT_VP;
	a->tag = (uint16_t)(tag[2] << 8 | tag[3]);
	a->len -= TAG_LEN;
	memmove(tag, tag + TAG_LEN, a->len - TAG_AT);
}

static void prepare(struct e1000 *e, struct arrival *a, const void *frame, size_t len)
{
	uint8_t *to = e->rx.frame;
	bool tagged;
	uint32_t fcs;

	memcpy(to, frame, len);
	if (len < E1000_FRAME_MIN)
		memset(to + len, 0, E1000_FRAME_MIN - len);
	a->len = len < E1000_FRAME_MIN ? E1000_FRAME_MIN : len;
	fcs = e1000_fcs(to, a->len);
	tagged = e1000_is_tagged(e, to, a->len);
	if (tagged && (R(e, CTRL) & CTRL_VME)) {
		strip_tag(e, a);
		tagged = false;
	}
	note_sums(e, a, TAG_AT + (tagged ? TAG_LEN : 0));
	if (!(R(e, RCTL) & RCTL_SECRC)) {
		memcpy(to + a->len, &fcs, E1000_FCS);
		a->len += E1000_FCS;
	}
}

/* ---- into the buffers ---- */

/* False when the descriptor cannot be had. */
static bool fill_one(struct e1000 *e, const struct e1000_ring *r, const struct arrival *a,
		     size_t *done)
{
	uint64_t at = r->base + (uint64_t)R(e, RDH) * E1000_DESC_SIZE;
	size_t part = a->len - *done, size = e1000_rx_buffer_size(e);
	struct rx_desc d;
	uint64_t state; /* all behind the address */

	if (!e1000_dma_read(e, at, &d, sizeof(d))) {
		e1000_complain(e, "receive descriptor %u at 0x%llx cannot be read", R(e, RDH),
			       (unsigned long long)at);
		return false;
	}
	part = part > size ? size : part;
	d.status = (uint8_t)(RXD_STAT_DD | a->status);
	d.errors = a->errors;
	if (!e1000_dma_write(e, d.addr, e->rx.frame + *done, part)) {
		e1000_complain(e, "receive buffer at 0x%llx, %zu bytes: cannot be written",
			       (unsigned long long)d.addr, part);
		d.errors |= RXD_ERR_RXE;
	}
	*done += part;
	if (*done == a->len)
		d.status |= RXD_STAT_EOP;
	d.len = (uint16_t)part;
	d.sum = a->sum;
	d.special = a->tag;
	memcpy(&state, (const uint8_t *)&d + offsetof(struct rx_desc, len), sizeof(state));
	if (!e1000_dma_publish64(e, at + offsetof(struct rx_desc, len), state))
		return false;
	R(e, RDH) = e1000_ring_next(r, R(e, RDH));
	return true;
}

static bool fill_all(struct e1000 *e, const struct e1000_ring *r, const struct arrival *a)
{
	for (size_t done = 0; done < a->len;)
		if (!fill_one(e, r, a, &done))
			return false;
	return true;
}

/* 13.4.22: RDMTS, the driver is running out of buffers. */
static void look_at_threshold(struct e1000 *e, const struct e1000_ring *r, uint32_t used)
{
	uint32_t threshold = r->size >> ((R(e, RCTL) >> RCTL_RDMTS & 3) + 1);

	if (r->ready > threshold && r->ready - used <= threshold)
		e1000_raise(e, ICR_RXDMT0);
}

/* 0, or why not: -EAGAIN, when there are buffers it is different. */
static int find_room(struct e1000 *e, const struct e1000_ring *r, uint32_t need)
{
	if (need >= r->size && r->size) {
		e1000_complain(e, "a frame that needs %u buffers in a ring of %u", need, r->size);
		e1000_count(e, E1000_MPC);
		return -EMSGSIZE;
	}
	if (need <= r->ready)
		return 0;
	if (!e->rx.waiting)
		e1000_count(e, E1000_RNBC);
	e->rx.waiting = true;
	return -EAGAIN;
}

int e1000_rx_frame(struct e1000 *e, const void *frame, size_t len)
{
	struct e1000_ring r = e1000_rx_ring(e);
	struct arrival a = { 0 };
	bool inexact;
	uint32_t need;
	int ret;

	if (!(R(e, RCTL) & RCTL_EN))
		return -ENETDOWN;
	if (len < ETH_HLEN)
		return -EINVAL;
	if (len > E1000_FRAME_MAX || (len + E1000_FCS > FRAME_LONG && !(R(e, RCTL) & RCTL_LPE))) {
		e1000_count(e, E1000_ROC);
		return -EMSGSIZE;
	}
	/* It was looked at, and so it was taken: no loss. */
	if (!e1000_accepts(e, frame, len, &inexact)) {
		e1000_count(e, E1000_TPR);
		return 0;
	}
	prepare(e, &a, frame, len);
	a.status |= inexact ? RXD_STAT_PIF : 0;
	need = (uint32_t)((a.len + e1000_rx_buffer_size(e) - 1) / e1000_rx_buffer_size(e));
	ret = find_room(e, &r, need);
	if (ret)
		return ret;
	e->rx.waiting = false;
	e1000_count(e, E1000_TPR);
	if (!fill_all(e, &r, &a))
		return -EIO;
	e1000_count_rx(e, frame,
		       (len < E1000_FRAME_MIN ? E1000_FRAME_MIN : (uint32_t)len) + E1000_FCS);
	look_at_threshold(e, &r, need);
	e1000_received(e);
	return 0;
}

int e1000_receive(void *opaque, const void *frame, size_t len)
{
	struct e1000 *e = opaque;
	size_t header = netdev_has_header(e->netdev) ? NETDEV_HEADER : 0;
	int ret = -ENETDOWN;

	if (len < header)
		return -EINVAL;
	pthread_mutex_lock(&e->dev.lock);
	if (e1000_link_up(e) && !device_is_unplugged(&e->dev))
		ret = e1000_rx_frame(e, (const uint8_t *)frame + header, len - header);
	pthread_mutex_unlock(&e->dev.lock);
	return ret;
}

/* There is no queue in front of it. */
void e1000_loop_back(struct e1000 *e, const void *frame, size_t len)
{
	pthread_mutex_lock(&e->dev.lock);
	if (e1000_rx_frame(e, frame, len) == -EAGAIN) {
		e->rx.waiting = false;
		e1000_count(e, E1000_MPC);
		e1000_raise(e, ICR_RXO);
	}
	pthread_mutex_unlock(&e->dev.lock);
}

/* ---- the doorbell ---- */

static void on_kick(void *opaque)
{
	struct e1000 *e = opaque;

	pthread_mutex_lock(&e->dev.lock);
	e->rx.posted = false;
	pthread_mutex_unlock(&e->dev.lock);
	netdev_resume(e->netdev);
}

void e1000_rx_kick(struct e1000 *e)
{
	if (e->netdev && !e->rx.posted && (R(e, RCTL) & RCTL_EN) &&
	    !loop_post(e->worker.loop, on_kick, e))
		e->rx.posted = true;
}
