/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The instructions of agent expressions, by their numbers in the GDB manual ("Bytecode
 * Descriptions"). Operands follow the opcode, most significant byte first.
 */
#ifndef GDBSTUB_AGENT_OP_H
#define GDBSTUB_AGENT_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gdbstub/agent_expr.h"

enum agent_op {
	AX_FLOAT = 0x01,
	AX_ADD,
	AX_SUB,
	AX_MUL,
	AX_DIV_SIGNED,
	AX_DIV_UNSIGNED,
	AX_REM_SIGNED,
	AX_REM_UNSIGNED,
	AX_LSH,
	AX_RSH_SIGNED,
	AX_RSH_UNSIGNED,
	AX_TRACE,
	AX_TRACE_QUICK,
	AX_LOG_NOT,
	AX_BIT_AND,
	AX_BIT_OR,
	AX_BIT_XOR,
	AX_BIT_NOT,
	AX_EQUAL,
	AX_LESS_SIGNED,
	AX_LESS_UNSIGNED,
	AX_EXT,
	AX_REF8,
	AX_REF16,
	AX_REF32,
	AX_REF64,
	AX_REF_FLOAT,
	AX_REF_DOUBLE,
	AX_REF_LONG_DOUBLE,
	AX_L_TO_D,
	AX_D_TO_L,
	AX_IF_GOTO,
	AX_GOTO,
	AX_CONST8,
	AX_CONST16,
	AX_CONST32,
	AX_CONST64,
	AX_REG,
	AX_END,
	AX_DUP,
	AX_POP,
	AX_ZERO_EXT,
	AX_SWAP,
	AX_GETV,
	AX_SETV,
	AX_TRACEV = 0x2e,
	AX_TRACENZ,
	AX_TRACE16,
	AX_PICK = 0x32,
	AX_ROT,
	AX_PRINTF,
	AX_COUNT,
};

/* The flow of control after an instruction. */
enum agent_flow {
	AX_NEXT,
	AX_BRANCH, /* there or on */
	AX_JUMP,
	AX_STOP,
};

struct agent_op_row {
	const char *name; /* NULL: there is no such instruction */
	uint8_t operand;  /* bytes; printf's string comes after them */
	uint8_t pops, pushes;
	uint8_t uses; /* enum agent_use */
	uint8_t flow; /* enum agent_flow */
	bool floats;
};
extern const struct agent_op_row agent_ops[AX_COUNT];

/* The operand of the instruction at @insn, which has @bytes of it. */
static inline uint64_t agent_operand(const uint8_t *insn, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 1; i <= bytes; i++)
		value = value << 8 | insn[i];
	return value;
}

/* printf's operands: the number of arguments, the length of the string with its 0, the string. */
#define AX_PRINTF_ARGS(insn)   ((insn)[1])
#define AX_PRINTF_LEN(insn)    ((unsigned)((insn)[2] << 8 | (insn)[3]))
#define AX_PRINTF_STRING(insn) ((const char *)(insn) + 4)

/* ---- agent_printf.c ---- */

/*
 * Whether @format, C source between its quotes, can be printed with @args arguments. What is wrong
 * with it is said as a part of a sentence, else NULL.
 */
const char *agent_format_check(const char *format, unsigned args);
/* Formats and gives the text to @ctx. A fault is one of memory. */
bool agent_format_print(const char *format, const uint64_t *args, const struct agent_context *ctx,
			struct agent_result *result);

#endif
