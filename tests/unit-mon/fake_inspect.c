// SPDX-License-Identifier: GPL-3.0-or-later
/* hv/inspect.h over the machine without KVM of fake_control.h: nothing moves in it. */
#include "hv/inspect.h"

#include "tests/unit-mon/fake_control.h"

struct symbols *inspect_symbols(struct machine *m, int vcpu)
{
	(void)vcpu;
	return m->symbols;
}
