// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Verifying agent expressions, before any of it is evaluated.
 *
 * Two passes: one over the bytes in order, which finds where instructions
 * begin and looks at each alone; one along the flow of control, which follows
 * the depth of the stack over every path. An instruction has one depth,
 * however it is reached, so each needs to be looked at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/agent_op.h"

/*
 * The manual says that tracev pushes the value. gdb compiles "$x - $v", in a collection, to getv,
 * tracev, sub: it does not.
 */
#define ROW(op_, name_, operand_, pops_, pushes_, uses_, flow_) \
	[op_] = { name_, operand_, pops_, pushes_, uses_, flow_, false }
#define FLOATS(op_, name_, operand_) [op_] = { name_, operand_, 0, 0, 0, AX_NEXT, true }

const struct agent_op_row agent_ops[AX_COUNT] = {
	FLOATS(AX_FLOAT, "float", 0),
	ROW(AX_ADD, "add", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_SUB, "sub", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_MUL, "mul", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_DIV_SIGNED, "div_signed", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_DIV_UNSIGNED, "div_unsigned", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_REM_SIGNED, "rem_signed", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_REM_UNSIGNED, "rem_unsigned", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_LSH, "lsh", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_RSH_SIGNED, "rsh_signed", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_RSH_UNSIGNED, "rsh_unsigned", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_TRACE, "trace", 0, 2, 0, AGENT_USES_TRACE, AX_NEXT),
	ROW(AX_TRACE_QUICK, "trace_quick", 1, 1, 1, AGENT_USES_TRACE, AX_NEXT),
	ROW(AX_LOG_NOT, "log_not", 0, 1, 1, 0, AX_NEXT),
	ROW(AX_BIT_AND, "bit_and", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_BIT_OR, "bit_or", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_BIT_XOR, "bit_xor", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_BIT_NOT, "bit_not", 0, 1, 1, 0, AX_NEXT),
	ROW(AX_EQUAL, "equal", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_LESS_SIGNED, "less_signed", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_LESS_UNSIGNED, "less_unsigned", 0, 2, 1, 0, AX_NEXT),
	ROW(AX_EXT, "ext", 1, 1, 1, 0, AX_NEXT),
	ROW(AX_REF8, "ref8", 0, 1, 1, AGENT_USES_MEMORY, AX_NEXT),
	ROW(AX_REF16, "ref16", 0, 1, 1, AGENT_USES_MEMORY, AX_NEXT),
	ROW(AX_REF32, "ref32", 0, 1, 1, AGENT_USES_MEMORY, AX_NEXT),
	ROW(AX_REF64, "ref64", 0, 1, 1, AGENT_USES_MEMORY, AX_NEXT),
	FLOATS(AX_REF_FLOAT, "ref_float", 0),
	FLOATS(AX_REF_DOUBLE, "ref_double", 0),
	FLOATS(AX_REF_LONG_DOUBLE, "ref_long_double", 0),
	FLOATS(AX_L_TO_D, "l_to_d", 0),
	FLOATS(AX_D_TO_L, "d_to_l", 0),
	ROW(AX_IF_GOTO, "if_goto", 2, 1, 0, 0, AX_BRANCH),
	ROW(AX_GOTO, "goto", 2, 0, 0, 0, AX_JUMP),
	ROW(AX_CONST8, "const8", 1, 0, 1, 0, AX_NEXT),
	ROW(AX_CONST16, "const16", 2, 0, 1, 0, AX_NEXT),
	ROW(AX_CONST32, "const32", 4, 0, 1, 0, AX_NEXT),
	ROW(AX_CONST64, "const64", 8, 0, 1, 0, AX_NEXT),
	ROW(AX_REG, "reg", 2, 0, 1, AGENT_USES_REG, AX_NEXT),
	ROW(AX_END, "end", 0, 0, 0, 0, AX_STOP),
	ROW(AX_DUP, "dup", 0, 1, 2, 0, AX_NEXT),
	ROW(AX_POP, "pop", 0, 1, 0, 0, AX_NEXT),
	ROW(AX_ZERO_EXT, "zero_ext", 1, 1, 1, 0, AX_NEXT),
	ROW(AX_SWAP, "swap", 0, 2, 2, 0, AX_NEXT),
	ROW(AX_GETV, "getv", 2, 0, 1, AGENT_USES_VARIABLE, AX_NEXT),
	ROW(AX_SETV, "setv", 2, 1, 1, AGENT_USES_VARIABLE, AX_NEXT),
	ROW(AX_TRACEV, "tracev", 2, 0, 0, AGENT_USES_TRACE | AGENT_USES_VARIABLE, AX_NEXT),
	ROW(AX_TRACENZ, "tracenz", 0, 2, 0, AGENT_USES_TRACE | AGENT_USES_MEMORY, AX_NEXT),
	ROW(AX_TRACE16, "trace16", 2, 1, 1, AGENT_USES_TRACE, AX_NEXT),
	ROW(AX_PICK, "pick", 1, 0, 1, 0, AX_NEXT),
	ROW(AX_ROT, "rot", 0, 3, 3, 0, AX_NEXT),
	ROW(AX_PRINTF, "printf", 3, 2, 0, AGENT_USES_PRINTF | AGENT_USES_MEMORY, AX_NEXT),
};

/* What is known of the byte at an offset; else the depth of the stack before its instruction. */
#define INSIDE	(-2) /* it is not the beginning of an instruction */
#define UNKNOWN (-1) /* it is one that no path has reached yet */

struct verify {
	struct agent_expr *expr;
	const struct agent_rules *rules;
	struct error *err;
	int16_t *depth;	 /* one for each byte */
	uint16_t *todo;	 /* instructions to follow the flow from */
	size_t todo_len; /* never more than there are instructions */
	bool ends;
};

static const struct agent_op_row *row_at(const struct verify *v, size_t pc)
{
	uint8_t op = v->expr->code[pc];

	return op < AX_COUNT && agent_ops[op].name ? &agent_ops[op] : NULL;
}

static int wrong(const struct verify *v, size_t pc, const char *what)
{
	const struct agent_op_row *row = row_at(v, pc);

	return error_set(v->err, -EINVAL, "agent expression: %s at byte %zu: %s",
			 row ? row->name : "opcode", pc, what);
}

/* ---- each instruction alone ---- */

static size_t insn_size(const struct verify *v, size_t pc)
{
	const uint8_t *insn = v->expr->code + pc;
	size_t size = 1u + agent_ops[*insn].operand;

	if (*insn == AX_PRINTF && size <= v->expr->size - pc)
		size += AX_PRINTF_LEN(insn);
	return size;
}

static int check_printf(const struct verify *v, size_t pc)
{
	const uint8_t *insn = v->expr->code + pc;
	const char *string = AX_PRINTF_STRING(insn), *what;
	unsigned len = AX_PRINTF_LEN(insn);

	if (AX_PRINTF_ARGS(insn) > AGENT_MAX_ARGS)
		return wrong(v, pc, "too many arguments");
	if (!len || strnlen(string, len) != len - 1)
		return wrong(v, pc, "the string does not end with its only 0");
	what = agent_format_check(string, AX_PRINTF_ARGS(insn));
	return what ? wrong(v, pc, what) : 0;
}

static int check_operand(const struct verify *v, size_t pc)
{
	const uint8_t *insn = v->expr->code + pc;
	const struct agent_rules *r = v->rules;
	unsigned n = (unsigned)agent_operand(insn, agent_ops[*insn].operand);

	switch (*insn) {
	case AX_EXT:
		return insn[1] ? 0 : wrong(v, pc, "a number of no bits has no sign");
	case AX_REG:
		return !r->reg_ok || r->reg_ok(r->opaque, n)
			       ? 0
			       : wrong(v, pc, "there is no such register");
	case AX_GETV:
	case AX_SETV:
	case AX_TRACEV:
		return !r->variable_ok || r->variable_ok(r->opaque, n)
			       ? 0
			       : wrong(v, pc, "there is no such trace state variable");
	case AX_PRINTF:
		return check_printf(v, pc);
	default:
		return 0;
	}
}

static const char *refusal(unsigned uses)
{
	return uses & AGENT_USES_TRACE	  ? "only a tracepoint can collect"
	       : uses & AGENT_USES_PRINTF ? "only a command can print"
					  : "not allowed here";
}

static int check_each(struct verify *v)
{
	struct agent_expr *e = v->expr;
	size_t size;
	int ret;

	for (size_t pc = 0; pc < e->size; pc += size) {
		const struct agent_op_row *row = row_at(v, pc);

		if (!row)
			return wrong(v, pc, "there is no such instruction");
		if (row->floats)
			return wrong(v, pc, "floating point is not supported");
		if (row->uses & ~v->rules->allow)
			return wrong(v, pc, refusal(row->uses & ~v->rules->allow));
		size = insn_size(v, pc);
		if (size > e->size - pc)
			return wrong(v, pc, "its operand is cut");
		ret = check_operand(v, pc);
		if (ret)
			return ret;
		e->uses |= row->uses;
		v->depth[pc] = UNKNOWN;
	}
	return 0;
}

/* ---- along the flow ---- */

static unsigned pops(const uint8_t *insn)
{
	if (*insn == AX_PRINTF)
		return 2u + AX_PRINTF_ARGS(insn);
	return agent_ops[*insn].pops;
}

/* The stack needs this many elements, whether they are popped or not. */
static unsigned needs(const uint8_t *insn)
{
	return *insn == AX_PICK ? insn[1] + 1u : pops(insn);
}

/* The flow comes from @from to @pc with @depth elements on the stack. */
static int reach(struct verify *v, size_t from, size_t pc, int depth)
{
	if (pc >= v->expr->size)
		return wrong(v, from, "the code goes on past its end");
	if (v->depth[pc] == INSIDE)
		return wrong(v, from, "it jumps into the middle of an instruction");
	if (v->depth[pc] == UNKNOWN) {
		v->depth[pc] = (int16_t)depth;
		v->todo[v->todo_len++] = (uint16_t)pc;
	} else if (v->depth[pc] != depth) {
		return wrong(v, from, "what follows is reached with stacks of two depths");
	}
	return 0;
}

static void at_end(struct verify *v, int depth)
{
	v->expr->gives_value = depth > 0 && (v->expr->gives_value || !v->ends);
	v->ends = true;
}

static int follow(struct verify *v, size_t pc)
{
	const uint8_t *insn = v->expr->code + pc;
	const struct agent_op_row *row = &agent_ops[*insn];
	int depth = v->depth[pc], ret = 0;

	if ((unsigned)depth < needs(insn))
		return wrong(v, pc, "the stack has too few elements");
	depth += row->pushes - (int)pops(insn);
	if (depth > AGENT_MAX_STACK)
		return wrong(v, pc, "the stack is full");
	if ((unsigned)depth > v->expr->depth)
		v->expr->depth = (unsigned)depth;
	if (row->flow == AX_BRANCH || row->flow == AX_JUMP)
		ret = reach(v, pc, agent_operand(insn, 2), depth);
	if (!ret && (row->flow == AX_NEXT || row->flow == AX_BRANCH))
		ret = reach(v, pc, pc + insn_size(v, pc), depth);
	if (row->flow == AX_STOP)
		at_end(v, depth);
	return ret;
}

static int check_flow(struct verify *v)
{
	int ret = reach(v, 0, 0, 0);

	while (!ret && v->todo_len)
		ret = follow(v, v->todo[--v->todo_len]);
	if (!ret && !v->ends)
		return error_set(v->err, -EINVAL, "agent expression: it can never end");
	return ret;
}

/* Jumps that no path reaches are not followed, and still have to go somewhere. */
static int check_jumps(const struct verify *v)
{
	for (size_t pc = 0; pc < v->expr->size; pc += insn_size(v, pc)) {
		const uint8_t *insn = v->expr->code + pc;
		size_t to;

		if (*insn != AX_IF_GOTO && *insn != AX_GOTO)
			continue;
		to = agent_operand(insn, 2);
		if (to >= v->expr->size || v->depth[to] == INSIDE)
			return wrong(v, pc, "it does not jump to an instruction");
	}
	return 0;
}

int agent_expr_verify(struct agent_expr *expr, const struct agent_rules *rules, struct error *err)
{
	struct verify v = { .expr = expr, .rules = rules, .err = err };
	int ret = -ENOMEM;

	expr->uses = expr->depth = 0;
	expr->gives_value = false;
	if (!expr->size || expr->size > AGENT_MAX_SIZE)
		return error_set(err, -EINVAL, "agent expression: %zu bytes, of 1 to %d",
				 expr->size, AGENT_MAX_SIZE);
	v.depth = malloc(expr->size * sizeof(*v.depth));
	v.todo = malloc(expr->size * sizeof(*v.todo));
	if (!v.depth || !v.todo) {
		error_set(err, ret, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < expr->size; i++)
		v.depth[i] = INSIDE;
	ret = check_each(&v);
	if (!ret)
		ret = check_jumps(&v);
	if (!ret)
		ret = check_flow(&v);
out:
	free(v.depth);
	free(v.todo);
	return ret;
}

int agent_expr_parse(struct agent_expr *expr, const void *bytes, size_t len,
		     const struct agent_rules *rules, struct error *err)
{
	int ret;

	*expr = (struct agent_expr){ .size = len };
	if (len && len <= AGENT_MAX_SIZE) {
		expr->code = malloc(len);
		if (!expr->code) {
			expr->size = 0;
			return error_set(err, -ENOMEM, "out of memory");
		}
		memcpy(expr->code, bytes, len);
	}
	ret = agent_expr_verify(expr, rules, err);
	if (ret)
		agent_expr_free(expr);
	return ret;
}

void agent_expr_free(struct agent_expr *expr)
{
	free(expr->code);
	*expr = (struct agent_expr){ 0 };
}
