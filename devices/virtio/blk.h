/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A virtio disk: the device (devices/virtio_blk.c) and its requests (blk_requests.c). */
#ifndef DEVICES_VIRTIO_BLK_H
#define DEVICES_VIRTIO_BLK_H

#include <linux/virtio_blk.h>

#include "devices/parts/disk.h"
#include "devices/virtio/virtio.h"
#include "hv/block.h"
#include "hv/pci.h"

#define BLK_QUEUE_SIZE 256
/* Zeroes may have to be written one by one: so much at a time does not keep others long. */
#define BLK_ZEROES_MAX	(32u << 20)
#define BLK_DISCARD_MAX (1u << 30)

struct blk_request {
	struct disk_request io;
	struct vq_request *req;
	struct iovec *iov; /* the data, without header and status; the slot keeps it */
	unsigned iov_space;
};

struct blk {
	struct virtio v;
	struct block block;
	const struct machine_drive *drive;
	struct disk *disk; /* NULL: not opened yet */
	struct loop_source *done;
	struct blk_request *requests;	 /* BLK_QUEUE_SIZE for each queue; the worker's */
	struct virtio_blk_config config; /* fixed once the guest runs */
	char serial[VIRTIO_BLK_ID_BYTES + 1];
	bool told; /* the worker's: of an error */
	struct {
		uint64_t reads, writes, flushes, others, bytes_read, bytes_written, errors;
	} counts; /* atomic */
};

/* For virtio_serve(); then disk_kick(). */
void blk_handle(struct vq_request *req);
/* On the worker, when disk_event_fd() is readable; @opaque is a struct blk. */
void blk_on_done(void *opaque, uint32_t events);

#endif
