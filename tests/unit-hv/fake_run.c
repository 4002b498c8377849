// SPDX-License-Identifier: GPL-3.0-or-later
/* Machines on the fake KVM, and running them: what the tests call. */
#include "fake_internal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t toy_emit(struct toy_code *code, enum toy_op op)
{
	code->bytes[code->len++] = (uint8_t)op;
	return TOY_LOAD + code->len - 1;
}

uint64_t toy_emit_addr(struct toy_code *code, enum toy_op op, uint64_t addr)
{
	uint32_t low = (uint32_t)addr;
	uint64_t at = toy_emit(code, op);

	memcpy(code->bytes + code->len, &low, sizeof(low));
	code->len += sizeof(low);
	return at;
}

static struct machine_config toy_config;

struct machine *toy_machine(const struct toy_code *code, unsigned vcpus, const char *kernel_name)
{
	struct machine *m = NULL;
	struct error err = { "" };

	toy_forget_slots();
	toy_forget_eventfds();
	toy_map(false);
	toy_injected = toy_emulated = 0;
	memset(toy_nmis, 0, sizeof(toy_nmis));
	toy_config = (struct machine_config){
		.name = "toy",
		.ram_size = 16 << 20,
		.vcpus = vcpus,
		.max_vcpus = vcpus,
		.kernel = kernel_name ? kernel_name : "toy.bin",
		.kernel_data = code->bytes,
		.kernel_size = code->len,
		.start_paused = true,
	};
	if (machine_create(&m, &toy_config, &err)) {
		fprintf(stderr, "toy_machine: %s\n", err.text);
		return NULL;
	}
	return m;
}

struct machine *toy_spinner(unsigned vcpus, uint64_t counter)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit_addr(&code, TOY_INC, counter);
	toy_emit_addr(&code, TOY_JMP, TOY_LOAD);
	m = toy_machine(&code, vcpus, NULL);
	cr_assert_not_null(m);
	return m;
}

void toy_resume(struct machine *m)
{
	struct error err = { "" };

	cr_assert_eq(control_resume_all(m, NULL, &err), 0, "%s", err.text);
}

void toy_machine_free(struct machine *m)
{
	machine_destroy(m);
	toy_has_soft = toy_has_hard = toy_has_data = toy_emulates = toy_has_eventfds = true;
	toy_io_untrapped = toy_denies_by_fault = false;
	toy_decodes = true;
	toy_io_stores = toy_used_page = 0;
	memset(toy_handlers, 0, sizeof(toy_handlers));
}

void toy_age(struct machine *m)
{
	m->reset_time -= 60ull * 1000 * 1000 * 1000;
}

uint64_t toy_counter(struct machine *m, uint64_t gpa)
{
	uint64_t *p = memory_ptr(m->ram, gpa, 8);

	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

struct waiter {
	struct control_client client;
	struct machine *m;
	bool stopped;
};

static void on_event(struct control_client *client, const struct control_event *ev)
{
	struct waiter *w = (struct waiter *)client;

	if (ev->kind == CONTROL_STOPPED) {
		w->stopped = true;
		loop_quit(w->m->loop, 0);
	}
}

static void on_timeout(void *opaque)
{
	struct machine *m = opaque;

	loop_quit(m->loop, 0);
}

static void run_loop(struct machine *m, unsigned ms)
{
	struct hv_timer *timer;

	if (hv_timer_create(m->timers, HV_CLOCK_MONOTONIC, on_timeout, m, &timer))
		return;
	hv_timer_arm(timer, hv_clock_now(m->timers, HV_CLOCK_MONOTONIC) + ms * 1000000ull);
	loop_run(m->loop);
	hv_timer_destroy(timer);
}

bool toy_wait_stop(struct machine *m, unsigned ms)
{
	struct waiter w = { .client = { .name = "test", .event = on_event }, .m = m };

	control_attach(m, &w.client);
	run_loop(m, ms);
	control_detach(m, &w.client);
	return w.stopped;
}

void toy_run_loop(struct machine *m, unsigned ms)
{
	run_loop(m, ms);
}

bool toy_wait_counter(struct machine *m, uint64_t gpa, uint64_t above)
{
	uint64_t end = hv_clock_now(m->timers, HV_CLOCK_MONOTONIC) + TOY_PATIENCE_MS * 1000000ull;

	while (toy_counter(m, gpa) <= above) {
		if (hv_clock_now(m->timers, HV_CLOCK_MONOTONIC) > end)
			return false;
		run_loop(m, 1);
	}
	return true;
}
