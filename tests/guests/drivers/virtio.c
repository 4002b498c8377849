// SPDX-License-Identifier: GPL-3.0-or-later
/* A driver's half of virtio: see virtio.h. */
#include "tests/guests/drivers/virtio.h"

#define CAP_VENDOR 9
#define BAR_64	   0x4

/* Structures by cfg_type (4.1.4). */
enum { COMMON = 1, NOTIFY = 2, ISR = 3, CONFIG = 4 };

/* Registers: where PCI's common structure has them (4.1.4.3), how wide, and where MMIO does
 * (4.2.2), where all are 32 bits. */
enum field {
	DEVICE_SELECT,
	DEVICE_FEATURE,
	DRIVER_SELECT,
	DRIVER_FEATURE,
	STATUS,
	QUEUE_SELECT,
	QUEUE_SIZE,
	QUEUE_ENABLE,
	QUEUE_DESC,
	QUEUE_DRIVER,
	QUEUE_DEVICE,
};
static const struct {
	uint16_t pci, bytes, mmio;
} fields[] = {
	[DEVICE_SELECT] = { 0x00, 4, 0x014 }, [DEVICE_FEATURE] = { 0x04, 4, 0x010 },
	[DRIVER_SELECT] = { 0x08, 4, 0x024 }, [DRIVER_FEATURE] = { 0x0c, 4, 0x020 },
	[STATUS] = { 0x14, 1, 0x070 },	      [QUEUE_SELECT] = { 0x16, 2, 0x030 },
	[QUEUE_SIZE] = { 0x18, 2, 0x038 },    [QUEUE_ENABLE] = { 0x1c, 2, 0x044 },
	[QUEUE_DESC] = { 0x20, 4, 0x080 },    [QUEUE_DRIVER] = { 0x28, 4, 0x090 },
	[QUEUE_DEVICE] = { 0x30, 4, 0x0a0 },
};
#define PCI_QUEUE_NOTIFY 0x1e

#define MMIO_MAGIC	  0x000
#define MMIO_VERSION	  0x004
#define MMIO_DEVICE_ID	  0x008
#define MMIO_QUEUE_NOTIFY 0x050
#define MMIO_ISR	  0x060
#define MMIO_ISR_ACK	  0x064
#define MMIO_CONFIG	  0x100
#define MAGIC		  0x74726976

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
		} else if (type == ISR) {
			dev->isr = place_of(at);
		} else if (type == CONFIG) {
			dev->config = place_of(at);
		} else if (type == NOTIFY) {
			dev->notify = place_of(at);
			dev->notify_step = pci_read(at + 16);
		}
	}
	return dev->common && dev->isr && dev->config && dev->notify;
}

static volatile uint32_t *mmio(const struct virtio_device *dev, unsigned int reg)
{
	return (volatile uint32_t *)(dev->common + reg);
}

bool virtio_open_mmio(struct virtio_device *dev, uint32_t type)
{
	for (unsigned int i = 0; i < machine.nr_virtio_mmio; i++) {
		memset(dev, 0, sizeof(*dev));
		dev->on_mmio = true;
		dev->common = (volatile uint8_t *)machine.virtio_mmio[i];
		dev->config = dev->common + MMIO_CONFIG;
		dev->notify = dev->common + MMIO_QUEUE_NOTIFY;
		if (*mmio(dev, MMIO_MAGIC) == MAGIC && *mmio(dev, MMIO_VERSION) == 2 &&
		    *mmio(dev, MMIO_DEVICE_ID) == type)
			return true;
	}
	return false;
}

static void set(struct virtio_device *dev, enum field f, uint32_t value)
{
	volatile uint8_t *at = dev->common + fields[f].pci;

	if (dev->on_mmio)
		*mmio(dev, fields[f].mmio) = value;
	else if (fields[f].bytes == 4)
		*(volatile uint32_t *)at = value;
	else if (fields[f].bytes == 2)
		*(volatile uint16_t *)at = (uint16_t)value;
	else
		*at = (uint8_t)value;
}

static uint32_t get(struct virtio_device *dev, enum field f)
{
	volatile uint8_t *at = dev->common + fields[f].pci;

	if (dev->on_mmio)
		return *mmio(dev, fields[f].mmio);
	if (fields[f].bytes == 4)
		return *(volatile uint32_t *)at;
	return fields[f].bytes == 2 ? *(volatile uint16_t *)at : *at;
}

static void set_address(struct virtio_device *dev, enum field f, const volatile void *p)
{
	uint64_t address = physical_of(p);

	set(dev, f, (uint32_t)address);
	/* The upper half is behind the lower one. */
	if (dev->on_mmio)
		*mmio(dev, fields[f].mmio + 4) = (uint32_t)(address >> 32);
	else
		*(volatile uint32_t *)(dev->common + fields[f].pci + 4) = (uint32_t)(address >> 32);
}

uint32_t virtio_take_isr(struct virtio_device *dev)
{
	uint32_t isr;

	if (!dev->on_mmio)
		return *dev->isr;
	isr = *mmio(dev, MMIO_ISR);
	*mmio(dev, MMIO_ISR_ACK) = isr;
	return isr;
}

bool virtio_reset(struct virtio_device *dev)
{
	set(dev, STATUS, 0);
	for (unsigned int tries = 0; tries < 1000000; tries++)
		if (!get(dev, STATUS))
			return true;
	return false;
}

bool virtio_negotiate(struct virtio_device *dev, uint32_t features)
{
	set(dev, STATUS, ACKNOWLEDGE);
	set(dev, STATUS, ACKNOWLEDGE | DRIVER);
	set(dev, DEVICE_SELECT, 0);
	set(dev, DRIVER_SELECT, 0);
	set(dev, DRIVER_FEATURE, get(dev, DEVICE_FEATURE) & features);
	set(dev, DRIVER_SELECT, 1);
	set(dev, DRIVER_FEATURE, VERSION_1_WORD);
	set(dev, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	return get(dev, STATUS) & FEATURES_OK;
}

static volatile void *doorbell_of(struct virtio_device *dev)
{
	if (dev->on_mmio)
		return dev->notify;
	return dev->notify +
	       *(volatile uint16_t *)(dev->common + PCI_QUEUE_NOTIFY) * dev->notify_step;
}

void virtqueue_start(struct virtio_device *dev, unsigned int number, struct virtqueue *vq,
		     unsigned int size)
{
	memset(vq, 0, sizeof(*vq));
	set(dev, QUEUE_SELECT, number);
	set(dev, QUEUE_SIZE, size);
	set_address(dev, QUEUE_DESC, vq->desc);
	set_address(dev, QUEUE_DRIVER, &vq->driver);
	set_address(dev, QUEUE_DEVICE, &vq->device);
	vq->number = (uint16_t)number;
	vq->size = (uint16_t)size;
	vq->dev = dev;
	vq->doorbell = doorbell_of(dev);
	set(dev, QUEUE_ENABLE, 1);
}

void virtio_ready(struct virtio_device *dev)
{
	set(dev, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
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
	if (vq->dev->on_mmio)
		*(volatile uint32_t *)vq->doorbell = vq->number;
	else
		*(volatile uint16_t *)vq->doorbell = vq->number;
}

int virtqueue_take(struct virtqueue *vq)
{
	if (__atomic_load_n(&vq->device.idx, __ATOMIC_ACQUIRE) == vq->seen)
		return -1;
	return (int)vq->device.ring[vq->seen++ & (vq->size - 1)].id;
}
