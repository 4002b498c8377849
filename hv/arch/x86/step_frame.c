// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A step that went into a handler that nobody foresaw: its instruction raised an exception, and the
 * guest was stopped in the handler, or before it came back; or an interrupt came, and the step
 * ended in its handler. The flags that the processor has put on the handler's stack have our trap
 * flag, which IRET would bring back when nobody waits for it any more, or would be taken for the
 * guest's.
 *
 * Where that frame lies is not known for certain, so it is looked for where it can be, and
 * recognised by all that it must contain.
 */
#include "hv/arch/x86/x86.h"

#include "hv/machine.h"
#include "hv/vcpu.h"

/* 64-bit TSS (SDM volume 3, 7.7): RSP0, and IST1 to IST7. */
#define TSS_RSP0  4
#define TSS_IST1  36
#define IST_COUNT 7

#define MAX_INSN 15

/* The parts of a frame, in slots from its IP on; the last two are in 64-bit mode only. */
enum { FRAME_IP, FRAME_CS, FRAME_FLAGS, FRAME_SP, FRAME_SS, FRAME_SLOTS };

static bool read_linear(struct vcpu *v, uint64_t addr, unsigned size, uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < size; i++) {
		struct arch_translation t;
		uint8_t byte;

		if (arch_translate(v, addr + i, &t) < 0 ||
		    memory_read(v->m->ram, t.gpa, &byte, 1) != 1)
			return false;
		*value |= (uint64_t)byte << (i * 8);
	}
	return true;
}

static void clear_tf(struct vcpu *v, uint64_t flags_addr)
{
	struct arch_translation t;
	uint8_t byte;

	if (arch_translate(v, flags_addr + 1, &t) < 0 ||
	    memory_read(v->m->ram, t.gpa, &byte, 1) != 1)
		return;
	byte &= (uint8_t) ~(RFLAGS_TF >> 8);
	memory_write(v->m->ram, t.gpa, &byte, 1);
}

/* Whether the step's frame has its IP at @addr; if so, takes our flag out of it. */
static bool mend_at(struct vcpu *v, uint64_t addr, unsigned slot)
{
	const struct kvm_regs *from = &v->arch.step_from;
	unsigned slots = slot == 8 ? FRAME_SLOTS : FRAME_SP;
	uint64_t f[FRAME_SLOTS] = { 0 };

	for (unsigned i = 0; i < slots; i++)
		if (!read_linear(v, addr + (uint64_t)i * slot, slot, &f[i]))
			return false;
	if (!(f[FRAME_FLAGS] & RFLAGS_TF))
		return false;
	/* Behind the instruction when it was HLT. */
	if (slot == 8 ? f[FRAME_SP] != from->rsp || f[FRAME_IP] - from->rip > MAX_INSN
		      : f[FRAME_IP] != from->rip)
		return false;
	clear_tf(v, addr + FRAME_FLAGS * (uint64_t)slot);
	return true;
}

/* The tops of stacks that the processor changes to. */
static bool mend_below_tss(struct vcpu *v)
{
	const struct kvm_sregs *s = &v->arch.sregs;
	uint64_t top;

	if (read_linear(v, s->tr.base + TSS_RSP0, 8, &top) &&
	    mend_at(v, (top & ~15ull) - FRAME_SLOTS * 8ull, 8))
		return true;
	for (unsigned i = 0; i < IST_COUNT; i++)
		if (read_linear(v, s->tr.base + TSS_IST1 + 8ull * i, 8, &top) && top &&
		    mend_at(v, (top & ~15ull) - FRAME_SLOTS * 8ull, 8))
			return true;
	return false;
}

void x86_step_mend_frame(struct vcpu *v)
{
	unsigned slot;
	uint64_t sp, from;

	if (v->arch.guest_tf || x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0 ||
	    v->arch.regs.rip == v->arch.step_from.rip)
		return;
	slot = (unsigned)x86_gate_bits(&v->arch.sregs) / 8;
	sp = v->arch.regs.rsp;
	from = v->arch.step_from.rsp;
	/* At the handler, without and with an error code; then below where the stack was. */
	if (mend_at(v, sp, slot) || mend_at(v, sp + slot, slot))
		return;
	if (slot == 8)
		(void)(mend_at(v, (from & ~15ull) - FRAME_SLOTS * 8ull, 8) || mend_below_tss(v));
	else
		mend_at(v, from - FRAME_SP * (uint64_t)slot, slot);
}

void x86_step_abandon(struct vcpu *v)
{
	if (v->arch.step.open)
		x86_step_mend_frame(v);
	v->arch.step.open = false;
}
