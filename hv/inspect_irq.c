// SPDX-License-Identifier: GPL-3.0-or-later
/* Interrupts, as a person sees them: see inspect_irq.h. */
#include "hv/inspect_irq.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/device_event.h"
#include "hv/fields.h"
#include "hv/irq.h"
#include "hv/machine.h"
#include "hv/pci.h"
#include "hv/vcpu.h"

/* ---- sources ---- */

/* The line of a device, its own or INTA#; -1: it has none. */
static int line_of(const struct device *d)
{
	return d->pci && d->pci->initial[PCI_INTERRUPT_PIN] ? pci_intx_gsi(d->pci) : d->irq;
}

static bool has_source(const struct machine *m, int gsi)
{
	const struct device *d = m->devices;

	while (d && line_of(d) != gsi)
		d = d->next;
	return d;
}

static void describe_source(const struct device *d, struct strbuf *out)
{
	struct device_counts n = device_counts_get(d);

	data_object(out, NULL);
	field_str(out, "device", "  from %s", d->name);
	if (d->pci) {
		field_u64(out, "slot", ", INTA# of slot %llu\n", d->pci->slot);
	} else {
		field_u64(out, "raised", ": %llu raised", n.irqs);
		field_u64(out, "acknowledged", ", %llu acknowledged\n", n.acks);
	}
	data_end(out);
}

static void describe_line(struct machine *m, int gsi, struct strbuf *out)
{
	bool level;
	struct irq_count n = irq_line_count(m, gsi, &level);

	if (!n.raised && !has_source(m, gsi))
		return;
	data_object(out, NULL);
	field_int(out, "gsi", "GSI %lld, ", gsi);
	field_bool(out, "up", level, "up", "down");
	field_u64(out, "raised", ": %llu raised", n.raised);
	field_u64(out, "delivered", ", %llu delivered", n.delivered);
	field_u64(out, "merged", ", %llu merged", n.merged);
	field_u64(out, "lost", ", %llu lost", n.lost);
	field_u64(out, "acknowledged", ", %llu acknowledged\n", n.acked);
	data_list(out, "sources");
	for (const struct device *d = m->devices; d; d = d->next)
		if (line_of(d) == gsi)
			describe_source(d, out);
	data_end(out);
	data_list(out, "routes");
	arch_line_describe(m, gsi, out);
	data_end(out);
	data_end(out);
}

void inspect_irqs(struct machine *m, struct strbuf *out)
{
	data_list(out, "lines");
	for (int gsi = 0; gsi < ARCH_IRQ_LINES; gsi++)
		describe_line(m, gsi, out);
	data_end(out);
	data_list(out, "messages");
	for (const struct device *d = m->devices; d; d = d->next)
		if (d->pci)
			pci_describe_messages(d->pci, out);
	data_end(out);
}

/* ---- controllers ---- */

struct question {
	const struct arch_controller *controller;
	struct strbuf *out;
	int ret;
};

static void ask(struct vcpu *v, void *arg)
{
	struct question *q = arg;

	q->ret = q->controller->describe(v->m, v, q->out);
}

int inspect_controller(struct machine *m, const char *name, int vcpu, struct strbuf *out,
		       struct error *err)
{
	struct question q = { .controller = arch_controllers(), .out = out };

	while (q.controller->name && strcmp(q.controller->name, name) != 0)
		q.controller++;
	if (!q.controller->name)
		return error_set(err, -ENOENT, "this processor has no %s", name);
	if (!q.controller->per_vcpu)
		q.ret = q.controller->describe(m, NULL, out);
	else if (vcpu < 0 || vcpu >= MACHINE_MAX_VCPUS || !m->vcpus[vcpu] ||
		 vcpu_run_on(m->vcpus[vcpu], ask, &q))
		return error_set(err, -ESRCH, "there is no vCPU %d", vcpu);
	if (q.ret)
		return error_set(err, q.ret, "KVM does not show its %s: %s", name,
				 strerror(-q.ret));
	return 0;
}
