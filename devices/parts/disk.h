/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk image: a raw file or a block device of the host, read and written beside the thread that
 * asks.
 *
 *   owner: disk_submit(), disk_kick() --> io_uring (disk_ring.c)                --> file
 *                                    \--> threads (disk_threads.c, disk_do.c)  -/    | snapshot
 *   owner's loop <-- disk_event_fd() <-- complete requests                           v
 *                                                                            overlay
 * (disk_overlay.c)
 *
 * With io_uring a thread still does what takes more than one call: discards, zeroes. A snapshot,
 * or a host without io_uring, has threads alone.
 *
 * The image is locked for as long as it is open (an OFD lock, fcntl(2)): who writes it is alone,
 * and readers share.
 */
#ifndef DEVICES_PARTS_DISK_H
#define DEVICES_PARTS_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "hv/error.h"
#include "hv/machine.h"

#define DISK_SECTOR 512u

enum disk_op {
	DISK_READ,
	DISK_WRITE,
	DISK_FLUSH,   /* what is complete is on the medium */
	DISK_DISCARD, /* what is there may go; afterwards it is anything */
	DISK_ZERO,
};

struct disk_request {
	enum disk_op op;
	/* Bytes, which the caller has checked against disk_size(); of a flush nothing. */
	uint64_t offset, len;
	/* Of reads and writes; the memory is the caller's, the array is changed on the way. */
	struct iovec *iov;
	unsigned iov_count;
	bool durable; /* not complete before it is on the medium */
	bool unmap;   /* DISK_ZERO: its room may be given back */

	/* The disk's, until the request is complete. */
	int result; /* 0 or negative errno; then any part of it may have been done */
	uint64_t done;
	struct disk_request *next;
};

struct disk;

/*
 * Opens and locks @drive's file, whose strings must outlive it. Negative with a sentence: it is
 * not there, of a wrong size or kind, or in use.
 */
int disk_open(struct disk **out, const struct machine_drive *drive, struct error *err);
/* Nothing is in flight. NULL is ignored. */
void disk_close(struct disk *disk);

uint64_t disk_size(const struct disk *disk); /* bytes, a multiple of DISK_SECTOR */
bool disk_is_readonly(const struct disk *disk);
/* "io_uring", "4 threads" */
const char *disk_how(const struct disk *disk);

/* The owner's side: one thread at a time. */
/* Readable when there is something to take; the caller does not read it. */
int disk_event_fd(const struct disk *disk);
/* The request is the disk's until disk_completed() gives it back. */
void disk_submit(struct disk *disk, struct disk_request *req);
/* After one or more: they begin now. */
void disk_kick(struct disk *disk);
/* All that are complete, linked by `next`; NULL: none. */
struct disk_request *disk_completed(struct disk *disk);

#endif
