// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Exits that only x86 has: port I/O, model-specific registers, and those of the
 * interrupt controllers. Meaning of each: KVM api.rst, section 5.
 */
#include "hv/arch/x86/x86.h"

#include <string.h>

#include "hv/bus.h"
#include "hv/catch.h"
#include "hv/debug.h"
#include "hv/machine.h"
#include "hv/record.h"
#include "hv/trace.h"
#include "hv/vcpu.h"

/* One element of an IN or OUT; @data is in the run page. */
static void port_access(struct vcpu *v, bool in, uint16_t port, unsigned size, uint8_t *data)
{
	struct bus *pio = &v->m->pio;
	uint64_t value = 0;

	if (in) {
		bus_read(pio, port, size, &value);
		memcpy(data, &value, size);
	} else {
		memcpy(&value, data, size);
		bus_write(pio, port, size, value);
	}
	catch_access(v, CATCH_PORT, port, size, !in, value);
}

/* A string instruction brings `count` elements at once, all for the same port. */
static enum exit_verdict on_io(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	unsigned size = run->io.size;

	if (size != 1 && size != 2 && size != 4)
		return EXIT_AGAIN;
	for (uint32_t i = 0; i < run->io.count; i++)
		port_access(v, run->io.direction == KVM_EXIT_IO_IN, run->io.port, size,
			    data + (size_t)i * size);
	return watch_io(v) ? EXIT_PARK : catch_verdict(v);
}

/* MSRs that KVM does not know (enabled in vm.c): the guest gets the #GP a processor gives. */
static enum exit_verdict on_rdmsr(struct vcpu *v)
{
	if (v->run->msr.reason == KVM_MSR_EXIT_REASON_FILTER) {
		x86_msr_caught(v, false);
		return catch_verdict(v);
	}
	trace(TRACE_EXIT, "vcpu%d: read of unknown MSR 0x%x", v->index, v->run->msr.index);
	v->run->msr.error = 1;
	return EXIT_AGAIN;
}

static enum exit_verdict on_wrmsr(struct vcpu *v)
{
	if (v->run->msr.reason == KVM_MSR_EXIT_REASON_FILTER) {
		x86_msr_caught(v, true);
		return catch_verdict(v);
	}
	trace(TRACE_EXIT, "vcpu%d: write of 0x%llx to unknown MSR 0x%x", v->index,
	      (unsigned long long)v->run->msr.data, v->run->msr.index);
	v->run->msr.error = 1;
	return EXIT_AGAIN;
}

/* What KVM tells and wants nothing done about. */
static enum exit_verdict on_notice(struct vcpu *v)
{
	(void)v;
	return EXIT_AGAIN;
}

/* A hypercall that KVM leaves to userspace: none is offered (KVM_ENOSYS, hypercalls.rst). */
static enum exit_verdict on_hypercall(struct vcpu *v)
{
	v->run->hypercall.ret = (uint64_t)-1000;
	return EXIT_AGAIN;
}

static void port_record(const struct kvm_run *run, struct record *rec)
{
	size_t size = run->io.size <= sizeof(rec->value) ? run->io.size : 0;

	rec->access = RECORD_PORT;
	rec->addr = run->io.port;
	rec->size = run->io.size;
	rec->write = run->io.direction == KVM_EXIT_IO_OUT;
	rec->count = run->io.count;
	/* Of a string, the first element. */
	memcpy(&rec->value, (const uint8_t *)run + run->io.data_offset, size);
}

void arch_exit_access(const struct vcpu *v, unsigned reason, struct record *rec)
{
	const struct kvm_run *run = v->run;

	if (reason == KVM_EXIT_IO)
		port_record(run, rec);
	if (reason != KVM_EXIT_X86_RDMSR && reason != KVM_EXIT_X86_WRMSR)
		return;
	rec->access = RECORD_MSR;
	rec->addr = run->msr.index;
	rec->size = 8;
	rec->write = reason == KVM_EXIT_X86_WRMSR;
	rec->value = run->msr.data;
}

static const struct arch_exit exits[] = {
	[KVM_EXIT_IO] = { "KVM_EXIT_IO", on_io, true },
	[KVM_EXIT_IRQ_WINDOW_OPEN] = { "KVM_EXIT_IRQ_WINDOW_OPEN", on_notice, false },
	[KVM_EXIT_SET_TPR] = { "KVM_EXIT_SET_TPR", on_notice, false },
	[KVM_EXIT_TPR_ACCESS] = { "KVM_EXIT_TPR_ACCESS", on_notice, false },
	[KVM_EXIT_NMI] = { "KVM_EXIT_NMI", on_notice, false },
	[KVM_EXIT_HYPERCALL] = { "KVM_EXIT_HYPERCALL", on_hypercall, true },
	[KVM_EXIT_IOAPIC_EOI] = { "KVM_EXIT_IOAPIC_EOI", on_notice, false },
	[KVM_EXIT_X86_RDMSR] = { "KVM_EXIT_X86_RDMSR", on_rdmsr, true },
	[KVM_EXIT_X86_WRMSR] = { "KVM_EXIT_X86_WRMSR", on_wrmsr, true },
	[KVM_EXIT_X86_BUS_LOCK] = { "KVM_EXIT_X86_BUS_LOCK", on_notice, false },
};

const struct arch_exit *arch_exits(size_t *count)
{
	*count = sizeof(exits) / sizeof(exits[0]);
	return exits;
}
