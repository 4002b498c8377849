/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A driver's half of virtio on PCI and on MMIO (Virtio 1.2, 4.1 and 4.2), for the guests that drive
 * such a device: its registers, its features, and split queues that are polled.
 */
#ifndef GUESTS_DRIVERS_VIRTIO_H
#define GUESTS_DRIVERS_VIRTIO_H

#include "tests/guests/drivers/drivers.h"

#define VIRTQUEUE_SIZE 64

#define VIRTQ_NEXT  1
#define VIRTQ_WRITE 2

struct virtio_device {
	bool on_mmio;
	volatile uint8_t *common, *isr, *notify, *config;
	uint32_t notify_step;
};

/* Zeroed by virtqueue_start(). */
struct virtqueue {
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} desc[VIRTQUEUE_SIZE];
	struct {
		uint16_t flags, idx, ring[VIRTQUEUE_SIZE], event;
	} driver;
	uint16_t pad;
	struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[VIRTQUEUE_SIZE];
		uint16_t event;
	} device;
	const struct virtio_device *dev;
	volatile void *doorbell;
	uint16_t number, size, seen;
} __attribute__((aligned(4096)));

/* The function that pci_find() found. False: it is not as it should be. */
bool virtio_open(struct virtio_device *dev);
/* The first one of that type (5) which the device tree has. False: there is none. */
bool virtio_open_mmio(struct virtio_device *dev, uint32_t type);
/* Why it interrupts, and that is acknowledged. */
uint32_t virtio_take_isr(struct virtio_device *dev);
bool virtio_reset(struct virtio_device *dev);
/* Takes those of @features (bits 0 to 31) that are offered, and VERSION_1. */
bool virtio_negotiate(struct virtio_device *dev, uint32_t features);
/* With @size entries, a power of two up to VIRTQUEUE_SIZE. */
void virtqueue_start(struct virtio_device *dev, unsigned int number, struct virtqueue *vq,
		     unsigned int size);
void virtio_ready(struct virtio_device *dev);

void virtqueue_describe(struct virtqueue *vq, unsigned int n, const volatile void *p, uint32_t len,
			uint16_t flags);
/* Makes the chain that begins at descriptor @n available. */
void virtqueue_add(struct virtqueue *vq, unsigned int n);
void virtqueue_kick(struct virtqueue *vq);
/* The first descriptor of a chain that came back since the last call; -1: none did. */
int virtqueue_take(struct virtqueue *vq);

#endif
