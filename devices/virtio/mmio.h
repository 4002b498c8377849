/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Virtio over MMIO (Virtio 1.2, 4.2), version 2 of its registers, which Linux's virtio_mmio drives.
 *
 *   slot n, a page at VIRTIO_MMIO_BASE + n * VIRTIO_MMIO_SIZE, line VIRTIO_MMIO_GSI + n
 *
 *   0x000 registers   0x050 doorbell of every queue   0x100 the device's configuration
 *
 * Such a device cannot be probed for: the device tree and the ACPI tables tell of it.
 */
#ifndef DEVICES_VIRTIO_MMIO_H
#define DEVICES_VIRTIO_MMIO_H

#include "devices/virtio/virtio.h"

/* Above PCI's windows (hv/pci.h) and below the I/O APIC, on inputs of it that no ISA line has. */
#define VIRTIO_MMIO_BASE  0xfeb00000ull
#define VIRTIO_MMIO_SIZE  0x1000ull
#define VIRTIO_MMIO_SLOTS 8
#define VIRTIO_MMIO_GSI	  16

/* In a class's register space: just before the configuration, as in memory. */
#define VIRTIO_SPACE_MMIO (VIRTIO_SPACE_CONFIG - 0x100u)

extern const struct virtio_transport virtio_mmio;

#endif
