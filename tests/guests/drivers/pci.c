// SPDX-License-Identifier: GPL-3.0-or-later
/* The configuration space of the functions on bus 0. */
#include "tests/guests/drivers/drivers.h"

#define ECAM	       0xe0000000ull
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000
#define SLOTS	       32

static unsigned int slot;

static uint32_t by_ports(unsigned int reg)
{
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | slot << 11 | reg);
	return inl(CONFIG_DATA);
}

volatile uint32_t *pci_config(unsigned int reg)
{
	return (volatile uint32_t *)(ECAM | slot << 15 | reg);
}

bool pci_find(uint32_t id)
{
	for (slot = 0; slot < SLOTS; slot++)
		if (*pci_config(PCI_ID) == id)
			return true;
	return false;
}

bool pci_find_by_ports(uint32_t id)
{
	for (slot = 0; slot < SLOTS; slot++)
		if (by_ports(PCI_ID) == id)
			return true;
	return false;
}

unsigned int pci_find_capability(uint8_t id)
{
	unsigned int cap = *pci_config(PCI_CAPS) & 0xff;

	while (cap && (*pci_config(cap) & 0xff) != id)
		cap = *pci_config(cap) >> 8 & 0xff;
	return cap;
}
