/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /dev/kvm: opening it, and one table of the capabilities that matter.
 *
 * The table (kvm_cap_rows) is what the machine requires, what `vitrine check` prints, and
 * what says what is lost without each.
 */
#ifndef HV_KVM_H
#define HV_KVM_H

#include <stdbool.h>
#include <stddef.h>

#include "hv/error.h"

enum kvm_cap_id {
	KVMCAP_USER_MEMORY,
	KVMCAP_IRQCHIP,
	KVMCAP_PIT2,
	KVMCAP_GUEST_DEBUG,
	KVMCAP_GUEST_DEBUG2, /* value: flags that KVM_SET_GUEST_DEBUG takes */
	KVMCAP_IMMEDIATE_EXIT,
	KVMCAP_EXIT_ON_EMULATION_FAILURE,
	KVMCAP_SYNC_REGS, /* value: KVM_SYNC_X86_… */
	KVMCAP_MP_STATE,
	KVMCAP_VCPU_EVENTS,
	KVMCAP_DEBUGREGS,
	KVMCAP_XSAVE,
	KVMCAP_XSAVE2, /* value: bytes of the XSAVE area */
	KVMCAP_XCRS,
	KVMCAP_ADJUST_CLOCK,
	KVMCAP_KVMCLOCK_CTRL,
	KVMCAP_TSC_CONTROL_ATTR, /* KVM_VCPU_TSC_CTRL */
	KVMCAP_COALESCED_MMIO,	 /* value: page offset of the ring */
	KVMCAP_COALESCED_PIO,
	KVMCAP_NR_MEMSLOTS, /* value */
	KVMCAP_NR_VCPUS,    /* value: recommended */
	KVMCAP_MAX_VCPUS,   /* value */
	KVMCAP_TRIPLE_FAULT_EVENT,
	KVMCAP_USER_SPACE_MSR,
	KVMCAP_MSR_FILTER,
	KVMCAP_SIGNAL_MSI,
	KVMCAP_IRQ_ROUTING, /* value: entries of the table */
	KVMCAP_IRQFD,
	KVMCAP_IRQ_INJECT_STATUS,
	KVMCAP_IOEVENTFD,
	KVMCAP_IOEVENTFD_ANY_LENGTH,
	KVMCAP_BINARY_STATS_FD,
	KVMCAP_COUNT,
};

struct kvm_cap_row {
	const char *name;    /* "KVM_CAP_IRQCHIP" */
	int cap;	     /* its number in linux/kvm.h */
	bool required;	     /* no guest runs without it */
	const char *without; /* what is lost without it, for a person */
};
extern const struct kvm_cap_row kvm_cap_rows[KVMCAP_COUNT];

struct kvm_caps {
	int value[KVMCAP_COUNT]; /* KVM_CHECK_EXTENSION's answer; 0: missing */
	size_t run_size;	 /* KVM_GET_VCPU_MMAP_SIZE */
};

/*
 * Opens /dev/kvm, checks the API version and the required capabilities, and fills
 * @caps. Returns the descriptor or negative errno with a sentence that says what to do (no such
 * device: load the module or enable virtualisation; no permission: the group).
 */
int kvm_open(struct kvm_caps *caps, struct error *err);

#endif
