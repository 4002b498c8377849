// SPDX-License-Identifier: GPL-3.0-or-later
/* What vCPUs were like at power-on, kept while they are gone: see power_on.h. */
#include "hv/arch/x86/power_on.h"

#include <stdlib.h>

#include "hv/arch/x86/x86.h"

void x86_power_on_free(struct x86_power_on *p)
{
	if (p) {
		free(p->xsave);
		free(p->msrs);
		free(p->nested);
	}
	free(p);
}

void x86_power_on_forget(struct arch_vm *a)
{
	while (a->kept) {
		struct x86_power_on *next = a->kept->next;

		x86_power_on_free(a->kept);
		a->kept = next;
	}
}

struct x86_power_on *x86_power_on_take(struct arch_vm *a, int vcpu)
{
	struct x86_power_on **at = &a->kept, *found;

	while (*at && (*at)->vcpu != vcpu)
		at = &(*at)->next;
	found = *at;
	if (found)
		*at = found->next;
	return found;
}
