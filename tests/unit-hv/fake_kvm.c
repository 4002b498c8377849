// SPDX-License-Identifier: GPL-3.0-or-later
/* A KVM and a processor made for tests: see fake_kvm.h. */
#include "fake_kvm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "hv/arch/arch.h"
#include "hv/arch/arch_pages.h"
#include "hv/boot/boot.h"
#include "hv/boot/fdt.h"
#include "hv/debug.h"
#include "hv/kvm.h"
#include "hv/probe.h"
#include "hv/vcpu.h"

#define RUN_SIZE  8192 /* the second page is the coalescing ring */
#define TOY_REGS  4
#define MAX_SLOTS 1024

bool toy_has_soft = true, toy_has_hard = true, toy_has_data = true;
bool toy_io_untrapped, toy_denies_by_fault;
bool toy_emulates = true, toy_decodes = true;
uint64_t toy_io_stores, toy_used_page;
unsigned toy_injected, toy_emulated;
unsigned toy_nmis[MACHINE_MAX_VCPUS];
uint64_t toy_loaded;
static bool mapped; /* atomic */

/* One toy processor; its vCPU's thread only. */
struct toy_cpu {
	struct vcpu *v;
	uint64_t pc;
	struct arch_debug dbg;
	struct arch_debug_event ev;
	unsigned completing; /* length of the instruction that an MMIO exit left unfinished; 0: none
			      */
	bool loading, loaded; /* a load from denied RAM is under way; it gave `value` */
	uint64_t value;
	bool io_moved;	/* it was finished without the step's trap */
	bool skip_hard; /* as x86's RF: the instruction at pc was reported, or just injected */
};
static struct toy_cpu cpus[MACHINE_MAX_VCPUS];
static int vcpu_fds[MACHINE_MAX_VCPUS];
static int fake_kvm_fd = -1, fake_vm_fd = -1;

/* By slot number; changed with every vCPU out. */
static struct toy_slot slots[MAX_SLOTS];

const struct toy_slot *toy_slot_at(uint64_t gpa)
{
	for (size_t i = 0; i < MAX_SLOTS; i++)
		if (slots[i].size && gpa - slots[i].gpa < slots[i].size)
			return &slots[i];
	return NULL;
}

size_t toy_slot_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < MAX_SLOTS; i++)
		n += slots[i].size != 0;
	return n;
}

void toy_map(bool on)
{
	__atomic_store_n(&mapped, on, __ATOMIC_SEQ_CST);
}

/* ---- the processor ---- */

static bool to_gpa(uint64_t gva, uint64_t *gpa)
{
	*gpa = gva;
	if (gva < TOY_VIRT)
		return true;
	*gpa = gva - TOY_VIRT;
	return __atomic_load_n(&mapped, __ATOMIC_SEQ_CST);
}

static uint32_t operand(struct toy_cpu *c, uint64_t gpa)
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
	uint64_t target = operand(c, gpa), ram;
	uint64_t *p;
	int ret;

	if (!to_gpa(target, &ram) || !(p = memory_ptr(c->v->m->ram, ram, 8)))
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
	uint64_t target = operand(c, gpa), ram;
	int ret;

	if (!to_gpa(target, &ram) || !memory_ptr(c->v->m->ram, ram, 8))
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
	if (to_gpa(c->pc, &gpa) && memory_denies(c->v->m->ram, gpa, MEMORY_ACCESSES))
		return fault();
	if (to_gpa(c->pc, &gpa))
		memory_read(c->v->m->ram, gpa, &op, 1);
	switch (op) {
	case TOY_NOP:
		return retire(c, c->pc + 1, 0);
	case TOY_INC:
		return do_inc(c, gpa);
	case TOY_LOAD8:
		return do_load(c, gpa);
	case TOY_JMP:
		return retire(c, operand(c, gpa), 0);
	case TOY_OUT:
		return store_exit(c, operand(c, gpa), 0x42, 1);
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

static int toy_run(struct toy_cpu *c)
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

/* ---- the ioctls ---- */

/* As KVM: overlapping slots are refused, and so is a change of what a slot is but its end. */
static int set_memory(const struct kvm_userspace_memory_region *r)
{
	if (r->slot >= MAX_SLOTS) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; r->memory_size && i < MAX_SLOTS; i++) {
		if (slots[i].size && r->guest_phys_addr < slots[i].gpa + slots[i].size &&
		    slots[i].gpa < r->guest_phys_addr + r->memory_size) {
			errno = EEXIST;
			return -1;
		}
	}
	slots[r->slot] = (struct toy_slot){
		.slot = r->slot,
		.flags = r->flags,
		.gpa = r->guest_phys_addr,
		.size = r->memory_size,
		.hva = (const uint8_t *)(uintptr_t)r->userspace_addr,
	};
	return 0;
}

static int new_vcpu(long index)
{
	int fd = memfd_create("toy-vcpu", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, RUN_SIZE))
		return -1;
	vcpu_fds[index] = fd;
	return fd;
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (request) {
	case KVM_CREATE_VM:
		return fake_vm_fd = memfd_create("toy-vm", MFD_CLOEXEC);
	case KVM_CREATE_VCPU:
		return new_vcpu((long)arg);
	case KVM_SET_USER_MEMORY_REGION:
		return set_memory(arg);
	case KVM_SET_GSI_ROUTING:
	case KVM_IRQFD:
	case KVM_IOEVENTFD:
		return toy_eventfd_ioctl(request, arg);
	case KVM_REGISTER_COALESCED_MMIO:
	case KVM_UNREGISTER_COALESCED_MMIO:
		return 0;
	case KVM_RUN: {
		struct vcpu *v = vcpu_current();

		return v && vcpu_fds[v->index] == fd ? toy_run(&cpus[v->index]) : -1;
	}
	default:
		return __real_ioctl(fd, request, arg);
	}
}

int kvm_open(struct kvm_caps *caps, struct error *err)
{
	(void)err;
	memset(caps, 0, sizeof(*caps));
	caps->run_size = RUN_SIZE;
	caps->value[KVMCAP_MAX_VCPUS] = 64;
	caps->value[KVMCAP_COALESCED_MMIO] = 1;
	caps->value[KVMCAP_IRQ_ROUTING] = toy_has_eventfds ? 4096 : 0;
	caps->value[KVMCAP_IRQFD] = caps->value[KVMCAP_IOEVENTFD] = toy_has_eventfds;
	return fake_kvm_fd = memfd_create("toy-kvm", MFD_CLOEXEC);
}

/* ---- the probe ---- */

int probe_get(struct probe_result *out, struct error *err)
{
	(void)err;
	memset(out, 0, sizeof(*out));
	return 0;
}

void probe_debug_caps(const struct probe_result *probe, struct debug_caps *caps)
{
	(void)probe;
	*caps = (struct debug_caps){
		.soft = toy_has_soft,
		.hard = toy_has_hard,
		.data = toy_has_data,
		.step = true,
		.protect = true,
		.walks = !toy_used_page,
	};
}

/* ---- arch.h ---- */

const uint8_t arch_bp_insn[] = { TOY_BP };
const size_t arch_bp_insn_len = 1;

static struct toy_cpu *cpu_of(const struct vcpu *v)
{
	return &cpus[v->index];
}

int arch_vm_create(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	(void)m, (void)cfg, (void)err;
	return 0;
}

void arch_vm_destroy(struct machine *m)
{
	(void)m;
}

void arch_vm_probed(struct machine *m, const struct probe_result *probe)
{
	(void)m, (void)probe;
}

int arch_firmware_tables(struct machine *m, uint64_t *rsdp, struct error *err)
{
	(void)m, (void)err;
	*rsdp = 0;
	return 0;
}

int arch_vm_reset(struct machine *m, struct error *err)
{
	(void)m, (void)err;
	toy_map(false);
	return 0;
}

int arch_vcpu_create(struct vcpu *v, struct error *err)
{
	(void)err;
	cpus[v->index] = (struct toy_cpu){ .v = v, .pc = TOY_LOAD };
	return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
	(void)v;
}

int arch_vcpu_reset(struct vcpu *v, const struct boot_entry *entry, struct error *err)
{
	struct toy_cpu *c = cpu_of(v);

	(void)err;
	c->pc = entry ? entry->pc : TOY_LOAD;
	c->completing = 0;
	c->loading = c->loaded = false;
	c->skip_hard = false;
	return 0;
}

void arch_clock_stop(struct machine *m)
{
	(void)m;
}

void arch_clock_join(struct vcpu *v)
{
	(void)v;
}

void arch_clock_start(struct machine *m)
{
	(void)m;
}

static const struct arch_reg toy_regs[] = { { .name = "pc", .bits = 64 } };

const struct arch_reg *arch_regs(size_t *count)
{
	*count = 1;
	return toy_regs;
}

bool arch_reg_present(const struct vcpu *v, int reg)
{
	(void)v;
	return reg == 0;
}

int arch_reg_read(struct vcpu *v, int reg, void *buf)
{
	if (reg)
		return -ENOENT;
	memcpy(buf, &cpu_of(v)->pc, 8);
	return 0;
}

int arch_reg_write(struct vcpu *v, int reg, const void *buf, struct error *err)
{
	if (reg)
		return error_set(err, -ENOENT, "no such register");
	memcpy(&cpu_of(v)->pc, buf, 8);
	return 0;
}

uint64_t arch_pc(struct vcpu *v)
{
	return cpu_of(v)->pc;
}

void arch_set_pc(struct vcpu *v, uint64_t pc)
{
	cpu_of(v)->pc = pc;
}

void arch_regs_forget(struct vcpu *v)
{
	(void)v;
}

int arch_regs_flush(struct vcpu *v)
{
	(void)v;
	return 0;
}

int arch_code_bits(struct vcpu *v)
{
	(void)v;
	return 64;
}

void arch_dump(struct vcpu *v, struct strbuf *out)
{
	strbuf_printf(out, "pc 0x%llx\n", (unsigned long long)cpu_of(v)->pc);
}

void arch_dump_pairs(struct vcpu *v, struct strbuf *out)
{
	strbuf_printf(out, "pc 0x%llx\n", (unsigned long long)cpu_of(v)->pc);
}

const char *arch_activity(struct vcpu *v)
{
	(void)v;
	return "runnable";
}

int arch_translate(struct vcpu *v, uint64_t gva, struct arch_translation *out)
{
	(void)v;
	*out = (struct arch_translation){ .page_size = 4096, .writable = true, .executable = true };
	return to_gpa(gva, &out->gpa) ? 0 : -EFAULT;
}

bool arch_uses_page(struct vcpu *v, uint64_t gpa, bool stores)
{
	(void)v, (void)stores;
	return gpa == toy_used_page;
}

int arch_paging_get(struct vcpu *v, struct arch_paging *out)
{
	(void)v;
	*out = (struct arch_paging){ .on = true, .root = 0x1000, .name = "toy paging" };
	return 0;
}

int arch_paging_translate(const struct memory *ram, const struct arch_paging *p, uint64_t gva,
			  struct arch_translation *out)
{
	(void)ram;
	(void)p;
	return arch_translate(NULL, gva, out);
}

/* Two pages beside each other, a third that lies elsewhere, one with other rights; and twice the
 * tables of 16 KiB that were just walked. */
void arch_walk_pages(const struct memory *ram, const struct arch_paging *p,
		     struct arch_page_walk *walk)
{
	struct arch_page page = { .gva = 0x10000, .gpa = p->root, .size = 4096, .writable = true };

	(void)ram;
	for (unsigned i = 0; i < 4; i++, page.gva += 4096) {
		page.gpa = i < 2 ? p->root + i * 4096 : 0x9000;
		page.executable = i == 3;
		if (!walk->page(walk->opaque, &page))
			return;
	}
	walk->tables = walk->same(walk->opaque, 0x14000, 0x4000);
	for (page.gva = 0x20000; page.gva < 0x24000; page.gva += 4096)
		walk->page(walk->opaque, &page);
	walk->tables += 2u * walk->same(walk->opaque, 0x24000, 0x4000);
}

unsigned arch_hw_bp_count(void)
{
	return 4;
}

bool arch_hw_bp_fits(uint8_t kind, uint64_t addr, uint64_t len)
{
	(void)kind;
	return len <= 8 && addr % len == 0;
}

int arch_debug_set(struct vcpu *v, const struct arch_debug *dbg)
{
	cpu_of(v)->dbg = *dbg;
	return 0;
}

bool arch_emulate(struct vcpu *v, const uint8_t *code, size_t len, bool memory)
{
	(void)memory;
	if (!toy_emulates || !len || code[0] != TOY_NOP)
		return false;
	__atomic_add_fetch(&toy_emulated, 1, __ATOMIC_SEQ_CST);
	cpu_of(v)->pc++;
	cpu_of(v)->skip_hard = false;
	return true;
}

bool arch_pass_register(struct vcpu *v)
{
	cpu_of(v)->skip_hard = toy_emulates;
	return toy_emulates;
}

void arch_debug_exit(struct vcpu *v, struct arch_debug_event *ev)
{
	*ev = cpu_of(v)->ev;
}

bool arch_debug_io_step(struct vcpu *v)
{
	bool moved = cpu_of(v)->io_moved;

	cpu_of(v)->io_moved = false;
	return moved;
}

void arch_accesses_before(struct vcpu *v, struct arch_accesses *a)
{
	struct toy_cpu *c = cpu_of(v);
	uint8_t op = TOY_TRIPLE;
	uint64_t gpa;

	*a = (struct arch_accesses){ .known = toy_decodes };
	if (!toy_decodes || !to_gpa(c->pc, &gpa) || memory_read(v->m->ram, gpa, &op, 1) != 1 ||
	    (op != TOY_INC && op != TOY_LOAD8))
		return;
	a->item[a->count++] = (struct arch_access){ operand(c, gpa), 8, true, op == TOY_INC };
}

void arch_accesses_after(struct vcpu *v, struct arch_accesses *a)
{
	(void)v, (void)a;
}

void arch_accesses_of_io(struct vcpu *v, struct arch_accesses *a)
{
	(void)v;
	*a = (struct arch_accesses){ .known = true };
	if (toy_io_stores)
		a->item[a->count++] = (struct arch_access){ toy_io_stores, 4, false, true };
}

void arch_triple_fault(struct vcpu *v, char *text, size_t size)
{
	(void)v;
	snprintf(text, size, "triple fault");
}

int arch_debug_inject(struct vcpu *v, const struct arch_debug_event *ev)
{
	(void)ev;
	__atomic_add_fetch(&toy_injected, 1, __ATOMIC_SEQ_CST);
	cpu_of(v)->pc += 1;
	return 0;
}

int arch_nmi(struct vcpu *v)
{
	__atomic_add_fetch(&toy_nmis[v->index], 1, __ATOMIC_SEQ_CST);
	return 0;
}

static const struct arch_exception toy_exceptions[] = {
	{ "#A first", 0, FAULT_ARITHMETIC },
	{ "#B second", 5, FAULT_MEMORY },
	{ "#C third", 6, FAULT_INSN },
};
uint64_t toy_handlers[32];

const struct arch_exception *arch_exceptions(size_t *count)
{
	*count = sizeof(toy_exceptions) / sizeof(toy_exceptions[0]);
	return toy_exceptions;
}

uint64_t arch_exception_entry(struct vcpu *v, unsigned number)
{
	(void)v;
	return __atomic_load_n(&toy_handlers[number], __ATOMIC_SEQ_CST);
}

size_t arch_kernel_entries(struct vcpu *v, struct arch_kernel_entry out[ARCH_KERNEL_ENTRIES])
{
	out[0] = (struct arch_kernel_entry){ "first_handler", arch_exception_entry(v, 0) };
	return out[0].addr != 0;
}

void arch_exception_describe(struct vcpu *v, unsigned number, struct strbuf *out)
{
	(void)v;
	strbuf_printf(out, "exception %u", number);
}

const char *arch_msr_name(size_t n, uint64_t *index)
{
	*index = 0x10;
	return n ? NULL : "time";
}

unsigned toy_caught_msrs;

int arch_catch_msrs(struct machine *m, const uint32_t *msrs, size_t count, struct error *err)
{
	(void)m;
	if (count && msrs[count - 1] == TOY_MSR_REFUSED)
		return error_set(err, -ENOTSUP, "this one cannot be caught");
	toy_caught_msrs = (unsigned)count;
	return 0;
}

unsigned arch_phys_bits(const struct machine *m)
{
	(void)m;
	return 40;
}

unsigned arch_irq_routes(struct kvm_irq_routing_entry entries[ARCH_IRQ_ROUTES_MAX])
{
	entries[0] = (struct kvm_irq_routing_entry){ .gsi = 3, .type = KVM_IRQ_ROUTING_IRQCHIP };
	return 1;
}

const char *arch_kernel_device(struct machine *m, bool port, uint64_t addr)
{
	(void)m;
	return port && addr == 0x20 ? "PIC" : NULL;
}

const struct arch_exit *arch_exits(size_t *count)
{
	*count = 0;
	return NULL;
}

int fdt_build(struct machine *m, void **blob, size_t *size, struct error *err)
{
	(void)m, (void)err;
	*blob = NULL;
	*size = 0;
	return 0;
}

/* ---- for tests ---- */

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

	memset(slots, 0, sizeof(slots));
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
