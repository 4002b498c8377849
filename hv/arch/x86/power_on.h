/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything KVM holds of one vCPU, as it was right after creation (vcpu.c), for reset.c. */
#ifndef HV_ARCH_X86_POWER_ON_H
#define HV_ARCH_X86_POWER_ON_H

#include <linux/kvm.h>
#include <stdbool.h>

struct x86_power_on {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct kvm_lapic_state lapic;
	bool has_debugregs, has_xcrs;
	struct kvm_xsave *xsave;
	struct kvm_msrs *msrs;
	struct kvm_nested_state *nested; /* NULL: the guest has no nesting */
};

#endif
