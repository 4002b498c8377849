/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Model-specific registers by number; those with a name are registers (control_reg_read()).
 *
 * Loop thread. A running vCPU is taken out of KVM_RUN for a moment. -ESRCH: no such vCPU;
 * -ENOTSUP: KVM has no such MSR, or refuses the value.
 */
#ifndef HV_CONTROL_MSR_H
#define HV_CONTROL_MSR_H

#include <stdint.h>

struct machine;

int control_msr_read(struct machine *m, int vcpu, uint64_t index, uint64_t *value);
int control_msr_write(struct machine *m, int vcpu, uint64_t index, uint64_t value);

#endif
