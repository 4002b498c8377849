// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The cache of KVM's register structures.
 *
 * A structure is fetched when something in it is first asked for after KVM_RUN. A change to the
 * general registers waits in the cache until the next KVM_RUN; any other is given to
 * KVM at once, since KVM may refuse it, and then the old value stays.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

/* KVM's structures: where the copy is, and the ioctls. Written back in this order. */
static const struct reg_set {
	uint32_t bit;
	unsigned long get, set;
	size_t offset, size; /* in struct arch_vcpu; size 0: the XSAVE area, behind a pointer */
} reg_sets[] = {
#define SET(b, g, s, field)                                                                        \
	{                                                                                          \
		b, g, s, offsetof(struct arch_vcpu, field), sizeof(((struct arch_vcpu *)0)->field) \
	}
	SET(X86_SET_SREGS, KVM_GET_SREGS, KVM_SET_SREGS, sregs),
	SET(X86_SET_XCRS, KVM_GET_XCRS, KVM_SET_XCRS, xcrs),
	{ X86_SET_XSAVE, KVM_GET_XSAVE, KVM_SET_XSAVE, offsetof(struct arch_vcpu, xsave), 0 },
	SET(X86_SET_DEBUG, KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, debugregs),
	SET(X86_SET_EVENTS, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, events),
	/* Last: KVM puts a step's trap flag in with RFLAGS, and looks at the mode for it. */
	SET(X86_SET_REGS, KVM_GET_REGS, KVM_SET_REGS, regs),
#undef SET
};
#define REG_SETS (sizeof(reg_sets) / sizeof(reg_sets[0]))

static void *set_data(struct vcpu *v, const struct reg_set *s)
{
	return s->size ? (uint8_t *)&v->arch + s->offset : (void *)v->arch.xsave;
}

static unsigned long set_get_request(const struct vcpu *v, const struct reg_set *s)
{
	/* Larger areas need the newer call (api.rst 4.134). */
	if (!s->size && v->m->arch->xsave.size > sizeof(struct kvm_xsave))
		return KVM_GET_XSAVE2;
	return s->get;
}

int x86_regs_load(struct vcpu *v, uint32_t sets)
{
	for (size_t i = 0; i < REG_SETS; i++) {
		const struct reg_set *s = &reg_sets[i];

		if (!(sets & s->bit) || (v->arch.valid & s->bit))
			continue;
		if (ioctl(v->fd, set_get_request(v, s), set_data(v, s)) < 0)
			return -errno;
		v->arch.valid |= s->bit;
	}
	return 0;
}

int x86_regs_put_sets(struct vcpu *v, uint32_t sets)
{
	for (size_t i = 0; i < REG_SETS; i++) {
		const struct reg_set *s = &reg_sets[i];

		if (!(v->arch.dirty & sets & s->bit))
			continue;
		if (ioctl(v->fd, s->set, set_data(v, s)) < 0)
			return -errno;
		v->arch.dirty &= ~s->bit;
		if (s->bit == X86_SET_DEBUG)
			v->arch.guest_debug_known = false;
	}
	return 0;
}

int x86_regs_put(struct vcpu *v)
{
	return x86_regs_put_sets(v, ~0u);
}

/*
 * What KVM has left in the run page with the exit (api.rst 5, "kvm_valid_regs"): asked for while
 * the vCPU is debugged, when each exit looks at it (x86_debug_refresh()).
 */
static void take_synced(struct vcpu *v)
{
	const struct kvm_sync_regs *s = &v->run->s.regs;
	uint64_t fields = v->run->kvm_valid_regs;

	if ((fields & KVM_SYNC_X86_REGS) && !(v->arch.valid & X86_SET_REGS)) {
		v->arch.regs = s->regs;
		v->arch.valid |= X86_SET_REGS;
	}
	if ((fields & KVM_SYNC_X86_SREGS) && !(v->arch.valid & X86_SET_SREGS)) {
		v->arch.sregs = s->sregs;
		v->arch.valid |= X86_SET_SREGS;
	}
	if ((fields & KVM_SYNC_X86_EVENTS) && !(v->arch.valid & X86_SET_EVENTS)) {
		v->arch.events = s->events;
		v->arch.valid |= X86_SET_EVENTS;
	}
}

void arch_regs_forget(struct vcpu *v)
{
	/* KVM clears the bit when it takes them; a vCPU that waits for INIT does not. */
	if (v->run->kvm_dirty_regs & KVM_SYNC_X86_REGS)
		v->arch.dirty |= X86_SET_REGS;
	v->run->kvm_dirty_regs = 0;
	v->arch.valid = v->arch.dirty;
	if (v->run->kvm_valid_regs)
		take_synced(v);
}

/* The general registers go with the entry itself. */
static void put_synced(struct vcpu *v)
{
	v->run->s.regs.regs = v->arch.regs;
	v->run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	v->arch.dirty &= ~(uint32_t)X86_SET_REGS;
}

int arch_regs_flush(struct vcpu *v)
{
	bool synced = v->arch.guest_debug.control &&
		      !(v->arch.guest_debug.control & KVM_GUESTDBG_SINGLESTEP) &&
		      (v->m->caps->value[KVMCAP_SYNC_REGS] & KVM_SYNC_X86_REGS);
	int ret = x86_regs_put_sets(v, synced ? ~(uint32_t)X86_SET_REGS : ~0u);

	if (!ret)
		ret = x86_debug_refresh(v);
	if (!ret && (v->arch.dirty & X86_SET_REGS))
		put_synced(v);
	return ret;
}

/* Between the copy of @set and @saved. */
static void copy_set(struct vcpu *v, uint32_t set, union x86_saved_set *saved, bool restore)
{
	for (size_t i = 0; i < REG_SETS; i++) {
		const struct reg_set *s = &reg_sets[i];

		if (s->bit != set || !s->size || s->size > sizeof(*saved))
			continue;
		if (restore)
			memcpy(set_data(v, s), saved, s->size);
		else
			memcpy(saved, set_data(v, s), s->size);
	}
}

void x86_regs_save(struct vcpu *v, uint32_t set, union x86_saved_set *old)
{
	copy_set(v, set, old, false);
}

int x86_regs_put_or_restore(struct vcpu *v, uint32_t set, const union x86_saved_set *old)
{
	union x86_saved_set saved = *old;

	v->arch.dirty |= set;
	if (x86_regs_put_sets(v, set) >= 0)
		return 0;
	copy_set(v, set, &saved, true);
	v->arch.dirty &= ~set;
	return -EINVAL;
}
