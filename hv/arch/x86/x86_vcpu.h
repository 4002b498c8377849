/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The processor's part of struct vcpu: the register cache and what the guest was given. */
#ifndef HV_ARCH_X86_X86_VCPU_H
#define HV_ARCH_X86_X86_VCPU_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * One bit for each KVM structure that holds registers: `valid` says that the copy
 * here is what KVM has (or newer), `dirty` that KVM must get it before the next KVM_RUN.
 */
enum x86_reg_set {
	X86_SET_REGS = 1 << 0,	 /* KVM_GET_REGS */
	X86_SET_SREGS = 1 << 1,	 /* KVM_GET_SREGS */
	X86_SET_XSAVE = 1 << 2,	 /* KVM_GET_XSAVE */
	X86_SET_DEBUG = 1 << 3,	 /* KVM_GET_DEBUGREGS */
	X86_SET_XCRS = 1 << 4,	 /* KVM_GET_XCRS */
	X86_SET_EVENTS = 1 << 5, /* KVM_GET_VCPU_EVENTS */
};

/* Register features that not every processor has. */
enum x86_feat {
	X86_FEAT_AVX = 1 << 0,
	X86_FEAT_AVX512 = 1 << 1,
	X86_FEAT_PKU = 1 << 2,
	X86_FEAT_XSAVE = 1 << 3,
};

#define X86_DR_COUNT 4

/* Whose a debug register is while ours and the guest's are merged (debug.c). */
enum x86_dr_owner {
	X86_DR_FREE,
	X86_DR_OURS,
	X86_DR_GUEST,
};
struct x86_dr_slot {
	uint8_t owner; /* enum x86_dr_owner */
	uint8_t index; /* ours: of struct arch_debug.hw; the guest's: of its DR0-3 */
};

/* Instructions that copy or load the flags, and so the trap flag of a step (step.c). */
enum x86_step_kind {
	X86_STEP_PLAIN,
	X86_STEP_PUSHF,
	X86_STEP_POPF,
	X86_STEP_IRET,
	X86_STEP_SYSRET,
	X86_STEP_INT, /* through a gate of the IDT: INT n, or an exception that we inject */
	X86_STEP_SYSCALL,
};
struct x86_step_insn {
	enum x86_step_kind kind;
	unsigned opsize; /* bytes of its stack slots */
	uint8_t vector;	 /* through whose gate it goes */
	uint8_t shadow;	 /* length of a load of SS or an STI in front of it; 0: none */
	uint8_t end;	 /* X86_STEP_PUSHF, X86_STEP_SYSCALL: where it ends */
};
struct x86_step {
	bool open; /* it was prepared and has not ended */
	struct x86_step_insn insn;
	uint64_t start;	    /* linear pc */
	bool event;	    /* KVM delivers an event instead of executing it */
	bool loads_tf;	    /* the flags that it loads have TF */
	unsigned flags_off; /* where the flags are on the handler's stack */
	uint64_t target;    /* linear address of the handler that ends the step; 0: TF does */
	uint64_t fmask;	    /* the guest's, for X86_STEP_SYSCALL */
	bool fmask_changed, r11_changed;
};

struct x86_power_on;
struct arch_debug;

/* This vCPU's thread only. */
struct arch_vcpu {
	uint32_t valid, dirty;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xsave *xsave; /* arch_vm.xsave_size bytes */
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
	struct kvm_vcpu_events events;
	uint32_t features; /* enum x86_feat: which the CPUID gives; fixed after creation */
	uint8_t maxphyaddr;
	bool can_nest; /* it has VMX or SVM: what it runs may be a guest of its own */

	struct x86_power_on *power_on; /* what arch_vcpu_reset() puts back */

	/* What KVM_SET_GUEST_DEBUG was told last (control 0: nothing), and for what. */
	struct kvm_guest_debug guest_debug;
	bool guest_debug_known; /* false: the guest's own registers changed, merge again */
	struct arch_debug *wanted;
	struct x86_dr_slot dr_slot[X86_DR_COUNT];
	bool guest_tf; /* the guest's own trap flag, which KVM hides during our step */
	struct x86_step step;
	struct kvm_regs step_from; /* the registers before the step that is under way */
	unsigned step_retries;
	bool saw_early_trap; /* see step_was_empty() in debug.c */
	/* The last step's trap may still come: with the entry that is next, or that was. */
	bool trap_guard, trap_guard_entered;

	/* The next entry delivers a #BP of ours, for the int3 at this pc (debug.c). */
	bool bp_injected;
	struct kvm_regs bp_regs; /* as they are while it is being delivered */

	/* While time stands still (clock.c). */
	bool tsc_held;
	uint64_t tsc;	       /* the guest's, when there is no KVM_VCPU_TSC_OFFSET */
	uint64_t tsc_deadline; /* MSR; 0: not armed */
};

#endif
