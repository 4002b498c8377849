// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The guest's memory map: see memmap.h.
 *
 * RAM is contiguous from 0 as far as KVM is concerned, but a guest expects a
 * PC: nothing usable between 640 KiB and 1 MiB. What lies below 4 GiB and is not RAM is
 * left out, so that a guest may put its own things there, but for the
 * top: there are the interrupt controllers and the pages that KVM asks for.
 */
#include "hv/boot/memmap.h"

#include "hv/boot/layout.h"
#include "hv/pci.h"

#define TOP_RESERVED 0xfec00000ull /* IOAPIC, local APIC, KVM's TSS and identity map */

static void add(struct memmap_entry *out, size_t *n, uint64_t start, uint64_t end, uint64_t limit,
		enum memmap_type type)
{
	if (end > limit)
		end = limit;
	if (start >= end)
		return;
	out[(*n)++] = (struct memmap_entry){ .start = start, .size = end - start, .type = type };
}

size_t memmap_build(const struct memory *ram, struct memmap_entry out[MEMMAP_MAX])
{
	size_t count, n = 0;
	const struct memory_region *r = memory_regions(ram, &count);
	uint64_t low = count ? r[0].size : 0;

	add(out, &n, 0, LAYOUT_EBDA, low, MEMMAP_RAM);
	add(out, &n, LAYOUT_EBDA, LAYOUT_LOW_END, LAYOUT_LOW_END, MEMMAP_RESERVED);
	add(out, &n, LAYOUT_BIOS, LAYOUT_HIGH, LAYOUT_HIGH, MEMMAP_RESERVED);
	add(out, &n, LAYOUT_HIGH, low, low, MEMMAP_RAM);
	/* Linux uses ECAM only where the map says that it is nothing else. */
	add(out, &n, PCI_ECAM_BASE, PCI_ECAM_BASE + PCI_ECAM_SIZE, MEMORY_HOLE_END,
	    MEMMAP_RESERVED);
	add(out, &n, TOP_RESERVED, MEMORY_HOLE_END, MEMORY_HOLE_END, MEMMAP_RESERVED);
	for (size_t i = 1; i < count && n < MEMMAP_MAX; i++)
		add(out, &n, r[i].gpa, r[i].gpa + r[i].size, UINT64_MAX, MEMMAP_RAM);
	return n;
}

void memmap_lower_upper(const struct memory *ram, uint32_t *lower_kib, uint32_t *upper_kib)
{
	size_t count;
	const struct memory_region *r = memory_regions(ram, &count);
	uint64_t low = count ? r[0].size : 0;

	*lower_kib = (uint32_t)((low < LAYOUT_EBDA ? low : LAYOUT_EBDA) >> 10);
	*upper_kib = low > LAYOUT_HIGH ? (uint32_t)((low - LAYOUT_HIGH) >> 10) : 0;
}
