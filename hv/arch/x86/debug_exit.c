// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a debug exit was, and giving the guest back what is its own: #DB and #BP by injection
 * (SDM volume 3, 17.2 and 6.15). What a vCPU is debugged with is in debug.c.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

#define INSN_MAX     15
#define STEP_RETRIES 16 /* more pages than one instruction can touch, tables included */

/* ---- exits ---- */

/* KVM has a say in what comes of them: the copy is read again. */
static int put_events(struct vcpu *v)
{
	v->arch.valid &= ~(uint32_t)X86_SET_EVENTS;
	return ioctl(v->fd, KVM_SET_VCPU_EVENTS, &v->arch.events) < 0 ? -errno : 0;
}

static int inject_exception(struct vcpu *v, uint8_t vector, bool error_code)
{
	struct kvm_vcpu_events *events = &v->arch.events;
	int ret = x86_regs_load(v, X86_SET_EVENTS);

	if (ret < 0)
		return ret;
	events->exception.injected = 1;
	events->exception.pending = 0;
	events->exception.nr = vector;
	events->exception.has_error_code = error_code;
	events->exception.error_code = 0;
	events->exception_has_payload = 0;
	return put_events(v);
}

/* Takes back an exception that KVM has queued and not delivered. */
static void cancel_exception(struct vcpu *v, uint8_t vector)
{
	struct kvm_vcpu_events *events = &v->arch.events;

	if (x86_regs_load(v, X86_SET_EVENTS) < 0 || events->exception.nr != vector ||
	    !(events->exception.injected || events->exception.pending))
		return;
	events->exception.injected = 0;
	events->exception.pending = 0;
	put_events(v);
}

/*
 * GD: the guest is about to move to or from a debug register. The event is empty, for the caller
 * to enter again, unless the guest itself had set GD, or a step is done by it.
 */
static void on_mov_dr(struct vcpu *v, struct arch_debug_event *ev)
{
	uint8_t bytes[INSN_MAX];
	struct x86_mov_dr insn;
	size_t n = x86_code_bytes(v, bytes, sizeof(bytes));
	int ret;

	if (x86_load_debugregs(v) == 0 && (v->arch.debugregs.dr7 & DR7_GD)) {
		ev->arch = DR6_BD;
		return;
	}
	if (!x86_mov_dr_decode(bytes, n, arch_code_bits(v), &insn)) {
		ev->kind = ARCH_DEBUG_NONE;
		return;
	}
	ret = x86_mov_dr_execute(v, &insn);
	if (ret == -EINVAL) {
		inject_exception(v, GP_VECTOR, true);
		return;
	}
	ev->pc = arch_pc(v);
	ev->step = v->arch.guest_debug.control & KVM_GUESTDBG_SINGLESTEP;
}

/* Since the last entry; RF goes with the attempt. */
static bool nothing_changed(struct vcpu *v)
{
	struct kvm_regs now, before = v->arch.step_from;

	if (x86_regs_load(v, X86_SET_REGS) < 0)
		return false;
	now = v->arch.regs;
	now.rflags &= ~(uint64_t)RFLAGS_RF;
	before.rflags &= ~(uint64_t)RFLAGS_RF;
	return memcmp(&now, &before, sizeof(now)) == 0;
}

/*
 * A step that was reported and did not happen. A processor that leaves the guest in the middle of
 * a stepped instruction, for nested paging or to have it emulated, can keep the step's trap pending
 * and deliver it before the next one (seen on an emulated VT-x). Nothing has changed then, and the
 * step is tried again. An instruction that really changes nothing, like a jump to itself, is not
 * hurt by being executed a few times more.
 */
static bool step_was_empty(struct vcpu *v)
{
	if (v->arch.step_retries >= STEP_RETRIES || !nothing_changed(v))
		return false;
	v->arch.step_retries++;
	v->arch.saw_early_trap = true;
	return true;
}

/*
 * Whether all that was hit comes with what the instruction has done: a breakpoint on the
 * instruction itself comes before it.
 */
static bool hits_are_traps(const struct vcpu *v, const struct arch_debug_event *ev)
{
	const struct kvm_debug_exit_arch *exit = &v->run->debug.arch;

	return (!ev->hw_hits && !ev->arch) || !x86_dr6_is_fault(exit->dr6 & DR6_TRAPS, exit->dr7);
}

/* The same after the last step: such a trap must not reach the guest. */
static bool trap_is_stale(struct vcpu *v)
{
	if (!v->arch.trap_guard || !nothing_changed(v) || (v->arch.regs.rflags & RFLAGS_TF))
		return false;
	v->arch.trap_guard = false;
	v->arch.guest_debug_known = false;
	return true;
}

static void on_single_step(struct vcpu *v, struct arch_debug_event *ev)
{
	if (!(v->arch.guest_debug.control & KVM_GUESTDBG_SINGLESTEP)) {
		if (!trap_is_stale(v))
			ev->arch |= DR6_BS;
		return;
	}
	/* An access that was seen and not made, because KVM had to map the page, is seen again. */
	if (hits_are_traps(v, ev) && step_was_empty(v)) {
		ev->hw_hits = 0;
		ev->arch = 0;
		return;
	}
	ev->step = true;
	v->arch.step_retries = 0;
	if (x86_step_guest_traps(v))
		ev->arch |= DR6_BS;
	x86_step_done(v);
}

/*
 * x86_emulate_instruction() of KVM looks at a step only when it has not to leave for user space, so
 * an emulated OUT or a store to MMIO ends without its trap, and that would come an instruction
 * late.
 */
bool arch_debug_io_step(struct vcpu *v)
{
	struct arch_debug_event guest = { .kind = ARCH_DEBUG_HARD };

	if (!(v->arch.guest_debug.control & KVM_GUESTDBG_SINGLESTEP) || nothing_changed(v))
		return false;
	v->arch.step_retries = 0;
	if (x86_step_guest_traps(v))
		guest.arch = DR6_BS;
	x86_step_done(v);
	arch_debug_inject(v, &guest);
	return true;
}

static void on_db(struct vcpu *v, struct arch_debug_event *ev)
{
	bool hw = v->arch.guest_debug.control & KVM_GUESTDBG_USE_HW_BP;
	uint64_t dr6 = v->run->debug.arch.dr6;

	ev->kind = ARCH_DEBUG_HARD;
	ev->pc = v->run->debug.arch.pc;
	if ((dr6 & DR6_BD) && hw) {
		on_mov_dr(v, ev);
		return;
	}
	/* Not merged, the guest changes its registers unseen. */
	if (!hw && (dr6 & DR6_TRAPS) && x86_load_debugregs(v) == 0)
		x86_dr_guest_only(&v->arch.debugregs, v->arch.dr_slot);
	x86_dr6_split(dr6, v->arch.dr_slot, &ev->hw_hits, &ev->arch);
	if (ev->hw_hits & 1u << X86_STEP_TARGET) {
		ev->hw_hits &= ~(1u << X86_STEP_TARGET);
		ev->step = true;
		v->arch.step_retries = 0;
		x86_step_done(v);
	} else if (dr6 & DR6_BS) {
		on_single_step(v, ev);
	}
}

/*
 * A KVM whose emulator runs the guest's kernel mode (facts of kvm-pvm) reports an int3 as an
 * instruction that it cannot emulate, with pc at it and nothing changed.
 */
static void on_emulation_failure(struct vcpu *v, struct arch_debug_event *ev)
{
	uint8_t byte;

	if (v->run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return;
	/* KVM may have queued #UD before it gave up; whoever goes on from here deals with the
	 * instruction. */
	cancel_exception(v, UD_VECTOR);
	if (x86_code_bytes(v, &byte, 1) != 1 || byte != arch_bp_insn[0])
		return;
	ev->kind = ARCH_DEBUG_SOFT;
	ev->pc = arch_pc(v);
}

void arch_debug_exit(struct vcpu *v, struct arch_debug_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	v->arch.bp_injected = false;
	if (v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
		on_emulation_failure(v, ev);
		return;
	}
	if (v->run->exit_reason != KVM_EXIT_DEBUG)
		return;
	if (v->run->debug.arch.exception == BP_VECTOR) {
		ev->kind = ARCH_DEBUG_SOFT;
		ev->pc = v->run->debug.arch.pc;
		return;
	}
	on_db(v, ev);
	/* Ours and the guest's at one time: the caller will stop for ours, the guest gets its own
	 * when it goes on. */
	if ((ev->step || ev->hw_hits) && ev->arch) {
		arch_debug_inject(v, ev);
		ev->arch = 0;
	}
}

/* ---- injection ---- */

/*
 * #BP is a trap: the handler must see pc behind the int3. KVM reports pc at it, and
 * on hardware adds the instruction's length when it injects a software exception; where
 * the probe saw that it does not, that is done here.
 */
static int inject_bp(struct vcpu *v)
{
	if (v->m->arch->bp_inject_adds_len)
		return inject_exception(v, BP_VECTOR, false);
	if (x86_regs_load(v, X86_SET_REGS) < 0)
		return -EIO;
	v->arch.regs.rip += arch_bp_insn_len;
	v->arch.dirty |= X86_SET_REGS;
	v->arch.bp_injected = true;
	v->arch.bp_regs = v->arch.regs;
	return inject_exception(v, BP_VECTOR, false);
}

/*
 * A processor that finds no handler for #BP shuts down with pc at the int3. When we had moved it
 * behind the int3, and the guest has executed nothing since, that is mended here.
 */
void arch_triple_fault(struct vcpu *v, char *text, size_t size)
{
	const struct kvm_sregs *s = &v->arch.sregs;

	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0) {
		snprintf(text, size, "triple fault");
		return;
	}
	if (v->arch.bp_injected && !memcmp(&v->arch.regs, &v->arch.bp_regs, sizeof(v->arch.regs))) {
		v->arch.regs.rip -= arch_bp_insn_len;
		v->arch.dirty |= X86_SET_REGS;
	}
	v->arch.bp_injected = false;
	snprintf(text, size, "triple fault: cr2 0x%llx, IDT at 0x%llx of %u bytes",
		 (unsigned long long)s->cr2, (unsigned long long)s->idt.base,
		 s->idt.limit ? s->idt.limit + 1u : 0u);
}

/* #DB with DR6 as the processor would have left it, and DR7.GD cleared by it (SDM 17.2.4). */
static int inject_db(struct vcpu *v, uint64_t payload)
{
	struct kvm_debugregs *d = &v->arch.debugregs;

	if (x86_regs_load(v, X86_SET_REGS) < 0 || x86_load_debugregs(v) < 0)
		return -EIO;
	if (x86_dr6_is_fault(payload, d->dr7)) {
		v->arch.regs.rflags |= RFLAGS_RF;
		v->arch.dirty |= X86_SET_REGS;
	}
	d->dr6 = x86_dr6_deliver(d->dr6, payload);
	d->dr7 &= ~(uint64_t)DR7_GD;
	if (v->m->caps->value[KVMCAP_DEBUGREGS])
		v->arch.dirty |= X86_SET_DEBUG;
	return inject_exception(v, DB_VECTOR, false);
}

int arch_debug_inject(struct vcpu *v, const struct arch_debug_event *ev)
{
	if (ev->kind == ARCH_DEBUG_SOFT)
		return inject_bp(v);
	if (ev->kind == ARCH_DEBUG_HARD && ev->arch)
		return inject_db(v, ev->arch);
	return 0;
}
