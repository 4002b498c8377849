// SPDX-License-Identifier: GPL-3.0-or-later
/* The fake KVM's ioctls: see fake_kvm.h. */
#include "fake_internal.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/debug.h"
#include "hv/kvm.h"
#include "hv/probe.h"
#include "hv/vcpu.h"

#define RUN_SIZE  8192 /* the second page is the coalescing ring */
#define MAX_SLOTS 1024

static int vcpu_fds[MACHINE_MAX_VCPUS];
static int fake_kvm_fd = -1, fake_vm_fd = -1;

/* By slot number; changed with every vCPU out. */
static struct toy_slot slots[MAX_SLOTS];

const struct toy_slot *toy_slot_at(uint64_t gpa)
{
	for (size_t i = 0; i < MAX_SLOTS; i++)
		if (slots[i].size && gpa - slots[i].gpa < slots[i].size)
			return &slots[i];
	return NULL;
}

void toy_forget_slots(void)
{
	memset(slots, 0, sizeof(slots));
}

size_t toy_slot_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < MAX_SLOTS; i++)
		n += slots[i].size != 0;
	return n;
}

/* As KVM: overlapping slots are refused, and so is a change of what a slot is but its end. */
static int set_memory(const struct kvm_userspace_memory_region *r)
{
	if (r->slot >= MAX_SLOTS) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; r->memory_size && i < MAX_SLOTS; i++) {
		if (slots[i].size && r->guest_phys_addr < slots[i].gpa + slots[i].size &&
		    slots[i].gpa < r->guest_phys_addr + r->memory_size) {
			errno = EEXIST;
			return -1;
		}
	}
	slots[r->slot] = (struct toy_slot){
		.slot = r->slot,
		.flags = r->flags,
		.gpa = r->guest_phys_addr,
		.size = r->memory_size,
		.hva = (const uint8_t *)(uintptr_t)r->userspace_addr,
	};
	return 0;
}

static int new_vcpu(long index)
{
	int fd = memfd_create("toy-vcpu", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, RUN_SIZE))
		return -1;
	vcpu_fds[index] = fd;
	return fd;
}

const void *toy_stats;
size_t toy_stats_len;

static int new_stats(void)
{
	int fd = memfd_create("toy-stats", MFD_CLOEXEC);

	if (fd < 0 || write(fd, toy_stats, toy_stats_len) != (ssize_t)toy_stats_len)
		return -1;
	return fd;
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (request) {
	case KVM_CREATE_VM:
		return fake_vm_fd = memfd_create("toy-vm", MFD_CLOEXEC);
	case KVM_CREATE_VCPU:
		return new_vcpu((long)arg);
	case KVM_SET_USER_MEMORY_REGION:
		return set_memory(arg);
	case KVM_SET_GSI_ROUTING:
	case KVM_IRQFD:
	case KVM_IOEVENTFD:
		return toy_eventfd_ioctl(request, arg);
	case KVM_IRQ_LINE:
	case KVM_IRQ_LINE_STATUS:
		return toy_set_line(arg, request == KVM_IRQ_LINE_STATUS);
	case KVM_REGISTER_COALESCED_MMIO:
	case KVM_UNREGISTER_COALESCED_MMIO:
		return 0;
	case KVM_GET_STATS_FD:
		return new_stats();
	case KVM_RUN: {
		struct vcpu *v = vcpu_current();

		return v && vcpu_fds[v->index] == fd ? toy_run(&toy_cpus[v->index]) : -1;
	}
	default:
		return __real_ioctl(fd, request, arg);
	}
}

int kvm_open(struct kvm_caps *caps, struct error *err)
{
	(void)err;
	memset(caps, 0, sizeof(*caps));
	caps->run_size = RUN_SIZE;
	caps->value[KVMCAP_MAX_VCPUS] = 64;
	caps->value[KVMCAP_COALESCED_MMIO] = 1;
	caps->value[KVMCAP_IRQ_INJECT_STATUS] = 1;
	caps->value[KVMCAP_IRQ_ROUTING] = toy_has_eventfds ? 4096 : 0;
	caps->value[KVMCAP_IRQFD] = caps->value[KVMCAP_IOEVENTFD] = toy_has_eventfds;
	caps->value[KVMCAP_BINARY_STATS_FD] = toy_stats != NULL;
	return fake_kvm_fd = memfd_create("toy-kvm", MFD_CLOEXEC);
}

/* ---- the probe ---- */

int probe_get(struct probe_result *out, struct error *err)
{
	(void)err;
	memset(out, 0, sizeof(*out));
	return 0;
}

void probe_debug_caps(const struct probe_result *probe, struct debug_caps *caps)
{
	(void)probe;
	*caps = (struct debug_caps){
		.soft = toy_has_soft,
		.hard = toy_has_hard,
		.data = toy_has_data,
		.step = true,
		.protect = true,
		.walks = !toy_used_page,
	};
}
