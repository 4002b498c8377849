// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Requests of a virtio disk (Virtio 1.2, 5.2.6).
 *
 *   header 16 | data that the driver gives       data that it wants | status 1
 *   ------------- to read ----------------       -------- to write -----------
 *
 * The worker takes a request, checks it and hands it to the disk; what is complete comes back to
 * the worker by an event. A reset waits for what is in flight, and gives it back unsaid.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/blk.h"
#include "hv/device_event.h"
#include "hv/device_fault.h"
#include "hv/dma.h"

#define BEGUN (-1) /* instead of a status: the disk has it */

/* ---- the end of a request ---- */

/* @prefix: bytes of the writable part that were written, from its beginning on. */
static void finish(struct vq_request *req, uint8_t status, uint64_t prefix)
{
	unsigned last = req->out_count + req->in_count - 1;

	vq_write(req, req->in_bytes - 1, &status, 1);
	if (prefix == req->in_bytes - 1) {
		vq_complete(req, req->in_bytes);
		return;
	}
	/* The used length tells of a beginning alone (2.7.8.2). */
	dma_unmap(req->vq->dev, req->gpa[last] + req->iov[last].iov_len - 1, 1, DMA_FROM_DEVICE);
	vq_complete(req, prefix);
}

/* Once: a full disk fails every write from then on. */
static void tell(struct blk *b, const struct disk_request *io)
{
	static const char *const done[] = {
		[DISK_READ] = "read",	      [DISK_WRITE] = "written", [DISK_FLUSH] = "flushed",
		[DISK_DISCARD] = "discarded", [DISK_ZERO] = "zeroed",
	};

	if (b->told)
		return;
	b->told = true;
	fprintf(stderr,
		"vitrine: %s: %s: %llu bytes at %llu could not be %s: %s; the guest is told of an "
		"I/O error, and `info block` counts them\n",
		b->v.dev.name, b->drive->file, (unsigned long long)io->len,
		(unsigned long long)io->offset, done[io->op], strerror(-io->result));
}

static void count(struct blk *b, const struct disk_request *io)
{
	uint64_t *const counts[] = {
		[DISK_READ] = &b->counts.reads,	   [DISK_WRITE] = &b->counts.writes,
		[DISK_FLUSH] = &b->counts.flushes, [DISK_DISCARD] = &b->counts.others,
		[DISK_ZERO] = &b->counts.others,
	};

	device_count_add(counts[io->op], 1);
	if (io->result)
		device_count_add(&b->counts.errors, 1);
	else if (io->op == DISK_READ)
		device_count_add(&b->counts.bytes_read, io->len);
	else if (io->op == DISK_WRITE)
		device_count_add(&b->counts.bytes_written, io->len);
}

static void io_done(struct blk *b, struct blk_request *r)
{
	bool ok = !r->io.result;

	count(b, &r->io);
	if (!ok)
		tell(b, &r->io);
	/* A reset is under way: the driver expects nothing any more. */
	if (b->v.run != VIRTIO_ON)
		vq_drop(r->req);
	else
		finish(r->req, ok ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR,
		       ok && r->io.op == DISK_READ ? r->io.len : 0);
}

void blk_on_done(void *opaque, uint32_t events)
{
	struct blk *b = opaque;
	struct disk_request *io, *next;
	unsigned touched = 0;

	(void)events;
	for (io = disk_completed(b->disk); io; io = next) {
		struct blk_request *r = (struct blk_request *)io;

		next = io->next;
		touched |= 1u << r->req->vq->index;
		io_done(b, r);
	}
	for (unsigned i = 0; i < b->v.queue_count; i++)
		if (touched >> i & 1)
			virtio_completed(&b->v, i);
}

/* ---- the beginning of a request ---- */

/* What the specification allows, by type. */
struct blk_type {
	uint32_t type;
	enum disk_op op;
	/* A status, or BEGUN. */
	int (*begin)(struct blk *b, struct blk_request *r, uint64_t sector);
	bool writes;
	int feature; /* that must have been accepted; -1: none */
};

static bool is_inside(const struct blk *b, uint64_t sector, uint64_t sectors)
{
	return sector <= b->config.capacity && sectors <= b->config.capacity - sector;
}

/* The iovecs of @len bytes from @skip of @iov on. */
static int slice(struct blk_request *r, const struct iovec *iov, unsigned count, uint64_t skip,
		 uint64_t len)
{
	unsigned n = 0;

	if (count > r->iov_space) {
		struct iovec *more = realloc(r->iov, count * sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->iov = more;
		r->iov_space = count;
	}
	for (; count && len; iov++, count--) {
		uint64_t have = iov->iov_len;

		if (skip >= have) {
			skip -= have;
			continue;
		}
		have = have - skip < len ? have - skip : len;
		r->iov[n++] = (struct iovec){ (uint8_t *)iov->iov_base + skip, have };
		len -= have;
		skip = 0;
	}
	r->io.iov = r->iov;
	r->io.iov_count = n;
	return 0;
}

static int submit(struct blk *b, struct blk_request *r, uint64_t sector, uint64_t len)
{
	r->io.offset = sector * DISK_SECTOR;
	r->io.len = len;
	r->io.durable = !virtio_has(&b->v, VIRTIO_BLK_F_FLUSH);
	disk_submit(b->disk, &r->io);
	return BEGUN;
}

static int begin_transfer(struct blk *b, struct blk_request *r, uint64_t sector)
{
	const struct vq_request *req = r->req;
	bool write = r->io.op == DISK_WRITE;
	uint64_t skip = write ? sizeof(struct virtio_blk_outhdr) : 0;
	uint64_t len = write ? req->out_bytes - skip : req->in_bytes - 1;

	if (len % DISK_SECTOR || !is_inside(b, sector, len / DISK_SECTOR))
		return VIRTIO_BLK_S_IOERR;
	if (!len)
		return VIRTIO_BLK_S_OK;
	if (slice(r, write ? req->iov : req->iov + req->out_count,
		  write ? req->out_count : req->in_count, skip, len) < 0)
		return VIRTIO_BLK_S_IOERR;
	return submit(b, r, sector, len);
}

static int begin_flush(struct blk *b, struct blk_request *r, uint64_t sector)
{
	(void)sector;
	return submit(b, r, 0, 0);
}

/* 5.2.6.2: one range (max_discard_seg, max_write_zeroes_seg). */
static int begin_range(struct blk *b, struct blk_request *r, uint64_t unused)
{
	struct virtio_blk_discard_write_zeroes range;
	const size_t at = sizeof(struct virtio_blk_outhdr);
	uint64_t sector, len;
	uint32_t flags;

	(void)unused;
	if (r->req->out_bytes != at + sizeof(range) ||
	    vq_read(r->req, at, &range, sizeof(range)) != sizeof(range))
		return VIRTIO_BLK_S_IOERR;
	flags = le32toh(range.flags);
	sector = le64toh(range.sector);
	len = (uint64_t)le32toh(range.num_sectors) * DISK_SECTOR;
	if (flags & ~(r->io.op == DISK_ZERO ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0))
		return VIRTIO_BLK_S_UNSUPP;
	if (len > (r->io.op == DISK_ZERO ? BLK_ZEROES_MAX : BLK_DISCARD_MAX) ||
	    !is_inside(b, sector, len / DISK_SECTOR))
		return VIRTIO_BLK_S_IOERR;
	if (!len)
		return VIRTIO_BLK_S_OK;
	r->io.unmap = flags;
	return submit(b, r, sector, len);
}

static const struct blk_type types[] = {
	{ VIRTIO_BLK_T_IN, DISK_READ, begin_transfer, false, -1 },
	{ VIRTIO_BLK_T_OUT, DISK_WRITE, begin_transfer, true, -1 },
	{ VIRTIO_BLK_T_FLUSH, DISK_FLUSH, begin_flush, false, VIRTIO_BLK_F_FLUSH },
	{ VIRTIO_BLK_T_DISCARD, DISK_DISCARD, begin_range, true, VIRTIO_BLK_F_DISCARD },
	{ VIRTIO_BLK_T_WRITE_ZEROES, DISK_ZERO, begin_range, true, VIRTIO_BLK_F_WRITE_ZEROES },
};

static const struct blk_type *find_type(const struct blk *b, uint32_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type &&
		    (types[i].feature < 0 || virtio_has(&b->v, (unsigned)types[i].feature)))
			return &types[i];
	return NULL;
}

static int begin(struct blk *b, struct blk_request *r, const struct virtio_blk_outhdr *header)
{
	const struct blk_type *type = find_type(b, le32toh(header->type));

	if (!type)
		return VIRTIO_BLK_S_UNSUPP;
	if (type->writes && disk_is_readonly(b->disk))
		return VIRTIO_BLK_S_IOERR;
	r->io = (struct disk_request){ .op = type->op };
	return type->begin(b, r, le64toh(header->sector));
}

/* Up to 20 bytes, without a zero behind them when there is no room. */
static void give_id(struct blk *b, struct vq_request *req)
{
	uint64_t room = req->in_bytes - 1;

	finish(req, VIRTIO_BLK_S_OK,
	       vq_write(req, 0, b->serial,
			room < VIRTIO_BLK_ID_BYTES ? (size_t)room : VIRTIO_BLK_ID_BYTES));
}

void blk_handle(struct vq_request *req)
{
	struct blk *b = (struct blk *)req->vq->dev;
	struct blk_request *r = &b->requests[req->vq->index * BLK_QUEUE_SIZE + req->slot];
	struct virtio_blk_outhdr header;
	int status;

	if (vq_read(req, 0, &header, sizeof(header)) != sizeof(header) || !req->in_bytes) {
		vq_break(req->vq,
			 "a request of %llu bytes to read and %llu to write, which has no place "
			 "for a header of 16 and a status of 1",
			 (unsigned long long)req->out_bytes, (unsigned long long)req->in_bytes);
		vq_drop(req);
		return;
	}
	if (le32toh(header.type) == VIRTIO_BLK_T_GET_ID) {
		give_id(b, req);
		return;
	}
	/* The driver never hears of it again. */
	if (device_fault_take(&b->v.dev, FAULT_TIMEOUT)) {
		vq_drop(req);
		return;
	}
	r->req = req;
	status = device_fault_take(&b->v.dev, FAULT_ERROR) ? VIRTIO_BLK_S_IOERR
							   : begin(b, r, &header);
	if (status == BEGUN)
		return;
	device_count_add(&b->counts.errors, status != VIRTIO_BLK_S_OK);
	finish(req, (uint8_t)status, 0);
}
