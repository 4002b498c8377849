// SPDX-License-Identifier: GPL-3.0-or-later
/* Catchpoints on the fake KVM: exceptions and where their handlers move, accesses, the list. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fake_kvm.h"
#include "hv/control_catch.h"
#include "hv/vcpu.h"

#define COUNTER 0x200000ull
#define DEVICE	0xf0000000ull

static struct error err;

static void ignore_event(struct control_client *client, const struct control_event *ev)
{
	(void)client, (void)ev;
}

static struct control_client me = { .name = "me", .event = ignore_event };

/* a: counter++; b: a store to a device; c: nop; back to a. */
struct circle {
	struct toy_code code;
	uint64_t a, b, c;
};

static struct machine *circle_machine(struct circle *o)
{
	struct machine *m;

	memset(o, 0, sizeof(*o));
	o->a = toy_emit_addr(&o->code, TOY_INC, COUNTER);
	o->b = toy_emit_addr(&o->code, TOY_OUT, DEVICE);
	o->c = toy_emit(&o->code, TOY_NOP);
	toy_emit_addr(&o->code, TOY_JMP, o->a);
	m = toy_machine(&o->code, 1, NULL);
	cr_assert_not_null(m);
	control_attach(m, &me);
	toy_age(m);
	return m;
}

static int catch (struct machine *m, enum catch_kind kind, uint64_t value)
{
	err.text[0] = '\0';
	return control_catch_add(m, &me, kind, value, &err);
}

static const struct stop *go(struct machine *m)
{
	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000), "did not stop");
	return control_last_stop(m);
}

static void set_handler(unsigned n, uint64_t addr)
{
	__atomic_store_n(&toy_handlers[n], addr, __ATOMIC_SEQ_CST);
}

static uint64_t hits(struct machine *m, int id)
{
	struct catch_info info;

	for (size_t n = 0; control_catch_get(m, n, &info); n++)
		if (info.id == id)
			return info.hits;
	return 0;
}

Test(catch, an_exception_stops_at_its_handler)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	const struct stop *stop;
	struct bp_info bp;
	int id;

	set_handler(5, o.c);
	id = catch (m, CATCH_EXCEPTION, 5);
	cr_assert_gt(id, 0, "%s", err.text);
	cr_assert_not(control_bp_get(m, 0, &bp), "the handler's breakpoint is listed");
	for (uint64_t n = 1; n <= 3; n++) {
		stop = go(m);
		cr_assert_eq(stop->reason, STOP_CATCH);
		cr_assert_eq(stop->catchpoint, id);
		cr_assert_eq(stop->bp, 0);
		cr_assert_eq(stop->fault, FAULT_MEMORY);
		cr_assert_eq(stop->pc, o.c);
		cr_assert_str_eq(stop->text, "exception 5");
		cr_assert_eq(toy_counter(m, COUNTER), n);
		cr_assert_eq(hits(m, id), n);
	}
	cr_assert_eq(control_catch_delete(m, id), 0);
	cr_assert_eq(control_catch_delete(m, id), -ENOENT);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_not(toy_wait_stop(m, 20), "caught after it was deleted");
	toy_machine_free(m);
}

Test(catch, a_handler_that_moves_is_followed)
{
	struct circle o;
	struct machine *m = circle_machine(&o);

	cr_assert_gt(catch (m, CATCH_EXCEPTION, 6), 0, "%s", err.text);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_not(toy_wait_stop(m, 20), "there is no handler yet");
	set_handler(6, o.a);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_eq(control_last_stop(m)->pc, o.a);
	set_handler(6, o.c);
	/* Looked at again within a millisecond, in which the old place can still hit. */
	for (int i = 0; i < 1000 && control_last_stop(m)->pc != o.c; i++)
		go(m);
	cr_assert_eq(go(m)->pc, o.c);
	cr_assert_eq(go(m)->pc, o.c);
	toy_machine_free(m);
}

Test(catch, vectors_that_share_a_handler_say_so)
{
	struct circle o;
	struct machine *m = circle_machine(&o);

	set_handler(0, o.c);
	set_handler(6, o.c);
	cr_assert_gt(catch (m, CATCH_EXCEPTION, CATCH_ANY), 0, "%s", err.text);
	cr_assert_str_eq(go(m)->text,
			 "one of the exceptions #A first #C third, which share a handler");
	toy_machine_free(m);
}

Test(catch, an_access_is_told_when_it_is_done)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	const struct stop *stop;
	int id;

	id = catch (m, CATCH_MMIO, DEVICE);
	cr_assert_gt(id, 0, "%s", err.text);
	stop = go(m);
	cr_assert_eq(stop->reason, STOP_CATCH);
	cr_assert_eq(stop->catchpoint, id);
	cr_assert_eq(stop->fault, FAULT_NONE);
	cr_assert_eq(stop->pc, o.c, "0x%llx", (unsigned long long)stop->pc);
	cr_assert_str_eq(stop->text, "write of 1 byte to 0xf0000000: 0x42");
	cr_assert_eq(go(m)->pc, o.c);
	cr_assert_eq(toy_counter(m, COUNTER), 2);
	toy_machine_free(m);
}

/* Both ways in which KVM ends a step of I/O. */
static void step_over_access(bool untrapped)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	uint64_t pc;

	toy_io_untrapped = untrapped;
	cr_assert_gt(catch (m, CATCH_MMIO, DEVICE), 0, "%s", err.text);
	for (unsigned i = 0; i < 8; i++) {
		static const enum stop_reason reasons[] = { STOP_STEP, STOP_CATCH, STOP_STEP,
							    STOP_STEP };

		cr_assert_eq(control_step(m, &me, 0, &err), 0, "%s", err.text);
		cr_assert(toy_wait_stop(m, 20000));
		cr_assert_eq(control_last_stop(m)->reason, reasons[i % 4], "step %u", i);
		cr_assert_eq(control_pc(m, 0, &pc), 0);
		if (i % 4 == 1)
			cr_assert_eq(pc, o.c);
	}
	toy_machine_free(m);
}

Test(catch, a_step_over_an_access_tells_of_it)
{
	step_over_access(false);
}

Test(catch, so_does_one_that_kvm_does_not_trap)
{
	step_over_access(true);
}

Test(catch, what_cannot_be_caught)
{
	struct circle o;
	struct machine *m = circle_machine(&o);

	cr_assert_eq(catch (m, CATCH_EXCEPTION, 9), -EINVAL);
	cr_assert_eq(catch (m, CATCH_PORT, 0x20), -EBUSY);
	cr_assert(strstr(err.text, "PIC"), "%s", err.text);
	cr_assert_eq(catch (m, CATCH_PORT, 0x10000), -EINVAL);
	cr_assert_eq(catch (m, CATCH_PORT, CATCH_ANY), -EINVAL);
	cr_assert_eq(catch (m, CATCH_MMIO, 0x1000), -EINVAL);
	cr_assert(strstr(err.text, "RAM"), "%s", err.text);
	cr_assert_eq(catch (m, CATCH_PAGE_TABLES, CATCH_ANY), -ENOTSUP);
	cr_assert_eq(catch (m, CATCH_RESET, 1), -EINVAL);
	cr_assert_eq(catch (m, CATCH_KIND_COUNT, 1), -EINVAL);
	toy_machine_free(m);
}

Test(catch, kvm_is_told_of_the_msrs_that_are_left)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	struct control_client other = { .name = "other", .event = ignore_event };
	struct catch_info info;
	int first = catch (m, CATCH_MSR, 1);

	control_attach(m, &other);
	cr_assert_gt(first, 0, "%s", err.text);
	cr_assert_gt(control_catch_add(m, &other, CATCH_MSR, 2, &err), 0);
	cr_assert_eq(toy_caught_msrs, 2);
	cr_assert_eq(catch (m, CATCH_MSR, TOY_MSR_REFUSED), -ENOTSUP);
	cr_assert_eq(toy_caught_msrs, 2);
	control_detach(m, &other);
	cr_assert_eq(toy_caught_msrs, 1);
	for (uint64_t n = 2; n <= 16; n++)
		cr_assert_gt(catch (m, CATCH_MSR, n), 0, "%s", err.text);
	cr_assert_eq(catch (m, CATCH_MSR, 17), -ENOSPC);
	cr_assert_eq(toy_caught_msrs, 16);
	cr_assert(control_catch_get(m, 0, &info));
	cr_assert_eq(info.id, first);
	cr_assert_str_eq(info.text, "msr 0x1");
	toy_machine_free(m);
}

/* ---- panics: a device through which the guest of a circle tells of one ---- */

static pthread_mutex_t device_lock = PTHREAD_MUTEX_INITIALIZER;
static bool crash_kernel;

static void on_device(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	(void)off, (void)size, (void)value;
	machine_guest_panicked(opaque, crash_kernel);
}

static struct machine *panicking_machine(struct circle *o, struct bus_range *device,
					 enum panic_action action)
{
	struct machine *m = circle_machine(o);

	*device = (struct bus_range){ .name = "panic",
				      .base = DEVICE,
				      .len = 1,
				      .lock = &device_lock,
				      .write = on_device,
				      .opaque = m };
	cr_assert_eq(bus_add(&m->mmio, device), 0);
	((struct machine_config *)m->cfg)->on_panic = action;
	return m;
}

static void end_panics(struct machine *m, struct bus_range *device)
{
	control_stop(m, &me);
	bus_remove(&m->mmio, device);
	toy_machine_free(m);
}

Test(catch, a_panic_stops_behind_the_instruction_that_tells)
{
	struct circle o;
	struct bus_range device;
	struct machine *m = panicking_machine(&o, &device, PANIC_PAUSE);
	int id;

	cr_assert_eq(go(m)->reason, STOP_PANIC);
	cr_assert_eq(control_last_stop(m)->pc, o.c);
	cr_assert_neq(control_last_stop(m)->text[0], '\0');
	cr_assert_eq(control_state(m), RUN_PANICKED);
	id = catch (m, CATCH_PANIC, CATCH_ANY);
	cr_assert_gt(id, 0, "%s", err.text);
	cr_assert_eq(go(m)->reason, STOP_PANIC, "it can go on");
	cr_assert_eq(hits(m, id), 1);
	cr_assert_eq(toy_counter(m, COUNTER), 2);
	end_panics(m, &device);
}

Test(catch, a_panic_that_is_nobodys_business_is_caught_all_the_same)
{
	struct circle o;
	struct bus_range device;
	struct machine *m = panicking_machine(&o, &device, PANIC_NONE);

	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_not(toy_wait_stop(m, 20), "-action panic=none");
	cr_assert_gt(catch (m, CATCH_PANIC, CATCH_ANY), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert_eq(control_last_stop(m)->reason, STOP_PANIC);
	end_panics(m, &device);
}

Test(catch, a_crash_kernel_goes_on_unless_caught)
{
	struct circle o;
	struct bus_range device;
	struct machine *m = panicking_machine(&o, &device, PANIC_PAUSE);

	crash_kernel = true;
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_not(toy_wait_stop(m, 20));
	cr_assert_gt(catch (m, CATCH_PANIC, CATCH_ANY), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000));
	cr_assert(strstr(control_last_stop(m)->text, "crash kernel"));
	end_panics(m, &device);
}

Test(catch, a_triple_fault_counts)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;
	int id;

	toy_emit(&code, TOY_TRIPLE);
	m = toy_machine(&code, 1, NULL);
	control_attach(m, &me);
	id = catch (m, CATCH_TRIPLE_FAULT, CATCH_ANY);
	cr_assert_gt(id, 0, "%s", err.text);
	cr_assert_eq(go(m)->reason, STOP_TRIPLE_FAULT);
	cr_assert_eq(hits(m, id), 1);
	toy_machine_free(m);
}
