/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chooses the processor's part of struct vcpu. */
#ifndef HV_ARCH_ARCH_VCPU_H
#define HV_ARCH_ARCH_VCPU_H

#if defined(__x86_64__)
#include "hv/arch/x86/x86_vcpu.h"
#else
#error "this processor has no hv/arch directory yet"
#endif

#endif
