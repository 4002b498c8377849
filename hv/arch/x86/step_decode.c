// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The few instructions that a step must know of (step.c): those that copy or load the flags or
 * go into a handler, and those behind which the trap is held back for one more (SDM
 * volume 3, 6.8.3; volume 2 for the encodings).
 */
#include "hv/arch/x86/x86.h"

#include <string.h>

struct cursor {
	const uint8_t *bytes;
	size_t count, at;
	int bits;
	bool narrow; /* 0x66 */
	bool addr;   /* 0x67 */
	bool wide;   /* REX.W */
};

static uint8_t peek(const struct cursor *c, size_t ahead)
{
	/* Past the end: an opcode that nobody looks for. */
	return c->at + ahead < c->count ? c->bytes[c->at + ahead] : 0x90;
}

static void prefixes(struct cursor *c)
{
	static const uint8_t legacy[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
					  0x66, 0x67, 0xf0, 0xf2, 0xf3 };

	c->narrow = c->addr = c->wide = false;
	for (; c->at < c->count && memchr(legacy, c->bytes[c->at], sizeof(legacy)); c->at++) {
		c->narrow |= c->bytes[c->at] == 0x66;
		c->addr |= c->bytes[c->at] == 0x67;
	}
	if (c->bits == 64 && (peek(c, 0) & 0xf0) == 0x40)
		c->wide = c->bytes[c->at++] & 8;
}

/* Bytes of a ModRM byte and what follows from it. */
static size_t modrm_len(const struct cursor *c, size_t ahead)
{
	uint8_t modrm = peek(c, ahead);
	unsigned mod = modrm >> 6, rm = modrm & 7;
	static const uint8_t disp16[] = { 0, 1, 2 }, disp32[] = { 0, 1, 4 };
	bool short_addr = c->bits == 16 ? !c->addr : c->bits == 32 && c->addr;

	if (mod == 3)
		return 1;
	if (short_addr)
		return 1u + (mod == 0 && rm == 6 ? 2 : disp16[mod]);
	if (rm == 4) {
		bool no_base = mod == 0 && (peek(c, ahead + 1) & 7) == 5;

		return 2u + (no_base ? 4 : disp32[mod]);
	}
	return 1u + (mod == 0 && rm == 5 ? 4 : disp32[mod]);
}

/* The length of a load of SS or an STI at the cursor, without its prefixes; 0: it is another. */
static size_t shadow_len(const struct cursor *c)
{
	switch (peek(c, 0)) {
	case 0x8e: /* MOV to a segment register */
		return (peek(c, 1) >> 3 & 7) == 2 ? 1 + modrm_len(c, 1) : 0;
	case 0x17: /* POP SS */
		return c->bits == 64 ? 0 : 1;
	case 0xfb: /* STI */
		return 1;
	}
	return 0;
}

static enum x86_step_kind flags_insn(const struct cursor *c, unsigned *opsize)
{
	uint8_t op = peek(c, 0);

	if (c->bits == 16)
		*opsize = c->narrow ? 4 : 2;
	else
		*opsize = c->narrow ? 2 : 4;
	/* PUSHF and POPF are 64 bits wide by default in 64-bit mode, IRET is not. */
	if ((op == 0x9c || op == 0x9d) && c->bits == 64 && !c->narrow)
		*opsize = 8;
	if (op == 0xcf && c->wide)
		*opsize = 8;
	switch (op) {
	case 0x9c:
		return X86_STEP_PUSHF;
	case 0x9d:
		return X86_STEP_POPF;
	case 0xcf:
		return X86_STEP_IRET;
	}
	return X86_STEP_PLAIN;
}

static enum x86_step_kind handler_insn(const struct cursor *c, uint8_t *vector)
{
	uint8_t op = peek(c, 0), next = peek(c, 1);

	if (op == 0x0f && next == 0x07)
		return X86_STEP_SYSRET;
	if (op == 0x0f && next == 0x05 && c->bits == 64)
		return X86_STEP_SYSCALL;
	if (op != 0xcc && (op != 0xcd || c->at + 1 >= c->count))
		return X86_STEP_PLAIN;
	*vector = op == 0xcc ? BP_VECTOR : next;
	return X86_STEP_INT;
}

void x86_step_decode(const uint8_t *bytes, size_t count, int bits, struct x86_step_insn *out)
{
	struct cursor c = { .bytes = bytes, .count = count, .bits = bits };
	size_t len;

	*out = (struct x86_step_insn){ 0 };
	prefixes(&c);
	len = shadow_len(&c);
	if (len) {
		c.at += len;
		out->shadow = (uint8_t)c.at;
		prefixes(&c);
	}
	out->kind = flags_insn(&c, &out->opsize);
	if (out->kind == X86_STEP_PLAIN)
		out->kind = handler_insn(&c, &out->vector);
	if (out->kind == X86_STEP_PUSHF)
		out->end = (uint8_t)(c.at + 1);
	if (out->kind == X86_STEP_SYSCALL)
		out->end = (uint8_t)(c.at + 2);
}

uint64_t x86_gate_offset(const uint8_t gate[16], int bits)
{
	uint64_t low = gate[0] | gate[1] << 8;
	uint32_t high;

	/* SDM volume 3, 6.11, 6.14.1 and 20.1.4. */
	if (bits == 16)
		return low + ((uint64_t)(gate[2] | gate[3] << 8) << 4);
	low |= (uint64_t)gate[6] << 16 | (uint64_t)gate[7] << 24;
	if (bits == 32)
		return low;
	memcpy(&high, gate + 8, sizeof(high));
	return low | (uint64_t)high << 32;
}
