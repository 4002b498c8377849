// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * vCPU threads: see vcpu.h.
 *
 * The outer loop holds run_lock: it does queued work, asks whether the vCPU may
 * enter, and waits if not. The inner loop runs the guest without any lock
 * until an exit handler or a kick wants the outer loop back.
 *
 * No lost wake-up: immediate_exit is cleared and in_guest is set in one
 * critical section of run_lock; a kick happens in another one. So a kick comes
 * either before (the outer loop sees its cause) or after (KVM_RUN returns
 * EINTR, because immediate_exit stays set until the outer loop is reached).
 */
#include "hv/vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/catch.h"
#include "hv/debug.h"
#include "hv/exit.h"
#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/record.h"
#include "hv/runstate.h"
#include "hv/trace.h"

#define KICK_SIGNAL SIGRTMIN

static __thread struct vcpu *current_vcpu;

struct vcpu *vcpu_current(void)
{
	return current_vcpu;
}

struct vcpu *vcpu_act_as(struct vcpu *v)
{
	struct vcpu *self = current_vcpu;

	current_vcpu = v;
	return self;
}

static void on_kick(int sig)
{
	(void)sig; /* its only use is to interrupt KVM_RUN */
}

void vcpu_global_init(void)
{
	struct sigaction sa = { .sa_handler = on_kick };

	sigemptyset(&sa.sa_mask);
	sigaction(KICK_SIGNAL, &sa, NULL);
}

void vcpu_kick(struct vcpu *v)
{
	if (!v->in_guest || v == current_vcpu)
		return;
	__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(v->thread, KICK_SIGNAL);
}

/* run_lock held. */
static bool let_run(const struct vcpu *v)
{
	return v->m->state == RUN_RUNNING && !v->m->stop_pending && v->want_run &&
	       !machine_is_over(v->m);
}

void vcpu_record_place(struct vcpu *v)
{
	bool stopped = v->stop.reason != STOP_NONE || !let_run(v);
	int place = v->in_guest ? VCPU_RECORDED_GUEST : stopped ? RECORD_STOPPED : RECORD_HELD;
	struct record rec = { .kind = v->in_guest ? RECORD_ENTER : RECORD_LEAVE,
			      .vcpu = (int16_t)v->index };

	if (place == v->recorded)
		return;
	v->recorded = place;
	rec.time = record_now();
	rec.code = (uint16_t)place;
	record_put(v->m, RECORD_EXITS, &rec);
}

void vcpu_record_places(struct machine *m)
{
	struct vcpu *v;

	pthread_mutex_lock(&m->run_lock);
	vcpu_for_each(m, v) {
		v->recorded = VCPU_RECORDED_NOWHERE;
		vcpu_record_place(v);
	}
	pthread_mutex_unlock(&m->run_lock);
}

/* in_guest goes with the counter that the others wait for. run_lock held. */
static void set_in_guest(struct vcpu *v, bool in)
{
	v->in_guest = in;
	v->m->in_guest += in ? 1 : -1u;
	if (record_is_on(v->m, RECORD_EXITS))
		vcpu_record_place(v);
	if (!in)
		pthread_cond_broadcast(&v->m->run_cond);
}

void vcpu_post_stop(struct vcpu *v, const struct stop *stop)
{
	struct machine *m = v->m;

	trace(TRACE_STOP, "vcpu%d: posts %d at 0x%llx %s", v->index, (int)stop->reason,
	      (unsigned long long)stop->pc, stop->text);
	pthread_mutex_lock(&m->run_lock);
	if (v->stop.reason == STOP_NONE) {
		v->stop = *stop;
		v->stop.vcpu = v->index;
	}
	if (!m->stop_pending && m->state == RUN_RUNNING) {
		bool alone = m->nonstop && run_state_of_reason(stop->reason) == RUN_DEBUG;

		if (!alone)
			run_stop_all(m);
		loop_post(m->loop, alone ? nonstop_settle : run_state_settle, m);
	}
	pthread_mutex_unlock(&m->run_lock);
}

void vcpu_post_stop_text(struct vcpu *v, enum stop_reason reason, const char *fmt, ...)
{
	struct stop stop = { .reason = reason, .pc = arch_pc(v) };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(stop.text, sizeof(stop.text), fmt, ap);
	va_end(ap);
	vcpu_post_stop(v, &stop);
}

static enum exit_verdict dispatch_counted(struct vcpu *v)
{
	struct exit_stat *stat = exit_stats_count(v->exit_stats, v->run->exit_reason);
	uint64_t begin = stat ? exit_stats_now() : 0;
	enum exit_verdict verdict = exit_dispatch(v);

	if (stat)
		exit_stats_time(stat, exit_stats_now() - begin);
	return verdict;
}

/* The same, kept in memory: what it was about shows when it has been handled. */
static enum exit_verdict dispatch_recorded(struct vcpu *v)
{
	struct record rec = { .kind = RECORD_EXIT,
			      .time = record_now(),
			      .vcpu = (int16_t)v->index,
			      .code = (uint16_t)v->run->exit_reason,
			      .what = exit_name(v->run->exit_reason) };
	enum exit_verdict verdict;

	rec.pc = arch_pc(v);
	verdict = dispatch_counted(v);
	exit_access(v, rec.code, &rec);
	rec.ns = record_now() - rec.time;
	record_put(v->m, RECORD_EXITS, &rec);
	return verdict;
}

/* One KVM_RUN and what follows from its exit. */
static enum exit_verdict enter_once(struct vcpu *v)
{
	enum exit_verdict verdict;
	int ret;

	if (arch_regs_flush(v)) {
		vcpu_post_stop_text(v, STOP_INTERNAL_ERROR, "KVM refuses the vCPU's registers");
		return EXIT_PARK;
	}
	ret = ioctl(v->fd, KVM_RUN, 0);
	arch_regs_forget(v);
	v->io_pending = false;
	if (ret < 0) {
		/* EAGAIN: an INIT or SIPI was taken; the vCPU is to be entered again. */
		if (errno == EINTR || errno == EAGAIN)
			return EXIT_AGAIN;
		if (errno == EFAULT && debug_access_denied(v, &verdict))
			return verdict;
		return exit_run_failed(v, errno);
	}
	v->exits++;
	return record_is_on(v->m, RECORD_EXITS) ? dispatch_recorded(v) : dispatch_counted(v);
}

static bool kicked(const struct vcpu *v)
{
	/* Nobody kicks the vCPU that is itself asking for a reset. */
	return __atomic_load_n(&v->run->immediate_exit, __ATOMIC_SEQ_CST) || machine_is_over(v->m);
}

/*
 * api.rst 5 (KVM_EXIT_IO, KVM_EXIT_MMIO): the instruction is complete, and the registers are right,
 * only after KVM was entered again. immediate_exit lets it do just that.
 */
static void complete_io(struct vcpu *v)
{
	enum exit_verdict verdict = EXIT_PARK;

	while (v->io_pending) {
		__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		verdict = enter_once(v);
	}
	catch_after_completion(v);
	if (verdict == EXIT_AGAIN && v->debug_step)
		debug_io_stepped(v);
	watch_tell(v);
}

/* A step looks at its I/O instruction when that is complete, and before the next one runs. */
static bool io_under_step(const struct vcpu *v)
{
	return v->io_pending && v->debug_step;
}

/* Runs the guest until a kick or a handler that parks. In the inner loop: no lock. */
static void run_guest(struct vcpu *v)
{
	while (enter_once(v) == EXIT_AGAIN && !kicked(v) && !io_under_step(v))
		;
	complete_io(v);
}

/* A stop comes first: decide anew at the next resume, pc may be another then. run_lock held. */
static void step_over_put_off(struct vcpu *v)
{
	v->step_over = false;
	v->lift_pages = false;
	v->start = v->step_over_start;
}

/* Comes out of the guest after a step over a breakpoint, done or not. */
static void leave_step(struct vcpu *v)
{
	struct machine *m = v->m;

	pthread_mutex_lock(&m->run_lock);
	set_in_guest(v, false);
	if (v->step_over && !let_run(v))
		step_over_put_off(v);
	pthread_mutex_unlock(&m->run_lock);
}

/*
 * Executes the instruction at pc without its breakpoint; @lift: that is in memory, and every other
 * vCPU is out. An interruption leaves step_over set: the outer loop comes back here.
 */
static void step_once(struct vcpu *v, bool lift)
{
	v->step_done = false;
	if (lift)
		debug_lift(v);
	/* A step before it was prepared with the breakpoint at pc. */
	v->debug_set = false;
	debug_prepare(v, true);
	while (enter_once(v) == EXIT_AGAIN && !kicked(v) && !v->step_done && !io_under_step(v))
		;
	complete_io(v);
	if (lift)
		debug_unlift(v);
	v->debug_set = false;
	/* While it counts as in the guest: who waits for it to be out finds what it has posted. */
	watch_tell(v);
	if (v->step_done) {
		v->step_over = false;
		debug_step_over_done(v);
	}
}

/* Steps over a breakpoint that is planted in memory. */
static void step_over(struct vcpu *v)
{
	struct machine *m = v->m;
	bool later;

	pthread_mutex_lock(&m->run_lock);
	m->steppers++;
	pthread_mutex_unlock(&m->run_lock);
	vcpu_exclusive_begin(m);
	pthread_mutex_lock(&m->run_lock);
	/*
	 * Whatever a kick would tell us, had it found us in the guest. Other vCPUs that want a step
	 * wait for this one: two that gave way to each other would never get on.
	 */
	later = !let_run(v) || v->destroy || v->work ||
		m->exclusive_next - m->exclusive_serving > m->steppers;
	m->steppers--;
	if (!let_run(v))
		step_over_put_off(v);
	if (!later) {
		set_in_guest(v, true);
		__atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	}
	pthread_mutex_unlock(&m->run_lock);
	if (!later) {
		step_once(v, true);
		leave_step(v);
	}
	vcpu_exclusive_end(m);
}

/*
 * A vCPU that may stand on a breakpoint gets past it before it runs. Counted as in the guest, so
 * that the breakpoints do not change meanwhile; not any more when it returns.
 */
static void start_over(struct vcpu *v, enum vcpu_start start, bool stepping)
{
	bool alone;

	if (!v->step_over) {
		v->step_over = debug_must_step_over(v, start);
		v->step_over_start = start;
		if (v->step_over)
			debug_ask_passed(v);
		if (v->step_over && !stepping && debug_pass(v))
			v->step_over = false;
	}
	alone = v->step_over && debug_steps_alone(v);
	if (alone)
		step_once(v, false);
	leave_step(v);
	if (v->step_over && !alone)
		step_over(v);
}

/* May this vCPU enter KVM_RUN now? run_lock held. */
static bool may_enter(const struct vcpu *v)
{
	const struct machine *m = v->m;

	return let_run(v) && v->stop.reason == STOP_NONE &&
	       m->exclusive_next == m->exclusive_serving;
}

/* Leaves the outer loop's critical section to run the guest once. run_lock held. */
static void run_round(struct vcpu *v)
{
	struct machine *m = v->m;
	enum vcpu_start start = v->start;
	bool stepping = v->order.action != RESUME_CONTINUE;

	set_in_guest(v, true);
	__atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&m->run_lock);
	/* Something else that the last instruction has hit. */
	if (watch_tell(v)) {
		pthread_mutex_lock(&m->run_lock);
		set_in_guest(v, false);
		return;
	}
	v->start = START_PLAIN;
	if (start != START_PLAIN || v->step_over) {
		start_over(v, start, stepping);
		pthread_mutex_lock(&m->run_lock);
		return;
	}

	v->asked = false;
	if (debug_prepare(v, stepping || v->followed_count) == 0)
		run_guest(v);

	pthread_mutex_lock(&m->run_lock);
	set_in_guest(v, false);
}

static int vcpu_setup(struct vcpu *v, struct error *err)
{
	struct machine *m = v->m;
	int ret;

	v->fd = m->parked_fds[v->index];
	if (v->fd < 0)
		v->fd = ioctl(m->vm_fd, KVM_CREATE_VCPU, v->index);
	if (v->fd < 0)
		return error_set(err, -errno, "KVM cannot make vCPU %d: %s", v->index,
				 strerror(errno));
	m->parked_fds[v->index] = -1;
	v->run = mmap(NULL, m->caps->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED) {
		ret = error_set(err, -errno, "cannot map the run area of vCPU %d: %s", v->index,
				strerror(errno));
		goto park;
	}
	ret = arch_vcpu_create(v, err);
	if (ret)
		goto unmap;
	ret = arch_vcpu_reset(v, NULL, err);
	if (ret)
		goto destroy;
	return 0;

destroy:
	arch_vcpu_destroy(v);
unmap:
	munmap(v->run, m->caps->run_size);
park:
	m->parked_fds[v->index] = v->fd;
	return ret;
}

static void vcpu_teardown(struct vcpu *v)
{
	struct machine *m = v->m;

	arch_vcpu_destroy(v);
	munmap(v->run, m->caps->run_size);
	m->parked_fds[v->index] = v->fd;
}

/* run_lock held. */
static void wait_outside(struct vcpu *v)
{
	/* It may have left for another reason than the one it waits for. */
	if (record_is_on(v->m, RECORD_EXITS))
		vcpu_record_place(v);
	vcpu_work_wait(v);
}

struct start_args {
	struct vcpu *v;
	struct error *err;
};

static void *vcpu_thread(void *opaque)
{
	struct start_args *args = opaque;
	struct vcpu *v = args->v;
	struct machine *m = v->m;
	char name[16];
	int ret;

	current_vcpu = v;
	snprintf(name, sizeof(name), "vcpu%d", v->index);
	pthread_setname_np(pthread_self(), name);
	v->tid = gettid();
	ret = vcpu_setup(v, args->err);

	pthread_mutex_lock(&m->run_lock);
	v->failed = ret;
	v->ready = true;
	pthread_cond_broadcast(&m->run_cond);
	while (!ret && !v->destroy) {
		vcpu_work_run(v);
		if (v->destroy)
			break;
		if (may_enter(v))
			run_round(v);
		else
			wait_outside(v);
	}
	vcpu_work_run(v);
	pthread_mutex_unlock(&m->run_lock);
	if (!ret)
		vcpu_teardown(v);
	return NULL;
}

/* vCPU threads take only the kick: every other signal is for the loop thread. */
static int start_thread(struct vcpu *v, struct start_args *args)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	sigdelset(&all, KICK_SIGNAL);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&v->thread, NULL, vcpu_thread, args);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -ret;
}

/* Clients see by themselves whether it is there. */
static void tell_of(struct machine *m, int index)
{
	struct control_event ev = { .kind = CONTROL_VCPUS, .code = index };

	if (m->clients)
		control_notify(m, &ev);
}

int vcpu_create(struct machine *m, int index, struct vcpu **out, struct error *err)
{
	struct start_args args = { .err = err };
	struct vcpu *v;
	int ret;

	if (index < 0 || index >= MACHINE_MAX_VCPUS)
		return error_set(err, -EINVAL, "there is no vCPU number %d: at most %d", index,
				 MACHINE_MAX_VCPUS);
	if (m->vcpus[index])
		return error_set(err, -EEXIST, "vCPU %d exists already", index);
	v = calloc(1, sizeof(*v));
	if (!v)
		return error_set(err, -ENOMEM, "out of memory");
	v->m = m;
	v->index = index;
	v->work_tail = &v->work;
	args.v = v;
	ret = start_thread(v, &args);
	if (ret) {
		error_set(err, ret, "cannot start a thread for vCPU %d: %s", index, strerror(-ret));
		goto free_v;
	}
	pthread_mutex_lock(&m->run_lock);
	while (!v->ready)
		pthread_cond_wait(&m->run_cond, &m->run_lock);
	ret = v->failed;
	if (!ret) {
		m->vcpus[index] = v;
		v->want_run = m->state == RUN_RUNNING;
		v->order.action = RESUME_CONTINUE;
		pthread_cond_broadcast(&m->run_cond);
	}
	pthread_mutex_unlock(&m->run_lock);
	if (ret) {
		pthread_join(v->thread, NULL);
		goto free_v;
	}
	if (out)
		*out = v;
	tell_of(m, index);
	return 0;

free_v:
	free(v);
	return ret;
}

void vcpu_destroy(struct vcpu *v)
{
	struct machine *m = v->m;
	int index = v->index;

	pthread_mutex_lock(&m->run_lock);
	v->destroy = true;
	m->vcpus[v->index] = NULL;
	vcpu_kick(v);
	pthread_cond_broadcast(&m->run_cond);
	pthread_mutex_unlock(&m->run_lock);
	pthread_join(v->thread, NULL);
	free(v);
	tell_of(m, index);
}
