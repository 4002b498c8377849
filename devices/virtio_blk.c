// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * virtio-blk: a disk (Virtio 1.2, 5.2), on an image of the host's (devices/parts/disk.h). What it
 * does with a request: devices/virtio/blk_requests.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "devices/virtio/blk.h"
#include "hv/device_fault.h"
#include "devices/virtio/virtio.h"

/* A chain has a header and a status beside the data. */
#define SEG_MAX	     (BLK_QUEUE_SIZE - 2)
#define SEG_SIZE_MAX (4u << 20)
#define BLOCK_MIN    512u
#define BLOCK_MAX    4096u
#define CONFIG_SIZE  offsetof(struct virtio_blk_config, max_secure_erase_sectors)

static struct blk *to_blk(struct device *dev)
{
	return (struct blk *)dev;
}

static void notified(struct virtio *v, unsigned queue)
{
	virtio_serve(v, queue, blk_handle);
	disk_kick(to_blk(&v->dev)->disk);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_BLOCK,
	.pci_class = 0x010000,
	.notified = notified,
};

/* ---- for people ---- */

static void blk_info(struct block *block, struct block_info *info)
{
	struct blk *b = to_blk(block->dev);

	*info = (struct block_info){
		.drive = b->drive->id,
		.file = b->drive->file,
		.size = disk_size(b->disk),
		.readonly = disk_is_readonly(b->disk),
		.snapshot = b->drive->snapshot && !b->drive->readonly,
		.how = disk_how(b->disk),
		.reads = __atomic_load_n(&b->counts.reads, __ATOMIC_RELAXED),
		.writes = __atomic_load_n(&b->counts.writes, __ATOMIC_RELAXED),
		.flushes = __atomic_load_n(&b->counts.flushes, __ATOMIC_RELAXED),
		.others = __atomic_load_n(&b->counts.others, __ATOMIC_RELAXED),
		.bytes_read = __atomic_load_n(&b->counts.bytes_read, __ATOMIC_RELAXED),
		.bytes_written = __atomic_load_n(&b->counts.bytes_written, __ATOMIC_RELAXED),
		.errors = __atomic_load_n(&b->counts.errors, __ATOMIC_RELAXED),
	};
	for (unsigned i = 0; i < b->v.queue_count; i++)
		info->in_flight += vq_in_flight(&b->v.queues[i].vq);
}

/* ---- registers ---- */

static uint64_t peek_config(const struct device *dev, const struct reg *reg)
{
	const struct blk *b = (const struct blk *)dev;
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)&b->config + (reg->offset - VIRTIO_SPACE_CONFIG),
	       reg->width);
	return value;
}

#define CONFIG(name_, member, help_)                                                           \
	{                                                                                      \
		.name = name_,                                                                 \
		.offset = VIRTIO_SPACE_CONFIG + offsetof(struct virtio_blk_config, member),    \
		.width = sizeof(((struct virtio_blk_config *)NULL)->member), .access = REG_RO, \
		.peek = peek_config, .help = help_                                             \
	}

static const struct reg blk_regs[] = {
	CONFIG("capacity", capacity, "sectors of 512 bytes"),
	CONFIG("size_max", size_max, "bytes in one segment of a request"),
	CONFIG("seg_max", seg_max, "segments in one request"),
	CONFIG("blk_size", blk_size, "bytes of a logical block"),
	CONFIG("physical_block_exp", physical_block_exp,
	       "log2 of the logical blocks in a physical one"),
	CONFIG("alignment_offset", alignment_offset,
	       "the first logical block that begins a physical one"),
	CONFIG("min_io_size", min_io_size, "logical blocks, the smallest that is quick"),
	CONFIG("opt_io_size", opt_io_size, "… the best; 0: it does not matter"),
	CONFIG("request_queues", num_queues, "request queues"),
	CONFIG("max_discard_sectors", max_discard_sectors, "sectors in one discard"),
	CONFIG("max_discard_seg", max_discard_seg, "ranges in one discard"),
	CONFIG("discard_sector_alignment", discard_sector_alignment,
	       "sectors that a discard's beginning is a multiple of"),
	CONFIG("max_write_zeroes_sectors", max_write_zeroes_sectors, "sectors in one write-zeroes"),
	CONFIG("max_write_zeroes_seg", max_write_zeroes_seg, "ranges in one write-zeroes"),
	CONFIG("write_zeroes_may_unmap", write_zeroes_may_unmap,
	       "1: zeroes may give back the room"),
	{ 0 },
};

/* ---- life ---- */

static int blk_create(struct device *dev, struct error *err)
{
	struct blk *b = to_blk(dev);
	int ret;

	b->requests = calloc((size_t)VIRTIO_QUEUES_MAX * BLK_QUEUE_SIZE, sizeof(*b->requests));
	if (!b->requests)
		return error_set(err, -ENOMEM, "%s: out of memory", dev->name);
	ret = virtio_create(&b->v, &model, VIRTIO_QUEUES_MAX, BLK_QUEUE_SIZE, err);
	if (ret)
		free(b->requests);
	return ret;
}

static void blk_destroy(struct device *dev)
{
	struct blk *b = to_blk(dev);

	block_remove(dev->m, &b->block);
	virtio_destroy(&b->v);
	disk_close(b->disk);
	for (unsigned i = 0; i < VIRTIO_QUEUES_MAX * BLK_QUEUE_SIZE; i++)
		free(b->requests[i].iov);
	free(b->requests);
}

static int blk_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class virtio_blk = {
	.name = "virtio-blk",
	.stem = "disk",
	.help = "virtio disk",
	.faults = FAULT_BIT(FAULT_ERROR) | FAULT_BIT(FAULT_TIMEOUT),
	.size = sizeof(struct blk),
	.space = VIRTIO_SPACE_SIZE,
	.regs = blk_regs,
	.add = blk_add,
	.create = blk_create,
	.destroy = blk_destroy,
	.reset = virtio_reset,
	.describe = virtio_describe,
};
DEVICE_CLASS(virtio_blk);

static int find_drive(struct blk *b, struct optlist *opts, struct error *err)
{
	const char *id = optlist_get(opts, "drive");
	const struct machine_drive *d = b->v.dev.m->cfg->drives;

	if (!id)
		return error_set(err, -EINVAL,
				 "-device virtio-blk: drive=ID is missing, the id of a -drive "
				 "file=FILE,if=none,id=ID");
	while (d && d->id && strcmp(d->id, id) != 0)
		d++;
	if (!d || !d->id)
		return error_set(err, -ENOENT, "-device virtio-blk: no -drive has the id '%.40s'",
				 id);
	b->drive = d;
	return 0;
}

static int block_option(struct optlist *opts, const char *key, uint64_t *value, struct error *err)
{
	int ret = optlist_number(opts, key, BLOCK_MIN, BLOCK_MAX, value, err);

	if (!ret && (*value & (*value - 1)))
		return error_set(err, -EINVAL, "-device virtio-blk: %s=%llu is no power of two",
				 key, (unsigned long long)*value);
	return ret;
}

/* Options, but for the ones that virtio_options() knows. */
static int configure(struct blk *b, struct optlist *opts, struct error *err)
{
	unsigned vcpus = b->v.dev.m->cfg->max_vcpus;
	uint64_t queues = vcpus < 1 ? 1 : vcpus < VIRTIO_QUEUES_MAX ? vcpus : VIRTIO_QUEUES_MAX;
	uint64_t logical = BLOCK_MIN, physical = BLOCK_MIN;
	const char *serial = optlist_get(opts, "serial");
	int ret = optlist_number(opts, "num-queues", 1, VIRTIO_QUEUES_MAX, &queues, err);

	if (!ret)
		ret = block_option(opts, "logical_block_size", &logical, err);
	if (!ret)
		ret = block_option(opts, "physical_block_size", &physical, err);
	if (ret)
		return ret;
	if (physical < logical)
		physical = logical;
	snprintf(b->serial, sizeof(b->serial), "%s", serial ? serial : b->drive->id);
	virtio_limit_queues(&b->v, (unsigned)queues);
	b->config = (struct virtio_blk_config){
		.size_max = SEG_SIZE_MAX,
		.seg_max = SEG_MAX,
		.blk_size = (uint32_t)logical,
		.physical_block_exp = (uint8_t)__builtin_ctzll(physical / logical),
		.min_io_size = (uint16_t)(physical / logical),
		.num_queues = (uint16_t)queues,
		.max_discard_sectors = BLK_DISCARD_MAX / DISK_SECTOR,
		.max_discard_seg = 1,
		.discard_sector_alignment = (uint32_t)(physical / DISK_SECTOR),
		.max_write_zeroes_sectors = BLK_ZEROES_MAX / DISK_SECTOR,
		.max_write_zeroes_seg = 1,
		.write_zeroes_may_unmap = 1,
	};
	return 0;
}

static void offer(struct blk *b)
{
	uint64_t *offered = &b->v.offered;

	*offered |= VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) |
		    VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE) | VIRTIO_BIT(VIRTIO_BLK_F_TOPOLOGY) |
		    VIRTIO_BIT(VIRTIO_BLK_F_MQ);
	/* Without it each write is durable by itself (5.2.6.2). */
	if (b->drive->cache != DRIVE_WRITETHROUGH)
		*offered |= VIRTIO_BIT(VIRTIO_BLK_F_FLUSH);
	if (disk_is_readonly(b->disk))
		*offered |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	else
		*offered |= VIRTIO_BIT(VIRTIO_BLK_F_DISCARD) |
			    VIRTIO_BIT(VIRTIO_BLK_F_WRITE_ZEROES);
}

static int open_disk(struct blk *b, struct error *err)
{
	int ret = disk_open(&b->disk, b->drive, err);

	if (ret) {
		error_prefix(err, "-drive");
		return ret;
	}
	b->config.capacity = disk_size(b->disk) / DISK_SECTOR;
	if (disk_size(b->disk) % b->config.blk_size)
		return error_set(err, -EINVAL,
				 "%s: its size is no multiple of logical_block_size=%u",
				 b->drive->file, (unsigned)b->config.blk_size);
	ret = loop_add_fd(b->v.worker.loop, disk_event_fd(b->disk), EPOLLIN, blk_on_done, b,
			  &b->done);
	return ret < 0 ? error_set(err, ret, "%s: no event: %s", b->drive->file, strerror(-ret))
		       : 0;
}

static int blk_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct blk *b = (struct blk *)device_new(m, &virtio_blk, -1, err);
	int ret;

	if (!b)
		return -EIO;
	ret = find_drive(b, opts, err);
	if (!ret)
		ret = configure(b, opts, err);
	if (!ret)
		ret = open_disk(b, err);
	if (ret)
		return ret;
	offer(b);
	b->block = (struct block){ .dev = &b->v.dev, .info = blk_info };
	ret = virtio_add(&b->v, CONFIG_SIZE, opts, err);
	if (!ret)
		block_add(m, &b->block);
	return ret;
}
