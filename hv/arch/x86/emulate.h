/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Executing an instruction in software: what emulate.c and emulate_operand.c share. */
#ifndef HV_ARCH_X86_EMULATE_H
#define HV_ARCH_X86_EMULATE_H

#include "hv/arch/x86/x86.h"

#define CR4_CET (1u << 23)
#define CR4_PKS (1u << 24)

/* One instruction under way. */
struct x86_emu {
	struct vcpu *v;
	struct kvm_regs r; /* the copy */
	const uint8_t *code;
	size_t len, pos;
	bool memory; /* may be accessed */
	bool data16, rep;
	uint8_t rex;
	unsigned size; /* of the operands: 4 or 8 bytes */
	/* ModRM: a register and another one or memory. */
	unsigned reg, rm;
	bool in_memory, rip_relative;
	uint64_t disp; /* the address, but for rip */
};

/* All return false when it cannot be done here: the instruction is cut, or the memory not plain. */

/* The next bytes of the instruction; the second one with their sign. */
bool x86_emu_fetch(struct x86_emu *e, unsigned bytes, uint64_t *value);
bool x86_emu_fetch_signed(struct x86_emu *e, unsigned bytes, uint64_t *value);
bool x86_emu_fetch_modrm(struct x86_emu *e);
/* Of the operand in memory, once all of the instruction was fetched. */
uint64_t x86_emu_address(const struct x86_emu *e);

uint64_t *x86_emu_reg(struct x86_emu *e, unsigned n);
/* A result of 32 bits clears the upper half. */
void x86_emu_set_reg(struct x86_emu *e, unsigned n, uint64_t value);
/* The operand of ModRM, of e->size bytes. A store is the last thing that an instruction does. */
bool x86_emu_load_rm(struct x86_emu *e, uint64_t *value);
bool x86_emu_store_rm(struct x86_emu *e, uint64_t value);
bool x86_emu_push(struct x86_emu *e, uint64_t value);
bool x86_emu_pop(struct x86_emu *e, uint64_t *value);

#endif
