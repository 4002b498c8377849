// SPDX-License-Identifier: GPL-3.0-or-later
/* The driver of nic.h. */
#include "tests/unit-e1000/nic.h"

#include <linux/pci_regs.h>
#include <string.h>

const uint8_t nic_mac[ETH_ALEN] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

static uint32_t config_at(const struct nic *n, unsigned off)
{
	return (uint32_t)pci_config_read(&n->f->m, n->fn->slot << 3, off, 4);
}

void nic_open(struct nic *n, bool header)
{
	static const char *const devices[] = { "edu", "e1000,netdev=n", NULL };
	struct error err = { "" };

	fake_net_reset(header);
	*n = (struct nic){ .f = fake_create() };
	cr_assert_not_null(n->f);
	n->f->cfg.devices = devices;
	cr_assert_eq(memory_create(&n->f->m.ram, -1, NIC_RAM, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(n->f));
	n->dev = device_find(&n->f->m, "e1000-0");
	cr_assert_not_null(n->dev);
	n->fn = n->dev->pci;
	n->bar = config_at(n, PCI_BASE_ADDRESS_0) & ~15u;
	n->io = config_at(n, PCI_BASE_ADDRESS_1) & 0xfffc;
	pci_config_write(&n->f->m, n->fn->slot << 3, PCI_COMMAND, 2,
			 PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	bus_write(&n->f->m.mmio, 0, 1, 0); /* the bus now does what the write wanted */
}

void nic_close(struct nic *n)
{
	struct memory *ram = n->f->m.ram;

	/* The card's thread may be in memory until it is gone. */
	fake_destroy(n->f);
	memory_destroy(ram);
}

uint32_t nic_get(const struct nic *n, unsigned reg)
{
	uint64_t value;

	bus_read(&n->f->m.mmio, n->bar + reg, 4, &value);
	return (uint32_t)value;
}

void nic_set(const struct nic *n, unsigned reg, uint32_t value)
{
	bus_write(&n->f->m.mmio, n->bar + reg, 4, value);
}

uint64_t nic_peek(const struct nic *n, const char *reg)
{
	const struct reg *row = device_reg_find(n->dev, reg);

	cr_assert_not_null(row, "%s", reg);
	return device_reg_peek(n->dev, row);
}

void *nic_ram(const struct nic *n, uint64_t gpa, size_t len)
{
	void *p = memory_ptr(n->f->m.ram, gpa, len);

	cr_assert_not_null(p);
	return p;
}

/* ---- rings ---- */

void nic_wait_for_link(const struct nic *n)
{
	NIC_WAIT(n, nic_get(n, E1000_STATUS) & STATUS_LU);
}

void nic_start(struct nic *n, uint32_t rctl)
{
	nic_wait_for_link(n);
	memset(nic_ram(n, NIC_TXRING, 16 * NIC_DESCS), 0, 16 * NIC_DESCS);
	memset(nic_ram(n, NIC_RXRING, 16 * NIC_DESCS), 0, 16 * NIC_DESCS);
	for (unsigned i = 0; i < NIC_DESCS; i++)
		*(uint64_t *)nic_ram(n, NIC_RXRING + 16 * i, 8) = NIC_RXDATA + i * NIC_RXSTEP;
	nic_set(n, E1000_TDBAL, NIC_TXRING);
	nic_set(n, E1000_TDBAH, 0);
	nic_set(n, E1000_TDLEN, 16 * NIC_DESCS);
	nic_set(n, E1000_TDH, 0);
	nic_set(n, E1000_TDT, 0);
	n->tail = 0;
	nic_set(n, E1000_RDBAL, NIC_RXRING);
	nic_set(n, E1000_RDBAH, 0);
	nic_set(n, E1000_RDLEN, 16 * NIC_DESCS);
	nic_set(n, E1000_RDH, 0);
	nic_set(n, E1000_RDT, NIC_DESCS - 1);
	nic_set(n, E1000_TCTL, TCTL_EN | TCTL_PSP);
	nic_set(n, E1000_RCTL, RCTL_EN | rctl);
}

void nic_put(struct nic *n, uint64_t first, uint32_t second, uint32_t third)
{
	uint8_t *d = nic_ram(n, NIC_TXRING + 16ull * n->tail, 16);

	memcpy(d, &first, 8);
	memcpy(d + 8, &second, 4);
	memcpy(d + 12, &third, 4);
	n->tail = (n->tail + 1) % NIC_DESCS;
}

void nic_go(const struct nic *n)
{
	nic_set(n, E1000_TDT, n->tail);
}

void nic_send(struct nic *n, const void *frame, size_t len, uint8_t cmd)
{
	memcpy(nic_ram(n, NIC_TXDATA, len), frame, len);
	nic_put(n, NIC_TXDATA, (uint32_t)len | (uint32_t)cmd << 24, 0);
	nic_go(n);
}

void nic_wait_sent(const struct nic *n)
{
	NIC_WAIT(n, nic_get(n, E1000_TDH) == n->tail);
}

void nic_expect_sent(const struct nic *n, struct fake_frame *frame)
{
	bool any = false;

	NIC_WAIT(n, any || (any = fake_net_sent(frame)));
}

struct nic_rxd *nic_wait_rx(const struct nic *n, unsigned i)
{
	struct nic_rxd *d = nic_ram(n, NIC_RXRING + 16ull * i, sizeof(*d));

	/* All behind the address is written at once. */
	NIC_WAIT(n, __atomic_load_n((uint64_t *)&d->len, __ATOMIC_ACQUIRE) >> 32 & RXD_STAT_DD);
	return d;
}

const uint8_t *nic_rx_data(const struct nic *n, unsigned i)
{
	return nic_ram(n, NIC_RXDATA + (uint64_t)i * NIC_RXSTEP, NIC_RXSTEP);
}

/* ---- MDIC ---- */

uint16_t nic_phy(const struct nic *n, unsigned reg)
{
	nic_set(n, E1000_MDIC, MDIC_READ | 1u << 21 | reg << 16);
	cr_assert_eq(nic_get(n, E1000_MDIC) & (MDIC_R | MDIC_E), MDIC_R);
	return (uint16_t)nic_get(n, E1000_MDIC);
}

void nic_set_phy(const struct nic *n, unsigned reg, uint16_t value)
{
	nic_set(n, E1000_MDIC, MDIC_WRITE | 1u << 21 | reg << 16 | value);
}
