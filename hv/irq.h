/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interrupt lines into the in-kernel irqchip. */
#ifndef HV_IRQ_H
#define HV_IRQ_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

/*
 * Sets the level of GSI @gsi (KVM_IRQ_LINE; api.rst 4.25). Any thread, never
 * blocks. -1 is no line: ignored, as is every line of a machine without a VM (vm_fd -1).
 */
void irq_set(struct machine *m, int gsi, bool level);

/* A message-signalled interrupt: what the write of @data to @addr is (KVM_SIGNAL_MSI; api.rst
 * 4.70). The same rules. */
void irq_msi(struct machine *m, uint64_t addr, uint32_t data);

#endif
