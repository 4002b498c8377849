// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Run states: the table of legal transitions, and stopping. Resuming is in resume.c, stops of
 * one vCPU while the others run are in nonstop.c.
 *
 * A stop has two halves. Whoever wants it sets stop_pending and kicks the
 * vCPUs (vcpu_post_stop() on a vCPU's thread, control_stop() here); then the
 * loop thread waits in settle() until the last one is out, chooses which
 * stop to tell, and tells the clients.
 */
#include "hv/runstate.h"

#include <errno.h>
#include <stdio.h>

#include "hv/catch.h"
#include "hv/debug.h"
#include "hv/machine.h"
#include "hv/output.h"
#include "hv/trace.h"
#include "hv/vcpu.h"

#define TO(s) (1u << RUN_##s)

static const struct {
	const char *name;
	unsigned to; /* bits of enum run_state */
} states[RUN_STATE_COUNT] = {
	[RUN_CREATED] = { "created",
			  TO(RUNNING) | TO(RESTORING) | TO(SHUTDOWN) | TO(INTERNAL_ERROR) },
	[RUN_RUNNING] = { "running", TO(PAUSED) | TO(DEBUG) | TO(PANICKED) | TO(INTERNAL_ERROR) |
					     TO(SHUTDOWN) },
	[RUN_PAUSED] = { "paused", TO(RUNNING) | TO(DEBUG) | TO(CREATED) | TO(SAVING) |
					   TO(RESTORING) | TO(SHUTDOWN) },
	[RUN_DEBUG] = { "stopped in the debugger", TO(RUNNING) | TO(DEBUG) | TO(PAUSED) |
							   TO(CREATED) | TO(SAVING) |
							   TO(RESTORING) | TO(SHUTDOWN) },
	[RUN_PANICKED] = { "guest panicked",
			   TO(RUNNING) | TO(CREATED) | TO(SAVING) | TO(SHUTDOWN) },
	[RUN_INTERNAL_ERROR] = { "internal error", TO(CREATED) | TO(SHUTDOWN) },
	[RUN_SHUTDOWN] = { "shut down", TO(CREATED) },
	[RUN_SAVING] = { "saving", TO(PAUSED) | TO(DEBUG) },
	[RUN_RESTORING] = { "restoring", TO(PAUSED) | TO(CREATED) },
};

const char *run_state_name(enum run_state s)
{
	return (unsigned)s < RUN_STATE_COUNT ? states[s].name : "?";
}

bool run_state_may(enum run_state from, enum run_state to)
{
	return (unsigned)from < RUN_STATE_COUNT && (unsigned)to < RUN_STATE_COUNT &&
	       (states[from].to & (1u << to));
}

bool run_state_set(struct machine *m, enum run_state to)
{
	if (!run_state_may(m->state, to)) {
		fprintf(stderr, "vitrine: bug: run state \"%s\" cannot become \"%s\"\n",
			run_state_name(m->state), run_state_name(to));
		return false;
	}
	trace(TRACE_STOP, "run state: %s -> %s", run_state_name(m->state), run_state_name(to));
	m->state = to;
	return true;
}

enum run_state run_state_of_reason(enum stop_reason reason)
{
	static const enum run_state of[] = {
		[STOP_NONE] = RUN_PAUSED,	[STOP_ENTRY] = RUN_PAUSED,
		[STOP_PAUSE] = RUN_PAUSED,	[STOP_STEP] = RUN_DEBUG,
		[STOP_BREAKPOINT] = RUN_DEBUG,	[STOP_HW_BREAKPOINT] = RUN_DEBUG,
		[STOP_WATCHPOINT] = RUN_DEBUG,	[STOP_TRIPLE_FAULT] = RUN_SHUTDOWN,
		[STOP_PANIC] = RUN_PANICKED,	[STOP_INTERNAL_ERROR] = RUN_INTERNAL_ERROR,
		[STOP_SHUTDOWN] = RUN_SHUTDOWN, [STOP_RESET] = RUN_PAUSED,
		[STOP_CATCH] = RUN_DEBUG,	[STOP_DEVICE] = RUN_DEBUG,
	};

	return of[reason];
}

enum run_state control_state(const struct machine *m)
{
	/* Changed by the loop thread alone, where this is called. */
	return m->state;
}

const struct stop *control_last_stop(const struct machine *m)
{
	return &m->last_stop;
}

/*
 * The next vCPU after the focus that has a stop to tell, so that none starves. One that is held
 * keeps its stop until it is resumed: gdb steps one vCPU over a breakpoint that others have hit
 * too, and must not hear of those meanwhile. run_lock held.
 */
static struct vcpu *next_to_tell(struct machine *m)
{
	for (int i = 1; i <= MACHINE_MAX_VCPUS; i++) {
		struct vcpu *v = m->vcpus[(m->focus + i) % MACHINE_MAX_VCPUS];

		if (v && v->want_run && v->stop.reason != STOP_NONE)
			return v;
	}
	return NULL;
}

/* The vCPU that a pause is told for: the one of the last stop, or another that ran. run_lock held.
 */
static struct vcpu *focus_vcpu(struct machine *m)
{
	struct vcpu *v = m->vcpus[m->focus], *any = v;

	if (v && v->want_run)
		return v;
	vcpu_for_each(m, v) {
		if (v->want_run)
			return v;
		any = any ? any : v;
	}
	return any;
}

/* Clocks of the guest run while one of its vCPUs may. */
void run_clocks_start(struct machine *m)
{
	if (m->clocks_run)
		return;
	m->clocks_run = true;
	arch_clock_start(m);
	hv_clock_guest_start(m->timers);
}

void run_clocks_stop(struct machine *m)
{
	if (!m->clocks_run)
		return;
	m->clocks_run = false;
	hv_clock_guest_stop(m->timers);
	arch_clock_stop(m);
}

void run_take_stop(struct vcpu *v)
{
	v->told = v->stop;
	if (v->told.reason == STOP_STEP)
		v->told.by = v->by;
	v->stop_pc = v->stop.pc;
	v->start = START_REPORTED;
	v->stop.reason = STOP_NONE;
	v->m->focus = v->index;
}

void run_all_stopped(struct machine *m)
{
	struct control_event ev = { .kind = CONTROL_STOPPED, .stop = &m->last_stop };

	run_clocks_stop(m);
	if (m->last_stop.reason == STOP_PAUSE)
		control_pc(m, m->last_stop.vcpu, &m->last_stop.pc);
	vcpu_exclusive_begin(m);
	debug_retry(m);
	vcpu_exclusive_end(m);
	catch_refresh(m, NULL);
	ev.by = m->last_stop.by;
	trace(TRACE_STOP, "stopped: reason %d vcpu %d pc 0x%llx", (int)m->last_stop.reason,
	      m->last_stop.vcpu, (unsigned long long)m->last_stop.pc);
	output_flush(m);
	nonstop_tell(m);
	control_notify(m, &ev);
}

/* Waits for the vCPUs to be out and tells why they are. Loop thread. */
static void settle(struct machine *m, struct control_client *by)
{
	struct stop pause = { .reason = STOP_PAUSE, .by = by };
	struct vcpu *v, *told;

	pthread_mutex_lock(&m->run_lock);
	while (m->in_guest)
		pthread_cond_wait(&m->run_cond, &m->run_lock);
	told = next_to_tell(m);
	if (told) {
		run_take_stop(told);
		m->last_stop = told->told;
	} else {
		v = focus_vcpu(m);
		m->focus = v ? v->index : 0;
		m->last_stop = pause;
		m->last_stop.vcpu = m->focus;
	}
	vcpu_for_each(m, v) {
		if (v->want_run && v != told)
			nonstop_take_stop(v, &pause);
		v->tell |= v == told && m->nonstop;
		v->want_run = false;
	}
	if (told)
		m->focus = told->index;
	run_state_set(m, run_state_of_reason(m->last_stop.reason));
	m->stop_pending = false;
	pthread_mutex_unlock(&m->run_lock);
	run_all_stopped(m);
}

void run_state_settle(void *opaque)
{
	struct machine *m = opaque;
	bool pending;

	/* A client's control_stop() may have told it already. */
	pthread_mutex_lock(&m->run_lock);
	pending = m->state == RUN_RUNNING && m->stop_pending;
	pthread_mutex_unlock(&m->run_lock);
	if (pending)
		settle(m, NULL);
}

void run_stop_all(struct machine *m)
{
	struct vcpu *v;

	m->stop_pending = true;
	vcpu_for_each(m, v)
		vcpu_kick(v);
}

int control_stop(struct machine *m, struct control_client *by)
{
	if (m->state != RUN_RUNNING)
		return 0;
	pthread_mutex_lock(&m->run_lock);
	run_stop_all(m);
	pthread_mutex_unlock(&m->run_lock);
	settle(m, by);
	return 0;
}
