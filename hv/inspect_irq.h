/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interrupts, as a person sees them: who raises them, what became of them, where they go, and what
 * the controllers hold. Loop thread; nothing here changes anything.
 */
#ifndef HV_INSPECT_IRQ_H
#define HV_INSPECT_IRQ_H

#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;

/*
 * Each line that a device has or that was ever raised, then each message: how often it was raised,
 * delivered and acknowledged, and what the guest has programmed for it.
 */
void inspect_irqs(struct machine *m, struct strbuf *out);
/*
 * The state of the controller @name ("lapic"); @vcpu says of which vCPU, where each has its own.
 * -ENOENT: this processor has none of that name; -ESRCH: no such vCPU; what KVM says; with a
 * sentence.
 */
int inspect_controller(struct machine *m, const char *name, int vcpu, struct strbuf *out,
		       struct error *err);

#endif
