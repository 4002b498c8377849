// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A vCPU's beginning and end: its CPUID, and a copy of all state that KVM gives a new
 * vCPU, which is what power-on means for arch_vcpu_reset().
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/arch/x86/power_on.h"
#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

static int set_cpuid(struct vcpu *v, struct error *err)
{
	const struct x86_cpuid *tmpl = v->m->arch->cpuid;
	struct x86_cpuid *own = malloc(sizeof(*own));
	struct kvm_cpuid2 *k =
		calloc(1, sizeof(*k) + tmpl->count * sizeof(struct kvm_cpuid_entry2));
	int ret = 0;

	if (!own || !k) {
		ret = error_set(err, -ENOMEM, "no memory for CPUID");
		goto out;
	}
	*own = *tmpl;
	x86_cpuid_set_apic_id(own, (uint32_t)v->index);
	k->nent = own->count;
	memcpy(k->entries, own->entry, own->count * sizeof(own->entry[0]));
	if (ioctl(v->fd, KVM_SET_CPUID2, k) < 0)
		ret = error_set(err, -errno, "KVM refused this processor (-cpu): %s",
				strerror(errno));
out:
	free(own);
	free(k);
	return ret;
}

static uint32_t features(const struct x86_cpuid *c)
{
	static const struct {
		const char *name;
		uint32_t feat;
	} rows[] = {
		{ "avx", X86_FEAT_AVX },
		{ "avx512f", X86_FEAT_AVX512 },
		{ "pku", X86_FEAT_PKU },
		{ "xsave", X86_FEAT_XSAVE },
	};
	uint32_t out = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (x86_cpuid_has(c, rows[i].name))
			out |= rows[i].feat;
	return out;
}

static bool can_nest(const struct x86_cpuid *c)
{
	return x86_cpuid_has(c, "vmx") || x86_cpuid_has(c, "svm");
}

/* A guest hypervisor's state must leave guest mode at reset. Without the call there is nothing to
 * do. */
static int snapshot_nested(struct vcpu *v, struct x86_power_on *p)
{
	int size = ioctl(v->m->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE);

	if (!can_nest(v->m->arch->cpuid) || size < (int)sizeof(*p->nested))
		return 0;
	p->nested = calloc(1, (size_t)size);
	if (!p->nested)
		return -ENOMEM;
	p->nested->size = (uint32_t)size;
	if (ioctl(v->fd, KVM_GET_NESTED_STATE, p->nested) < 0) {
		free(p->nested);
		p->nested = NULL;
	}
	return 0;
}

static int snapshot(struct vcpu *v, struct x86_power_on *p)
{
	const struct kvm_caps *caps = v->m->caps;

	if (ioctl(v->fd, KVM_GET_REGS, &p->regs) < 0 ||
	    ioctl(v->fd, KVM_GET_SREGS, &p->sregs) < 0 ||
	    ioctl(v->fd, KVM_GET_VCPU_EVENTS, &p->events) < 0 ||
	    ioctl(v->fd, KVM_GET_MP_STATE, &p->mp_state) < 0 ||
	    ioctl(v->fd, KVM_GET_LAPIC, &p->lapic) < 0)
		return -errno;
	if (caps->value[KVMCAP_DEBUGREGS] && ioctl(v->fd, KVM_GET_DEBUGREGS, &p->debugregs) == 0)
		p->has_debugregs = true;
	if (caps->value[KVMCAP_XCRS] && ioctl(v->fd, KVM_GET_XCRS, &p->xcrs) == 0)
		p->has_xcrs = true;
	if (x86_regs_load(v, X86_SET_XSAVE) < 0)
		return -EIO;
	memcpy(p->xsave, v->arch.xsave, v->m->arch->xsave.size);
	p->msrs = x86_msrs_get(v, &v->m->arch->msrs);
	if (!p->msrs)
		return -ENOMEM;
	return snapshot_nested(v, p);
}

/* ---- life ---- */

static struct x86_power_on *power_on_new(const struct vcpu *v)
{
	struct x86_power_on *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->vcpu = v->index;
	p->xsave = calloc(1, v->m->arch->xsave.size);
	if (p->xsave)
		return p;
	free(p);
	return NULL;
}

/* A vCPU that was never there: it gets its CPUID, and what it is like then is kept. */
static int begin(struct vcpu *v, struct x86_power_on *p, struct error *err)
{
	int ret = set_cpuid(v, err);

	if (ret < 0)
		return ret;
	ret = snapshot(v, p);
	if (ret < 0)
		return error_set(err, ret, "KVM does not show the state of vCPU %d: %s", v->index,
				 strerror(-ret));
	p->complete = true;
	return 0;
}

int arch_vcpu_create(struct vcpu *v, struct error *err)
{
	struct arch_vm *a = v->m->arch;
	struct x86_power_on *p = x86_power_on_take(a, v->index);
	int ret = 0;

	memset(&v->arch, 0, sizeof(v->arch));
	if (!p)
		p = power_on_new(v);
	v->arch.power_on = p;
	v->arch.wanted = calloc(1, sizeof(*v->arch.wanted));
	v->arch.xsave = aligned_alloc(64, (a->xsave.size + 63) & ~63u);
	if (!p || !v->arch.wanted || !v->arch.xsave) {
		ret = error_set(err, -ENOMEM, "no memory for vCPU %d's registers", v->index);
		goto fail;
	}
	v->arch.features = features(a->cpuid);
	v->arch.can_nest = can_nest(a->cpuid);
	v->arch.maxphyaddr = x86_cpuid_maxphyaddr(a->cpuid);
	if (!p->complete)
		ret = begin(v, p, err);
	if (ret < 0)
		goto fail;
	arch_regs_forget(v);
	return 0;
fail:
	arch_vcpu_destroy(v);
	return ret;
}

void arch_vcpu_destroy(struct vcpu *v)
{
	struct arch_vm *a = v->m->arch;
	struct x86_power_on *p = v->arch.power_on;

	if (a && p && p->complete) {
		p->next = a->kept;
		a->kept = p;
	} else {
		x86_power_on_free(p);
	}
	free(v->arch.xsave);
	free(v->arch.wanted);
	v->arch.power_on = NULL;
	v->arch.xsave = NULL;
	v->arch.wanted = NULL;
}
