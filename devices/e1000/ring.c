// SPDX-License-Identifier: GPL-3.0-or-later
/* Descriptor rings (3.2.6, 3.4), and the way to guest memory. */
#include "devices/e1000/e1000.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hv/dma.h"
#include "hv/trace.h"

static struct e1000_ring ring_at(uint32_t low, uint32_t high, uint32_t len, uint32_t head,
				 uint32_t tail)
{
	struct e1000_ring r = {
		.base = (low & ~15u) | (uint64_t)high << 32,
		.size = len / E1000_DESC_SIZE,
		.head = head,
		.tail = tail,
	};

	if (head < r.size && tail < r.size)
		r.ready = tail >= head ? tail - head : r.size - head + tail;
	return r;
}

struct e1000_ring e1000_tx_ring(const struct e1000 *e)
{
	return ring_at(R(e, TDBAL), R(e, TDBAH), R(e, TDLEN), R(e, TDH), R(e, TDT));
}

struct e1000_ring e1000_rx_ring(const struct e1000 *e)
{
	return ring_at(R(e, RDBAL), R(e, RDBAH), R(e, RDLEN), R(e, RDH), R(e, RDT));
}

uint32_t e1000_ring_next(const struct e1000_ring *r, uint32_t index)
{
	return index + 1 < r->size ? index + 1 : 0;
}

bool e1000_dma_read(struct e1000 *e, uint64_t gpa, void *buf, size_t len)
{
	const void *p;

	if (!len)
		return true;
	p = pci_dma_ptr(&e->func, gpa, len);
	if (!p)
		return false;
	memcpy(buf, p, len);
	dma_unmap(&e->dev, gpa, len, DMA_TO_DEVICE);
	return true;
}

bool e1000_dma_write(struct e1000 *e, uint64_t gpa, const void *buf, size_t len)
{
	void *p;

	if (!len)
		return true;
	p = pci_dma_ptr(&e->func, gpa, len);
	if (!p)
		return false;
	memcpy(p, buf, len);
	dma_unmap(&e->dev, gpa, len, DMA_FROM_DEVICE);
	return true;
}

bool e1000_dma_publish32(struct e1000 *e, uint64_t gpa, uint32_t value)
{
	uint32_t *p = pci_dma_ptr(&e->func, gpa, sizeof(value));

	if (!p)
		return false;
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
	dma_unmap(&e->dev, gpa, sizeof(value), DMA_FROM_DEVICE);
	return true;
}

bool e1000_dma_publish64(struct e1000 *e, uint64_t gpa, uint64_t value)
{
	uint64_t *p = pci_dma_ptr(&e->func, gpa, sizeof(value));

	if (!p)
		return false;
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
	dma_unmap(&e->dev, gpa, sizeof(value), DMA_FROM_DEVICE);
	return true;
}

void e1000_complain(struct e1000 *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->error, sizeof(e->error), fmt, ap);
	va_end(ap);
	trace(TRACE_DEVICE, "%s: %s", e->dev.name, e->error);
}
