/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of a fuzzer's input, taken one after the other, zeroes behind the end; and its check.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t left;
};

static inline uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static inline uint32_t take_word(struct input *in)
{
	uint32_t value = take(in);

	return value | (uint32_t)take(in) << 8 | (uint32_t)take(in) << 16 |
	       (uint32_t)take(in) << 24;
}

/* A finding, when it is not @ok. */
static inline void check(bool ok)
{
	if (!ok)
		abort();
}

#endif
