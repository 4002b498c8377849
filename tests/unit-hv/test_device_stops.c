// SPDX-License-Identifier: GPL-3.0-or-later
/* Device breakpoints on the fake KVM: at the guest's access, and for what a device does by itself.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kvm.h"
#include "hv/control_device.h"
#include "hv/device_trace.h"
#include "hv/vcpu.h"

#define COUNTER 0x200000ull
#define DEVICE	0xf0000000ull

struct lamp {
	struct device dev;
	uint32_t light;
};

static const struct reg_field light_fields[] = { REG_BIT("ON", 0), { 0 } };
static const struct reg lamp_regs[] = {
	{ .name = "light",
	  .offset = 0,
	  .width = 4,
	  REG_STATE(struct lamp, light),
	  .fields = light_fields,
	  .help = "lamp" },
	{ 0 },
};
static const struct device_class lamp_class = {
	.name = "lamp",
	.stem = "lamp",
	.help = "a device of the tests",
	.size = sizeof(struct lamp),
	.space = 8,
	.regs = lamp_regs,
};

static struct error err;
static unsigned changes;

static void on_event(struct control_client *client, const struct control_event *ev)
{
	(void)client;
	changes += ev->kind == CONTROL_BREAKPOINTS;
}

static struct control_client me = { .name = "me", .event = on_event };
static struct control_client other = { .name = "other", .event = on_event };

/* a: counter++; b: a store to the lamp; c: nop; back to a. */
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
	cr_assert_not_null(device_add(m, &lamp_class, false, DEVICE, 8, 4, &err), "%s", err.text);
	control_attach(m, &me);
	control_attach(m, &other);
	toy_age(m);
	changes = 0;
	return m;
}

static struct device *lamp(struct machine *m)
{
	return device_find(m, "lamp0");
}

static int add(struct machine *m, struct control_client *owner, struct device_bp_spec spec)
{
	spec.device = spec.device ? spec.device : "lamp0";
	err.text[0] = '\0';
	return control_device_bp_add(m, owner, &spec, &err);
}

static struct device_bp_spec light(enum bp_kind access)
{
	return (struct device_bp_spec){ .kind = DEVICE_BP_REG, .reg = "light", .access = access };
}

static const struct stop *go(struct machine *m)
{
	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 20000), "did not stop");
	return control_last_stop(m);
}

static uint64_t hits(struct machine *m, int id)
{
	struct device_bp_info info;

	for (size_t n = 0; control_device_bp_get(m, n, &info); n++)
		if (info.id == id)
			return info.hits;
	return 0;
}

Test(device_stops, the_access_stops_behind_its_instruction)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	const struct stop *stop;
	int id = add(m, &me, light(BP_WRITE));

	cr_assert_gt(id, 0, "%s", err.text);
	cr_expect_eq(changes, 2u, "both clients are told");
	for (uint64_t n = 1; n <= 3; n++) {
		stop = go(m);
		cr_assert_eq(stop->reason, STOP_DEVICE);
		cr_assert_eq(stop->bp, id);
		cr_assert_eq(stop->pc, o.c);
		cr_assert_eq(strncmp(stop->text, "lamp0.light <- 0x", 17), 0, "%s", stop->text);
		cr_assert_eq(toy_counter(m, COUNTER), n);
		cr_assert_eq(hits(m, id), n);
	}
	cr_assert_eq(control_bp_delete(m, id), 0);
	cr_assert_eq(control_bp_delete(m, id), -ENOENT);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_not(toy_wait_stop(m, 20), "stopped after it was deleted");
	toy_machine_free(m);
}

Test(device_stops, other_accesses_go_on)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	struct device_bp_spec spec = light(BP_ACCESS);

	cr_assert_gt(add(m, &me, light(BP_READ)), 0);
	spec.mask = spec.value = 0x80000000;
	cr_assert_gt(add(m, &me, spec), 0);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_not(toy_wait_stop(m, 20), "stopped: %s", control_last_stop(m)->text);
	control_stop(m, &me);
	/* A look is no access. */
	device_reg_peek(lamp(m), lamp_regs);
	cr_expect_eq(hits(m, 1), 0u);
	toy_machine_free(m);
}

Test(device_stops, what_a_device_does_by_itself)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	int irq = add(m, &me, (struct device_bp_spec){ .kind = DEVICE_BP_IRQ });
	int dma = add(m, &me,
		      (struct device_bp_spec){ .kind = DEVICE_BP_DMA, .addr = 0x1000, .len = 16 });

	cr_assert(irq > 0 && dma > 0);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	device_irq_set(lamp(m), true);
	cr_assert(toy_wait_stop(m, 20000));
	cr_expect_eq(control_last_stop(m)->reason, STOP_DEVICE);
	cr_expect_eq(control_last_stop(m)->bp, irq);
	cr_expect_str_eq(control_last_stop(m)->text, "lamp0: interrupt 4 up");

	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	device_irq_set(lamp(m), false);
	device_saw_dma(lamp(m), 0xff0, 16, false);
	device_saw_dma(lamp(m), 0x1010, 16, true);
	cr_assert_not(toy_wait_stop(m, 20), "stopped: %s", control_last_stop(m)->text);
	device_saw_dma(lamp(m), 0xff1, 16, true);
	device_saw_dma(lamp(m), 0x100f, 1, true);
	cr_assert(toy_wait_stop(m, 20000));
	cr_expect_eq(control_last_stop(m)->bp, dma);
	cr_expect_str_eq(control_last_stop(m)->text, "lamp0: 16 bytes written to 0xff1");
	cr_expect_eq(hits(m, dma), 2u, "the second is counted and not told");
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_not(toy_wait_stop(m, 20));
	toy_machine_free(m);
}

Test(device_stops, they_belong_to_who_set_them)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	struct device_bp_info info;
	int bp = control_bp_add(m, &me, BP_SOFT, o.a, 1, 0, &err);
	int mine = add(m, &me, light(BP_ACCESS)), its = add(m, &other, light(BP_WRITE));

	cr_assert(bp > 0 && mine == bp + 1 && its == mine + 1, "one series of numbers");
	cr_assert(control_device_bp_get(m, 0, &info));
	cr_expect_eq(info.id, mine);
	cr_expect_str_eq(info.text, "lamp0.light is read or written");
	control_detach(m, &me);
	cr_assert(control_device_bp_get(m, 0, &info));
	cr_expect_eq(info.id, its);
	cr_expect_eq(info.owner, &other);
	cr_expect_not(control_device_bp_get(m, 1, &info));
	cr_expect(device_is_tapped(lamp(m)));
	control_detach(m, &other);
	cr_expect_not(device_is_tapped(lamp(m)), "nobody looks any more");
	control_attach(m, &me);
	toy_machine_free(m);
}

Test(device_stops, what_cannot_be_is_refused)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	struct device_bp_spec spec = light(BP_WRITE);

	spec.mask = 1;
	spec.value = 2;
	cr_expect_eq(add(m, &me, spec), -EINVAL);
	cr_expect_str_eq(err.text, "value & 0x1 is never 0x2");
	spec.reg = "heat";
	cr_expect_eq(add(m, &me, spec), -ENOENT);
	cr_expect_str_eq(err.text, "lamp0 has no register 'heat': `info device lamp0` lists them");
	spec.device = "lamp1";
	cr_expect_eq(add(m, &me, spec), -ENOENT);
	toy_machine_free(m);
}

Test(device_stops, a_trace_knows_the_vcpu)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	struct device_trace_copy copy;

	cr_assert_eq(device_trace_start(lamp(m), &err), 0);
	cr_assert_gt(add(m, &me, light(BP_WRITE)), 0);
	go(m);
	device_irq_set(lamp(m), true);
	cr_assert(device_trace_get(lamp(m), 10, &copy));
	cr_assert_eq(copy.count, 2u);
	cr_expect_eq(copy.lost, 0u);
	cr_expect_eq(copy.events[0].vcpu, 0);
	cr_expect(copy.events[0].pc == o.b || copy.events[0].pc == o.c);
	cr_expect_eq(copy.events[1].kind, DEVICE_IRQ_UP);
	cr_expect_eq(copy.events[1].vcpu, -1);
	cr_expect_geq(copy.events[1].time, copy.events[0].time);
	free(copy.events);
	toy_machine_free(m);
}

Test(device_stops, one_that_is_deleted_is_not_told_late)
{
	struct circle o;
	struct machine *m = circle_machine(&o);
	int id = add(m, &me, light(BP_WRITE));
	struct vcpu *v = m->vcpus[0];

	go(m);
	vcpu_post_stop(v, &(struct stop){ .reason = STOP_DEVICE, .bp = id });
	cr_assert_eq(control_bp_delete(m, id), 0);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_not(toy_wait_stop(m, 20), "stopped for breakpoint %d", control_last_stop(m)->bp);
	toy_machine_free(m);
}
