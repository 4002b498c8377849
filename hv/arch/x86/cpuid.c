// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * CPUID: what the guest's processor says of itself.
 *
 * It starts from what KVM supports on this host. The features are cpuid_spec.c's; this file adds
 * the topology (one package, a core for each vCPU), the TSC's frequency and KVM's own leaves.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define LEAF_KVM      0x40000000u
#define LEAF_KVM_FEAT 0x40000001u
#define LEAF_TIMING   0x40000010u

/* KVM's paravirtual features (cpuid.rst) that are given: not the ones that make page faults of
 * their own (ASYNC_PF), nor those that need a VMM's help. */
#define KVM_FEATURES_GIVEN                                                                \
	(1u << 0 | 1u << 1 | 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 9 | 1u << 11 | \
	 1u << 12 | 1u << 13 | 1u << 24)

/* ---- the array ---- */

struct kvm_cpuid_entry2 *x86_cpuid_find(struct x86_cpuid *c, uint32_t function, uint32_t index)
{
	for (uint32_t i = 0; i < c->count; i++) {
		struct kvm_cpuid_entry2 *e = &c->entry[i];

		if (e->function == function &&
		    (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || e->index == index))
			return e;
	}
	return NULL;
}

static const struct kvm_cpuid_entry2 *find(const struct x86_cpuid *c, uint32_t function,
					   uint32_t index)
{
	return x86_cpuid_find((struct x86_cpuid *)c, function, index);
}

static void remove_leaf(struct x86_cpuid *c, uint32_t function)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->count; i++)
		if (c->entry[i].function != function)
			c->entry[n++] = c->entry[i];
	c->count = n;
}

/* NULL when the array is full. */
static struct kvm_cpuid_entry2 *add(struct x86_cpuid *c, uint32_t function, uint32_t index,
				    uint32_t flags)
{
	struct kvm_cpuid_entry2 *e;

	if (c->count == X86_CPUID_MAX)
		return NULL;
	e = &c->entry[c->count++];
	*e = (struct kvm_cpuid_entry2){ .function = function, .index = index, .flags = flags };
	return e;
}

static struct kvm_cpuid_entry2 *find_or_add(struct x86_cpuid *c, uint32_t function)
{
	struct kvm_cpuid_entry2 *e = x86_cpuid_find(c, function, 0);

	return e ? e : add(c, function, 0, 0);
}

/* ---- leaves ---- */

static bool is_amd(const struct x86_cpuid *c)
{
	const struct kvm_cpuid_entry2 *e = find(c, 0, 0);

	/* "Auth" of AuthenticAMD, "Hygo" of HygonGenuine. */
	return e && (e->ebx == 0x68747541 || e->ebx == 0x6f677948);
}

/* Bits of an APIC id that number @n things. */
static uint32_t id_bits(unsigned n)
{
	uint32_t bits = 0;

	while ((1u << bits) < n)
		bits++;
	return bits;
}

/* Leaf 4: L1 and L2 are a core's own, what is above is shared by all (SDM volume 2, CPUID leaf 4).
 */
static void caches(struct x86_cpuid *c, unsigned vcpus)
{
	uint32_t all = (1u << id_bits(vcpus)) - 1;

	for (uint32_t i = 0; i < c->count; i++) {
		struct kvm_cpuid_entry2 *e = &c->entry[i];
		bool shared = (e->eax >> 5 & 7) >= 3;

		if (e->function != 4 || !(e->eax & 0x1f))
			continue;
		e->eax = (e->eax & 0x3fff) | (shared ? all & 0xfff : 0) << 14 |
			 (all < 63 ? all : 63) << 26;
	}
}

/* Leaf 0xb: one thread in a core, all cores in the package. EDX gets the x2APIC id later. */
static int topology_leaf(struct x86_cpuid *c, unsigned vcpus)
{
	const struct kvm_cpuid_entry2 *top = find(c, 0, 0);
	const uint32_t rows[][3] = { /* EAX, EBX, ECX */
				     { 0, 1, 1 << 8 },
				     { id_bits(vcpus), vcpus, 2 << 8 | 1 },
				     { 0, 0, 2 }
	};

	remove_leaf(c, 0xb);
	remove_leaf(c, 0x1f);
	if (!top || top->eax < 0xb)
		return 0;
	for (uint32_t i = 0; i < 3; i++) {
		struct kvm_cpuid_entry2 *e = add(c, 0xb, i, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

		if (!e)
			return -E2BIG;
		e->eax = rows[i][0];
		e->ebx = rows[i][1];
		e->ecx = rows[i][2];
	}
	return 0;
}

static int topology(struct x86_cpuid *c, unsigned vcpus)
{
	struct kvm_cpuid_entry2 *e = x86_cpuid_find(c, 1, 0);

	if (e) {
		uint32_t logical = 1u << id_bits(vcpus);

		e->ebx = (e->ebx & 0xff00ffff) | (logical < 255 ? logical : 255) << 16;
		e->edx &= ~(1u << 28);
		if (vcpus > 1)
			e->edx |= 1u << 28; /* HTT: EBX[23:16] holds */
	}
	caches(c, vcpus);
	e = x86_cpuid_find(c, 0x80000008, 0);
	if (e)
		e->ecx = is_amd(c) ? (id_bits(vcpus) & 0xf) << 12 | (vcpus - 1) : 0;
	if (is_amd(c) && vcpus > 1) {
		e = x86_cpuid_find(c, 0x80000001, 0);
		if (e)
			e->ecx |= 1u << 1; /* CMP_LEGACY */
	}
	remove_leaf(c, 0x8000001d);
	remove_leaf(c, 0x8000001e);
	return topology_leaf(c, vcpus);
}

/* Leaf 0xd: only the state of features that are there; never AMX, which needs a permission. */
static void xsave_leaf(struct x86_cpuid *c)
{
	struct kvm_cpuid_entry2 *e = x86_cpuid_find(c, 0xd, 0);
	uint32_t mask = 1u << XSAVE_X87 | 1u << XSAVE_SSE, size = 576, n = 0;

	if (!x86_cpuid_has(c, "xsave") || !e) {
		remove_leaf(c, 0xd);
		return;
	}
	if (x86_cpuid_has(c, "avx"))
		mask |= 1u << XSAVE_AVX;
	if (x86_cpuid_has(c, "mpx"))
		mask |= 3u << 3;
	if (x86_cpuid_has(c, "avx512f"))
		mask |= 1u << XSAVE_OPMASK | 1u << XSAVE_ZMM_HI256 | 1u << XSAVE_HI16_ZMM;
	if (x86_cpuid_has(c, "pku"))
		mask |= 1u << XSAVE_PKRU;
	e->eax &= mask;
	e->edx = 0;
	mask = e->eax;
	for (uint32_t i = 0; i < c->count; i++) {
		const struct kvm_cpuid_entry2 *s = &c->entry[i];
		bool user = s->function == 0xd && s->index >= 2 && !(s->ecx & 1);

		if (user && (s->index >= 32 || !(mask >> s->index & 1)))
			continue;
		if (user && s->eax + s->ebx > size)
			size = s->eax + s->ebx;
		c->entry[n++] = *s;
	}
	c->count = n;
	x86_cpuid_find(c, 0xd, 0)->ecx = size;
}

static int kvm_leaves(struct x86_cpuid *c, uint32_t tsc_khz)
{
	struct kvm_cpuid_entry2 *sig = find_or_add(c, LEAF_KVM);
	struct kvm_cpuid_entry2 *timing;
	struct kvm_cpuid_entry2 *feat = find_or_add(c, LEAF_KVM_FEAT);

	if (!sig || !feat)
		return -E2BIG;
	memcpy(&sig->ebx, "KVMK", 4);
	memcpy(&sig->ecx, "VMKV", 4);
	memcpy(&sig->edx, "M\0\0\0", 4);
	feat->eax &= KVM_FEATURES_GIVEN;
	feat->edx = 0;
	if (sig->eax < LEAF_KVM_FEAT)
		sig->eax = LEAF_KVM_FEAT;
	if (!tsc_khz || sig->eax >= LEAF_TIMING)
		return 0;
	/* The convention of VMware, which other kernels read: kHz of TSC and of the APIC's timer.
	 */
	timing = find_or_add(c, LEAF_TIMING);
	if (!timing)
		return -E2BIG;
	sig->eax = LEAF_TIMING;
	timing->eax = tsc_khz;
	timing->ebx = 1000000;
	return 0;
}

int x86_cpuid_build(struct x86_cpuid *c, const char *spec, unsigned vcpus, uint32_t tsc_khz,
		    struct error *err)
{
	static const uint32_t never_offered[] = { 5, 0x12, 0x14, 0x1d, 0x1e };
	struct kvm_cpuid_entry2 *e;
	int ret;

	/* OSXSAVE and OSPKE: KVM makes them follow CR4. */
	e = x86_cpuid_find(c, 1, 0);
	if (e)
		e->ecx &= ~(1u << 27);
	e = x86_cpuid_find(c, 7, 0);
	if (e)
		e->ecx &= ~(1u << 4);
	ret = x86_cpuid_apply_spec(c, spec ? spec : "host", err);
	if (ret < 0)
		return ret;
	/* Leaves of MONITOR, SGX, processor trace and AMX. */
	for (size_t i = 0; i < sizeof(never_offered) / sizeof(never_offered[0]); i++)
		remove_leaf(c, never_offered[i]);
	xsave_leaf(c);
	ret = topology(c, vcpus ? vcpus : 1);
	if (!ret)
		ret = kvm_leaves(c, tsc_khz);
	if (ret < 0)
		return error_set(err, ret, "CPUID has more leaves than there is room for");
	return 0;
}

void x86_cpuid_set_apic_id(struct x86_cpuid *c, uint32_t id)
{
	for (uint32_t i = 0; i < c->count; i++) {
		struct kvm_cpuid_entry2 *e = &c->entry[i];

		if (e->function == 1)
			e->ebx = (e->ebx & 0x00ffffff) | (id & 0xff) << 24;
		else if (e->function == 0xb)
			e->edx = id;
	}
}

uint8_t x86_cpuid_maxphyaddr(const struct x86_cpuid *c)
{
	const struct kvm_cpuid_entry2 *e = find(c, 0x80000008, 0);
	uint8_t bits = e ? (uint8_t)e->eax : 0;

	return bits >= 32 && bits <= 52 ? bits : 36;
}

int x86_cpuid_supported(int kvm_fd, struct x86_cpuid *c, struct error *err)
{
	size_t room = sizeof(struct kvm_cpuid2) + X86_CPUID_MAX * sizeof(c->entry[0]);
	struct kvm_cpuid2 *k = calloc(1, room);
	struct kvm_cpuid_entry2 *e;

	if (!k)
		return error_set(err, -ENOMEM, "no memory for CPUID");
	k->nent = X86_CPUID_MAX;
	if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, k) < 0 || k->nent > X86_CPUID_MAX) {
		free(k);
		return error_set(err, -EIO, "KVM does not say which processor it offers: %s",
				 strerror(errno));
	}
	c->count = k->nent;
	memcpy(c->entry, k->entries, k->nent * sizeof(c->entry[0]));
	free(k);
	/* KVM says this one elsewhere (api.rst 4.46). */
	e = x86_cpuid_find(c, 1, 0);
	if (e && ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
		e->ecx |= 1u << 24;
	return 0;
}
