// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Exceptions as the guest takes them: where its handlers are (SDM volume 3, 6.10 to 6.14), and what
 * lies on the stack when one is entered:
 *
 *   SP -> error code, for some | IP | CS | FLAGS | in 64-bit mode SP and SS
 */
#include "hv/arch/x86/x86.h"

#include "hv/machine.h"
#include "hv/vcpu.h"

#define GATE_PRESENT   0x80
#define GATE_TYPE      0x0f
#define GATE_INTERRUPT 0x0e /* 32 or 64 bits; with bit 0 a trap gate */

/* SDM volume 3, table 6-1; AMD APM volume 2, 8.2 for 28 to 30. */
static const struct arch_exception exceptions[] = {
	{ "#DE divide error", 0, FAULT_ARITHMETIC },
	{ "#DB debug", 1, FAULT_NONE },
	{ "#BP breakpoint", 3, FAULT_NONE },
	{ "#OF overflow", 4, FAULT_MEMORY },
	{ "#BR bound range", 5, FAULT_MEMORY },
	{ "#UD invalid opcode", 6, FAULT_INSN },
	{ "#NM no FPU", 7, FAULT_MEMORY },
	{ "#DF double fault", 8, FAULT_MEMORY },
	{ "#TS invalid TSS", 10, FAULT_MEMORY },
	{ "#NP segment not present", 11, FAULT_BUS },
	{ "#SS stack fault", 12, FAULT_BUS },
	{ "#GP general protection", 13, FAULT_MEMORY },
	{ "#PF page fault", 14, FAULT_MEMORY },
	{ "#MF FPU error", 16, FAULT_ARITHMETIC },
	{ "#AC alignment check", 17, FAULT_BUS },
	{ "#MC machine check", 18, FAULT_BUS },
	{ "#XM SIMD error", 19, FAULT_ARITHMETIC },
	{ "#VE virtualization", 20, FAULT_MEMORY },
	{ "#CP control protection", 21, FAULT_MEMORY },
	{ "#HV hypervisor injection", 28, FAULT_NONE },
	{ "#VC VMM communication", 29, FAULT_MEMORY },
	{ "#SX security", 30, FAULT_MEMORY },
};
/* Those that push an error code. */
#define WITH_ERROR                                                                              \
	(1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21 | \
	 1u << 29 | 1u << 30)

const struct arch_exception *arch_exceptions(size_t *count)
{
	*count = sizeof(exceptions) / sizeof(exceptions[0]);
	return exceptions;
}

int x86_gate_bits(const struct kvm_sregs *s)
{
	if (s->efer & EFER_LMA)
		return 64;
	return (s->cr0 & CR0_PE) ? 32 : 16;
}

/* Code segments are flat but in real mode. */
uint64_t x86_handler(struct vcpu *v, uint8_t vector)
{
	const struct kvm_sregs *s = &v->arch.sregs;
	int bits = x86_gate_bits(s);
	uint64_t size = bits == 64 ? 16 : bits == 32 ? 8 : 4;
	uint8_t gate[16] = { 0 };
	struct arch_translation t;

	if (vector * size + size - 1 > s->idt.limit ||
	    arch_translate(v, s->idt.base + vector * size, &t) < 0 ||
	    memory_read(v->m->ram, t.gpa, gate, size) != size)
		return 0;
	if (bits != 16 &&
	    (!(gate[5] & GATE_PRESENT) || (gate[5] & GATE_TYPE & ~1) != GATE_INTERRUPT))
		return 0;
	return x86_gate_offset(gate, bits);
}

uint64_t arch_exception_entry(struct vcpu *v, unsigned number)
{
	if (x86_regs_load(v, X86_SET_SREGS) < 0)
		return 0;
	/* Real mode's vectors are the timer's and the firmware's, too. */
	if (x86_gate_bits(&v->arch.sregs) == 16)
		return 0;
	return x86_handler(v, (uint8_t)number);
}

size_t arch_kernel_entries(struct vcpu *v, struct arch_kernel_entry out[ARCH_KERNEL_ENTRIES])
{
	/* Exception 0's handler: of head_64.S, of 5.8 and later, and before. */
	static const char *const names[] = { "early_idt_handler_array", "asm_exc_divide_error",
					     "divide_error" };
	uint64_t addr = arch_exception_entry(v, 0);
	size_t count = 0;

	for (size_t i = 0; addr && i < sizeof(names) / sizeof(names[0]); i++)
		out[count++] = (struct arch_kernel_entry){ names[i], addr };
	if (!x86_msr_read(v, MSR_LSTAR, &addr) && addr)
		out[count++] = (struct arch_kernel_entry){ "entry_SYSCALL_64", addr };
	return count;
}

static void describe_page_fault(struct strbuf *out, uint64_t code)
{
	const char *what = code & 16 ? "fetch" : code & 2 ? "write" : "read";

	/* SDM volume 3, 4.7. */
	strbuf_printf(out, " (%s by %s, %s)", what, code & 4 ? "user mode" : "the kernel",
		      code & 8	  ? "reserved bits in the tables"
		      : code & 32 ? "protection key"
		      : code & 1  ? "not allowed"
				  : "not mapped");
}

static void describe_selector(struct strbuf *out, uint64_t code)
{
	/* SDM volume 3, 6.13. */
	if (code & 2)
		strbuf_printf(out, " (IDT entry %u)", (unsigned)code >> 3 & 0xff);
	else if (code)
		strbuf_printf(out, " (selector 0x%x of the %s)", (unsigned)code & 0xfff8,
			      code & 4 ? "LDT" : "GDT");
}

void arch_exception_describe(struct vcpu *v, unsigned number, struct strbuf *out)
{
	const struct arch_exception *row = exceptions;
	size_t count = sizeof(exceptions) / sizeof(exceptions[0]);
	bool has_error = WITH_ERROR >> number & 1;
	uint64_t code = 0, ip, cs;
	unsigned slot, at;

	while (count-- && row->number != number)
		row++;
	strbuf_printf(out, "%s (%u)", row->name, number);
	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0)
		return;
	slot = (unsigned)x86_gate_bits(&v->arch.sregs) / 8;
	at = has_error ? slot : 0;
	if ((has_error && !x86_stack_value(v, 0, slot, &code)) ||
	    !x86_stack_value(v, at, slot, &ip) || !x86_stack_value(v, at + slot, 2, &cs)) {
		strbuf_puts(out, ", its frame cannot be read");
		return;
	}
	strbuf_printf(out, " at 0x%llx, cs 0x%x", (unsigned long long)ip, (unsigned)cs);
	if (has_error)
		strbuf_printf(out, ", error 0x%x", (unsigned)code);
	if (number == PF_VECTOR) {
		describe_page_fault(out, code);
		strbuf_printf(out, ", cr2 0x%llx", (unsigned long long)v->arch.sregs.cr2);
	} else if (has_error) {
		describe_selector(out, code);
	}
}
