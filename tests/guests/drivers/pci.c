// SPDX-License-Identifier: GPL-3.0-or-later
/* The configuration space of the functions on bus 0. */
#include "tests/guests/drivers/drivers.h"

#define ECAM	       0xe0000000ull
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000
#define SLOTS	       32

static unsigned int slot;
static bool by_ports;

static volatile uint32_t *ecam(unsigned int reg)
{
	return (volatile uint32_t *)(ECAM | slot << 15 | reg);
}

uint32_t pci_read(unsigned int reg)
{
	if (!by_ports)
		return *ecam(reg);
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | slot << 11 | reg);
	return inl(CONFIG_DATA);
}

void pci_write(unsigned int reg, uint32_t value)
{
	if (by_ports) {
		outl(CONFIG_ADDRESS, CONFIG_ENABLE | slot << 11 | reg);
		outl(CONFIG_DATA, value);
	} else {
		*ecam(reg) = value;
	}
}

static bool find(uint32_t id, bool ports)
{
	by_ports = ports;
	for (slot = 0; slot < SLOTS; slot++)
		if (pci_read(PCI_ID) == id)
			return true;
	return false;
}

bool pci_find(uint32_t id)
{
	return find(id, false);
}

bool pci_find_by_ports(uint32_t id)
{
	return find(id, true);
}

unsigned int pci_find_capability(uint8_t id)
{
	unsigned int cap = pci_read(PCI_CAPS) & 0xff;

	while (cap && (pci_read(cap) & 0xff) != id)
		cap = pci_read(cap) >> 8 & 0xff;
	return cap;
}
