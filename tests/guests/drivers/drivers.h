/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the guests that drive devices share beside the kit: a line for each thing that works, and
 * the configuration space of PCI.
 */
#ifndef GUESTS_DRIVERS_DRIVERS_H
#define GUESTS_DRIVERS_DRIVERS_H

#include "tests/guests/kit/kit.h"

/* start.c: the kit's beginning; lines of check() begin with @name. */
void driver_guest_init(const char *name, uint32_t start_info, uint32_t zero_page);

/* check.c */
void check_as(const char *guest);
/* Prints a line; when it is not @ok, the guest ends with the line's number. */
void check(bool ok, const char *what);

/* pci.c. PCI Local Bus 3.0, 6.1: registers of a function's header, and bits of its command. */
#define PCI_ID		   0x00
#define PCI_COMMAND	   0x04
#define PCI_BAR0	   0x10
#define PCI_BAR2	   0x18
#define PCI_CAPS	   0x34
#define PCI_INTERRUPT	   0x3c
#define PCI_COMMAND_MEMORY 0x2
#define PCI_COMMAND_MASTER 0x4

/* Looks for vendor and device (the latter in the upper half) on bus 0, by ECAM or by the ports.
 * The function found last is the one that the others mean, and they go the way it was found. */
bool pci_find(uint32_t id);
bool pci_find_by_ports(uint32_t id);
uint32_t pci_read(unsigned int reg);
void pci_write(unsigned int reg, uint32_t value);
/* Where the capability @id is, 0: there is none. */
unsigned int pci_find_capability(uint8_t id);

#endif
