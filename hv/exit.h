/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens after each kind of KVM exit: the table that all processors share. */
#ifndef HV_EXIT_H
#define HV_EXIT_H

#include "hv/record.h"
#include "hv/vcpu.h"

/* Handles v->run->exit_reason; the vCPU's thread, right after KVM_RUN returned 0. */
enum exit_verdict exit_dispatch(struct vcpu *v);
/* KVM_RUN itself failed with @err (positive errno). Posts the stop. */
enum exit_verdict exit_run_failed(struct vcpu *v, int err);
/* After an exit for @reason was handled: what the guest accessed, where it was that. */
void exit_access(const struct vcpu *v, unsigned reason, struct record *rec);
/* "KVM_EXIT_MMIO"; never NULL. */
const char *exit_name(unsigned reason);

#endif
