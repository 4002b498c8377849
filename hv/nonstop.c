// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Non-stop mode: a vCPU that hits something stops alone, and the others run on.
 *
 * The machine is RUN_RUNNING while one vCPU may run (want_run). A stop of one vCPU is posted like
 * any other, but nobody else is kicked: the loop thread takes it in nonstop_settle(). A stop
 * that concerns the machine (a triple fault, a client's control_stop()) stops all as ever; then
 * each vCPU that ran is told to have stopped, and the machine last.
 */
#include <errno.h>

#include "hv/machine.h"
#include "hv/runstate.h"
#include "hv/vcpu.h"

static void take(struct vcpu *v, const struct stop *pause)
{
	if (v->stop.reason != STOP_NONE) {
		run_take_stop(v);
	} else {
		v->told = *pause;
		v->told.vcpu = v->index;
	}
	v->want_run = false;
	v->tell = true;
}

void nonstop_take_stop(struct vcpu *v, const struct stop *pause)
{
	if (v->m->nonstop) {
		take(v, pause);
		return;
	}
	v->told = *pause;
	v->told.vcpu = v->index;
}

void nonstop_tell(struct machine *m)
{
	struct control_event ev = { .kind = CONTROL_VCPU_STOPPED };
	struct vcpu *v;

	vcpu_for_each(m, v) {
		if (!v->tell)
			continue;
		v->tell = false;
		if (v->told.reason == STOP_PAUSE)
			control_pc(m, v->index, &v->told.pc);
		ev.stop = &v->told;
		ev.by = v->told.by;
		control_notify(m, &ev);
	}
}

/* After some vCPUs were taken: tells about them, and about the machine when they were the last. */
static void tell_taken(struct machine *m)
{
	bool runs = false;
	struct vcpu *v;

	pthread_mutex_lock(&m->run_lock);
	vcpu_for_each(m, v)
		runs |= v->want_run;
	if (!runs) {
		m->last_stop = m->vcpus[m->focus]->told;
		run_state_set(m, run_state_of_reason(m->last_stop.reason));
	}
	pthread_mutex_unlock(&m->run_lock);
	if (runs)
		nonstop_tell(m);
	else
		run_all_stopped(m);
}

void nonstop_settle(void *opaque)
{
	struct machine *m = opaque;
	bool taken = false;
	struct vcpu *v;

	if (m->state != RUN_RUNNING)
		return;
	pthread_mutex_lock(&m->run_lock);
	vcpu_for_each(m, v) {
		if (!v->want_run || v->stop.reason == STOP_NONE)
			continue;
		while (v->in_guest)
			pthread_cond_wait(&m->run_cond, &m->run_lock);
		/* Everything stops: settle() takes this one, too. */
		if (m->stop_pending)
			break;
		take(v, NULL);
		taken = true;
	}
	pthread_mutex_unlock(&m->run_lock);
	if (taken)
		tell_taken(m);
}

int control_stop_vcpu(struct machine *m, struct control_client *by, int vcpu)
{
	struct stop pause = { .reason = STOP_PAUSE, .by = by };
	struct vcpu *v;
	bool taken;

	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	if (!m->nonstop)
		return -EINVAL;
	if (!control_vcpu_runs(m, vcpu))
		return 0;
	v = m->vcpus[vcpu];
	pthread_mutex_lock(&m->run_lock);
	/* Partner: may_enter(), and step_over() where it looks for reasons to put itself off. */
	v->want_run = false;
	vcpu_kick(v);
	while (v->in_guest)
		pthread_cond_wait(&m->run_cond, &m->run_lock);
	taken = !m->stop_pending;
	if (taken) {
		m->focus = vcpu;
		take(v, &pause);
	} else {
		v->want_run = true; /* settle() takes it with all the others */
	}
	pthread_mutex_unlock(&m->run_lock);
	if (taken)
		tell_taken(m);
	return 0;
}

void control_set_nonstop(struct machine *m, struct control_client *by, bool on)
{
	pthread_mutex_lock(&m->run_lock);
	m->nonstop = on ? by : NULL;
	pthread_mutex_unlock(&m->run_lock);
}

bool control_vcpu_runs(const struct machine *m, int vcpu)
{
	return control_vcpu_exists(m, vcpu) && m->state == RUN_RUNNING && m->vcpus[vcpu]->want_run;
}

const struct stop *control_vcpu_stop(const struct machine *m, int vcpu)
{
	static const struct stop none = { .reason = STOP_NONE };

	return control_vcpu_exists(m, vcpu) ? &m->vcpus[vcpu]->told : &none;
}
