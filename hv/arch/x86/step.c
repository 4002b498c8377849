// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Keeping our step out of the guest's sight.
 *
 * KVM steps with the trap flag in the real RFLAGS. An instruction that copies the flags would
 * show it to the guest, and one that loads them tells what the guest's own flag is from then on,
 * which KVM hides: so the few that do are looked for before the step and mended after it.
 *
 * Software interrupts and exceptions that are injected clear the flag on their way into the
 * handler, so that the step would end only after its return: an execution breakpoint on the
 * handler's first instruction ends it there. IRET has one too, on the instruction it returns to: a
 * processor traps there by the flag as it was before, but a KVM that emulates IRET may go by
 * the flags that were loaded (seen on kvm-pvm), and then the step would be two instructions.
 */
#include "hv/arch/x86/x86.h"

#include <string.h>

#include "hv/machine.h"
#include "hv/vcpu.h"

#define TF_BYTE 1 /* of the flags in memory */
#define TF_BIT	1u

#define INSN_BYTES 24 /* a load of SS and what follows it */

/* Guest-physical address of the byte that lies @off above the stack pointer. */
static int stack_byte(struct vcpu *v, unsigned off, uint64_t *gpa)
{
	const struct kvm_sregs *s = &v->arch.sregs;
	struct arch_translation t;
	uint64_t linear = v->arch.regs.rsp + off;
	int ret;

	if (arch_code_bits(v) != 64) {
		linear &= s->ss.db ? 0xffffffffu : 0xffffu;
		linear = (uint32_t)(linear + s->ss.base);
	}
	ret = arch_translate(v, linear, &t);
	*gpa = t.gpa;
	return ret;
}

/* The byte with TF in flags that lie @off above the stack pointer. */
static int flags_byte(struct vcpu *v, unsigned off, uint64_t *gpa)
{
	return stack_byte(v, off + TF_BYTE, gpa);
}

bool x86_stack_value(struct vcpu *v, unsigned off, unsigned size, uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < size; i++) {
		uint64_t gpa;
		uint8_t byte;

		if (stack_byte(v, off + i, &gpa) < 0 || memory_read(v->m->ram, gpa, &byte, 1) != 1)
			return false;
		*value |= (uint64_t)byte << (i * 8);
	}
	return true;
}

static bool image_tf(struct vcpu *v, unsigned off)
{
	uint64_t gpa;
	uint8_t byte;

	return flags_byte(v, off, &gpa) == 0 && memory_read(v->m->ram, gpa, &byte, 1) == 1 &&
	       (byte & TF_BIT);
}

/* Linear address that the IRET at pc returns to; 0 when it cannot be told. */
static uint64_t return_address(struct vcpu *v)
{
	unsigned size = v->arch.step.insn.opsize;
	uint64_t ip, cs;

	if (!x86_stack_value(v, 0, size, &ip) || !x86_stack_value(v, size, 2, &cs))
		return 0;
	return x86_gate_bits(&v->arch.sregs) == 16 ? (ip & 0xffff) + (cs << 4) : ip;
}

/*
 * SYSCALL and SYSRET trap by the trap flag as it is after them: FMASK must let it through, R11
 * must bring it. What was changed for that is put back with x86_step_undo().
 */
static void syscall_keeps_tf(struct vcpu *v)
{
	struct x86_step *s = &v->arch.step;

	if (x86_msr_read(v, MSR_SYSCALL_MASK, &s->fmask) < 0 || !(s->fmask & RFLAGS_TF))
		return;
	s->fmask_changed = x86_msr_write(v, MSR_SYSCALL_MASK, s->fmask & ~(uint64_t)RFLAGS_TF) == 0;
}

static void sysret_brings_tf(struct vcpu *v)
{
	struct x86_step *s = &v->arch.step;

	s->loads_tf = v->arch.regs.r11 & RFLAGS_TF;
	if (s->loads_tf)
		return;
	v->arch.regs.r11 |= RFLAGS_TF;
	v->arch.dirty |= X86_SET_REGS;
	s->r11_changed = true;
}

void x86_step_undo(struct vcpu *v)
{
	struct x86_step *s = &v->arch.step;

	if (s->fmask_changed)
		x86_msr_write(v, MSR_SYSCALL_MASK, s->fmask);
	s->fmask_changed = false;
	if (s->r11_changed && x86_regs_load(v, X86_SET_REGS) == 0) {
		v->arch.regs.r11 &= ~(uint64_t)RFLAGS_TF;
		v->arch.dirty |= X86_SET_REGS;
	}
	s->r11_changed = false;
}

/* The step goes to the handler of s->insn.vector. */
static void through_gate(struct vcpu *v, bool error_code)
{
	struct x86_step *s = &v->arch.step;

	s->insn.kind = X86_STEP_INT;
	s->target = x86_handler(v, s->insn.vector);
	s->insn.opsize = (unsigned)x86_gate_bits(&v->arch.sregs) / 8;
	s->flags_off = (error_code && s->insn.opsize > 2 ? 3 : 2) * s->insn.opsize;
}

/* An exception or interrupt that KVM delivers with the next entry, ours or its own. */
static bool event_waits(struct vcpu *v)
{
	const struct kvm_vcpu_events *e = &v->arch.events;

	if (x86_regs_load(v, X86_SET_EVENTS) < 0)
		return false;
	if (e->exception.injected || e->exception.pending) {
		v->arch.step.insn.vector = e->exception.nr;
		through_gate(v, e->exception.has_error_code);
		return true;
	}
	if (e->interrupt.injected) {
		v->arch.step.insn.vector = e->interrupt.nr;
		through_gate(v, false);
		return true;
	}
	return false;
}

void x86_step_prepare(struct vcpu *v)
{
	struct x86_step *s = &v->arch.step;
	uint8_t bytes[INSN_BYTES];
	size_t n;

	x86_step_abandon(v);
	x86_step_undo(v);
	s->insn = (struct x86_step_insn){ 0 };
	s->target = 0;
	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0)
		return;
	s->open = true;
	s->event = event_waits(v);
	if (s->event)
		return;
	n = x86_code_bytes(v, bytes, sizeof(bytes));
	x86_step_decode(bytes, n, arch_code_bits(v), &s->insn);
	s->start = arch_pc(v);
	s->loads_tf = false;
	switch (s->insn.kind) {
	case X86_STEP_PLAIN:
	case X86_STEP_PUSHF:
		break;
	case X86_STEP_POPF:
		s->loads_tf = image_tf(v, 0);
		break;
	case X86_STEP_IRET:
		s->loads_tf = image_tf(v, 2 * s->insn.opsize);
		s->target = return_address(v);
		break;
	case X86_STEP_SYSRET:
		sysret_brings_tf(v);
		break;
	case X86_STEP_INT:
		through_gate(v, false);
		break;
	case X86_STEP_SYSCALL:
		syscall_keeps_tf(v);
		break;
	}
}

/* Takes our flag out of flags that lie @off above the stack pointer. */
static void clear_image(struct vcpu *v, unsigned off)
{
	uint64_t gpa;
	uint8_t byte;

	if (flags_byte(v, off, &gpa) < 0 || memory_read(v->m->ram, gpa, &byte, 1) != 1 ||
	    !(byte & TF_BIT))
		return;
	byte &= (uint8_t)~TF_BIT;
	memory_write(v->m->ram, gpa, &byte, 1);
}

/* At the first instruction of a handler behind a gate. */
static void entered_handler(struct vcpu *v)
{
	if (!v->arch.guest_tf)
		clear_image(v, v->arch.step.flags_off);
	v->arch.guest_tf = false;
}

/* Behind SYSCALL; R11 has the flags as they were. */
static void entered_kernel(struct vcpu *v)
{
	if (!v->arch.guest_tf) {
		v->arch.regs.r11 &= ~(uint64_t)RFLAGS_TF;
		v->arch.dirty |= X86_SET_REGS;
	}
	if (v->arch.step.fmask & RFLAGS_TF)
		v->arch.guest_tf = false;
}

bool x86_step_guest_traps(const struct vcpu *v)
{
	const struct x86_step *s = &v->arch.step;

	switch (s->insn.kind) {
	case X86_STEP_SYSCALL:
		return v->arch.guest_tf && !(s->fmask & RFLAGS_TF);
	case X86_STEP_SYSRET:
		return s->loads_tf;
	default:
		return v->arch.guest_tf;
	}
}

void x86_step_done(struct vcpu *v)
{
	struct x86_step *s = &v->arch.step;

	s->open = false;
	x86_step_undo(v);
	if (v->m->step_irq)
		x86_step_mend_frame(v);
	if (s->insn.kind == X86_STEP_PLAIN || x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0)
		return;
	/* The trap was not held back: the instruction that was looked at is the next one. */
	if (s->insn.shadow && arch_pc(v) == s->start + s->insn.shadow)
		return;
	switch (s->insn.kind) {
	case X86_STEP_PLAIN:
		break;
	case X86_STEP_POPF:
	case X86_STEP_IRET:
	case X86_STEP_SYSRET:
		v->arch.guest_tf = s->loads_tf;
		break;
	case X86_STEP_PUSHF:
		/* Nothing was pushed when it faulted. */
		if (!v->arch.guest_tf && arch_pc(v) == s->start + s->insn.end)
			clear_image(v, 0);
		break;
	case X86_STEP_INT:
		if (arch_pc(v) == s->target)
			entered_handler(v);
		else
			/* No debug register was left for the target, and KVM's emulator stops
			 * behind the handler's first instruction. */
			x86_step_mend_frame(v);
		break;
	case X86_STEP_SYSCALL:
		/* RCX has the address behind it: the two bytes were executed. */
		if (v->arch.regs.rcx == s->start + s->insn.end)
			entered_kernel(v);
		break;
	}
}
