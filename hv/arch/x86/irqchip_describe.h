/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVM's interrupt controllers and timer in words. Nothing here asks KVM: the state comes from
 * controllers.c, or from a test. Each adds lines to @out.
 */
#ifndef HV_ARCH_X86_IRQCHIP_DESCRIBE_H
#define HV_ARCH_X86_IRQCHIP_DESCRIBE_H

#include <linux/kvm.h>
#include <stdint.h>

#include "hv/strbuf.h"

/* What a local APIC is besides its page. */
struct x86_lapic {
	struct kvm_lapic_state page;
	uint64_t base;	   /* IA32_APIC_BASE (SDM volume 3, 11.4.4) */
	uint64_t deadline; /* IA32_TSC_DEADLINE; 0: not armed */
};
void x86_lapic_describe(const struct x86_lapic *l, struct strbuf *out);
void x86_ioapic_describe(const struct kvm_ioapic_state *io, struct strbuf *out);
/* Master and slave. */
void x86_pic_describe(const struct kvm_pic_state pic[2], struct strbuf *out);
void x86_pit_describe(const struct kvm_pit_state2 *pit, struct strbuf *out);

/* In a line: what input @pin does with an interrupt. */
void x86_ioapic_pin_describe(const struct kvm_ioapic_state *io, unsigned pin, struct strbuf *out);
void x86_pic_pin_describe(const struct kvm_pic_state *pic, unsigned pin, struct strbuf *out);

/* "vector 0x41", "NMI", "ExtINT": a delivery mode with its vector (SDM volume 3, 11.5.1, 11.6.1).
 */
void x86_delivery_describe(unsigned mode, unsigned vector, struct strbuf *out);

#endif
