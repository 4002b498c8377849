// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The guest's MOV to and from its debug registers, done by us.
 *
 * While some debug registers are ours, DR7.GD makes each such MOV exit, so that what the
 * guest wants is merged at once with what we have (debug.c). KVM keeps the guest's own
 * values apart all the time: this reads and writes those.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <string.h>

#include "hv/vcpu.h"

#define DR6_WRITABLE 0x0001e00full /* B0-3, BD, BS, BT and RTM */
#define DR7_WRITABLE 0xffff2bffull /* all but the fixed bit 10 and the reserved 12, 14, 15 */

/* Prefixes that change nothing here; LOCK makes it undefined, so that it never comes. */
static bool is_prefix(uint8_t b)
{
	static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64,
					    0x65, 0x66, 0x67, 0xf2, 0xf3 };

	return memchr(prefixes, b, sizeof(prefixes)) != NULL;
}

bool x86_mov_dr_decode(const uint8_t *bytes, size_t count, int bits, struct x86_mov_dr *out)
{
	size_t i = 0;
	uint8_t rex = 0;

	while (i < count && is_prefix(bytes[i]))
		i++;
	if (bits == 64 && i < count && (bytes[i] & 0xf0) == 0x40)
		rex = bytes[i++];
	/* 0F 21 /r: from, 0F 23 /r: to. MOD is ignored (SDM volume 2, MOV - debug registers). */
	if (count < i + 3 || bytes[i] != 0x0f || (bytes[i + 1] & 0xfd) != 0x21)
		return false;
	out->to_dr = bytes[i + 1] == 0x23;
	out->dr = (bytes[i + 2] >> 3 & 7) | (rex & 4 ? 8 : 0);
	out->gpr = (bytes[i + 2] & 7) | (rex & 1 ? 8 : 0);
	out->len = (uint8_t)(i + 3);
	return out->dr < 8;
}

/* In the processor's order of numbers, which is not that of struct kvm_regs. */
static const uint16_t gpr_offset[16] = {
	offsetof(struct kvm_regs, rax), offsetof(struct kvm_regs, rcx),
	offsetof(struct kvm_regs, rdx), offsetof(struct kvm_regs, rbx),
	offsetof(struct kvm_regs, rsp), offsetof(struct kvm_regs, rbp),
	offsetof(struct kvm_regs, rsi), offsetof(struct kvm_regs, rdi),
	offsetof(struct kvm_regs, r8),	offsetof(struct kvm_regs, r9),
	offsetof(struct kvm_regs, r10), offsetof(struct kvm_regs, r11),
	offsetof(struct kvm_regs, r12), offsetof(struct kvm_regs, r13),
	offsetof(struct kvm_regs, r14), offsetof(struct kvm_regs, r15),
};

__u64 *x86_gpr(struct kvm_regs *r, unsigned n)
{
	return (__u64 *)((uint8_t *)r + gpr_offset[n & 15]);
}

/* DR4 and DR5 are DR6 and DR7 unless CR4.DE (SDM volume 3, 17.2.2). */
static int effective_dr(const struct kvm_sregs *s, unsigned dr)
{
	if (dr != 4 && dr != 5)
		return (int)dr;
	return (s->cr4 & CR4_DE) ? -EINVAL : (int)dr + 2;
}

static int write_dr(struct kvm_debugregs *d, int dr, uint64_t value)
{
	if (dr < 4) {
		d->db[dr] = value;
		return 0;
	}
	if (value >> 32)
		return -EINVAL;
	if (dr == 6)
		d->dr6 = (value & DR6_WRITABLE) | 0xfffe0ff0u;
	else
		d->dr7 = (value & DR7_WRITABLE) | DR7_FIXED_1;
	return 0;
}

static uint64_t read_dr(const struct kvm_debugregs *d, int dr)
{
	return dr < 4 ? d->db[dr] : dr == 6 ? d->dr6 : d->dr7;
}

int x86_mov_dr_execute(struct vcpu *v, const struct x86_mov_dr *insn)
{
	struct kvm_regs *regs = &v->arch.regs;
	struct kvm_debugregs *d = &v->arch.debugregs;
	bool wide;
	int dr, ret;

	ret = x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS | X86_SET_DEBUG);
	if (ret < 0)
		return ret;
	dr = effective_dr(&v->arch.sregs, insn->dr);
	if (dr < 0)
		return dr;
	wide = arch_code_bits(v) == 64;
	if (insn->to_dr) {
		uint64_t value = *x86_gpr(regs, insn->gpr);

		ret = write_dr(d, dr, wide ? value : (uint32_t)value);
		if (ret < 0)
			return ret;
		v->arch.dirty |= X86_SET_DEBUG;
	} else {
		uint64_t value = read_dr(d, dr);

		*x86_gpr(regs, insn->gpr) = wide ? value : (uint32_t)value;
	}
	regs->rip += insn->len;
	regs->rflags &= ~(uint64_t)RFLAGS_RF;
	v->arch.dirty |= X86_SET_REGS;
	return 0;
}
