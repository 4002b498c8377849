// SPDX-License-Identifier: GPL-3.0-or-later
/* Accesses to PCI configuration space: bytes with a mask each. See pci.h. */
#include "hv/machine.h"
#include "hv/pci_internal.h"

static struct pci_func *find(struct machine *m, unsigned devfn)
{
	return devfn & 7 ? NULL : pci_func_at(m, devfn >> 3);
}

uint64_t pci_config_read(struct machine *m, unsigned devfn, unsigned off, unsigned size)
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
}
