// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * virtio-net: a network card (Virtio 1.2, 5.1) for a backend of hv/netdev.h.
 *
 *   queue 0, receive    buffers that frames for the guest go into
 *   queue 1, transmit   frames from the guest
 *   queue 2, control    the card's address; which offloads the guest takes
 *
 * All of it, backend included, is on the device's own thread. A frame that finds no buffers stays
 * with the backend until the driver offers some; buffers that were taken and have no frame yet wait
 * in `taken`. With mergeable buffers a frame takes as many as it needs, without it one.
 *
 * Checksums and segmentation are offered where the backend's frames carry a header for them; the
 * header is the backend's then. Without a backend the link is down; with one a person may take the
 * cable out, and then frames are lost in both directions.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "hv/netdev.h"
#include "hv/pci.h"

#define QUEUE_SIZE  256
#define CONFIG_SIZE 8 /* mac and status */
/* Frames from the guest in one go, so that those for it have their turn. */
#define TURN 64

enum { RX, TX, CONTROL, QUEUES };

_Static_assert(sizeof(struct virtio_net_hdr_v1) == NETDEV_HEADER, "one header");

struct net {
	struct virtio v;
	struct netdev *netdev; /* NULL: none */
	uint8_t mac[ETH_ALEN], given_mac[ETH_ALEN];
	uint16_t status; /* written on the loop thread, with dev.lock held; atomic */

	/* The worker's. */
	struct vq_request *taken[QUEUE_SIZE]; /* of the receive queue */
	unsigned taken_count;
	uint64_t taken_bytes;
	bool posted; /* posted_send() is on its way */
};

static const struct {
	unsigned feature;
	unsigned offload; /* enum netdev_offload; 0: of frames from the guest */
} offloads[] = {
	{ VIRTIO_NET_F_CSUM, 0 },
	{ VIRTIO_NET_F_HOST_TSO4, 0 },
	{ VIRTIO_NET_F_HOST_TSO6, 0 },
	{ VIRTIO_NET_F_HOST_ECN, 0 },
	{ VIRTIO_NET_F_GUEST_CSUM, NETDEV_CSUM },
	{ VIRTIO_NET_F_GUEST_TSO4, NETDEV_TSO4 },
	{ VIRTIO_NET_F_GUEST_TSO6, NETDEV_TSO6 },
	{ VIRTIO_NET_F_GUEST_ECN, NETDEV_ECN },
};
#define OFFLOADS (sizeof(offloads) / sizeof(offloads[0]))

static bool link_is_up(const struct net *n)
{
	return __atomic_load_n(&n->status, __ATOMIC_RELAXED) & VIRTIO_NET_S_LINK_UP;
}

/* ---- to the guest ---- */

/* Takes buffers until there is room for @len, or one buffer where they are not merged. */
static int take_buffers(struct net *n, uint64_t len)
{
	struct virtqueue *vq = &n->v.queues[RX].vq;
	bool merge = virtio_has(&n->v, VIRTIO_NET_F_MRG_RXBUF);
	struct vq_request *req;

	while (!n->taken_count || (merge && n->taken_bytes < len)) {
		req = virtio_pop(&n->v, RX);
		if (!req) {
			/* All that there can be, and it is not enough. */
			if (n->taken_count == vq->cfg.size)
				return -EMSGSIZE;
			if (vq_ask_notify(vq, true) && (req = virtio_pop(&n->v, RX)))
				vq_ask_notify(vq, false);
		}
		if (!req)
			return -EAGAIN;
		n->taken[n->taken_count++] = req;
		n->taken_bytes += req->in_bytes;
		if (req->in_bytes < NETDEV_HEADER) {
			vq_break(vq, "a receive buffer of %llu bytes, less than a header",
				 (unsigned long long)req->in_bytes);
			return -EPROTO;
		}
	}
	return n->taken_bytes < len ? -EMSGSIZE : 0;
}

/* The header and the frame behind it into the first of the buffers, which are given back. */
static void fill_buffers(struct net *n, const struct iovec parts[2])
{
	uint64_t written[QUEUE_SIZE] = { 0 };
	unsigned used = 0;

	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *from = parts[i].iov_base;
		size_t left = parts[i].iov_len;

		while (left) {
			size_t done = vq_write(n->taken[used], written[used], from, left);

			written[used] += done;
			from += done;
			left -= done;
			/* There is another one: take_buffers() has seen to it. */
			used += left != 0;
		}
	}
	used++;
	vq_write(n->taken[0], offsetof(struct virtio_net_hdr_v1, num_buffers),
		 &(uint16_t){ (uint16_t)used }, sizeof(uint16_t));
	for (unsigned i = 0; i < used; i++)
		n->taken_bytes -= n->taken[i]->in_bytes;
	vq_complete_all(n->taken, written, used);
	n->taken_count -= used;
	memmove(n->taken, n->taken + used, n->taken_count * sizeof(n->taken[0]));
}

/* netdev_receive_fn */
static int receive(void *opaque, const void *frame, size_t len)
{
	static struct virtio_net_hdr_v1 no_header;
	struct net *n = opaque;
	struct virtqueue *vq = &n->v.queues[RX].vq;
	bool has_header = netdev_has_header(n->netdev);
	struct iovec parts[2] = { { &no_header, has_header ? 0 : sizeof(no_header) },
				  { (void *)frame, len } };
	int ret;

	if (n->v.run != VIRTIO_ON || n->v.broken || !vq_running(vq) || !link_is_up(n))
		return -ENETDOWN;
	ret = take_buffers(n, parts[0].iov_len + len);
	if (!ret)
		fill_buffers(n, parts);
	virtio_completed(&n->v, RX);
	return ret;
}

/* ---- from the guest ---- */

static void send_frame(struct net *n, struct vq_request *req)
{
	struct iovec iov[QUEUE_SIZE];
	size_t skip = n->netdev && netdev_has_header(n->netdev) ? 0 : NETDEV_HEADER;
	unsigned count = 0;

	if (req->out_bytes < NETDEV_HEADER) {
		vq_break(req->vq, "a frame of %llu bytes, less than its header",
			 (unsigned long long)req->out_bytes);
	} else if (n->netdev && link_is_up(n)) {
		for (unsigned i = 0; i < req->out_count; i++) {
			size_t len = req->iov[i].iov_len;
			size_t cut = len < skip ? len : skip;

			skip -= cut;
			if (len > cut)
				iov[count++] =
					(struct iovec){ (uint8_t *)req->iov[i].iov_base + cut,
							len - cut };
		}
		netdev_send(n->netdev, iov, count);
	}
	vq_complete(req, 0);
}

static void posted_send(void *opaque);

static void send_frames(struct net *n)
{
	struct virtqueue *vq = &n->v.queues[TX].vq;
	struct vq_request *req;
	unsigned sent = 0;
	bool more = true;

	while (more && sent < TURN) {
		unsigned before = sent;

		vq_ask_notify(vq, false);
		while (sent < TURN && (req = virtio_pop(&n->v, TX))) {
			send_frame(n, req);
			sent++;
		}
		/* Without any although there are some, they are not to be had: no bus master. */
		more = sent == TURN || (vq_ask_notify(vq, true) && sent != before);
	}
	virtio_completed(&n->v, TX);
	if (more && !n->posted && !loop_post(n->v.worker.loop, posted_send, n))
		n->posted = true;
}

static void posted_send(void *opaque)
{
	struct net *n = opaque;

	n->posted = false;
	send_frames(n);
}

/* ---- control (5.1.6.5) ---- */

static unsigned offloads_of(const struct net *n, uint64_t features)
{
	unsigned wanted = 0;

	for (size_t i = 0; i < OFFLOADS; i++)
		if (features & VIRTIO_BIT(offloads[i].feature))
			wanted |= offloads[i].offload;
	return wanted & netdev_offloads(n->netdev);
}

static bool set_offloads(struct net *n, const void *data)
{
	uint64_t features;

	memcpy(&features, data, sizeof(features));
	/* 5.1.6.5.6.1: none that was not negotiated. */
	if (!n->netdev || (features & ~n->v.accepted))
		return false;
	netdev_set_offloads(n->netdev, offloads_of(n, features));
	return true;
}

static bool set_mac(struct net *n, const void *data)
{
	pthread_mutex_lock(&n->v.dev.lock);
	memcpy(n->mac, data, sizeof(n->mac));
	pthread_mutex_unlock(&n->v.dev.lock);
	return true;
}

static const struct {
	uint8_t class, command;
	unsigned feature;
	size_t size; /* of what follows */
	bool (*run)(struct net *n, const void *data);
} commands[] = {
	{ VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_F_CTRL_MAC_ADDR, ETH_ALEN,
	  set_mac },
	{ VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
	  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, sizeof(uint64_t), set_offloads },
};

static void control(struct vq_request *req)
{
	struct net *n = (struct net *)req->vq->dev;
	struct virtio_net_ctrl_hdr hdr;
	uint8_t data[8], ack = VIRTIO_NET_ERR;

	if (vq_read(req, 0, &hdr, sizeof(hdr)) != sizeof(hdr) || !req->in_bytes) {
		vq_break(req->vq, "a command of %llu bytes, with %llu for the answer",
			 (unsigned long long)req->out_bytes, (unsigned long long)req->in_bytes);
		vq_complete(req, 0);
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].class == hdr.class && commands[i].command == hdr.cmd &&
		    virtio_has(&n->v, commands[i].feature) &&
		    vq_read(req, sizeof(hdr), data, commands[i].size) == commands[i].size &&
		    commands[i].run(n, data))
			ack = VIRTIO_NET_OK;
	vq_complete(req, vq_write(req, 0, &ack, sizeof(ack)));
}

/* ---- the device's life ---- */

static void start(struct virtio *v)
{
	struct net *n = (struct net *)v;

	if (n->netdev)
		netdev_set_offloads(n->netdev, offloads_of(n, v->accepted));
}

static void stop(struct virtio *v)
{
	struct net *n = (struct net *)v;

	while (n->taken_count)
		vq_drop(n->taken[--n->taken_count]);
	n->taken_bytes = 0;
	pthread_mutex_lock(&v->dev.lock);
	memcpy(n->mac, n->given_mac, sizeof(n->mac));
	pthread_mutex_unlock(&v->dev.lock);
}

static void notified(struct virtio *v, unsigned queue)
{
	struct net *n = (struct net *)v;

	if (queue == CONTROL)
		virtio_serve(v, queue, control);
	else if (queue == TX)
		send_frames(n);
	else if (n->netdev)
		netdev_resume(n->netdev);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_NET,
	.pci_class = 0x020000,
	.start = start,
	.notified = notified,
	.stop = stop,
};

static const struct reg_field status_fields[] = {
	REG_BIT("LINK_UP", 0),
	REG_BIT("ANNOUNCE", 1),
	{ 0 },
};

static const struct reg net_regs[] = {
	{ .name = "mac",
	  .offset = VIRTIO_SPACE_CONFIG,
	  .width = 1,
	  .count = ETH_ALEN,
	  .access = REG_RO,
	  .keep = true,
	  REG_STATE(struct net, mac),
	  .help = "the card's address" },
	{ .name = "status",
	  .offset = VIRTIO_SPACE_CONFIG + ETH_ALEN,
	  .width = 2,
	  .access = REG_RO,
	  .keep = true,
	  REG_STATE(struct net, status),
	  .fields = status_fields,
	  .help = "whether there is a network, and its cable is in" },
	{ 0 },
};

static int net_create(struct device *dev, struct error *err)
{
	return virtio_create((struct virtio *)dev, &model, QUEUES, QUEUE_SIZE, err);
}

static void net_destroy(struct device *dev)
{
	struct net *n = (struct net *)dev;

	/* The thread first, which the backend works on. */
	pthread_mutex_lock(&dev->lock);
	virtio_reset(dev);
	pthread_mutex_unlock(&dev->lock);
	worker_stop(&n->v.worker);
	if (n->netdev)
		netdev_detach(n->netdev);
	virtio_destroy(&n->v);
}

static int net_set_link(struct device *dev, bool up, struct error *err)
{
	struct net *n = (struct net *)dev;
	uint16_t status = up ? VIRTIO_NET_S_LINK_UP : 0;
	bool changes;

	if (!n->netdev)
		return error_set(err, -ENOTSUP, "%s: there is no network for its cable", dev->name);
	pthread_mutex_lock(&dev->lock);
	changes = n->status != status;
	__atomic_store_n(&n->status, status, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&dev->lock);
	if (changes)
		virtio_config_changed(&n->v);
	return 0;
}

static void net_describe(struct device *dev, struct strbuf *out)
{
	const struct net *n = (struct net *)dev;

	strbuf_printf(out, "network: %s\n", n->netdev ? netdev_id(n->netdev) : "none");
	virtio_describe(dev, out);
}

static int net_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class virtio_net = {
	.name = "virtio-net",
	.stem = "net",
	.help = "virtio network card: the other end is what -netdev names",
	.size = sizeof(struct net),
	.space = VIRTIO_SPACE_SIZE,
	.regs = net_regs,
	.add = net_add,
	.create = net_create,
	.destroy = net_destroy,
	.reset = virtio_reset,
	.set_link = net_set_link,
	.describe = net_describe,
};
DEVICE_CLASS(virtio_net);

/* ---- options ---- */

static int offer(struct net *n, struct optlist *opts, struct error *err)
{
	uint64_t *offered = &n->v.offered;
	bool merge = true;
	int ret = optlist_bool(opts, "mrg_rxbuf", &merge, err);

	*offered |= VIRTIO_BIT(VIRTIO_NET_F_MAC) | VIRTIO_BIT(VIRTIO_NET_F_STATUS) |
		    VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR);
	if (merge)
		*offered |= VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
	if (!n->netdev || !netdev_offloads(n->netdev))
		return ret;
	*offered |= VIRTIO_BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
	for (size_t i = 0; i < OFFLOADS; i++)
		*offered |= VIRTIO_BIT(offloads[i].feature);
	return ret;
}

static int connect_to(struct net *n, const char *id, struct error *err)
{
	struct netdev *netdev = netdev_claim(n->v.dev.m, id, n->v.dev.name, err);
	int ret = netdev ? netdev_attach(netdev, n->v.worker.loop, receive, n, err) : -EINVAL;

	if (ret)
		return ret;
	n->netdev = netdev;
	n->status = VIRTIO_NET_S_LINK_UP;
	return 0;
}

static int net_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct net *n = (struct net *)device_new(m, &virtio_net, -1, err);
	const char *id = optlist_get(opts, "netdev");
	int ret;

	if (!n)
		return -EIO;
	ret = netdev_card_address(m, "virtio-net", optlist_get(opts, "mac"), n->given_mac, err);
	memcpy(n->mac, n->given_mac, ETH_ALEN);
	if (!ret && id)
		ret = connect_to(n, id, err);
	if (!ret)
		ret = offer(n, opts, err);
	return ret ? ret : virtio_add(&n->v, CONFIG_SIZE, opts, err);
}
