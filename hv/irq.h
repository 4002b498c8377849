/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interrupts into the in-kernel irqchip: lines, and messages (MSI).
 *
 *   irq_set(gsi, level) --------------> KVM_IRQ_LINE --.
 *   irq_msi(address, data) -----------> KVM_SIGNAL_MSI --> 8259, I/O APIC, local APIC
 *   write(irq_msg_fd(), 1) --> irqfd --> route ---------'
 *
 * Lines are GSIs below ARCH_IRQ_LINES (hv/arch/arch.h). Each struct irq_msg has a GSI of its own
 * above them, whose route is its address and data (KVM_SET_GSI_ROUTING, api.rst 4.52; KVM_IRQFD,
 * api.rst 4.75). Where KVM has no irqfd, the loop thread reads the eventfd and sends the message.
 *
 * Levels do not go by resampling irqfds (KVM_IRQFD_FLAG_RESAMPLE), which are for those who have
 * nothing but an eventfd. KVM raises the line of one in a work queue, 3 us and more after the
 * write, where KVM_IRQ_LINE takes 0.7 us and is done when it returns (kvm-pvm on Linux 6.18; 80 us
 * and 4 us on the emulated AMD machine); and after each EOI a thread has to wake up and look at the
 * device again, where the driver's own access to the device lowers the line here. Nor can one be
 * there to count EOIs alone: when the guest unmasks an input that waits, Linux 6.18, not yet 6.1,
 * leaves it to the listener to raise the line again, and an interrupt that came by KVM_IRQ_LINE is
 * lost.
 *
 * A device on PCI has it simpler: pci_intx_set(), pci_msi_send(), pci_msix_notify() (hv/pci.h).
 */
#ifndef HV_IRQ_H
#define HV_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/error.h"

struct machine;

/*
 * What became of a source's interrupts. It lies in the source and is counted atomically; a reader
 * takes a copy. KVM says what became of lines and of messages sent one by one; of those that go by
 * an irqfd it says nothing, and what others write to the eventfd is not counted at all.
 */
struct irq_count {
	uint64_t raised;    /* rising edges; messages */
	uint64_t delivered; /* … that an interrupt controller took */
	uint64_t merged;    /* … while it had the last one still pending */
	uint64_t lost;	    /* … that are masked, or that nobody listens to */
	uint64_t acked; /* falling edges: as a rule the driver has acknowledged; not of messages */
};

/* Before and after all devices. Loop thread. */
int irq_create(struct machine *m, struct error *err);
void irq_destroy(struct machine *m);

/*
 * Sets the level of GSI @gsi (KVM_IRQ_LINE; api.rst 4.25). Any thread, never
 * blocks. -1 is no line: ignored, as is every line of a machine without a VM (vm_fd -1).
 */
void irq_set(struct machine *m, int gsi, bool level);
/* A copy of the line's counts, with its level in @level. Any thread. */
struct irq_count irq_line_count(struct machine *m, int gsi, bool *level);

/*
 * A message-signalled interrupt: what the write of @data to @addr is (KVM_SIGNAL_MSI; api.rst
 * 4.70). The same rules. @count (NULL: nobody's) belongs to the source.
 */
void irq_msi(struct machine *m, uint64_t addr, uint32_t data, struct irq_count *count);

/*
 * A message that any thread sends with a write to an eventfd, as a queue's thread or a vhost does.
 * Behind a closed gate it waits: one that was sent is pending, and goes when the gate opens; more
 * than one are one. A new one is closed and has no route.
 */
struct irq_msg;
/* Loop thread. -ENOSPC when KVM's routing table is full. */
int irq_msg_create(struct machine *m, struct irq_msg **out, struct error *err);
/* Loop thread. Nobody uses it or its eventfd any more. NULL: nothing happens. */
void irq_msg_destroy(struct irq_msg *msg);
/* The eventfd, non-blocking; it stays the message's. Any thread. */
int irq_msg_fd(const struct irq_msg *msg);
/* The same as a write to it, and counted. Any thread, never blocks. */
void irq_msg_send(struct irq_msg *msg);
/* Where it goes, and the gate. Any thread, one at a time for one message. */
void irq_msg_route(struct irq_msg *msg, uint64_t addr, uint32_t data);
void irq_msg_gate(struct irq_msg *msg, bool open);
/* Whether it was sent and waits for the gate. Any thread. */
bool irq_msg_pending(struct irq_msg *msg);
/* Forgets that. The gate is closed. */
void irq_msg_forget(struct irq_msg *msg);
struct irq_count irq_msg_count(const struct irq_msg *msg);
/* Its GSI in KVM's routing table; fixed. */
unsigned irq_msg_gsi(const struct irq_msg *msg);

#endif
