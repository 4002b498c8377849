// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The packed virtqueue (Virtio 1.2, 2.8).
 *
 *   descriptor ring   addr 8, len 4, id 2, flags 2      written by the driver, then by the device
 *   driver area       off_wrap 2, flags 2               when the driver wants to be interrupted
 *   device area       off_wrap 2, flags 2               … the device to be notified
 *
 * Both go around the ring, each with a wrap counter that changes at its end. A descriptor is the
 * device's when AVAIL is as the counter and USED is not. What was a chain is given back in one
 * place, and the others of it are skipped.
 */
#include <endian.h>
#include <stddef.h>
#include <string.h>

#include "devices/virtio/queue_internal.h"

#define F_AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define F_USED	(1u << VRING_PACKED_DESC_F_USED)

#define OFF_WRAP_AT 0
#define FLAGS_AT    2
#define EVENT_BYTES 4
#define EVENT_WRAP  (1u << VRING_PACKED_EVENT_F_WRAP_CTR)

static size_t desc_bytes(unsigned size)
{
	return sizeof(struct vring_packed_desc) * size;
}

static size_t event_bytes(unsigned size)
{
	(void)size;
	return EVENT_BYTES;
}

static uint8_t *desc_at(const struct virtqueue *vq, unsigned at)
{
	return vq->desc + at * sizeof(struct vring_packed_desc);
}

static uint16_t peek_flags(const struct virtqueue *vq, unsigned at)
{
	return le16toh(vq_load16(desc_at(vq, at) + offsetof(struct vring_packed_desc, flags)));
}

static uint16_t flags_at(struct virtqueue *vq, unsigned at)
{
	return vq_ring_load(vq, vq->desc, vq->cfg.desc,
			    at * sizeof(struct vring_packed_desc) +
				    offsetof(struct vring_packed_desc, flags));
}

static void advance(const struct virtqueue *vq, uint16_t *at, bool *wrap, unsigned by)
{
	unsigned to = *at + by;

	if (to >= vq->cfg.size) {
		to -= vq->cfg.size;
		*wrap = !*wrap;
	}
	*at = (uint16_t)to;
}

/* ---- taking ---- */

static bool is_available(uint16_t flags, bool wrap)
{
	return !!(flags & F_AVAIL) == wrap && !!(flags & F_USED) != wrap;
}

static bool available(struct virtqueue *vq)
{
	return is_available(flags_at(vq, vq->next_avail), vq->avail_wrap);
}

/* 2.8.7: all of the table, in order; of the flags only WRITE counts. */
static int take_table(struct virtqueue *vq, struct vq_request *req,
		      const struct vring_packed_desc *d)
{
	unsigned count;
	const uint8_t *table = vq_indirect_table(vq, le64toh(d->addr), le32toh(d->len), &count);
	struct vring_packed_desc in;
	int ret = table ? 0 : -1;

	for (unsigned i = 0; !ret && i < count; i++) {
		memcpy(&in, table + i * sizeof(in), sizeof(in));
		ret = vq_add_buffer(vq, req, le64toh(in.addr), le32toh(in.len),
				    le16toh(in.flags) & VRING_DESC_F_WRITE);
	}
	return ret;
}

static int take(struct virtqueue *vq, struct vq_request *req)
{
	uint16_t at = vq->next_avail;
	bool wrap = vq->avail_wrap;
	/* An acquire: the first one's flags are written last. */
	uint16_t flags = flags_at(vq, at);
	struct vring_packed_desc d;
	int ret;

	req->count = 0;
	if (!is_available(flags, wrap))
		return 0;
	for (;;) {
		/* Before the ring is once around: a chain without an end stops here, too. */
		if (vq->in_flight_places + req->count >= vq->cfg.size)
			return vq_fail(vq, "more than %u descriptors at a time", vq->cfg.size);
		memcpy(&d, desc_at(vq, at), sizeof(d));
		/* Its length and address are those of a moment ago, its flags are: */
		d.flags = htole16(flags);
		vq_touched(vq, vq->cfg.desc + at * sizeof(d), sizeof(d), false);
		advance(vq, &at, &wrap, 1);
		req->count++;
		if (flags & VRING_DESC_F_INDIRECT)
			break;
		ret = vq_add_buffer(vq, req, le64toh(d.addr), le32toh(d.len),
				    flags & VRING_DESC_F_WRITE);
		if (ret)
			return ret;
		if (!(flags & VRING_DESC_F_NEXT))
			goto done;
		flags = flags_at(vq, at);
		if (!is_available(flags, wrap))
			return vq_fail(
				vq, "a chain that goes on in descriptor %u, which is not available",
				at);
	}
	/* 2.8.19: a table stands alone. */
	if (req->count > 1 || (flags & VRING_DESC_F_NEXT))
		return vq_fail(vq, "an indirect descriptor in a chain");
	if (take_table(vq, req, &d) < 0)
		return -1;
done:
	req->id = le16toh(d.id);
	vq->next_avail = at;
	vq->avail_wrap = wrap;
	return 1;
}

/* ---- giving back ---- */

static void put(struct virtqueue *vq, const struct vq_request *req, uint32_t written)
{
	uint8_t *p = desc_at(vq, vq->next_used);
	size_t flags_off = (size_t)(p - vq->desc) + offsetof(struct vring_packed_desc, flags);
	uint16_t flags = (uint16_t)((vq->used_wrap ? F_AVAIL | F_USED : 0) |
				    (written ? VRING_DESC_F_WRITE : 0));
	uint32_t len = htole32(written);
	uint16_t id = htole16(req->id);

	memcpy(p + offsetof(struct vring_packed_desc, len), &len, sizeof(len));
	memcpy(p + offsetof(struct vring_packed_desc, id), &id, sizeof(id));
	/* The address stays as it is. */
	vq_touched(vq,
		   vq->cfg.desc + (uint64_t)(p - vq->desc) +
			   offsetof(struct vring_packed_desc, len),
		   sizeof(len) + sizeof(id), true);
	/* A driver looks no further than the first place that it does not see used. */
	if (vq->hides) {
		vq_ring_store(vq, vq->desc, vq->cfg.desc, flags_off, flags);
	} else {
		vq->hides = true;
		vq->hidden_off = flags_off;
		vq->hidden_flags = flags;
	}
	advance(vq, &vq->next_used, &vq->used_wrap, req->count);
	vq->unsignalled += req->count;
}

static void publish(struct virtqueue *vq)
{
	/* A release: the driver that sees these flags sees the rest and the data. */
	if (vq->hides)
		vq_ring_store(vq, vq->desc, vq->cfg.desc, vq->hidden_off, vq->hidden_flags);
	vq->hides = false;
}

/* ---- notifications ---- */

/* 2.8.10 */
static bool wants_interrupt(struct virtqueue *vq)
{
	uint16_t flags = vq_ring_load(vq, vq->driver_area, vq->cfg.driver_area, FLAGS_AT) & 3;
	unsigned size = vq->cfg.size, n = vq->unsignalled, event, end, ahead;
	uint16_t off_wrap;

	if (flags != VRING_PACKED_EVENT_FLAG_DESC || !vq->cfg.event_idx)
		return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	off_wrap = vq_ring_load(vq, vq->driver_area, vq->cfg.driver_area, OFF_WRAP_AT);
	event = off_wrap & (EVENT_WRAP - 1);
	if (event >= size || n > size)
		return true;
	/* Places count from 0 to 2 * size: a round with the counter set, and one with it clear. */
	event += off_wrap & EVENT_WRAP ? 0 : size;
	end = vq->next_used + (vq->used_wrap ? 0 : size);
	ahead = (end + 2 * size - 1 - event) % (2 * size);
	return ahead < n;
}

static void ask_notify(struct virtqueue *vq, bool on)
{
	uint16_t flags = VRING_PACKED_EVENT_FLAG_DISABLE;

	if (on && vq->cfg.event_idx) {
		vq_ring_store(vq, vq->device_area, vq->cfg.device_area, OFF_WRAP_AT,
			      (uint16_t)(vq->next_avail | (vq->avail_wrap ? EVENT_WRAP : 0)));
		flags = VRING_PACKED_EVENT_FLAG_DESC;
	} else if (on) {
		flags = VRING_PACKED_EVENT_FLAG_ENABLE;
	}
	vq_ring_store(vq, vq->device_area, vq->cfg.device_area, FLAGS_AT, flags);
}

/* ---- for people ---- */

static void describe(struct virtqueue *vq, struct strbuf *out)
{
	static const char *const words[] = { "always", "never", "at", "?" };
	uint16_t flags = le16toh(vq_load16(vq->driver_area + FLAGS_AT)) & 3;

	strbuf_printf(out, "  next to take %u (wrap %d)%s, next to use %u (wrap %d); interrupt %s",
		      vq->next_avail, vq->avail_wrap,
		      is_available(peek_flags(vq, vq->next_avail), vq->avail_wrap)
			      ? ", which is available"
			      : "",
		      vq->next_used, vq->used_wrap, words[flags]);
	if (flags == VRING_PACKED_EVENT_FLAG_DESC) {
		uint16_t event = le16toh(vq_load16(vq->driver_area + OFF_WRAP_AT));

		strbuf_printf(out, " %u (wrap %d)", event & (EVENT_WRAP - 1),
			      !!(event & EVENT_WRAP));
	}
	strbuf_puts(out, "\n");
}

const struct vq_ring vq_packed = {
	.name = "packed",
	.desc_bytes = desc_bytes,
	.driver_bytes = event_bytes,
	.device_bytes = event_bytes,
	.driver_align = 4,
	.device_align = 4,
	.power_of_two = false,
	.size_max = VQ_SIZE_MAX,
	.take = take,
	.put = put,
	.publish = publish,
	.available = available,
	.wants_interrupt = wants_interrupt,
	.ask_notify = ask_notify,
	.describe = describe,
};
