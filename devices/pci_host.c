// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The PCI host bridge: the ways to configuration space (PCI Local Bus Specification 3.0,
 * 3.2.2.3.2; PCI Firmware Specification 3.3, 4.1), and slot 0.
 *
 *   0xcf8   CONFIG_ADDRESS: enable, bus, device, function, register; 32-bit accesses alone
 *   0xcfc   CONFIG_DATA: a window of four bytes, for accesses of any size
 *   ECAM    the configuration space of bus 0 in memory, 4 KiB for each function
 *
 * Port 0xcf9 is another device's: a byte is all of ours that has an address of its own,
 * and an access of 32 bits that begins there is ours whole.
 */
#include <errno.h>

#include "hv/device.h"
#include "hv/machine.h"
#include "hv/pci.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT    0xcfc

#define ADDRESS_ENABLE 0x80000000u

/* The number that other virtual machines give a bridge with nothing in it: Linux has no quirks
 * for it. */
static const struct pci_id bridge_id = { 0x8086, 0x0d57, 0x060000, 0 };

struct pci_host {
	struct device dev;
	uint32_t address;
	struct pci_func func;
	struct bus_range data, ecam;
};

/* ---- CONFIG_ADDRESS ---- */

static uint64_t address_read(void *opaque, uint64_t off, unsigned size)
{
	struct device_range *r = opaque;

	return size == 4 ? device_space_read(r->dev, off, size) : UINT64_MAX;
}

static void address_write(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	struct device_range *r = opaque;

	if (size == 4)
		device_space_write(r->dev, off, size, value);
}

static uint64_t address_peek(void *opaque, uint64_t off, unsigned size)
{
	struct device_range *r = opaque;

	return size == 4 ? device_space_peek(r->dev, off, size) : UINT64_MAX;
}

static void write_address(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	((struct pci_host *)dev)->address = (uint32_t)value & 0x80fffffc;
}

static const struct reg_field address_fields[] = {
	REG_BIT("EN", 31),     REG_BITS("BUS", 23, 16), REG_BITS("DEV", 15, 11),
	REG_BITS("FN", 10, 8), REG_BITS("REG", 7, 2),	{ 0 },
};

static const struct reg host_regs[] = {
	{ .name = "config_address",
	  .offset = 0,
	  .width = 4,
	  REG_STATE(struct pci_host, address),
	  .fields = address_fields,
	  .write = write_address,
	  .help = "what the four bytes at 0xcfc show" },
	{ 0 },
};

/* ---- CONFIG_DATA, ECAM ---- */

/* Whether the window shows bus 0. */
static bool window_is_open(const struct pci_host *h)
{
	return (h->address & ADDRESS_ENABLE) && !(h->address >> 16 & 0xff);
}

static uint64_t data_read(void *opaque, uint64_t off, unsigned size)
{
	struct pci_host *h = opaque;

	if (!window_is_open(h))
		return UINT64_MAX;
	return pci_config_read(h->dev.m, h->address >> 8 & 0xff,
			       (h->address & 0xfc) + (unsigned)off, size);
}

static uint64_t data_peek(void *opaque, uint64_t off, unsigned size)
{
	struct pci_host *h = opaque;

	if (!window_is_open(h))
		return UINT64_MAX;
	return pci_config_peek(h->dev.m, h->address >> 8 & 0xff,
			       (h->address & 0xfc) + (unsigned)off, size);
}

static void data_write(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	struct pci_host *h = opaque;

	if (window_is_open(h))
		pci_config_write(h->dev.m, h->address >> 8 & 0xff,
				 (h->address & 0xfc) + (unsigned)off, size, value);
}

static uint64_t ecam_read(void *opaque, uint64_t off, unsigned size)
{
	struct pci_host *h = opaque;

	return pci_config_read(h->dev.m, off >> 12 & 0xff, off & 0xfff, size);
}

static uint64_t ecam_peek(void *opaque, uint64_t off, unsigned size)
{
	struct pci_host *h = opaque;

	return pci_config_peek(h->dev.m, off >> 12 & 0xff, off & 0xfff, size);
}

static void ecam_write(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	struct pci_host *h = opaque;

	pci_config_write(h->dev.m, off >> 12 & 0xff, off & 0xfff, size, value);
}

/* ---- life ---- */

static int host_create(struct device *dev, struct error *err)
{
	struct pci_host *h = (struct pci_host *)dev;

	h->data = (struct bus_range){
		.name = dev->name,
		.base = DATA_PORT,
		.len = 4,
		.lock = &dev->lock,
		.read = data_read,
		.write = data_write,
		.peek = data_peek,
		.opaque = h,
	};
	h->ecam = (struct bus_range){
		.name = dev->name,
		.base = PCI_ECAM_BASE,
		.len = PCI_ECAM_SIZE,
		.lock = &dev->lock,
		.read = ecam_read,
		.write = ecam_write,
		.peek = ecam_peek,
		.opaque = h,
	};
	if (bus_add(&dev->m->pio, &h->data))
		return error_set(err, -EBUSY, "%s: port 0xcfc is taken", dev->name);
	if (bus_add(&dev->m->mmio, &h->ecam)) {
		bus_remove(&dev->m->pio, &h->data);
		return error_set(err, -EBUSY, "%s: the place of ECAM is taken", dev->name);
	}
	return 0;
}

static void host_destroy(struct device *dev)
{
	struct pci_host *h = (struct pci_host *)dev;

	bus_remove(&dev->m->mmio, &h->ecam);
	bus_remove(&dev->m->pio, &h->data);
}

static int host_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class pci_host = {
	.name = "pci_host",
	.stem = "pci",
	.help = "PCI host bridge: 0xcf8, 0xcfc, and ECAM at 0xe0000000",
	.size = sizeof(struct pci_host),
	.space = 4,
	.regs = host_regs,
	.probe = host_probe,
	.create = host_create,
	.destroy = host_destroy,
};
DEVICE_CLASS(pci_host);

static int host_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	struct device *dev = device_add(m, &pci_host, true, ADDRESS_PORT, 1, -1, err);
	struct bus_range *address;

	(void)cfg;
	if (!dev)
		return -EIO;
	address = &dev->ranges[0].bus;
	address->reach = 4;
	address->read = address_read;
	address->write = address_write;
	address->peek = address_peek;
	return pci_add(dev, &((struct pci_host *)dev)->func, &bridge_id, err);
}
