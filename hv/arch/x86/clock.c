// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Time stands still while the guest is stopped.
 *
 * Three clocks go on by themselves: kvmclock (KVM_GET_CLOCK, KVM_SET_CLOCK), each vCPU's TSC, set
 * back by what the host's TSC counted meanwhile (KVM_VCPU_TSC_OFFSET, api.rst "vcpu devices";
 * without it by writing the MSR), and the deadline of each local APIC's timer, which
 * is written again because its host timer ran on. KVM_KVMCLOCK_CTRL lets Linux know that it was
 * stopped, for its lockup detectors.
 */
#include "hv/arch/x86/x86.h"

#include <string.h>
#include <sys/ioctl.h>

#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

static uint64_t host_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

static bool offset_ioctl(struct vcpu *v, unsigned long request, uint64_t *offset)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uint64_t)(uintptr_t)offset,
	};

	return v->m->caps->value[KVMCAP_TSC_CONTROL_ATTR] && ioctl(v->fd, request, &attr) == 0;
}

static void hold(struct vcpu *v, void *arg)
{
	(void)arg;
	v->arch.tsc_held = x86_msr_read(v, MSR_IA32_TSC, &v->arch.tsc) == 0;
	if (x86_msr_read(v, MSR_IA32_TSC_DEADLINE, &v->arch.tsc_deadline) < 0)
		v->arch.tsc_deadline = 0;
}

static void release(struct vcpu *v, void *arg)
{
	const uint64_t *passed = arg;
	uint64_t offset;

	if (v->arch.tsc_held) {
		if (offset_ioctl(v, KVM_GET_DEVICE_ATTR, &offset)) {
			offset -= *passed;
			offset_ioctl(v, KVM_SET_DEVICE_ATTR, &offset);
		} else {
			x86_msr_write(v, MSR_IA32_TSC, v->arch.tsc);
		}
	}
	if (v->arch.tsc_deadline)
		x86_msr_write(v, MSR_IA32_TSC_DEADLINE, v->arch.tsc_deadline);
	v->arch.tsc_held = false;
	v->arch.tsc_deadline = 0;
	/* -EINVAL when the guest does not use kvmclock. */
	if (v->m->caps->value[KVMCAP_KVMCLOCK_CTRL])
		ioctl(v->fd, KVM_KVMCLOCK_CTRL, 0);
}

void arch_clock_stop(struct machine *m)
{
	struct arch_vm *a = m->arch;

	if (a->clock_held)
		return;
	a->host_tsc = host_tsc();
	a->clock_held = m->caps->value[KVMCAP_ADJUST_CLOCK] &&
			ioctl(m->vm_fd, KVM_GET_CLOCK, &a->clock) == 0;
	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		if (m->vcpus[i])
			vcpu_run_on(m->vcpus[i], hold, NULL);
}

struct tsc {
	bool has_offset, held;
	uint64_t offset, value;
};

static void tsc_of(struct vcpu *v, void *arg)
{
	struct tsc *t = arg;

	t->has_offset = offset_ioctl(v, KVM_GET_DEVICE_ATTR, &t->offset);
	t->held = v->arch.tsc_held;
	t->value = v->arch.tsc;
	if (!t->held)
		x86_msr_read(v, MSR_IA32_TSC, &t->value);
}

static void tsc_join(struct vcpu *v, void *arg)
{
	struct tsc *t = arg;

	if (t->has_offset)
		offset_ioctl(v, KVM_SET_DEVICE_ATTR, &t->offset);
	else
		x86_msr_write(v, MSR_IA32_TSC, t->value);
	v->arch.tsc_held = t->held;
	v->arch.tsc = t->value;
}

/* All TSCs of a machine are one to its guest: a Linux that finds them apart stops using them. */
void arch_clock_join(struct vcpu *v)
{
	struct vcpu *first = v->m->vcpus[0];
	struct tsc tsc = { 0 };

	if (first && first != v && !vcpu_run_on(first, tsc_of, &tsc))
		vcpu_run_on(v, tsc_join, &tsc);
}

void arch_clock_start(struct machine *m)
{
	struct arch_vm *a = m->arch;
	uint64_t passed = host_tsc() - a->host_tsc;

	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		if (m->vcpus[i])
			vcpu_run_on(m->vcpus[i], release, &passed);
	/* After the TSCs, from which KVM computes it; no flags: this value, not one made from the
	 * host's wall clock. */
	if (a->clock_held) {
		a->clock.flags = 0;
		ioctl(m->vm_fd, KVM_SET_CLOCK, &a->clock);
	}
	a->clock_held = false;
}
