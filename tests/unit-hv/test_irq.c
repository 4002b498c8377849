// SPDX-License-Identifier: GPL-3.0-or-later
/* Interrupt lines: which edges reach the controller, and what is counted. */
#include <criterion/criterion.h>

#include "fake_kvm.h"
#include "hv/irq.h"

#define CLOCK 8

static void pulse(struct machine *m, int gsi)
{
	irq_set(m, gsi, false);
	irq_set(m, gsi, true);
}

Test(irq, an_edge_before_the_end_of_the_last_interrupt_is_kept, .timeout = 300)
{
	struct machine *m = toy_spinner(1, 0x200000);
	struct irq_count n;
	bool level;

	for (int gsi = CLOCK - 1; gsi <= CLOCK; gsi++) {
		pulse(m, gsi);
		pulse(m, gsi);
		cr_expect_eq(toy_edges[gsi], 2, "line %d: %u", gsi, toy_edges[gsi]);
		irq_set(m, gsi, true);
		cr_expect_eq(toy_edges[gsi], 2, "line %d is up already", gsi);
		toy_eoi(gsi);
		pulse(m, gsi);
		cr_expect_eq(toy_edges[gsi], 3, "line %d: %u", gsi, toy_edges[gsi]);
		n = irq_line_count(m, gsi, &level);
		cr_expect(level);
		cr_expect_eq(n.raised, 3);
		cr_expect_eq(n.acked, 2);
		cr_expect_eq(n.delivered + n.merged, 3);
		cr_expect_eq(n.lost, 0);
	}
	toy_machine_free(m);
}
