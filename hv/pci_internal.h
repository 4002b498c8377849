/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of hv/pci*.c share. */
#ifndef HV_PCI_INTERNAL_H
#define HV_PCI_INTERNAL_H

#include <linux/pci_regs.h>
#include <pthread.h>

#include "hv/bus.h"
#include "hv/pci.h"

#define PCI_LINES 2

struct pci_bus {
	/*
	 * Guards every function's config and MSI-X table, and the lines. Taken after a bus's lock
	 * and devices' locks; inside it only that of the messages is (irq_msg.c).
	 */
	pthread_mutex_t lock;
	struct pci_func *func[PCI_SLOTS]; /* fixed once the guest runs */
	uint32_t asserted[PCI_LINES];	  /* a bit for each slot that pulls the line */
	struct bus_after after;		  /* pci_remap() */
	struct pci_window high;		  /* fixed */
};

static inline uint16_t pci_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t pci_get32(const uint8_t *p)
{
	return pci_get16(p) | (uint32_t)pci_get16(p + 2) << 16;
}

static inline void pci_put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void pci_put32(uint8_t *p, uint32_t value)
{
	pci_put16(p, (uint16_t)value);
	pci_put16(p + 2, (uint16_t)(value >> 16));
}

static inline size_t pci_bar_reg(unsigned index)
{
	return PCI_BASE_ADDRESS_0 + 4 * (size_t)index;
}

/* The line of pin @pin (0: INTA#) of a slot; _PRT in dsdt.asl says the same. */
int pci_pin_gsi(unsigned slot, unsigned pin);

/* The bus's lock is held for all of these. */
uint64_t pci_bar_base(const struct pci_func *fn, unsigned index);
/* After config was written to. */
void pci_config_changed(struct pci_func *fn);
/* After COMMAND, MSI's or MSI-X's control or fn->intx changed. */
void pci_intx_update(struct pci_func *fn);
void pci_msix_update(struct pci_func *fn);
/* Every vector masked; config is as after a reset, and pci_config_changed() follows. */
void pci_msix_reset(struct pci_func *fn);
void pci_msix_describe(const struct pci_func *fn, const uint8_t *cap, struct strbuf *out);
/* pci_msix_notify() for each vector that is not masked. The bus's lock is not held. */
void pci_msix_notify_all(struct pci_func *fn);
/* A vector each that is in use: how often it was sent, and where to. */
void pci_msix_describe_use(const struct pci_func *fn, struct strbuf *out);

/* Loop thread; the device's ranges are not on the bus any more. */
void pci_msix_free(struct pci_func *fn);

#endif
