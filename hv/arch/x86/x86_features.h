/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of CPUID feature names (cpuid_features.c), for cpuid.c. */
#ifndef HV_ARCH_X86_X86_FEATURES_H
#define HV_ARCH_X86_X86_FEATURES_H

#include <stddef.h>
#include <stdint.h>

enum x86_cpuid_reg {
	X86_EAX,
	X86_EBX,
	X86_ECX,
	X86_EDX,
};

struct x86_feature {
	const char *name; /* some bits have two names */
	uint32_t function, index;
	uint8_t reg; /* enum x86_cpuid_reg */
	uint8_t bit;
};
extern const struct x86_feature x86_features[];
extern const size_t x86_feature_count;

struct x86_feature_dep {
	const char *feature, *needs;
};
extern const struct x86_feature_dep x86_feature_deps[];
extern const size_t x86_feature_dep_count;

#endif
