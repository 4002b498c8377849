// SPDX-License-Identifier: GPL-3.0-or-later
/* One sample of a vCPU, on its own thread and out of KVM_RUN: see profile.h. */
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/profile.h"
#include "hv/vcpu.h"

/* A kernel's stack has at most 16 KiB in Linux; interrupts have another. */
#define STACK_MAX 16384u

/* The two words at @addr; little endian, as both are. */
static bool read_frame(struct vcpu *v, uint64_t addr, size_t word, uint64_t *fp, uint64_t *ret)
{
	uint8_t both[16];

	*fp = *ret = 0;
	if (vcpu_mem_read(v, addr, both, 2 * word) != (ssize_t)(2 * word))
		return false;
	memcpy(fp, both, word);
	memcpy(ret, both + word, word);
	return true;
}

/* [fp] is the caller's frame pointer, the word above it what is returned to. */
static void follow_frames(struct vcpu *v, size_t word, struct profile_stack *s)
{
	uint64_t fp = 0, sp = 0, next, ret;

	if (arch_reg_read(v, arch_reg_fp(), &fp) || arch_reg_read(v, arch_reg_sp(), &sp))
		return;
	while (s->depth < PROFILE_DEPTH && fp >= sp && fp - sp < STACK_MAX && fp % word == 0) {
		if (!read_frame(v, fp, word, &next, &ret) || !ret)
			return;
		s->frame[s->depth++] = ret;
		sp = fp + word;
		fp = next;
	}
}

void profile_sample(struct vcpu *v, void *unused)
{
	struct profile_stack s = { 0 };
	int bits;

	(void)unused;
	if (strcmp(arch_activity(v), "runnable") != 0) {
		profile_add_idle(v->m);
		return;
	}
	if (!arch_in_user_mode(v)) {
		s.frame[s.depth++] = arch_pc(v);
		bits = arch_code_bits(v);
		if (bits >= 32)
			follow_frames(v, (size_t)bits / 8, &s);
	}
	profile_add(v->m, &s);
}
