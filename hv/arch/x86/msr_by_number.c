// SPDX-License-Identifier: GPL-3.0-or-later
/* Model-specific registers by number. Some are registers, whose copies would hide what KVM has. */
#include <errno.h>

#include "hv/arch/x86/x86.h"
#include "hv/vcpu.h"

int arch_msr_read(struct vcpu *v, uint64_t index, uint64_t *value)
{
	int ret = x86_regs_put_sets(v, ~0u);

	*value = 0;
	if (!ret && (index > UINT32_MAX || x86_msr_read(v, (uint32_t)index, value)))
		ret = -ENOTSUP;
	return ret;
}

int arch_msr_write(struct vcpu *v, uint64_t index, uint64_t value)
{
	int ret = x86_regs_put_sets(v, ~0u);

	if (!ret && (index > UINT32_MAX || x86_msr_write(v, (uint32_t)index, value)))
		ret = -ENOTSUP;
	/* Whatever else that has changed is asked of KVM anew. */
	v->arch.valid = v->arch.dirty;
	return ret;
}
