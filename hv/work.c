// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Work for vCPUs from other threads: queued to one, or exclusive of all.
 *
 * Both are guarded by run_lock and announced by run_cond. See vcpu.h for what they promise.
 *
 * A debugger asks a stopped vCPU dozens of small questions at each stop, and two thread switches
 * cost more than the answer. So whoever waits for work on a vCPU whose own thread is idle does it
 * itself, in that thread's place: the vCPU is lent to it, and its thread does not leave
 * vcpu_work_wait() meanwhile. KVM asks for one thread only for the sake of speed (api.rst,
 * section 2), and only KVM_RUN is slow to move; that stays where it is.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "hv/machine.h"
#include "hv/record.h"
#include "hv/trace.h"
#include "hv/vcpu.h"

/* Does @w, and records that when it is wanted. */
static void do_work(struct vcpu *v, const struct vcpu_work *w)
{
	struct record rec = {
		.kind = RECORD_RUN, .vcpu = (int16_t)v->index, .what = w->name, .who = w->caller
	};

	if (!record_is_on(v->m, RECORD_WORK)) {
		w->fn(v, w->arg);
		return;
	}
	rec.time = record_now();
	w->fn(v, w->arg);
	rec.ns = record_now() - rec.time;
	record_put(v->m, RECORD_WORK, &rec);
}

/* Runs what is queued. run_lock held; dropped around each piece of work. */
void vcpu_work_run(struct vcpu *v)
{
	struct machine *m = v->m;
	struct vcpu_work *w;

	while ((w = v->work)) {
		v->work = w->next;
		if (!v->work)
			v->work_tail = &v->work;
		pthread_mutex_unlock(&m->run_lock);
		do_work(v, w);
		pthread_mutex_lock(&m->run_lock);
		if (w->free_after) {
			free(w);
		} else {
			w->done = true;
			pthread_cond_broadcast(&m->run_cond);
		}
	}
}

static void queue_work(struct vcpu *v, struct vcpu_work *w)
{
	w->next = NULL;
	*v->work_tail = w;
	v->work_tail = &w->next;
	vcpu_kick(v);
	pthread_cond_broadcast(&v->m->run_cond);
}

void vcpu_work_wait(struct vcpu *v)
{
	v->idle = true;
	do {
		pthread_cond_wait(&v->m->run_cond, &v->m->run_lock);
		v->missed = v->lent;
	} while (v->lent);
	v->idle = false;
}

/* Does the work in the place of @v's idle thread. run_lock held; dropped meanwhile. */
static void run_lent(struct vcpu *v, const struct vcpu_work *w)
{
	struct machine *m = v->m;
	struct vcpu *self;

	v->lent = true;
	pthread_mutex_unlock(&m->run_lock);
	self = vcpu_act_as(v);
	do_work(v, w);
	vcpu_act_as(self);
	pthread_mutex_lock(&m->run_lock);
	v->lent = false;
	/* Its thread was woken for something and went back to sleep. */
	if (v->missed)
		pthread_cond_broadcast(&m->run_cond);
}

int vcpu_run_named(struct vcpu *v, void (*fn)(struct vcpu *v, void *arg), void *arg,
		   const char *name, const char *caller)
{
	struct vcpu_work w = { .fn = fn, .arg = arg, .name = name, .caller = caller };
	struct machine *m = v->m;

	if (v == vcpu_current()) {
		fn(v, arg);
		return 0;
	}
	trace(TRACE_WORK, "vcpu%d: work, waited for", v->index);
	pthread_mutex_lock(&m->run_lock);
	if (v->destroy) {
		pthread_mutex_unlock(&m->run_lock);
		return -ESRCH;
	}
	if (v->idle && !v->lent && !v->missed && !v->work) {
		run_lent(v, &w);
	} else {
		queue_work(v, &w);
		while (!w.done)
			pthread_cond_wait(&m->run_cond, &m->run_lock);
	}
	pthread_mutex_unlock(&m->run_lock);
	return 0;
}

int vcpu_queue_named(struct vcpu *v, void (*fn)(struct vcpu *v, void *arg), void *arg,
		     const char *name, const char *caller)
{
	struct machine *m = v->m;
	struct vcpu_work *w = calloc(1, sizeof(*w));
	int ret = 0;

	if (!w)
		return -ENOMEM;
	w->fn = fn;
	w->arg = arg;
	w->name = name;
	w->caller = caller;
	w->free_after = true;
	trace(TRACE_WORK, "vcpu%d: work queued", v->index);
	pthread_mutex_lock(&m->run_lock);
	if (v->destroy) {
		free(w);
		ret = -ESRCH;
	} else {
		queue_work(v, w);
	}
	pthread_mutex_unlock(&m->run_lock);
	return ret;
}

void vcpu_interrupt_all(struct machine *m, struct vcpu_work work[])
{
	struct vcpu *v;

	pthread_mutex_lock(&m->run_lock);
	vcpu_for_each(m, v) {
		if (!v->in_guest || v->destroy || !work[v->index].done)
			continue;
		work[v->index].done = false;
		queue_work(v, &work[v->index]);
	}
	pthread_mutex_unlock(&m->run_lock);
}

void vcpu_interrupt_wait(struct machine *m, const struct vcpu_work work[])
{
	pthread_mutex_lock(&m->run_lock);
	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		while (!work[i].done)
			pthread_cond_wait(&m->run_cond, &m->run_lock);
	pthread_mutex_unlock(&m->run_lock);
}

static bool exclusive_is_mine(const struct machine *m)
{
	return m->exclusive_depth && pthread_equal(m->exclusive_owner, pthread_self());
}

void vcpu_exclusive_begin(struct machine *m)
{
	struct vcpu *self = vcpu_current(), *v;
	unsigned ticket;

	pthread_mutex_lock(&m->run_lock);
	if (exclusive_is_mine(m)) {
		m->exclusive_depth++;
		pthread_mutex_unlock(&m->run_lock);
		return;
	}
	assert(!self || !self->in_guest);
	ticket = m->exclusive_next++;
	vcpu_for_each(m, v)
		vcpu_kick(v);
	/*
	 * Partners: set_in_guest() when a vCPU comes out and vcpu_exclusive_end(). Work that is
	 * queued to us is done here, because its sender may be the one who has the section.
	 */
	while (m->exclusive_serving != ticket || m->in_guest) {
		if (self && self->work)
			vcpu_work_run(self);
		else
			pthread_cond_wait(&m->run_cond, &m->run_lock);
	}
	m->exclusive_depth = 1;
	m->exclusive_owner = pthread_self();
	pthread_mutex_unlock(&m->run_lock);
}

void vcpu_exclusive_end(struct machine *m)
{
	pthread_mutex_lock(&m->run_lock);
	assert(exclusive_is_mine(m));
	if (!--m->exclusive_depth) {
		m->exclusive_serving++;
		/* Those that are next, and vCPUs that may enter again. */
		if (m->exclusive_serving != m->exclusive_next || m->state == RUN_RUNNING)
			pthread_cond_broadcast(&m->run_cond);
	}
	pthread_mutex_unlock(&m->run_lock);
}
