/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Agent expressions: the bytecode that gdb compiles conditions, dprintfs and
 * tracepoint collections to (GDB manual, appendix "The GDB Agent Expression
 * Mechanism").
 *
 *   bytes from gdb --parse--> struct agent_expr --eval--> a value, or a fault
 *
 * Parsing verifies the whole of it first (agent_verify.c), so that evaluating
 * cannot leave the code or the stack; what can still go wrong there depends on
 * the guest: memory that is not mapped, a division by zero, too many steps.
 *
 * Nothing here knows a machine: all that an expression can touch are the
 * callbacks of struct agent_context. No state is shared, so one expression can
 * be evaluated on several threads at one time.
 */
#ifndef GDBSTUB_AGENT_EXPR_H
#define GDBSTUB_AGENT_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

#define AGENT_MAX_SIZE	65535  /* bytes: a jump cannot name more */
#define AGENT_MAX_STACK 256    /* elements of 64 bits */
#define AGENT_MAX_STEPS 100000 /* instructions of one evaluation: about a millisecond */
#define AGENT_MAX_ARGS	32     /* of one printf */

/* What an expression does besides computing. */
enum agent_use {
	AGENT_USES_REG = 1 << 0,
	AGENT_USES_MEMORY = 1 << 1,
	AGENT_USES_VARIABLE = 1 << 2, /* trace state variables */
	AGENT_USES_TRACE = 1 << 3,    /* collects */
	AGENT_USES_PRINTF = 1 << 4,
};

struct agent_expr {
	uint8_t *code; /* owned */
	size_t size;
	unsigned uses;	  /* enum agent_use, of all of its instructions */
	unsigned depth;	  /* of the stack, at most */
	bool gives_value; /* at each `end` something is on the stack */
};

/* What the one who will evaluate it can offer. */
struct agent_rules {
	unsigned allow; /* enum agent_use */
	/* Whether register or variable @n can be had; NULL: any. */
	bool (*reg_ok)(void *opaque, unsigned n);
	bool (*variable_ok)(void *opaque, unsigned n);
	void *opaque;
};

/*
 * Copies and verifies @len bytes. -EINVAL with a sentence that says what is wrong and where:
 * an unknown opcode, an operand that is cut, a jump into an instruction or out of the code, a
 * stack that underflows, overflows or is of two depths at one place, code that runs past its end or
 * can never end, floating point, a use that @rules does not allow. -ENOMEM. @expr is empty then.
 */
int agent_expr_parse(struct agent_expr *expr, const void *bytes, size_t len,
		     const struct agent_rules *rules, struct error *err);
void agent_expr_free(struct agent_expr *expr);
/* Only the verification: fills all of @expr but `code` for the code that is there. */
int agent_expr_verify(struct agent_expr *expr, const struct agent_rules *rules, struct error *err);

enum agent_fault {
	AGENT_FAULT_NONE,
	AGENT_FAULT_MEMORY,   /* `at` is not mapped */
	AGENT_FAULT_REGISTER, /* register `at` cannot be read */
	AGENT_FAULT_VARIABLE, /* variable `at` cannot be had */
	AGENT_FAULT_DIVISION, /* by zero */
	AGENT_FAULT_STEPS,    /* AGENT_MAX_STEPS are over: a loop */
	AGENT_FAULT_COLLECT,  /* what is at `at` could not be kept: no room */
};

/*
 * What an evaluation works on. Each returns 0 or negative errno, which ends the evaluation
 * with the fault that fits. One that the expression does not use (expr->uses) may be NULL.
 */
struct agent_context {
	void *opaque;
	/* The low 64 bits of gdb's register @n, not sign-extended. */
	int (*reg)(void *opaque, unsigned n, uint64_t *value);
	/* All of @len bytes at the virtual address @addr. */
	int (*mem)(void *opaque, uint64_t addr, void *buf, size_t len);
	int (*get_variable)(void *opaque, unsigned n, int64_t *value);
	int (*set_variable)(void *opaque, unsigned n, int64_t value);
	/* Record memory, and a variable's value, in the trace buffer. */
	int (*collect)(void *opaque, uint64_t addr, uint64_t len);
	int (*collect_variable)(void *opaque, unsigned n);
	/* A printf's text, formatted, without a terminating 0. */
	void (*print)(void *opaque, const char *text, size_t len);
};

struct agent_result {
	int64_t value; /* top of the stack at the end; 0 when nothing is there */
	enum agent_fault fault;
	uint64_t at;	 /* address, register or variable of the fault */
	unsigned offset; /* of the instruction in the code */
};

/* Evaluates; false when there was a fault. Any thread; @expr is only read. */
bool agent_expr_eval(const struct agent_expr *expr, const struct agent_context *ctx,
		     struct agent_result *result);
/* "memory at 0x1234 is not mapped": the fault as a part of a sentence, for a person. */
void agent_fault_text(const struct agent_result *result, char *buf, size_t size);

#endif
