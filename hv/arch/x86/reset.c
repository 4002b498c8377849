// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Reset of a vCPU: all that KVM holds goes back to what it was at creation, and the first
 * vCPU then gets the state its image asks for. It makes no difference whether the vCPU ran.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/arch/x86/power_on.h"
#include "hv/boot/boot.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

/* Offsets in the APIC page (SDM volume 3, table 11-1), delivery modes (11.5.1). */
#define APIC_LVT0	 0x350
#define APIC_LVT1	 0x360
#define APIC_MODE_EXTINT 0x700
#define APIC_MODE_NMI	 0x400

/* What failed is named for the sentence. */
struct restore {
	struct vcpu *v;
	const char *failed;
	int error;
};

static void give(struct restore *r, const char *what, unsigned long request, const void *data)
{
	if (r->failed)
		return;
	if (ioctl(r->v->fd, request, data) < 0) {
		r->failed = what;
		r->error = -errno;
	}
}

/* Virtual wire mode, as firmware leaves it: the PIC's interrupts come through the BSP's LINT0. */
static void virtual_wire(struct kvm_lapic_state *lapic)
{
	const uint32_t lvt0 = APIC_MODE_EXTINT, lvt1 = APIC_MODE_NMI;

	memcpy(lapic->regs + APIC_LVT0, &lvt0, sizeof(lvt0));
	memcpy(lapic->regs + APIC_LVT1, &lvt1, sizeof(lvt1));
}

static void entry_regs(const struct boot_entry *entry, struct kvm_regs *regs)
{
	memset(regs, 0, sizeof(*regs));
	regs->rax = entry->rax;
	regs->rbx = entry->rbx;
	regs->rsi = entry->rsi;
	regs->rdi = entry->rdi;
	regs->rsp = entry->sp;
	regs->rip = entry->mode == BOOT_MODE_REAL16 ? entry->pc & 0xffff : entry->pc;
	regs->rflags = RFLAGS_FIXED;
}

int arch_vcpu_reset(struct vcpu *v, const struct boot_entry *entry, struct error *err)
{
	const struct x86_power_on *p = v->arch.power_on;
	struct restore r = { .v = v };
	struct kvm_lapic_state lapic = p->lapic;
	struct kvm_sregs sregs = p->sregs;
	struct kvm_regs regs = p->regs;

	if (v->index == 0 && entry) {
		int ret = x86_boot_sregs(v, entry, &sregs, err);

		if (ret < 0)
			return ret;
		entry_regs(entry, &regs);
	}
	if (v->index == 0)
		virtual_wire(&lapic);

	/* Out of guest mode and of paging first: what follows depends on the mode. */
	if (p->nested)
		give(&r, "the nested state", KVM_SET_NESTED_STATE, p->nested);
	give(&r, "the system registers", KVM_SET_SREGS, &p->sregs);
	x86_msrs_reset(v, p->msrs);
	if (p->has_xcrs)
		give(&r, "XCR0", KVM_SET_XCRS, &p->xcrs);
	give(&r, "the FPU's state", KVM_SET_XSAVE, p->xsave);
	give(&r, "the system registers", KVM_SET_SREGS, &sregs);
	give(&r, "the local APIC", KVM_SET_LAPIC, &lapic);
	if (p->has_debugregs)
		give(&r, "the debug registers", KVM_SET_DEBUGREGS, &p->debugregs);
	give(&r, "the registers", KVM_SET_REGS, &regs);
	give(&r, "pending events", KVM_SET_VCPU_EVENTS, &p->events);
	give(&r, "its activity", KVM_SET_MP_STATE, &p->mp_state);
	v->arch.valid = 0;
	v->arch.dirty = 0;
	v->arch.guest_tf = false;
	v->arch.trap_guard = false;
	v->arch.bp_injected = false;
	v->arch.step_retries = 0;
	v->arch.step = (struct x86_step){ 0 };
	v->arch.tsc_deadline = 0; /* that of the guest before */
	v->arch.guest_debug_known = false;
	if (r.failed)
		return error_set(err, r.error, "KVM refused to reset %s of vCPU %d: %s", r.failed,
				 v->index, strerror(-r.error));
	return 0;
}
