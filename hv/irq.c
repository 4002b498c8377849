// SPDX-License-Identifier: GPL-3.0-or-later
/* Interrupt lines into the in-kernel irqchip: see irq.h. */
#include "hv/irq.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "hv/machine.h"
#include "hv/trace.h"

void irq_set(struct machine *m, int gsi, bool level)
{
	struct kvm_irq_level line = { .irq = (uint32_t)gsi, .level = level };

	if (gsi < 0)
		return;
	trace(TRACE_DEVICE, "irq %d %s", gsi, level ? "up" : "down");
	/* A GSI that no controller has is a wire to nowhere: the failure changes nothing. */
	if (m->vm_fd >= 0 && ioctl(m->vm_fd, KVM_IRQ_LINE, &line) < 0)
		trace(TRACE_DEVICE, "irq %d: KVM_IRQ_LINE: %m", gsi);
}

void irq_msi(struct machine *m, uint64_t addr, uint32_t data)
{
	struct kvm_msi msi = { .address_lo = (uint32_t)addr,
			       .address_hi = (uint32_t)(addr >> 32),
			       .data = data };

	trace(TRACE_DEVICE, "msi 0x%llx 0x%x", (unsigned long long)addr, data);
	if (m->vm_fd >= 0 && ioctl(m->vm_fd, KVM_SIGNAL_MSI, &msi) < 0)
		trace(TRACE_DEVICE, "msi 0x%llx: KVM_SIGNAL_MSI: %m", (unsigned long long)addr);
}
