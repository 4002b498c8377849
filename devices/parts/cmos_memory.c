// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Counts guest RAM below and above the 32-bit hole, and says it in the units of old
 * firmware: what exceeds a field is cut off at its largest value.
 */
#include <stddef.h>

#include "devices/parts/cmos_memory.h"
#include "hv/memory.h"

static uint64_t at_most(uint64_t v, uint64_t max)
{
	return v < max ? v : max;
}

void cmos_memory_sizes(const struct memory *ram, struct cmos_memory *sizes)
{
	const struct memory_region *regions;
	uint64_t low = 0, high = 0;
	size_t i, count = 0;

	regions = ram ? memory_regions(ram, &count) : NULL;
	for (i = 0; i < count; i++) {
		if (regions[i].gpa < MEMORY_HOLE_END)
			low += regions[i].size;
		else
			high += regions[i].size;
	}
	sizes->base_kb = (uint16_t)at_most(low >> 10, 640);
	sizes->ext_kb = low > 1 << 20 ? (uint16_t)at_most((low >> 10) - 1024, 0xffff) : 0;
	sizes->mem_64k = low > 16 << 20 ? (uint16_t)at_most((low >> 16) - 256, 0xffff) : 0;
	high = at_most(high >> 16, 0xffffff);
	for (i = 0; i < 3; i++)
		sizes->high_64k[i] = (uint8_t)(high >> (8 * i));
}
