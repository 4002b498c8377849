// SPDX-License-Identifier: GPL-3.0-or-later
/* The PCI bus: functions, their BARs, and where firmware would put them. See pci.h. */
#include "hv/pci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/dma.h"
#include "hv/doorbell.h"
#include "hv/machine.h"
#include "hv/pci_internal.h"

#define GIB	 (1ull << 30)
#define HIGH_MAX (64 * GIB)
/* A prefetchable BAR of this size goes above 4 GiB at once. */
#define LARGE_BAR (128ull << 20)

/* The largest power of two, aligned to itself, between RAM and the end of the addresses. */
static struct pci_window find_high_window(const struct machine *m)
{
	uint64_t limit = 1ull << arch_phys_bits(m), ram_end = MEMORY_HOLE_END;
	const struct memory_region *r;
	size_t count = 0;

	r = m->ram ? memory_regions(m->ram, &count) : NULL;
	for (size_t i = 0; i < count; i++)
		if (r[i].gpa + r[i].size > ram_end)
			ram_end = r[i].gpa + r[i].size;
	for (uint64_t size = HIGH_MAX; size >= GIB; size /= 2) {
		uint64_t base = (ram_end + size - 1) & ~(size - 1);

		if (base < limit && size <= limit - base)
			return (struct pci_window){ base, size };
	}
	return (struct pci_window){ 0, 0 };
}

struct pci_window pci_high_window(const struct machine *m)
{
	return m->pci->high;
}

static void remap_after(void *opaque)
{
	pci_remap(opaque);
}

int pci_create(struct machine *m, struct error *err)
{
	struct pci_bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return error_set(err, -ENOMEM, "PCI: out of memory");
	pthread_mutex_init(&bus->lock, NULL);
	bus_after_init(&bus->after, remap_after, m);
	bus->high = find_high_window(m);
	m->pci = bus;
	m->pio.after = m->mmio.after = &bus->after;
	return 0;
}

void pci_destroy(struct machine *m)
{
	if (!m->pci)
		return;
	m->pio.after = m->mmio.after = NULL;
	bus_after_destroy(&m->pci->after);
	pthread_mutex_destroy(&m->pci->lock);
	free(m->pci);
	m->pci = NULL;
}

struct pci_func *pci_func_at(struct machine *m, unsigned slot)
{
	return m->pci && slot < PCI_SLOTS ? m->pci->func[slot] : NULL;
}

/* ---- making a function ---- */

int pci_add(struct device *dev, struct pci_func *fn, const struct pci_id *id, struct error *err)
{
	struct pci_bus *bus = dev->m->pci;
	unsigned slot = 0;

	while (slot < PCI_SLOTS && bus->func[slot])
		slot++;
	if (slot == PCI_SLOTS)
		return error_set(err, -ENOSPC, "%s: the PCI bus is full", dev->name);
	fn->dev = dev;
	fn->slot = slot;
	pci_put16(fn->initial + PCI_VENDOR_ID, id->vendor);
	pci_put16(fn->initial + PCI_DEVICE_ID, id->device);
	pci_put32(fn->initial + PCI_CLASS_REVISION, id->class_code << 8 | id->revision);
	pci_put16(fn->writable + PCI_COMMAND, PCI_COMMAND_PARITY | PCI_COMMAND_SERR);
	pci_put16(fn->clearable + PCI_STATUS,
		  PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
			  PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |
			  PCI_STATUS_DETECTED_PARITY);
	fn->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	memcpy(fn->config, fn->initial, sizeof(fn->config));
	dev->pci = fn;
	bus->func[slot] = fn;
	return 0;
}

void pci_remove(struct pci_func *fn)
{
	fn->dev->m->pci->func[fn->slot] = NULL;
	pci_msix_free(fn);
}

int pci_add_bar(struct pci_func *fn, unsigned index, enum pci_bar_kind kind, uint64_t size,
		uint64_t space, struct error *err)
{
	struct pci_bar *bar = &fn->bar[index];
	uint8_t *initial = fn->initial + pci_bar_reg(index);
	uint8_t *writable = fn->writable + pci_bar_reg(index);
	uint16_t command = PCI_COMMAND_MASTER;

	bar->io = kind == PCI_BAR_IO;
	bar->wide = kind == PCI_BAR_MEM64 || kind == PCI_BAR_PREF64;
	bar->prefetch = kind == PCI_BAR_PREF64;
	bar->range = device_prepare_range(fn->dev, bar->io, size, space, err);
	if (!bar->range)
		return -ENOSPC;
	bar->size = size;
	pci_put32(initial, (bar->io ? PCI_BASE_ADDRESS_SPACE_IO : 0) |
				   (bar->wide ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
				   (bar->prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0));
	pci_put32(writable, (uint32_t) ~(size - 1));
	if (bar->wide)
		pci_put32(writable + 4, (uint32_t)(~(size - 1) >> 32));
	command |= bar->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	pci_put16(fn->writable + PCI_COMMAND, pci_get16(fn->writable + PCI_COMMAND) | command);
	return 0;
}

int pci_doorbell(struct pci_func *fn, unsigned bar, uint64_t off, unsigned size,
		 const uint64_t *match, struct doorbell **out, struct error *err)
{
	return doorbell_add(fn->bar[bar].range, off, size, match, out, err);
}

uint8_t pci_add_cap(struct pci_func *fn, uint8_t id, uint8_t len)
{
	unsigned at = fn->last_cap ? fn->last_cap : PCI_STD_HEADER_SIZEOF;

	/* Behind the last one, which ends at the first byte that is zero in all masks. */
	for (unsigned i = at; i < PCI_CONFIG_SIZE; i++)
		if (fn->initial[i] || fn->writable[i])
			at = (i + 4) & ~3u;
	if (at + len > PCI_CONFIG_SIZE)
		return 0;
	fn->initial[at + PCI_CAP_LIST_ID] = id;
	fn->initial[fn->last_cap ? fn->last_cap + PCI_CAP_LIST_NEXT : PCI_CAPABILITY_LIST] =
		(uint8_t)at;
	fn->initial[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	fn->last_cap = (uint8_t)at;
	return (uint8_t)at;
}

/* ---- where the BARs are ---- */

uint64_t pci_bar_base(const struct pci_func *fn, unsigned index)
{
	const struct pci_bar *bar = &fn->bar[index];
	const uint8_t *at = fn->config + pci_bar_reg(index);
	uint64_t base = pci_get32(at) & ~(uint64_t)(bar->io ? 3 : 15);

	if (bar->wide)
		base |= (uint64_t)pci_get32(at + 4) << 32;
	return base;
}

uint64_t pci_bar_address(struct pci_func *fn, unsigned index)
{
	struct pci_bus *bus = fn->dev->m->pci;
	uint64_t base;

	pthread_mutex_lock(&bus->lock);
	base = pci_bar_base(fn, index);
	pthread_mutex_unlock(&bus->lock);
	return base;
}

/* Whether the BAR is to be decoded, and where. */
static bool wanted(struct pci_func *fn, unsigned index, uint64_t *base)
{
	struct pci_bus *bus = fn->dev->m->pci;
	uint16_t command;

	pthread_mutex_lock(&bus->lock);
	command = pci_get16(fn->config + PCI_COMMAND);
	*base = pci_bar_base(fn, index);
	pthread_mutex_unlock(&bus->lock);
	/* Zero is where a BAR is that nobody has placed. */
	return *base && (command & (fn->bar[index].io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY));
}

static void for_each_bar(struct machine *m, void (*fn)(struct pci_func *fn, unsigned index))
{
	for (unsigned slot = 0; slot < PCI_SLOTS; slot++)
		for (unsigned i = 0; m->pci->func[slot] && i < PCI_BARS; i++)
			if (m->pci->func[slot]->bar[i].size)
				fn(m->pci->func[slot], i);
}

static void take_away(struct pci_func *fn, unsigned index)
{
	struct device_range *r = fn->bar[index].range;
	uint64_t base;

	if (r->mapped && (!wanted(fn, index, &base) || base != r->bus.base))
		device_unmap_range(r);
}

static void put_there(struct pci_func *fn, unsigned index)
{
	struct device_range *r = fn->bar[index].range;
	uint64_t base;

	if (!r->mapped && wanted(fn, index, &base))
		device_map_range(r, base);
}

void pci_remap(struct machine *m)
{
	/* All of one before the other: BARs may change places. */
	for_each_bar(m, take_away);
	for_each_bar(m, put_there);
}

/* ---- reset ---- */

/* The next place of @size in a window that begins at *@at; false when it is full. */
static bool carve(uint64_t *at, uint64_t end, uint64_t size, uint64_t *base)
{
	*base = (*at + size - 1) & ~(size - 1);
	if (*base < *at || *base >= end || size > end - *base)
		return false;
	*at = *base + size;
	return true;
}

/* What is left of the windows. */
struct room {
	uint64_t mem, high, high_end, io;
};

/* Where firmware would put the BAR; false when there is no room. */
static bool place_bar(struct room *room, const struct pci_bar *bar, uint64_t *base)
{
	bool above = bar->prefetch && bar->size >= LARGE_BAR;

	if (bar->io)
		return carve(&room->io, PCI_PORT_END, bar->size, base);
	/* Above 4 GiB not every guest gets at it: only what is too large below. */
	if (above && carve(&room->high, room->high_end, bar->size, base))
		return true;
	return carve(&room->mem, PCI_MMIO_END, bar->size, base) ||
	       (bar->wide && !above && carve(&room->high, room->high_end, bar->size, base));
}

static void reset_func(struct pci_func *fn, struct room *room)
{
	uint64_t base;

	memcpy(fn->config, fn->initial, sizeof(fn->config));
	fn->intx = false;
	pci_msix_reset(fn);
	pci_config_changed(fn);
	if (fn->config[PCI_INTERRUPT_PIN])
		fn->config[PCI_INTERRUPT_LINE] = (uint8_t)pci_intx_gsi(fn);
	for (unsigned i = 0; i < PCI_BARS; i++) {
		uint8_t *at = fn->config + pci_bar_reg(i);

		if (!fn->bar[i].size || !place_bar(room, &fn->bar[i], &base))
			continue;
		pci_put32(at, pci_get32(at) | (uint32_t)base);
		if (fn->bar[i].wide)
			pci_put32(at + 4, (uint32_t)(base >> 32));
	}
}

void pci_reset(struct machine *m)
{
	struct room room = { .mem = PCI_MMIO_BASE, .io = PCI_PORT_BASE };

	if (!m->pci)
		return;
	room.high = m->pci->high.base;
	room.high_end = m->pci->high.base + m->pci->high.size;
	pthread_mutex_lock(&m->pci->lock);
	for (unsigned slot = 0; slot < PCI_SLOTS; slot++)
		if (m->pci->func[slot])
			reset_func(m->pci->func[slot], &room);
	pthread_mutex_unlock(&m->pci->lock);
	pci_remap(m);
}

/* ---- DMA ---- */

static bool may_dma(const struct pci_func *fn)
{
	return __atomic_load_n(&fn->master, __ATOMIC_RELAXED);
}

void *pci_dma_ptr(struct pci_func *fn, uint64_t gpa, size_t len)
{
	return may_dma(fn) ? dma_map(fn->dev, gpa, len) : NULL;
}

int pci_dma_read(struct pci_func *fn, uint64_t gpa, void *buf, size_t len)
{
	return may_dma(fn) ? dma_read(fn->dev, gpa, buf, len) : -EACCES;
}

int pci_dma_write(struct pci_func *fn, uint64_t gpa, const void *buf, size_t len)
{
	return may_dma(fn) ? dma_write(fn->dev, gpa, buf, len) : -EACCES;
}
