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

#define INSN_MAX     15
#define STEP_TARGET  (ARCH_HW_BP_MAX - 1) /* where in hw[] a step's handler is put */
#define SYNCED	     (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS)
#define STEP_RETRIES 16 /* more pages than one instruction can touch, tables included */

const uint8_t arch_bp_insn[] = { 0xcc };
const size_t arch_bp_insn_len = sizeof(arch_bp_insn);

static int tell_kvm(struct vcpu *v, const struct kvm_guest_debug *gd)
{
	if (ioctl(v->fd, KVM_SET_GUEST_DEBUG, gd) < 0)
		return -errno;
	v->arch.guest_debug = *gd;
	return 0;
}

static int load_debugregs(struct vcpu *v)
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
		with_target.hw[STEP_TARGET] = (struct arch_hw_bp){
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
		ret = load_debugregs(v);
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

	if (load_debugregs(v) == 0 && (v->arch.debugregs.dr7 & DR7_GD)) {
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
	if (!ev->hw_hits && !ev->arch && step_was_empty(v))
		return;
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
	if (!hw && (dr6 & DR6_TRAPS) && load_debugregs(v) == 0)
		x86_dr_guest_only(&v->arch.debugregs, v->arch.dr_slot);
	x86_dr6_split(dr6, v->arch.dr_slot, &ev->hw_hits, &ev->arch);
	if (ev->hw_hits & 1u << STEP_TARGET) {
		ev->hw_hits &= ~(1u << STEP_TARGET);
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

	if (x86_regs_load(v, X86_SET_REGS) < 0 || load_debugregs(v) < 0)
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
