// SPDX-License-Identifier: GPL-3.0-or-later
/* Tens of thousands of breakpoints: planted, hidden from readers, written over, taken away. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kvm.h"
#include "hv/debug.h"

#define BASE 0x400000ull
#define SIZE 0x8000u
#define MANY 20000

static struct error err;
static struct control_client me = { .name = "me" };

static void ignore_event(struct control_client *client, const struct control_event *ev)
{
	(void)client, (void)ev;
}

static struct machine *make(void)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit(&code, TOY_NOP);
	m = toy_machine(&code, 1, NULL);
	cr_assert_not_null(m);
	me.event = ignore_event;
	control_attach(m, &me);
	toy_age(m);
	return m;
}

static int add(struct machine *m, uint64_t addr)
{
	return control_bp_add(m, &me, BP_SOFT, addr, 1, 0, &err);
}

static int drop(struct machine *m, uint64_t addr)
{
	return control_bp_remove(m, &me, BP_SOFT, addr, 1);
}

/* Random requests, and a plain array that says what memory must look like. */
Test(sites, model, .timeout = 300)
{
	struct machine *m = make();
	uint8_t *model = calloc(1, SIZE), *seen = malloc(SIZE);
	bool *set = calloc(SIZE, sizeof(*set));
	const uint8_t *ram = memory_ptr(m->ram, BASE, SIZE);

	cr_assert(model && seen && set && ram);
	srand(7);
	for (unsigned round = 0; round < 60000; round++) {
		unsigned at = (unsigned)rand() % SIZE, len = 1 + (unsigned)rand() % 100;

		if (len > SIZE - at)
			len = SIZE - at;
		switch (rand() % 4) {
		case 0:
			if (!set[at])
				cr_assert_gt(add(m, BASE + at), 0, "%s", err.text);
			set[at] = true;
			break;
		case 1:
			cr_assert_eq(drop(m, BASE + at) == 0, set[at]);
			set[at] = false;
			break;
		case 2:
			for (unsigned i = 0; i < len; i++)
				model[at + i] = (uint8_t)rand();
			cr_assert_eq(control_mem_write(m, 0, CONTROL_PHYSICAL, BASE + at,
						       model + at, len),
				     len);
			break;
		default:
			cr_assert_eq(control_mem_read(m, 0, CONTROL_PHYSICAL, BASE + at, seen, len),
				     len);
			cr_assert_arr_eq(seen, model + at, len);
			break;
		}
	}
	cr_assert_eq(control_mem_read(m, 0, CONTROL_PHYSICAL, BASE, seen, SIZE), SIZE);
	cr_assert_arr_eq(seen, model, SIZE);
	for (unsigned i = 0; i < SIZE; i++)
		cr_assert_eq(ram[i], set[i] ? TOY_BP : model[i], "byte %u", i);
	control_detach(m, &me);
	cr_assert_arr_eq(ram, model, SIZE);
	free(model);
	free(seen);
	free(set);
	toy_machine_free(m);
}

/* Twenty thousand, dense and scattered: their list is in order, and none is left behind. */
Test(sites, many, .timeout = 300)
{
	struct machine *m = make();
	struct bp_info info;
	size_t n = 0;

	for (unsigned i = 0; i < MANY; i++)
		cr_assert_gt(add(m, BASE + (i % 2 ? i : i * 131ull)), 0, "%s", err.text);
	for (int last = 0; control_bp_get(m, n, &info); n++) {
		cr_assert_gt(info.id, last);
		last = info.id;
	}
	cr_assert_leq(n, MANY);
	cr_assert_geq(n, MANY - MANY / 131);
	/* Out of order, too. */
	cr_assert(control_bp_get(m, 5, &info));
	cr_assert(control_bp_get(m, 3, &info));
	cr_assert_eq(info.addr, BASE + 3);
	for (unsigned i = MANY; i-- > 0;)
		drop(m, BASE + (i % 2 ? i : i * 131ull));
	cr_assert_not(control_bp_get(m, 0, &info));
	cr_assert_eq(m->debug->sites.count, 0);
	cr_assert_null(m->debug->pages);
	toy_machine_free(m);
}

/* A reader on another thread has copied memory, and comes to hide what is planted in it later. */
Test(sites, a_copy_is_older_than_the_lift)
{
	struct machine *m = make();
	uint8_t guest = *(uint8_t *)memory_ptr(m->ram, BASE, 1), copy;
	struct site *site;

	cr_assert_gt(add(m, BASE), 0, "%s", err.text);
	if (!m->debug->sites.count)
		cr_skip_test("it has a debug register");
	site = site_find(m, BASE);
	cr_assert_not_null(site);
	memory_read(m->ram, BASE, &copy, 1);
	cr_assert_neq(copy, guest);
	site_lift(m, site, true);
	sites_hide(m, BASE, &copy, 1);
	cr_expect_eq(copy, guest, "0x%x is shown", copy);
	/* The other way round. */
	memory_read(m->ram, BASE, &copy, 1);
	site_lift(m, site, false);
	sites_hide(m, BASE, &copy, 1);
	cr_expect_eq(copy, guest, "0x%x is shown", copy);
	toy_machine_free(m);
}
