/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a processor can show of itself besides its registers: tables, MSRs, CPUID. Loop thread. */
#ifndef HV_INSPECT_VCPU_H
#define HV_INSPECT_VCPU_H

#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;

/*
 * The view @name ("idt", "gdt", "tss", "msr", "cpuid") of @vcpu in lines of text. A running vCPU
 * is taken out of KVM_RUN for a moment. -ENOENT: this processor has no such view; -ESRCH, -EFAULT:
 * the table is not in memory; with a sentence.
 */
int inspect_view(struct machine *m, const char *name, int vcpu, struct strbuf *out,
		 struct error *err);

#endif
