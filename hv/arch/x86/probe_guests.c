// SPDX-License-Identifier: GPL-3.0-or-later
/* The probe's guests in x86 machine code (64-bit mode), and what only x86 has to find out. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/arch/arch_probe.h"
#include "hv/arch/x86/x86.h"
#include "hv/boot/layout.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

#define IRQ_VECTOR 0x20
/* The IDT and the handlers share PROBE_HANDLER's page. */
#define IDT_ADDR   (PROBE_HANDLER + 0x800)
#define IDT_GATES  (IRQ_VECTOR + 1)
#define BP_HANDLER (PROBE_HANDLER + 0x100)
#define GATE_64	   0x8e00u /* present, interrupt gate (SDM volume 3, 6.14.1) */

#define OUT_80	  0xe6, 0x80 /* out %al, $0x80: the end */
#define NOP	  0x90
#define AT(at)	  0x04, 0x25, (at)&0xff, (at) >> 8 & 0xff, (at) >> 16 & 0xff, (at) >> 24
#define STORE(at) 0x88, AT(at)
#define LOAD(at)  0x8a, AT(at)

static const uint8_t nops[] = { NOP, NOP, OUT_80 };
static const uint8_t brk[] = { 0xcc, OUT_80 };
static const uint8_t store[] = { STORE(PROBE_DATA), NOP, OUT_80 };
static const uint8_t store_denied[] = { STORE(PROBE_DENIED), OUT_80 };
static const uint8_t load_denied[] = { LOAD(PROBE_DENIED), OUT_80 };
static const uint8_t own_regs[] = { 0x0f, 0x23, 0xf8 /* mov %rax, %dr7 */, OUT_80 };
static const uint8_t exits[] = { OUT_80, 0xeb, 0xfc /* jmp to it */ };
static const uint8_t spin[] = { 0xeb, 0xfe };

const struct probe_guest arch_probe_guests[PROBE_CODE_COUNT] = {
	[PROBE_NOPS] = { nops, sizeof(nops), 1 },
	[PROBE_BREAK] = { brk, sizeof(brk), 1 },
	[PROBE_STORE] = { store, sizeof(store), 7 },
	[PROBE_STORE_DENIED] = { store_denied, sizeof(store_denied), 7 },
	[PROBE_LOAD_DENIED] = { load_denied, sizeof(load_denied), 7 },
	[PROBE_OWN_REGS] = { own_regs, sizeof(own_regs), 3 },
	[PROBE_EXITS] = { exits, sizeof(exits), 2 },
	[PROBE_SPIN] = { spin, sizeof(spin), 2 },
};

uint64_t arch_probe_tables(void)
{
	return LAYOUT_PML4;
}

static int write_handler(struct vcpu *v, unsigned vector, uint64_t addr, const void *code,
			 size_t size)
{
	const uint64_t gate[2] = {
		(addr & 0xffff) | LAYOUT_SEL_CODE << 16 | (uint64_t)GATE_64 << 32 |
			(addr >> 16 & 0xffff) << 48,
		addr >> 32,
	};

	if (memory_write(v->m->ram, addr, code, size) != size ||
	    memory_write(v->m->ram, IDT_ADDR + vector * sizeof(gate), gate, sizeof(gate)) !=
		    sizeof(gate))
		return -EFAULT;
	return 0;
}

static int use_idt(struct vcpu *v)
{
	int ret = x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS);

	if (ret < 0)
		return ret;
	v->arch.sregs.idt.base = IDT_ADDR;
	v->arch.sregs.idt.limit = IDT_GATES * 16 - 1;
	v->arch.dirty |= X86_SET_SREGS;
	return 0;
}

/* The PIC as an operating system sets it up: vectors from IRQ_VECTOR on, line 0 let through. */
static int open_pic(struct vcpu *v)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

	if (ioctl(v->m->vm_fd, KVM_GET_IRQCHIP, &chip) < 0)
		return -errno;
	chip.chip.pic.irq_base = IRQ_VECTOR;
	chip.chip.pic.imr = 0xfe;
	chip.chip.pic.init_state = 0;
	return ioctl(v->m->vm_fd, KVM_SET_IRQCHIP, &chip) < 0 ? -errno : 0;
}

int arch_probe_raise_irq(struct vcpu *v)
{
	static const uint8_t handler[] = { OUT_80 };
	struct kvm_irq_level line = { .irq = 0, .level = 1 };
	int ret = write_handler(v, IRQ_VECTOR, PROBE_HANDLER, handler, sizeof(handler));

	if (!ret)
		ret = use_idt(v);
	if (!ret)
		ret = open_pic(v);
	if (ret < 0)
		return ret;
	v->arch.regs.rflags |= RFLAGS_IF;
	v->arch.dirty |= X86_SET_REGS;
	return ioctl(v->m->vm_fd, KVM_IRQ_LINE, &line) < 0 ? -errno : 0;
}

/*
 * Where does a #BP that we inject tell the handler to return to? Hardware and KVM add the
 * int3's length; a KVM that reports the int3 as an emulation failure may not.
 */
static bool bp_pushes_insn(struct vcpu *v, int (*start)(struct vcpu *v, enum probe_code code),
			   int (*enter)(struct vcpu *v))
{
	static const uint8_t handler[] = { 0x58 /* pop %rax */, OUT_80 };
	const struct arch_debug dbg = { .soft = true };
	struct arch_debug_event ev;

	if (start(v, PROBE_BREAK) < 0 || arch_debug_set(v, &dbg) < 0 ||
	    write_handler(v, BP_VECTOR, BP_HANDLER, handler, sizeof(handler)) < 0 || use_idt(v) < 0)
		return false;
	enter(v);
	arch_debug_exit(v, &ev);
	if (ev.kind != ARCH_DEBUG_SOFT || arch_debug_inject(v, &ev) < 0)
		return false;
	return enter(v) == KVM_EXIT_IO && x86_regs_load(v, X86_SET_REGS) == 0 &&
	       v->arch.regs.rax == PROBE_CODE;
}

/* Does the resume flag keep a breakpoint on the instruction at pc from firing again? */
static bool rf_passes(struct vcpu *v, int (*start)(struct vcpu *v, enum probe_code code),
		      int (*enter)(struct vcpu *v))
{
	const struct arch_debug dbg = {
		.hw[0] = { .used = true, .kind = BP_HARD, .addr = PROBE_CODE, .len = 1 },
	};

	if (start(v, PROBE_NOPS) < 0 || arch_debug_set(v, &dbg) < 0 || enter(v) != KVM_EXIT_DEBUG ||
	    x86_regs_load(v, X86_SET_REGS) < 0)
		return false;
	v->arch.regs.rflags |= RFLAGS_RF;
	v->arch.dirty |= X86_SET_REGS;
	return enter(v) == KVM_EXIT_IO;
}

uint64_t arch_probe_findings(struct vcpu *v, int (*start)(struct vcpu *v, enum probe_code code),
			     int (*enter)(struct vcpu *v))
{
	uint64_t found = 0;

	/* The trials so far have stepped instructions on pages that nobody had touched. */
	if (v->arch.saw_early_trap)
		found |= X86_FOUND_EARLY_TRAPS;
	if (rf_passes(v, start, enter))
		found |= X86_FOUND_RF_PASSES;
	if (bp_pushes_insn(v, start, enter))
		found |= X86_FOUND_BP_AT_INSN;
	return found;
}
