// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Getting past a breakpoint without a step: the instruction under it is
 * executed here, on the register cache.
 *
 * A step costs two system calls more and, at a planted breakpoint, holds every
 * other vCPU. Breakpoints are mostly on the first instructions of functions:
 * push, sub, mov, test, endbr64, nop, call, ret. Those are done here where that
 * is exactly what the processor would do, and in 64-bit mode only. Everything
 * else is left to a step:
 *
 *   - memory that is not RAM, not mapped, not allowed, across pages, not the
 *     kernel's, or whose accessed and dirty bits are not set yet;
 *   - an event that is being delivered, an interrupt shadow, the trap flag,
 *     debug registers of the guest's own, SMM, CET, a guest that may nest.
 *
 * All is done on a copy; what cannot be finished has changed nothing.
 */
#include "hv/arch/x86/emulate.h"

#include "hv/machine.h"
#include "hv/vcpu.h"

#define FLAGS_ALU (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* ---- arithmetic ---- */

enum alu {
	ALU_ADD,
	ALU_OR,
	ALU_ADC,
	ALU_SBB,
	ALU_AND,
	ALU_SUB,
	ALU_XOR,
	ALU_CMP,
};

/* SDM volume 1, 3.4.3.1. Of the logical operations AF is undefined, and clear on processors. */
static uint64_t alu(struct x86_emu *e, enum alu op, uint64_t a, uint64_t b)
{
	uint64_t top = 1ull << (e->size * 8 - 1), mask = top | (top - 1), result, flags = 0;

	switch (op) {
	case ALU_ADD:
		result = (a + b) & mask;
		flags |= result < a ? RFLAGS_CF : 0;
		flags |= (~(a ^ b) & (a ^ result) & top) ? RFLAGS_OF : 0;
		flags |= (a ^ b ^ result) & RFLAGS_AF;
		break;
	case ALU_SUB:
	case ALU_CMP:
		result = (a - b) & mask;
		flags |= a < b ? RFLAGS_CF : 0;
		flags |= ((a ^ b) & (a ^ result) & top) ? RFLAGS_OF : 0;
		flags |= (a ^ b ^ result) & RFLAGS_AF;
		break;
	case ALU_AND:
		result = a & b;
		break;
	case ALU_OR:
		result = a | b;
		break;
	default:
		result = a ^ b;
	}
	flags |= result ? 0 : RFLAGS_ZF;
	flags |= result & top ? RFLAGS_SF : 0;
	flags |= __builtin_parity((uint8_t)result) ? 0 : RFLAGS_PF;
	e->r.rflags = (e->r.rflags & ~(uint64_t)FLAGS_ALU) | flags;
	return result;
}

static bool has_carry_in(enum alu op)
{
	return op == ALU_ADC || op == ALU_SBB;
}

static uint64_t truncated(const struct x86_emu *e, uint64_t value)
{
	return e->size == 8 ? value : (uint32_t)value;
}

/* 01 and 03, 09 and 0b, …: register to register or memory, and back. */
static bool op_alu(struct x86_emu *e, uint8_t opcode)
{
	enum alu op = opcode >> 3;
	bool to_reg = opcode & 2;
	uint64_t other, own, result;

	if ((opcode & 5) != 1 || has_carry_in(op) || !x86_emu_fetch_modrm(e) ||
	    !x86_emu_load_rm(e, &other))
		return false;
	own = truncated(e, *x86_emu_reg(e, e->reg));
	result = to_reg ? alu(e, op, own, other) : alu(e, op, other, own);
	if (op == ALU_CMP)
		return true;
	if (!to_reg)
		return x86_emu_store_rm(e, result);
	x86_emu_set_reg(e, e->reg, result);
	return true;
}

/* 81 and 83: with a constant. */
static bool op_alu_imm(struct x86_emu *e, uint8_t opcode)
{
	uint64_t imm, value, result;
	enum alu op;

	if (opcode == 0x82 || !x86_emu_fetch_modrm(e) ||
	    !x86_emu_fetch_signed(e, opcode == 0x81 ? 4 : 1, &imm))
		return false;
	op = e->reg & 7;
	if (has_carry_in(op) || !x86_emu_load_rm(e, &value))
		return false;
	result = alu(e, op, value, truncated(e, imm));
	return op == ALU_CMP || x86_emu_store_rm(e, result);
}

static bool op_test(struct x86_emu *e, uint8_t opcode)
{
	uint64_t value;

	(void)opcode;
	if (!x86_emu_fetch_modrm(e) || !x86_emu_load_rm(e, &value))
		return false;
	alu(e, ALU_AND, value, truncated(e, *x86_emu_reg(e, e->reg)));
	return true;
}

/* ff /0 and /1: the carry flag stays. */
static bool op_inc_dec(struct x86_emu *e, uint8_t opcode)
{
	uint64_t carry = e->r.rflags & RFLAGS_CF, value;

	(void)opcode;
	if (!x86_emu_fetch_modrm(e) || (e->reg & 7) > 1 || !x86_emu_load_rm(e, &value))
		return false;
	value = alu(e, e->reg & 7 ? ALU_SUB : ALU_ADD, value, 1);
	e->r.rflags = (e->r.rflags & ~(uint64_t)RFLAGS_CF) | carry;
	return x86_emu_store_rm(e, value);
}

/* ---- moving ---- */

static bool op_mov(struct x86_emu *e, uint8_t opcode)
{
	uint64_t value;

	if (opcode == 0x8a || !x86_emu_fetch_modrm(e))
		return false;
	if (opcode == 0x89)
		return x86_emu_store_rm(e, *x86_emu_reg(e, e->reg));
	if (!x86_emu_load_rm(e, &value))
		return false;
	x86_emu_set_reg(e, e->reg, value);
	return true;
}

static bool op_mov_imm(struct x86_emu *e, uint8_t opcode)
{
	uint64_t imm;

	if (!x86_emu_fetch(e, e->size, &imm))
		return false;
	x86_emu_set_reg(e, (opcode & 7) | (e->rex & 1u) << 3, imm);
	return true;
}

/* c7 /0 */
static bool op_mov_rm_imm(struct x86_emu *e, uint8_t opcode)
{
	uint64_t imm;

	(void)opcode;
	return x86_emu_fetch_modrm(e) && !(e->reg & 7) && x86_emu_fetch_signed(e, 4, &imm) &&
	       x86_emu_store_rm(e, imm);
}

static bool op_lea(struct x86_emu *e, uint8_t opcode)
{
	(void)opcode;
	if (!x86_emu_fetch_modrm(e) || !e->in_memory)
		return false;
	x86_emu_set_reg(e, e->reg, x86_emu_address(e));
	return true;
}

/* The low @from bytes of a register or of memory, made as wide as the operands. */
static bool extend(struct x86_emu *e, unsigned from, bool is_signed)
{
	unsigned to = e->size, shift = 64 - from * 8;
	uint64_t value;
	bool loaded;

	/* Without REX, numbers 4 to 7 of byte registers are the second bytes of 0 to 3. */
	if (!x86_emu_fetch_modrm(e) || (!e->in_memory && from == 1 && !e->rex && e->rm >= 4))
		return false;
	e->size = e->in_memory ? from : 8;
	loaded = x86_emu_load_rm(e, &value);
	e->size = to;
	if (!loaded)
		return false;
	value <<= shift;
	x86_emu_set_reg(e, e->reg,
			is_signed ? (uint64_t)((int64_t)value >> shift) : value >> shift);
	return true;
}

static bool op_movsxd(struct x86_emu *e, uint8_t opcode)
{
	(void)opcode;
	return extend(e, 4, true);
}

/* 0f b6, b7: zeroes; be, bf: the sign */
static bool op_movx(struct x86_emu *e, uint8_t opcode)
{
	return extend(e, opcode & 1 ? 2 : 1, opcode & 8);
}

static bool op_push(struct x86_emu *e, uint8_t opcode)
{
	return x86_emu_push(e, *x86_emu_reg(e, (opcode & 7) | (e->rex & 1u) << 3));
}

static bool op_pop(struct x86_emu *e, uint8_t opcode)
{
	uint64_t value;

	if (!x86_emu_pop(e, &value))
		return false;
	*x86_emu_reg(e, (opcode & 7) | (e->rex & 1u) << 3) = value;
	return true;
}

static bool op_leave(struct x86_emu *e, uint8_t opcode)
{
	uint64_t value;

	(void)opcode;
	e->r.rsp = e->r.rbp;
	if (!x86_emu_pop(e, &value))
		return false;
	e->r.rbp = value;
	return true;
}

/* ---- going elsewhere ---- */

/* The instruction ends at e->pos: rip is made that of the next one in arch_emulate(). */
static bool jump_to(struct x86_emu *e, uint64_t rip)
{
	int64_t high = (int64_t)rip >> 47;

	if (high != 0 && high != -1)
		return false; /* with five levels it might be one, too: a step will tell */
	e->r.rip = rip - e->pos;
	return true;
}

static bool op_jmp(struct x86_emu *e, uint8_t opcode)
{
	uint64_t disp;

	return opcode != 0xea && x86_emu_fetch_signed(e, opcode == 0xe9 ? 4 : 1, &disp) &&
	       jump_to(e, e->r.rip + e->pos + disp);
}

/* SDM volume 1, appendix B. */
static bool condition(uint64_t flags, unsigned cc)
{
	bool sf = flags & RFLAGS_SF, of = flags & RFLAGS_OF, zf = flags & RFLAGS_ZF;
	const bool holds[] = {
		of, flags & RFLAGS_CF, zf,	 (flags & (RFLAGS_CF | RFLAGS_ZF)) != 0,
		sf, flags & RFLAGS_PF, sf != of, zf || sf != of,
	};

	return holds[cc >> 1 & 7] != (cc & 1);
}

static bool jcc(struct x86_emu *e, unsigned cc, unsigned bytes)
{
	uint64_t disp;

	if (!x86_emu_fetch_signed(e, bytes, &disp))
		return false;
	return !condition(e->r.rflags, cc) || jump_to(e, e->r.rip + e->pos + disp);
}

static bool op_jcc8(struct x86_emu *e, uint8_t opcode)
{
	return jcc(e, opcode & 15, 1);
}

static bool op_jcc32(struct x86_emu *e, uint8_t opcode)
{
	return jcc(e, opcode & 15, 4);
}

static bool op_call(struct x86_emu *e, uint8_t opcode)
{
	uint64_t disp, back;

	(void)opcode;
	if (!x86_emu_fetch_signed(e, 4, &disp))
		return false;
	back = e->r.rip + e->pos;
	return jump_to(e, back + disp) && x86_emu_push(e, back);
}

static bool op_ret(struct x86_emu *e, uint8_t opcode)
{
	uint64_t rip;

	(void)opcode;
	return x86_emu_pop(e, &rip) && jump_to(e, rip);
}

/* ---- nothing ---- */

static bool op_nop(struct x86_emu *e, uint8_t opcode)
{
	(void)opcode;
	return !(e->rex & 1); /* that is an exchange with r8 */
}

static bool op_long_nop(struct x86_emu *e, uint8_t opcode)
{
	(void)opcode;
	return x86_emu_fetch_modrm(e);
}

/* f3 0f 1e fa: without CET it does nothing. */
static bool op_endbr64(struct x86_emu *e, uint8_t opcode)
{
	uint64_t modrm;

	(void)opcode;
	return e->rep && x86_emu_fetch(e, 1, &modrm) && modrm == 0xfa;
}

/* ---- which is which ---- */

struct row {
	uint8_t first, last;
	bool prefixed; /* 66 and f3 mean nothing, or are looked at */
	bool (*run)(struct x86_emu *e, uint8_t opcode);
};

static const struct row one_byte[] = {
	{ 0x01, 0x3b, false, op_alu },	      { 0x50, 0x57, false, op_push },
	{ 0x58, 0x5f, false, op_pop },	      { 0x63, 0x63, false, op_movsxd },
	{ 0x70, 0x7f, false, op_jcc8 },	      { 0x81, 0x83, false, op_alu_imm },
	{ 0x85, 0x85, false, op_test },	      { 0x89, 0x8b, false, op_mov },
	{ 0x8d, 0x8d, false, op_lea },	      { 0x90, 0x90, false, op_nop },
	{ 0xb8, 0xbf, false, op_mov_imm },    { 0xc3, 0xc3, false, op_ret },
	{ 0xc7, 0xc7, false, op_mov_rm_imm }, { 0xc9, 0xc9, false, op_leave },
	{ 0xe8, 0xe8, false, op_call },	      { 0xe9, 0xeb, false, op_jmp },
	{ 0xff, 0xff, false, op_inc_dec },
};

static const struct row two_bytes[] = {
	{ 0x1e, 0x1e, true, op_endbr64 }, { 0x1f, 0x1f, true, op_long_nop },
	{ 0x80, 0x8f, false, op_jcc32 },  { 0xb6, 0xb7, false, op_movx },
	{ 0xbe, 0xbf, false, op_movx },
};

static const struct row *find(const struct row *rows, size_t count, uint64_t opcode)
{
	for (size_t i = 0; i < count; i++)
		if (opcode >= rows[i].first && opcode <= rows[i].last)
			return &rows[i];
	return NULL;
}

static bool run(struct x86_emu *e)
{
	const struct row *row;
	uint64_t byte;

	do {
		if (!x86_emu_fetch(e, 1, &byte))
			return false;
		e->data16 |= byte == 0x66;
		e->rep |= byte == 0xf3;
	} while (byte == 0x66 || byte == 0xf3);
	if ((byte & 0xf0) == 0x40) {
		e->rex = (uint8_t)byte;
		if (!x86_emu_fetch(e, 1, &byte))
			return false;
	}
	e->size = e->rex & 8 ? 8 : 4;
	if (byte == 0x0f)
		row = x86_emu_fetch(e, 1, &byte)
			      ? find(two_bytes, sizeof(two_bytes) / sizeof(*two_bytes), byte)
			      : NULL;
	else
		row = find(one_byte, sizeof(one_byte) / sizeof(*one_byte), byte);
	return row && (row->prefixed || !(e->data16 || e->rep)) && row->run(e, (uint8_t)byte);
}

/* ---- the vCPU ---- */

/* The guest's own debug registers: any, which would see what is done here. */
static bool guest_watches(struct vcpu *v)
{
	if (v->arch.guest_debug.control & KVM_GUESTDBG_USE_HW_BP) {
		for (unsigned i = 0; i < X86_DR_COUNT; i++)
			if (v->arch.dr_slot[i].owner == X86_DR_GUEST)
				return true;
		return false;
	}
	return x86_regs_load(v, X86_SET_DEBUG) < 0 || (v->arch.debugregs.dr7 & 0xff);
}

/* Whether an instruction is all that happens next. */
static bool is_plain(struct vcpu *v)
{
	const struct kvm_vcpu_events *ev = &v->arch.events;
	const struct kvm_sregs *s = &v->arch.sregs;

	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS | X86_SET_EVENTS) < 0)
		return false;
	return (s->efer & EFER_LMA) && s->cs.l && !(s->cr4 & CR4_CET) && !v->arch.can_nest &&
	       !v->arch.trap_guard && !v->arch.guest_tf && !(v->arch.regs.rflags & RFLAGS_TF) &&
	       !ev->exception.injected && !ev->exception.pending && !ev->interrupt.injected &&
	       !ev->interrupt.shadow && !ev->nmi.injected && !ev->smi.smm;
}

bool arch_emulate(struct vcpu *v, const uint8_t *code, size_t len, bool memory)
{
	struct x86_emu e = { .v = v, .code = code, .len = len, .memory = memory };

	if (!is_plain(v) || guest_watches(v))
		return false;
	e.r = v->arch.regs;
	if (!run(&e))
		return false;
	e.r.rip += e.pos;
	e.r.rflags &= ~(uint64_t)RFLAGS_RF;
	v->arch.regs = e.r;
	v->arch.dirty |= X86_SET_REGS;
	return true;
}

/*
 * The resume flag: no execution breakpoint for the one instruction that is next (SDM volume 3,
 * 17.3.1.1). An interrupt in between takes it to its stack and brings it back.
 */
bool arch_pass_register(struct vcpu *v)
{
	if (!v->m->arch->rf_passes || v->arch.trap_guard ||
	    x86_regs_load(v, X86_SET_REGS | X86_SET_EVENTS) < 0 ||
	    v->arch.events.exception.injected || v->arch.events.exception.pending)
		return false;
	v->arch.regs.rflags |= RFLAGS_RF;
	v->arch.dirty |= X86_SET_REGS;
	return true;
}
