// SPDX-License-Identifier: GPL-3.0-or-later
/* /dev/kvm and the table of capabilities: see kvm.h. Numbers and meanings: KVM api.rst. */
#include "hv/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAP(id) .name = #id, .cap = id
#define MUST	.required = true

const struct kvm_cap_row kvm_cap_rows[KVMCAP_COUNT] = {
	[KVMCAP_USER_MEMORY] = { CAP(KVM_CAP_USER_MEMORY), MUST, "no guest RAM" },
	[KVMCAP_IRQCHIP] = { CAP(KVM_CAP_IRQCHIP), MUST, "no interrupt controllers" },
	[KVMCAP_PIT2] = { CAP(KVM_CAP_PIT2), MUST, "no timer" },
	[KVMCAP_GUEST_DEBUG] = { CAP(KVM_CAP_SET_GUEST_DEBUG), MUST, "no debugging at all" },
	[KVMCAP_GUEST_DEBUG2] = { CAP(KVM_CAP_SET_GUEST_DEBUG2), false,
				  "a step can land in an interrupt handler" },
	[KVMCAP_IMMEDIATE_EXIT] = { CAP(KVM_CAP_IMMEDIATE_EXIT), MUST,
				    "vCPUs cannot be stopped for certain" },
	[KVMCAP_EXIT_ON_EMULATION_FAILURE] = { CAP(KVM_CAP_EXIT_ON_EMULATION_FAILURE), false,
					       "programs of the guest get #UD for what KVM cannot "
					       "emulate" },
	[KVMCAP_SYNC_REGS] = { CAP(KVM_CAP_SYNC_REGS), false, "stops take a little longer" },
	[KVMCAP_MP_STATE] = { CAP(KVM_CAP_MP_STATE), MUST, "no reset and no halted vCPUs" },
	[KVMCAP_VCPU_EVENTS] = { CAP(KVM_CAP_VCPU_EVENTS), MUST,
				 "no reset, and the guest's own breakpoints are lost" },
	[KVMCAP_DEBUGREGS] = { CAP(KVM_CAP_DEBUGREGS), false,
			       "the guest's debug registers cannot be seen or kept" },
	[KVMCAP_XSAVE] = { CAP(KVM_CAP_XSAVE), false, "only the x87 and SSE registers are seen" },
	[KVMCAP_XSAVE2] = { CAP(KVM_CAP_XSAVE2), false, "no register state beyond 4096 bytes" },
	[KVMCAP_XCRS] = { CAP(KVM_CAP_XCRS), false, "xcr0 cannot be seen" },
	[KVMCAP_ADJUST_CLOCK] = { CAP(KVM_CAP_ADJUST_CLOCK), false,
				  "the guest's kvmclock sees every stop" },
	[KVMCAP_KVMCLOCK_CTRL] = { CAP(KVM_CAP_KVMCLOCK_CTRL), false,
				   "the guest may report lockups after a stop" },
	[KVMCAP_TSC_CONTROL_ATTR] = { CAP(KVM_CAP_VCPU_ATTRIBUTES), false,
				      "the guest's TSC is set back less exactly after a stop" },
	[KVMCAP_COALESCED_MMIO] = { CAP(KVM_CAP_COALESCED_MMIO), false, "every MMIO write exits" },
	[KVMCAP_COALESCED_PIO] = { CAP(KVM_CAP_COALESCED_PIO), false, "every port write exits" },
	[KVMCAP_NR_MEMSLOTS] = { CAP(KVM_CAP_NR_MEMSLOTS), false,
				 "watchpoints by page protection are few" },
	[KVMCAP_NR_VCPUS] = { CAP(KVM_CAP_NR_VCPUS), false, "the number of vCPUs is a guess" },
	[KVMCAP_MAX_VCPUS] = { CAP(KVM_CAP_MAX_VCPUS), false, "the number of vCPUs is a guess" },
	[KVMCAP_TRIPLE_FAULT_EVENT] = { CAP(KVM_CAP_X86_TRIPLE_FAULT_EVENT), false,
					"a pending triple fault is lost by a reset" },
	[KVMCAP_USER_SPACE_MSR] = { CAP(KVM_CAP_X86_USER_SPACE_MSR), false,
				    "unknown MSRs are not traced" },
	[KVMCAP_MSR_FILTER] = { CAP(KVM_CAP_X86_MSR_FILTER), false, "MSRs cannot be caught" },
	[KVMCAP_SIGNAL_MSI] = { CAP(KVM_CAP_SIGNAL_MSI), false, "no message-signalled interrupts" },
	[KVMCAP_IRQ_ROUTING] = { CAP(KVM_CAP_IRQ_ROUTING), false,
				 "MSI-X goes through the loop thread" },
	[KVMCAP_IRQFD] = { CAP(KVM_CAP_IRQFD), false, "MSI-X goes through the loop thread" },
	[KVMCAP_IRQ_INJECT_STATUS] = { CAP(KVM_CAP_IRQ_INJECT_STATUS), false,
				       "not known which interrupts of a line were delivered" },
	[KVMCAP_IOEVENTFD] = { CAP(KVM_CAP_IOEVENTFD), false, "every doorbell exits" },
	[KVMCAP_IOEVENTFD_ANY_LENGTH] = { CAP(KVM_CAP_IOEVENTFD_ANY_LENGTH), false,
					  "doorbells of any width exit" },
	[KVMCAP_BINARY_STATS_FD] = { CAP(KVM_CAP_BINARY_STATS_FD), false,
				     "KVM's own statistics cannot be seen" },
};

/* What to do depends on who may open it here: most often a group, on some machines root alone. */
static int no_permission(struct error *err)
{
	const mode_t group_rw = S_IRGRP | S_IWGRP;
	struct group group, *found = NULL;
	char names[4096];
	struct stat st;

	if (!stat("/dev/kvm", &st) && (st.st_mode & group_rw) == group_rw && st.st_gid &&
	    getgrgid_r(st.st_gid, &group, names, sizeof(names), &found))
		found = NULL;
	if (!found)
		return error_set(err, -EACCES,
				 "no permission to open /dev/kvm: it is root's alone here, run as "
				 "root (sudo)");
	return error_set(err, -EACCES,
			 "no permission to open /dev/kvm: add yourself to the group \"%s\" "
			 "(usermod -aG %s NAME, then log in again) or run as root (sudo)",
			 group.gr_name, group.gr_name);
}

static int open_device(struct error *err)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
		return error_set(
			err, -ENOENT,
			"there is no /dev/kvm: load KVM (modprobe kvm_intel or kvm_amd), and "
			"switch virtualisation on in the firmware or, in a virtual machine, "
			"in its host");
	case EACCES:
	case EPERM:
		return no_permission(err);
	case ENODEV:
	case ENXIO:
		return error_set(
			err, -ENODEV,
			"/dev/kvm has no driver behind it: load KVM (modprobe kvm_intel or "
			"kvm_amd)");
	default:
		return error_set(err, -errno, "cannot open /dev/kvm: %s", strerror(errno));
	}
}

int kvm_open(struct kvm_caps *caps, struct error *err)
{
	int fd = open_device(err);
	int ret;

	if (fd < 0)
		return fd;
	memset(caps, 0, sizeof(*caps));
	ret = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (ret != KVM_API_VERSION) {
		ret = ret < 0 ? error_set(err, -ENOTTY, "/dev/kvm is not KVM: %s", strerror(errno))
			      : error_set(err, -ENOTSUP,
					  "KVM speaks version %d of its interface, version %d is "
					  "needed: use a newer kernel",
					  ret, KVM_API_VERSION);
		goto fail;
	}
	for (int i = 0; i < KVMCAP_COUNT; i++) {
		ret = ioctl(fd, KVM_CHECK_EXTENSION, kvm_cap_rows[i].cap);
		caps->value[i] = ret > 0 ? ret : 0;
		if (!caps->value[i] && kvm_cap_rows[i].required) {
			ret = error_set(err, -ENOTSUP,
					"this KVM lacks %s (%s): use a newer or complete kernel",
					kvm_cap_rows[i].name, kvm_cap_rows[i].without);
			goto fail;
		}
	}
	ret = ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (ret < (int)sizeof(struct kvm_run)) {
		ret = error_set(err, -ENOTSUP, "KVM has no run page for its vCPUs");
		goto fail;
	}
	caps->run_size = (size_t)ret;
	return fd;
fail:
	close(fd);
	return ret;
}
