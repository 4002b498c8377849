// SPDX-License-Identifier: GPL-3.0-or-later
/* Accesses to PCI configuration space: bytes with a mask each. See pci.h. */
#include "hv/device_fault.h"
#include "hv/machine.h"
#include "hv/pci_internal.h"

static struct pci_func *find(struct machine *m, unsigned devfn)
{
	struct pci_func *fn = devfn & 7 ? NULL : pci_func_at(m, devfn >> 3);

	return fn && device_is_unplugged(fn->dev) ? NULL : fn;
}

uint64_t pci_config_peek(struct machine *m, unsigned devfn, unsigned off, unsigned size)
{
	struct pci_func *fn = find(m, devfn);
	uint64_t value = 0;

	if (!fn)
		return UINT64_MAX;
	pthread_mutex_lock(&m->pci->lock);
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = off + i < PCI_CONFIG_SIZE ? fn->config[off + i] : 0xff;

		value |= (uint64_t)byte << (i * 8);
	}
	pthread_mutex_unlock(&m->pci->lock);
	return value;
}

/* ---- a window into a BAR ---- */

static bool touches_window(const struct pci_func *fn, unsigned off, unsigned size)
{
	return fn->window && off < fn->window + 4u && off + size > fn->window;
}

static bool find_place(struct pci_func *fn, struct pci_place *place, uint64_t *value)
{
	bool found;

	pthread_mutex_lock(&fn->dev->m->pci->lock);
	found = fn->window_at(fn, place) && place->bar < PCI_BARS && fn->bar[place->bar].size &&
		place->off < fn->bar[place->bar].size &&
		place->size <= fn->bar[place->bar].size - place->off;
	*value = pci_get32(fn->config + fn->window);
	pthread_mutex_unlock(&fn->dev->m->pci->lock);
	return found;
}

/*
 * As the guest's access to the BAR would be, decoded or not. The host bridge's lock is held, and
 * the device's is taken inside it: no device ever asks a bridge.
 */
static void use_window(struct pci_func *fn, bool write)
{
	struct pci_place place;
	const struct bus_range *range;
	uint64_t value;

	if (!find_place(fn, &place, &value))
		return;
	range = &fn->bar[place.bar].range->bus;
	pthread_mutex_lock(range->lock);
	if (write)
		range->write(range->opaque, place.off, place.size,
			     value & (UINT32_MAX >> (32 - 8 * place.size)));
	else
		value = range->read(range->opaque, place.off, place.size);
	pthread_mutex_unlock(range->lock);
	if (write)
		return;
	pthread_mutex_lock(&fn->dev->m->pci->lock);
	for (unsigned i = 0; i < place.size; i++)
		fn->config[fn->window + i] = (uint8_t)(value >> (i * 8));
	pthread_mutex_unlock(&fn->dev->m->pci->lock);
}

uint64_t pci_config_read(struct machine *m, unsigned devfn, unsigned off, unsigned size)
{
	struct pci_func *fn = find(m, devfn);

	if (fn && touches_window(fn, off, size))
		use_window(fn, false);
	return pci_config_peek(m, devfn, off, size);
}

/* ---- writes ---- */

static bool decides_about_bars(unsigned off)
{
	return off == PCI_COMMAND || (off >= PCI_BASE_ADDRESS_0 && off < PCI_CARDBUS_CIS);
}

void pci_config_changed(struct pci_func *fn)
{
	uint16_t command = pci_get16(fn->config + PCI_COMMAND);

	__atomic_store_n(&fn->master, command & PCI_COMMAND_MASTER, __ATOMIC_RELAXED);
	pci_intx_update(fn);
	pci_msix_update(fn);
}

void pci_config_write(struct machine *m, unsigned devfn, unsigned off, unsigned size,
		      uint64_t value)
{
	struct pci_func *fn = find(m, devfn);
	bool moved = false;

	if (!fn)
		return;
	pthread_mutex_lock(&m->pci->lock);
	for (unsigned i = 0; i < size && off + i < PCI_CONFIG_SIZE; i++) {
		uint8_t byte = (uint8_t)(value >> (i * 8)), mask = fn->writable[off + i];
		uint8_t was = fn->config[off + i];
		uint8_t now = (uint8_t)((was & ~mask) | (byte & mask));

		fn->config[off + i] = now & (uint8_t) ~(byte & fn->clearable[off + i]);
		moved |= now != was && decides_about_bars(off + i);
	}
	pci_config_changed(fn);
	pthread_mutex_unlock(&m->pci->lock);
	if (moved)
		bus_after_want(&m->pci->after);
	if (touches_window(fn, off, size))
		use_window(fn, true);
}
