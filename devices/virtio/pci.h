/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Virtio over PCI (Virtio 1.2, 4.1): the modern interface, which Linux's virtio_pci drives.
 *
 *   BAR 0   0x0000 common configuration   0x1000 ISR   0x2000 the device's   0x3000 doorbells
 *   BAR 1   MSI-X: a vector for each queue, and one for changes of the configuration
 */
#ifndef DEVICES_VIRTIO_PCI_H
#define DEVICES_VIRTIO_PCI_H

#include "devices/virtio/virtio.h"

#define VIRTIO_SPACE_ISR    0x1000u
#define VIRTIO_SPACE_NOTIFY 0x3000u

extern const struct virtio_transport virtio_pci;

#endif
