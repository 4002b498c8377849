/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Integer expressions: what stands where a command wants an address or a number.
 *
 *   numbers    10  0x1f  0b101  017  4k  2M  1G  'a'
 *   registers  $rip  $sp  (whatever the environment knows)
 *   symbols    start_kernel  foo.isra.0
 *   operators  ( )  - ~ !  * / %  + -  << >>  < <= > >=  == !=  &  ^  |
 *
 * Values are unsigned 64-bit and wrap; precedence is C's.
 */
#ifndef MONITOR_EXPR_H
#define MONITOR_EXPR_H

#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

/* Nesting of parentheses and unary operators that is accepted. */
#define EXPR_DEPTH_MAX 64

struct expr_env {
	/* The value of $NAME (without the sign; @len bytes). 0, or negative errno with a sentence.
	 */
	int (*reg)(void *opaque, const char *name, size_t len, uint64_t *value, struct error *err);
	/* The same of a symbol. May be NULL: there are none. */
	int (*symbol)(void *opaque, const char *name, size_t len, uint64_t *value,
		      struct error *err);
	void *opaque;
};

/*
 * Evaluates all @len bytes of @text. On failure @bad and @bad_len tell which part of it is
 * wrong (it may be the empty place behind the end) and @err says what was expected.
 * @env may be NULL: no registers.
 */
int expr_eval(const char *text, size_t len, const struct expr_env *env, uint64_t *value,
	      size_t *bad, size_t *bad_len, struct error *err);

/*
 * One number in any C base with an optional k, M, G or T (powers of 1024), at the start of @text.
 * Returns how many bytes it takes, 0 when there is none, or -ERANGE past 64 bits. A number ends
 * before anything that no number contains: "0x10)" is 4 bytes; "12z" is none.
 */
int expr_number(const char *text, size_t len, uint64_t *value);

#endif
