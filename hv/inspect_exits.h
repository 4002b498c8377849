/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exits as front ends see them: hv/exit_stats.h. Loop thread; no vCPU is disturbed. */
#ifndef HV_INSPECT_EXITS_H
#define HV_INSPECT_EXITS_H

#include <stdbool.h>

#include "hv/exit_stats.h"

struct machine;

/* Those of @vcpu for @reason (KVM_EXIT_…), and its name. False past the last reason, or when there
 * is no such vCPU. */
bool inspect_exit(struct machine *m, int vcpu, unsigned reason, struct exit_stat *out,
		  const char **name);

#endif
