// SPDX-License-Identifier: GPL-3.0-or-later
/* Run states, pause and resume, work on vCPUs: on the fake KVM. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "fake_kvm.h"
#include "hv/hotplug.h"
#include "hv/runstate.h"
#include "hv/vcpu.h"

#define COUNTER 0x200000ull

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

Test(runstate, table)
{
	cr_assert(run_state_may(RUN_CREATED, RUN_RUNNING));
	cr_assert(run_state_may(RUN_RUNNING, RUN_DEBUG));
	cr_assert_not(run_state_may(RUN_SHUTDOWN, RUN_RUNNING));
	cr_assert_not(run_state_may(RUN_INTERNAL_ERROR, RUN_RUNNING));
	cr_assert_not(run_state_may(RUN_CREATED, RUN_DEBUG));
	for (int s = 0; s < RUN_STATE_COUNT; s++) {
		bool out = false;

		cr_assert_str_neq(run_state_name((enum run_state)s), "?");
		for (int t = 0; t < RUN_STATE_COUNT; t++)
			out |= run_state_may((enum run_state)s, (enum run_state)t);
		cr_assert(out, "no way out of \"%s\"", run_state_name((enum run_state)s));
	}
}

Test(runstate, illegal_transition_keeps_the_state)
{
	struct machine *m = toy_spinner(1, COUNTER);

	pthread_mutex_lock(&m->run_lock);
	cr_assert_not(run_state_set(m, RUN_DEBUG));
	cr_assert_eq(m->state, RUN_CREATED);
	pthread_mutex_unlock(&m->run_lock);
	toy_machine_free(m);
}

Test(runstate, a_thousand_pauses, .timeout = 300)
{
	struct machine *m = toy_spinner(4, COUNTER);
	uint64_t before, longest = 0;

	toy_resume(m);
	for (int i = 0; i < 1000; i++) {
		uint64_t t = now_ms();

		cr_assert_eq(control_stop(m, NULL), 0);
		t = now_ms() - t;
		longest = t > longest ? t : longest;
		cr_assert_eq(control_state(m), RUN_PAUSED);
		cr_assert_eq(m->in_guest, 0);
		before = toy_counter(m, COUNTER);
		cr_assert_eq(toy_counter(m, COUNTER), before, "somebody runs while paused");
		toy_resume(m);
	}
	cr_log_info("longest stop: %llu ms", (unsigned long long)longest);
	before = toy_counter(m, COUNTER);
	cr_assert(toy_wait_counter(m, COUNTER, before), "nobody runs after the last resume");
	toy_machine_free(m);
}

static void note(struct vcpu *v, void *arg)
{
	int *ran = arg;

	cr_assert_eq(vcpu_current(), v);
	cr_assert_not(v->in_guest);
	__atomic_add_fetch(ran, 1, __ATOMIC_SEQ_CST);
}

/* Work that asks who else is at it. */
struct ask {
	struct vcpu *v;
	int inside, done;
};

static void alone(struct vcpu *v, void *arg)
{
	struct ask *a = arg;

	cr_assert_eq(vcpu_current(), v);
	cr_assert_not(v->in_guest);
	cr_assert_eq(a->inside++, 0, "two at once");
	sched_yield();
	a->done++;
	a->inside--;
}

#define ASKERS	  4
#define QUESTIONS 500

static void *asker(void *arg)
{
	struct ask *a = arg;

	for (int i = 0; i < QUESTIONS; i++)
		cr_assert_eq(vcpu_run_on(a->v, alone, a), 0);
	cr_assert_null(vcpu_current());
	return NULL;
}

/* Whether its own thread does the work or another one in its place: one at a time, none lost. */
Test(work, many_ask_one_vcpu, .timeout = 300)
{
	struct machine *m = toy_spinner(2, COUNTER);
	struct ask ask = { .v = m->vcpus[0] };
	pthread_t threads[ASKERS];

	for (int i = 0; i < ASKERS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, asker, &ask), 0);
	for (int i = 0; i < 50; i++) {
		toy_resume(m);
		cr_assert_eq(control_stop(m, NULL), 0);
	}
	for (int i = 0; i < ASKERS; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(ask.done, ASKERS * QUESTIONS);
	toy_machine_free(m);
}

Test(work, waited_for_and_not, .timeout = 300)
{
	struct machine *m = toy_spinner(3, COUNTER);
	int ran = 0;

	cr_assert_eq(vcpu_run_on(m->vcpus[1], note, &ran), 0);
	cr_assert_eq(ran, 1);
	toy_resume(m);
	for (int i = 0; i < 300; i++) {
		cr_assert_eq(vcpu_run_on(m->vcpus[i % 3], note, &ran), 0);
		cr_assert_eq(vcpu_queue(m->vcpus[i % 3], note, &ran), 0);
	}
	for (int i = 0; i < 3; i++)
		cr_assert_eq(vcpu_run_on(m->vcpus[i], note, &ran), 0);
	cr_assert_eq(ran, 604);
	toy_machine_free(m);
}

struct excluder {
	struct machine *m;
	unsigned *inside;
	bool bad;
};

static void *exclude(void *arg)
{
	struct excluder *e = arg;

	for (int i = 0; i < 200; i++) {
		vcpu_exclusive_begin(e->m);
		vcpu_exclusive_begin(e->m);
		e->bad |= ++*e->inside != 1 || e->m->in_guest;
		--*e->inside;
		vcpu_exclusive_end(e->m);
		vcpu_exclusive_end(e->m);
	}
	return NULL;
}

Test(work, exclusive_sections_exclude, .timeout = 300)
{
	struct machine *m = toy_spinner(4, COUNTER);
	unsigned inside = 0;
	struct excluder e[3];
	pthread_t t[3];
	int ran = 0;

	toy_resume(m);
	for (int i = 0; i < 3; i++) {
		e[i] = (struct excluder){ .m = m, .inside = &inside };
		pthread_create(&t[i], NULL, exclude, &e[i]);
	}
	for (int i = 0; i < 200; i++)
		vcpu_run_on(m->vcpus[i % 4], note, &ran);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], NULL);
		cr_assert_not(e[i].bad);
	}
	cr_assert_eq(ran, 200);
	toy_machine_free(m);
}

Test(vcpu, comes_and_goes_while_running, .timeout = 300)
{
	struct machine *m = toy_spinner(1, COUNTER);
	struct error err = { "" };

	toy_resume(m);
	for (int i = 0; i < 50; i++) {
		struct vcpu *v;

		cr_assert_eq(vcpu_create(m, 1 + i % 3, &v, &err), 0, "%s", err.text);
		cr_assert(control_vcpu_exists(m, 1 + i % 3));
		cr_assert_eq(control_stop(m, NULL), 0);
		toy_resume(m);
		vcpu_destroy(v);
		cr_assert_not(control_vcpu_exists(m, 1 + i % 3));
	}
	cr_assert_eq(vcpu_create(m, 0, NULL, &err), -EEXIST);
	cr_assert_eq(vcpu_create(m, MACHINE_MAX_VCPUS, NULL, &err), -EINVAL);
	toy_machine_free(m);
}

/* ---- plugged and ejected ---- */

#define EJECTOR 0xd0000000ull

static struct hotplug_log {
	int added, removal_wanted;
} plugged;

static void on_added(void *opaque, int cpu)
{
	((struct hotplug_log *)opaque)->added = cpu;
}

static void on_removal(void *opaque, int cpu)
{
	((struct hotplug_log *)opaque)->removal_wanted = cpu;
}

static struct cpu_hotplug hooks = { on_added, on_removal, &plugged };

Test(vcpu, is_plugged_by_a_person, .timeout = 300)
{
	struct machine *m = toy_spinner(1, COUNTER);
	struct error err = { "" };

	((struct machine_config *)m->cfg)->max_vcpus = 3;
	m->cpu_hotplug = &hooks;
	for (int round = 0; round < 20; round++) {
		if (round % 2)
			toy_resume(m);
		cr_assert_eq(control_vcpu_add(m, 2, &err), 0, "%s", err.text);
		cr_assert_eq(plugged.added, 2);
		cr_assert_eq(control_vcpu_add(m, 2, &err), -EEXIST);
		cr_assert_eq(control_vcpu_remove(m, 2, &err), 0, "%s", err.text);
		cr_assert_eq(plugged.removal_wanted, 2);
		cr_assert(control_vcpu_exists(m, 2), "until the guest gives it up");
		machine_eject_vcpu(m, 2);
		machine_eject_vcpu(m, 2);
		/* Not done yet, but nobody sees that. */
		if (round % 3 == 0)
			cr_assert_eq(control_vcpu_remove(m, 2, &err), -ESRCH);
		toy_run_loop(m, 1);
		cr_assert_not(control_vcpu_exists(m, 2));
		cr_assert_eq(control_stop(m, NULL), 0);
	}
	cr_assert_eq(control_vcpu_add(m, 3, &err), -EINVAL);
	cr_assert(strstr(err.text, "maxcpus"), "%s", err.text);
	cr_assert_eq(control_vcpu_add(m, -1, &err), -EINVAL);
	cr_assert_eq(control_vcpu_remove(m, 0, &err), -EBUSY);
	cr_assert_eq(control_vcpu_remove(m, 1, &err), -ESRCH);
	machine_eject_vcpu(m, 0);
	machine_eject_vcpu(m, -1);
	machine_eject_vcpu(m, MACHINE_MAX_VCPUS);
	toy_run_loop(m, 1);
	cr_assert(control_vcpu_exists(m, 0));
	m->cpu_hotplug = NULL;
	cr_assert_eq(control_vcpu_add(m, 1, &err), 0, "the guest is not told: %s", err.text);
	cr_assert_eq(control_vcpu_remove(m, 1, &err), -ENOTSUP);
	toy_machine_free(m);
}

static void eject_one(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	(void)off, (void)size, (void)value;
	machine_eject_vcpu(opaque, 1);
}

/* Whichever vCPU says so, number 1 itself too, and whatever the others are doing. */
Test(vcpu, is_ejected_by_the_guest, .timeout = 300)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct toy_code code = { .len = 0 };
	struct error err = { "" };
	struct bus_range ejector;
	struct machine *m;
	uint64_t at = toy_emit_addr(&code, TOY_OUT, EJECTOR);

	toy_emit_addr(&code, TOY_JMP, at);
	m = toy_machine(&code, 2, NULL);
	ejector = (struct bus_range){ .name = "ejector",
				      .base = EJECTOR,
				      .len = 1,
				      .lock = &lock,
				      .write = eject_one,
				      .opaque = m };
	cr_assert_eq(bus_add(&m->mmio, &ejector), 0);
	((struct machine_config *)m->cfg)->max_vcpus = 2;
	toy_resume(m);
	for (int round = 0; round < 50; round++) {
		for (int tries = 0; control_vcpu_exists(m, 1) && tries < 20000; tries++)
			toy_run_loop(m, 1);
		cr_assert_not(control_vcpu_exists(m, 1));
		if (round % 5 == 0) {
			cr_assert_eq(control_stop(m, NULL), 0);
			toy_resume(m);
		}
		cr_assert_eq(control_vcpu_add(m, 1, &err), 0, "%s", err.text);
	}
	cr_assert_eq(control_stop(m, NULL), 0);
	bus_remove(&m->mmio, &ejector);
	toy_machine_free(m);
}

Test(runstate, waiting_vcpu_is_stopped_too, .timeout = 300)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit(&code, TOY_WAIT);
	m = toy_machine(&code, 2, NULL);
	toy_resume(m);
	cr_assert_eq(control_stop(m, NULL), 0);
	cr_assert_eq(control_state(m), RUN_PAUSED);
	cr_assert_eq(control_last_stop(m)->reason, STOP_PAUSE);
	cr_assert_eq(control_last_stop(m)->pc, TOY_LOAD);
	toy_machine_free(m);
}

Test(runstate, triple_fault_stops_and_cannot_go_on, .timeout = 300)
{
	struct toy_code code = { .len = 0 };
	struct error err = { "" };
	struct machine *m;
	uint64_t at;

	toy_emit(&code, TOY_NOP);
	at = toy_emit(&code, TOY_TRIPLE);
	m = toy_machine(&code, 1, NULL);
	toy_resume(m);
	cr_assert(toy_wait_stop(m, TOY_PATIENCE_MS));
	cr_assert_eq(control_state(m), RUN_SHUTDOWN);
	cr_assert_eq(control_last_stop(m)->reason, STOP_TRIPLE_FAULT);
	cr_assert_eq(control_last_stop(m)->pc, at);
	cr_assert_eq(control_resume_all(m, NULL, &err), -EPERM);
	cr_assert_eq(control_reset(m, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(control_state(m), RUN_CREATED);
	cr_assert_eq(control_last_stop(m)->reason, STOP_ENTRY);
	toy_machine_free(m);
}

Test(runstate, held_vcpus_do_not_run, .timeout = 300)
{
	struct resume only_second[] = { { RESUME_HOLD, 0, 0 }, { RESUME_CONTINUE, 0, 0 } };
	struct resume nobody[2] = { { RESUME_HOLD, 0, 0 } };
	struct machine *m = toy_spinner(2, COUNTER);
	struct error err = { "" };
	uint64_t pc0, pc;

	cr_assert_eq(control_resume(m, NULL, nobody, 2, &err), -EINVAL);
	cr_assert_eq(control_pc(m, 0, &pc0), 0);
	cr_assert_eq(control_resume(m, NULL, only_second, 2, &err), 0);
	cr_assert_eq(control_resume(m, NULL, only_second, 2, &err), -EBUSY);
	cr_assert(toy_wait_counter(m, COUNTER, 0));
	cr_assert_eq(control_pc(m, 0, &pc), 0);
	cr_assert_eq(pc, pc0);
	toy_machine_free(m);
}

/* Two hit at one time, one of them is told and stepped: it is its step that is told next. */
Test(runstate, the_stop_of_a_held_vcpu_waits, .timeout = 300)
{
	struct machine *m = toy_spinner(2, COUNTER);
	struct error err = { "" };
	int told;

	cr_assert_gt(control_bp_add(m, NULL, BP_SOFT, TOY_LOAD, 1, 0, &err), 0, "%s", err.text);
	toy_resume(m);
	cr_assert(toy_wait_stop(m, 20000));
	told = control_last_stop(m)->vcpu;
	/* As if both had come there in the same moment. */
	pthread_mutex_lock(&m->run_lock);
	m->vcpus[1 - told]->stop = *control_last_stop(m);
	m->vcpus[1 - told]->stop.vcpu = 1 - told;
	pthread_mutex_unlock(&m->run_lock);

	cr_assert_eq(control_step(m, NULL, told, &err), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_eq(control_last_stop(m)->reason, STOP_STEP);
	cr_assert_eq(control_last_stop(m)->vcpu, told);
	toy_resume(m);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_eq(control_last_stop(m)->reason, STOP_BREAKPOINT);
	cr_assert_eq(control_last_stop(m)->vcpu, 1 - told);
	toy_machine_free(m);
}

/* ---- what a guest does to the machine ---- */

#define DEVICE 0xd0000000ull

static pthread_mutex_t device_lock = PTHREAD_MUTEX_INITIALIZER;

static void ask_for_a_reset(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	(void)off, (void)size, (void)value;
	machine_request_reset(opaque);
}

static void ask_for_the_end(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	(void)off, (void)size, (void)value;
	machine_request_exit(opaque, 5);
}

/* A guest that writes to the device @write and then counts; the loop has run for a while. */
static struct machine *after_writing(struct bus_range *device,
				     void (*write)(void *, uint64_t, unsigned, uint64_t))
{
	struct toy_code code = { .len = 0 };
	struct machine *m;
	uint64_t at;

	toy_emit_addr(&code, TOY_OUT, DEVICE);
	at = toy_emit_addr(&code, TOY_INC, COUNTER);
	toy_emit_addr(&code, TOY_JMP, at);
	m = toy_machine(&code, 1, NULL);
	*device = (struct bus_range){ .name = "device",
				      .base = DEVICE,
				      .len = 1,
				      .lock = &device_lock,
				      .write = write,
				      .opaque = m };
	cr_assert_eq(bus_add(&m->mmio, device), 0);
	toy_resume(m);
	return m;
}

Test(runstate, nothing_is_executed_after_a_reset_was_asked_for, .timeout = 300)
{
	struct bus_range device;
	struct machine *m = after_writing(&device, ask_for_a_reset);
	struct timespec ms = { .tv_nsec = 20000000 };

	/* The loop thread is late; the guest waits for it. */
	nanosleep(&ms, NULL);
	cr_expect_eq(toy_counter(m, COUNTER), 0u);
	cr_expect_eq(control_stop(m, NULL), 0);
	cr_expect_eq(toy_counter(m, COUNTER), 0u);
	toy_machine_free(m);
}

Test(runstate, nothing_is_executed_after_the_end_was_asked_for, .timeout = 300)
{
	struct bus_range device;
	struct machine *m = after_writing(&device, ask_for_the_end);
	struct timespec ms = { .tv_nsec = 20000000 };

	nanosleep(&ms, NULL);
	cr_expect_eq(loop_run(m->loop), 5);
	cr_expect_eq(toy_counter(m, COUNTER), 0u);
	toy_machine_free(m);
}
