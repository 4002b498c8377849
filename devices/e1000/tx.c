// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Transmitting (3.3 to 3.5): descriptors are read one by one, their data put together into a frame,
 * or into one segment after the other, and each descriptor is given back when its data is taken.
 *
 *   legacy, data --> e1000_tx.frame --> finish() --> netdev_send()
 *   context -------> e1000_tx.csum, e1000_tx.tso
 *
 * With TSE the first HDRLEN bytes go to e1000_tx.head, and are the beginning of every segment.
 *
 * Nothing a driver writes makes a turn long: it ends after TURN descriptors or frames, whatever
 * comes first, and the lock is free while a frame is with the backend.
 */
#include "devices/e1000/e1000.h"

#include <string.h>

#include "hv/device_fault.h"

#define TURN	  64
#define TYPE_AT	  12
#define TAG_LEN	  4
#define STATUS_AT 12 /* of a descriptor: its last word, whose first byte has DD */

enum { TYPE_CONTEXT, TYPE_DATA, TYPE_LEGACY };

void e1000_tx_reset(struct e1000 *e)
{
	e1000_tx_restart(e);
	e->tx.hung = false;
	e->tx.csum = e->tx.tso = (struct e1000_context){ 0 };
}

void e1000_tx_restart(struct e1000 *e)
{
	e->tx.packet = (struct e1000_packet){ 0 };
	e->tx.has_desc = false;
	e->tx.taken = 0;
	e->epoch++;
}

/* ---- descriptors ---- */

void e1000_tx_decode(const uint8_t raw[E1000_DESC_SIZE], struct e1000_desc *d)
{
	uint32_t words[4];

	memcpy(words, raw, sizeof(words));
	*d = (struct e1000_desc){
		.addr = words[0] | (uint64_t)words[1] << 32,
		.second = words[2],
		.third = words[3],
		.cmd = (uint8_t)(words[2] >> 24),
		.special = (uint16_t)(words[3] >> 16),
	};
	if (d->cmd & TXD_DEXT) {
		d->type = words[2] >> 20 & 15;
		d->len = d->type == TYPE_DATA ? words[2] & 0xfffff : 0;
		d->popts = (uint8_t)(words[3] >> 8);
	} else {
		d->type = TYPE_LEGACY;
		d->len = words[2] & 0xffff;
		d->cso = (uint8_t)(words[2] >> 16);
		d->css = (uint8_t)(words[3] >> 8);
	}
}

/* The first descriptor of a packet says what it is. */
static void begin_packet(struct e1000 *e)
{
	const struct e1000_desc *d = &e->tx.desc;
	struct e1000_packet *p = &e->tx.packet;

	*p = (struct e1000_packet){ .open = true };
	if (d->type == TYPE_LEGACY)
		return;
	p->popts = d->popts;
	p->tse = d->cmd & TXD_TSE;
	if (!p->tse)
		return;
	e1000_count(e, E1000_TSCTC);
	if (e->tx.tso.mss && e->tx.tso.hdrlen >= ETH_HLEN &&
	    (uint32_t)e->tx.tso.hdrlen + e->tx.tso.mss <= E1000_FRAME_MAX)
		return;
	e1000_complain(e, "segments of %u bytes behind a header of %u: not sent", e->tx.tso.mss,
		       e->tx.tso.hdrlen);
	p->bad = true;
}

static void take_context(struct e1000 *e)
{
	const struct e1000_desc *d = &e->tx.desc;
	struct e1000_context c = e1000_context_parse(d->addr, d->second, d->third);

	/* There are two of them (3.3.6). */
	if (c.cmd & TUCMD_TSE)
		e->tx.tso = c;
	else
		e->tx.csum = c;
}

/* The one at TDH; false when there is none to be had. */
static bool next_desc(struct e1000 *e)
{
	struct e1000_ring r = e1000_tx_ring(e);
	uint64_t at = r.base + (uint64_t)r.head * E1000_DESC_SIZE;
	uint8_t raw[E1000_DESC_SIZE];
	struct e1000_desc *d = &e->tx.desc;

	if (!r.ready)
		return false;
	if (!e1000_dma_read(e, at, raw, sizeof(raw))) {
		e1000_complain(e, "transmit descriptor %u at 0x%llx cannot be read", r.head,
			       (unsigned long long)at);
		return false;
	}
	e1000_tx_decode(raw, d);
	e->tx.has_desc = true;
	e->tx.taken = 0;
	if (d->type == TYPE_CONTEXT) {
		take_context(e);
		return true;
	}
	if (!e->tx.packet.open)
		begin_packet(e);
	if (d->cmd & TXD_VLE) {
		e->tx.packet.tagged = R(e, CTRL) & CTRL_VME;
		e->tx.packet.tag = d->special;
	}
	return true;
}

/* 13.4.45: TXDCTL.LWTHRESH, in units of 8. */
static void look_at_threshold(struct e1000 *e, const struct e1000_ring *r)
{
	uint32_t threshold = (R(e, TXDCTL) >> 25) * 8;

	if (r->ready == threshold && threshold)
		e1000_raise(e, ICR_TXD_LOW);
}

static void finish_desc(struct e1000 *e)
{
	struct e1000_ring r = e1000_tx_ring(e);
	const struct e1000_desc *d = &e->tx.desc;
	uint64_t at = r.base + (uint64_t)r.head * E1000_DESC_SIZE + STATUS_AT;
	uint32_t word = d->third | TXD_DD;
	bool report = d->cmd & (TXD_RS | TXD_RPS);

	e->tx.has_desc = false;
	if (report && !e1000_dma_publish32(e, at, word))
		e1000_complain(e, "transmit descriptor %u cannot be written", r.head);
	R(e, TDH) = e1000_ring_next(&r, r.head);
	look_at_threshold(e, &r);
	if (report)
		e1000_transmitted(e, d->cmd & TXD_IDE);
	if (r.ready == 1)
		e1000_raise(e, ICR_TXQE);
}

/* ---- data ---- */

/* Up to @want bytes more of the descriptor to @to. */
static uint32_t take(struct e1000 *e, uint8_t *to, uint32_t want)
{
	const struct e1000_desc *d = &e->tx.desc;
	uint32_t left = d->len - e->tx.taken, n = left < want ? left : want;

	if (!e1000_dma_read(e, d->addr + e->tx.taken, to, n)) {
		e1000_complain(e, "transmit buffer at 0x%llx, %u bytes: cannot be read",
			       (unsigned long long)(d->addr + e->tx.taken), n);
		e->tx.packet.bad = true;
	}
	e->tx.taken += n;
	return n;
}

/* True when a segment is complete. */
static bool gather_segment(struct e1000 *e)
{
	struct e1000_packet *p = &e->tx.packet;
	const struct e1000_context *c = &e->tx.tso;
	uint32_t left = c->paylen > p->sent ? c->paylen - p->sent : 0;
	uint32_t full = c->hdrlen + (left < c->mss ? left : c->mss);

	if (p->in_head < c->hdrlen)
		p->in_head += take(e, e->tx.head + p->in_head, c->hdrlen - p->in_head);
	if (p->in_head < c->hdrlen)
		return false;
	if (!p->len) {
		memcpy(e->tx.frame, e->tx.head, c->hdrlen);
		p->len = c->hdrlen;
	}
	if (!left) { /* more than PAYLEN */
		e->tx.taken = e->tx.desc.len;
		return false;
	}
	if (p->len < full && !p->bad)
		p->len += take(e, e->tx.frame + p->len, full - p->len);
	return p->len == full && p->len > c->hdrlen;
}

static void gather_frame(struct e1000 *e)
{
	struct e1000_packet *p = &e->tx.packet;

	p->len += take(e, e->tx.frame + p->len, E1000_FRAME_MAX - p->len);
	if (e->tx.taken < e->tx.desc.len) {
		e1000_complain(e, "a frame of more than %u bytes: not sent", E1000_FRAME_MAX);
		p->bad = true;
	}
}

/* ---- a frame that is complete ---- */

static void insert_sums(struct e1000 *e, const struct e1000_context *c)
{
	struct e1000_packet *p = &e->tx.packet;

	if (p->popts & TXD_POPTS_TXSM)
		e1000_insert_sum(e->tx.frame, p->len, c->tucss, c->tucse, c->tucso);
	if (p->popts & TXD_POPTS_IXSM)
		e1000_insert_sum(e->tx.frame, p->len, c->ipcss, c->ipcse, c->ipcso);
}

static void finish_segment(struct e1000 *e)
{
	struct e1000_packet *p = &e->tx.packet;
	const struct e1000_context *c = &e->tx.tso;
	struct e1000_segment s = { .n = p->segments,
				   .sent = p->sent,
				   .payload = p->len - c->hdrlen };

	s.last = p->sent + s.payload >= c->paylen;
	e1000_make_segment(e->tx.frame, p->len, c, &s);
	insert_sums(e, c);
	p->sent += s.payload;
	p->segments++;
}

/*
 * Without IFCS the check sequence is in the data already (3.3.3.1). A driver that has forgotten
 * both would see its frames vanish on a wire; here they go, and `info device` says it.
 */
static void drop_own_fcs(struct e1000 *e)
{
	struct e1000_packet *p = &e->tx.packet;
	uint32_t fcs;

	if ((e->tx.desc.cmd & TXD_IFCS) || p->len <= ETH_HLEN + E1000_FCS)
		return;
	memcpy(&fcs, e->tx.frame + p->len - E1000_FCS, E1000_FCS);
	if (fcs == e1000_fcs(e->tx.frame, p->len - E1000_FCS))
		p->len -= E1000_FCS;
	else
		e1000_complain(e, "a frame without IFCS and without a check sequence: sent all "
				  "the same");
}

static void finish_frame(struct e1000 *e)
{
	const struct e1000_desc *d = &e->tx.desc;

	if (d->type != TYPE_LEGACY)
		insert_sums(e, &e->tx.csum);
	else if (d->cmd & TXD_IC)
		e1000_insert_sum(e->tx.frame, e->tx.packet.len, d->css, 0, d->cso);
	drop_own_fcs(e);
}

/*
 * Gives it to whom it may concern; the lock is given up meanwhile, and what the packet was is only
 * in @p and the frame. False when there was a reset.
 */
static bool hand_over(struct e1000 *e, struct e1000_packet p)
{
	static const uint8_t zeroes[E1000_FRAME_MIN];
	uint8_t tag[TAG_LEN] = { (uint8_t)(R(e, VET) >> 8), (uint8_t)R(e, VET),
				 (uint8_t)(p.tag >> 8), (uint8_t)p.tag };
	bool loop = (R(e, RCTL) & RCTL_LBM) || (e->phy[PHY_CTRL] & PHY_CTRL_LOOPBACK);
	bool up = e->netdev && e1000_link_up(e) && !device_is_unplugged(&e->dev);
	uint32_t wire = p.len + (p.tagged ? TAG_LEN : 0), pad = 0;
	unsigned epoch = e->epoch;
	struct iovec iov[5] = {
		{ (void *)zeroes, e->netdev && netdev_has_header(e->netdev) ? NETDEV_HEADER : 0 },
		{ e->tx.frame, TYPE_AT },
		{ tag, p.tagged ? TAG_LEN : 0 },
		{ e->tx.frame + TYPE_AT, p.len - TYPE_AT },
	};

	if (wire < E1000_FRAME_MIN && (R(e, TCTL) & TCTL_PSP))
		pad = E1000_FRAME_MIN - wire;
	iov[4] = (struct iovec){ (void *)zeroes, pad };
	e1000_count_tx(e, e->tx.frame, wire + pad + E1000_FCS);
	pthread_mutex_unlock(&e->dev.lock);
	if (loop) {
		uint8_t whole[E1000_FRAME_MAX + TAG_LEN];
		size_t len = 0;

		for (unsigned i = 1; i < 5; i++) {
			memcpy(whole + len, iov[i].iov_base, iov[i].iov_len);
			len += iov[i].iov_len;
		}
		e1000_loop_back(e, whole, len);
	} else if (up) {
		netdev_send(e->netdev, iov, 5);
	}
	pthread_mutex_lock(&e->dev.lock);
	return epoch == e->epoch;
}

/* ---- a turn ---- */

/*
 * One descriptor's share of the work, or one frame's. False when there is no more to do for now.
 */
static bool step(struct e1000 *e)
{
	struct e1000_packet *p = &e->tx.packet;
	bool complete = false, end;

	if (!e->tx.has_desc && !next_desc(e))
		return false;
	if (e->tx.desc.type != TYPE_DATA && e->tx.desc.type != TYPE_LEGACY) {
		finish_desc(e); /* a context, or of no known type */
		return true;
	}
	if (p->bad)
		e->tx.taken = e->tx.desc.len;
	else if (p->tse)
		complete = gather_segment(e);
	else
		gather_frame(e);
	end = e->tx.taken == e->tx.desc.len && (e->tx.desc.cmd & TXD_EOP);
	/* What is there at the end goes, even if it is less than was announced. */
	if (end && p->len && (!p->tse || p->len > e->tx.tso.hdrlen || !p->segments))
		complete = true;
	if (complete && !p->bad && p->len >= ETH_HLEN) {
		if (p->tse)
			finish_segment(e);
		else
			finish_frame(e);
		if (!hand_over(e, *p))
			return true;
		p->len = 0;
	}
	if (e->tx.taken < e->tx.desc.len)
		return true;
	if (end)
		*p = (struct e1000_packet){ 0 };
	finish_desc(e);
	return true;
}

static bool may_work(struct e1000 *e)
{
	if (!(R(e, TCTL) & TCTL_EN) || e->tx.hung || device_is_unplugged(&e->dev))
		return false;
	if (!e->tx.has_desc && e1000_tx_ring(e).ready && device_fault_take(&e->dev, FAULT_TIMEOUT))
		e->tx.hung = true;
	return !e->tx.hung;
}

bool e1000_tx_turn(struct e1000 *e)
{
	unsigned steps = 0;

	pthread_mutex_lock(&e->dev.lock);
	while (steps < TURN && may_work(e) && step(e))
		steps++;
	pthread_mutex_unlock(&e->dev.lock);
	return steps == TURN;
}

static void on_kick(void *opaque)
{
	struct e1000 *e = opaque;
	bool more;

	pthread_mutex_lock(&e->dev.lock);
	e->tx.posted = false;
	pthread_mutex_unlock(&e->dev.lock);
	more = e1000_tx_turn(e);
	if (!more)
		return;
	pthread_mutex_lock(&e->dev.lock);
	e1000_tx_kick(e);
	pthread_mutex_unlock(&e->dev.lock);
}

void e1000_tx_kick(struct e1000 *e)
{
	if (!e->tx.posted && (R(e, TCTL) & TCTL_EN) && !loop_post(e->worker.loop, on_kick, e))
		e->tx.posted = true;
}
