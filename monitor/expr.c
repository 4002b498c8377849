// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Integer expressions: see expr.h.
 *
 * Precedence climbing over one table of binary operators makes code for a stack: operands come
 * before their operator. Recursion happens only through parentheses, unary operators and right
 * operands, and is bounded by EXPR_DEPTH_MAX; so is the stack, on which each of them keeps one
 * value.
 */
#include "monitor/expr.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct parser {
	const char *text;
	size_t pos, len;
	const struct expr_env *env;
	struct expr_code *code;
	unsigned depth;
	size_t bad, bad_len;
	struct error *err;
};

struct binary {
	char name[3];
	uint8_t level; /* the higher, the tighter */
	int (*apply)(uint64_t a, uint64_t b, uint64_t *out);
};

#define BINARY(name_, expr_)                                         \
	static int op_##name_(uint64_t a, uint64_t b, uint64_t *out) \
	{                                                            \
		*out = (expr_);                                      \
		return 0;                                            \
	}

BINARY(mul, a *b)
BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(shl, b < 64 ? a << b : 0)
BINARY(shr, b < 64 ? a >> b : 0)
BINARY(lt, a < b)
BINARY(le, a <= b)
BINARY(gt, a > b)
BINARY(ge, a >= b)
BINARY(eq, a == b)
BINARY(ne, a != b)
BINARY(and, a &b)
BINARY(xor, a ^ b)
BINARY(or, a | b)

static int op_div(uint64_t a, uint64_t b, uint64_t *out)
{
	if (!b)
		return -EDOM;
	*out = a / b;
	return 0;
}

static int op_mod(uint64_t a, uint64_t b, uint64_t *out)
{
	if (!b)
		return -EDOM;
	*out = a % b;
	return 0;
}

/* Two-letter names first: the table is searched in order. Those without a function may leave out
 * their right operand. */
static const struct binary binaries[] = {
	{ "||", 1, NULL },   { "&&", 2, NULL },	 { "<<", 8, op_shl }, { ">>", 8, op_shr },
	{ "<=", 7, op_le },  { ">=", 7, op_ge }, { "==", 6, op_eq },  { "!=", 6, op_ne },
	{ "<", 7, op_lt },   { ">", 7, op_gt },	 { "*", 10, op_mul }, { "/", 10, op_div },
	{ "%", 10, op_mod }, { "+", 9, op_add }, { "-", 9, op_sub },  { "&", 5, op_and },
	{ "^", 4, op_xor },  { "|", 3, op_or },
};
#define OR_ROW 0

/* Reading memory looks like a call, and so does an MSR, of which no size is asked for. */
static const struct {
	const char *name;
	uint8_t size;
} loads[] = { { "u8", 1 }, { "u16", 2 }, { "u32", 4 }, { "u64", 8 }, { "msr", 0 } };

enum op {
	OP_NUMBER,
	OP_REGISTER, /* value: its id */
	OP_LOAD,     /* arg: bytes; 0: an MSR */
	OP_UNARY,    /* arg: the sign */
	OP_BINARY,   /* arg: row of binaries[] */
	OP_SHORT,    /* arg: true for ||; jumps when the left operand decides */
	OP_BOOL,
};

static int fail(struct parser *p, size_t bad, size_t bad_len, const char *what)
{
	p->bad = bad;
	p->bad_len = bad_len;
	return error_set(p->err, -EINVAL, "%s", what);
}

/* Appends one instruction, about [pos, pos+len) of the text. NULL: there are too many. */
static struct expr_insn *emit(struct parser *p, enum op op, unsigned arg, uint64_t value,
			      size_t pos, size_t len)
{
	struct expr_insn *insn = &p->code->insn[p->code->count];

	if (p->code->count == EXPR_INSNS_MAX) {
		fail(p, pos, len, "this expression is too long");
		return NULL;
	}
	*insn = (struct expr_insn){ .op = (uint8_t)op,
				    .arg = (uint8_t)arg,
				    .pos = (uint32_t)pos,
				    .len = (uint32_t)len,
				    .value = value };
	p->code->count++;
	return insn;
}

static int emitted(const struct expr_insn *insn)
{
	return insn ? 0 : -EINVAL;
}

static void skip_space(struct parser *p)
{
	while (p->pos < p->len && isspace((unsigned char)p->text[p->pos]))
		p->pos++;
}

/* From the present place to the next blank or operator: what an error points at. */
static size_t word_len(const struct parser *p)
{
	size_t n = 0;

	while (p->pos + n < p->len && !isspace((unsigned char)p->text[p->pos + n]) &&
	       (!n || !strchr("()+-*/%<>=!&^|~", p->text[p->pos + n])))
		n++;
	return n;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

static unsigned suffix_shift(char c)
{
	static const struct {
		char letter;
		uint8_t shift;
	} suffixes[] = { { 'k', 10 }, { 'K', 10 }, { 'M', 20 }, { 'G', 30 }, { 'T', 40 } };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (suffixes[i].letter == c)
			return suffixes[i].shift;
	return 0;
}

static size_t number_base(const char *text, size_t len, unsigned *base)
{
	*base = 10;
	if (len < 2 || text[0] != '0')
		return 0;
	if (text[1] == 'x' || text[1] == 'X') {
		*base = 16;
		return 2;
	}
	if (text[1] == 'b' || text[1] == 'B') {
		*base = 2;
		return 2;
	}
	if (isdigit((unsigned char)text[1])) {
		*base = 8;
		return 1;
	}
	return 0;
}

int expr_number(const char *text, size_t len, uint64_t *value)
{
	unsigned base, shift;
	size_t pos = number_base(text, len, &base), first = pos;
	uint64_t v = 0;
	bool over = false;

	for (; pos < len && digit_value(text[pos]) < base; pos++) {
		over |= __builtin_mul_overflow(v, (uint64_t)base, &v);
		over |= __builtin_add_overflow(v, (uint64_t)digit_value(text[pos]), &v);
	}
	if (pos == first)
		return 0;
	shift = pos < len ? suffix_shift(text[pos]) : 0;
	if (shift) {
		over |= v >> (64 - shift) != 0;
		v <<= shift;
		pos++;
	}
	if (pos < len && (isalnum((unsigned char)text[pos]) || text[pos] == '_'))
		return 0;
	if (over || pos > INT32_MAX)
		return -ERANGE;
	*value = v;
	return (int)pos;
}

static int parse_level(struct parser *p, unsigned level);

static int parse_register(struct parser *p)
{
	size_t start = p->pos++, name = p->pos;
	int id = 0, rc;

	while (p->pos < p->len &&
	       (isalnum((unsigned char)p->text[p->pos]) || p->text[p->pos] == '_'))
		p->pos++;
	if (p->pos == name)
		return fail(p, start, p->pos - start, "expected the name of a register behind $");
	if (!p->env || !p->env->reg)
		return fail(p, start, p->pos - start, "no registers here");
	rc = p->env->reg(p->env->opaque, p->text + name, p->pos - name, &id, p->err);
	if (rc) {
		p->bad = start;
		p->bad_len = p->pos - start;
		return rc;
	}
	return emitted(emit(p, OP_REGISTER, 0, (uint64_t)(int64_t)id, start, p->pos - start));
}

static int parse_character(struct parser *p)
{
	const char *s = p->text + p->pos;

	if (p->len - p->pos < 3 || s[1] == '\'' || s[1] == '\\' || s[2] != '\'')
		return fail(p, p->pos, word_len(p), "expected one character between quotes: 'a'");
	p->pos += 3;
	return emitted(emit(p, OP_NUMBER, 0, (unsigned char)s[1], p->pos - 3, 3));
}

static int parse_parentheses(struct parser *p)
{
	size_t open = p->pos++;
	int rc = parse_level(p, 1);

	if (rc)
		return rc;
	skip_space(p);
	if (p->pos == p->len)
		return fail(p, open, 1, "this parenthesis is not closed");
	if (p->text[p->pos] != ')')
		return fail(p, p->pos, word_len(p), "expected an operator or ')'");
	p->pos++;
	return 0;
}

static bool in_symbol(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* u32(ADDRESS), msr(NUMBER); false when the word of @len bytes here is none of that. */
static bool is_load(const struct parser *p, size_t len, unsigned *size)
{
	if (p->pos + len == p->len || p->text[p->pos + len] != '(')
		return false;
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (strlen(loads[i].name) == len && !memcmp(loads[i].name, p->text + p->pos, len)) {
			*size = loads[i].size;
			return true;
		}
	return false;
}

static int parse_word(struct parser *p)
{
	size_t start = p->pos, len = 0;
	unsigned size;
	uint64_t value;
	int rc;

	while (start + len < p->len && in_symbol(p->text[start + len]))
		len++;
	if (is_load(p, len, &size)) {
		p->pos += len;
		rc = parse_parentheses(p);
		return rc ? rc : emitted(emit(p, OP_LOAD, size, 0, start, p->pos - start));
	}
	if (!p->env || !p->env->symbol)
		return fail(p, start, word_len(p),
			    "not a number (registers are written $NAME, hexadecimal numbers 0x…)");
	rc = p->env->symbol(p->env->opaque, p->text + start, len, &value, p->err);
	if (rc) {
		p->bad = start;
		p->bad_len = len;
		return rc;
	}
	p->pos += len;
	return emitted(emit(p, OP_NUMBER, 0, value, start, len));
}

static int parse_primary(struct parser *p)
{
	size_t start = p->pos;
	uint64_t value;
	int n;

	if (p->pos == p->len)
		return fail(p, p->pos, 0, "expected a number, a $register or '('");
	switch (p->text[p->pos]) {
	case '(':
		return parse_parentheses(p);
	case '$':
		return parse_register(p);
	case '\'':
		return parse_character(p);
	default:
		break;
	}
	n = expr_number(p->text + p->pos, p->len - p->pos, &value);
	if (n == -ERANGE)
		return fail(p, p->pos, word_len(p), "this number does not fit in 64 bits");
	if (n > 0) {
		p->pos += (size_t)n;
		return emitted(emit(p, OP_NUMBER, 0, value, start, (size_t)n));
	}
	if (isalpha((unsigned char)p->text[p->pos]) || p->text[p->pos] == '_')
		return parse_word(p);
	return fail(p, p->pos, word_len(p), "expected a number, a $register or '('");
}

static int parse_unary(struct parser *p)
{
	size_t start;
	char c;
	int rc;

	skip_space(p);
	start = p->pos;
	c = p->pos < p->len ? p->text[p->pos] : '\0';
	if (c != '-' && c != '~' && c != '!')
		return parse_primary(p);
	if (p->depth == EXPR_DEPTH_MAX)
		return fail(p, p->pos, 1, "nested too deeply");
	p->depth++;
	p->pos++;
	rc = parse_unary(p);
	p->depth--;
	return rc ? rc : emitted(emit(p, OP_UNARY, (unsigned char)c, 0, start, p->pos - start));
}

static const struct binary *peek_binary(struct parser *p)
{
	skip_space(p);
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++) {
		size_t n = strlen(binaries[i].name);

		if (p->len - p->pos >= n && !memcmp(p->text + p->pos, binaries[i].name, n))
			return &binaries[i];
	}
	return NULL;
}

/* The operator and its right operand; the left one has been. */
static int parse_right(struct parser *p, const struct binary *op)
{
	unsigned row = (unsigned)(op - binaries);
	struct expr_insn *jump = NULL;
	size_t at;
	int rc;

	p->pos += strlen(op->name);
	skip_space(p);
	at = p->pos;
	if (!op->apply) {
		jump = emit(p, OP_SHORT, row == OR_ROW, 0, at, 0);
		if (!jump)
			return -EINVAL;
	}
	rc = parse_level(p, op->level + 1u);
	if (!rc)
		rc = emitted(emit(p, op->apply ? OP_BINARY : OP_BOOL, row, 0, at, p->pos - at));
	if (!rc && jump)
		jump->value = p->code->count;
	return rc;
}

/* An operand and all operators behind it that bind at least as tightly as @level. */
static int parse_level(struct parser *p, unsigned level)
{
	const struct binary *op;
	int rc;

	if (p->depth == EXPR_DEPTH_MAX)
		return fail(p, p->pos, 1, "nested too deeply");
	p->depth++;
	rc = parse_unary(p);
	while (!rc && (op = peek_binary(p)) && op->level >= level)
		rc = parse_right(p, op);
	p->depth--;
	return rc;
}

int expr_compile(const char *text, size_t len, const struct expr_env *env, struct expr_code *code,
		 size_t *bad, size_t *bad_len, struct error *err)
{
	struct parser p = { .text = text, .len = len, .env = env, .code = code, .err = err };
	int rc;

	code->count = 0;
	rc = parse_level(&p, 1);
	skip_space(&p);
	if (!rc && p.pos < p.len)
		rc = fail(&p, p.pos, word_len(&p), "expected an operator");
	if (rc) {
		*bad = p.bad;
		*bad_len = p.bad_len;
	}
	return rc;
}

/* ---- running ---- */

struct machine_stack {
	uint64_t value[EXPR_DEPTH_MAX + 2];
	unsigned top; /* how many there are */
};

static int run_unary(char sign, uint64_t *v)
{
	*v = sign == '-' ? 0 - *v : sign == '~' ? ~*v : !*v;
	return 0;
}

/* One instruction; moves *next where that is not the one behind it. */
static int run_one(const struct expr_insn *insn, const struct expr_env *env,
		   struct machine_stack *s, unsigned *next, struct error *err)
{
	uint64_t *top = &s->value[s->top ? s->top - 1 : 0];

	switch ((enum op)insn->op) {
	case OP_NUMBER:
		s->value[s->top++] = insn->value;
		return 0;
	case OP_REGISTER:
		return env->reg_value(env->opaque, (int)(int64_t)insn->value, &s->value[s->top++],
				      err);
	case OP_LOAD:
		if (!insn->arg && env && env->msr)
			return env->msr(env->opaque, *top, top, err);
		if (!insn->arg)
			return error_set(err, -EINVAL, "no MSRs here");
		if (!env || !env->load)
			return error_set(err, -EINVAL, "no memory here");
		return env->load(env->opaque, *top, insn->arg, top, err);
	case OP_UNARY:
		return run_unary((char)insn->arg, top);
	case OP_BINARY:
		s->top--;
		if (binaries[insn->arg].apply(top[-1], *top, &top[-1]))
			return error_set(err, -EINVAL, "this is zero: cannot divide by it");
		return 0;
	case OP_SHORT:
		if (!*top == !insn->arg) {
			*top = insn->arg;
			*next = (unsigned)insn->value;
		} else {
			s->top--;
		}
		return 0;
	case OP_BOOL:
		*top = !!*top;
		return 0;
	}
	return error_set(err, -EINVAL, "damaged code");
}

int expr_run(const struct expr_code *code, const struct expr_env *env, uint64_t *value, size_t *bad,
	     size_t *bad_len, struct error *err)
{
	struct machine_stack stack = { .top = 0 };
	int rc = 0;

	for (unsigned i = 0, next; i < code->count; i = next) {
		next = i + 1;
		rc = run_one(&code->insn[i], env, &stack, &next, err);
		if (rc) {
			*bad = code->insn[i].pos;
			*bad_len = code->insn[i].len;
			return rc;
		}
	}
	*value = stack.value[0];
	return 0;
}

int expr_eval(const char *text, size_t len, const struct expr_env *env, uint64_t *value,
	      size_t *bad, size_t *bad_len, struct error *err)
{
	struct expr_code code;
	int rc = expr_compile(text, len, env, &code, bad, bad_len, err);

	return rc ? rc : expr_run(&code, env, value, bad, bad_len, err);
}
