// SPDX-License-Identifier: GPL-3.0-or-later
/* KVM's own statistics as front ends see them: see inspect_stats.h. */
#include "hv/inspect_stats.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

static int open_stats(int fd)
{
	int stats = ioctl(fd, KVM_GET_STATS_FD, NULL);

	return stats < 0 ? -errno : stats;
}

static void open_of_vcpu(struct vcpu *v, void *arg)
{
	*(int *)arg = open_stats(v->fd);
}

int inspect_stats(struct machine *m, int vcpu, struct stats *out, struct error *err)
{
	int fd = -1, ret = 0;

	*out = (struct stats){ 0 };
	if (!m->caps->value[KVMCAP_BINARY_STATS_FD])
		return error_set(err, -ENOTSUP,
				 "this KVM has no statistics that can be read "
				 "(KVM_CAP_BINARY_STATS_FD): Linux has them since 5.14");
	if (vcpu == INSPECT_STATS_VM)
		fd = open_stats(m->vm_fd);
	else if (vcpu < 0 || vcpu >= MACHINE_MAX_VCPUS || !m->vcpus[vcpu])
		return error_set(err, -ESRCH, "there is no vCPU %d", vcpu);
	else
		ret = vcpu_run_on(m->vcpus[vcpu], open_of_vcpu, &fd);
	if (!ret && fd < 0)
		ret = fd;
	if (ret)
		return error_set(err, ret, "KVM does not give its statistics: %s", strerror(-ret));
	ret = stats_read(fd, out, err);
	close(fd);
	return ret;
}
