/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of a disk: see disk.h. */
#ifndef DEVICES_PARTS_DISK_INTERNAL_H
#define DEVICES_PARTS_DISK_INTERNAL_H

#include <pthread.h>

#include "devices/parts/disk.h"

#define DISK_THREADS 4

/* Requests in the order of their coming. */
struct disk_list {
	struct disk_request *first, **end;
};

static inline void disk_list_init(struct disk_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static inline void disk_list_add(struct disk_list *list, struct disk_request *req)
{
	req->next = NULL;
	*list->end = req;
	list->end = &req->next;
}

static inline struct disk_request *disk_list_take(struct disk_list *list)
{
	struct disk_request *req = list->first;

	if (req) {
		list->first = req->next;
		if (!list->first)
			list->end = &list->first;
	}
	return req;
}

struct disk_threads {
	pthread_mutex_t lock; /* guards the rest; nothing is taken inside it */
	pthread_cond_t work;
	struct disk_list waiting, complete;
	bool quit;
	unsigned count;
	pthread_t thread[DISK_THREADS];
};

struct disk_overlay;
struct disk_ring;

struct disk {
	const struct machine_drive *drive;
	int fd, event_fd;
	uint64_t size;
	bool readonly;
	struct disk_overlay *overlay; /* NULL: writes go to the file */
	struct disk_threads threads;
	struct disk_ring *ring; /* NULL: threads alone */
};

/* ---- disk_do.c: on any thread ---- */

/* Does the request, and waits for it. 0 or negative errno. */
int disk_do(struct disk *disk, struct disk_request *req);
/* @n bytes more of the request are done: its iovecs are what is left. */
void disk_advance(struct disk_request *req, uint64_t n);
/* Moves at most @max of the bytes that are left between the request's memory and @fd at its own
 * offset: bytes, 0 at the end of the file, or negative errno. */
ssize_t disk_move(int fd, const struct disk_request *req, uint64_t max);
/* @len bytes from @offset on read as zeroes; @unmap gives their room back. */
int disk_zero_range(int fd, uint64_t offset, uint64_t len, bool unmap);
/* What @drive's cache= makes of a write, and of a flush. */
bool disk_is_durable(const struct disk *disk, const struct disk_request *req);
bool disk_flushes(const struct disk *disk);

/* ---- disk_overlay.c ---- */

/* A file that nobody else sees, of @size bytes that take no room until they are written. */
int disk_overlay_open(struct disk_overlay **out, const char *what, uint64_t size,
		      struct error *err);
void disk_overlay_close(struct disk_overlay *o);
/* As disk_do(), of a disk with an overlay. Several threads at once. */
int disk_overlay_do(struct disk *disk, struct disk_request *req);

/* ---- disk_threads.c ---- */

int disk_threads_start(struct disk *disk, unsigned count, struct error *err);
/* After the last request. Safe on a zeroed struct. */
void disk_threads_stop(struct disk *disk);
void disk_threads_submit(struct disk *disk, struct disk_request *req);
/* Moves what is complete to the end of @to. */
void disk_threads_collect(struct disk *disk, struct disk_list *to);

/* ---- disk_ring.c: the owner's thread ---- */

/* NULL: the kernel has none for us. */
struct disk_ring *disk_ring_open(struct disk *disk);
void disk_ring_close(struct disk_ring *ring);
/* DISK_READ, DISK_WRITE, DISK_FLUSH. */
void disk_ring_submit(struct disk_ring *ring, struct disk_request *req);
void disk_ring_kick(struct disk_ring *ring);
void disk_ring_collect(struct disk_ring *ring, struct disk_list *to);

#endif
