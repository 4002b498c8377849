/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guest's memory map: one table from which every boot protocol encodes its own. */
#ifndef HV_BOOT_MEMMAP_H
#define HV_BOOT_MEMMAP_H

#include <stddef.h>
#include <stdint.h>

#include "hv/memory.h"

/* The numbers are those of e820, which Multiboot and PVH share. */
enum memmap_type {
	MEMMAP_RAM = 1,
	MEMMAP_RESERVED = 2,
};

struct memmap_entry {
	uint64_t start;
	uint64_t size;
	enum memmap_type type;
};

#define MEMMAP_MAX 8

/* Fills @out in order of address, without overlap; returns how many. Any thread. */
size_t memmap_build(const struct memory *ram, struct memmap_entry out[MEMMAP_MAX]);
/* KiB of RAM below 640 KiB and from 1 MiB to the first hole, as a PC's BIOS counts them. */
void memmap_lower_upper(const struct memory *ram, uint32_t *lower_kib, uint32_t *upper_kib);

#endif
