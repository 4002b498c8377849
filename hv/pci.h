/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PCI: one bus, with single-function devices in its slots.
 *
 *   0xcf8/0xcfc, ECAM --> devices/pci_host.c --> pci_config_write() --> config[256]
 *                                                      |  COMMAND, BARs
 *                                                      v
 *                               pci_remap() puts the BARs' ranges on the buses
 *
 * A device on PCI is a struct device like any other, with a struct pci_func
 * in its own struct. There is no firmware: a reset leaves the BARs where
 * firmware would put them, with decoding off.
 *
 * Sources: PCI Local Bus Specification 3.0 (chapter 6), PCI Firmware Specification 3.3 (ECAM,
 * MCFG); names of registers are those of <linux/pci_regs.h>.
 */
#ifndef HV_PCI_H
#define HV_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/device.h"
#include "hv/error.h"
#include "hv/irq.h"
#include "hv/strbuf.h"

struct machine;
struct doorbell;
struct pci_bus;
struct pci_msix;

#define PCI_SLOTS	32
#define PCI_BARS	6
#define PCI_CONFIG_SIZE 256

/* The map of the hole below 4 GiB; hv/arch/x86/dsdt.asl says the same. */
#define PCI_MMIO_BASE 0xc0000000ull
#define PCI_MMIO_END  0xe0000000ull
#define PCI_ECAM_BASE 0xe0000000ull
#define PCI_ECAM_SIZE 0x100000ull /* of one bus */
/* The window above RAM, for 64-bit BARs: @size 0 when the processor's addresses leave no room.
 * Fixed after pci_create(). */
struct pci_window {
	uint64_t base, size;
};
struct pci_window pci_high_window(const struct machine *m);
/* Ports from here on are nobody else's. */
#define PCI_PORT_BASE 0xc000u
#define PCI_PORT_END  0x10000u

struct pci_id {
	uint16_t vendor, device;
	uint32_t class_code; /* 24 bits: class, subclass, programming interface */
	uint8_t revision;
};

struct pci_bar {
	uint64_t size; /* a power of two; 0: there is none */
	bool io, wide; /* wide: a 64-bit memory BAR, which takes the next one, too */
	bool prefetch;
	struct device_range *range;
};

/* @size: 1, 2 or 4, of which @off is a multiple. */
struct pci_place {
	unsigned bar, size;
	uint64_t off;
};

struct pci_func {
	struct device *dev;
	unsigned slot;
	/* Guarded by the bus's lock; who only describes takes it, too: pci_config_peek(). */
	uint8_t config[PCI_CONFIG_SIZE];
	bool intx;	/* what the device wants its line to be */
	bool intx_lost; /* … and that it is up got lost, until it is down again */

	bool master; /* atomic: a copy of COMMAND's, for DMA */

	/* Counted atomically: what the function itself asked for. */
	struct irq_count intx_count, msi_count;

	/* Fixed after creation. */
	uint8_t initial[PCI_CONFIG_SIZE];   /* config after a reset */
	uint8_t writable[PCI_CONFIG_SIZE];  /* bits that a write changes */
	uint8_t clearable[PCI_CONFIG_SIZE]; /* bits that writing a one clears */
	struct pci_bar bar[PCI_BARS];
	uint8_t last_cap; /* offset of the newest capability; 0: none */
	uint8_t msi;	  /* offset of the MSI capability; 0: none */
	/*
	 * Offset of four bytes that stand for a place in a BAR: an access to them is one there.
	 * 0: none. What place, with the bus's lock held: false when it is none.
	 */
	uint8_t window;
	bool (*window_at)(const struct pci_func *fn, struct pci_place *place);
	uint8_t msix_cap;      /* … of MSI-X */
	struct pci_msix *msix; /* NULL: none */
};

/* Before and after all devices. Loop thread. */
int pci_create(struct machine *m, struct error *err);
void pci_destroy(struct machine *m);
/* Configuration as firmware leaves it: after the devices are made, and at each reset. Guest not
 * running. */
void pci_reset(struct machine *m);

/*
 * Puts @dev, made by device_new(), into the next free slot. @fn is part of the device. Then BARs
 * and capabilities are added. Loop thread, guest not running.
 */
int pci_add(struct device *dev, struct pci_func *fn, const struct pci_id *id, struct error *err);
enum pci_bar_kind {
	PCI_BAR_IO,
	PCI_BAR_MEM32,
	PCI_BAR_MEM64,
	PCI_BAR_PREF64, /* 64-bit and prefetchable */
};
/* BAR @index shows @size bytes (a power of two, >= 16; I/O: 4 to 256) of the register space from
 * @space on. */
int pci_add_bar(struct pci_func *fn, unsigned index, enum pci_bar_kind kind, uint64_t size,
		uint64_t space, struct error *err);
/* Takes the function off the bus; what was added to it goes. The device's ranges are unmapped. */
void pci_remove(struct pci_func *fn);
/* A capability of @len bytes with its header; the offset in config, 0 when there is no room. */
uint8_t pci_add_cap(struct pci_func *fn, uint8_t id, uint8_t len);
/* One vector, 64-bit address, no masking (6.8.1). */
int pci_add_msi(struct pci_func *fn, struct error *err);
/*
 * @vectors (1 to PCI_MSIX_MAX) of MSI-X (6.8.2), all masked. Table and pending bits get a 32-bit
 * memory BAR of their own: BAR @bar, which must be free.
 */
#define PCI_MSIX_MAX 2048
int pci_add_msix(struct pci_func *fn, unsigned bar, unsigned vectors, struct error *err);
/* A doorbell in BAR @bar, which was added before: doorbell_add(). */
int pci_doorbell(struct pci_func *fn, unsigned bar, uint64_t off, unsigned size,
		 const uint64_t *match, struct doorbell **out, struct error *err);
/* The device has an interrupt pin (INTA#). */
void pci_add_intx(struct pci_func *fn);

/*
 * Configuration of the function at @devfn (slot * 8 + function), @off below 4096. Where nothing is
 * reads as all ones. 1, 2, 4 or 8 bytes, split where they run past the end. Any thread; a write
 * that moves a BAR asks for pci_remap(), which the bus does after the access.
 */
uint64_t pci_config_read(struct machine *m, unsigned devfn, unsigned off, unsigned size);
void pci_config_write(struct machine *m, unsigned devfn, unsigned off, unsigned size,
		      uint64_t value);
/* What a read would give, without its side effects: those of a window into a BAR. */
uint64_t pci_config_peek(struct machine *m, unsigned devfn, unsigned off, unsigned size);
/* Brings the BARs' ranges to where the configuration says. One that overlaps another device is not
 * decoded until there is room. Not in a bus's callback. */
void pci_remap(struct machine *m);
/* Where a BAR is, whether or not it is decoded. Any thread. */
uint64_t pci_bar_address(struct pci_func *fn, unsigned index);

/*
 * The device's side. Any thread, the device's lock may be held.
 */
/* The level of INTA#; shared lines are or-ed. Held off while INTX_DISABLE, MSI or MSI-X is on. */
void pci_intx_set(struct pci_func *fn, bool level);
/* The GSI of INTA# of @fn. */
int pci_intx_gsi(const struct pci_func *fn);
bool pci_msi_enabled(struct pci_func *fn);
/* An interrupt without a reason: a message on each vector that is not masked, or the line up and
 * down. False: the line is up already, or held off. */
bool pci_irq_spurious(struct pci_func *fn);
/* Sends the message; nothing when MSI or bus mastering is off. */
void pci_msi_send(struct pci_func *fn);
/* While this is false, a device of MSI-X uses INTA# or nothing. */
bool pci_msix_enabled(struct pci_func *fn);
/*
 * Sends the message of @vector, or, while that, all vectors or bus mastering are off, sets its
 * pending bit: then it is sent when that ends. Nothing while MSI-X is off, or when there is no such
 * vector (a driver may have said 0xffff: none).
 */
void pci_msix_notify(struct pci_func *fn, unsigned vector);
/*
 * An eventfd that does the same whoever writes to it (a thread without the device at hand, a
 * vhost); the same one for the device's life. -ENOENT: no such vector.
 */
int pci_msix_fd(struct pci_func *fn, unsigned vector);
/* Zero when there is no such vector. */
struct irq_count pci_msix_count(struct pci_func *fn, unsigned vector);
/* Where [gpa, gpa + len) is, for as long as the access takes; NULL with bus mastering off and where
 * not all of it is RAM. dma_unmap() (hv/dma.h) is told what was done there, for watchpoints. */
void *pci_dma_ptr(struct pci_func *fn, uint64_t gpa, size_t len);
/* All of it or nothing: -EACCES with bus mastering off, -EFAULT when part of it is no RAM. */
int pci_dma_read(struct pci_func *fn, uint64_t gpa, void *buf, size_t len);
int pci_dma_write(struct pci_func *fn, uint64_t gpa, const void *buf, size_t len);

/* The function in a slot; NULL: none. */
struct pci_func *pci_func_at(struct machine *m, unsigned slot);
/* Adds the bus to the device tree: @fdt is in sequential write, the root node open. 0 or a libfdt
 * error. */
int pci_fdt(struct machine *m, void *fdt);
/* For a person: header, BARs, interrupt, capabilities of every function. No side effects. */
void pci_describe(struct machine *m, struct strbuf *out);
/* The same of one function. */
void pci_describe_func(const struct pci_func *fn, struct strbuf *out);
/* Its messages: how often each was sent, where to, and what became of it. */
void pci_describe_messages(const struct pci_func *fn, struct strbuf *out);

#endif
