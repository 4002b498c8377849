// SPDX-License-Identifier: GPL-3.0-or-later
/* A disk's request, done by system calls that wait. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <unistd.h>

#include "devices/parts/disk_internal.h"

#define PARTS 64

bool disk_is_durable(const struct disk *disk, const struct disk_request *req)
{
	return disk->drive->cache == DRIVE_WRITETHROUGH ||
	       (req->durable && disk->drive->cache != DRIVE_UNSAFE);
}

bool disk_flushes(const struct disk *disk)
{
	return disk->drive->cache != DRIVE_UNSAFE;
}

void disk_advance(struct disk_request *req, uint64_t n)
{
	req->done += n;
	while (req->iov_count && n >= req->iov->iov_len) {
		n -= req->iov->iov_len;
		req->iov++;
		req->iov_count--;
	}
	if (req->iov_count) {
		req->iov->iov_base = (uint8_t *)req->iov->iov_base + n;
		req->iov->iov_len -= n;
	}
}

ssize_t disk_move(int fd, const struct disk_request *req, uint64_t max)
{
	struct iovec part[PARTS];
	off_t at = (off_t)(req->offset + req->done);
	uint64_t bytes = 0;
	ssize_t n;
	int count = 0;

	for (; count < PARTS && (unsigned)count < req->iov_count && bytes < max; count++) {
		part[count] = req->iov[count];
		if (part[count].iov_len > max - bytes)
			part[count].iov_len = max - bytes;
		bytes += part[count].iov_len;
	}
	do {
		n = req->op == DISK_WRITE ? pwritev(fd, part, count, at)
					  : preadv(fd, part, count, at);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int move_all(struct disk *disk, struct disk_request *req)
{
	while (req->done < req->len) {
		ssize_t n = disk_move(disk->fd, req, req->len - req->done);

		if (n < 0)
			return (int)n;
		/* Somebody has cut the file. */
		if (!n)
			return -EIO;
		disk_advance(req, (uint64_t)n);
	}
	return 0;
}

static bool not_supported(int error)
{
	return error == EOPNOTSUPP || error == ENOTTY || error == ENOSYS || error == EINVAL;
}

static int write_zeroes(int fd, uint64_t offset, uint64_t len)
{
	static const uint8_t zeroes[65536];

	while (len) {
		ssize_t n = pwrite(fd, zeroes, len < sizeof(zeroes) ? len : sizeof(zeroes),
				   (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

int disk_zero_range(int fd, uint64_t offset, uint64_t len, bool unmap)
{
	int mode = FALLOC_FL_KEEP_SIZE | (unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);

	if (!fallocate(fd, mode, (off_t)offset, (off_t)len))
		return 0;
	return not_supported(errno) ? write_zeroes(fd, offset, len) : -errno;
}

static int discard(int fd, uint64_t offset, uint64_t len)
{
	if (!fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, (off_t)offset, (off_t)len))
		return 0;
	/* It is advice. */
	return not_supported(errno) ? 0 : -errno;
}

static int flush(const struct disk *disk)
{
	return disk_flushes(disk) && fdatasync(disk->fd) < 0 ? -errno : 0;
}

int disk_do(struct disk *disk, struct disk_request *req)
{
	int ret = -EINVAL;

	if (disk->overlay)
		return disk_overlay_do(disk, req);
	switch (req->op) {
	case DISK_READ:
	case DISK_WRITE:
		ret = move_all(disk, req);
		break;
	case DISK_FLUSH:
		return flush(disk);
	case DISK_DISCARD:
		ret = discard(disk->fd, req->offset, req->len);
		break;
	case DISK_ZERO:
		ret = disk_zero_range(disk->fd, req->offset, req->len, req->unmap);
		break;
	}
	if (!ret && req->op != DISK_READ && disk_is_durable(disk, req) && fdatasync(disk->fd) < 0)
		ret = -errno;
	return ret;
}
