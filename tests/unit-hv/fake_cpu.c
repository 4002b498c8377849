// SPDX-License-Identifier: GPL-3.0-or-later
/* The fake KVM's processor: the toy instruction set, and debugging as KVM has it. */
#include "fake_internal.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv/arch/arch.h"
#include "hv/debug.h"

struct toy_cpu toy_cpus[MACHINE_MAX_VCPUS];
static bool mapped; /* atomic */

void toy_map(bool on)
{
	__atomic_store_n(&mapped, on, __ATOMIC_SEQ_CST);
}

bool toy_to_gpa(uint64_t gva, uint64_t *gpa)
{
	*gpa = gva;
	if (gva < TOY_VIRT)
		return true;
	*gpa = gva - TOY_VIRT;
	return __atomic_load_n(&mapped, __ATOMIC_SEQ_CST);
}

uint32_t toy_operand(struct toy_cpu *c, uint64_t gpa)
{
	uint32_t value = 0;

	memory_read(c->v->m->ram, gpa + 1, &value, sizeof(value));
	return value;
}

/* By code, or by data that is read or written. */
enum toy_use { CODE, LOADED, STORED };

static uint32_t hits_of(struct toy_cpu *c, enum toy_use use, uint64_t addr, unsigned len)
{
	uint32_t hits = 0;

	if (use == CODE ? !toy_has_hard : !toy_has_data)
		return 0;
	for (unsigned i = 0; i < arch_hw_bp_count(); i++) {
		const struct arch_hw_bp *hw = &c->dbg.hw[i];
		bool is_code = hw->kind == BP_SOFT || hw->kind == BP_HARD;

		if (use == LOADED && hw->kind == BP_WRITE)
			continue;
		if (hw->used && is_code == (use == CODE) && addr < hw->addr + hw->len &&
		    hw->addr < addr + len)
			hits |= 1u << i;
	}
	return hits;
}

static int debug_event(struct toy_cpu *c, enum arch_debug_kind kind, bool step, uint32_t hits)
{
	c->ev = (struct arch_debug_event){
		.kind = kind, .step = step, .hw_hits = hits, .pc = c->pc
	};
	c->v->run->exit_reason = KVM_EXIT_DEBUG;
	return 0;
}

/* After an instruction: 1 go on, 0 exit. */
static int retire(struct toy_cpu *c, uint64_t next, uint32_t hits)
{
	c->pc = next;
	c->skip_hard = false;
	if (c->dbg.step || hits)
		return debug_event(c, ARCH_DEBUG_HARD, c->dbg.step, hits);
	return 1;
}

static int mmio_exit(struct toy_cpu *c, uint64_t gpa, unsigned len, bool write)
{
	struct kvm_run *run = c->v->run;

	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = len;
	run->mmio.is_write = write;
	return 0;
}

static int store_exit(struct toy_cpu *c, uint64_t gpa, uint64_t value, unsigned len)
{
	if (toy_ring(gpa, value, len))
		return retire(c, c->pc + 5, 0);
	memcpy(c->v->run->mmio.data, &value, 8);
	c->completing = 5;
	return mmio_exit(c, gpa, len, true);
}

static int fault(void)
{
	errno = EFAULT;
	return -1;
}

/* 8 bytes into c->value: 1 done, else what KVM_RUN returns. */
static int load(struct toy_cpu *c, uint64_t gpa)
{
	const uint64_t *p = memory_ptr(c->v->m->ram, gpa, 8);

	if (!c->loaded && memory_denies(c->v->m->ram, gpa, MEMORY_ACCESSES)) {
		if (toy_denies_by_fault)
			return fault();
		c->loading = true;
		return mmio_exit(c, gpa, 8, false);
	}
	if (!c->loaded)
		c->value = __atomic_load_n(p, __ATOMIC_SEQ_CST);
	c->loaded = false;
	return 1;
}

static int do_inc(struct toy_cpu *c, uint64_t gpa)
{
	uint64_t target = toy_operand(c, gpa), ram;
	uint64_t *p;
	int ret;

	if (!toy_to_gpa(target, &ram) || !(p = memory_ptr(c->v->m->ram, ram, 8)))
		return retire(c, c->pc + 5, 0);
	if (memory_denies(c->v->m->ram, ram, MEMORY_STORES)) {
		ret = toy_denies_by_fault ? fault() : load(c, ram);
		return ret == 1 ? store_exit(c, ram, c->value + 1, 8) : ret;
	}
	__atomic_add_fetch(p, 1, __ATOMIC_SEQ_CST);
	return retire(c, c->pc + 5, hits_of(c, STORED, target, 8));
}

static int do_load(struct toy_cpu *c, uint64_t gpa)
{
	uint64_t target = toy_operand(c, gpa), ram;
	int ret;

	if (!toy_to_gpa(target, &ram) || !memory_ptr(c->v->m->ram, ram, 8))
		return retire(c, c->pc + 5, 0);
	ret = load(c, ram);
	if (ret != 1)
		return ret;
	__atomic_store_n(&toy_loaded, c->value, __ATOMIC_SEQ_CST);
	return retire(c, c->pc + 5, hits_of(c, LOADED, target, 8));
}

static int do_wait(struct toy_cpu *c)
{
	struct timespec ts = { .tv_nsec = 100000 };

	while (!__atomic_load_n(&c->v->run->immediate_exit, __ATOMIC_SEQ_CST))
		nanosleep(&ts, NULL);
	return 1;
}

static int do_breakpoint(struct toy_cpu *c)
{
	if (c->dbg.soft && toy_has_soft)
		return debug_event(c, ARCH_DEBUG_SOFT, false, 0);
	__atomic_add_fetch(&toy_injected, 1, __ATOMIC_SEQ_CST);
	return retire(c, c->pc + 1, 0);
}

static int execute(struct toy_cpu *c)
{
	uint64_t gpa;
	uint8_t op = TOY_TRIPLE;
	uint32_t hits;

	if (!c->skip_hard && (hits = hits_of(c, CODE, c->pc, 1)))
		return debug_event(c, ARCH_DEBUG_HARD, false, hits);
	if (toy_to_gpa(c->pc, &gpa) && memory_denies(c->v->m->ram, gpa, MEMORY_ACCESSES))
		return fault();
	if (toy_to_gpa(c->pc, &gpa))
		memory_read(c->v->m->ram, gpa, &op, 1);
	switch (op) {
	case TOY_NOP:
		return retire(c, c->pc + 1, 0);
	case TOY_INC:
		return do_inc(c, gpa);
	case TOY_LOAD8:
		return do_load(c, gpa);
	case TOY_JMP:
		return retire(c, toy_operand(c, gpa), 0);
	case TOY_OUT:
		return store_exit(c, toy_operand(c, gpa), 0x42, 1);
	case TOY_WAIT:
		return do_wait(c);
	case TOY_MAP:
		toy_map(true);
		return retire(c, c->pc + 1, 0);
	case TOY_BP:
		return do_breakpoint(c);
	default:
		c->v->run->exit_reason = KVM_EXIT_SHUTDOWN;
		return 0;
	}
}

int toy_run(struct toy_cpu *c)
{
	struct kvm_run *run = c->v->run;
	unsigned n = 0;
	int ret;

	c->ev.kind = ARCH_DEBUG_NONE;
	if (c->loading) {
		c->loading = false;
		c->loaded = true;
		memcpy(&c->value, run->mmio.data, sizeof(c->value));
		ret = execute(c);
		if (ret != 1)
			return ret;
	}
	if (c->completing) {
		uint64_t next = c->pc + c->completing;

		c->completing = 0;
		c->io_moved = toy_io_untrapped && c->dbg.step;
		if (c->io_moved)
			c->pc = next;
		else if (!retire(c, next, 0))
			return 0;
	}
	for (;;) {
		if (__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST)) {
			errno = EINTR;
			return -1;
		}
		ret = execute(c);
		if (ret != 1)
			return ret;
		if (!(++n % 64))
			sched_yield();
	}
}
