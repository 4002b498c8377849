// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Registers for programs: pairs NAME=VALUE in the order and shape in which QEMU's `info registers`
 * has them, which scripts take apart with regular expressions (CR3=([0-9a-f]+), IDT= *(\S+)).
 */
#include "hv/arch/x86/x86.h"

#include "hv/vcpu.h"

typedef unsigned long long ull;

#define DF_BIT 10
#define HF_CPL 3

static void put_general(struct strbuf *out, const struct kvm_regs *r, const struct kvm_sregs *s)
{
	static const struct {
		char letter;
		unsigned bit;
	} flags[] = {
		{ 'D', DF_BIT }, { 'O', 11 }, { 'S', 7 }, { 'Z', 6 },
		{ 'A', 4 },	 { 'P', 2 },  { 'C', 0 },
	};
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "RAX", r->rax }, { "RBX", r->rbx }, { "RCX", r->rcx }, { "RDX", r->rdx },
		{ "RSI", r->rsi }, { "RDI", r->rdi }, { "RBP", r->rbp }, { "RSP", r->rsp },
		{ "R8 ", r->r8 },  { "R9 ", r->r9 },  { "R10", r->r10 }, { "R11", r->r11 },
		{ "R12", r->r12 }, { "R13", r->r13 }, { "R14", r->r14 }, { "R15", r->r15 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		strbuf_printf(out, "%s=%016llx%s", rows[i].name, (ull)rows[i].value,
			      i % 4 == 3 ? "\n" : " ");
	strbuf_printf(out, "RIP=%016llx RFL=%08llx [", (ull)r->rip, (ull)r->rflags);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		strbuf_printf(out, "%c", r->rflags >> flags[i].bit & 1 ? flags[i].letter : '-');
	strbuf_printf(out, "] CPL=%u\n", s->ss.dpl & HF_CPL);
}

/* The second half of the descriptor that it was loaded from (SDM vol. 3, 3.4.5), limit left out. */
static uint32_t descriptor(const struct kvm_segment *s)
{
	if (s->unusable)
		return 0;
	return (uint32_t)s->type << 8 | (uint32_t)s->s << 12 | (uint32_t)s->dpl << 13 |
	       (uint32_t)s->present << 15 | (uint32_t)s->avl << 20 | (uint32_t)s->l << 21 |
	       (uint32_t)s->db << 22 | (uint32_t)s->g << 23;
}

static void put_segment(struct strbuf *out, const char *name, const struct kvm_segment *s)
{
	bool code = s->s && s->type & 8;

	strbuf_printf(out, "%-3s=%04x %016llx %08x %08x", name, s->selector, (ull)s->base, s->limit,
		      descriptor(s));
	if (!s->unusable && s->present && s->s)
		strbuf_printf(out, " DPL=%u %-4s [%c%c%c]", s->dpl,
			      !code   ? "DS"
			      : s->l  ? "CS64"
			      : s->db ? "CS32"
				      : "CS16",
			      s->type & 4 ? code ? 'C' : 'E' : '-',
			      s->type & 2 ? code ? 'R' : 'W' : '-', s->type & 1 ? 'A' : '-');
	strbuf_puts(out, "\n");
}

static void put_system(struct strbuf *out, const struct kvm_sregs *s)
{
	put_segment(out, "ES", &s->es);
	put_segment(out, "CS", &s->cs);
	put_segment(out, "SS", &s->ss);
	put_segment(out, "DS", &s->ds);
	put_segment(out, "FS", &s->fs);
	put_segment(out, "GS", &s->gs);
	put_segment(out, "LDT", &s->ldt);
	put_segment(out, "TR", &s->tr);
	strbuf_printf(out, "GDT=     %016llx %08x\n", (ull)s->gdt.base, s->gdt.limit);
	strbuf_printf(out, "IDT=     %016llx %08x\n", (ull)s->idt.base, s->idt.limit);
	strbuf_printf(out, "CR0=%08llx CR2=%016llx CR3=%016llx CR4=%08llx\n", (ull)s->cr0,
		      (ull)s->cr2, (ull)s->cr3, (ull)s->cr4);
}

void arch_dump_pairs(struct vcpu *v, struct strbuf *out)
{
	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0) {
		strbuf_puts(out, "KVM does not show this vCPU's registers\n");
		return;
	}
	put_general(out, &v->arch.regs, &v->arch.sregs);
	put_system(out, &v->arch.sregs);
	if (x86_regs_load(v, X86_SET_DEBUG) == 0) {
		for (unsigned i = 0; i < X86_DR_COUNT; i++)
			strbuf_printf(out, "DR%u=%016llx%s", i, (ull)v->arch.debugregs.db[i],
				      i % 4 == 3 ? "\n" : " ");
		strbuf_printf(out, "DR6=%016llx DR7=%016llx\n", (ull)v->arch.debugregs.dr6,
			      (ull)v->arch.debugregs.dr7);
	}
	strbuf_printf(out, "EFER=%016llx\n", (ull)v->arch.sregs.efer);
}
