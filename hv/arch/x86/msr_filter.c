// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Catching accesses to MSRs: KVM's filter (api.rst 4.97) hands those that it denies to us, and we
 * do them. KVM takes a write by us as one of the host's: where the guest would get #GP for a value
 * that the host may set, this guest does not.
 */
#include "hv/arch/x86/x86.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/catch.h"
#include "hv/kvm.h"
#include "hv/machine.h"

#define MSR_X2APIC_FIRST 0x800
#define MSR_X2APIC_LAST	 0x8ff

static_assert(ARCH_CATCH_MSRS <= KVM_MSR_FILTER_MAX_RANGES, "a range for each MSR");

const char *arch_msr_name(size_t n, uint64_t *index)
{
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);

	for (size_t i = 0; i < count; i++) {
		if (regs[i].cls != RC_MSR || n--)
			continue;
		*index = x86_reg_msrs[regs[i].offset];
		return regs[i].name;
	}
	return NULL;
}

int arch_catch_msrs(struct machine *m, const uint32_t *msrs, size_t count, struct error *err)
{
	struct kvm_msr_filter filter = { .flags = KVM_MSR_FILTER_DEFAULT_ALLOW };
	uint8_t denied = 0; /* the bitmap: one bit, clear */

	if (!m->caps->value[KVMCAP_MSR_FILTER] || !m->caps->value[KVMCAP_USER_SPACE_MSR])
		return error_set(err, -ENOTSUP, "this host's KVM has no filter for MSRs");
	for (size_t i = 0; i < count; i++) {
		if (msrs[i] >= MSR_X2APIC_FIRST && msrs[i] <= MSR_X2APIC_LAST)
			return error_set(err, -ENOTSUP,
					 "KVM does not let the local APIC's MSRs be caught");
		filter.ranges[i] = (struct kvm_msr_filter_range){
			.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			.nmsrs = 1,
			.base = msrs[i],
			.bitmap = &denied,
		};
	}
	if (ioctl(m->vm_fd, KVM_X86_SET_MSR_FILTER, &filter) < 0)
		return error_set(err, -errno, "KVM refuses this filter of MSRs: %s",
				 strerror(errno));
	return 0;
}

static const char *name_of(uint32_t index)
{
	const char *name;
	uint64_t at;

	for (size_t n = 0; (name = arch_msr_name(n, &at)); n++)
		if (at == index)
			return name;
	return "MSR";
}

void x86_msr_caught(struct vcpu *v, bool write)
{
	uint32_t index = v->run->msr.index;
	uint64_t value = v->run->msr.data;
	int ret = write ? x86_msr_write(v, index, value) : x86_msr_read(v, index, &value);
	struct catchpoint *cp = catch_hit(v->m, CATCH_MSR, index);

	/* Some of them are copied in KVM_GET_SREGS. */
	v->arch.valid &= v->arch.dirty;
	v->run->msr.error = ret < 0;
	if (!write)
		v->run->msr.data = value;
	if (!cp)
		return;
	if (ret < 0)
		catch_note(v, cp, "%s of %s 0x%x refused: the guest gets #GP",
			   write ? "write" : "read", name_of(index), index);
	else
		catch_note(v, cp, "%s %s 0x%x: 0x%" PRIx64, write ? "write to" : "read from",
			   name_of(index), index, value);
}
