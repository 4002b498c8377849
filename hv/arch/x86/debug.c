// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Debugging a vCPU with KVM_SET_GUEST_DEBUG (api.rst 4.87), and giving the guest back what is
 * its own.
 *
 * Once any of our debug registers is in use (USE_HW_BP) KVM loads ours instead of the guest's.
 * So the guest's enabled ones are merged into the slots we leave free, and DR7.GD is set:
 * each MOV to a debug register then exits (on VT-x) and is done by mov_dr.c, so that
 * the merge follows the guest. KVM shows the guest its own values all the time. On processors where
 * GD does not make that exit, what the guest changes takes effect at the next merge.
 *
 * A step is SINGLESTEP with BLOCKIRQ, where this KVM has that; without it nothing
 * holds interrupts off, and a step can end in a handler's first instruction.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/trace.h"
#include "hv/vcpu.h"

#define SYNCED (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS)

const uint8_t arch_bp_insn[] = { 0xcc };
const size_t arch_bp_insn_len = sizeof(arch_bp_insn);

static int tell_kvm(struct vcpu *v, const struct kvm_guest_debug *gd)
{
	if (ioctl(v->fd, KVM_SET_GUEST_DEBUG, gd) < 0)
		return -errno;
	v->arch.guest_debug = *gd;
	return 0;
}

int x86_load_debugregs(struct vcpu *v)
{
	/* Without the capability the guest's registers are taken to be unused. */
	if (!v->m->caps->value[KVMCAP_DEBUGREGS]) {
		memset(&v->arch.debugregs, 0, sizeof(v->arch.debugregs));
		return 0;
	}
	return x86_regs_load(v, X86_SET_DEBUG);
}

static uint32_t control_bits(const struct arch_debug *dbg, uint32_t supported, bool hw)
{
	uint32_t control = 0;

	if (dbg->step)
		control |= KVM_GUESTDBG_SINGLESTEP | (dbg->block_irq ? KVM_GUESTDBG_BLOCKIRQ : 0);
	if (dbg->soft)
		control |= KVM_GUESTDBG_USE_SW_BP;
	if (hw)
		control |= KVM_GUESTDBG_USE_HW_BP;
	if (control)
		control |= KVM_GUESTDBG_ENABLE;
	return control & supported;
}

static bool any_hw(const struct arch_debug *dbg)
{
	for (unsigned i = 0; i < ARCH_HW_BP_MAX; i++)
		if (dbg->hw[i].used)
			return true;
	return false;
}

/* The guest's trap flag, which KVM_GET_REGS hides once SINGLESTEP is on. */
static int note_guest_tf(struct vcpu *v, bool step)
{
	int ret;

	if (!step || (v->arch.guest_debug.control & KVM_GUESTDBG_SINGLESTEP))
		return 0;
	ret = x86_regs_load(v, X86_SET_REGS);
	v->arch.guest_tf = !ret && (v->arch.regs.rflags & RFLAGS_TF);
	return ret;
}

/* After our step the guest has its flag again. */
static int restore_guest_tf(struct vcpu *v, uint32_t before)
{
	int ret;

	if (!v->arch.guest_tf || !(before & KVM_GUESTDBG_SINGLESTEP) ||
	    (v->arch.guest_debug.control & KVM_GUESTDBG_SINGLESTEP))
		return 0;
	ret = x86_regs_load(v, X86_SET_REGS);
	if (ret < 0)
		return ret;
	v->arch.regs.rflags |= RFLAGS_TF;
	v->arch.dirty |= X86_SET_REGS;
	v->arch.guest_tf = false;
	return x86_regs_put(v);
}

/* Ours and, when a register is left, one on the handler where a step will end. */
static int merge(struct vcpu *v, const struct arch_debug *dbg, __u64 dr[8],
		 struct x86_dr_slot slot[X86_DR_COUNT])
{
	struct arch_debug with_target = *dbg;

	if (dbg->step && v->arch.step.target) {
		with_target.hw[X86_STEP_TARGET] = (struct arch_hw_bp){
			.used = true,
			.kind = BP_HARD,
			.addr = v->arch.step.target,
			.len = 1,
		};
		if (x86_dr_merge(with_target.hw, &v->arch.debugregs, dr, slot) == 0)
			return 0;
	}
	return x86_dr_merge(dbg->hw, &v->arch.debugregs, dr, slot);
}

static int apply(struct vcpu *v, const struct arch_debug *dbg)
{
	struct kvm_guest_debug gd = { 0 };
	struct x86_dr_slot slot[X86_DR_COUNT];
	uint32_t before = v->arch.guest_debug.control;
	bool hw = any_hw(dbg);
	int ret;

	if (dbg->step) {
		v->arch.trap_guard = false;
	} else {
		x86_step_abandon(v);
		x86_step_undo(v);
	}
	hw |= v->arch.trap_guard || (dbg->step && v->arch.step.target);
	/* KVM takes the place to step from out of its registers: it must have ours. */
	ret = x86_regs_put(v);
	if (!ret)
		ret = note_guest_tf(v, dbg->step);
	if (!ret)
		ret = x86_load_debugregs(v);
	if (ret < 0)
		return ret;
	if (hw)
		ret = merge(v, dbg, gd.arch.debugreg, slot);
	else
		x86_dr_guest_only(&v->arch.debugregs, slot);
	if (ret < 0)
		return ret;
	if (hw)
		gd.arch.debugreg[7] |= DR7_GD;
	gd.control = control_bits(dbg, v->m->arch->guestdbg_flags, hw);
	if ((dbg->step && !(gd.control & KVM_GUESTDBG_SINGLESTEP)) ||
	    (dbg->soft && !(gd.control & KVM_GUESTDBG_USE_SW_BP)) ||
	    (hw && !(gd.control & KVM_GUESTDBG_USE_HW_BP)))
		return -ENOTSUP;
	ret = tell_kvm(v, &gd);
	if (ret < 0)
		return ret;
	memcpy(v->arch.dr_slot, slot, sizeof(slot));
	v->arch.guest_debug_known = true;
	/* KVM_SET_GUEST_DEBUG writes RFLAGS. */
	v->arch.valid &= ~X86_SET_REGS;
	return restore_guest_tf(v, before);
}

int arch_debug_set(struct vcpu *v, const struct arch_debug *dbg)
{
	int ret;

	/* A trap that the last step left behind comes to us while USE_HW_BP is on. */
	if (!dbg->step && (v->arch.guest_debug.control & KVM_GUESTDBG_SINGLESTEP) &&
	    v->m->arch->early_traps) {
		v->arch.trap_guard = true;
		v->arch.trap_guard_entered = false;
	}
	ret = apply(v, dbg);
	if (!ret)
		*v->arch.wanted = *dbg;
	return ret;
}

/* The guard is over once the guest has gone on. */
static void check_guard(struct vcpu *v)
{
	if (!v->arch.trap_guard || !v->arch.trap_guard_entered ||
	    x86_regs_load(v, X86_SET_REGS) < 0 || v->arch.regs.rip == v->arch.step_from.rip)
		return;
	v->arch.trap_guard = false;
	v->arch.guest_debug_known = false;
}

/*
 * The trap flag for the next step. KVM sets it with KVM_SET_GUEST_DEBUG, and loses it when it has
 * emulated an instruction or the guest has loaded its flags. With synced registers it is put into
 * RFLAGS with the entry itself: a step is one system call. But not when KVM is to deliver an event,
 * which new registers cancel.
 */
static int set_trap_flag(struct vcpu *v)
{
	struct kvm_run *run = v->run;

	if (!(run->kvm_valid_regs & KVM_SYNC_X86_REGS) || v->arch.step.event)
		return tell_kvm(v, &v->arch.guest_debug);
	run->s.regs.regs = v->arch.regs;
	run->s.regs.regs.rflags |= RFLAGS_TF;
	run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	return 0;
}

/* Looks at the instruction that is to be stepped; a handler to stop at needs a debug register. */
static int refresh_step(struct vcpu *v)
{
	uint64_t before = v->arch.step.target;
	int ret;

	x86_step_prepare(v);
	ret = x86_regs_put(v);
	if (ret < 0)
		return ret;
	if (!v->arch.guest_debug_known || v->arch.step.target != before)
		return apply(v, v->arch.wanted);
	return set_trap_flag(v);
}

int x86_debug_refresh(struct vcpu *v)
{
	bool step = v->arch.guest_debug.control & KVM_GUESTDBG_SINGLESTEP;
	bool any = v->arch.guest_debug.control;
	int ret = 0;

	v->run->kvm_dirty_regs = 0;
	v->run->kvm_valid_regs = any ? (uint32_t)v->m->caps->value[KVMCAP_SYNC_REGS] & SYNCED : 0;
	/* The second half of an I/O instruction belongs to the step that began it. */
	if (!any || (step && v->io_pending))
		return 0;
	check_guard(v);
	if (step)
		ret = refresh_step(v);
	else if (!v->arch.guest_debug_known)
		ret = apply(v, v->arch.wanted);
	if (ret < 0 || !(step || v->arch.trap_guard))
		return ret;
	ret = x86_regs_load(v, X86_SET_REGS);
	v->arch.step_from = v->arch.regs;
	v->arch.trap_guard_entered = v->arch.trap_guard;
	return ret;
}

size_t x86_code_bytes(struct vcpu *v, uint8_t *buf, size_t len)
{
	uint64_t pc = arch_pc(v);
	size_t done = 0;

	while (done < len) {
		struct arch_translation t;
		size_t chunk = 0x1000 - ((pc + done) & 0xfff);

		if (arch_translate(v, pc + done, &t) < 0)
			break;
		if (chunk > len - done)
			chunk = len - done;
		if (memory_read(v->m->ram, t.gpa, buf + done, chunk) < chunk)
			break;
		done += chunk;
	}
	return done;
}
