// SPDX-License-Identifier: GPL-3.0-or-later
/* Watchpoints: in registers, by page protection, for I/O, and for devices. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "fake_kvm.h"
#include "hv/debug.h"
#include "hv/dma.h"
#include "hv/vcpu.h"

#define COUNTER 0x200000ull
#define OTHER	0x200100ull
#define PAGE	4096ull

static struct error err;

static void ignore_event(struct control_client *client, const struct control_event *ev)
{
	(void)client, (void)ev;
}

static struct control_client me = { .name = "me", .event = ignore_event };

/* counter++; look at the counter; other++; and again. */
struct loop_code {
	struct toy_code code;
	uint64_t inc, load, other, back;
};

static struct machine *loop_machine(struct loop_code *l, unsigned vcpus)
{
	struct machine *m;

	memset(l, 0, sizeof(*l));
	l->inc = toy_emit_addr(&l->code, TOY_INC, COUNTER);
	l->load = toy_emit_addr(&l->code, TOY_LOAD8, COUNTER);
	l->other = toy_emit_addr(&l->code, TOY_INC, OTHER);
	l->back = toy_emit_addr(&l->code, TOY_JMP, l->inc);
	m = toy_machine(&l->code, vcpus, NULL);
	cr_assert_not_null(m);
	control_attach(m, &me);
	return m;
}

static int add(struct machine *m, enum bp_kind kind, uint64_t addr, uint64_t len)
{
	int id = control_bp_add(m, &me, kind, addr, len, 0, &err);

	cr_assert_gt(id, 0, "%s", err.text);
	return id;
}

static const char *how(struct machine *m, int id)
{
	struct bp_info info;

	for (size_t n = 0; control_bp_get(m, n, &info); n++)
		if (info.id == id)
			return info.how;
	return "gone";
}

/* To the next stop, which has to be that of watchpoint @id. */
static const struct stop *next_hit(struct machine *m, int id)
{
	const struct stop *stop;

	cr_assert_eq(control_resume_all(m, &me, &err), 0, "%s", err.text);
	cr_assert(toy_wait_stop(m, 100000), "no stop");
	stop = control_last_stop(m);
	cr_assert_eq(stop->reason, STOP_WATCHPOINT, "%s", stop->text);
	cr_assert_eq(stop->bp, id);
	return stop;
}

/* The ways in which an access can come to us. */
enum way {
	BY_REGISTER,
	BY_MMIO,       /* KVM emulates it */
	BY_FAULT,      /* the processor may not */
	BY_COMPARISON, /* … and nobody can tell what it is */
	WAYS,
};

static void choose(enum way way)
{
	toy_has_data = way == BY_REGISTER;
	toy_denies_by_fault = way >= BY_FAULT;
	toy_decodes = way != BY_COMPARISON;
}

/* Says yes to each @every-th hit. */
struct counting {
	struct bp_filter filter;
	unsigned asked, every;
	uint64_t seen; /* of the counter, behind the access */
};

static enum bp_verdict count_hits(struct bp_filter *filter, struct control_at *at)
{
	struct counting *c = (struct counting *)filter;

	cr_assert_eq(control_at_mem_read(at, COUNTER, &c->seen, sizeof(c->seen)), 8);
	if (++c->asked % c->every)
		return BP_GO_ON;
	control_at_explain(at, "hit %u", c->asked);
	return BP_STOP;
}

static void forget(struct bp_filter *filter)
{
	((struct counting *)filter)->every = 0;
}

static void asks(enum way way)
{
	struct counting rare = { .filter = { .ask = count_hits, .release = forget }, .every = 50 };
	struct counting never = { .filter = { .ask = count_hits, .release = forget },
				  .every = UINT32_MAX };
	struct loop_code l;
	struct machine *m;
	int id, other, stepped;

	choose(way);
	m = loop_machine(&l, 1);
	id = control_bp_add_filtered(m, &me, BP_WRITE, COUNTER, 8, 0, &rare.filter, &err);
	cr_assert_gt(id, 0, "%s", err.text);
	other = control_bp_add_filtered(m, &me, BP_WRITE, COUNTER, 8, 0, &never.filter, &err);
	cr_assert_gt(other, id, "%s", err.text);
	for (unsigned i = 1; i <= 4; i++) {
		const struct stop *stop = next_hit(m, id);
		char said[16];

		snprintf(said, sizeof(said), "hit %u", 50 * i);
		cr_assert_str_eq(stop->text, said);
		cr_assert_eq(stop->pc, l.load);
		cr_assert_eq(rare.seen, 50 * i);
		cr_assert_eq(toy_counter(m, COUNTER), 50 * i);
	}
	cr_assert_eq(never.asked, 200u);

	/* An access that nobody stops for does not swallow the step that made it. */
	for (stepped = 0; stepped < 8; stepped++) {
		cr_assert_eq(control_step(m, &me, 0, &err), 0, "%s", err.text);
		cr_assert(toy_wait_stop(m, 20000), "no stop");
		cr_assert_eq(control_last_stop(m)->reason, STOP_STEP);
	}
	cr_assert_eq(toy_counter(m, COUNTER), 202, "two rounds of four instructions");
	cr_assert_eq(rare.asked, 202u);
	cr_assert_eq(control_bp_delete(m, id), 0);
	cr_assert_eq(control_bp_delete(m, other), 0);
	cr_assert_eq(rare.every + never.every, 0u, "released");
	toy_machine_free(m);
}

Test(watch, filters_by_register)
{
	asks(BY_REGISTER);
}

Test(watch, filters_of_emulated_accesses)
{
	asks(BY_MMIO);
}

Test(watch, filters_of_accesses_that_fault)
{
	asks(BY_FAULT);
}

static void each_kind(enum way way)
{
	static const char *const hows[] = { "debug register", "page protection" };
	struct loop_code l;
	struct machine *m;
	int id;

	choose(way);
	m = loop_machine(&l, 1);

	id = add(m, BP_WRITE, COUNTER, 8);
	cr_assert_str_eq(how(m, id), hows[way != BY_REGISTER]);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(next_hit(m, id)->pc, l.load, "after the store");
	cr_assert_eq(control_bp_delete(m, id), 0);

	id = add(m, BP_ACCESS, COUNTER, 8);
	for (int i = 0; i < 20; i++) {
		/* What it reads without a change cannot be seen by comparing. */
		if (way != BY_COMPARISON)
			cr_assert_eq(next_hit(m, id)->pc, l.other, "after the load");
		cr_assert_eq(next_hit(m, id)->pc, l.load, "after the store");
	}
	cr_assert_eq(control_bp_delete(m, id), 0);

	/* OTHER lies in the same page and was not watched. */
	cr_assert_geq(toy_counter(m, OTHER), 38);
	cr_assert_eq(control_bp_delete(m, id), -ENOENT);
	cr_assert_not(memory_is_protected(m->ram));
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert(toy_wait_counter(m, COUNTER, 100));
	cr_assert_eq(control_state(m), RUN_RUNNING);
	toy_machine_free(m);
}

Test(watch, by_register, .timeout = 300)
{
	each_kind(BY_REGISTER);
}

Test(watch, by_page_emulated, .timeout = 300)
{
	each_kind(BY_MMIO);
}

Test(watch, by_page_faulting, .timeout = 300)
{
	each_kind(BY_FAULT);
}

Test(watch, by_page_unknown, .timeout = 300)
{
	each_kind(BY_COMPARISON);
}

/* A read watchpoint on a page is not hit by a store; one in a register cannot tell. */
Test(watch, reads_alone, .timeout = 300)
{
	for (enum way way = BY_MMIO; way <= BY_FAULT; way++) {
		struct loop_code l;
		struct machine *m;
		int id;

		choose(way);
		memset(&l, 0, sizeof(l));
		toy_emit_addr(&l.code, TOY_LOAD8, COUNTER);
		l.other = toy_emit_addr(&l.code, TOY_LOAD8, OTHER);
		toy_emit_addr(&l.code, TOY_JMP, TOY_LOAD);
		m = toy_machine(&l.code, 1, NULL);
		control_attach(m, &me);
		id = add(m, BP_READ, COUNTER + 7, 64);
		add(m, BP_WRITE, COUNTER, 8);
		for (int i = 0; i < 10; i++)
			cr_assert_eq(next_hit(m, id)->pc, l.other);
		toy_machine_free(m);
	}
}

Test(watch, registers_first, .timeout = 300)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	int read, write;

	for (uint64_t i = 0; i < 4; i++)
		cr_assert_str_eq(how(m, add(m, BP_ACCESS, 0x300000 + 8 * i, 8)), "debug register");
	write = add(m, BP_WRITE, COUNTER + 1, 3);
	read = add(m, BP_READ, OTHER - 3, 64);
	cr_assert_str_eq(how(m, write), "page protection");
	cr_assert_str_eq(how(m, read), "page protection");
	cr_assert_eq(control_bp_add(m, &me, BP_WRITE, COUNTER, 0, 0, &err), -EINVAL);
	cr_assert_eq(control_bp_add(m, &me, BP_READ, UINT64_MAX, 2, 0, &err), -EINVAL);
	cr_assert_eq(next_hit(m, write)->addr, COUNTER + 1);
	cr_assert_eq(next_hit(m, read)->addr, OTHER - 3);
	cr_assert_eq(next_hit(m, write)->addr, COUNTER + 1);
	toy_machine_free(m);
}

/* One instruction, three watchpoints: all are told, and the instruction runs once. */
Test(watch, several_hits_are_told_one_by_one, .timeout = 300)
{
	for (enum way way = BY_REGISTER; way <= BY_FAULT; way++) {
		struct loop_code l;
		struct machine *m;
		int ids[3];

		choose(way);
		m = loop_machine(&l, 1);
		ids[0] = add(m, BP_WRITE, COUNTER, 2);
		ids[1] = add(m, BP_WRITE, COUNTER + 4, 1);
		ids[2] = add(m, BP_WRITE, COUNTER + 6, 2);
		for (uint64_t round = 1; round <= 5; round++) {
			for (int i = 0; i < 3; i++) {
				cr_assert_eq(next_hit(m, ids[i])->pc, l.load);
				cr_assert_eq(toy_counter(m, COUNTER), round);
			}
		}
		toy_machine_free(m);
	}
}

/* … but not one that is gone by then. */
Test(watch, a_hit_that_is_gone_is_not_told, .timeout = 300)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);
	int first = add(m, BP_WRITE, COUNTER, 2), second = add(m, BP_WRITE, COUNTER + 4, 1);

	next_hit(m, first);
	cr_assert_eq(control_bp_delete(m, second), 0);
	cr_assert_eq(toy_counter(m, COUNTER), 1);
	next_hit(m, first);
	cr_assert_eq(toy_counter(m, COUNTER), 2);
	toy_machine_free(m);
}

/* Stores beside the watched bytes are done, all of them and each once, by several vCPUs. */
Test(watch, nothing_is_lost_beside_it, .timeout = 300)
{
	struct loop_code l;
	struct machine *m;

	choose(BY_FAULT);
	m = loop_machine(&l, 3);
	add(m, BP_ACCESS, COUNTER + 64, 8);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(control_resume_all(m, &me, &err), 0);
		cr_assert(toy_wait_counter(m, OTHER, toy_counter(m, OTHER) + 20));
		cr_assert_eq(control_stop(m, &me), 0);
		/* Each vCPU adds to both in turn. */
		cr_assert_leq(toy_counter(m, OTHER), toy_counter(m, COUNTER));
		cr_assert_leq(toy_counter(m, COUNTER), toy_counter(m, OTHER) + 3);
	}
	toy_machine_free(m);
}

/* Another vCPU's access stops, too, and is told as its own. */
Test(watch, every_vcpu_is_watched, .timeout = 300)
{
	bool seen[3] = { false };
	struct loop_code l;
	struct machine *m;
	int id;

	choose(BY_FAULT);
	m = loop_machine(&l, 3);
	id = add(m, BP_WRITE, COUNTER, 8);
	for (int i = 0; i < 300 && !(seen[0] && seen[1] && seen[2]); i++) {
		const struct stop *stop = next_hit(m, id);

		seen[stop->vcpu] = true;
		cr_assert_eq(stop->pc, l.load);
	}
	cr_assert(seen[0] && seen[1] && seen[2]);
	toy_machine_free(m);
}

/* Code on a page that may not be read runs, and its breakpoints stop. */
Test(watch, code_on_the_watched_page, .timeout = 300)
{
	struct loop_code l;
	struct machine *m;
	int id;

	choose(BY_FAULT);
	m = loop_machine(&l, 2);
	toy_age(m);
	id = add(m, BP_ACCESS, TOY_LOAD + 0x800, 1);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert(toy_wait_counter(m, OTHER, 3));
	cr_assert_eq(control_stop(m, &me), 0);
	cr_assert_gt(control_bp_add(m, &me, BP_SOFT, l.other, 1, 0, &err), 0);
	for (int i = 0; i < 10; i++) {
		cr_assert_eq(control_resume_all(m, &me, &err), 0);
		cr_assert(toy_wait_stop(m, 100000));
		cr_assert_eq(control_last_stop(m)->reason, STOP_BREAKPOINT);
		cr_assert_eq(control_last_stop(m)->pc, l.other);
	}
	cr_assert_eq(control_bp_delete(m, id), 0);
	toy_machine_free(m);
}

Test(watch, stepping_onto_a_denied_page, .timeout = 300)
{
	for (enum way way = BY_MMIO; way <= BY_FAULT; way++) {
		struct loop_code l;
		struct machine *m;
		uint64_t pcs[4], pc;

		choose(way);
		m = loop_machine(&l, 1);
		memcpy(pcs, (uint64_t[]){ l.load, l.other, l.back, l.inc }, sizeof(pcs));
		add(m, BP_ACCESS, COUNTER + 32, 8);
		for (uint64_t i = 0; i < 20; i++) {
			cr_assert_eq(control_step(m, &me, 0, &err), 0);
			cr_assert(toy_wait_stop(m, 100000));
			cr_assert_eq(control_last_stop(m)->reason, STOP_STEP);
			control_pc(m, 0, &pc);
			cr_assert_eq(pc, pcs[i % 4]);
		}
		cr_assert_eq(toy_counter(m, COUNTER), 5);
		toy_machine_free(m);
	}
}

Test(watch, io_that_kvm_emulates, .timeout = 300)
{
	struct loop_code l = { .code.len = 0 };
	struct machine *m;
	uint64_t after;
	int id;

	toy_io_stores = COUNTER + 2;
	toy_emit_addr(&l.code, TOY_OUT, 0xe0000000);
	after = toy_emit(&l.code, TOY_NOP);
	toy_emit_addr(&l.code, TOY_JMP, TOY_LOAD);
	m = toy_machine(&l.code, 1, NULL);
	control_attach(m, &me);
	add(m, BP_READ, COUNTER, 8);
	add(m, BP_WRITE, COUNTER, 2);
	id = add(m, BP_WRITE, COUNTER + 5, 1);
	for (int i = 0; i < 5; i++) {
		const struct stop *stop = next_hit(m, id);

		cr_assert_eq(stop->pc, after);
		cr_assert_str_eq(stop->text, "I/O that KVM emulates");
	}
	toy_machine_free(m);
}

Test(watch, a_page_that_the_processor_uses)
{
	struct loop_code l;
	struct machine *m;

	choose(BY_MMIO);
	toy_used_page = COUNTER;
	m = loop_machine(&l, 1);
	cr_assert_eq(control_bp_add(m, &me, BP_WRITE, COUNTER + 16, 8, 0, &err), -EBUSY);
	cr_assert_not_null(strstr(err.text, "the processor itself uses"));
	cr_assert_eq(control_bp_add(m, &me, BP_READ, COUNTER - 2, 8, 0, &err), -EBUSY);
	add(m, BP_READ, COUNTER - 8, 8);
	toy_machine_free(m);
}

/* ---- devices ---- */

static struct device disk = { .name = "disk0" };
static uint8_t sector[512];

static void dma_hit(struct machine *m, int id, bool write)
{
	const struct stop *stop;

	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_eq(write ? dma_write(&disk, 0x300000, sector, 512)
			   : dma_read(&disk, 0x300000, sector, 512),
		     0);
	cr_assert(toy_wait_stop(m, 100000));
	stop = control_last_stop(m);
	cr_assert_eq(stop->reason, STOP_WATCHPOINT);
	cr_assert_eq(stop->bp, id);
	cr_assert_str_eq(stop->text, write ? "DMA of disk0: 512 bytes to physical 0x300000"
					   : "DMA of disk0: 512 bytes from physical 0x300000");
}

Test(watch, devices, .timeout = 300)
{
	for (enum way way = BY_REGISTER; way <= BY_MMIO; way++) {
		struct loop_code l;
		struct machine *m;
		int read, write;

		choose(way);
		m = loop_machine(&l, 2);
		disk.m = m;
		read = add(m, BP_READ, 0x3001fd, 7);
		write = add(m, BP_WRITE, 0x300010, 1);
		for (int i = 0; i < 5; i++) {
			dma_hit(m, read, false);
			dma_hit(m, write, true);
		}
		/* Not a byte beside it, and nothing once they are gone. */
		cr_assert_eq(control_resume_all(m, &me, &err), 0);
		cr_assert_eq(dma_write(&disk, 0x300000, sector, 16), 0);
		cr_assert_eq(dma_write(&disk, 0x300011, sector, 400), 0);
		cr_assert_eq(dma_read(&disk, 0x300204, sector, 4), 0);
		cr_assert_not(toy_wait_stop(m, 20));
		cr_assert_eq(control_bp_delete(m, read), 0);
		cr_assert_eq(control_bp_delete(m, write), 0);
		cr_assert_eq(dma_write(&disk, 0x300000, sector, 512), 0);
		cr_assert_not(toy_wait_stop(m, 20));
		cr_assert_eq(dma_read(&disk, 1ull << 40, sector, 1), -EFAULT);
		toy_machine_free(m);
	}
}

static void *copies(void *arg)
{
	uint8_t *p = dma_map(arg, 0x300000, PAGE);

	memset(p, 0x5a, PAGE);
	dma_unmap(arg, 0x300000, 0, DMA_FROM_DEVICE);
	dma_unmap(arg, 0x300000, PAGE, DMA_FROM_DEVICE);
	return NULL;
}

/* From a thread of its own, while watchpoints come and go. */
Test(watch, devices_with_threads, .timeout = 300)
{
	struct loop_code l;
	struct machine *m = loop_machine(&l, 2);
	pthread_t thread;
	int id;

	disk.m = m;
	cr_assert_null(dma_map(&disk, (16 << 20) - 1, 2));
	id = add(m, BP_WRITE, 0x300010, 8);
	cr_assert_eq(control_resume_all(m, &me, &err), 0);
	cr_assert_eq(pthread_create(&thread, NULL, copies, &disk), 0);
	for (int i = 0; i < 20; i++)
		control_bp_delete(m, add(m, BP_WRITE, 0x310000, 8));
	cr_assert(toy_wait_stop(m, 100000));
	cr_assert_eq(control_last_stop(m)->bp, id);
	pthread_join(thread, NULL);
	cr_assert_eq(toy_counter(m, 0x300010), 0x5a5a5a5a5a5a5a5aull);
	toy_machine_free(m);
}

/* A planted breakpoint is neither read by a device nor lost to it. */
Test(watch, devices_and_planted_breakpoints, .timeout = 300)
{
	uint8_t there, nop = TOY_NOP, *planted;
	struct loop_code l;
	struct machine *m = loop_machine(&l, 1);

	disk.m = m;
	toy_age(m);
	cr_assert_gt(control_bp_add(m, &me, BP_SOFT, l.other, 1, 0, &err), 0);
	planted = memory_ptr(m->ram, l.other, 1);
	cr_assert_eq(*planted, TOY_BP);
	cr_assert_eq(dma_read(&disk, l.other, &there, 1), 0);
	cr_assert_eq(there, TOY_INC);
	cr_assert_eq(dma_write(&disk, l.other, &nop, 1), 0);
	cr_assert_eq(*planted, TOY_BP);
	control_mem_read(m, 0, CONTROL_PHYSICAL, l.other, &there, 1);
	cr_assert_eq(there, TOY_NOP);
	toy_machine_free(m);
}
