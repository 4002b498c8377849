/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the fake KVM share: its processor. */
#ifndef TESTS_UNIT_HV_FAKE_INTERNAL_H
#define TESTS_UNIT_HV_FAKE_INTERNAL_H

#include "fake_kvm.h"
#include "hv/arch/arch.h"

/* One toy processor; its vCPU's thread only. */
struct toy_cpu {
	struct vcpu *v;
	uint64_t pc;
	struct arch_debug dbg;
	struct arch_debug_event ev;
	unsigned completing; /* length of the instruction that an MMIO exit left unfinished; 0: none
			      */
	bool loading, loaded; /* a load from denied RAM is under way; it gave `value` */
	uint64_t value;
	bool io_moved;	/* it was finished without the step's trap */
	bool skip_hard; /* as x86's RF: the instruction at pc was reported, or just injected */
};
extern struct toy_cpu toy_cpus[MACHINE_MAX_VCPUS];
/* Interprets until there is an exit: KVM_RUN. */
int toy_run(struct toy_cpu *c);
bool toy_to_gpa(uint64_t gva, uint64_t *gpa);
/* The address in the instruction at @gpa. */
uint32_t toy_operand(struct toy_cpu *c, uint64_t gpa);
void toy_forget_slots(void);

#endif
