// SPDX-License-Identifier: GPL-3.0-or-later
/* CPUID made from a made-up host: -cpu, topology, and what is never offered. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/x86/x86.h"
#include "hv/arch/x86/x86_features.h"

static struct x86_cpuid *c;
static struct error err;

static void leaf(uint32_t function, uint32_t index, bool indexed, uint32_t eax, uint32_t ebx,
		 uint32_t ecx, uint32_t edx)
{
	c->entry[c->count++] = (struct kvm_cpuid_entry2){
		.function = function,
		.index = index,
		.flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
		.eax = eax,
		.ebx = ebx,
		.ecx = ecx,
		.edx = edx,
	};
}

static void setup(void)
{
	c = calloc(1, sizeof(*c));
	memset(&err, 0, sizeof(err));
	leaf(0, 0, false, 0x1f, 0x756e6547, 0x6c65746e, 0x49656e69);
	/* All of leaf 1 and 7 but SSE4.2 and AVX-512 VBMI. */
	leaf(1, 0, false, 0x50654, 0x00100800, ~(1u << 20), ~0u);
	leaf(4, 0, true, 0x1c004121, 0, 0, 0);
	leaf(4, 1, true, 0x1c004143, 0, 0, 0);
	leaf(4, 2, true, 0x1c03c163, 0, 0, 0);
	leaf(4, 3, true, 0, 0, 0, 0);
	leaf(5, 0, false, 64, 64, 3, 0);
	leaf(7, 0, true, 1, ~0u, ~2u, ~0u);
	leaf(0xb, 0, true, 1, 2, 0x100, 77);
	leaf(0xd, 0, true, 0x602e7, 2696, 11008, 0);
	leaf(0xd, 1, true, 0xf, 0, 0, 0);
	leaf(0xd, 2, true, 256, 576, 0, 0);
	leaf(0xd, 5, true, 64, 1088, 0, 0);
	leaf(0xd, 6, true, 512, 1152, 0, 0);
	leaf(0xd, 7, true, 1024, 1664, 0, 0);
	leaf(0xd, 9, true, 8, 2688, 0, 0);
	leaf(0xd, 17, true, 64, 2752, 0, 0);
	leaf(0xd, 18, true, 8192, 2816, 0, 0);
	leaf(0x1f, 0, true, 1, 2, 0x100, 77);
	leaf(0x40000000, 0, false, 0x40000001, 0, 0, 0);
	leaf(0x40000001, 0, false, ~0u, 0, 0, ~0u);
	leaf(0x80000001, 0, false, 0, 0, ~0u, ~0u);
	leaf(0x80000008, 0, false, 0x3028, 0, 0x5555, 0);
}

static void teardown(void)
{
	free(c);
}

TestSuite(cpuid, .init = setup, .fini = teardown);

static int build(const char *spec, unsigned vcpus)
{
	return x86_cpuid_build(c, spec, vcpus, 2500000, &err);
}

Test(cpuid, table_has_no_bit_outside_and_no_name_twice)
{
	for (size_t i = 0; i < x86_feature_count; i++) {
		cr_assert_lt(x86_features[i].bit, 32);
		cr_assert_leq(x86_features[i].reg, X86_EDX);
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(x86_features[i].name, x86_features[j].name);
	}
	for (size_t i = 0; i < x86_feature_dep_count; i++) {
		cr_assert(x86_cpuid_has(c, x86_feature_deps[i].feature) ||
				  strstr("sse4_2 avx512vbmi avx_vnni avx_ifma avx512_bf16",
					 x86_feature_deps[i].feature),
			  "%s", x86_feature_deps[i].feature);
	}
}

Test(cpuid, host_is_the_default)
{
	cr_assert_eq(build(NULL, 1), 0, "%s", err.text);
	cr_assert(x86_cpuid_has(c, "avx512f"));
	cr_assert(x86_cpuid_has(c, "x2apic"));
	cr_assert(x86_cpuid_has(c, "hypervisor"));
	cr_assert_not(x86_cpuid_has(c, "sse4_2"));
}

Test(cpuid, what_is_never_offered)
{
	static const char *const names[] = { "monitor",	 "vmx",	     "svm", "amx_tile", "amx_bf16",
					     "amx_int8", "intel_pt", "sgx", "topoext",	"xfd" };

	cr_assert_eq(build("host", 2), 0, "%s", err.text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_assert_not(x86_cpuid_has(c, names[i]), "%s", names[i]);
	cr_assert_null(x86_cpuid_find(c, 5, 0));
	cr_assert_null(x86_cpuid_find(c, 0x1f, 0));
}

Test(cpuid, features_are_added_and_taken_away)
{
	cr_assert_eq(build("host,+vmx,-aes,-SSE4.1", 1), 0, "%s", err.text);
	cr_assert(x86_cpuid_has(c, "vmx"));
	cr_assert_not(x86_cpuid_has(c, "aes"));
	cr_assert_not(x86_cpuid_has(c, "sse4_1"));
	cr_assert(x86_cpuid_has(c, "ssse3"));
}

Test(cpuid, what_depends_goes_too)
{
	cr_assert_eq(build("host,-avx", 1), 0, "%s", err.text);
	cr_assert_not(x86_cpuid_has(c, "avx2"));
	cr_assert_not(x86_cpuid_has(c, "avx512f"));
	cr_assert_not(x86_cpuid_has(c, "avx512bw"));
	cr_assert(x86_cpuid_has(c, "pku"));
	cr_assert_null(x86_cpuid_find(c, 0xd, 7));
	cr_assert_eq(x86_cpuid_find(c, 0xd, 0)->eax, 0x203);
	cr_assert_eq(x86_cpuid_find(c, 0xd, 0)->ecx, 2696);
}

Test(cpuid, without_xsave)
{
	cr_assert_eq(build("host,-xsave", 1), 0, "%s", err.text);
	cr_assert_null(x86_cpuid_find(c, 0xd, 0));
	cr_assert_not(x86_cpuid_has(c, "pku"));
}

Test(cpuid, amx_state_is_not_there)
{
	cr_assert_eq(build("host", 1), 0, "%s", err.text);
	cr_assert_null(x86_cpuid_find(c, 0xd, 17));
	cr_assert_null(x86_cpuid_find(c, 0xd, 18));
	cr_assert_eq(x86_cpuid_find(c, 0xd, 0)->eax, 0x2e7);
	cr_assert(x86_cpuid_find(c, 0xd, 9));
}

Test(cpuid, wrong_specs_say_what_is_wrong)
{
	static const struct {
		const char *spec, *text;
		int error;
	} rows[] = {
		{ "qemu64", "no model \"qemu64\"", -EINVAL },
		{ "", "no model", -EINVAL },
		{ "hostile", "no model", -EINVAL },
		{ "host,avx", "not +FEATURE", -EINVAL },
		{ "host,", "not +FEATURE", -EINVAL },
		{ "host,+", "not +FEATURE", -EINVAL },
		{ "host,+sse4", "near it: sse4_1", -EINVAL },
		{ "host,+vaex", "vaes", -EINVAL },
		{ "host,-nonsuch", "no feature \"nonsuch\"", -EINVAL },
		{ "host,+sse4_2", "cannot give", -ENOTSUP },
		{ "host,+amx_tile", "cannot be given", -ENOTSUP },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(build(rows[i].spec, 1), rows[i].error, "%s", rows[i].spec);
		cr_assert(strstr(err.text, rows[i].text), "%s: %s", rows[i].spec, err.text);
		teardown();
		setup();
	}
}

Test(cpuid, a_long_spec_is_refused)
{
	char spec[4000] = "host";

	memset(spec + 4, ',', sizeof(spec) - 5);
	cr_assert_eq(build(spec, 1), -EINVAL);
}

Test(cpuid, topology)
{
	static const struct {
		unsigned vcpus, logical, shift;
	} rows[] = { { 1, 1, 0 }, { 2, 2, 1 }, { 3, 4, 2 }, { 4, 4, 2 }, { 255, 255, 8 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kvm_cpuid_entry2 *e;

		cr_assert_eq(build("host", rows[i].vcpus), 0, "%s", err.text);
		x86_cpuid_set_apic_id(c, 42);
		e = x86_cpuid_find(c, 1, 0);
		cr_assert_eq(e->ebx >> 24, 42);
		cr_assert_eq(e->ebx >> 16 & 0xff, rows[i].logical);
		cr_assert_eq(e->edx >> 28 & 1, rows[i].vcpus > 1);
		e = x86_cpuid_find(c, 0xb, 0);
		cr_assert_eq(e->eax, 0);
		cr_assert_eq(e->ebx, 1);
		cr_assert_eq(e->ecx, 0x100);
		cr_assert_eq(e->edx, 42);
		e = x86_cpuid_find(c, 0xb, 1);
		cr_assert_eq(e->eax, rows[i].shift);
		cr_assert_eq(e->ebx, rows[i].vcpus);
		cr_assert_eq(e->ecx, 0x201);
		e = x86_cpuid_find(c, 4, 0);
		cr_assert_eq(e->eax >> 14 & 0xfff, 0, "L1 is a core's own");
		e = x86_cpuid_find(c, 4, 2);
		cr_assert_eq(e->eax >> 14 & 0xfff, (1u << rows[i].shift) - 1, "L3 is shared");
		teardown();
		setup();
	}
}

Test(cpuid, kvm_leaves)
{
	const struct kvm_cpuid_entry2 *e;

	cr_assert_eq(build("host", 1), 0, "%s", err.text);
	e = x86_cpuid_find(c, 0x40000000, 0);
	cr_assert_eq(memcmp(&e->ebx, "KVMKVMKVM\0\0\0", 12), 0);
	cr_assert_eq(e->eax, 0x40000010);
	cr_assert_eq(x86_cpuid_find(c, 0x40000010, 0)->eax, 2500000);
	e = x86_cpuid_find(c, 0x40000001, 0);
	cr_assert(e->eax & 1u << 3, "kvmclock");
	cr_assert_not(e->eax & 1u << 4, "no page faults of KVM's own");
	cr_assert_eq(x86_cpuid_maxphyaddr(c), 40);
}

Test(cpuid, amd)
{
	c->entry[0].ebx = 0x68747541;
	cr_assert_eq(build("host", 4), 0, "%s", err.text);
	cr_assert_eq(x86_cpuid_find(c, 0x80000008, 0)->ecx, 0x2003);
	cr_assert(x86_cpuid_find(c, 0x80000001, 0)->ecx & 2);
}

Test(cpuid, a_full_array_is_an_error)
{
	/* Not those that are left out and make room. */
	for (uint32_t i = 0; i < c->count; i++)
		if (c->entry[i].function == 5 || c->entry[i].function == 0x1f)
			c->entry[i].function = 0x20;
	while (c->count < X86_CPUID_MAX)
		leaf(0x20, 0, false, 0, 0, 0, 0);
	cr_assert_eq(build("host", 1), -E2BIG);
	cr_assert(*err.text);
}
