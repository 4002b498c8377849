// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The operands in memory of one instruction, as capstone decodes it. See access.c.
 *
 * capstone knows addresses and lengths well; what is read and what is written it confuses for some
 * instructions, and the stack is no operand to it: the tables below say so.
 */
#include "hv/arch/x86/access.h"

#include <string.h>

#include "hv/machine.h"
#include "hv/vcpu.h"

#define READ   X86_ACCESS_READ
#define WRITE  X86_ACCESS_WRITE
#define UPDATE (READ | WRITE)
#define NONE   4u /* an address, and no access */

#define LEGACY_XSAVE 576u /* with its header; SDM volume 1, 13.4 */

/* ---- what capstone does not say, or says wrongly ---- */

/* Of the operand in memory. Size 0: as capstone says. */
static const struct {
	x86_insn id;
	uint8_t how;
	uint16_t size;
} operands[] = {
	{ X86_INS_LEA, NONE, 0 },	   { X86_INS_NOP, NONE, 0 },
	{ X86_INS_PREFETCH, NONE, 0 },	   { X86_INS_PREFETCHW, NONE, 0 },
	{ X86_INS_PREFETCHNTA, NONE, 0 },  { X86_INS_PREFETCHT0, NONE, 0 },
	{ X86_INS_PREFETCHT1, NONE, 0 },   { X86_INS_PREFETCHT2, NONE, 0 },
	{ X86_INS_INVLPG, NONE, 0 },	   { X86_INS_CLFLUSH, NONE, 0 },
	{ X86_INS_CLFLUSHOPT, NONE, 0 },   { X86_INS_CLWB, NONE, 0 },
	{ X86_INS_ROL, UPDATE, 0 },	   { X86_INS_ROR, UPDATE, 0 },
	{ X86_INS_RCL, UPDATE, 0 },	   { X86_INS_RCR, UPDATE, 0 },
	{ X86_INS_SHL, UPDATE, 0 },	   { X86_INS_SHR, UPDATE, 0 },
	{ X86_INS_SAL, UPDATE, 0 },	   { X86_INS_SAR, UPDATE, 0 },
	{ X86_INS_CMPXCHG, UPDATE, 0 },	   { X86_INS_CMPXCHG8B, UPDATE, 0 },
	{ X86_INS_CMPXCHG16B, UPDATE, 0 }, { X86_INS_MOVNTI, WRITE, 0 },
	{ X86_INS_FST, WRITE, 0 },	   { X86_INS_FSTP, WRITE, 0 },
	{ X86_INS_FIST, WRITE, 0 },	   { X86_INS_FISTP, WRITE, 0 },
	{ X86_INS_FISTTP, WRITE, 0 },	   { X86_INS_FBSTP, WRITE, 10 },
	{ X86_INS_FBLD, READ, 10 },	   { X86_INS_FNSTCW, WRITE, 2 },
	{ X86_INS_FNSTSW, WRITE, 2 },	   { X86_INS_STMXCSR, WRITE, 4 },
	{ X86_INS_FNSAVE, WRITE, 108 },	   { X86_INS_FRSTOR, READ, 108 },
	{ X86_INS_FXSAVE, WRITE, 512 },	   { X86_INS_FXSAVE64, WRITE, 512 },
	{ X86_INS_FXRSTOR, READ, 512 },	   { X86_INS_FXRSTOR64, READ, 512 },
	{ X86_INS_COMISD, READ, 8 },	   { X86_INS_UCOMISD, READ, 8 },
	{ X86_INS_COMISS, READ, 4 },	   { X86_INS_UCOMISS, READ, 4 },
};

static const struct {
	x86_insn id;
	uint8_t how;
} state_areas[] = {
	{ X86_INS_XSAVE, WRITE },    { X86_INS_XSAVE64, WRITE },    { X86_INS_XSAVEOPT, WRITE },
	{ X86_INS_XSAVEC, WRITE },   { X86_INS_XSAVEC64, WRITE },   { X86_INS_XSAVES, WRITE },
	{ X86_INS_XSAVES64, WRITE }, { X86_INS_XSAVEOPT64, WRITE }, { X86_INS_XRSTOR, READ },
	{ X86_INS_XRSTOR64, READ },  { X86_INS_XRSTORS, READ },	    { X86_INS_XRSTORS64, READ },
};

/* Slots of the stack; the size of one, 0: the mode's. */
static const struct {
	x86_insn id;
	uint8_t how, slots, size;
} stack_uses[] = {
	{ X86_INS_PUSH, WRITE, 1, 0 },	 { X86_INS_PUSHF, WRITE, 1, 2 },
	{ X86_INS_PUSHFD, WRITE, 1, 4 }, { X86_INS_PUSHFQ, WRITE, 1, 8 },
	{ X86_INS_PUSHAW, WRITE, 8, 2 }, { X86_INS_PUSHAL, WRITE, 8, 4 },
	{ X86_INS_CALL, WRITE, 1, 0 },	 { X86_INS_LCALL, WRITE, 2, 0 },
	{ X86_INS_ENTER, WRITE, 1, 0 },	 { X86_INS_POP, READ, 1, 0 },
	{ X86_INS_POPF, READ, 1, 2 },	 { X86_INS_POPFD, READ, 1, 4 },
	{ X86_INS_POPFQ, READ, 1, 8 },	 { X86_INS_POPAW, READ, 8, 2 },
	{ X86_INS_POPAL, READ, 8, 4 },	 { X86_INS_RET, READ, 1, 0 },
	{ X86_INS_RETF, READ, 2, 4 },	 { X86_INS_RETFQ, READ, 2, 8 },
	{ X86_INS_IRET, READ, 3, 2 },	 { X86_INS_IRETD, READ, 3, 4 },
	{ X86_INS_IRETQ, READ, 5, 8 },	 { X86_INS_LEAVE, READ, 1, 0 },
};

/* String instructions by opcode, whose names SSE has too: what the operands [rsi] and [rdi] are. */
static bool string_operand(const cs_x86 *x, const cs_x86_op *op, uint8_t *how)
{
	bool dest = op->mem.base == X86_REG_RDI || op->mem.base == X86_REG_EDI ||
		    op->mem.base == X86_REG_DI;

	if (x->opcode[1])
		return false;
	switch (x->opcode[0]) {
	case 0x6c: /* INS */
	case 0x6d:
	case 0xaa: /* STOS */
	case 0xab:
		*how = WRITE;
		return true;
	case 0xa4: /* MOVS */
	case 0xa5:
		*how = dest ? WRITE : READ;
		return true;
	case 0x6e: /* OUTS */
	case 0x6f:
	case 0xa6: /* CMPS */
	case 0xa7:
	case 0xac: /* LODS, SCAS */
	case 0xad:
	case 0xae:
	case 0xaf:
		*how = READ;
		return true;
	}
	return false;
}

/* ---- registers ---- */

static const struct {
	x86_reg r64, r32, r16;
} numbered[16] = {
	{ X86_REG_RAX, X86_REG_EAX, X86_REG_INVALID },
	{ X86_REG_RCX, X86_REG_ECX, X86_REG_INVALID },
	{ X86_REG_RDX, X86_REG_EDX, X86_REG_INVALID },
	{ X86_REG_RBX, X86_REG_EBX, X86_REG_BX },
	{ X86_REG_RSP, X86_REG_ESP, X86_REG_SP },
	{ X86_REG_RBP, X86_REG_EBP, X86_REG_BP },
	{ X86_REG_RSI, X86_REG_ESI, X86_REG_SI },
	{ X86_REG_RDI, X86_REG_EDI, X86_REG_DI },
	{ X86_REG_R8, X86_REG_R8D, X86_REG_INVALID },
	{ X86_REG_R9, X86_REG_R9D, X86_REG_INVALID },
	{ X86_REG_R10, X86_REG_R10D, X86_REG_INVALID },
	{ X86_REG_R11, X86_REG_R11D, X86_REG_INVALID },
	{ X86_REG_R12, X86_REG_R12D, X86_REG_INVALID },
	{ X86_REG_R13, X86_REG_R13D, X86_REG_INVALID },
	{ X86_REG_R14, X86_REG_R14D, X86_REG_INVALID },
	{ X86_REG_R15, X86_REG_R15D, X86_REG_INVALID },
};

/* False: not one that an address is made of here (a vector of them, say). */
static bool reg_value(struct vcpu *v, const cs_insn *insn, x86_reg reg, uint64_t *value)
{
	struct kvm_regs *r = &v->arch.regs;

	*value = 0;
	if (reg == X86_REG_INVALID || reg == X86_REG_RIZ || reg == X86_REG_EIZ)
		return true;
	if (reg == X86_REG_RIP || reg == X86_REG_EIP) {
		*value = r->rip + insn->size;
		return true;
	}
	for (unsigned n = 0; n < 16; n++) {
		uint64_t all = *x86_gpr(r, n);

		if (reg == numbered[n].r64 || reg == numbered[n].r32 || reg == numbered[n].r16) {
			*value = reg == numbered[n].r64	  ? all
				 : reg == numbered[n].r32 ? (uint32_t)all
							  : (uint16_t)all;
			return true;
		}
	}
	return false;
}

static const struct kvm_segment *segment_of(const struct kvm_sregs *s, const x86_op_mem *mem)
{
	const struct {
		x86_reg reg;
		const struct kvm_segment *segment;
	} rows[] = {
		{ X86_REG_CS, &s->cs }, { X86_REG_DS, &s->ds }, { X86_REG_ES, &s->es },
		{ X86_REG_FS, &s->fs }, { X86_REG_GS, &s->gs }, { X86_REG_SS, &s->ss },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].reg == mem->segment)
			return rows[i].segment;
	if (mem->base == X86_REG_BP || mem->base == X86_REG_EBP || mem->base == X86_REG_SP ||
	    mem->base == X86_REG_ESP)
		return &s->ss;
	return &s->ds;
}

/* In 64-bit mode FS and GS alone have a base (SDM volume 3, 3.4.4). */
uint64_t x86_linear(struct vcpu *v, const struct kvm_segment *seg, uint64_t offset)
{
	const struct kvm_sregs *s = &v->arch.sregs;

	if (arch_code_bits(v) != 64)
		return (uint32_t)(seg->base + offset);
	return offset + (seg == &s->fs || seg == &s->gs ? seg->base : 0);
}

/* ---- the instruction ---- */

void x86_access_add(struct arch_accesses *a, uint64_t addr, uint64_t len, uint8_t how)
{
	if (how == NONE || !len)
		return;
	if (a->count == ARCH_ACCESSES_MAX) {
		a->known = false;
		return;
	}
	a->item[a->count++] = (struct arch_access){ addr, len, how & READ, how & WRITE };
}

/* What the instruction's mask selects of the state that XCR0 has enabled, to its last byte. */
static uint64_t state_size(struct vcpu *v)
{
	const struct x86_xsave_layout *l = &v->m->arch->xsave;
	uint64_t mask = (uint32_t)v->arch.regs.rax | v->arch.regs.rdx << 32;
	uint64_t end = LEGACY_XSAVE;

	if (x86_regs_load(v, X86_SET_XCRS) == 0 && v->arch.xcrs.nr_xcrs)
		mask &= v->arch.xcrs.xcrs[0].value;
	for (unsigned i = 2; i < XSAVE_COMPONENTS; i++)
		if ((mask >> i & 1) && l->comp[i].offset + l->comp[i].size > end)
			end = l->comp[i].offset + l->comp[i].size;
	return end;
}

static bool is_vector(x86_reg reg)
{
	return (reg >= X86_REG_XMM0 && reg <= X86_REG_ZMM31) ||
	       (reg >= X86_REG_MM0 && reg <= X86_REG_MM7);
}

/* How the operand @n, in memory, is accessed; @size is capstone's. */
static uint8_t how_accessed(struct vcpu *v, const cs_insn *insn, unsigned n, uint64_t *size)
{
	const cs_x86 *x = &insn->detail->x86;
	const cs_x86_op *op = &x->operands[n];
	uint8_t how;

	if (string_operand(x, op, &how))
		return how;
	for (size_t i = 0; i < sizeof(operands) / sizeof(operands[0]); i++) {
		if (operands[i].id != insn->id)
			continue;
		*size = operands[i].size ? operands[i].size : *size;
		return operands[i].how;
	}
	for (size_t i = 0; i < sizeof(state_areas) / sizeof(state_areas[0]); i++) {
		if (state_areas[i].id != insn->id)
			continue;
		*size = state_size(v);
		return state_areas[i].how;
	}
	/* Vector instructions have memory first when, and only when, they store. */
	if (n == 0 && x->op_count > 1 && x->operands[1].type == X86_OP_REG &&
	    (is_vector(x->operands[1].reg) || insn->id == X86_INS_MOVBE))
		return WRITE;
	return op->access & UPDATE;
}

/* Of a bit that a register numbers: any distance from the operand. */
static uint64_t bit_offset(struct vcpu *v, const cs_insn *insn)
{
	const cs_x86_op *op = insn->detail->x86.operands;
	uint64_t bit;
	unsigned bits = op[0].size * 8u;

	if ((insn->id != X86_INS_BT && insn->id != X86_INS_BTS && insn->id != X86_INS_BTR &&
	     insn->id != X86_INS_BTC) ||
	    op[1].type != X86_OP_REG || !reg_value(v, insn, op[1].reg, &bit))
		return 0;
	if (op[1].size < 8)
		bit = (uint64_t)((int64_t)(bit << (64 - op[1].size * 8u)) >>
				 (64 - op[1].size * 8u));
	return (uint64_t)((int64_t)bit >> __builtin_ctz(bits)) * op[0].size;
}

static void add_operand(struct vcpu *v, struct arch_accesses *a, const cs_insn *insn, unsigned n)
{
	const cs_x86 *x = &insn->detail->x86;
	const cs_x86_op *op = &x->operands[n];
	uint64_t base, index, offset, size = op->size;
	uint8_t how = how_accessed(v, insn, n, &size);

	if (!reg_value(v, insn, op->mem.base, &base) ||
	    !reg_value(v, insn, op->mem.index, &index)) {
		a->known &= how == NONE;
		return;
	}
	offset = base + index * (uint64_t)op->mem.scale + (uint64_t)op->mem.disp;
	/* POP computes the address with the stack pointer as it is after the load. */
	if (insn->id == X86_INS_POP && op->mem.base == X86_REG_RSP)
		offset += op->size;
	offset += bit_offset(v, insn);
	if (x->addr_size < 8)
		offset &= (1ull << (x->addr_size * 8u)) - 1;
	x86_access_add(a, x86_linear(v, segment_of(&v->arch.sregs, &op->mem), offset), size, how);
}

static unsigned slot_size(struct vcpu *v, const cs_insn *insn)
{
	bool narrow = insn->detail->x86.prefix[2] == 0x66;

	switch (arch_code_bits(v)) {
	case 64:
		return narrow ? 2 : 8;
	case 32:
		return narrow ? 2 : 4;
	default:
		return narrow ? 4 : 2;
	}
}

static void add_stack(struct vcpu *v, struct arch_accesses *a, const cs_insn *insn)
{
	const struct kvm_sregs *s = &v->arch.sregs;

	for (size_t i = 0; i < sizeof(stack_uses) / sizeof(stack_uses[0]); i++) {
		unsigned size = stack_uses[i].size ? stack_uses[i].size : slot_size(v, insn);
		uint64_t at = insn->id == X86_INS_LEAVE ? v->arch.regs.rbp : v->arch.regs.rsp;
		uint64_t len = (uint64_t)size * stack_uses[i].slots;

		if (stack_uses[i].id != insn->id)
			continue;
		if (stack_uses[i].how == WRITE)
			at -= len;
		if (arch_code_bits(v) != 64)
			at &= s->ss.db ? 0xffffffffu : 0xffffu;
		x86_access_add(a, x86_linear(v, &s->ss, at), len, stack_uses[i].how);
	}
}

/* Operands that the instruction's name implies. */
static void add_implied(struct vcpu *v, struct arch_accesses *a, const cs_insn *insn)
{
	const struct kvm_regs *r = &v->arch.regs;

	switch (insn->id) {
	case X86_INS_XLATB:
		x86_access_add(a, x86_linear(v, &v->arch.sregs.ds, r->rbx + (r->rax & 0xff)), 1,
			       READ);
		break;
	case X86_INS_MASKMOVQ:
	case X86_INS_MASKMOVDQU:
	case X86_INS_VMASKMOVDQU:
	case X86_INS_VMASKMOVPS:
	case X86_INS_VMASKMOVPD:
	case X86_INS_VPMASKMOVD:
	case X86_INS_VPMASKMOVQ:
		a->known = false; /* a vector says which bytes */
		break;
	default:
		break;
	}
}

static bool group(const cs_insn *insn, uint8_t which)
{
	for (unsigned i = 0; i < insn->detail->groups_count; i++)
		if (insn->detail->groups[i] == which)
			return true;
	return false;
}

void x86_access_operands(struct vcpu *v, struct arch_accesses *a, const cs_insn *insn)
{
	const cs_x86 *x = &insn->detail->x86;
	uint8_t how;

	a->known = true;
	/* Not INT: what it does to the stack is that of a fault. */
	a->jumps = group(insn, CS_GRP_JUMP) || group(insn, CS_GRP_CALL) ||
		   group(insn, CS_GRP_RET) || group(insn, CS_GRP_IRET) ||
		   insn->id == X86_INS_IRETD || insn->id == X86_INS_IRETQ ||
		   insn->id == X86_INS_LCALL || insn->id == X86_INS_LJMP ||
		   insn->id == X86_INS_RETF || insn->id == X86_INS_RETFQ;
	a->next = a->pc + insn->size;
	for (unsigned n = 0; n < x->op_count; n++) {
		if (x->operands[n].type != X86_OP_MEM)
			continue;
		add_operand(v, a, insn, n);
		a->repeats |= string_operand(x, &x->operands[n], &how) &&
			      (x->prefix[0] == 0xf3 || x->prefix[0] == 0xf2);
	}
	add_stack(v, a, insn);
	add_implied(v, a, insn);
}
