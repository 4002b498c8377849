// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Model-specific registers: reading and writing one, and all of them at power-on.
 *
 * What KVM gives a new vCPU is its power-on state, so a reset puts that back
 * rather than a list of our own, which would miss what the next processor adds.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/vcpu.h"

#define MSR_LIST_MAX 4096
/* Of one KVM_GET_MSRS: KVM refuses 256 and more. */
#define MSR_CHUNK 128

/* What firmware would have done before it starts an operating system. */
static const struct {
	uint32_t index;
	uint64_t value;
} boot_msrs[] = {
	/* Fast string operations (SDM volume 4, IA32_MISC_ENABLE bit 0). */
	{ MSR_IA32_MISC_ENABLE, 1 },
	/* MTRRs on, everything write-back (SDM volume 3, 12.11.2.1). */
	{ MSR_MTRR_DEF_TYPE, 0x806 },
	{ MSR_IA32_PAT, 0x0007040600070406ull },
};

/* KVM_SET_SREGS has these; EFER is refused here while paging is on. */
static bool not_reset(uint32_t index)
{
	return index == MSR_IA32_APICBASE || index == MSR_EFER;
}

int x86_msr_list_get(int kvm_fd, struct x86_msr_list *list, struct error *err)
{
	struct kvm_msr_list probe = { .nmsrs = 0 };
	struct kvm_msr_list *all;

	if (ioctl(kvm_fd, KVM_GET_MSR_INDEX_LIST, &probe) < 0 && errno != E2BIG)
		return error_set(err, -errno, "KVM does not list its MSRs: %s", strerror(errno));
	if (probe.nmsrs > MSR_LIST_MAX)
		return error_set(err, -E2BIG, "KVM lists more MSRs than a processor has");
	all = calloc(1, sizeof(*all) + probe.nmsrs * sizeof(all->indices[0]));
	list->index = calloc(probe.nmsrs + 1, sizeof(list->index[0]));
	if (!all || !list->index) {
		free(all);
		return error_set(err, -ENOMEM, "no memory for the list of MSRs");
	}
	all->nmsrs = probe.nmsrs;
	if (ioctl(kvm_fd, KVM_GET_MSR_INDEX_LIST, all) < 0) {
		free(all);
		return error_set(err, -errno, "KVM does not list its MSRs: %s", strerror(errno));
	}
	list->count = all->nmsrs;
	memcpy(list->index, all->indices, list->count * sizeof(list->index[0]));
	free(all);
	return 0;
}

/* A struct kvm_msrs with room for exactly one. */
union one_msr {
	struct kvm_msrs h;
	uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
};

static int one_msr(struct vcpu *v, unsigned long request, uint32_t index, uint64_t *value)
{
	union one_msr one = { .h = { .nmsrs = 1 } };
	struct kvm_msr_entry e = { .index = index, .data = *value };

	memcpy(one.room + sizeof(one.h), &e, sizeof(e));
	/* The result is how many were done (api.rst 4.18). */
	if (ioctl(v->fd, request, &one) != 1)
		return -EINVAL;
	memcpy(&e, one.room + sizeof(one.h), sizeof(e));
	*value = e.data;
	return 0;
}

int x86_msr_read(struct vcpu *v, uint32_t index, uint64_t *value)
{
	*value = 0;
	return one_msr(v, KVM_GET_MSRS, index, value);
}

int x86_msr_write(struct vcpu *v, uint32_t index, uint64_t value)
{
	return one_msr(v, KVM_SET_MSRS, index, &value);
}

/*
 * KVM_GET_MSRS and KVM_SET_MSRS stop at the first that fails: go on behind it. @failed
 * (may be NULL) gets a mark for each of those.
 */
static void msrs_all(struct vcpu *v, unsigned long request, struct kvm_msrs *msrs, bool *failed)
{
	uint32_t total = msrs->nmsrs, done = 0;
	struct kvm_msrs *part = malloc(sizeof(*part) + MSR_CHUNK * sizeof(part->entries[0]));

	if (!part)
		return;
	while (done < total) {
		int n;

		memset(part, 0, sizeof(*part));
		part->nmsrs = total - done < MSR_CHUNK ? total - done : MSR_CHUNK;
		memcpy(part->entries, msrs->entries + done, part->nmsrs * sizeof(part->entries[0]));
		n = ioctl(v->fd, request, part);
		if (n < 0)
			n = 0;
		memcpy(msrs->entries + done, part->entries, (size_t)n * sizeof(part->entries[0]));
		done += (uint32_t)n;
		if ((uint32_t)n == part->nmsrs)
			continue;
		if (failed)
			failed[done] = true;
		done++;
	}
	free(part);
}

struct kvm_msrs *x86_msrs_get(struct vcpu *v, const struct x86_msr_list *list)
{
	struct kvm_msrs *msrs = calloc(1, sizeof(*msrs) + list->count * sizeof(msrs->entries[0]));
	bool *failed = calloc(list->count + 1, sizeof(*failed));
	uint32_t n = 0;

	if (!msrs || !failed) {
		free(msrs);
		free(failed);
		return NULL;
	}
	for (uint32_t i = 0; i < list->count; i++)
		if (!not_reset(list->index[i]))
			msrs->entries[n++].index = list->index[i];
	msrs->nmsrs = n;
	msrs_all(v, KVM_GET_MSRS, msrs, failed);
	n = 0;
	for (uint32_t i = 0; i < msrs->nmsrs; i++)
		if (!failed[i])
			msrs->entries[n++] = msrs->entries[i];
	msrs->nmsrs = n;
	/* A new vCPU's TSC starts at zero; it went on since. */
	for (uint32_t i = 0; i < n; i++)
		if (msrs->entries[i].index == MSR_IA32_TSC)
			msrs->entries[i].data = 0;
	free(failed);
	return msrs;
}

void x86_msrs_reset(struct vcpu *v, const struct kvm_msrs *msrs)
{
	size_t size = sizeof(*msrs) + msrs->nmsrs * sizeof(msrs->entries[0]);
	struct kvm_msrs *copy = malloc(size);

	if (copy) {
		memcpy(copy, msrs, size);
		msrs_all(v, KVM_SET_MSRS, copy, NULL);
		free(copy);
	}
	for (size_t i = 0; i < sizeof(boot_msrs) / sizeof(boot_msrs[0]); i++)
		x86_msr_write(v, boot_msrs[i].index, boot_msrs[i].value);
}
