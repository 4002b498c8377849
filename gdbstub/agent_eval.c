// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Evaluating agent expressions: a stack machine of 64-bit elements.
 *
 * What runs here was verified (agent_verify.c): operands are whole, jumps go
 * to instructions, and the stack has room and elements enough. Arithmetic
 * wraps.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gdbstub/agent_op.h"

/* One printf takes as long as this many other instructions. */
#define PRINTF_STEPS 500

struct eval {
	const struct agent_context *ctx;
	struct agent_result *result;
	const uint8_t *code, *insn; /* the whole, and the instruction that is executed */
	size_t next;		    /* offset of the one after it */
	unsigned steps;		    /* done so far; long instructions count for more */
	uint64_t *top;		    /* one past the last element */
	uint64_t stack[AGENT_MAX_STACK];
};

static bool fault(struct eval *e, enum agent_fault what, uint64_t at)
{
	e->result->fault = what;
	e->result->at = at;
	return false;
}

static uint64_t pop(struct eval *e)
{
	return *--e->top;
}

static bool push(struct eval *e, uint64_t value)
{
	*e->top++ = value;
	return true;
}

static uint64_t operand(const struct eval *e)
{
	return agent_operand(e->insn, agent_ops[*e->insn].operand);
}

/* ---- arithmetic ---- */

/* `a` is below `b` on the stack. */
#define BINARY(name_, value_)                        \
	static bool op_##name_(struct eval *e)       \
	{                                            \
		uint64_t b = pop(e), a = e->top[-1]; \
                                                     \
		e->top[-1] = (uint64_t)(value_);     \
		return true;                         \
	}

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a *b)
BINARY(bit_and, a &b)
BINARY(bit_or, a | b)
BINARY(bit_xor, a ^ b)
BINARY(equal, a == b)
BINARY(less_signed, (int64_t)a < (int64_t)b)
BINARY(less_unsigned, a < b)
/* By more bits than there are, all of them go out. */
BINARY(lsh, b < 64 ? a << b : 0)
BINARY(rsh_unsigned, b < 64 ? a >> b : 0)
BINARY(rsh_signed, (int64_t)a >> (b < 63 ? b : 63))

static bool divide(struct eval *e, bool is_signed, bool remainder)
{
	uint64_t b = pop(e), a = pop(e);

	if (!b)
		return fault(e, AGENT_FAULT_DIVISION, 0);
	if (!is_signed)
		return push(e, remainder ? a % b : a / b);
	/* INT64_MIN / -1 does not fit, and wraps. */
	if ((int64_t)b == -1)
		return push(e, remainder ? 0 : 0 - a);
	return push(e, (uint64_t)(remainder ? (int64_t)a % (int64_t)b : (int64_t)a / (int64_t)b));
}

static bool op_div_signed(struct eval *e)
{
	return divide(e, true, false);
}

static bool op_div_unsigned(struct eval *e)
{
	return divide(e, false, false);
}

static bool op_rem_signed(struct eval *e)
{
	return divide(e, true, true);
}

static bool op_rem_unsigned(struct eval *e)
{
	return divide(e, false, true);
}

static bool op_log_not(struct eval *e)
{
	e->top[-1] = !e->top[-1];
	return true;
}

static bool op_bit_not(struct eval *e)
{
	e->top[-1] = ~e->top[-1];
	return true;
}

static bool op_zero_ext(struct eval *e)
{
	unsigned bits = e->insn[1];

	if (bits < 64)
		e->top[-1] &= (1ull << bits) - 1;
	return true;
}

static bool op_ext(struct eval *e)
{
	unsigned bits = e->insn[1];
	uint64_t sign = 1ull << ((bits - 1) & 63);

	if (bits < 64)
		e->top[-1] = ((e->top[-1] & (sign * 2 - 1)) ^ sign) - sign;
	return true;
}

/* ---- the stack ---- */

static bool op_const(struct eval *e)
{
	return push(e, operand(e));
}

static bool op_dup(struct eval *e)
{
	return push(e, e->top[-1]);
}

static bool op_pop(struct eval *e)
{
	e->top--;
	return true;
}

static bool op_swap(struct eval *e)
{
	uint64_t b = e->top[-1];

	e->top[-1] = e->top[-2];
	e->top[-2] = b;
	return true;
}

static bool op_pick(struct eval *e)
{
	return push(e, *(e->top - 1 - e->insn[1]));
}

/* a b c => c a b */
static bool op_rot(struct eval *e)
{
	uint64_t c = e->top[-1];

	e->top[-1] = e->top[-2];
	e->top[-2] = e->top[-3];
	e->top[-3] = c;
	return true;
}

/* ---- control ---- */

static bool op_goto(struct eval *e)
{
	e->next = operand(e);
	return true;
}

static bool op_if_goto(struct eval *e)
{
	return pop(e) ? op_goto(e) : true;
}

/* ---- the guest ---- */

static bool op_reg(struct eval *e)
{
	unsigned n = (unsigned)operand(e);
	uint64_t value = 0;

	if (e->ctx->reg(e->ctx->opaque, n, &value))
		return fault(e, AGENT_FAULT_REGISTER, n);
	return push(e, value);
}

static bool read_memory(struct eval *e, uint64_t addr, void *buf, size_t len)
{
	return e->ctx->mem(e->ctx->opaque, addr, buf, len) ? fault(e, AGENT_FAULT_MEMORY, addr)
							   : true;
}

/* The guest's byte order is the host's. */
static bool op_ref8(struct eval *e)
{
	uint8_t value;

	return read_memory(e, pop(e), &value, sizeof(value)) && push(e, value);
}

static bool op_ref16(struct eval *e)
{
	uint16_t value;

	return read_memory(e, pop(e), &value, sizeof(value)) && push(e, value);
}

static bool op_ref32(struct eval *e)
{
	uint32_t value;

	return read_memory(e, pop(e), &value, sizeof(value)) && push(e, value);
}

static bool op_ref64(struct eval *e)
{
	uint64_t value;

	return read_memory(e, pop(e), &value, sizeof(value)) && push(e, value);
}

/* ---- trace state variables ---- */

static bool op_getv(struct eval *e)
{
	unsigned n = (unsigned)operand(e);
	int64_t value = 0;

	if (e->ctx->get_variable(e->ctx->opaque, n, &value))
		return fault(e, AGENT_FAULT_VARIABLE, n);
	return push(e, (uint64_t)value);
}

/* The value stays on the stack. */
static bool op_setv(struct eval *e)
{
	unsigned n = (unsigned)operand(e);

	if (e->ctx->set_variable(e->ctx->opaque, n, (int64_t)e->top[-1]))
		return fault(e, AGENT_FAULT_VARIABLE, n);
	return true;
}

/* ---- collecting ---- */

static bool collect(struct eval *e, uint64_t addr, uint64_t len)
{
	int ret = len ? e->ctx->collect(e->ctx->opaque, addr, len) : 0;

	if (ret == -EFAULT)
		return fault(e, AGENT_FAULT_MEMORY, addr);
	return ret ? fault(e, AGENT_FAULT_COLLECT, addr) : true;
}

static bool op_trace(struct eval *e)
{
	uint64_t len = pop(e), addr = pop(e);

	return collect(e, addr, len);
}

/* trace_quick and trace16 leave the address. */
static bool op_trace_n(struct eval *e)
{
	return collect(e, e->top[-1], operand(e));
}

/* Up to the first 0, which is collected too. */
static bool op_tracenz(struct eval *e)
{
	uint64_t len = pop(e), addr = pop(e), done = 0;

	while (done < len) {
		uint8_t buf[64], *zero;
		/* No piece crosses a page: what is there is found before what is not. */
		uint64_t n = sizeof(buf) - (addr + done) % sizeof(buf);

		if (n > len - done)
			n = len - done;
		if (!read_memory(e, addr + done, buf, n))
			return false;
		zero = memchr(buf, 0, n);
		if (zero)
			return collect(e, addr, done + (uint64_t)(zero - buf) + 1);
		done += n;
		if (++e->steps > AGENT_MAX_STEPS)
			return fault(e, AGENT_FAULT_STEPS, 0);
	}
	return collect(e, addr, len);
}

static bool op_tracev(struct eval *e)
{
	unsigned n = (unsigned)operand(e);

	return e->ctx->collect_variable(e->ctx->opaque, n) ? fault(e, AGENT_FAULT_VARIABLE, n)
							   : true;
}

/* The function and its channel are on top, and mean nothing here; then the arguments, in order. */
static bool op_printf(struct eval *e)
{
	unsigned count = AX_PRINTF_ARGS(e->insn);
	uint64_t args[AGENT_MAX_ARGS];

	e->top -= 2;
	for (unsigned i = 0; i < count; i++)
		args[i] = pop(e);
	e->next += AX_PRINTF_LEN(e->insn);
	e->steps += PRINTF_STEPS;
	return agent_format_print(AX_PRINTF_STRING(e->insn), args, e->ctx, e->result);
}

static bool (*const run[AX_COUNT])(struct eval *e) = {
	[AX_ADD] = op_add,
	[AX_SUB] = op_sub,
	[AX_MUL] = op_mul,
	[AX_DIV_SIGNED] = op_div_signed,
	[AX_DIV_UNSIGNED] = op_div_unsigned,
	[AX_REM_SIGNED] = op_rem_signed,
	[AX_REM_UNSIGNED] = op_rem_unsigned,
	[AX_LSH] = op_lsh,
	[AX_RSH_SIGNED] = op_rsh_signed,
	[AX_RSH_UNSIGNED] = op_rsh_unsigned,
	[AX_TRACE] = op_trace,
	[AX_TRACE_QUICK] = op_trace_n,
	[AX_LOG_NOT] = op_log_not,
	[AX_BIT_AND] = op_bit_and,
	[AX_BIT_OR] = op_bit_or,
	[AX_BIT_XOR] = op_bit_xor,
	[AX_BIT_NOT] = op_bit_not,
	[AX_EQUAL] = op_equal,
	[AX_LESS_SIGNED] = op_less_signed,
	[AX_LESS_UNSIGNED] = op_less_unsigned,
	[AX_EXT] = op_ext,
	[AX_REF8] = op_ref8,
	[AX_REF16] = op_ref16,
	[AX_REF32] = op_ref32,
	[AX_REF64] = op_ref64,
	[AX_IF_GOTO] = op_if_goto,
	[AX_GOTO] = op_goto,
	[AX_CONST8] = op_const,
	[AX_CONST16] = op_const,
	[AX_CONST32] = op_const,
	[AX_CONST64] = op_const,
	[AX_REG] = op_reg,
	[AX_DUP] = op_dup,
	[AX_POP] = op_pop,
	[AX_ZERO_EXT] = op_zero_ext,
	[AX_SWAP] = op_swap,
	[AX_GETV] = op_getv,
	[AX_SETV] = op_setv,
	[AX_TRACEV] = op_tracev,
	[AX_TRACENZ] = op_tracenz,
	[AX_TRACE16] = op_trace_n,
	[AX_PICK] = op_pick,
	[AX_ROT] = op_rot,
	[AX_PRINTF] = op_printf,
};

bool agent_expr_eval(const struct agent_expr *expr, const struct agent_context *ctx,
		     struct agent_result *result)
{
	struct eval e;
	size_t pc = 0;

	*result = (struct agent_result){ 0 };
	e.ctx = ctx;
	e.result = result;
	e.code = expr->code;
	e.top = e.stack;
	for (e.steps = 0; e.code[pc] != AX_END; e.steps++) {
		e.insn = e.code + pc;
		e.next = pc + 1 + agent_ops[*e.insn].operand;
		if (e.steps >= AGENT_MAX_STEPS)
			fault(&e, AGENT_FAULT_STEPS, 0);
		else if (run[*e.insn](&e)) {
			pc = e.next;
			continue;
		}
		result->offset = (unsigned)pc;
		return false;
	}
	if (e.top > e.stack)
		result->value = (int64_t)e.top[-1];
	return true;
}

void agent_fault_text(const struct agent_result *r, char *buf, size_t size)
{
	switch (r->fault) {
	case AGENT_FAULT_NONE:
		snprintf(buf, size, "nothing is wrong");
		break;
	case AGENT_FAULT_MEMORY:
		snprintf(buf, size, "memory at 0x%" PRIx64 " is not mapped", r->at);
		break;
	case AGENT_FAULT_REGISTER:
		snprintf(buf, size, "register %" PRIu64 " cannot be read", r->at);
		break;
	case AGENT_FAULT_VARIABLE:
		snprintf(buf, size,
			 "trace state variable %" PRIu64 " is not defined, which tstart does",
			 r->at);
		break;
	case AGENT_FAULT_DIVISION:
		snprintf(buf, size, "it divides by zero");
		break;
	case AGENT_FAULT_STEPS:
		snprintf(buf, size, "it did not end after %d instructions", AGENT_MAX_STEPS);
		break;
	case AGENT_FAULT_COLLECT:
		snprintf(buf, size, "there is no room for what is at 0x%" PRIx64, r->at);
		break;
	}
}
