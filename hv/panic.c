// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What becomes of a guest that says it panicked: what -action panic= says, which is to stop it so
 * that a person can look, unless told otherwise. A catchpoint wants it stopped in any case.
 *
 * The instruction that told us is finished first: the stop waits in vcpu.catch_stop.
 */
#include "hv/catch.h"
#include "hv/machine.h"
#include "hv/trace.h"

/* Nobody stops it, so at least it is said. */
static void say_panicked(void *opaque)
{
	struct machine *m = opaque;

	__atomic_store_n(&m->panic_posted, false, __ATOMIC_RELAXED);
	control_message(m, "the guest panicked");
}

static void say_crash_kernel(void *opaque)
{
	struct machine *m = opaque;

	__atomic_store_n(&m->panic_posted, false, __ATOMIC_RELAXED);
	control_message(m, "the guest panicked and goes on in its crash kernel");
}

/* A guest can panic in a loop: a line at a time waits to be said. */
static void say(struct machine *m, void (*fn)(void *opaque))
{
	if (!__atomic_exchange_n(&m->panic_posted, true, __ATOMIC_RELAXED))
		loop_post(m->loop, fn, m);
}

void machine_guest_panicked(struct machine *m, bool crash_kernel)
{
	struct vcpu *v = vcpu_current();
	bool caught = v && catch_hit(m, CATCH_PANIC, 0);

	trace(TRACE_STOP, "the guest panicked%s", crash_kernel ? ", it has a crash kernel" : "");
	if (caught || (!crash_kernel && m->cfg->on_panic == PANIC_PAUSE)) {
		if (v)
			catch_note_panic(v, crash_kernel
						    ? "kernel panic reported by the guest, its "
						      "crash kernel is to go on"
						    : "kernel panic reported by the guest");
	} else if (crash_kernel) {
		say(m, say_crash_kernel);
	} else if (m->cfg->on_panic == PANIC_SHUTDOWN) {
		machine_request_shutdown(m, "the guest panicked");
	} else if (m->cfg->on_panic == PANIC_EXIT_FAILURE) {
		machine_request_exit(m, 1);
	} else {
		say(m, say_panicked);
	}
}
