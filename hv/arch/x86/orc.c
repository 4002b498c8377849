// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ORC, the tables of Linux on x86-64 for backtraces: see arch_unwind.h.
 *
 * Two of them, of as many entries, in order of address (Linux
 * Documentation/arch/x86/orc-unwinder.rst, arch/x86/include/asm/orc_types.h):
 *
 *   .orc_unwind_ip   s32: from the entry's own address to the first instruction that it is for
 *   .orc_unwind      s16 offset for the caller's stack pointer, s16 for its frame pointer, 16 bits:
 *                    registers that these are added to, and what lies there
 *
 * The last 16 bits have changed twice. A kernel since 6.3.10 and 6.4 has a hash of its header in
 * .orc_header, which tells them apart; earlier ones are told by their version.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch_unwind.h"
#include "hv/symbols.h"

/* A kernel with everything built in has some two million. */
#define ENTRIES_MAX (1u << 24)
#define ENTRY_BYTES 6
#define HASH_BYTES  20
#define TYPE_SHIFT  8
#define TYPE_VALUES 8

enum orc_type { ORC_UNDEFINED, ORC_END, ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL };

enum orc_reg {
	ORC_REG_UNDEFINED,
	ORC_REG_PREV_SP,
	ORC_REG_DX,
	ORC_REG_DI,
	ORC_REG_BP,
	ORC_REG_SP,
	ORC_REG_R10,
	ORC_REG_R13,
	ORC_REG_BP_INDIRECT,
	ORC_REG_SP_INDIRECT,
};

/* In the order of struct arch_frame's reg[]. */
enum { REG_DX, REG_DI, REG_R10, REG_R13 };
const char *const arch_unwind_regs[ARCH_UNWIND_REGS] = { "rdx", "rdi", "r10", "r13" };

struct arch_unwind_layout {
	unsigned major, minor; /* the first Linux that has it */
	uint8_t hash[HASH_BYTES];
	bool hashed;
	uint16_t type_mask; /* of the bits from TYPE_SHIFT on */
	uint16_t signal;    /* the caller was interrupted where it stands; 0: only with registers */
	uint16_t end;	    /* with no register for the stack pointer: nobody called; 0: a type */
	enum orc_type type[TYPE_VALUES];
};

/* The latest first. */
static const struct arch_unwind_layout layouts[] = {
	{
		/* fb799447ae29: the ends became types */
		.major = 6,
		.minor = 4,
		.hash = { 0xfe, 0x5d, 0x32, 0xbf, 0x58, 0x1b, 0xd6, 0x3b, 0x2c, 0xa9,
			  0xa5, 0xc6, 0x5b, 0xa5, 0xa6, 0x25, 0xea, 0xb3, 0xfe, 0x24 },
		.hashed = true,
		.type_mask = 7,
		.signal = 1 << 11,
		.type = { ORC_UNDEFINED, ORC_END, ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL },
	},
	{
		/* ffb1b4a41016: the signal bit came in before the end bit */
		.major = 6,
		.minor = 3,
		.hash = { 0xdb, 0x84, 0xae, 0xd4, 0x10, 0x3b, 0x31, 0xdd, 0x51, 0xe0,
			  0x17, 0xf8, 0xf7, 0x97, 0x83, 0xca, 0x98, 0x5c, 0x2c, 0x51 },
		.hashed = true,
		.type_mask = 3,
		.signal = 1 << 10,
		.end = 1 << 11,
		.type = { ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL },
	},
	{
		/* ee9f8fce9964: the first */
		.major = 4,
		.minor = 14,
		.type_mask = 3,
		.end = 1 << 10,
		.type = { ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL },
	},
};
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

/* ---- finding the tables ---- */

static bool symbol_at(struct symbols *symbols, const char *name, uint64_t *addr)
{
	struct symbol symbol;

	if (symbols_find(symbols, name, strlen(name), &symbol))
		return false;
	*addr = symbol.addr;
	return true;
}

static const struct arch_unwind_layout *layout_by_hash(const uint8_t hash[HASH_BYTES])
{
	for (size_t i = 0; i < LAYOUTS; i++)
		if (layouts[i].hashed && !memcmp(layouts[i].hash, hash, HASH_BYTES))
			return &layouts[i];
	return NULL;
}

static const struct arch_unwind_layout *layout_by_version(const char *banner)
{
	static const char before[] = "Linux version ";
	unsigned long major, minor;
	char *end;

	if (strncmp(banner, before, strlen(before)) != 0)
		return NULL;
	major = strtoul(banner + strlen(before), &end, 10);
	if (*end != '.')
		return NULL;
	minor = strtoul(end + 1, NULL, 10);
	for (size_t i = 0; i < LAYOUTS; i++)
		if (major > layouts[i].major ||
		    (major == layouts[i].major && minor >= layouts[i].minor))
			return &layouts[i];
	return NULL;
}

static int find_layout(struct arch_unwind *u, struct symbols *symbols)
{
	uint8_t hash[HASH_BYTES];
	char banner[32] = "";
	uint64_t addr;

	if (symbol_at(symbols, "__start_orc_header", &addr)) {
		if (!u->read(u->opaque, addr, hash, sizeof(hash)))
			return -EINVAL;
		u->layout = layout_by_hash(hash);
	} else {
		if (!symbol_at(symbols, "linux_banner", &addr) ||
		    !u->read(u->opaque, addr, banner, sizeof(banner) - 1))
			return -EINVAL;
		u->layout = layout_by_version(banner);
	}
	return u->layout ? 0 : -ENOTSUP;
}

int arch_unwind_open(struct arch_unwind *u, struct symbols *symbols)
{
	uint64_t index_end, entries_end;

	if (!symbol_at(symbols, "__start_orc_unwind_ip", &u->index) ||
	    !symbol_at(symbols, "__stop_orc_unwind_ip", &index_end) ||
	    !symbol_at(symbols, "__start_orc_unwind", &u->entries) ||
	    !symbol_at(symbols, "__stop_orc_unwind", &entries_end))
		return -ENOENT;
	if (index_end - u->index > (uint64_t)ENTRIES_MAX * sizeof(int32_t) ||
	    (index_end - u->index) % sizeof(int32_t))
		return -EINVAL;
	u->count = (uint32_t)((index_end - u->index) / sizeof(int32_t));
	/* The last one ends the one before it. */
	if (u->count < 2 || entries_end - u->entries != (uint64_t)u->count * ENTRY_BYTES)
		return -EINVAL;
	return find_layout(u, symbols);
}

/* ---- looking up ---- */

struct orc_entry {
	int16_t sp_offset, bp_offset;
	enum orc_reg sp_reg, bp_reg;
	enum orc_type type;
	bool exact; /* what is found is where something was interrupted */
};

static bool read_word(const struct arch_unwind *u, uint64_t addr, uint64_t *value)
{
	return addr % sizeof(*value) == 0 && u->read(u->opaque, addr, value, sizeof(*value));
}

static bool entry_start(const struct arch_unwind *u, uint32_t n, uint64_t *pc)
{
	uint64_t at = u->index + (uint64_t)n * sizeof(int32_t);
	int32_t distance;

	if (!u->read(u->opaque, at, &distance, sizeof(distance)))
		return false;
	*pc = at + (uint64_t)(int64_t)distance;
	return true;
}

/* The last entry that does not begin behind @pc. */
static bool find_number(const struct arch_unwind *u, uint64_t pc, uint32_t *number)
{
	uint32_t low = 0, high = u->count - 1;
	uint64_t start;

	if (!entry_start(u, low, &start) || pc < start || !entry_start(u, high, &start) ||
	    pc >= start)
		return false;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (!entry_start(u, middle, &start))
			return false;
		if (start <= pc)
			low = middle;
		else
			high = middle;
	}
	*number = low;
	return true;
}

static void decode(const struct arch_unwind_layout *l, const uint8_t bytes[ENTRY_BYTES],
		   struct orc_entry *e)
{
	uint16_t flags;

	memcpy(&e->sp_offset, bytes, 2);
	memcpy(&e->bp_offset, bytes + 2, 2);
	memcpy(&flags, bytes + 4, 2);
	e->sp_reg = flags & 0xf;
	e->bp_reg = flags >> 4 & 0xf;
	e->type = l->type[flags >> TYPE_SHIFT & l->type_mask];
	if (l->end && e->sp_reg == ORC_REG_UNDEFINED)
		e->type = flags & l->end ? ORC_END : ORC_UNDEFINED;
	e->exact = e->type == ORC_REGS || e->type == ORC_REGS_PARTIAL || flags & l->signal;
}

static bool find_entry(const struct arch_unwind *u, const struct arch_frame *f, struct orc_entry *e)
{
	uint8_t bytes[ENTRY_BYTES];
	uint32_t n;

	/* A function was called by a pointer that is NULL: all there is on the stack is where from.
	 */
	if (!f->pc && f->exact) {
		*e = (struct orc_entry){ .sp_offset = 8, .sp_reg = ORC_REG_SP, .type = ORC_CALL };
		return true;
	}
	/* A call may be a function's last instruction. */
	if (!find_number(u, f->exact ? f->pc : f->pc - 1, &n) ||
	    !u->read(u->opaque, u->entries + (uint64_t)n * ENTRY_BYTES, bytes, sizeof(bytes)))
		return false;
	decode(u->layout, bytes, e);
	return true;
}

bool arch_unwind_covers(const struct arch_unwind *u, uint64_t pc)
{
	struct arch_frame frame = { .pc = pc, .exact = true };
	struct orc_entry e;

	return pc && find_entry(u, &frame, &e) && e.type != ORC_UNDEFINED;
}

/* ---- going up ---- */

/* Where the frame ends that the entry speaks of: above a return address, or at registers. */
static bool find_base(const struct arch_unwind *u, const struct arch_frame *f,
		      const struct orc_entry *e, uint64_t *base)
{
	static const int8_t reg_of[] = {
		[ORC_REG_DX] = REG_DX,
		[ORC_REG_DI] = REG_DI,
		[ORC_REG_R10] = REG_R10,
		[ORC_REG_R13] = REG_R13,
	};
	uint64_t offset = (uint64_t)(int64_t)e->sp_offset;

	switch (e->sp_reg) {
	case ORC_REG_SP:
		*base = f->sp + offset;
		return true;
	case ORC_REG_BP:
		*base = f->fp + offset;
		return true;
	case ORC_REG_BP_INDIRECT:
		return read_word(u, f->fp + offset, base);
	case ORC_REG_SP_INDIRECT: /* of what is there: aafeb14e9da2, in 5.12; before, it was 0 */
		if (!read_word(u, f->sp, base))
			return false;
		*base += offset;
		return true;
	case ORC_REG_DX:
	case ORC_REG_DI:
	case ORC_REG_R10:
	case ORC_REG_R13:
		*base = f->reg[reg_of[e->sp_reg]];
		return f->has_regs;
	default:
		return false;
	}
}

/* struct pt_regs, in words: all registers, of which these matter; a partial one begins at RIP. */
enum {
	PT_R13 = 2,
	PT_BP = 4,
	PT_R10 = 7,
	PT_DX = 12,
	PT_DI = 14,
	PT_IP = 16,
	PT_CS,
	PT_FLAGS,
	PT_SP,
	PT_SS,
	PT_WORDS,
};
#define USER_MODE(cs) (((cs)&3) == 3)

static enum arch_caller from_registers(const struct arch_unwind *u, uint64_t base, bool partial,
				       struct arch_frame *next)
{
	const size_t first = partial ? PT_IP : 0;
	uint64_t pt[PT_WORDS] = { 0 };

	if (base % sizeof(pt[0]) ||
	    !u->read(u->opaque, base, pt + first, sizeof(pt) - first * sizeof(pt[0])))
		return ARCH_CALLER_UNKNOWN;
	if (USER_MODE(pt[PT_CS]))
		return ARCH_CALLER_NONE;
	next->pc = pt[PT_IP];
	next->sp = pt[PT_SP];
	/* Code that has not saved the others yet has not changed them either. */
	if (partial)
		return ARCH_CALLER_INTERRUPTED;
	next->fp = pt[PT_BP];
	next->reg[REG_DX] = pt[PT_DX];
	next->reg[REG_DI] = pt[PT_DI];
	next->reg[REG_R10] = pt[PT_R10];
	next->reg[REG_R13] = pt[PT_R13];
	next->has_regs = true;
	return ARCH_CALLER_INTERRUPTED;
}

static enum arch_caller from_call(const struct arch_unwind *u, const struct orc_entry *e,
				  uint64_t base, struct arch_frame *next)
{
	/* What is on a stack that was switched from is anywhere. */
	if ((base <= next->sp && e->sp_reg != ORC_REG_SP_INDIRECT) ||
	    !read_word(u, base - sizeof(uint64_t), &next->pc))
		return ARCH_CALLER_UNKNOWN;
	next->sp = base;
	next->has_regs = false;
	return ARCH_CALLER_CALLED;
}

static bool find_fp(const struct arch_unwind *u, const struct orc_entry *e, uint64_t base,
		    struct arch_frame *next)
{
	uint64_t offset = (uint64_t)(int64_t)e->bp_offset;

	switch (e->bp_reg) {
	case ORC_REG_UNDEFINED: /* not saved, so unchanged */
		return true;
	case ORC_REG_PREV_SP:
		return read_word(u, base + offset, &next->fp);
	case ORC_REG_BP:
		return read_word(u, next->fp + offset, &next->fp);
	default:
		return false;
	}
}

enum arch_caller arch_unwind_caller(const struct arch_unwind *u, struct arch_frame *frame)
{
	struct arch_frame next = *frame;
	enum arch_caller how;
	struct orc_entry e;
	uint64_t base;

	if (!find_entry(u, frame, &e) || e.type == ORC_UNDEFINED)
		return ARCH_CALLER_UNKNOWN;
	if (e.type == ORC_END)
		return ARCH_CALLER_NONE;
	if (!find_base(u, frame, &e, &base))
		return ARCH_CALLER_UNKNOWN;
	if (e.type == ORC_CALL)
		how = from_call(u, &e, base, &next);
	else
		how = from_registers(u, base, e.type == ORC_REGS_PARTIAL, &next);
	if (how == ARCH_CALLER_UNKNOWN || how == ARCH_CALLER_NONE)
		return how;
	if (!find_fp(u, &e, base, &next))
		return ARCH_CALLER_UNKNOWN;
	next.exact = e.exact;
	*frame = next;
	return how;
}
