// SPDX-License-Identifier: GPL-3.0-or-later
/* Model-specific registers by number: see control_msr.h. */
#include "hv/control_msr.h"

#include <errno.h>

#include "hv/machine.h"
#include "hv/vcpu.h"

struct access {
	uint64_t index, value;
	bool write;
	int ret;
};

static void on_vcpu(struct vcpu *v, void *arg)
{
	struct access *a = arg;

	a->ret = a->write ? arch_msr_write(v, a->index, a->value)
			  : arch_msr_read(v, a->index, &a->value);
}

static int access_msr(struct machine *m, int vcpu, struct access *a)
{
	int ret;

	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	ret = vcpu_run_on(m->vcpus[vcpu], on_vcpu, a);
	return ret ? ret : a->ret;
}

int control_msr_read(struct machine *m, int vcpu, uint64_t index, uint64_t *value)
{
	struct access a = { .index = index };
	int ret = access_msr(m, vcpu, &a);

	*value = a.value;
	return ret;
}

int control_msr_write(struct machine *m, int vcpu, uint64_t index, uint64_t value)
{
	struct access a = { .index = index, .value = value, .write = true };

	return access_msr(m, vcpu, &a);
}
