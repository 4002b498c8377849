// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Operands of an instruction that is executed in software: its bytes, registers,
 * and memory that is plain RAM. See emulate.c.
 */
#include "hv/arch/x86/emulate.h"

#include <string.h>

#include "hv/machine.h"
#include "hv/vcpu.h"

#define RSP 4u
#define RBP 5u

/* ---- bytes of the instruction ---- */

bool x86_emu_fetch(struct x86_emu *e, unsigned bytes, uint64_t *value)
{
	*value = 0;
	if (bytes > e->len - e->pos)
		return false;
	memcpy(value, e->code + e->pos, bytes);
	e->pos += bytes;
	return true;
}

bool x86_emu_fetch_signed(struct x86_emu *e, unsigned bytes, uint64_t *value)
{
	unsigned shift = 64 - bytes * 8;

	if (!x86_emu_fetch(e, bytes, value))
		return false;
	*value = (uint64_t)((int64_t)(*value << shift) >> shift);
	return true;
}

/* What SIB says; false when it is cut. */
static bool fetch_sib(struct x86_emu *e, unsigned mod, unsigned *disp_bytes)
{
	uint64_t sib;
	unsigned base, index;

	if (!x86_emu_fetch(e, 1, &sib))
		return false;
	base = (sib & 7) | (e->rex & 1u) << 3;
	index = (sib >> 3 & 7) | (e->rex & 2u) << 2;
	if (index != RSP)
		e->disp += *x86_gpr(&e->r, index) << (sib >> 6);
	if ((sib & 7) == RBP && mod == 0)
		*disp_bytes = 4;
	else
		e->disp += *x86_gpr(&e->r, base);
	return true;
}

/* SDM volume 2, 2.1.5 and 2.2.1.6. */
bool x86_emu_fetch_modrm(struct x86_emu *e)
{
	uint64_t modrm, disp;
	unsigned mod, rm, disp_bytes;

	if (!x86_emu_fetch(e, 1, &modrm))
		return false;
	mod = (unsigned)modrm >> 6;
	rm = modrm & 7;
	e->reg = (modrm >> 3 & 7) | (e->rex & 4u) << 1;
	e->rm = rm | (e->rex & 1u) << 3;
	e->in_memory = mod != 3;
	if (!e->in_memory)
		return true;
	disp_bytes = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	if (rm == RSP) {
		if (!fetch_sib(e, mod, &disp_bytes))
			return false;
	} else if (rm == RBP && mod == 0) {
		e->rip_relative = true;
		disp_bytes = 4;
	} else {
		e->disp = *x86_gpr(&e->r, e->rm);
	}
	if (disp_bytes && !x86_emu_fetch_signed(e, disp_bytes, &disp))
		return false;
	e->disp += disp_bytes ? disp : 0;
	return true;
}

uint64_t x86_emu_address(const struct x86_emu *e)
{
	return e->disp + (e->rip_relative ? e->r.rip + e->pos : 0);
}

/* ---- operands ---- */

uint64_t *x86_emu_reg(struct x86_emu *e, unsigned n)
{
	return (uint64_t *)x86_gpr(&e->r, n);
}

void x86_emu_set_reg(struct x86_emu *e, unsigned n, uint64_t value)
{
	*x86_emu_reg(e, n) = e->size == 8 ? value : (uint32_t)value;
}

static void *ram_at(struct x86_emu *e, uint64_t addr, unsigned size, bool store)
{
	struct arch_translation t;

	if (!e->memory || e->v->arch.sregs.ss.dpl || (e->v->arch.sregs.cr4 & CR4_PKS) ||
	    (addr & 0xfff) + size > 0x1000 || arch_translate(e->v, addr, &t) || t.user ||
	    !t.accessed || (store && !(t.writable && t.dirty)))
		return NULL;
	return memory_ptr(e->v->m->ram, t.gpa, size);
}

static bool load(struct x86_emu *e, uint64_t addr, unsigned size, uint64_t *value)
{
	const void *ram = ram_at(e, addr, size, false);

	*value = 0;
	if (!ram)
		return false;
	/* In one piece, as the processor does: other vCPUs may store there. */
	if (size == 8 && !(addr & 7))
		*value = __atomic_load_n((const uint64_t *)ram, __ATOMIC_SEQ_CST);
	else if (size == 4 && !(addr & 3))
		*value = __atomic_load_n((const uint32_t *)ram, __ATOMIC_SEQ_CST);
	else
		memcpy(value, ram, size);
	return true;
}

/* The last thing that an instruction does. */
static bool store(struct x86_emu *e, uint64_t addr, unsigned size, uint64_t value)
{
	void *ram = ram_at(e, addr, size, true);

	if (!ram)
		return false;
	if (size == 8 && !(addr & 7))
		__atomic_store_n((uint64_t *)ram, value, __ATOMIC_SEQ_CST);
	else if (size == 4 && !(addr & 3))
		__atomic_store_n((uint32_t *)ram, (uint32_t)value, __ATOMIC_SEQ_CST);
	else
		memcpy(ram, &value, size);
	return true;
}

bool x86_emu_load_rm(struct x86_emu *e, uint64_t *value)
{
	if (e->in_memory)
		return load(e, x86_emu_address(e), e->size, value);
	*value = e->size == 8 ? *x86_emu_reg(e, e->rm) : (uint32_t)*x86_emu_reg(e, e->rm);
	return true;
}

bool x86_emu_store_rm(struct x86_emu *e, uint64_t value)
{
	if (e->in_memory)
		return store(e, x86_emu_address(e), e->size, value);
	x86_emu_set_reg(e, e->rm, value);
	return true;
}

bool x86_emu_push(struct x86_emu *e, uint64_t value)
{
	if (!store(e, e->r.rsp - 8, 8, value))
		return false;
	e->r.rsp -= 8;
	return true;
}

bool x86_emu_pop(struct x86_emu *e, uint64_t *value)
{
	if (!load(e, e->r.rsp, 8, value))
		return false;
	e->r.rsp += 8;
	return true;
}
