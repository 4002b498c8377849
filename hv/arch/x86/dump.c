// SPDX-License-Identifier: GPL-3.0-or-later
/* Registers for a person, as a debugger's "info registers" and the report of a fatal exit show
 * them. */
#include "hv/arch/x86/x86.h"

#include <sys/ioctl.h>

#include "hv/machine.h"
#include "hv/vcpu.h"

typedef unsigned long long ull;

static void dump_segment(struct strbuf *out, const char *name, const struct kvm_segment *s)
{
	if (s->unusable) {
		strbuf_printf(out, "%-3s %04x unusable\n", name, s->selector);
		return;
	}
	strbuf_printf(out, "%-3s %04x base %016llx limit %08x type %x dpl %u%s%s%s%s\n", name,
		      s->selector, (ull)s->base, s->limit, s->type, s->dpl, s->s ? "" : " system",
		      s->present ? "" : " absent", s->l ? " 64-bit" : "", s->db ? " 32-bit" : "");
}

static void dump_flags(struct strbuf *out, const char *name, const char *type, uint64_t value)
{
	strbuf_printf(out, "%-4s %016llx ", name, (ull)value);
	x86_flags_format(out, type, value);
	strbuf_puts(out, "\n");
}

static void dump_general(struct strbuf *out, const struct kvm_regs *r)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "rax", r->rax }, { "rbx", r->rbx }, { "rcx", r->rcx }, { "rdx", r->rdx },
		{ "rsi", r->rsi }, { "rdi", r->rdi }, { "rbp", r->rbp }, { "rsp", r->rsp },
		{ "r8", r->r8 },   { "r9", r->r9 },   { "r10", r->r10 }, { "r11", r->r11 },
		{ "r12", r->r12 }, { "r13", r->r13 }, { "r14", r->r14 }, { "r15", r->r15 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		strbuf_printf(out, "%-3s %016llx%s", rows[i].name, (ull)rows[i].value,
			      i % 4 == 3 ? "\n" : "  ");
	strbuf_printf(out, "rip %016llx  rflags %08llx ", (ull)r->rip, (ull)r->rflags);
	x86_flags_format(out, "i386_eflags", r->rflags);
	strbuf_puts(out, "\n");
}

static void dump_system(struct strbuf *out, const struct kvm_sregs *s)
{
	dump_segment(out, "cs", &s->cs);
	dump_segment(out, "ss", &s->ss);
	dump_segment(out, "ds", &s->ds);
	dump_segment(out, "es", &s->es);
	dump_segment(out, "fs", &s->fs);
	dump_segment(out, "gs", &s->gs);
	dump_segment(out, "ldt", &s->ldt);
	dump_segment(out, "tr", &s->tr);
	strbuf_printf(out, "gdt base %016llx limit %04x  idt base %016llx limit %04x\n",
		      (ull)s->gdt.base, s->gdt.limit, (ull)s->idt.base, s->idt.limit);
	dump_flags(out, "cr0", "x86_cr0", s->cr0);
	strbuf_printf(out, "cr2  %016llx  cr3 %016llx  cr8 %llx\n", (ull)s->cr2, (ull)s->cr3,
		      (ull)s->cr8);
	dump_flags(out, "cr4", "x86_cr4", s->cr4);
	dump_flags(out, "efer", "x86_efer", s->efer);
}

void arch_dump(struct vcpu *v, struct strbuf *out)
{
	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0) {
		strbuf_puts(out, "KVM does not show this vCPU's registers\n");
		return;
	}
	dump_general(out, &v->arch.regs);
	dump_system(out, &v->arch.sregs);
	if (x86_regs_load(v, X86_SET_DEBUG) < 0)
		return;
	for (unsigned i = 0; i < X86_DR_COUNT; i++)
		strbuf_printf(out, "dr%u %016llx%s", i, (ull)v->arch.debugregs.db[i],
			      i % 4 == 3 ? "\n" : "  ");
	dump_flags(out, "dr6", "x86_dr6", v->arch.debugregs.dr6);
	dump_flags(out, "dr7", "x86_dr7", v->arch.debugregs.dr7);
}

const char *arch_activity(struct vcpu *v)
{
	static const struct {
		uint32_t state;
		const char *name;
	} rows[] = {
		{ KVM_MP_STATE_RUNNABLE, "runnable" },
		{ KVM_MP_STATE_UNINITIALIZED, "waiting for INIT" },
		{ KVM_MP_STATE_INIT_RECEIVED, "waiting for SIPI" },
		{ KVM_MP_STATE_HALTED, "halted" },
		{ KVM_MP_STATE_SIPI_RECEIVED, "starting" },
	};
	struct kvm_mp_state mp;

	if (ioctl(v->fd, KVM_GET_MP_STATE, &mp) < 0)
		return "unknown";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].state == mp.mp_state)
			return rows[i].name;
	return "unknown";
}
