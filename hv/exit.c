// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Exits: a table by exit reason, ours here and the processor's own behind
 * arch_exits(). An exit nobody knows dumps the vCPU and stops the machine in
 * internal-error, with gdb and the monitor alive.
 *
 * Meaning of each exit: Linux Documentation/virt/kvm/api.rst, section 5.
 */
#include "hv/exit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hv/catch.h"
#include "hv/coalesced.h"
#include "hv/debug.h"
#include "hv/machine.h"
#include "hv/trace.h"

/* Says on the console what happened and stops; the dump is for who has no debugger attached. */
static enum exit_verdict fatal(struct vcpu *v, const char *what)
{
	struct strbuf dump = STRBUF_INIT;

	arch_dump(v, &dump);
	fprintf(stderr, "vitrine: vCPU %d: %s\n%s", v->index, what, strbuf_str(&dump));
	strbuf_free(&dump);
	vcpu_post_stop_text(v, STOP_INTERNAL_ERROR, "%s", what);
	return EXIT_PARK;
}

enum exit_verdict exit_run_failed(struct vcpu *v, int err)
{
	char what[120];

	snprintf(what, sizeof(what), "KVM_RUN failed: %s", strerror(err));
	return fatal(v, what);
}

static uint64_t mmio_data(const struct kvm_run *run)
{
	uint64_t value = 0;

	memcpy(&value, run->mmio.data, run->mmio.len <= 8 ? run->mmio.len : 8);
	return value;
}

static enum exit_verdict on_mmio(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	struct machine *m = v->m;
	uint64_t gpa = run->mmio.phys_addr, value;
	unsigned len = run->mmio.len;

	/* RAM that the guest is kept from for a watchpoint: the access is ours to do. */
	if (memory_ptr(m->ram, gpa, len))
		return watch_access(v, gpa, run->mmio.data, len, run->mmio.is_write);
	if (run->mmio.is_write) {
		bus_write(&m->mmio, gpa, len, mmio_data(run));
	} else {
		bus_read(&m->mmio, gpa, len, &value);
		memcpy(run->mmio.data, &value, sizeof(value));
	}
	catch_access(v, CATCH_MMIO, gpa, len, run->mmio.is_write, mmio_data(run));
	return watch_io(v) ? EXIT_PARK : catch_verdict(v);
}

static enum exit_verdict on_debug(struct vcpu *v)
{
	return debug_exit(v);
}

static enum exit_verdict on_again(struct vcpu *v)
{
	(void)v;
	return EXIT_AGAIN;
}

static enum exit_verdict on_hlt(struct vcpu *v)
{
	return fatal(v, "HLT came to user space, but the interrupt controller is in the kernel");
}

static enum exit_verdict on_shutdown(struct vcpu *v)
{
	struct stop stop = { .reason = STOP_TRIPLE_FAULT };

	catch_hit(v->m, CATCH_TRIPLE_FAULT, 0);
	arch_triple_fault(v, stop.text, sizeof(stop.text));
	stop.pc = arch_pc(v);
	vcpu_post_stop(v, &stop);
	return EXIT_PARK;
}

static enum exit_verdict on_system_event(struct vcpu *v)
{
	switch (v->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		machine_request_shutdown(v->m, "the guest powered off");
		return EXIT_AGAIN;
	case KVM_SYSTEM_EVENT_RESET:
		machine_request_reset(v->m);
		return catch_verdict(v);
	case KVM_SYSTEM_EVENT_CRASH:
		machine_guest_panicked(v->m, false);
		return catch_verdict(v);
	}
	return fatal(v, "system event of an unknown type");
}

static enum exit_verdict on_fail_entry(struct vcpu *v)
{
	char what[160];

	snprintf(what, sizeof(what),
		 "the processor refused to enter the guest, hardware reason 0x%llx",
		 (unsigned long long)v->run->fail_entry.hardware_entry_failure_reason);
	return fatal(v, what);
}

static enum exit_verdict on_unknown(struct vcpu *v)
{
	char what[160];

	snprintf(what, sizeof(what), "KVM does not know this exit, hardware reason 0x%llx",
		 (unsigned long long)v->run->hw.hardware_exit_reason);
	return fatal(v, what);
}

static const char *const internal_errors[] = {
	[KVM_INTERNAL_ERROR_EMULATION] = "KVM cannot emulate the instruction",
	[KVM_INTERNAL_ERROR_SIMUL_EX] = "two exceptions at the same time",
	[KVM_INTERNAL_ERROR_DELIVERY_EV] = "an exit during the delivery of an event",
	[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "an exit that KVM did not expect",
};

static enum exit_verdict on_internal_error(struct vcpu *v)
{
	const struct kvm_run *run = v->run;
	uint32_t sub = run->internal.suberror;
	char what[256];
	int n;

	if (debug_emulation_failed(v))
		return debug_exit(v);
	n = snprintf(what, sizeof(what), "KVM internal error %u: %s", sub,
		     sub < sizeof(internal_errors) / sizeof(internal_errors[0]) &&
				     internal_errors[sub]
			     ? internal_errors[sub]
			     : "unknown");
	for (uint32_t i = 0; i < run->internal.ndata && i < 8 && n > 0 && (size_t)n < sizeof(what);
	     i++)
		n += snprintf(what + n, sizeof(what) - (size_t)n, " 0x%llx",
			      (unsigned long long)run->internal.data[i]);
	return fatal(v, what);
}

/* Exits that every processor has. */
static const struct arch_exit common_exits[] = {
	[KVM_EXIT_UNKNOWN] = { "KVM_EXIT_UNKNOWN", on_unknown, false },
	[KVM_EXIT_DEBUG] = { "KVM_EXIT_DEBUG", on_debug, false },
	[KVM_EXIT_HLT] = { "KVM_EXIT_HLT", on_hlt, false },
	[KVM_EXIT_MMIO] = { "KVM_EXIT_MMIO", on_mmio, true },
	[KVM_EXIT_SHUTDOWN] = { "KVM_EXIT_SHUTDOWN", on_shutdown, false },
	[KVM_EXIT_FAIL_ENTRY] = { "KVM_EXIT_FAIL_ENTRY", on_fail_entry, false },
	[KVM_EXIT_INTR] = { "KVM_EXIT_INTR", on_again, false },
	[KVM_EXIT_INTERNAL_ERROR] = { "KVM_EXIT_INTERNAL_ERROR", on_internal_error, false },
	[KVM_EXIT_SYSTEM_EVENT] = { "KVM_EXIT_SYSTEM_EVENT", on_system_event, false },
};

static const struct arch_exit *find_row(unsigned reason)
{
	size_t count;
	const struct arch_exit *rows = arch_exits(&count);

	if (reason < count && rows[reason].handle)
		return &rows[reason];
	if (reason < sizeof(common_exits) / sizeof(common_exits[0]) && common_exits[reason].handle)
		return &common_exits[reason];
	return NULL;
}

const char *exit_name(unsigned reason)
{
	const struct arch_exit *row = find_row(reason);

	return row ? row->name : "an exit without a name";
}

void exit_access(const struct vcpu *v, unsigned reason, struct record *rec)
{
	const struct kvm_run *run = v->run;

	if (reason != KVM_EXIT_MMIO) {
		arch_exit_access(v, reason, rec);
		return;
	}
	rec->access = RECORD_MEMORY;
	rec->addr = run->mmio.phys_addr;
	rec->size = (uint8_t)run->mmio.len;
	rec->write = run->mmio.is_write;
	rec->value = mmio_data(run);
}

enum exit_verdict exit_dispatch(struct vcpu *v)
{
	unsigned reason = v->run->exit_reason;
	const struct arch_exit *row = find_row(reason);
	char what[64];

	coalesced_drain(v);
	if (!row) {
		snprintf(what, sizeof(what), "exit reason %u is not handled", reason);
		return fatal(v, what);
	}
	trace(TRACE_EXIT, "vcpu%d: %s", v->index, row->name);
	v->io_pending = row->completes;
	return row->handle(v);
}
