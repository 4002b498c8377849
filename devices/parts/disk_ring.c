// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A disk's requests by io_uring: one call for many of them, and no thread of ours waits. The ring
 * is its owner's alone, so there is no lock.
 *
 * What the ring has no place for waits in `backlog`, and is submitted when something is complete.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <unistd.h>

#include "devices/parts/disk_internal.h"

#define ENTRIES	 128
#define IOVS_MAX 1024 /* IOV_MAX */

struct disk_ring {
	struct io_uring ring;
	struct disk *disk;
	struct disk_list backlog;
};

struct disk_ring *disk_ring_open(struct disk *disk)
{
	struct disk_ring *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	if (io_uring_queue_init(ENTRIES, &r->ring, 0) < 0)
		goto no_ring;
	if (io_uring_register_eventfd(&r->ring, disk->event_fd) < 0)
		goto no_event;
	r->disk = disk;
	disk_list_init(&r->backlog);
	return r;
no_event:
	io_uring_queue_exit(&r->ring);
no_ring:
	free(r);
	return NULL;
}

void disk_ring_close(struct disk_ring *ring)
{
	if (!ring)
		return;
	io_uring_queue_exit(&ring->ring);
	free(ring);
}

/* False: there is no place. */
static bool put(struct disk_ring *r, struct disk_request *req)
{
	const struct disk *disk = r->disk;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);
	unsigned count = req->iov_count < IOVS_MAX ? req->iov_count : IOVS_MAX;
	uint64_t at = req->offset + req->done;

	if (!sqe)
		return false;
	if (req->op == DISK_READ) {
		io_uring_prep_readv(sqe, disk->fd, req->iov, count, at);
	} else if (req->op == DISK_WRITE) {
		io_uring_prep_writev(sqe, disk->fd, req->iov, count, at);
		if (disk_is_durable(disk, req))
			sqe->rw_flags = RWF_DSYNC;
	} else if (disk_flushes(disk)) {
		io_uring_prep_fsync(sqe, disk->fd, IORING_FSYNC_DATASYNC);
	} else {
		io_uring_prep_nop(sqe);
	}
	io_uring_sqe_set_data(sqe, req);
	return true;
}

void disk_ring_submit(struct disk_ring *ring, struct disk_request *req)
{
	/* None overtakes those that wait, or they might wait for ever. */
	if (ring->backlog.first || !put(ring, req))
		disk_list_add(&ring->backlog, req);
}

void disk_ring_kick(struct disk_ring *ring)
{
	/* -EBUSY, -EAGAIN: the kernel has no room just now, and the owner comes again at once. */
	if (io_uring_submit(&ring->ring) < 0 &&
	    write(ring->disk->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
		return;
}

/* Whether the request is complete; else the rest of it is to be submitted. */
static bool take(struct disk_request *req, int res)
{
	if (res == -EINTR || res == -EAGAIN)
		return false;
	if (res < 0 || req->op == DISK_FLUSH) {
		req->result = res < 0 ? res : 0;
		return true;
	}
	/* Somebody has cut the file. */
	if (!res) {
		req->result = -EIO;
		return true;
	}
	disk_advance(req, (uint64_t)res);
	return req->done == req->len;
}

void disk_ring_collect(struct disk_ring *ring, struct disk_list *to)
{
	struct io_uring_cqe *cqe;
	struct disk_request *req;

	while (!io_uring_peek_cqe(&ring->ring, &cqe)) {
		int res = cqe->res;

		req = io_uring_cqe_get_data(cqe);
		io_uring_cqe_seen(&ring->ring, cqe);
		disk_list_add(take(req, res) ? to : &ring->backlog, req);
	}
	while ((req = ring->backlog.first) && io_uring_sq_space_left(&ring->ring)) {
		disk_list_take(&ring->backlog);
		put(ring, req);
	}
	disk_ring_kick(ring);
}
