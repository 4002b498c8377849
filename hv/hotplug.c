// SPDX-License-Identifier: GPL-3.0-or-later
/* vCPUs that come and go: see hotplug.h. */
#include "hv/hotplug.h"

#include <errno.h>

#include "hv/machine.h"
#include "hv/trace.h"
#include "hv/vcpu.h"

int control_vcpu_add(struct machine *m, int vcpu, struct error *err)
{
	struct vcpu *v;
	int ret;

	if (vcpu < 0 || (unsigned)vcpu >= m->cfg->max_vcpus)
		return error_set(err, -EINVAL,
				 "there is no vCPU %d to add: this machine has room for %u (-smp "
				 "N,maxcpus=M)",
				 vcpu, m->cfg->max_vcpus);
	/* It may have been ejected a moment ago. */
	hotplug_settle(m);
	ret = vcpu_create(m, vcpu, &v, err);
	if (ret)
		return ret;
	arch_clock_join(v);
	if (m->cpu_hotplug)
		m->cpu_hotplug->added(m->cpu_hotplug->opaque, vcpu);
	return 0;
}

int control_vcpu_remove(struct machine *m, int vcpu, struct error *err)
{
	hotplug_settle(m);
	if (!control_vcpu_exists(m, vcpu))
		return error_set(err, -ESRCH, "there is no vCPU %d", vcpu);
	if (vcpu == 0)
		return error_set(err, -EBUSY, "vCPU 0 stays: the guest started on it");
	if (!m->cpu_hotplug || m->cfg->no_acpi)
		return error_set(err, -ENOTSUP,
				 "this machine has no ACPI to ask the guest for it back");
	m->cpu_hotplug->remove(m->cpu_hotplug->opaque, vcpu);
	return 0;
}

/* ---- ejecting ---- */

void hotplug_settle(struct machine *m)
{
	for (int word = 0; word < MACHINE_VCPU_WORDS; word++) {
		uint32_t bits = __atomic_exchange_n(&m->ejected[word], 0, __ATOMIC_ACQ_REL);

		for (; bits; bits &= bits - 1) {
			struct vcpu *v = m->vcpus[word * 32 + __builtin_ctz(bits)];

			if (v)
				vcpu_destroy(v);
		}
	}
}

static void settle_posted(void *machine)
{
	hotplug_settle(machine);
}

void machine_eject_vcpu(struct machine *m, int cpu)
{
	uint32_t bit, before;

	if (cpu <= 0 || cpu >= MACHINE_MAX_VCPUS)
		return;
	bit = 1u << cpu % 32;
	before = __atomic_fetch_or(&m->ejected[cpu / 32], bit, __ATOMIC_ACQ_REL);
	trace(TRACE_STOP, "vcpu%d: ejected by the guest", cpu);
	/* One post does all; a guest that ejects in a loop leaves one behind. */
	if (!(before & bit))
		loop_post(m->loop, settle_posted, m);
}
