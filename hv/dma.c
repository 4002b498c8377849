// SPDX-License-Identifier: GPL-3.0-or-later
/* Guest memory for devices: see dma.h. */
#include "hv/dma.h"

#include <errno.h>
#include <string.h>

#include "hv/device_event.h"
#include "hv/device_fault.h"
#include "hv/machine.h"

void *dma_map(struct device *dev, uint64_t gpa, size_t len)
{
	const struct memory *ram = dev->m->ram;

	return ram && !device_fault_dma(dev) ? memory_ptr(ram, gpa, len) : NULL;
}

void dma_unmap(struct device *dev, uint64_t gpa, size_t len, enum dma_direction direction)
{
	const struct dma_observer *observer = dev->m->dma;

	if (!len)
		return;
	device_saw_dma(dev, gpa, len, direction == DMA_FROM_DEVICE);
	if (observer)
		observer->accessed(dev->m, dev->name, gpa, len, direction == DMA_FROM_DEVICE);
}

int dma_discard(struct device *dev, uint64_t gpa, uint64_t len)
{
	int ret = dma_map(dev, gpa, len) ? memory_discard(dev->m->ram, gpa, len) : -EFAULT;

	if (!ret)
		dma_unmap(dev, gpa, len, DMA_FROM_DEVICE);
	return ret;
}

int dma_read(struct device *dev, uint64_t gpa, void *buf, size_t len)
{
	const void *p = dma_map(dev, gpa, len);

	if (!p)
		return -EFAULT;
	memcpy(buf, p, len);
	if (dev->m->dma)
		dev->m->dma->hide(dev->m, gpa, buf, len);
	dma_unmap(dev, gpa, len, DMA_TO_DEVICE);
	return 0;
}

int dma_write(struct device *dev, uint64_t gpa, const void *buf, size_t len)
{
	void *p = dma_map(dev, gpa, len);

	if (!p)
		return -EFAULT;
	if (dev->m->dma)
		dev->m->dma->write(dev->m, gpa, buf, len);
	else
		memcpy(p, buf, len);
	dma_unmap(dev, gpa, len, DMA_FROM_DEVICE);
	return 0;
}
