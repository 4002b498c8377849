// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Interrupt lines of the fake KVM, as the in-kernel I/O APIC takes edges: a line that is up already
 * is no edge; and one of line 8, when its status is asked for, is dropped before the EOI of the
 * last one (rtc_irq_check_coalesced() in Linux's arch/x86/kvm/ioapic.c).
 */
#include <linux/kvm.h>

#include "fake_internal.h"
#include "fake_kvm.h"

#define CLOCK 8

unsigned toy_edges[ARCH_IRQ_LINES];
static bool up[ARCH_IRQ_LINES], in_service[ARCH_IRQ_LINES];

int toy_set_line(struct kvm_irq_level *line, bool tells)
{
	uint32_t gsi = line->irq;
	bool delivered = false;

	if (gsi >= ARCH_IRQ_LINES)
		return -1;
	if (!line->level) {
		up[gsi] = false;
	} else if (!(tells && gsi == CLOCK && in_service[gsi])) {
		delivered = !up[gsi];
		up[gsi] = true;
	}
	if (delivered) {
		toy_edges[gsi]++;
		in_service[gsi] = true;
	}
	if (tells)
		line->status = delivered;
	return 0;
}

void toy_eoi(int gsi)
{
	in_service[gsi] = false;
}
