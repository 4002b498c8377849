// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The split virtqueue (Virtio 1.2, 2.7).
 *
 *   descriptor table   addr 8, len 4, flags 2, next 2            written by the driver
 *   driver area        flags 2, idx 2, ring 2 * size, used_event 2   "
 *   device area        flags 2, idx 2, ring (id 4, len 4) * size, avail_event 2   by the device
 *
 * Both idx run freely; the place in a ring is idx modulo the size, a power of two.
 */
#include <endian.h>
#include <string.h>

#include "devices/virtio/queue_internal.h"

#define FLAGS_AT 0
#define IDX_AT	 2
#define RING_AT	 4

static size_t desc_bytes(unsigned size)
{
	return sizeof(struct vring_desc) * size;
}

/* The event fields are there whether they are negotiated or not. */
static size_t driver_bytes(unsigned size)
{
	return RING_AT + 2ul * size + 2;
}

static size_t device_bytes(unsigned size)
{
	return RING_AT + sizeof(struct vring_used_elem) * size + 2;
}

static unsigned place(const struct virtqueue *vq, uint16_t index)
{
	return index & (vq->cfg.size - 1u);
}

static uint16_t driver_idx(struct virtqueue *vq)
{
	return vq_ring_load(vq, vq->driver_area, vq->cfg.driver_area, IDX_AT);
}

/* ---- taking ---- */

/* @table has @count descriptors. The chain ends, or @indirect is its last. */
static int walk(struct virtqueue *vq, struct vq_request *req, const uint8_t *table, unsigned count,
		unsigned at, bool inside)
{
	struct vring_desc d;
	uint16_t flags;
	int ret;

	/* Each round adds a buffer, of which there are at most as many as the queue has places: a
	 * loop ends there. */
	for (;;) {
		if (at >= count)
			return vq_fail(vq, "descriptor %u of %u", at, count);
		memcpy(&d, table + at * sizeof(d), sizeof(d));
		/* Of an indirect one all has been told. */
		if (!inside)
			vq_touched(vq, vq->cfg.desc + at * sizeof(d), sizeof(d), false);
		flags = le16toh(d.flags);
		if (flags & VRING_DESC_F_INDIRECT)
			break;
		ret = vq_add_buffer(vq, req, le64toh(d.addr), le32toh(d.len),
				    flags & VRING_DESC_F_WRITE);
		if (ret || !(flags & VRING_DESC_F_NEXT))
			return ret;
		at = le16toh(d.next);
	}
	/* 2.7.5.3.1: one level, and at the end of the chain. */
	if (inside)
		return vq_fail(vq, "an indirect descriptor in an indirect table");
	if (flags & VRING_DESC_F_NEXT)
		return vq_fail(vq, "an indirect descriptor with another behind it");
	table = vq_indirect_table(vq, le64toh(d.addr), le32toh(d.len), &count);
	return table ? walk(vq, req, table, count, 0, true) : -1;
}

static bool available(struct virtqueue *vq)
{
	return driver_idx(vq) != vq->next_avail;
}

static int take(struct virtqueue *vq, struct vq_request *req)
{
	uint16_t idx = driver_idx(vq), waiting = (uint16_t)(idx - vq->next_avail);

	if (!waiting)
		return 0;
	if (waiting > vq->cfg.size)
		return vq_fail(vq, "the available index jumps from %u to %u", vq->next_avail, idx);
	req->id = vq_ring_load(vq, vq->driver_area, vq->cfg.driver_area,
			       RING_AT + 2ul * place(vq, vq->next_avail));
	req->count = 0;
	if (req->id >= vq->cfg.size)
		return vq_fail(vq, "available: descriptor %u of %u", req->id, vq->cfg.size);
	if (walk(vq, req, vq->desc, vq->cfg.size, req->id, false) < 0)
		return -1;
	vq->next_avail++;
	return 1;
}

/* ---- giving back ---- */

static void put(struct virtqueue *vq, const struct vq_request *req, uint32_t written)
{
	struct vring_used_elem elem = { .id = htole32(req->id), .len = htole32(written) };
	size_t at = RING_AT + sizeof(elem) * place(vq, vq->next_used);

	memcpy(vq->device_area + at, &elem, sizeof(elem));
	vq_touched(vq, vq->cfg.device_area + at, sizeof(elem), true);
	vq->next_used++;
	vq->unsignalled++;
}

static void publish(struct virtqueue *vq)
{
	/* A release: the driver that sees the index sees the entries and the data. */
	vq_ring_store(vq, vq->device_area, vq->cfg.device_area, IDX_AT, vq->next_used);
}

/* ---- notifications ---- */

static size_t used_event_at(const struct virtqueue *vq)
{
	return RING_AT + 2ul * vq->cfg.size;
}

static size_t avail_event_at(const struct virtqueue *vq)
{
	return RING_AT + sizeof(struct vring_used_elem) * vq->cfg.size;
}

/* 2.7.7.2 */
static bool wants_interrupt(struct virtqueue *vq)
{
	uint16_t event, passed;

	if (!vq->cfg.event_idx)
		return !(vq_ring_load(vq, vq->driver_area, vq->cfg.driver_area, FLAGS_AT) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	event = vq_ring_load(vq, vq->driver_area, vq->cfg.driver_area, used_event_at(vq));
	/* How many entries ago the one was written that the driver waits for. */
	passed = (uint16_t)(vq->next_used - event - 1);
	return passed < vq->unsignalled;
}

/* 2.7.10 */
static void ask_notify(struct virtqueue *vq, bool on)
{
	if (!vq->cfg.event_idx)
		vq_ring_store(vq, vq->device_area, vq->cfg.device_area, FLAGS_AT,
			      on ? 0 : VRING_USED_F_NO_NOTIFY);
	else if (on)
		vq_ring_store(vq, vq->device_area, vq->cfg.device_area, avail_event_at(vq),
			      vq->next_avail);
	/* Else the event stays behind, and the driver passes it no more. */
}

/* ---- for people ---- */

static void describe(struct virtqueue *vq, struct strbuf *out)
{
	strbuf_printf(out, "  available %u, taken up to %u; used %u",
		      le16toh(vq_load16(vq->driver_area + IDX_AT)), vq->next_avail, vq->next_used);
	if (vq->cfg.event_idx)
		strbuf_printf(out, "; events: notify at %u, interrupt at %u",
			      le16toh(vq_load16(vq->device_area + avail_event_at(vq))),
			      le16toh(vq_load16(vq->driver_area + used_event_at(vq))));
	strbuf_puts(out, "\n");
}

const struct vq_ring vq_split = {
	.name = "split",
	.desc_bytes = desc_bytes,
	.driver_bytes = driver_bytes,
	.device_bytes = device_bytes,
	.driver_align = 2,
	.device_align = 4,
	.power_of_two = true,
	.size_max = VQ_SIZE_MAX,
	.take = take,
	.put = put,
	.publish = publish,
	.available = available,
	.wants_interrupt = wants_interrupt,
	.ask_notify = ask_notify,
	.describe = describe,
};
