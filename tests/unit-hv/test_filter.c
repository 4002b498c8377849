// SPDX-License-Identifier: GPL-3.0-or-later
/* Filters of breakpoints: asked on the vCPU's thread, at each arrival, before anything stops. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_kvm.h"
#include "hv/debug.h"
#include "hv/vcpu.h"

#define COUNTER 0x200000ull
#define ROUNDS	500

static struct error err;
static unsigned outputs, output_bytes;
static char last_text[600];

static void on_event(struct control_client *client, const struct control_event *ev)
{
	(void)client;
	if (ev->kind != CONTROL_OUTPUT)
		return;
	outputs++;
	output_bytes += (unsigned)strlen(ev->text);
	snprintf(last_text, sizeof(last_text), "%s", ev->text);
}

static struct control_client me = { .name = "me", .event = on_event };

/* target: counter++; after: nop; jump to the target. */
struct loop_code {
	struct toy_code code;
	uint64_t target, after;
};

static struct machine *loop_machine(struct loop_code *l, unsigned vcpus)
{
	struct machine *m;

	memset(l, 0, sizeof(*l));
	l->target = toy_emit_addr(&l->code, TOY_INC, COUNTER);
	l->after = toy_emit(&l->code, TOY_NOP);
	toy_emit_addr(&l->code, TOY_JMP, l->target);
	m = toy_machine(&l->code, vcpus, NULL);
	cr_assert_not_null(m);
	control_attach(m, &me);
	outputs = output_bytes = 0;
	return m;
}

/* Stops when the guest's counter has come to `limit`. */
struct counting {
	struct bp_filter filter;
	uint64_t limit;
	unsigned asked, released; /* atomic */
	const char *print;
	bool alone; /* no other vCPU writes what it reads */
};

static enum bp_verdict count_and_compare(struct bp_filter *filter, struct control_at *at)
{
	struct counting *c = (struct counting *)filter;
	uint64_t value = toy_counter(vcpu_current()->m, COUNTER), read, pc;

	__atomic_add_fetch(&c->asked, 1, __ATOMIC_RELAXED);
	cr_assert_eq(control_at_reg(at, 0, &pc), 0);
	cr_assert_eq(pc, control_at_pc(at));
	cr_assert_eq(vcpu_current()->index, control_at_vcpu(at));
	if (c->alone) {
		cr_assert_eq(control_at_mem_read(at, COUNTER, &read, sizeof(read)), 8);
		cr_assert_eq(read, value);
	}
	if (c->print)
		control_at_print(at, c->print, strlen(c->print));
	if (value < c->limit)
		return BP_GO_ON;
	control_at_explain(at, "counted to %llu", (unsigned long long)value);
	return BP_STOP;
}

static void note_release(struct bp_filter *filter)
{
	((struct counting *)filter)->released++;
}

static struct counting counting(uint64_t limit)
{
	return (struct counting){
		.filter = { .ask = count_and_compare, .release = note_release, .what = "counting" },
		.limit = limit,
	};
}

static int add(struct machine *m, enum bp_kind kind, uint64_t addr, struct counting *c)
{
	err.text[0] = '\0';
	return control_bp_add_filtered(m, &me, kind, addr, 8, 0, &c->filter, &err);
}

static void go_and_stop(struct machine *m)
{
	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000), "did not stop");
}

static struct bp_info info_of(struct machine *m, int id)
{
	struct bp_info info = { 0 };

	for (size_t n = 0; control_bp_get(m, n, &info); n++)
		if (info.id == id)
			return info;
	cr_assert_fail("no breakpoint %d", id);
	return info;
}

static void stops_when_true(enum bp_kind kind, bool early)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	struct counting c = counting(ROUNDS);
	struct bp_info info;
	int id;

	c.alone = true;
	if (!early)
		toy_age(m);
	id = add(m, kind, l.target, &c);
	cr_assert_gt(id, 0, "%s", err.text);
	go_and_stop(m);
	cr_assert_eq(control_last_stop(m)->bp, id);
	cr_assert_eq(control_last_stop(m)->pc, l.target);
	cr_assert_str_eq(control_last_stop(m)->text, "counted to 500");
	cr_assert_eq(toy_counter(m, COUNTER), ROUNDS);
	info = info_of(m, id);
	cr_assert_eq(info.hits, 1);
	cr_assert_eq(info.asked, ROUNDS + 1);
	cr_assert_str_eq(info.filter, "counting");
	/* It was asked about this arrival: going on does not ask again. */
	go_and_stop(m);
	cr_assert_eq(toy_counter(m, COUNTER), ROUNDS + 1);
	cr_assert_eq(c.asked, ROUNDS + 2);
	cr_assert_eq(control_bp_delete(m, id), 0);
	cr_assert_eq(c.released, 1);
	toy_machine_free(m);
}

Test(filter, in_memory)
{
	stops_when_true(BP_SOFT, false);
}

Test(filter, in_a_register)
{
	stops_when_true(BP_HARD, false);
}

Test(filter, early)
{
	stops_when_true(BP_SOFT, true);
}

/* Nobody slips through while others step over: asked as often as the instruction was executed. */
static void storm(enum bp_kind kind, bool emulates, bool after)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 4);
	struct counting c = counting(2000);
	uint64_t done;
	int id;

	toy_age(m);
	toy_emulates = emulates;
	id = add(m, kind, after ? l.after : l.target, &c);
	cr_assert_gt(id, 0, "%s", err.text);
	go_and_stop(m);
	done = toy_counter(m, COUNTER);
	cr_assert_geq(done, 2000);
	/* Those that were asked and did not execute it yet stand there; or did not come there yet.
	 */
	cr_assert_geq(c.asked + (after ? 4 : 0), done);
	cr_assert_leq(c.asked, done + (after ? 0 : 4));
	cr_assert(toy_emulated ? emulates && after : !(emulates && after));
	toy_machine_free(m);
	cr_assert_eq(c.released, 1);
}

/* The others are out while one steps. */
Test(filter, storm_in_memory, .timeout = 300)
{
	storm(BP_SOFT, false, false);
}

/* The others go on. */
Test(filter, storm_in_registers, .timeout = 300)
{
	storm(BP_HARD, false, false);
}

/* No step at all. */
Test(filter, storm_in_registers_passed, .timeout = 300)
{
	storm(BP_HARD, true, false);
}

Test(filter, storm_in_memory_emulated, .timeout = 300)
{
	storm(BP_SOFT, true, true);
}

Test(filter, storm_in_registers_emulated, .timeout = 300)
{
	storm(BP_HARD, true, true);
}

Test(filter, each_at_an_address_is_asked)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	struct counting never = counting(UINT64_MAX), later = counting(3);
	int first, plain, second;

	toy_age(m);
	first = add(m, BP_SOFT, l.target, &never);
	second = add(m, BP_HARD, l.target, &later);
	go_and_stop(m);
	cr_assert_eq(control_last_stop(m)->bp, second);
	cr_assert_eq(never.asked, 4);
	cr_assert_eq(later.asked, 4);
	/* One without a filter stops always, and the others are still asked. */
	plain = control_bp_add(m, &me, BP_SOFT, l.target, 1, 0, &err);
	cr_assert_neq(plain, first);
	cr_assert_eq(control_bp_delete(m, second), 0);
	go_and_stop(m);
	cr_assert_eq(control_last_stop(m)->bp, plain);
	cr_assert_eq(never.asked, 5);
	cr_assert_eq(info_of(m, first).hits, 0);
	cr_assert_eq(info_of(m, first).asked, 5);
	toy_machine_free(m);
	cr_assert_eq(never.released, 1);
}

/* Stepped onto a breakpoint and on from there: it is asked when its instruction is executed. */
Test(filter, stepping_there_asks_once)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	struct counting c = counting(UINT64_MAX);

	toy_age(m);
	cr_assert_gt(add(m, BP_SOFT, l.after, &c), 0);
	cr_assert_eq(control_step(m, &me, 0, &err), 0);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_eq(control_last_stop(m)->pc, l.after);
	cr_assert_eq(c.asked, 0);
	for (unsigned i = 1; i <= 3; i++) {
		cr_assert_eq(control_step(m, &me, 0, &err), 0);
		cr_assert(toy_wait_stop(m, 20000));
		cr_assert_eq(c.asked, i);
		for (int n = 0; n < 2; n++) {
			cr_assert_eq(control_step(m, &me, 0, &err), 0);
			cr_assert(toy_wait_stop(m, 20000));
		}
		cr_assert_eq(control_last_stop(m)->pc, l.after);
	}
	toy_machine_free(m);
}

Test(filter, prints_to_its_owner)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	struct counting c = counting(10);

	c.print = "hello\n";
	cr_assert_gt(add(m, BP_SOFT, l.target, &c), 0);
	go_and_stop(m);
	/* Before the stop was told. */
	cr_assert_eq(outputs, 11);
	cr_assert_str_eq(last_text, "hello\n");
	toy_machine_free(m);
}

Test(filter, one_that_is_refused_stays_the_caller_s)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	struct counting c = counting(0);

	cr_assert_eq(add(m, BP_KIND_COUNT, COUNTER, &c), -EINVAL);
	cr_assert_eq(c.released, 0);
	toy_machine_free(m);
}

static unsigned messages;
static char last_message[600];

static void count_messages(struct control_client *client, const struct control_event *ev)
{
	(void)client;
	if (ev->kind != CONTROL_MESSAGE)
		return;
	messages++;
	snprintf(last_message, sizeof(last_message), "%s", ev->text);
}

/* The vCPU never waits for who reads: what is too much is dropped, and that is said. */
Test(filter, too_much_output_is_dropped_and_told)
{
	static char text[400];
	struct control_client other = { .name = "other", .event = count_messages };
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	struct counting c = counting(20000);

	memset(text, 'x', sizeof(text) - 1);
	c.print = text;
	control_attach(m, &other);
	messages = 0;
	cr_assert_gt(add(m, BP_SOFT, l.target, &c), 0);
	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
	/* The loop thread is busy with something else meanwhile. */
	while (__atomic_load_n(&c.asked, __ATOMIC_RELAXED) < 20000)
		;
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_gt(outputs, 1000);
	cr_assert_lt(outputs, 20000);
	cr_assert_eq(messages, 1);
	cr_assert(strstr(last_message, "messages of breakpoints were lost"), "%s", last_message);
	cr_assert_eq((unsigned)strtoul(last_message, NULL, 10) + outputs, 20001);
	control_detach(m, &other);
	toy_machine_free(m);
}

/* Its owner leaves: what it had printed is shown to who is left. */
Test(filter, output_of_an_owner_that_left)
{
	struct control_client other = { .name = "other", .event = count_messages };
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	struct counting c = counting(10);

	c.print = "late";
	control_attach(m, &other);
	messages = 0;
	cr_assert_gt(add(m, BP_SOFT, l.target, &c), 0);
	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
	while (__atomic_load_n(&c.asked, __ATOMIC_RELAXED) < 11)
		;
	control_detach(m, &me);
	for (unsigned i = 0; i < TOY_PATIENCE_MS && messages < 11; i++)
		toy_run_loop(m, 1);
	cr_assert_eq(outputs, 0);
	cr_assert_eq(messages, 11);
	cr_assert_str_eq(last_message, "late");
	control_detach(m, &other);
	toy_machine_free(m);
}
