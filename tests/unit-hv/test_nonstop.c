// SPDX-License-Identifier: GPL-3.0-or-later
/* Non-stop mode: vCPUs that stop one by one, on the fake KVM. */
#include <criterion/criterion.h>
#include <errno.h>

#include "fake_kvm.h"
#include "hv/vcpu.h"

#define COUNTER(n) (0x200000ull + 8 * (n))
#define MAX	   8

static struct error err;
static struct machine *m;
static uint64_t loop_at[MAX], target[MAX]; /* vCPU n counts at COUNTER(n) */

/* What was told, by vCPU; and how often the machine stopped as a whole. */
static unsigned told[MAX], stopped;
static struct stop last[MAX];

static void on_event(struct control_client *client, const struct control_event *ev)
{
	(void)client;
	if (ev->kind == CONTROL_STOPPED) {
		stopped++;
		cr_assert(run_state_is_stopped(control_state(m)));
	}
	if (ev->kind != CONTROL_VCPU_STOPPED)
		return;
	told[ev->stop->vcpu]++;
	last[ev->stop->vcpu] = *ev->stop;
	cr_assert_not(control_vcpu_runs(m, ev->stop->vcpu));
	cr_assert_not(m->vcpus[ev->stop->vcpu]->in_guest);
}

static struct control_client me = { .name = "me", .event = on_event };

/* Each vCPU goes round a loop of its own. */
static void setup(unsigned vcpus)
{
	static struct toy_code code; /* a reset loads it again */

	for (unsigned i = 0; i < vcpus; i++) {
		loop_at[i] = toy_emit(&code, TOY_NOP);
		target[i] = toy_emit_addr(&code, TOY_INC, COUNTER(i));
		toy_emit_addr(&code, TOY_JMP, loop_at[i]);
	}
	m = toy_machine(&code, vcpus, NULL);
	cr_assert_not_null(m);
	control_attach(m, &me);
	control_set_nonstop(m, &me, true);
	toy_age(m);
	for (unsigned i = 0; i < vcpus; i++)
		cr_assert_eq(control_set_pc(m, (int)i, loop_at[i]), 0);
}

static int add(uint64_t addr)
{
	return control_bp_add(m, &me, BP_SOFT, addr, 1, 0, &err);
}

static int go(int vcpu, enum resume_action action)
{
	struct resume orders[MAX] = { 0 };

	orders[vcpu].action = action;
	return control_resume(m, &me, orders, MAX, &err);
}

static void go_all(void)
{
	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
}

/* Until vCPU @vcpu was told to have stopped @n times. */
static void wait_told(int vcpu, unsigned n)
{
	for (unsigned i = 0; i < TOY_PATIENCE_MS && told[vcpu] < n; i++)
		toy_run_loop(m, 1);
	cr_assert_eq(told[vcpu], n);
}

/* Whether @vcpu gets on. */
static bool counts(int vcpu)
{
	uint64_t before = toy_counter(m, COUNTER((unsigned)vcpu));

	for (unsigned i = 0; i < TOY_PATIENCE_MS; i++) {
		toy_run_loop(m, 1);
		if (toy_counter(m, COUNTER((unsigned)vcpu)) != before)
			return true;
		if (!control_vcpu_runs(m, vcpu))
			return false;
	}
	return false;
}

Test(nonstop, a_breakpoint_stops_its_vcpu_alone, .timeout = 300)
{
	setup(3);
	cr_assert_gt(add(target[1]), 0);
	go_all();
	for (unsigned i = 1; i <= 50; i++) {
		wait_told(1, i);
		cr_assert_eq(last[1].reason, STOP_BREAKPOINT);
		cr_assert_eq(last[1].pc, target[1]);
		cr_assert_eq(control_vcpu_stop(m, 1)->reason, STOP_BREAKPOINT);
		cr_assert_eq(control_vcpu_stop(m, 0)->reason, STOP_NONE);
		cr_assert_eq(control_state(m), RUN_RUNNING);
		cr_assert(counts(0));
		cr_assert(counts(2));
		cr_assert_eq(toy_counter(m, COUNTER(1)), i - 1);
		cr_assert_eq(go(1, RESUME_CONTINUE), 0, "%s", err.text);
	}
	cr_assert_eq(stopped, 0);
	cr_assert_eq(told[0] + told[2], 0);
	toy_machine_free(m);
}

Test(nonstop, steps_while_the_others_run, .timeout = 300)
{
	setup(3);
	go_all();
	cr_assert_eq(control_stop_vcpu(m, &me, 0), 0);
	cr_assert_eq(told[0], 1);
	cr_assert_eq(last[0].reason, STOP_PAUSE);
	cr_assert_eq(last[0].by, &me);
	for (unsigned i = 0; i < 300; i++) {
		uint64_t pc;

		cr_assert_eq(go(0, RESUME_STEP), 0, "%s", err.text);
		wait_told(0, i + 2);
		cr_assert_eq(last[0].reason, STOP_STEP);
		cr_assert_eq(last[0].by, &me);
		cr_assert_eq(control_pc(m, 0, &pc), 0);
		cr_assert_eq(pc, last[0].pc);
	}
	cr_assert(counts(1));
	cr_assert(counts(2));
	toy_machine_free(m);
}

Test(nonstop, the_last_one_stops_the_machine, .timeout = 300)
{
	setup(2);
	go_all();
	cr_assert_eq(control_stop_vcpu(m, &me, 1), 0);
	cr_assert_eq(stopped, 0);
	cr_assert_eq(control_stop_vcpu(m, &me, 1), 0, "it stands: nothing to do");
	cr_assert_eq(told[1], 1);
	cr_assert_eq(control_stop_vcpu(m, &me, 0), 0);
	cr_assert_eq(stopped, 1);
	cr_assert_eq(control_state(m), RUN_PAUSED);
	cr_assert_eq(control_last_stop(m)->vcpu, 0);
	cr_assert_eq(control_stop_vcpu(m, &me, MAX), -ESRCH);
	/* And one makes it run again. */
	cr_assert_eq(go(1, RESUME_CONTINUE), 0);
	cr_assert_eq(control_state(m), RUN_RUNNING);
	cr_assert_eq(go(1, RESUME_CONTINUE), -EBUSY);
	cr_assert(counts(1));
	cr_assert_not(control_vcpu_runs(m, 0));
	toy_machine_free(m);
}

Test(nonstop, a_stop_of_all_is_told_for_each, .timeout = 300)
{
	setup(3);
	go_all();
	cr_assert_eq(control_stop_vcpu(m, &me, 2), 0);
	cr_assert_eq(control_stop(m, NULL), 0);
	cr_assert_eq(stopped, 1);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(told[i], 1);
		cr_assert_eq(last[i].reason, STOP_PAUSE);
		cr_assert_eq(last[i].by, i == 2 ? &me : NULL);
	}
	toy_machine_free(m);
}

Test(nonstop, a_triple_fault_stops_all, .timeout = 300)
{
	setup(3);
	go_all();
	cr_assert_eq(control_stop_vcpu(m, &me, 1), 0);
	/* Where there is no code. */
	cr_assert_eq(control_set_pc(m, 1, COUNTER(MAX)), 0);
	cr_assert_eq(go(1, RESUME_CONTINUE), 0);
	wait_told(1, 2);
	cr_assert_eq(last[1].reason, STOP_TRIPLE_FAULT);
	cr_assert_eq(last[0].reason, STOP_PAUSE);
	cr_assert_eq(control_state(m), RUN_SHUTDOWN);
	cr_assert_eq(stopped, 1);
	cr_assert_eq(go(0, RESUME_CONTINUE), -EPERM);
	toy_machine_free(m);
}

/* All at once, again and again, with stops from outside between: each hit is told once. */
Test(nonstop, storm, .timeout = 300)
{
	struct bp_info info;
	uint64_t sum = 0, hits = 0;

	setup(4);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_gt(add(target[i]), 0);
	go_all();
	for (unsigned round = 0; round < 400; round++) {
		int which = (int)(round % 4);

		if (round % 3 == 0)
			cr_assert_eq(control_stop_vcpu(m, &me, (which + 1) % 4), 0);
		if (round % 50 == 49)
			cr_assert_eq(control_stop(m, &me), 0);
		toy_run_loop(m, 1);
		if (!control_vcpu_runs(m, which))
			cr_assert_eq(go(which, RESUME_CONTINUE), 0, "%s", err.text);
	}
	control_stop(m, &me);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert(control_bp_get(m, i, &info));
		hits += info.hits;
		sum += toy_counter(m, COUNTER(i));
		cr_assert_eq(m->vcpus[i]->stop.reason, STOP_NONE, "a stop that was not told");
	}
	/* Each hit was executed, but those whose vCPU still stands there. */
	cr_assert_leq(sum, hits);
	cr_assert_geq(sum + 4, hits);
	toy_machine_free(m);
}

Test(nonstop, ends_with_its_client, .timeout = 300)
{
	struct control_client other = { .name = "other", .event = on_event };

	setup(2);
	go_all();
	control_attach(m, &other);
	cr_assert_eq(control_stop_vcpu(m, &me, 0), 0);
	control_detach(m, &me);
	cr_assert_eq(control_stop_vcpu(m, &other, 1), -EINVAL);
	cr_assert_null(control_vcpu_stop(m, 0)->by);
	/* What stands can be let go, and then all stop together. */
	cr_assert_eq(control_resume_all(m, NULL, &err), 0);
	cr_assert(counts(0));
	cr_assert_gt(control_bp_add(m, &other, BP_SOFT, target[0], 1, 0, &err), 0);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_not(control_vcpu_runs(m, 1));
	toy_machine_free(m);
}

Test(nonstop, a_reset_leaves_those_standing_that_stood, .timeout = 300)
{
	setup(2);
	go_all();
	cr_assert_eq(control_stop_vcpu(m, &me, 1), 0);
	cr_assert_eq(control_reset(m, &me, &err), 0, "%s", err.text);
	cr_assert(control_vcpu_runs(m, 0));
	cr_assert_not(control_vcpu_runs(m, 1));
	cr_assert(counts(0));
	toy_machine_free(m);
}
