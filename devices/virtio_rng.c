// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * virtio-rng: entropy (Virtio 1.2, 5.4). One queue; what the driver puts there is filled with the
 * host's random bytes.
 */
#include <errno.h>
#include <sys/random.h>

#include "devices/virtio/virtio.h"
#include "hv/pci.h"

#define QUEUE_SIZE 64
/* A buffer may be given back partly filled (5.4.6.2): a huge one does not keep the thread from a
 * reset. */
#define BYTES_MAX 65536u

struct rng {
	struct virtio v;
};

static void fill(struct vq_request *req)
{
	uint64_t done = 0;
	uint8_t bytes[256]; /* what getrandom() gives in one piece, whatever signals come */

	while (done < req->in_bytes && done < BYTES_MAX) {
		ssize_t n = getrandom(bytes, sizeof(bytes), 0);

		if (n <= 0)
			break;
		done += vq_write(req, done, bytes, (size_t)n);
	}
	vq_complete(req, done);
}

static void notified(struct virtio *v, unsigned queue)
{
	virtio_serve(v, queue, fill);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_RNG,
	.pci_class = 0x00ff00,
	.notified = notified,
};

static const struct reg rng_regs[] = {
	{ 0 },
};

static int rng_create(struct device *dev, struct error *err)
{
	return virtio_create((struct virtio *)dev, &model, 1, QUEUE_SIZE, err);
}

static void rng_destroy(struct device *dev)
{
	virtio_destroy((struct virtio *)dev);
}

static int rng_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class virtio_rng = {
	.name = "virtio-rng",
	.stem = "rng",
	.help = "virtio entropy: the host's random numbers",
	.size = sizeof(struct rng),
	.space = VIRTIO_SPACE_SIZE,
	.regs = rng_regs,
	.add = rng_add,
	.create = rng_create,
	.destroy = rng_destroy,
	.reset = virtio_reset,
	.describe = virtio_describe,
};
DEVICE_CLASS(virtio_rng);

static int rng_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct rng *r = (struct rng *)device_new(m, &virtio_rng, -1, err);

	return r ? virtio_add(&r->v, 0, opts, err) : -EIO;
}
