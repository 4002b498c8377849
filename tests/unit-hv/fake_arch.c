// SPDX-License-Identifier: GPL-3.0-or-later
/* arch.h for the fake KVM's processor. */
#include "fake_internal.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv/arch/arch.h"
#include "hv/arch/arch_pages.h"
#include "hv/boot/boot.h"
#include "hv/boot/fdt.h"
#include "hv/debug.h"
#include "hv/probe.h"
#include "hv/vcpu.h"

#define TOY_REGS 4

bool toy_has_soft = true, toy_has_hard = true, toy_has_data = true;
bool toy_io_untrapped, toy_denies_by_fault;
bool toy_emulates = true, toy_decodes = true;
uint64_t toy_io_stores, toy_used_page;
unsigned toy_injected, toy_emulated;
unsigned toy_nmis[MACHINE_MAX_VCPUS];
uint64_t toy_loaded;

const uint8_t arch_bp_insn[] = { TOY_BP };
const size_t arch_bp_insn_len = 1;

static struct toy_cpu *cpu_of(const struct vcpu *v)
{
	return &toy_cpus[v->index];
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
	toy_cpus[v->index] = (struct toy_cpu){ .v = v, .pc = TOY_LOAD };
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

bool arch_in_user_mode(struct vcpu *v)
{
	(void)v;
	return false;
}

int arch_reg_sp(void)
{
	return -1;
}

int arch_reg_fp(void)
{
	return -1;
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
	return toy_to_gpa(gva, &out->gpa) ? 0 : -EFAULT;
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
	if (!toy_decodes || !toy_to_gpa(c->pc, &gpa) || memory_read(v->m->ram, gpa, &op, 1) != 1 ||
	    (op != TOY_INC && op != TOY_LOAD8))
		return;
	a->item[a->count++] = (struct arch_access){ toy_operand(c, gpa), 8, true, op == TOY_INC };
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

int arch_msr_read(struct vcpu *v, uint64_t index, uint64_t *value)
{
	(void)v, (void)index;
	*value = 0;
	return -ENOTSUP;
}

int arch_msr_write(struct vcpu *v, uint64_t index, uint64_t value)
{
	(void)v, (void)index, (void)value;
	return -ENOTSUP;
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

void arch_exit_access(const struct vcpu *v, unsigned reason, struct record *rec)
{
	(void)v, (void)reason, (void)rec;
}

int fdt_build(struct machine *m, void **blob, size_t *size, struct error *err)
{
	(void)m, (void)err;
	*blob = NULL;
	*size = 0;
	return 0;
}
