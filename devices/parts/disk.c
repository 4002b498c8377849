// SPDX-License-Identifier: GPL-3.0-or-later
/* Opening a disk image, and who does its requests: see disk.h. */
#include "devices/parts/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/parts/disk_internal.h"

/* ---- opening ---- */

/* A snapshot never writes to the file. */
static bool writes_file(const struct machine_drive *drive)
{
	return !drive->readonly && !drive->snapshot;
}

static int open_file(struct disk *disk, struct error *err)
{
	const struct machine_drive *drive = disk->drive;

	disk->fd = open(drive->file, (writes_file(drive) ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (disk->fd >= 0)
		return 0;
	if ((errno == EACCES || errno == EROFS || errno == EPERM) && writes_file(drive) &&
	    !access(drive->file, R_OK))
		return error_set(err, -errno,
				 "%s: it may not be written: readonly=on or snapshot=on uses it "
				 "all the same",
				 drive->file);
	return error_set(err, -errno, "%s: %s", drive->file, strerror(errno));
}

static int find_size(struct disk *disk, struct error *err)
{
	const char *file = disk->drive->file;
	struct stat st;
	int ret;

	if (fstat(disk->fd, &st) < 0)
		return error_set(err, -errno, "%s: %s", file, strerror(errno));
	if (S_ISREG(st.st_mode)) {
		disk->size = (uint64_t)st.st_size;
	} else if (S_ISBLK(st.st_mode)) {
		ret = ioctl(disk->fd, BLKGETSIZE64, &disk->size);
		if (ret < 0)
			return error_set(err, -errno, "%s: its size: %s", file, strerror(errno));
	} else {
		return error_set(err, -EINVAL, "%s: it is neither a file nor a block device", file);
	}
	if (!disk->size)
		return error_set(err, -EINVAL, "%s: it is empty: `truncate -s 1G` makes it a disk",
				 file);
	if (disk->size % DISK_SECTOR)
		return error_set(err, -EINVAL,
				 "%s: its %" PRIu64 " bytes are no multiple of %u, so it is no raw "
				 "disk image, or a part of it is missing",
				 file, disk->size, DISK_SECTOR);
	return 0;
}

static int lock_file(struct disk *disk, struct error *err)
{
	bool writes = writes_file(disk->drive);
	struct flock lock = { .l_type = writes ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };

	if (!fcntl(disk->fd, F_OFD_SETLK, &lock))
		return 0;
	/* A file system without locks locks nobody out. */
	if (errno != EAGAIN && errno != EACCES)
		return 0;
	return error_set(
		err, -EBUSY, "%s: it is in use: another disk or program %s", disk->drive->file,
		writes ? "has locked it, and who writes it must be alone" : "writes to it");
}

/* An image of another format would be given to the guest as if it were the disk. */
static int check_format(const struct disk *disk, struct error *err)
{
	char magic[4] = "";

	if (disk->drive->format_given)
		return 0;
	if (pread(disk->fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	    !memcmp(magic, "QFI\xfb", sizeof(magic)))
		return error_set(err, -EINVAL,
				 "%s: it is a qcow2 image, and vitrine reads raw ones: `qemu-img "
				 "convert -O raw` makes one; format=raw takes it as it is",
				 disk->drive->file);
	return 0;
}

static int open_image(struct disk *disk, struct error *err)
{
	int ret = open_file(disk, err);

	if (!ret)
		ret = find_size(disk, err);
	if (!ret)
		ret = lock_file(disk, err);
	if (!ret)
		ret = check_format(disk, err);
	if (!ret && disk->drive->snapshot && !disk->readonly)
		ret = disk_overlay_open(&disk->overlay, disk->drive->file, disk->size, err);
	return ret;
}

static int start_work(struct disk *disk, struct error *err)
{
	disk->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (disk->event_fd < 0)
		return error_set(err, -errno, "%s: no eventfd: %s", disk->drive->file,
				 strerror(errno));
	if (!disk->overlay && disk->drive->aio == DRIVE_IO_URING)
		disk->ring = disk_ring_open(disk);
	return disk_threads_start(disk, disk->ring ? 1 : DISK_THREADS, err);
}

int disk_open(struct disk **out, const struct machine_drive *drive, struct error *err)
{
	struct disk *disk = calloc(1, sizeof(*disk));
	int ret;

	if (!disk)
		return error_set(err, -ENOMEM, "%s: out of memory", drive->file);
	*disk = (struct disk){
		.drive = drive, .fd = -1, .event_fd = -1, .readonly = drive->readonly
	};
	ret = open_image(disk, err);
	if (!ret)
		ret = start_work(disk, err);
	if (ret) {
		disk_close(disk);
		return ret;
	}
	*out = disk;
	return 0;
}

void disk_close(struct disk *disk)
{
	if (!disk)
		return;
	disk_threads_stop(disk);
	disk_ring_close(disk->ring);
	disk_overlay_close(disk->overlay);
	if (disk->event_fd >= 0)
		close(disk->event_fd);
	if (disk->fd >= 0)
		close(disk->fd);
	free(disk);
}

uint64_t disk_size(const struct disk *disk)
{
	return disk->size;
}

bool disk_is_readonly(const struct disk *disk)
{
	return disk->readonly;
}

const char *disk_how(const struct disk *disk)
{
	return disk->ring ? "io_uring" : "threads";
}

/* ---- requests ---- */

int disk_event_fd(const struct disk *disk)
{
	return disk->event_fd;
}

void disk_submit(struct disk *disk, struct disk_request *req)
{
	req->done = 0;
	req->result = 0;
	if (disk->ring && req->op <= DISK_FLUSH)
		disk_ring_submit(disk->ring, req);
	else
		disk_threads_submit(disk, req);
}

void disk_kick(struct disk *disk)
{
	if (disk->ring)
		disk_ring_kick(disk->ring);
}

struct disk_request *disk_completed(struct disk *disk)
{
	struct disk_list list;
	uint64_t count;

	disk_list_init(&list);
	/* Before the look: what comes after it makes it readable again. */
	if (read(disk->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return NULL;
	disk_threads_collect(disk, &list);
	if (disk->ring)
		disk_ring_collect(disk->ring, &list);
	return list.first;
}
