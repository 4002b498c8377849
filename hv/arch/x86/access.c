// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which bytes of memory an instruction accesses, and how: for watchpoints that
 * no debug register has, where the processor only says that a page was touched.
 *
 * What is asked before the instruction runs is cut down to what happened once it has: it may have
 * faulted, an event may have been delivered in its place, or a part of its repetitions be done.
 */
#include "hv/arch/x86/access.h"

#include "hv/arch/arch_disas.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

static uint64_t repeat_mask(const struct arch_accesses *a)
{
	return a->addr_size < 8 ? (1ull << (a->addr_size * 8u)) - 1 : ~0ull;
}

/* All that is left of the repetitions. */
static void repeat(struct vcpu *v, struct arch_accesses *a, uint64_t times)
{
	for (unsigned i = 0; i < a->count; i++) {
		struct arch_access *item = &a->item[i];

		if ((v->arch.regs.rflags & RFLAGS_DF) && times)
			item->addr -= (times - 1) * item->len;
		item->len *= times;
	}
}

static bool decode(struct vcpu *v, struct arch_accesses *a, const uint8_t *code, size_t len)
{
	struct arch_disas how;
	cs_insn *insn;
	csh handle;

	if (arch_disas(arch_code_bits(v), &how) ||
	    cs_open(how.arch, how.mode, &handle) != CS_ERR_OK)
		return false;
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	if (cs_disasm(handle, code, len, a->pc, 1, &insn) == 1) {
		a->addr_size = insn->detail->x86.addr_size;
		x86_access_operands(v, a, insn);
		cs_free(insn, 1);
	}
	cs_close(&handle);
	return true;
}

static bool event_waits(const struct vcpu *v)
{
	const struct kvm_vcpu_events *e = &v->arch.events;

	return e->exception.injected || e->exception.pending || e->interrupt.injected ||
	       e->nmi.injected;
}

void arch_accesses_before(struct vcpu *v, struct arch_accesses *a)
{
	uint8_t code[ARCH_INSN_MAX - 1];
	ssize_t n;

	*a = (struct arch_accesses){ .pc = arch_pc(v) };
	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS | X86_SET_EVENTS) < 0)
		return;
	a->counter = v->arch.regs.rcx;
	a->event = event_waits(v);
	n = vcpu_mem_read(v, a->pc, code, sizeof(code));
	if (n > 0 && !a->event)
		decode(v, a, code, (size_t)n);
	a->known |= a->event;
}

/* ---- and what became of it ---- */

#define EXCEPTIONS 32
/* Those that push an error code (SDM volume 3, table 6-1). */
#define WITH_ERROR_CODE \
	(1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21)

/* Whether @v is at the first instruction of a handler of an exception; with its error code? */
static bool in_handler(struct vcpu *v, bool *error_code)
{
	uint64_t pc = arch_pc(v);

	for (uint8_t vector = 0; vector < EXCEPTIONS; vector++) {
		if (x86_handler(v, vector) == pc) {
			*error_code = WITH_ERROR_CODE >> vector & 1;
			return true;
		}
	}
	return false;
}

/* The processor has put a frame on the stack. */
static void add_frame(struct vcpu *v, struct arch_accesses *a)
{
	unsigned size = (unsigned)x86_gate_bits(&v->arch.sregs) / 8;
	unsigned slots = size == 8 ? 5 : 3;
	bool error_code = false;

	in_handler(v, &error_code);
	x86_access_add(a, x86_linear(v, &v->arch.sregs.ss, v->arch.regs.rsp),
		       (uint64_t)size * (slots + (error_code && size > 2)), X86_ACCESS_WRITE);
}

void arch_accesses_after(struct vcpu *v, struct arch_accesses *a)
{
	uint64_t pc = arch_pc(v), mask = repeat_mask(a);
	bool error_code;

	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0)
		return;
	if (a->event) {
		add_frame(v, a);
		return;
	}
	if (!a->known || pc == a->next || (a->repeats && pc == a->pc)) {
		if (a->known && a->repeats)
			repeat(v, a, ((a->counter & mask) - (v->arch.regs.rcx & mask)) & mask);
		return;
	}
	if (a->jumps && !in_handler(v, &error_code))
		return;
	/* It faulted, and the accesses were not made. */
	a->count = 0;
	add_frame(v, a);
}

/* ---- I/O ---- */

/* The bytes that a string instruction just behind pc has read, at [rsi] before it moved on. */
static void add_passed(struct vcpu *v, struct arch_accesses *a, uint64_t len)
{
	const struct kvm_regs *r = &v->arch.regs;
	uint64_t at = r->rflags & RFLAGS_DF ? r->rsi + len : r->rsi - len;

	x86_access_add(a, x86_linear(v, &v->arch.sregs.ds, at), len, X86_ACCESS_READ);
}

/* Whether an OUT begins or ends at pc; @code: from two bytes before it on. */
static bool is_plain_out(const uint8_t *code, uint16_t port)
{
	const uint8_t *op = code[2] == 0x66 ? code + 3 : code + 2;

	return op[0] == 0xee || op[0] == 0xef || ((op[0] & 0xfe) == 0xe6 && op[1] == port) ||
	       ((code[0] & 0xfe) == 0xe6 && code[1] == port);
}

static bool is_outs(const uint8_t *code, uint16_t port, bool repeats)
{
	const uint8_t *op = code + 3 + (code[3] == 0x66);

	if (repeats && (op[0] & 0xfe) == 0x6e)
		return true;
	return (code[1] & 0xfe) == 0x6e && !is_plain_out(code, port);
}

/* The byte before pc may be another instruction's last one: MOVS has stored at [rdi]. */
static bool is_movs(struct vcpu *v, const uint8_t *code, uint64_t len, bool repeats)
{
	const struct kvm_regs *r = &v->arch.regs;
	uint64_t to = r->rflags & RFLAGS_DF ? r->rdi + len : r->rdi - len;
	struct arch_translation t;

	return (repeats || (code[1] & 0xfe) == 0xa4) && arch_translate(v, to, &t) == 0 &&
	       t.gpa == v->run->mmio.phys_addr;
}

/* KVM has moved rsi behind what was read, and rip behind the instruction when that was the last. */
static void add_output(struct vcpu *v, struct arch_accesses *a)
{
	const struct kvm_run *run = v->run;
	bool port = run->exit_reason == KVM_EXIT_IO;
	uint64_t len = port ? (uint64_t)run->io.size * run->io.count : run->mmio.len;
	uint8_t code[6] = { 0 };

	a->count = 0;
	if (vcpu_mem_read(v, a->pc - 2, code, sizeof(code)) < 2)
		return;
	if (port ? is_outs(code, run->io.port, a->repeats) : is_movs(v, code, len, a->repeats))
		add_passed(v, a, len);
}

void arch_accesses_of_io(struct vcpu *v, struct arch_accesses *a)
{
	const struct kvm_run *run = v->run;
	bool port = run->exit_reason == KVM_EXIT_IO;

	arch_accesses_before(v, a);
	if (port ? run->io.direction == KVM_EXIT_IO_OUT : run->mmio.is_write)
		add_output(v, a);
	else if (a->repeats)
		repeat(v, a, port ? run->io.count : 1);
}
