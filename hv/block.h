/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest's disks, for `info block`: a device that has one says what became of it. Loop thread.
 */
#ifndef HV_BLOCK_H
#define HV_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/strbuf.h"

struct device;
struct machine;

/* Since the machine was made; a reset does not clear it. */
struct block_info {
	const char *drive, *file;
	uint64_t size; /* bytes */
	bool readonly, snapshot;
	const char *how;			 /* "io_uring", "threads" */
	uint64_t reads, writes, flushes, others; /* requests that are complete */
	uint64_t bytes_read, bytes_written;
	uint64_t errors;
	unsigned in_flight;
};

struct block {
	struct device *dev;
	void (*info)(struct block *block, struct block_info *info);
	struct block *next;
};

/* @block is part of its device. */
void block_add(struct machine *m, struct block *block);
/* One that was not added is ignored. */
void block_remove(struct machine *m, struct block *block);

/* The @n-th disk; NULL past the end. */
struct block *block_at(struct machine *m, unsigned n);
/* All of them for a person. */
void block_describe(struct machine *m, struct strbuf *out);

#endif
