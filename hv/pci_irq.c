// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Interrupts of PCI devices: INTA# and MSI. See pci.h.
 *
 * INTA# of the slots goes to GSI 10 and 11 in turn. Those two are inputs of the 8259s and of the
 * I/O APIC, so that it arrives whichever of them the guest uses; _PRT in dsdt.asl says the
 * same, and INTERRUPT_LINE says it to a guest without ACPI.
 */
#include <errno.h>

#include "hv/device_event.h"
#include "hv/device_fault.h"
#include "hv/irq_internal.h"
#include "hv/machine.h"
#include "hv/pci_internal.h"
#include "hv/record.h"

#define FIRST_GSI 10

static unsigned line_of(const struct pci_func *fn)
{
	return fn->slot % PCI_LINES;
}

int pci_pin_gsi(unsigned slot, unsigned pin)
{
	return FIRST_GSI + (int)((slot + pin) % PCI_LINES);
}

int pci_intx_gsi(const struct pci_func *fn)
{
	return pci_pin_gsi(fn->slot, 0);
}

void pci_add_intx(struct pci_func *fn)
{
	uint16_t mask = pci_get16(fn->writable + PCI_COMMAND);

	fn->initial[PCI_INTERRUPT_PIN] = 1;
	fn->writable[PCI_INTERRUPT_LINE] = 0xff;
	pci_put16(fn->writable + PCI_COMMAND, mask | PCI_COMMAND_INTX_DISABLE);
}

static bool msi_on(const struct pci_func *fn)
{
	return fn->msi && (fn->config[fn->msi + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE);
}

static bool msix_on(const struct pci_func *fn)
{
	return fn->msix &&
	       (pci_get16(fn->config + fn->msix_cap + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_ENABLE);
}

void pci_intx_update(struct pci_func *fn)
{
	struct pci_bus *bus = fn->dev->m->pci;
	uint32_t *line = &bus->asserted[line_of(fn)], bit = 1u << fn->slot, was = *line;
	bool held = pci_get16(fn->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE;

	if (fn->intx)
		fn->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
	else
		fn->config[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTERRUPT;
	if (fn->intx && !fn->intx_lost && !held && !msi_on(fn) && !msix_on(fn)) {
		if (!(was & bit))
			fn->intx_lost = device_fault_irq(fn->dev);
		*line |= fn->intx_lost ? 0 : bit;
	} else {
		*line &= ~bit;
	}
	if (*line & ~was)
		irq_counted(&fn->intx_count.raised);
	if (*line != was)
		device_saw_irq(fn->dev, pci_intx_gsi(fn), *line & bit);
	if (!was != !*line)
		irq_set(fn->dev->m, pci_intx_gsi(fn), *line);
	else
		record_irq_from(NULL);
}

void pci_intx_set(struct pci_func *fn, bool level)
{
	struct pci_bus *bus = fn->dev->m->pci;

	pthread_mutex_lock(&bus->lock);
	fn->intx = level;
	fn->intx_lost &= level;
	pci_intx_update(fn);
	pthread_mutex_unlock(&bus->lock);
}

/* ---- MSI ---- */

int pci_add_msi(struct pci_func *fn, struct error *err)
{
	uint8_t at = pci_add_cap(fn, PCI_CAP_ID_MSI, PCI_MSI_DATA_64 + 2);

	if (!at)
		return error_set(err, -ENOSPC, "%s: no room for another capability", fn->dev->name);
	fn->msi = at;
	pci_put16(fn->initial + at + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT);
	pci_put16(fn->writable + at + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	pci_put32(fn->writable + at + PCI_MSI_ADDRESS_LO, 0xfffffffc);
	pci_put32(fn->writable + at + PCI_MSI_ADDRESS_HI, 0xffffffff);
	pci_put16(fn->writable + at + PCI_MSI_DATA_64, 0xffff);
	return 0;
}

bool pci_msi_enabled(struct pci_func *fn)
{
	struct pci_bus *bus = fn->dev->m->pci;
	bool on;

	pthread_mutex_lock(&bus->lock);
	on = msi_on(fn);
	pthread_mutex_unlock(&bus->lock);
	return on;
}

void pci_msi_send(struct pci_func *fn)
{
	struct pci_bus *bus = fn->dev->m->pci;
	const uint8_t *cap = fn->config + fn->msi;
	uint64_t addr;
	uint32_t data;
	bool on;

	pthread_mutex_lock(&bus->lock);
	on = msi_on(fn) && (pci_get16(fn->config + PCI_COMMAND) & PCI_COMMAND_MASTER);
	addr = pci_get32(cap + PCI_MSI_ADDRESS_LO) | (uint64_t)pci_get32(cap + PCI_MSI_ADDRESS_HI)
							     << 32;
	data = pci_get16(cap + PCI_MSI_DATA_64);
	pthread_mutex_unlock(&bus->lock);
	if (!on || device_fault_irq(fn->dev))
		return;
	device_saw_msg(fn->dev, addr, data);
	irq_msi(fn->dev->m, addr, data, &fn->msi_count);
}

/* ---- for nothing ---- */

bool pci_irq_spurious(struct pci_func *fn)
{
	struct pci_bus *bus = fn->dev->m->pci;
	bool can;

	if (pci_msix_enabled(fn)) {
		pci_msix_notify_all(fn);
		return true;
	}
	if (pci_msi_enabled(fn)) {
		pci_msi_send(fn);
		return true;
	}
	pthread_mutex_lock(&bus->lock);
	can = !bus->asserted[line_of(fn)] &&
	      !(pci_get16(fn->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
	if (can) {
		record_irq_from(fn->dev->name);
		irq_set(fn->dev->m, pci_intx_gsi(fn), true);
		record_irq_from(fn->dev->name);
		irq_set(fn->dev->m, pci_intx_gsi(fn), false);
	}
	pthread_mutex_unlock(&bus->lock);
	return can;
}
