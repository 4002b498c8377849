/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory that the guest gives back: `balloon`, `info balloon`, QMP's balloon and query-balloon. A
 * device asks the guest, and frees what it is given (devices/virtio_balloon.c). Loop thread.
 */
#ifndef HV_BALLOON_H
#define HV_BALLOON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;

#define BALLOON_STATS_MAX 16

/* A figure that the guest tells of its memory. */
struct balloon_stat {
	const char *name; /* "free" */
	uint64_t value;	  /* bytes, but for the ones that count events */
	bool is_bytes;
};

struct balloon_info {
	bool driver;		 /* the guest has one, and it works */
	uint64_t target, actual; /* bytes of memory that it is asked to keep, and has */
	uint64_t freed;		 /* bytes that the host was given, since the machine was made */
	unsigned stat_count;
	struct balloon_stat stats[BALLOON_STATS_MAX];
};

/* A device that has one. */
struct balloon {
	/* Asks the guest to keep @bytes of its memory, whole pages; more than there is: all. */
	void (*resize)(void *opaque, uint64_t bytes);
	/* The figures of the guest are those of the last time; it is asked for new ones. */
	void (*info)(void *opaque, struct balloon_info *info);
	void *opaque;
};

/*
 * Asks the guest to keep @bytes, rounded down to pages; it gives up the rest by and by, or never.
 * More than it has is all of it. -ENODEV: there is no balloon; -EINVAL: nothing would be left; with
 * a sentence.
 */
int control_balloon_resize(struct machine *m, uint64_t bytes, struct error *err);
/* -ENODEV with a sentence. */
int control_balloon_info(struct machine *m, struct balloon_info *info, struct error *err);
/* The device's: the guest has @bytes now, and clients are told. */
void balloon_has_changed(struct machine *m, uint64_t bytes);
void balloon_describe(const struct balloon_info *info, struct strbuf *out);

#endif
