/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What irq.c and irq_msg.c share. */
#ifndef HV_IRQ_INTERNAL_H
#define HV_IRQ_INTERNAL_H

#include <pthread.h>

#include "hv/arch/arch.h"
#include "hv/irq.h"

struct irqs {
	bool irqfd;	 /* KVM sends the messages: it has irqfds and a routing table */
	bool line_tells; /* KVM_IRQ_LINE_STATUS */

	/* Atomic. */
	bool level[ARCH_IRQ_LINES];
	struct irq_count line[ARCH_IRQ_LINES];

	/* Guards the routing table and the gates. Taken last; nothing is taken inside it. */
	pthread_mutex_t lock;
	unsigned max;	      /* of slots: what KVM's table has room for */
	unsigned slots;	      /* slot n has GSI ARCH_IRQ_LINES + n */
	struct irq_msg **msg; /* by slot; NULL: free */
};

static inline void irq_counted(uint64_t *n)
{
	__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
}

static inline struct irq_count irq_count_copy(const struct irq_count *count)
{
	return (struct irq_count){
		.raised = __atomic_load_n(&count->raised, __ATOMIC_RELAXED),
		.delivered = __atomic_load_n(&count->delivered, __ATOMIC_RELAXED),
		.merged = __atomic_load_n(&count->merged, __ATOMIC_RELAXED),
		.lost = __atomic_load_n(&count->lost, __ATOMIC_RELAXED),
		.acked = __atomic_load_n(&count->acked, __ATOMIC_RELAXED),
	};
}

#endif
