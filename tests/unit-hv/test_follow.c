// SPDX-License-Identifier: GPL-3.0-or-later
/* Instructions that follow a hit: each is told to the filter, whatever happens in between. */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "hv/debug.h"
#include "hv/vcpu.h"

#define COUNTER	 0x200000ull
#define MAX_SEEN 4096

static struct error err;

static void on_event(struct control_client *client, const struct control_event *ev)
{
	(void)client;
	(void)ev;
}

static struct control_client me = { .name = "me", .event = on_event };

/* body: counter++; nop; jump to the body. */
static uint64_t body[3];

static struct machine *loop_machine(unsigned vcpus)
{
	struct toy_code code = { 0 };
	struct machine *m;

	body[0] = toy_emit_addr(&code, TOY_INC, COUNTER);
	body[1] = toy_emit(&code, TOY_NOP);
	body[2] = toy_emit_addr(&code, TOY_JMP, body[0]);
	m = toy_machine(&code, vcpus, NULL);
	cr_assert_not_null(m);
	control_attach(m, &me);
	toy_age(m);
	return m;
}

/* At its first hit it follows the next `count` instructions; stops after `limit` hits. */
struct following {
	struct bp_filter filter;
	uint64_t count;
	unsigned asked, limit, seen, released, refused; /* atomic */
	uint64_t pcs[MAX_SEEN], left[MAX_SEEN];
};

static enum bp_verdict ask(struct bp_filter *filter, struct control_at *at)
{
	struct following *f = (struct following *)filter;
	unsigned n = __atomic_add_fetch(&f->asked, 1, __ATOMIC_RELAXED);

	if (n == 1 && f->count)
		cr_assert_eq(control_at_step(at, f->count), 0);
	return f->limit && n >= f->limit ? BP_STOP : BP_GO_ON;
}

static enum bp_verdict ask_too_much(struct bp_filter *filter, struct control_at *at)
{
	struct following *f = (struct following *)filter;

	while (!control_at_step(at, 1000))
		f->asked++;
	cr_assert_eq(control_at_step(at, 1), -ENOSPC);
	f->refused++;
	return BP_STOP;
}

static void stepped(struct bp_filter *filter, struct control_at *at, uint64_t left)
{
	struct following *f = (struct following *)filter;
	unsigned n = f->seen;

	if (n < MAX_SEEN) {
		f->pcs[n] = control_at_pc(at);
		f->left[n] = left;
	}
	__atomic_store_n(&f->seen, n + 1, __ATOMIC_RELEASE);
}

static void release(struct bp_filter *filter)
{
	((struct following *)filter)->released++;
}

static int add(struct machine *m, enum bp_kind kind, struct following *f, uint64_t count)
{
	f->filter = (struct bp_filter){ .ask = ask, .stepped = stepped, .release = release };
	f->count = count;
	return control_bp_add_filtered(m, &me, kind, body[0], 1, 0, &f->filter, &err);
}

static unsigned seen(const struct following *f)
{
	return __atomic_load_n(&f->seen, __ATOMIC_ACQUIRE);
}

/* Instruction by instruction, from the one after the breakpoint's. */
static void check_seen(const struct following *f, uint64_t count)
{
	for (unsigned i = 0; i < seen(f); i++) {
		cr_assert_eq(f->pcs[i], body[(i + 1) % 3], "step %u", i);
		cr_assert_eq(f->left[i], count - 1 - i, "step %u", i);
	}
}

static void follows(enum bp_kind kind)
{
	static struct following f;
	struct machine *m = loop_machine(1);

	f = (struct following){ .limit = 1000 };
	cr_assert_gt(add(m, kind, &f, 8), 0, "%s", err.text);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_eq(seen(&f), 8);
	check_seen(&f, 8);
	/* Its own breakpoint is hit while it follows, too. */
	cr_assert_eq(toy_counter(m, COUNTER), 999);
	toy_machine_free(m);
	cr_assert_eq(f.released, 1);
}

Test(follow, a_breakpoint_in_memory)
{
	follows(BP_SOFT);
}

Test(follow, a_breakpoint_in_a_register)
{
	follows(BP_HARD);
}

Test(follow, stops_in_between, .timeout = 300)
{
	static struct following f;
	struct machine *m = loop_machine(1);

	f = (struct following){ 0 };
	cr_assert_gt(add(m, BP_SOFT, &f, MAX_SEEN), 0, "%s", err.text);
	while (seen(&f) < MAX_SEEN) {
		cr_assert_eq(control_resume_all(m, &me, &err), 0);
		usleep(200);
		control_stop(m, &me);
	}
	cr_assert_eq(seen(&f), MAX_SEEN);
	check_seen(&f, MAX_SEEN);
	toy_machine_free(m);
}

Test(follow, a_client_steps_meanwhile)
{
	static struct following f;
	struct machine *m = loop_machine(1);

	f = (struct following){ 0 };
	cr_assert_gt(add(m, BP_SOFT, &f, 10), 0, "%s", err.text);
	for (unsigned i = 1; i <= 12; i++) {
		cr_assert_eq(control_step(m, &me, 0, &err), 0);
		cr_assert(toy_wait_stop(m, 20000));
		cr_assert_eq(control_last_stop(m)->reason, STOP_STEP);
		cr_assert_eq(control_last_stop(m)->pc, body[i % 3]);
		cr_assert_eq(seen(&f), i < 10 ? i : 10);
	}
	check_seen(&f, 10);
	toy_machine_free(m);
}

Test(follow, ends_with_its_breakpoint)
{
	static struct following f;
	struct machine *m = loop_machine(1);
	unsigned last;
	int id;

	f = (struct following){ 0 };
	id = add(m, BP_SOFT, &f, UINT64_MAX);
	cr_assert_gt(id, 0, "%s", err.text);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	while (seen(&f) < 50)
		usleep(100);
	cr_assert_eq(control_bp_delete(m, id), 0);
	cr_assert_eq(f.released, 1);
	last = seen(&f);
	usleep(2000);
	cr_assert_eq(seen(&f), last);
	toy_machine_free(m);
}

Test(follow, ends_with_a_reset)
{
	static struct following f;
	struct machine *m = loop_machine(1);
	unsigned last;

	f = (struct following){ 0 };
	cr_assert_gt(add(m, BP_SOFT, &f, UINT64_MAX), 0, "%s", err.text);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	while (seen(&f) < 50)
		usleep(100);
	control_stop(m, &me);
	cr_assert_eq(control_reset(m, &me, &err), 0, "%s", err.text);
	last = seen(&f);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	usleep(2000);
	cr_assert_eq(seen(&f), last);
	toy_machine_free(m);
}

Test(follow, has_a_limit)
{
	static struct following f;
	struct machine *m = loop_machine(1);

	f = (struct following){ 0 };
	f.filter =
		(struct bp_filter){ .ask = ask_too_much, .stepped = stepped, .release = release };
	cr_assert_gt(control_bp_add_filtered(m, &me, BP_SOFT, body[0], 1, 0, &f.filter, &err), 0);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_eq(f.asked, VCPU_MAX_FOLLOWED);
	cr_assert_eq(f.refused, 1);
	toy_machine_free(m);
}

/* A stop that comes between the question and the instruction does not make it ask again. */
Test(follow, stops_ask_nobody_twice, .timeout = 300)
{
	static struct following f;
	struct machine *m = loop_machine(2);

	f = (struct following){ 0 };
	cr_assert_gt(add(m, BP_SOFT, &f, 0), 0, "%s", err.text);
	/* Between two stops a busy machine may not come to run any of them. */
	for (unsigned i = 0; i < 300 || f.asked <= 100; i++) {
		cr_assert_eq(control_resume_all(m, &me, &err), 0);
		usleep(100);
		control_stop(m, &me);
		/* Those that were asked and did not execute it yet stand there. */
		cr_assert_geq(f.asked, toy_counter(m, COUNTER));
		cr_assert_leq(f.asked, toy_counter(m, COUNTER) + 2, "%u stops", i + 1);
	}
	toy_machine_free(m);
}
