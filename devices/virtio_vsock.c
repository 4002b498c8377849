// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * virtio-vsock: sockets between guest and host that need no network (Virtio 1.2, 5.10).
 *
 *   queue 0, rx      buffers that packets for the guest go into
 *   queue 1, tx      packets from the guest
 *   queue 2, event   buffers for news, of which there is one only, after a migration: never here
 *
 * What the packets do: devices/vsock/vsock.h. All of it is on the device's thread. When the packets
 * for the guest find no buffers, those from it wait as soon as each might need an answer.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "devices/virtio/virtio.h"
#include "devices/vsock/vsock.h"
#include "hv/pci.h"

#define QUEUE_SIZE VSOCK_IOV_MAX
/* Packets of a direction in one go, so that a reset has its turn. */
#define TURN 64

enum { RX, TX, EVENT, QUEUES };

struct device_vsock {
	struct virtio v;
	struct vsock *vsock;
	uint64_t cid; /* a register */

	/* The worker's. */
	struct vq_request *room; /* of RX; NULL: none is here */
	bool posted;		 /* pump() is on its way */
};

static struct device_vsock *to_vsock(struct virtio *v)
{
	return (struct device_vsock *)v;
}

/* What follows the header of a packet, in pieces. */
static unsigned behind_header(const struct iovec *from, unsigned count, uint64_t len,
			      struct iovec *to)
{
	size_t skip = VSOCK_HEADER;
	unsigned pieces = 0;

	for (unsigned i = 0; i < count && len; i++) {
		size_t cut = from[i].iov_len < skip ? from[i].iov_len : skip;
		size_t left = from[i].iov_len - cut;

		skip -= cut;
		if (!left)
			continue;
		left = left < len ? left : (size_t)len;
		to[pieces++] = (struct iovec){ (uint8_t *)from[i].iov_base + cut, left };
		len -= left;
	}
	return pieces;
}

/* The next buffer of a queue; without one the driver will notify. */
static struct vq_request *pop(struct device_vsock *d, unsigned queue)
{
	struct virtqueue *vq = &d->v.queues[queue].vq;
	struct vq_request *req = virtio_pop(&d->v, queue);

	if (!req && vq_running(vq) && vq_ask_notify(vq, true))
		req = virtio_pop(&d->v, queue);
	return req;
}

/* ---- from the guest ---- */

static void take_packet(struct device_vsock *d, struct vq_request *req)
{
	struct virtio_vsock_hdr hdr;
	struct iovec data[QUEUE_SIZE];
	struct vsock_packet p;

	if (vq_read(req, 0, &hdr, sizeof(hdr)) != sizeof(hdr)) {
		vq_break(req->vq, "a packet of %" PRIu64 " bytes, less than its header",
			 req->out_bytes);
		return;
	}
	vsock_packet_load(&p, &hdr);
	if (p.len > req->out_bytes - VSOCK_HEADER) {
		vq_break(req->vq,
			 "a packet with %" PRIu32 " bytes of data, of which %" PRIu64 " are there",
			 p.len, (uint64_t)(req->out_bytes - VSOCK_HEADER));
		return;
	}
	vsock_take(d->vsock, &p, data, behind_header(req->iov, req->out_count, p.len, data));
}

/* True when there may be more that can be taken now. */
static bool pump_tx(struct device_vsock *d)
{
	struct vq_request *req;
	unsigned taken = 0;

	while (taken < TURN && vsock_can_take(d->vsock) && (req = pop(d, TX))) {
		take_packet(d, req);
		vq_complete(req, 0);
		taken++;
	}
	virtio_completed(&d->v, TX);
	return taken == TURN;
}

/* ---- to the guest ---- */

/* False when there is no packet, or no buffer for it. */
static bool give_packet(struct device_vsock *d)
{
	struct virtio_vsock_hdr hdr;
	struct iovec room[QUEUE_SIZE];
	struct vsock_packet p;
	unsigned pieces;

	if (!d->room)
		d->room = pop(d, RX);
	if (!d->room)
		return false;
	if (d->room->in_bytes < VSOCK_HEADER) {
		vq_break(d->room->vq, "a buffer of %" PRIu64 " bytes, less than a header",
			 d->room->in_bytes);
		return false;
	}
	pieces = behind_header(d->room->iov + d->room->out_count, d->room->in_count,
			       d->room->in_bytes, room);
	if (!vsock_give(d->vsock, &p, room, pieces))
		return false;
	vsock_packet_store(&p, &hdr);
	vq_write(d->room, 0, &hdr, sizeof(hdr));
	vq_complete(d->room, VSOCK_HEADER + p.len);
	d->room = NULL;
	return true;
}

/* The same; and whether there is room for answers that there was none for. */
static bool pump_rx(struct device_vsock *d)
{
	bool blocked = !vsock_can_take(d->vsock);
	unsigned given = 0;

	while (given < TURN && give_packet(d))
		given++;
	virtio_completed(&d->v, RX);
	return given == TURN || (blocked && given);
}

static void pump(void *opaque);

static void pump_queues(struct device_vsock *d)
{
	bool more;

	if (d->v.run != VIRTIO_ON || d->v.broken)
		return;
	more = pump_tx(d);
	more |= pump_rx(d);
	if (more && !d->posted && !loop_post(d->v.worker.loop, pump, d))
		d->posted = true;
}

static void pump(void *opaque)
{
	struct device_vsock *d = opaque;

	d->posted = false;
	pump_queues(d);
}

static void wake(void *opaque)
{
	pump_queues(opaque);
}

/* ---- the device's life ---- */

static void start(struct virtio *v)
{
	vsock_open(to_vsock(v)->vsock);
}

static void notified(struct virtio *v, unsigned queue)
{
	if (queue != EVENT)
		pump_queues(to_vsock(v));
}

static void stop(struct virtio *v)
{
	struct device_vsock *d = to_vsock(v);

	if (d->room)
		vq_drop(d->room);
	d->room = NULL;
	vsock_close(d->vsock);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_VSOCK,
	.pci_class = 0x078000,
	.start = start,
	.notified = notified,
	.stop = stop,
};

static const struct reg vsock_regs[] = {
	{ .name = "guest_cid",
	  .offset = VIRTIO_SPACE_CONFIG,
	  .width = 8,
	  .access = REG_RO,
	  .keep = true,
	  REG_STATE(struct device_vsock, cid),
	  .help = "the guest's address" },
	{ 0 },
};

static int vsock_device_create(struct device *dev, struct error *err)
{
	return virtio_create((struct virtio *)dev, &model, QUEUES, QUEUE_SIZE, err);
}

static void vsock_device_destroy(struct device *dev)
{
	struct device_vsock *d = (struct device_vsock *)dev;

	/* The thread first, which the sockets are heard on. */
	pthread_mutex_lock(&dev->lock);
	virtio_reset(dev);
	pthread_mutex_unlock(&dev->lock);
	worker_stop(&d->v.worker);
	vsock_destroy(d->vsock);
	virtio_destroy(&d->v);
}

static void vsock_device_describe(struct device *dev, struct strbuf *out)
{
	vsock_describe(((struct device_vsock *)dev)->vsock, out);
	virtio_describe(dev, out);
}

static int vsock_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class virtio_vsock = {
	.name = "virtio-vsock",
	.stem = "vsock",
	.help = "virtio sockets: streams between guest and host without a network",
	.size = sizeof(struct device_vsock),
	.space = VIRTIO_SPACE_SIZE,
	.regs = vsock_regs,
	.add = vsock_add,
	.create = vsock_device_create,
	.destroy = vsock_device_destroy,
	.reset = virtio_reset,
	.describe = vsock_device_describe,
};
DEVICE_CLASS(virtio_vsock);

static int configure(struct device_vsock *d, struct optlist *opts, struct error *err)
{
	const struct vsock_guest guest = { wake, d };
	const char *path = optlist_get(opts, "socket");
	/* 0 to 2 and the last one mean something else (5.10.4). */
	int ret = optlist_number(opts, "cid", 3, UINT32_MAX - 1, &d->cid, err);

	if (ret)
		return ret;
	if (!d->cid)
		return error_set(err, -EINVAL,
				 "-device virtio-vsock: cid=N is missing, the guest's address: 3 "
				 "or more");
	if (!path)
		return error_set(err, -EINVAL,
				 "-device virtio-vsock: socket=PATH is missing, which programs of "
				 "the host connect to");
	ret = vsock_create(&d->vsock, d->v.dev.name, d->v.worker.loop, (uint32_t)d->cid, path,
			   &guest, err);
	if (ret)
		error_prefix(err, "-device virtio-vsock");
	return ret;
}

static int vsock_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct device_vsock *d = (struct device_vsock *)device_new(m, &virtio_vsock, -1, err);
	int ret = d ? configure(d, opts, err) : -EIO;

	if (ret)
		return ret;
	return virtio_add(&d->v, sizeof(struct virtio_vsock_config), opts, err);
}
