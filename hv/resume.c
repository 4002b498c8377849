// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Resuming: which vCPU may run, and how far.
 *
 * A vCPU can have a stop that was not told yet, because another one's came first. When it is to
 * run, that stop is told instead, unless what it was about is gone.
 */
#include <errno.h>

#include "hv/control_device.h"
#include "hv/debug.h"
#include "hv/machine.h"
#include "hv/runstate.h"
#include "hv/vcpu.h"

static struct resume order_of(const struct resume *orders, size_t count, int index)
{
	struct resume hold = { .action = RESUME_HOLD };

	return (size_t)index < count ? orders[index] : hold;
}

/* Whether @orders let @v run, which does not yet. */
static bool is_let_go(const struct vcpu *v, const struct resume *orders, size_t count)
{
	return !control_vcpu_runs(v->m, v->index) &&
	       order_of(orders, count, v->index).action != RESUME_HOLD;
}

/* ---- stops that wait to be told ---- */

/*
 * The breakpoint that was hit. One with another number at the same place may have another
 * condition, or never stop: the instruction was not executed, so it is asked as soon as the vCPU
 * runs.
 */
static bool code_bp_is_there(struct machine *m, const struct stop *stop)
{
	for (const struct bp *bp = bp_at(m, stop->pc); bp; bp = bp_at_next(bp))
		if (bp->id == stop->bp)
			return true;
	return false;
}

/*
 * What was accessed is behind the vCPU, so any watchpoint of the kind will do: gdb removes its own
 * at every stop and sets them anew, with other numbers.
 */
static bool watchpoint_is_there(struct machine *m, const struct stop *stop)
{
	for (const struct bp *bp = bp_at(m, stop->addr); bp; bp = bp_at_next(bp))
		if (bp->kind == stop->bp_kind)
			return true;
	return false;
}

static bool device_bp_is_there(struct machine *m, int id)
{
	struct device_bp_info info;

	for (size_t n = 0; control_device_bp_get(m, n, &info); n++)
		if (info.id == id)
			return true;
	return false;
}

static bool is_stale(struct machine *m, const struct stop *stop)
{
	uint64_t pc;

	switch (stop->reason) {
	case STOP_STEP:
		return true; /* the step is done, and nobody waits for it any more */
	case STOP_BREAKPOINT:
	case STOP_HW_BREAKPOINT:
		/* The instruction was not executed: a vCPU that is somewhere else never came. */
		return !code_bp_is_there(m, stop) || control_pc(m, stop->vcpu, &pc) ||
		       pc != stop->pc;
	case STOP_WATCHPOINT:
		return !watchpoint_is_there(m, stop);
	case STOP_DEVICE:
		return !device_bp_is_there(m, stop->bp);
	default:
		return false;
	}
}

const struct stop *control_waiting_stop(struct machine *m, int vcpu)
{
	const struct vcpu *v;

	if (m->state == RUN_RUNNING || !control_vcpu_exists(m, vcpu))
		return NULL;
	v = m->vcpus[vcpu];
	return v->stop.reason != STOP_NONE && !is_stale(m, &v->stop) ? &v->stop : NULL;
}

void control_waiting_stop_shown(struct machine *m, int vcpu)
{
	if (control_waiting_stop(m, vcpu))
		m->vcpus[vcpu]->stop_shown = true;
}

/* What clients have looked at by themselves is not told again. */
static void drop_shown(struct machine *m)
{
	struct vcpu *v;

	pthread_mutex_lock(&m->run_lock);
	vcpu_for_each(m, v) {
		if (!v->stop_shown || v->stop.reason == STOP_NONE)
			continue;
		v->stop_pc = v->stop.pc;
		v->start = START_REPORTED;
		v->stop.reason = STOP_NONE;
		v->stop_shown = false;
	}
	pthread_mutex_unlock(&m->run_lock);
}

/* Whether a vCPU that is let go has something to tell first; what is stale is forgotten. */
static bool any_untold(struct machine *m, const struct resume *orders, size_t count)
{
	bool any = false;
	struct vcpu *v;

	vcpu_for_each(m, v) {
		struct stop stop;

		if (!is_let_go(v, orders, count))
			continue;
		pthread_mutex_lock(&m->run_lock);
		stop = v->stop;
		pthread_mutex_unlock(&m->run_lock);
		if (stop.reason == STOP_NONE)
			continue;
		if (!is_stale(m, &stop)) {
			any = true;
			continue;
		}
		pthread_mutex_lock(&m->run_lock);
		v->stop.reason = STOP_NONE;
		pthread_mutex_unlock(&m->run_lock);
	}
	return any;
}

/* ---- resuming ---- */

static int refuse_state(struct machine *m, struct error *err)
{
	switch (m->state) {
	case RUN_SHUTDOWN:
	case RUN_INTERNAL_ERROR:
		return error_set(err, -EPERM,
				 "the guest cannot run on (%s): look around, or reset it",
				 run_state_name(m->state));
	case RUN_SAVING:
	case RUN_RESTORING:
		return error_set(err, -EBUSY, "the machine is being saved or restored");
	default:
		return 0;
	}
}

/* run_lock held. */
static void let_go(struct vcpu *v, struct control_client *by, const struct resume *order)
{
	v->want_run = true;
	v->order = *order;
	v->by = by;
	v->told.reason = STOP_NONE;
	if (order->action != RESUME_CONTINUE)
		v->start = START_STEP;
}

int control_resume(struct machine *m, struct control_client *by, const struct resume *orders,
		   size_t count, struct error *err)
{
	struct control_event ev = { .kind = CONTROL_RESUMED, .by = by };
	bool any = false, untold, running = m->state == RUN_RUNNING;
	int ret = refuse_state(m, err);
	struct vcpu *v;

	if (ret)
		return ret;
	vcpu_for_each(m, v)
		any |= is_let_go(v, orders, count);
	if (!any)
		return running ? error_set(err, -EBUSY, "the guest is running")
			       : error_set(err, -EINVAL, "no vCPU is to run");
	drop_shown(m);
	untold = any_untold(m, orders, count);
	m->last_stop.reason = STOP_NONE;
	m->ever_ran = true;
	control_notify(m, &ev);
	/* No vCPU will run when the next stop is told at once. */
	if (!untold || m->nonstop)
		run_clocks_start(m);
	/* Before any vCPU runs, which may ask for the next reset. */
	if (!untold)
		machine_release_reset(m);

	pthread_mutex_lock(&m->run_lock);
	vcpu_for_each(m, v) {
		struct resume order = order_of(orders, count, v->index);

		if (!is_let_go(v, orders, count))
			continue;
		if (!untold || m->nonstop)
			let_go(v, by, &order);
		else if (v->stop.reason != STOP_NONE)
			v->want_run = true; /* as far as to be told of */
	}
	if (!running)
		run_state_set(m, RUN_RUNNING);
	if (untold && m->nonstop) {
		loop_post(m->loop, nonstop_settle, m);
	} else if (untold) {
		run_stop_all(m);
		loop_post(m->loop, run_state_settle, m);
	}
	pthread_cond_broadcast(&m->run_cond);
	pthread_mutex_unlock(&m->run_lock);
	return 0;
}

int control_resume_all(struct machine *m, struct control_client *by, struct error *err)
{
	struct resume all[MACHINE_MAX_VCPUS];

	for (size_t i = 0; i < MACHINE_MAX_VCPUS; i++)
		all[i] = (struct resume){ .action = RESUME_CONTINUE };
	return control_resume(m, by, all, MACHINE_MAX_VCPUS, err);
}

int control_step(struct machine *m, struct control_client *by, int vcpu, struct error *err)
{
	struct resume one[MACHINE_MAX_VCPUS] = { 0 };

	if (!control_vcpu_exists(m, vcpu))
		return error_set(err, -ESRCH, "there is no vCPU %d", vcpu);
	one[vcpu].action = RESUME_STEP;
	return control_resume(m, by, one, MACHINE_MAX_VCPUS, err);
}

bool control_step_irq(const struct machine *m)
{
	return m->step_irq;
}

void control_set_step_irq(struct machine *m, bool deliver)
{
	struct vcpu *v;

	vcpu_exclusive_begin(m);
	m->step_irq = deliver;
	vcpu_for_each(m, v)
		v->debug_set = false;
	vcpu_exclusive_end(m);
}
