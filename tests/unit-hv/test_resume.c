// SPDX-License-Identifier: GPL-3.0-or-later
/* Orders to single vCPUs, hits that wait to be told, range steps: on the fake KVM. */
#include <criterion/criterion.h>
#include <errno.h>

#include "fake_kvm.h"
#include "hv/control_at.h"
#include "hv/vcpu.h"

#define COUNTER 0x200000ull

static struct error err;
static struct machine *m;
static uint64_t start_pc, target, after, end;

static void ignore_event(struct control_client *client, const struct control_event *ev)
{
	(void)client, (void)ev;
}

static struct control_client me = { .name = "me", .event = ignore_event };

/* start: nop; target: counter++; after: nop; jump to start. */
static void setup(unsigned vcpus)
{
	struct toy_code code = { .len = 0 };

	start_pc = toy_emit(&code, TOY_NOP);
	target = toy_emit_addr(&code, TOY_INC, COUNTER);
	after = toy_emit(&code, TOY_NOP);
	end = toy_emit_addr(&code, TOY_JMP, start_pc) + 5;
	m = toy_machine(&code, vcpus, NULL);
	cr_assert_not_null(m);
	control_attach(m, &me);
	toy_age(m);
}

static int last_bp;

static void add(enum bp_kind kind, uint64_t addr)
{
	last_bp = control_bp_add(m, &me, kind, addr, 1, 0, &err);
	cr_assert_gt(last_bp, 0, "%s", err.text);
}

static void go(int vcpu, struct resume order)
{
	struct resume orders[8] = { 0 };

	orders[vcpu] = order;
	cr_assert_eq(control_resume(m, &me, orders, 8, &err), 0, "%s", err.text);
}

static void go_all(void)
{
	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
}

static const struct stop *stopped(void)
{
	cr_assert(toy_wait_stop(m, 20000), "did not stop");
	return control_last_stop(m);
}

static uint64_t pc_of(int vcpu)
{
	uint64_t pc = 0;

	cr_assert_eq(control_pc(m, vcpu, &pc), 0);
	return pc;
}

static void post_hit(struct vcpu *v, void *arg)
{
	struct stop stop = { .reason = STOP_BREAKPOINT, .bp_kind = BP_SOFT, .pc = target };

	(void)arg;
	stop.vcpu = v->index;
	stop.bp = last_bp;
	vcpu_post_stop(v, &stop);
}

/* vCPU 0 is told to be at the breakpoint, and vCPU 1 has come to it in the same moment. */
static void two_hits(void)
{
	cr_assert_eq(control_set_pc(m, 0, start_pc), 0);
	cr_assert_eq(control_set_pc(m, 1, target), 0);
	go(0, (struct resume){ .action = RESUME_CONTINUE });
	cr_assert_eq(stopped()->vcpu, 0);
	cr_assert_eq(control_last_stop(m)->reason, STOP_BREAKPOINT);
	cr_assert_eq(vcpu_run_on(m->vcpus[1], post_hit, NULL), 0);
}

/* As gdb does it: the breakpoint is lifted, one vCPU is stepped, the breakpoint is set again. */
Test(resume, a_held_vcpus_hit_waits, .timeout = 300)
{
	setup(4);
	for (int i = 0; i < 20; i++) {
		add(BP_SOFT, target);
		two_hits();
		cr_assert_eq(control_bp_remove(m, &me, BP_SOFT, target, 1), 0);
		go(0, (struct resume){ .action = RESUME_STEP });
		cr_assert_eq(stopped()->reason, STOP_STEP);
		cr_assert_eq(control_last_stop(m)->vcpu, 0);
		cr_assert_eq(control_last_stop(m)->pc, after);
		cr_assert_eq(pc_of(1), target, "the held vCPU moved");
		add(BP_SOFT, target);
		go(1, (struct resume){ .action = RESUME_CONTINUE });
		cr_assert_eq(stopped()->reason, STOP_BREAKPOINT);
		cr_assert_eq(control_last_stop(m)->vcpu, 1);
		cr_assert_eq(control_last_stop(m)->pc, target);
		cr_assert_eq(control_bp_remove(m, &me, BP_SOFT, target, 1), 0);
	}
	toy_machine_free(m);
}

Test(resume, a_hit_whose_breakpoint_is_gone_is_forgotten, .timeout = 300)
{
	uint64_t count;

	setup(2);
	add(BP_SOFT, target);
	two_hits();
	cr_assert_eq(control_bp_remove(m, &me, BP_SOFT, target, 1), 0);
	count = toy_counter(m, COUNTER);
	go(1, (struct resume){ .action = RESUME_STEP });
	cr_assert_eq(stopped()->reason, STOP_STEP);
	cr_assert_eq(control_last_stop(m)->vcpu, 1);
	cr_assert_eq(toy_counter(m, COUNTER), count + 1, "its instruction was executed once");
	toy_machine_free(m);
}

static enum bp_verdict never(struct bp_filter *filter, struct control_at *at)
{
	(void)filter, (void)at;
	return BP_GO_ON;
}

static void nothing_to_release(struct bp_filter *filter)
{
	(void)filter;
}

/* Like a tracepoint that has taken the breakpoint's place: it collects and never stops. */
Test(resume, a_hit_is_not_told_for_another_breakpoint_at_the_place, .timeout = 300)
{
	struct bp_filter filter = { .ask = never, .release = nothing_to_release, .what = "never" };

	setup(2);
	add(BP_SOFT, target);
	two_hits();
	cr_assert_eq(control_bp_remove(m, &me, BP_SOFT, target, 1), 0);
	cr_assert_gt(control_bp_add_filtered(m, &me, BP_SOFT, target, 1, 0, &filter, &err), 0);
	go(1, (struct resume){ .action = RESUME_CONTINUE });
	toy_run_loop(m, 50);
	cr_assert_eq(control_state(m), RUN_RUNNING);
	cr_assert_eq(control_stop(m, &me), 0);
	cr_assert_eq(control_last_stop(m)->reason, STOP_PAUSE);
	toy_machine_free(m);
}

Test(resume, a_hit_of_a_vcpu_that_was_sent_elsewhere_is_forgotten, .timeout = 300)
{
	setup(2);
	add(BP_SOFT, target);
	two_hits();
	cr_assert_eq(control_set_pc(m, 1, after), 0);
	go(1, (struct resume){ .action = RESUME_STEP });
	cr_assert_eq(stopped()->reason, STOP_STEP);
	cr_assert_eq(control_last_stop(m)->pc, end - 5);
	toy_machine_free(m);
}

Test(resume, a_pause_is_told_for_a_vcpu_that_ran, .timeout = 300)
{
	setup(3);
	for (int v = 2; v >= 0; v--) {
		go(v, (struct resume){ .action = RESUME_CONTINUE });
		toy_run_loop(m, 5);
		cr_assert_eq(control_stop(m, &me), 0);
		cr_assert_eq(control_last_stop(m)->reason, STOP_PAUSE);
		cr_assert_eq(control_last_stop(m)->vcpu, v);
	}
	toy_machine_free(m);
}

Test(resume, a_held_vcpu_joins_those_that_run, .timeout = 300)
{
	struct resume second[2] = { { .action = RESUME_HOLD }, { .action = RESUME_CONTINUE } };

	setup(2);
	go(0, (struct resume){ .action = RESUME_CONTINUE });
	cr_assert(control_vcpu_runs(m, 0));
	cr_assert_not(control_vcpu_runs(m, 1));
	cr_assert_eq(control_resume(m, &me, second, 2, &err), 0);
	cr_assert(control_vcpu_runs(m, 1));
	cr_assert_eq(control_resume(m, &me, second, 2, &err), -EBUSY);
	add(BP_SOFT, target);
	cr_assert_eq(stopped()->reason, STOP_BREAKPOINT);
	cr_assert_not(control_vcpu_runs(m, 0));
	toy_machine_free(m);
}

/* ---- ranges ---- */

Test(resume, range_steps_end_outside, .timeout = 300)
{
	struct resume range = { RESUME_RANGE, start_pc, 0 };

	setup(2);
	range = (struct resume){ RESUME_RANGE, start_pc, after };
	for (uint64_t i = 1; i <= 100; i++) {
		go(0, range);
		cr_assert_eq(stopped()->reason, STOP_STEP);
		cr_assert_eq(control_last_stop(m)->pc, after);
		cr_assert_eq(control_last_stop(m)->by, &me);
		cr_assert_eq(toy_counter(m, COUNTER), i);
		/* From outside: one step at least, and on while it lands inside. */
		go(0, range);
		cr_assert_eq(stopped()->pc, end - 5);
		go(0, (struct resume){ .action = RESUME_STEP });
		cr_assert_eq(stopped()->pc, start_pc);
	}
	cr_assert_eq(pc_of(1), start_pc, "the held vCPU moved");
	/* An empty one is one step. */
	go(0, (struct resume){ RESUME_RANGE, start_pc, start_pc });
	cr_assert_eq(stopped()->pc, target);
	toy_machine_free(m);
}

Test(resume, range_steps_stop_at_breakpoints, .timeout = 300)
{
	enum bp_kind kinds[] = { BP_SOFT, BP_HARD };

	setup(1);
	for (int k = 0; k < 2; k++) {
		struct resume range = { RESUME_RANGE, start_pc, end };

		add(kinds[k], target);
		/* The second time round it stands on it: that is no hit, the one after is. */
		for (int i = 0; i < 10; i++) {
			go(0, range);
			cr_assert_eq(stopped()->reason, k ? STOP_HW_BREAKPOINT : STOP_BREAKPOINT);
			cr_assert_eq(control_last_stop(m)->pc, target);
		}
		cr_assert_eq(control_bp_remove(m, &me, kinds[k], target, 1), 0);
		cr_assert_eq(toy_counter(m, COUNTER), k ? 19 : 9);
		go(0, (struct resume){ RESUME_RANGE, start_pc, end - 5 });
		cr_assert_eq(stopped()->pc, end - 5);
	}
	toy_machine_free(m);
}

Test(resume, range_steps_stop_at_watchpoints, .timeout = 300)
{
	setup(1);
	for (int k = 0; k < 2; k++) {
		cr_assert_gt(control_bp_add(m, &me, BP_WRITE, COUNTER, 8, 0, &err), 0);
		for (int i = 0; i < 10; i++) {
			go(0, (struct resume){ RESUME_RANGE, start_pc, end });
			cr_assert_eq(stopped()->reason, STOP_WATCHPOINT);
			cr_assert_eq(control_last_stop(m)->pc, after);
		}
		control_bp_remove(m, &me, BP_WRITE, COUNTER, 8);
		toy_machine_free(m);
		/* The second time by page protection. */
		toy_has_data = false;
		setup(1);
	}
	toy_machine_free(m);
}

Test(resume, range_steps_can_be_interrupted, .timeout = 300)
{
	uint64_t before;

	setup(2);
	for (int i = 0; i < 100; i++) {
		uint64_t pc;

		before = toy_counter(m, COUNTER);
		go(0, (struct resume){ RESUME_RANGE, start_pc, end });
		while (toy_counter(m, COUNTER) == before)
			toy_run_loop(m, 1);
		/* Work for the vCPU does not end them. */
		cr_assert_eq(control_pc(m, 0, &pc), 0);
		cr_assert_eq(control_state(m), RUN_RUNNING);
		cr_assert_eq(control_stop(m, &me), 0);
		cr_assert_eq(control_last_stop(m)->reason, STOP_PAUSE);
		cr_assert_eq(control_last_stop(m)->vcpu, 0);
	}
	/* The next order is a new one. */
	add(BP_SOFT, target);
	go_all();
	cr_assert_eq(stopped()->reason, STOP_BREAKPOINT);
	toy_machine_free(m);
}

Test(resume, one_steps_through_a_range_while_the_others_run, .timeout = 300)
{
	struct resume orders[3] = { { RESUME_RANGE, 0, 0 },
				    { .action = RESUME_CONTINUE },
				    { .action = RESUME_CONTINUE } };

	setup(3);
	orders[0].start = start_pc;
	orders[0].end = after;
	/* vCPU 0 counts once in a round; what is more is the others'. */
	for (uint64_t i = 0; i < 300 || toy_counter(m, COUNTER) <= i; i++) {
		cr_assert_eq(control_resume(m, &me, orders, 3, &err), 0, "%s", err.text);
		cr_assert_eq(stopped()->reason, STOP_STEP);
		cr_assert_eq(control_last_stop(m)->vcpu, 0);
		go(0, (struct resume){ RESUME_RANGE, after, end });
		cr_assert_eq(stopped()->pc, start_pc);
	}
	toy_machine_free(m);
}
