// SPDX-License-Identifier: GPL-3.0-or-later
/* A non-maskable interrupt from outside: KVM's api.rst 4.64, KVM_NMI. */
#include <errno.h>
#include <sys/ioctl.h>

#include "hv/arch/x86/x86.h"
#include "hv/kvm.h"
#include "hv/vcpu.h"

int arch_nmi(struct vcpu *v)
{
	int ret = arch_regs_flush(v);

	if (ret < 0)
		return ret;
	/* KVM counts it among the vCPU's events: the copy of those is read again. */
	v->arch.valid &= ~(uint32_t)X86_SET_EVENTS;
	if (ioctl(v->fd, KVM_NMI) < 0)
		return errno == EINVAL ? -ENOTSUP : -errno;
	return 0;
}
