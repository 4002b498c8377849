// SPDX-License-Identifier: GPL-3.0-or-later
/* A driver's half of virtio on PCI: see virtio.h. */
#include "tests/guests/drivers/virtio.h"

#define CAP_VENDOR 9
#define BAR_64	   0x4

/* Structures by cfg_type, and the common one's fields (4.1.4.3). */
enum { COMMON = 1, NOTIFY = 2, CONFIG = 4 };
#define DEVICE_FEATURE 0x04
#define DRIVER_SELECT  0x08
#define DRIVER_FEATURE 0x0c
#define STATUS	       0x14
#define QUEUE_SELECT   0x16
#define QUEUE_SIZE     0x18
#define QUEUE_ENABLE   0x1c
#define QUEUE_NOTIFY   0x1e
#define QUEUE_DESC     0x20
#define QUEUE_DRIVER   0x28
#define QUEUE_DEVICE   0x30
#define DEVICE_SELECT  0x00
#define ACKNOWLEDGE    1
#define DRIVER	       2
#define DRIVER_OK      4
#define FEATURES_OK    8
#define VERSION_1_WORD 1 /* bit 32 */

static volatile uint8_t *place_of(unsigned int cap)
{
	unsigned int bar = PCI_BAR0 + 4 * (pci_read(cap + 4) & 0xff);
	uint64_t base = pci_read(bar);

	if (base & BAR_64)
		base |= (uint64_t)pci_read(bar + 4) << 32;
	return (volatile uint8_t *)((base & ~15ull) + pci_read(cap + 8));
}

bool virtio_open(struct virtio_device *dev)
{
	memset(dev, 0, sizeof(*dev));
	pci_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (unsigned int at = pci_read(PCI_CAPS) & 0xff; at; at = pci_read(at) >> 8 & 0xff) {
		unsigned int type = pci_read(at) >> 24;

		if ((pci_read(at) & 0xff) != CAP_VENDOR)
			continue;
		if (type == COMMON) {
			dev->common = place_of(at);
		} else if (type == CONFIG) {
			dev->config = place_of(at);
		} else if (type == NOTIFY) {
			dev->notify = place_of(at);
			dev->notify_step = pci_read(at + 16);
		}
	}
	return dev->common && dev->config && dev->notify;
}

static void set32(struct virtio_device *dev, unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(dev->common + reg) = value;
}

static void set16(struct virtio_device *dev, unsigned int reg, uint16_t value)
{
	*(volatile uint16_t *)(dev->common + reg) = value;
}

static void set_address(struct virtio_device *dev, unsigned int reg, const volatile void *p)
{
	set32(dev, reg, (uint32_t)physical_of(p));
	set32(dev, reg + 4, (uint32_t)(physical_of(p) >> 32));
}

bool virtio_reset(struct virtio_device *dev)
{
	dev->common[STATUS] = 0;
	for (unsigned int tries = 0; tries < 1000000; tries++)
		if (!dev->common[STATUS])
			return true;
	return false;
}

bool virtio_negotiate(struct virtio_device *dev, uint32_t features)
{
	dev->common[STATUS] = ACKNOWLEDGE;
	dev->common[STATUS] = ACKNOWLEDGE | DRIVER;
	set32(dev, DEVICE_SELECT, 0);
	set32(dev, DRIVER_SELECT, 0);
	set32(dev, DRIVER_FEATURE, *(volatile uint32_t *)(dev->common + DEVICE_FEATURE) & features);
	set32(dev, DRIVER_SELECT, 1);
	set32(dev, DRIVER_FEATURE, VERSION_1_WORD);
	dev->common[STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK;
	return dev->common[STATUS] & FEATURES_OK;
}

void virtqueue_start(struct virtio_device *dev, unsigned int number, struct virtqueue *vq,
		     unsigned int size)
{
	memset(vq, 0, sizeof(*vq));
	set16(dev, QUEUE_SELECT, (uint16_t)number);
	set16(dev, QUEUE_SIZE, (uint16_t)size);
	set_address(dev, QUEUE_DESC, vq->desc);
	set_address(dev, QUEUE_DRIVER, &vq->driver);
	set_address(dev, QUEUE_DEVICE, &vq->device);
	vq->number = (uint16_t)number;
	vq->size = (uint16_t)size;
	vq->doorbell = (volatile uint16_t *)(dev->notify +
					     *(volatile uint16_t *)(dev->common + QUEUE_NOTIFY) *
						     dev->notify_step);
	set16(dev, QUEUE_ENABLE, 1);
}

void virtio_ready(struct virtio_device *dev)
{
	dev->common[STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
}

void virtqueue_describe(struct virtqueue *vq, unsigned int n, const volatile void *p, uint32_t len,
			uint16_t flags)
{
	vq->desc[n].addr = physical_of(p);
	vq->desc[n].len = len;
	vq->desc[n].flags = flags;
	vq->desc[n].next = (uint16_t)(n + 1);
}

void virtqueue_add(struct virtqueue *vq, unsigned int n)
{
	uint16_t at = vq->driver.idx;

	vq->driver.ring[at & (vq->size - 1)] = (uint16_t)n;
	__atomic_store_n(&vq->driver.idx, (uint16_t)(at + 1), __ATOMIC_SEQ_CST);
}

void virtqueue_kick(struct virtqueue *vq)
{
	*vq->doorbell = vq->number;
}

int virtqueue_take(struct virtqueue *vq)
{
	if (__atomic_load_n(&vq->device.idx, __ATOMIC_ACQUIRE) == vq->seen)
		return -1;
	return (int)vq->device.ring[vq->seen++ & (vq->size - 1)].id;
}
