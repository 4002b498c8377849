// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * snapshot=on: what the guest writes goes to a file without a name, as large as the image, in which
 * nothing but that takes room. A bit for each sector says that it is there; the others are read
 * from the image. It ends with the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "devices/parts/disk_internal.h"

struct disk_overlay {
	int fd;
	uint8_t *has; /* atomic bytes, a bit for each sector; pages that nobody touched are none */
	size_t has_bytes;
};

static int open_unnamed(void)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!dir || !*dir)
		dir = "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	snprintf(path, sizeof(path), "%s/vitrine-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int disk_overlay_open(struct disk_overlay **out, const char *what, uint64_t size, struct error *err)
{
	struct disk_overlay *o = calloc(1, sizeof(*o));
	int ret;

	if (!o)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	o->has_bytes = (size_t)(size / DISK_SECTOR / 8 + 1);
	o->fd = open_unnamed();
	if (o->fd < 0 || ftruncate(o->fd, (off_t)size) < 0) {
		ret = error_set(err, -errno, "%s: no file for what its snapshot writes: %s", what,
				strerror(errno));
		goto no_file;
	}
	o->has = mmap(NULL, o->has_bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (o->has == MAP_FAILED) {
		ret = error_set(err, -errno, "%s: no memory for its snapshot: %s", what,
				strerror(errno));
		goto no_file;
	}
	*out = o;
	return 0;
no_file:
	if (o->fd >= 0)
		close(o->fd);
	free(o);
	return ret;
}

void disk_overlay_close(struct disk_overlay *o)
{
	if (!o)
		return;
	munmap(o->has, o->has_bytes);
	close(o->fd);
	free(o);
}

static bool has(const struct disk_overlay *o, uint64_t sector)
{
	/* With the release in mark(): who sees the bit reads what was written. */
	return __atomic_load_n(&o->has[sector / 8], __ATOMIC_ACQUIRE) >> sector % 8 & 1;
}

static void mark(struct disk_overlay *o, uint64_t offset, uint64_t len)
{
	uint64_t end = (offset + len) / DISK_SECTOR;

	for (uint64_t s = offset / DISK_SECTOR; s < end;) {
		uint64_t n = 8 - s % 8 < end - s ? 8 - s % 8 : end - s;

		/* Another thread may have the other bits. */
		__atomic_or_fetch(&o->has[s / 8], (uint8_t)(((1u << n) - 1) << s % 8),
				  __ATOMIC_RELEASE);
		s += n;
	}
}

/* Bytes from @at on that come from the same file, at most @max; both are multiples of a sector. */
static uint64_t run_at(const struct disk_overlay *o, uint64_t at, uint64_t max)
{
	uint64_t first = at / DISK_SECTOR, n = 1;

	while (n < max / DISK_SECTOR && has(o, first + n) == has(o, first))
		n++;
	return n * DISK_SECTOR;
}

static int read_all(struct disk *disk, struct disk_request *req)
{
	const struct disk_overlay *o = disk->overlay;

	while (req->done < req->len) {
		uint64_t at = req->offset + req->done;
		int fd = has(o, at / DISK_SECTOR) ? o->fd : disk->fd;
		uint64_t left = run_at(o, at, req->len - req->done);

		while (left) {
			ssize_t n = disk_move(fd, req, left);

			if (n <= 0)
				return n ? (int)n : -EIO;
			disk_advance(req, (uint64_t)n);
			left -= (uint64_t)n;
		}
	}
	return 0;
}

static int write_all(struct disk *disk, struct disk_request *req)
{
	while (req->done < req->len) {
		ssize_t n = disk_move(disk->overlay->fd, req, req->len - req->done);

		if (n <= 0)
			return n ? (int)n : -EIO;
		disk_advance(req, (uint64_t)n);
	}
	return 0;
}

int disk_overlay_do(struct disk *disk, struct disk_request *req)
{
	int ret = 0;

	switch (req->op) {
	case DISK_READ:
		return read_all(disk, req);
	case DISK_WRITE:
		ret = write_all(disk, req);
		break;
	case DISK_ZERO:
		ret = disk_zero_range(disk->overlay->fd, req->offset, req->len, true);
		break;
	case DISK_FLUSH:
	case DISK_DISCARD:
		/* It ends with the program; and what is discarded may stay. */
		return 0;
	}
	if (!ret)
		mark(disk->overlay, req->offset, req->len);
	return ret;
}
