// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What KVM's interrupt controllers and timer hold now, for people: asked here, put in words in
 * irqchip_describe.c and lapic_describe.c. Asking changes nothing.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "hv/arch/x86/irqchip_describe.h"
#include "hv/arch/x86/x86.h"
#include "hv/fields.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

static int get_chip(const struct machine *m, uint32_t id, struct kvm_irqchip *chip)
{
	*chip = (struct kvm_irqchip){ .chip_id = id };
	return ioctl(m->vm_fd, KVM_GET_IRQCHIP, chip) < 0 ? -errno : 0;
}

static int show_ioapic(struct machine *m, struct vcpu *v, struct strbuf *out)
{
	struct kvm_irqchip chip;
	int ret = get_chip(m, KVM_IRQCHIP_IOAPIC, &chip);

	(void)v;
	if (!ret)
		x86_ioapic_describe(&chip.chip.ioapic, out);
	return ret;
}

static int show_pic(struct machine *m, struct vcpu *v, struct strbuf *out)
{
	struct kvm_pic_state pic[2];
	struct kvm_irqchip chip;

	(void)v;
	for (uint32_t i = 0; i < 2; i++) {
		int ret = get_chip(m, i ? KVM_IRQCHIP_PIC_SLAVE : KVM_IRQCHIP_PIC_MASTER, &chip);

		if (ret)
			return ret;
		pic[i] = chip.chip.pic;
	}
	x86_pic_describe(pic, out);
	return 0;
}

static int show_pit(struct machine *m, struct vcpu *v, struct strbuf *out)
{
	struct kvm_pit_state2 pit;

	(void)v;
	if (ioctl(m->vm_fd, KVM_GET_PIT2, &pit) < 0)
		return -errno;
	x86_pit_describe(&pit, out);
	return 0;
}

static int show_lapic(struct machine *m, struct vcpu *v, struct strbuf *out)
{
	struct x86_lapic lapic = { .base = 0 };

	(void)m;
	if (ioctl(v->fd, KVM_GET_LAPIC, &lapic.page) < 0)
		return -errno;
	if (x86_msr_read(v, MSR_IA32_APICBASE, &lapic.base) < 0 ||
	    x86_msr_read(v, MSR_IA32_TSC_DEADLINE, &lapic.deadline) < 0)
		lapic.deadline = 0;
	/* While time stands still, clock.c has it. */
	if (v->arch.tsc_deadline)
		lapic.deadline = v->arch.tsc_deadline;
	x86_lapic_describe(&lapic, out);
	return 0;
}

static const struct arch_controller controllers[] = {
	{ "lapic", true, show_lapic }, { "ioapic", false, show_ioapic },
	{ "pic", false, show_pic },    { "pit", false, show_pit },
	{ NULL, false, NULL },
};

const struct arch_controller *arch_controllers(void)
{
	return controllers;
}

void arch_line_describe(struct machine *m, int gsi, struct strbuf *out)
{
	struct kvm_irq_routing_entry routes[ARCH_IRQ_ROUTES_MAX];
	unsigned count = arch_irq_routes(routes);
	struct kvm_irqchip chip;
	size_t mark;

	for (unsigned i = 0; i < count; i++) {
		uint32_t id = routes[i].u.irqchip.irqchip, pin = routes[i].u.irqchip.pin;

		if (routes[i].gsi != (uint32_t)gsi || get_chip(m, id, &chip))
			continue;
		data_object(out, NULL);
		field_str(out, "controller", "  to %s, ",
			  id == KVM_IRQCHIP_IOAPIC	 ? "I/O APIC"
			  : id == KVM_IRQCHIP_PIC_MASTER ? "master 8259"
							 : "slave 8259");
		field_u64(out, "input", "input %llu: ", pin);
		mark = out->len;
		if (id == KVM_IRQCHIP_IOAPIC)
			x86_ioapic_pin_describe(&chip.chip.ioapic, pin, out);
		else
			x86_pic_pin_describe(&chip.chip.pic, pin, out);
		data_since(out, "text", mark);
		data_end(out);
		strbuf_puts(out, "\n");
	}
}
