/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Coalesced MMIO and PIO (api.rst 4.116, KVM_REGISTER_COALESCED_MMIO): writes to
 * a zone are put into a ring by KVM without an exit, and reach the device before the next
 * exit is handled. For registers whose writes may come late.
 */
#ifndef HV_COALESCED_H
#define HV_COALESCED_H

#include <stdbool.h>
#include <stdint.h>

struct machine;
struct vcpu;

/* -ENOTSUP when KVM has no such ring; then writes simply exit one by one. Any thread. */
int coalesced_add(struct machine *m, bool is_pio, uint64_t base, uint32_t len);
void coalesced_remove(struct machine *m, bool is_pio, uint64_t base, uint32_t len);
/* Delivers what is in the ring. The vCPU's thread, before an exit is handled. */
void coalesced_drain(struct vcpu *v);

#endif
