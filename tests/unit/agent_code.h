/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Agent expressions for tests: writing one down, and running it on a guest that is made up. */
#ifndef TESTS_UNIT_AGENT_CODE_H
#define TESTS_UNIT_AGENT_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "gdbstub/agent_op.h"

#define ALL                                                                            \
	(AGENT_USES_REG | AGENT_USES_MEMORY | AGENT_USES_VARIABLE | AGENT_USES_TRACE | \
	 AGENT_USES_PRINTF)

#define MEM_BASE 0x1000u
#define MEM_SIZE 128u

extern struct guest {
	uint8_t mem[MEM_SIZE];
	int64_t variable[4];
	char log[256]; /* what was collected, in words */
	char text[8192];
} guest;

/* Everything is allowed; 200 registers and 8 variables, of which 100 and 4 are there. */
extern const struct agent_rules rules;

struct code {
	uint8_t bytes[4096];
	size_t len;
};

void op(struct code *c, enum agent_op what);
void operand(struct code *c, uint64_t value, unsigned bytes);
void constant(struct code *c, uint64_t value);
void op16(struct code *c, enum agent_op what, unsigned value);

/* What becomes of it. Fails the test when it is refused. */
struct agent_result eval(const struct code *c, bool *ok);
/* Its value. Fails the test when it has none. */
int64_t value_of(const struct code *c);
void expect_fault(const struct code *c, enum agent_fault fault, uint64_t at, unsigned offset,
		  const char *words);

#endif
