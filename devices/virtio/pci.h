/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Virtio over PCI (Virtio 1.2, 4.1): the modern interface, which Linux's virtio_pci drives.
 *
 *   BAR 0   0x0000 common configuration   0x1000 ISR   0x2000 the device's   0x3000 doorbells
 *   BAR 1   MSI-X: a vector for each queue, and one for changes of the configuration
 *
 * A model's class has VIRTIO_PCI_REGS() and its own configuration from VIRTIO_SPACE_CONFIG on in
 * its register table, and ends its add() with virtio_pci_add().
 */
#ifndef DEVICES_VIRTIO_PCI_H
#define DEVICES_VIRTIO_PCI_H

#include <linux/virtio_pci.h>

#include "devices/virtio/virtio.h"

#define VIRTIO_SPACE_ISR    0x1000u
#define VIRTIO_SPACE_CONFIG 0x2000u
#define VIRTIO_SPACE_NOTIFY 0x3000u
#define VIRTIO_SPACE_SIZE   0x4000u

/*
 * Puts @v, made by device_new(), on PCI, with doorbells and its thread; nothing more can be added
 * to it. @fn is part of it, @config_size the bytes of its own configuration, 0 when it has none.
 * Negative with a sentence.
 */
int virtio_pci_add(struct virtio *v, struct pci_func *fn, uint32_t config_size,
		   struct optlist *opts, struct error *err);

extern const struct reg_field virtio_status_fields[], virtio_isr_fields[];

uint64_t virtio_pci_read_isr(struct device *dev, const struct reg *reg);
uint64_t virtio_pci_peek(const struct device *dev, const struct reg *reg);
void virtio_pci_write(struct device *dev, const struct reg *reg, uint64_t value);

/* Rows that go by virtio_pci_peek() and virtio_pci_write(), by offset. */
#define VIRTIO_PCI_ROW(name_, at_, width_, help_)                                       \
	{                                                                               \
		.name = name_, .offset = at_, .width = width_, .peek = virtio_pci_peek, \
		.write = virtio_pci_write, .help = help_                                \
	}
#define VIRTIO_PCI_ROW_RO(name_, at_, width_, help_)                             \
	{                                                                        \
		.name = name_, .offset = at_, .width = width_, .access = REG_RO, \
		.peek = virtio_pci_peek, .help = help_                           \
	}

/* clang-format off */
#define VIRTIO_PCI_REGS \
	{ .name = "device_feature_select", .offset = VIRTIO_PCI_COMMON_DFSELECT, .width = 4, \
	  REG_STATE(struct virtio, offered_select), \
	  .help = "which 32 bits device_feature shows" }, \
	VIRTIO_PCI_ROW_RO("device_feature", VIRTIO_PCI_COMMON_DF, 4, "what the device offers"), \
	{ .name = "driver_feature_select", .offset = VIRTIO_PCI_COMMON_GFSELECT, .width = 4, \
	  REG_STATE(struct virtio, accepted_select), \
	  .help = "which 32 bits driver_feature shows" }, \
	VIRTIO_PCI_ROW("driver_feature", VIRTIO_PCI_COMMON_GF, 4, "what the driver accepts"), \
	VIRTIO_PCI_ROW("config_msix_vector", VIRTIO_PCI_COMMON_MSIX, 2, \
		       "of changes of the configuration; 0xffff: none"), \
	VIRTIO_PCI_ROW_RO("num_queues", VIRTIO_PCI_COMMON_NUMQ, 2, "how many queues there are"), \
	{ .name = "device_status", .offset = VIRTIO_PCI_COMMON_STATUS, .width = 1, \
	  REG_STATE(struct virtio, status), .fields = virtio_status_fields, \
	  .write = virtio_pci_write, .help = "how far the driver is; 0 resets" }, \
	{ .name = "config_generation", .offset = VIRTIO_PCI_COMMON_CFGGENERATION, .width = 1, \
	  .access = REG_RO, REG_STATE(struct virtio, generation), \
	  .help = "changes when the device's configuration does" }, \
	{ .name = "queue_select", .offset = VIRTIO_PCI_COMMON_Q_SELECT, .width = 2, \
	  REG_STATE(struct virtio, queue_select), .help = "which queue the queue_* show" }, \
	VIRTIO_PCI_ROW("queue_size", VIRTIO_PCI_COMMON_Q_SIZE, 2, "descriptors; 0: no queue"), \
	VIRTIO_PCI_ROW("queue_msix_vector", VIRTIO_PCI_COMMON_Q_MSIX, 2, "0xffff: none"), \
	VIRTIO_PCI_ROW("queue_enable", VIRTIO_PCI_COMMON_Q_ENABLE, 2, "1: it works"), \
	VIRTIO_PCI_ROW_RO("queue_notify_off", VIRTIO_PCI_COMMON_Q_NOFF, 2, \
			  "which doorbell it has"), \
	VIRTIO_PCI_ROW("queue_desc", VIRTIO_PCI_COMMON_Q_DESCLO, 8, "where the descriptors are"), \
	VIRTIO_PCI_ROW("queue_driver", VIRTIO_PCI_COMMON_Q_AVAILLO, 8, \
		       "… the driver's area (available ring)"), \
	VIRTIO_PCI_ROW("queue_device", VIRTIO_PCI_COMMON_Q_USEDLO, 8, \
		       "… the device's area (used ring)"), \
	{ .name = "isr", .offset = VIRTIO_SPACE_ISR, .width = 1, .access = REG_RO, \
	  REG_STATE(struct virtio, isr), .fields = virtio_isr_fields, \
	  .read = virtio_pci_read_isr, .help = "why INTA# is up; reading clears it" }, \
	{ .name = "notify", .offset = VIRTIO_SPACE_NOTIFY, .width = 4, .access = REG_WO, \
	  .count = VIRTIO_QUEUES_MAX, .help = "doorbells" }
/* clang-format on */

#endif
