/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything KVM holds of one vCPU, as it was right after creation (vcpu.c), for reset.c. */
#ifndef HV_ARCH_X86_POWER_ON_H
#define HV_ARCH_X86_POWER_ON_H

#include <linux/kvm.h>
#include <stdbool.h>

struct arch_vm;

struct x86_power_on {
	int vcpu;		   /* whose it is */
	bool complete;		   /* all of it was read */
	struct x86_power_on *next; /* of arch_vm.kept */
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

/* Loop thread, both. Takes that of vCPU @vcpu out of arch_vm.kept; NULL: it was never there. */
struct x86_power_on *x86_power_on_take(struct arch_vm *a, int vcpu);
void x86_power_on_free(struct x86_power_on *p);

#endif
