/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a device gets at guest memory, by guest-physical address.
 *
 * Every access goes through here, so that a watchpoint sees it: the machine then stops, and says
 * which device it was. When nothing is watched that costs one load. The access itself is
 * made at once; the stop comes as soon as the vCPUs are out, for they do not wait for a device.
 *
 *   a few bytes       dma_read(), dma_write()
 *   a whole request   dma_map(), then plain loads and stores, then dma_unmap() with what was done
 *
 * A device on PCI asks for its right to be a bus master first (hv/pci.h).
 */
#ifndef HV_DMA_H
#define HV_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;
struct machine;

/*
 * Copies. On the loop thread, or on a vCPU's inside a bus callback; with the device's lock held or
 * not. All or nothing: -EFAULT when [gpa, gpa+len) is not RAM. Breakpoints that are planted
 * there are not seen, and stay.
 */
int dma_read(struct device *dev, uint64_t gpa, void *buf, size_t len);
int dma_write(struct device *dev, uint64_t gpa, const void *buf, size_t len);

enum dma_direction {
	DMA_TO_DEVICE,	 /* the device reads */
	DMA_FROM_DEVICE, /* … writes */
};
/*
 * Guest memory itself, as one piece; NULL when [gpa, gpa+len) is not RAM, or not together.
 * Any thread. It stays valid as long as the machine does. A planted breakpoint instruction is seen
 * there as it is, and one that is overwritten is planted anew when the guest is next stopped.
 */
void *dma_map(struct device *dev, uint64_t gpa, size_t len);
/*
 * What was really done of it, when it is complete and before the guest is told: @len bytes from
 * @gpa on. One call for each stretch. Any thread.
 */
void dma_unmap(struct device *dev, uint64_t gpa, size_t len, enum dma_direction direction);

/*
 * Gives whole pages back to the host: they read as zeroes from now on, and a watchpoint there sees
 * them written by the device. Any thread. -EFAULT when [gpa, gpa+len) is not RAM, or not together;
 * what the host says.
 */
int dma_discard(struct device *dev, uint64_t gpa, uint64_t len);

/* The debugger's side: struct machine.dma, NULL where there is none. */
struct dma_observer {
	/* Any thread. */
	void (*accessed)(struct machine *m, const char *device, uint64_t gpa, uint64_t len,
			 bool write);
	/* Planted breakpoints: out of what was read, and kept in what is written. */
	void (*hide)(struct machine *m, uint64_t gpa, uint8_t *buf, size_t len);
	void (*write)(struct machine *m, uint64_t gpa, const uint8_t *buf, size_t len);
};

#endif
