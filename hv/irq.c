// SPDX-License-Identifier: GPL-3.0-or-later
/* Interrupt lines and single messages into the in-kernel irqchip: see irq.h. */
#include "hv/irq.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "hv/irq_internal.h"
#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/record.h"
#include "hv/trace.h"

#define MAX_WITHOUT_KVM 4096

int irq_create(struct machine *m, struct error *err)
{
	static const struct kvm_caps none;
	const int *cap = m->vm_fd >= 0 && m->caps ? m->caps->value : none.value;
	int routes = cap[KVMCAP_IRQ_ROUTING] - ARCH_IRQ_ROUTES_MAX;
	struct irqs *irqs = calloc(1, sizeof(*irqs));

	if (!irqs)
		return error_set(err, -ENOMEM, "interrupts: out of memory");
	pthread_mutex_init(&irqs->lock, NULL);
	irqs->line_tells = cap[KVMCAP_IRQ_INJECT_STATUS];
	irqs->irqfd = cap[KVMCAP_IRQFD] && routes > 0;
	irqs->max = irqs->irqfd ? (unsigned)routes : MAX_WITHOUT_KVM;
	m->irqs = irqs;
	return 0;
}

void irq_destroy(struct machine *m)
{
	if (!m->irqs)
		return;
	pthread_mutex_destroy(&m->irqs->lock);
	free(m->irqs->msg);
	free(m->irqs);
	m->irqs = NULL;
}

/* What KVM_IRQ_LINE_STATUS and KVM_SIGNAL_MSI answer: below 0 masked, 0 merged, else the number of
 * processors (api.rst 4.25, 4.70). */
static enum record_irq count_answer(struct irq_count *count, int answer)
{
	irq_counted(answer < 0 ? &count->lost : answer ? &count->delivered : &count->merged);
	return answer < 0 ? RECORD_IRQ_LOST : answer ? RECORD_IRQ_DELIVERED : RECORD_IRQ_MERGED;
}

/* ---- lines ---- */

static int set_level(struct machine *m, unsigned long request, struct kvm_irq_level *line)
{
	int ret = ioctl(m->vm_fd, request, line);

	/* A GSI that no controller has is a wire to nowhere: the failure changes nothing. */
	if (ret < 0)
		trace(TRACE_DEVICE, "irq %u: KVM_IRQ_LINE: %m", line->irq);
	return ret;
}

/* What became of it, where KVM says so and it is a rising edge. */
static enum record_irq set_line(struct machine *m, int gsi, bool level, bool rising)
{
	struct irqs *irqs = m->irqs;
	bool tells = irqs && irqs->line_tells;
	struct kvm_irq_level line = { .irq = (uint32_t)gsi, .level = level };
	struct kvm_irq_level again = line;

	if (set_level(m, tells ? KVM_IRQ_LINE_STATUS : KVM_IRQ_LINE, &line) < 0 || !tells ||
	    !rising)
		return RECORD_IRQ_UNKNOWN;
	/* Asked for a status, x86's I/O APIC drops an edge of line 8, the clock's, when it comes
	 * before the EOI of the last one (rtc_irq_check_coalesced() in Linux). Where the edge was
	 * not dropped, a line that is up already goes up once more, which is nothing. */
	if (!line.status)
		set_level(m, KVM_IRQ_LINE, &again);
	return count_answer(&irqs->line[gsi], line.status);
}

void irq_set(struct machine *m, int gsi, bool level)
{
	struct record rec = { .kind = RECORD_LINE, .addr = (uint64_t)gsi, .value = level };
	bool rising = false, was;

	if (gsi < 0)
		return;
	trace(TRACE_DEVICE, "irq %d %s", gsi, level ? "up" : "down");
	if (m->irqs && gsi < ARCH_IRQ_LINES) {
		was = __atomic_exchange_n(&m->irqs->level[gsi], level, __ATOMIC_RELAXED);
		rising = level && !was;
		if (level != was)
			irq_counted(level ? &m->irqs->line[gsi].raised : &m->irqs->line[gsi].acked);
	}
	if (m->vm_fd >= 0)
		rec.code = set_line(m, gsi, level, rising);
	if (record_is_on(m, RECORD_IRQ))
		record_irq(m, &rec);
	record_irq_from(NULL);
}

struct irq_count irq_line_count(struct machine *m, int gsi, bool *level)
{
	*level = false;
	if (!m->irqs || gsi < 0 || gsi >= ARCH_IRQ_LINES)
		return (struct irq_count){ 0 };
	*level = __atomic_load_n(&m->irqs->level[gsi], __ATOMIC_RELAXED);
	return irq_count_copy(&m->irqs->line[gsi]);
}

/* ---- messages ---- */

void irq_msi(struct machine *m, uint64_t addr, uint32_t data, struct irq_count *count)
{
	struct kvm_msi msi = { .address_lo = (uint32_t)addr,
			       .address_hi = (uint32_t)(addr >> 32),
			       .data = data };
	struct record rec = { .kind = RECORD_MSI, .addr = addr, .value = data };
	int answer;

	trace(TRACE_DEVICE, "msi 0x%llx 0x%x", (unsigned long long)addr, data);
	if (count)
		irq_counted(&count->raised);
	if (m->vm_fd < 0)
		return;
	answer = ioctl(m->vm_fd, KVM_SIGNAL_MSI, &msi);
	if (answer < 0)
		trace(TRACE_DEVICE, "msi 0x%llx: KVM_SIGNAL_MSI: %m", (unsigned long long)addr);
	/* Zero is for a message what below zero is for a line: the guest does not take it. */
	if (count)
		irq_counted(answer > 0 ? &count->delivered : &count->lost);
	rec.code = answer > 0 ? RECORD_IRQ_DELIVERED : RECORD_IRQ_LOST;
	if (record_is_on(m, RECORD_IRQ))
		record_irq(m, &rec);
	record_irq_from(NULL);
}
