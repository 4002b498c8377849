/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sizes of memory where PC firmware leaves them for early boot code: in the
 * battery-backed RAM of the clock.
 */
#ifndef DEVICES_PARTS_CMOS_MEMORY_H
#define DEVICES_PARTS_CMOS_MEMORY_H

#include <stdint.h>

struct memory;

/* Each as much as its bytes can say. */
struct cmos_memory {
	uint16_t base_kb;    /* KiB below 1 MiB, 640 at most */
	uint16_t ext_kb;     /* KiB above 1 MiB */
	uint16_t mem_64k;    /* 64 KiB units between 16 MiB and 4 GiB */
	uint8_t high_64k[3]; /* 64 KiB units above 4 GiB, low byte first */
};

/* Any thread; @ram NULL is a machine without memory. */
void cmos_memory_sizes(const struct memory *ram, struct cmos_memory *sizes);

#endif
