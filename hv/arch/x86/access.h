/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an instruction accesses: what access.c and access_operand.c share. */
#ifndef HV_ARCH_X86_ACCESS_H
#define HV_ARCH_X86_ACCESS_H

#include <capstone/capstone.h>

#include "hv/arch/x86/x86.h"

#define X86_ACCESS_READ	 1u
#define X86_ACCESS_WRITE 2u

/* Fills in all but what the vCPU's state says: @insn has its details, the registers are loaded. */
void x86_access_operands(struct vcpu *v, struct arch_accesses *a, const cs_insn *insn);
/* One more: @how is of X86_ACCESS_…. */
void x86_access_add(struct arch_accesses *a, uint64_t addr, uint64_t len, uint8_t how);
/* The linear address of @offset in a segment of the vCPU's arch.sregs. */
uint64_t x86_linear(struct vcpu *v, const struct kvm_segment *seg, uint64_t offset);

#endif
