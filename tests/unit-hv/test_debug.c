// SPDX-License-Identifier: GPL-3.0-or-later
/* Breakpoints, watchpoints and steps: the debug core on the fake KVM. */
#include <criterion/criterion.h>
#include <errno.h>

#include "fake_kvm.h"
#include "hv/debug.h"
#include "hv/vcpu.h"

#define COUNTER 0x200000ull
#define DONE	0x200100ull

static struct error err;

static void ignore_event(struct control_client *client, const struct control_event *ev)
{
	(void)client, (void)ev;
}

static struct control_client me = { .name = "me", .event = ignore_event };

/* nop; target: counter++; done++; jump to the nop. */
struct loop_code {
	struct toy_code code;
	uint64_t nop, target, after;
};

static void make_loop(struct loop_code *l, uint64_t virt)
{
	memset(l, 0, sizeof(*l));
	if (virt) {
		toy_emit(&l->code, TOY_MAP);
		toy_emit_addr(&l->code, TOY_JMP, TOY_LOAD + 6 + virt);
	}
	l->nop = toy_emit(&l->code, TOY_NOP) + virt;
	l->target = toy_emit_addr(&l->code, TOY_INC, COUNTER) + virt;
	l->after = toy_emit_addr(&l->code, TOY_INC, DONE) + virt;
	toy_emit_addr(&l->code, TOY_JMP, l->nop);
}

static struct machine *loop_machine(struct loop_code *l, unsigned vcpus, uint64_t virt)
{
	struct machine *m;

	make_loop(l, virt);
	m = toy_machine(&l->code, vcpus, NULL);
	cr_assert_not_null(m);
	control_attach(m, &me);
	return m;
}

static int add(struct machine *m, enum bp_kind kind, uint64_t addr, uint64_t len)
{
	err.text[0] = '\0';
	return control_bp_add(m, &me, kind, addr, len, 0, &err);
}

static void go_and_stop(struct machine *m)
{
	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000), "did not stop");
}

static const char *how(struct machine *m, int id)
{
	struct bp_info info;

	for (size_t n = 0; control_bp_get(m, n, &info); n++)
		if (info.id == id)
			return info.how;
	return "none";
}

static uint8_t ram_byte(struct machine *m, uint64_t gpa)
{
	return *(uint8_t *)memory_ptr(m->ram, gpa, 1);
}

Test(debug, planted_breakpoint_hits_each_round)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, 0);
	int id;

	toy_age(m);
	id = add(m, BP_SOFT, l.target, 1);
	cr_assert_gt(id, 0, "%s", err.text);
	cr_assert_str_eq(how(m, id), "in memory");
	cr_assert_eq(ram_byte(m, l.target), TOY_BP);
	for (uint64_t i = 0; i < 100; i++) {
		go_and_stop(m);
		cr_assert_eq(control_last_stop(m)->reason, STOP_BREAKPOINT);
		cr_assert_eq(control_last_stop(m)->pc, l.target);
		cr_assert_eq(control_last_stop(m)->bp, id);
		cr_assert_eq(toy_counter(m, COUNTER), i);
	}
	cr_assert_eq(control_bp_remove(m, &me, BP_SOFT, l.target, 1), 0);
	cr_assert_eq(ram_byte(m, l.target), TOY_INC);
	cr_assert_eq(control_bp_remove(m, &me, BP_SOFT, l.target, 1), -ENOENT);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert(toy_wait_counter(m, COUNTER, 100));
	cr_assert_eq(toy_injected, 0);
	toy_machine_free(m);
}

/* Nobody slips through while another steps over: the hits told are the guest's own count. */
static void storm(unsigned vcpus, enum bp_kind kind, bool early)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, vcpus, 0);
	struct bp_info info;
	uint64_t told = 0;

	if (!early)
		toy_age(m);
	cr_assert_gt(add(m, kind, l.target, 1), 0, "%s", err.text);
	for (int i = 0; i < 2000; i++) {
		go_and_stop(m);
		cr_assert_eq(control_last_stop(m)->pc, l.target);
		told++;
	}
	cr_assert(control_bp_get(m, 0, &info));
	/* Each hit told was executed, but those whose vCPU still stands there. */
	cr_assert_leq(toy_counter(m, COUNTER), told);
	cr_assert_geq(toy_counter(m, COUNTER) + vcpus, told);
	cr_assert_geq(info.hits, told);
	cr_assert_leq(info.hits, told + vcpus);
	toy_machine_free(m);
}

Test(debug, storm_in_memory, .timeout = 300)
{
	storm(4, BP_SOFT, false);
}

Test(debug, storm_in_register, .timeout = 300)
{
	storm(4, BP_HARD, false);
}

Test(debug, storm_early, .timeout = 300)
{
	storm(4, BP_SOFT, true);
}

Test(debug, unmapped_page_takes_a_register_and_hits)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, TOY_VIRT);
	int id = add(m, BP_SOFT, l.target, 1);

	cr_assert_gt(id, 0, "%s", err.text);
	cr_assert_str_eq(how(m, id), "debug register");
	go_and_stop(m);
	cr_assert_eq(control_last_stop(m)->pc, l.target);
	cr_assert_eq(control_last_stop(m)->reason, STOP_BREAKPOINT);
	cr_assert_eq(toy_counter(m, COUNTER), 0);
	toy_machine_free(m);
}

Test(debug, fifth_unmapped_breakpoint_waits_for_its_page, .timeout = 300)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, TOY_VIRT);
	int id = 0;

	for (uint64_t i = 0; i < 4; i++)
		cr_assert_gt(add(m, BP_SOFT, TOY_VIRT + 0x300000 + i, 1), 0);
	id = add(m, BP_SOFT, l.target, 1);
	cr_assert_gt(id, 0, "%s", err.text);
	cr_assert_str_eq(how(m, id), "waits for its page");
	go_and_stop(m);
	cr_assert_eq(control_last_stop(m)->bp, id, "stopped for %d at 0x%llx: %s",
		     (int)control_last_stop(m)->reason,
		     (unsigned long long)control_last_stop(m)->pc, control_last_stop(m)->text);
	cr_assert_str_eq(how(m, id), "in memory");
	toy_machine_free(m);
}

Test(debug, registers_go_to_who_needs_them)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, 0);
	int soft = add(m, BP_SOFT, l.target, 1);

	cr_assert_str_eq(how(m, soft), "debug register");
	for (uint64_t i = 0; i < 4; i++)
		cr_assert_gt(add(m, BP_HARD, 0x300000 + i, 1), 0, "%s", err.text);
	cr_assert_str_eq(how(m, soft), "in memory");
	cr_assert_eq(add(m, BP_HARD, 0x300010, 1), -ENOSPC);
	cr_assert_not_null(strstr(err.text, "debug registers"));
	go_and_stop(m);
	cr_assert_eq(control_last_stop(m)->bp, soft);
	toy_machine_free(m);
}

Test(debug, nobody_sees_or_breaks_what_is_planted)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, 0);
	uint8_t buf[16], patch[2] = { TOY_NOP, TOY_NOP };

	toy_age(m);
	cr_assert_gt(add(m, BP_SOFT, l.nop, 1), 0);
	cr_assert_gt(add(m, BP_SOFT, l.target, 1), 0);
	cr_assert_eq(control_mem_read(m, 0, CONTROL_VIRTUAL, l.nop, buf, 16), 16);
	cr_assert_arr_eq(buf, l.code.bytes, 16);
	cr_assert_eq(control_mem_read(m, 0, CONTROL_PHYSICAL, l.nop, buf, 16), 16);
	cr_assert_arr_eq(buf, l.code.bytes, 16);
	/* A write below both: armed still, over the new bytes. */
	cr_assert_eq(control_mem_write(m, 0, CONTROL_VIRTUAL, l.nop, patch, 2), 2);
	cr_assert_eq(ram_byte(m, l.nop), TOY_BP);
	cr_assert_eq(ram_byte(m, l.target), TOY_BP);
	cr_assert_eq(control_mem_read(m, 0, CONTROL_VIRTUAL, l.nop, buf, 2), 2);
	cr_assert_arr_eq(buf, patch, 2);
	control_detach(m, &me);
	cr_assert_eq(ram_byte(m, l.nop), TOY_NOP);
	cr_assert_eq(ram_byte(m, l.target), TOY_NOP);
	toy_machine_free(m);
}

Test(debug, reads_stop_short_before_what_is_not_there)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, 0);
	uint8_t buf[64];

	cr_assert_eq(control_mem_read(m, 0, CONTROL_PHYSICAL, (16 << 20) - 8, buf, 64), 8);
	cr_assert_eq(control_mem_read(m, 0, CONTROL_PHYSICAL, 16 << 20, buf, 64), -EFAULT);
	cr_assert_eq(control_mem_read(m, 0, CONTROL_VIRTUAL, TOY_VIRT, buf, 1), -EFAULT);
	cr_assert_eq(control_mem_read(m, 0, CONTROL_PHYSICAL, UINT64_MAX, buf, 64), -EFAULT);
	cr_assert_eq(control_mem_read(m, 7, CONTROL_VIRTUAL, 0, buf, 1), -ESRCH);
	toy_machine_free(m);
}

Test(debug, overwritten_by_a_loader_it_is_planted_again)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, 0);
	uint8_t *at;

	toy_age(m);
	cr_assert_gt(add(m, BP_SOFT, l.target, 1), 0);
	at = memory_ptr(m->ram, l.target, 1);
	*at = TOY_INC; /* the guest copies itself over it */
	vcpu_exclusive_begin(m);
	debug_retry(m);
	vcpu_exclusive_end(m);
	cr_assert_eq(*at, TOY_BP);
	go_and_stop(m);
	cr_assert_eq(control_last_stop(m)->pc, l.target);
	toy_machine_free(m);
}

Test(debug, steps_one_instruction_with_breakpoints_around, .timeout = 300)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 2, 0);
	uint64_t path[4], pc;

	toy_age(m);
	path[0] = l.nop;
	path[1] = l.target;
	path[2] = l.after;
	path[3] = l.after + 5;
	cr_assert_gt(add(m, BP_SOFT, l.target, 1), 0);
	cr_assert_gt(add(m, BP_HARD, l.after, 1), 0);
	for (unsigned i = 1; i <= 400; i++) {
		enum stop_reason reason;

		cr_assert_eq(control_step(m, &me, 0, &err), 0, "%s", err.text);
		cr_assert(toy_wait_stop(m, 20000));
		reason = control_last_stop(m)->reason;
		cr_assert(reason == STOP_STEP || reason == STOP_HW_BREAKPOINT);
		cr_assert_eq(control_pc(m, 0, &pc), 0);
		cr_assert_eq(pc, path[i % 4], "step %u", i);
	}
	cr_assert_eq(control_pc(m, 1, &pc), 0);
	cr_assert_eq(pc, l.nop, "the held vCPU moved");
	cr_assert_eq(toy_counter(m, COUNTER), 100);
	toy_machine_free(m);
}

/* A store to a device that KVM finishes without the step's trap; with a breakpoint on it, and not.
 */
Test(debug, a_step_of_io_is_one_instruction, .timeout = 300)
{
	struct toy_code code = { .len = 0 };
	uint64_t path[3], pc;
	struct machine *m;

	path[0] = toy_emit_addr(&code, TOY_OUT, 0xf0000000);
	path[1] = toy_emit(&code, TOY_NOP);
	path[2] = toy_emit_addr(&code, TOY_JMP, TOY_LOAD);
	m = toy_machine(&code, 1, NULL);
	control_attach(m, &me);
	toy_age(m);
	toy_io_untrapped = true;
	for (unsigned i = 1; i <= 60; i++) {
		if (i == 30)
			cr_assert_gt(add(m, BP_SOFT, path[0], 1), 0, "%s", err.text);
		cr_assert_eq(control_step(m, &me, 0, &err), 0, "%s", err.text);
		cr_assert(toy_wait_stop(m, 20000));
		cr_assert_eq(control_last_stop(m)->reason, STOP_STEP);
		cr_assert_eq(control_pc(m, 0, &pc), 0);
		cr_assert_eq(pc, path[i % 3], "step %u", i);
	}
	toy_machine_free(m);
}

Test(debug, alias_of_a_planted_page_goes_on)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, 0);

	/* Runs at its physical addresses; the breakpoint is at the virtual ones of the same page.
	 */
	toy_age(m);
	toy_map(true);
	cr_assert_gt(add(m, BP_SOFT, TOY_VIRT + l.target, 1), 0);
	cr_assert_eq(ram_byte(m, l.target), TOY_BP);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert(toy_wait_counter(m, DONE, 10));
	cr_assert_eq(control_state(m), RUN_RUNNING);
	cr_assert_eq(toy_injected, 0);
	toy_machine_free(m);
}

Test(debug, the_guests_own_breakpoint_is_given_back)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit(&code, TOY_BP);
	toy_emit_addr(&code, TOY_INC, COUNTER);
	toy_emit_addr(&code, TOY_JMP, TOY_LOAD);
	m = toy_machine(&code, 1, NULL);
	toy_age(m);
	/* With a site elsewhere breakpoint instructions come to us. */
	cr_assert_gt(add(m, BP_SOFT, 0x300000, 1), 0);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert(toy_wait_counter(m, COUNTER, 10));
	cr_assert_eq(control_state(m), RUN_RUNNING);
	cr_assert_eq(control_stop(m, &me), 0);
	cr_assert_gt(toy_injected, 10);
	toy_machine_free(m);
}

Test(debug, a_host_without_any_of_it_refuses_clearly)
{
	struct loop_code l;
	struct machine *m;

	toy_has_soft = toy_has_hard = toy_has_data = false;
	m = loop_machine(&l, 1, 0);
	cr_assert_eq(add(m, BP_SOFT, l.target, 1), -ENOTSUP);
	cr_assert_not_null(strstr(err.text, "vitrine check"));
	cr_assert_eq(add(m, BP_HARD, l.target, 1), -ENOTSUP);
	toy_machine_free(m);
}

Test(debug, same_spec_counts)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1, 0);
	struct bp_info info;
	int id = add(m, BP_SOFT, l.target, 1);

	cr_assert_eq(add(m, BP_SOFT, l.target, 1), id);
	cr_assert_eq(control_bp_remove(m, &me, BP_SOFT, l.target, 1), 0);
	cr_assert(control_bp_get(m, 0, &info));
	cr_assert_eq(control_bp_remove(m, &me, BP_SOFT, l.target, 1), 0);
	cr_assert_not(control_bp_get(m, 0, &info));
	toy_machine_free(m);
}

Test(debug, reset_keeps_breakpoints)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 2, TOY_VIRT);
	int id = add(m, BP_SOFT, l.target, 1);

	for (int i = 0; i < 5; i++) {
		go_and_stop(m);
		cr_assert_eq(control_last_stop(m)->bp, id);
		cr_assert_eq(control_reset(m, &me, &err), 0, "%s", err.text);
		cr_assert_eq(control_state(m), RUN_CREATED);
		cr_assert_eq(toy_counter(m, COUNTER), 0);
	}
	control_detach(m, &me);
	for (size_t i = 0; i < l.code.len; i++)
		cr_assert_eq(ram_byte(m, TOY_LOAD + i), l.code.bytes[i]);
	toy_machine_free(m);
}

/* vCPU 1 has come to breakpoint @bp at @pc, and nobody was told. */
static void stand_at(struct machine *m, uint64_t pc, int bp)
{
	cr_assert_eq(control_set_pc(m, 1, pc), 0);
	m->vcpus[1]->stop =
		(struct stop){ .reason = STOP_BREAKPOINT, .vcpu = 1, .pc = pc, .bp = bp };
}

/* A second vCPU that hit at the same time: told at the next resume, unless a client looked. */
static void waiting_stop(bool shown)
{
	static const struct resume first[] = { { .action = RESUME_CONTINUE },
					       { .action = RESUME_HOLD } };
	static const struct resume second[] = { { .action = RESUME_HOLD },
						{ .action = RESUME_CONTINUE } };
	struct loop_code l;
	struct machine *m = loop_machine(&l, 2, 0);
	int bp = add(m, BP_SOFT, l.target, 1);
	uint64_t count;

	cr_assert_gt(bp, 0, "%s", err.text);
	cr_assert_eq(control_resume(m, &me, first, 2, &err), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_null(control_waiting_stop(m, 0));
	cr_assert_null(control_waiting_stop(m, 1));
	stand_at(m, l.target, bp);
	cr_assert_not_null(control_waiting_stop(m, 1));
	cr_assert_null(control_waiting_stop(m, 2));
	count = toy_counter(m, COUNTER);
	if (shown)
		control_waiting_stop_shown(m, 1);
	cr_assert_not_null(control_waiting_stop(m, 1));
	cr_assert_eq(control_resume(m, &me, second, 2, &err), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_eq(control_last_stop(m)->vcpu, 1);
	/* It was only told of the stop; or it ran, and has hit the next time. */
	cr_assert_eq(toy_counter(m, COUNTER), count + shown);
	cr_assert_null(control_waiting_stop(m, 1));
	toy_machine_free(m);
}

Test(debug, a_waiting_stop_is_told)
{
	waiting_stop(false);
}

Test(debug, a_waiting_stop_that_was_shown_is_not_told)
{
	waiting_stop(true);
}

Test(debug, a_waiting_stop_goes_with_its_breakpoint)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 2, 0);

	stand_at(m, l.target, add(m, BP_SOFT, l.target, 1));
	cr_assert_not_null(control_waiting_stop(m, 1));
	control_bp_remove(m, &me, BP_SOFT, l.target, 1);
	cr_assert_null(control_waiting_stop(m, 1));
	toy_machine_free(m);
}
