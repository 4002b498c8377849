/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KVM's own statistics as front ends see them: hv/stats.h. Loop thread. */
#ifndef HV_INSPECT_STATS_H
#define HV_INSPECT_STATS_H

#include "hv/stats.h"

struct machine;

/* Instead of a vCPU: the statistics of the whole VM. */
#define INSPECT_STATS_VM (-1)

/*
 * Those of @vcpu, which is taken out of KVM_RUN for a moment when it runs (KVM counts that, too).
 * -ENOTSUP: this KVM has none to be read; -ESRCH: there is no such vCPU; or an error of
 * stats_read(); each with a sentence. @out is freed with stats_free().
 */
int inspect_stats(struct machine *m, int vcpu, struct stats *out, struct error *err)
	__attribute__((warn_unused_result));

#endif
