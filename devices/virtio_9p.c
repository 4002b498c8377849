// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * virtio-9p: a directory of the host (Virtio 1.2, 5.9). One queue; a request of it is a 9P message,
 * with room for the reply behind it. What the messages do: devices/9p/server.h.
 *
 * Messages are copied out of the guest's memory before they are looked at, and done one after the
 * other on the device's thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_9p.h>
#include <stdlib.h>
#include <string.h>

#include "devices/9p/server.h"
#include "devices/virtio/virtio.h"
#include "hv/pci.h"

#define QUEUE_SIZE  128 /* as many pieces as Linux makes of a message */
#define TAG_MAX	    31
#define CONFIG_SIZE (offsetof(struct virtio_9p_config, tag) + TAG_MAX)

struct share {
	struct virtio v;
	struct p9 *server;
	char *path;
	bool readonly;
	uint8_t *request, *reply; /* the worker's, P9_MESSAGE_MAX bytes each */

	/* Registers. */
	uint16_t tag_len;
	uint8_t tag[TAG_MAX];
};

static struct share *to_share(struct device *dev)
{
	return (struct share *)dev;
}

/* ---- requests, on the worker ---- */

static void handle(struct vq_request *req)
{
	struct share *s = to_share(req->vq->dev);
	size_t len, room = req->in_bytes < P9_MESSAGE_MAX ? req->in_bytes : P9_MESSAGE_MAX;

	if (req->out_bytes < P9_HEADER || req->out_bytes > P9_MESSAGE_MAX || room < P9_REPLY_MIN) {
		vq_break(req->vq,
			 "a message of %" PRIu64 " bytes with room for a reply of %" PRIu64,
			 req->out_bytes, req->in_bytes);
		vq_drop(req);
		return;
	}
	len = vq_read(req, 0, s->request, req->out_bytes);
	len = p9_handle(s->server, s->request, len, s->reply, room);
	vq_complete(req, vq_write(req, 0, s->reply, len));
}

static void notified(struct virtio *v, unsigned queue)
{
	virtio_serve(v, queue, handle);
}

static void stop(struct virtio *v)
{
	p9_reset(to_share(&v->dev)->server);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_9P,
	.pci_class = 0x018000,
	.notified = notified,
	.stop = stop,
};

/* ---- registers ---- */

static const struct reg share_regs[] = {
	{ .name = "tag_len",
	  .offset = VIRTIO_SPACE_CONFIG,
	  .width = 2,
	  .access = REG_RO,
	  .keep = true,
	  REG_STATE(struct share, tag_len),
	  .help = "characters of the tag" },
	{ .name = "tag",
	  .offset = VIRTIO_SPACE_CONFIG + offsetof(struct virtio_9p_config, tag),
	  .width = 1,
	  .count = TAG_MAX,
	  .access = REG_RO,
	  .keep = true,
	  REG_STATE(struct share, tag),
	  .help = "what the guest mounts it by" },
	{ 0 },
};

static void share_describe(struct device *dev, struct strbuf *out)
{
	const struct share *s = (const struct share *)dev;
	struct p9_counts c;

	p9_get_counts(s->server, &c);
	strbuf_printf(out, "%s as %.*s%s: %" PRIu64 " requests, %" PRIu64 " refused\n", s->path,
		      s->tag_len, (const char *)s->tag, s->readonly ? ", read-only" : "",
		      c.requests, c.errors);
	strbuf_printf(out,
		      "fids %" PRIu32 ", open files %" PRIu32 "; %" PRIu64 " bytes read, %" PRIu64
		      " written\n",
		      c.fids, c.files, c.bytes_read, c.bytes_written);
	virtio_describe(dev, out);
}

/* ---- life ---- */

static int share_create(struct device *dev, struct error *err)
{
	struct share *s = to_share(dev);
	int ret = -ENOMEM;

	s->request = malloc(P9_MESSAGE_MAX);
	s->reply = malloc(P9_MESSAGE_MAX);
	if (!s->request || !s->reply)
		error_set(err, ret, "%s: out of memory", dev->name);
	else
		ret = virtio_create(&s->v, &model, 1, QUEUE_SIZE, err);
	if (ret) {
		free(s->request);
		free(s->reply);
	}
	return ret;
}

static void share_destroy(struct device *dev)
{
	struct share *s = to_share(dev);

	virtio_destroy(&s->v);
	p9_destroy(s->server);
	free(s->path);
	free(s->request);
	free(s->reply);
}

static int share_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class virtio_9p = {
	.name = "virtio-9p",
	.stem = "share",
	.help = "virtio file sharing: a directory of the host, by 9P",
	.size = sizeof(struct share),
	.space = VIRTIO_SPACE_SIZE,
	.regs = share_regs,
	.add = share_add,
	.create = share_create,
	.destroy = share_destroy,
	.reset = virtio_reset,
	.describe = share_describe,
};
DEVICE_CLASS(virtio_9p);

static int set_tag(struct share *s, const char *tag, struct error *err)
{
	size_t len = tag ? strlen(tag) : 0;

	if (!len)
		return error_set(err, -EINVAL,
				 "-device virtio-9p: mount_tag=TAG is missing, what the guest "
				 "mounts it by");
	if (len > TAG_MAX)
		return error_set(err, -EINVAL,
				 "-device virtio-9p: mount_tag=%.40s has more than %d characters",
				 tag, TAG_MAX);
	memcpy(s->tag, tag, len);
	s->tag_len = (uint16_t)len;
	return 0;
}

/* QEMU has others, which keep the guest's owners and modes beside the files. */
static int check_model(struct optlist *opts, struct error *err)
{
	const char *name = optlist_get(opts, "security_model");

	if (!name || !strcmp(name, "none"))
		return 0;
	return error_set(err, -EINVAL,
			 "-device virtio-9p: security_model=%.40s is unknown: there is none, files "
			 "belong to who runs vitrine",
			 name);
}

static int configure(struct share *s, struct optlist *opts, struct error *err)
{
	const char *path = optlist_get(opts, "path");
	int ret = set_tag(s, optlist_get(opts, "mount_tag"), err);

	if (!ret)
		ret = check_model(opts, err);
	if (!ret)
		ret = optlist_bool(opts, "readonly", &s->readonly, err);
	if (ret)
		return ret;
	if (!path)
		return error_set(err, -EINVAL,
				 "-device virtio-9p: path=DIR is missing, the directory");
	s->path = strdup(path);
	if (!s->path)
		return error_set(err, -ENOMEM, "-device virtio-9p: out of memory");
	ret = p9_create(&s->server, s->v.dev.name, s->path, s->readonly, err);
	if (ret)
		error_prefix(err, "-device virtio-9p");
	return ret;
}

static int share_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct share *s = (struct share *)device_new(m, &virtio_9p, -1, err);
	int ret;

	if (!s)
		return -EIO;
	ret = configure(s, opts, err);
	if (ret)
		return ret;
	s->v.offered |= VIRTIO_BIT(VIRTIO_9P_MOUNT_TAG);
	return virtio_add(&s->v, CONFIG_SIZE, opts, err);
}
