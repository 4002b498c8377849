/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Integer expressions: what stands where a command wants an address or a number, and the
 * conditions of breakpoints.
 *
 *   numbers    10  0x1f  0b101  017  4k  2M  1G  'a'
 *   registers  $rip  $sp  (whatever the environment knows)
 *   symbols    start_kernel  foo.isra.0
 *   memory     u8(ADDR)  u16(ADDR)  u32(ADDR)  u64(ADDR)
 *   MSRs       msr(NUMBER)
 *   operators  ( )  - ~ !  * / %  + -  << >>  < <= > >=  == !=  &  ^  |  &&  ||
 *
 * Values are unsigned 64-bit and wrap; precedence is C's. A text is compiled once and can be run
 * many times, on any thread.
 */
#ifndef MONITOR_EXPR_H
#define MONITOR_EXPR_H

#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

/* Nesting of parentheses and unary operators that is accepted. */
#define EXPR_DEPTH_MAX 64
/* Operands and operators of one expression. */
#define EXPR_INSNS_MAX 256

/* What names mean, and what there is; each gives 0, or negative errno with a sentence. */
struct expr_env {
	/* While it is compiled: a number of the environment's own for $NAME (without the sign; @len
	 * bytes); NULL: no registers. */
	int (*reg)(void *opaque, const char *name, size_t len, int *id, struct error *err);
	/* … and the value of a symbol; NULL: there are none. */
	int (*symbol)(void *opaque, const char *name, size_t len, uint64_t *value,
		      struct error *err);
	/* While it is run. Not NULL when reg was not. */
	int (*reg_value)(void *opaque, int id, uint64_t *value, struct error *err);
	/* @size bytes of memory, little endian; NULL: none. */
	int (*load)(void *opaque, uint64_t addr, unsigned size, uint64_t *value, struct error *err);
	/* A model-specific register; NULL: none. */
	int (*msr)(void *opaque, uint64_t index, uint64_t *value, struct error *err);
	void *opaque;
};

struct expr_insn {
	uint8_t op, arg;
	uint32_t pos, len; /* in the text */
	uint64_t value;
};
struct expr_code {
	unsigned count;
	struct expr_insn insn[EXPR_INSNS_MAX];
};

/*
 * Compiles all @len bytes of @text. On failure @bad and @bad_len tell which part of it is
 * wrong (it may be the empty place behind the end) and @err says what was expected.
 * @env may be NULL: only numbers.
 */
int expr_compile(const char *text, size_t len, const struct expr_env *env, struct expr_code *code,
		 size_t *bad, size_t *bad_len, struct error *err);
/* Runs it. Fails on a division by zero, a register or memory that cannot be read. */
int expr_run(const struct expr_code *code, const struct expr_env *env, uint64_t *value, size_t *bad,
	     size_t *bad_len, struct error *err);
/* Both. */
int expr_eval(const char *text, size_t len, const struct expr_env *env, uint64_t *value,
	      size_t *bad, size_t *bad_len, struct error *err);

/*
 * One number in any C base with an optional k, M, G or T (powers of 1024), at the start of @text.
 * Returns how many bytes it takes, 0 when there is none, or -ERANGE past 64 bits. A number ends
 * before anything that no number contains: "0x10)" is 4 bytes; "12z" is none.
 */
int expr_number(const char *text, size_t len, uint64_t *value);

#endif
