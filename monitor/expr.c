// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Integer expressions: see expr.h.
 *
 * Precedence climbing over one table of binary operators. Recursion happens only through
 * parentheses, unary operators and right operands, and is bounded by EXPR_DEPTH_MAX.
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

/* Two-letter names first: the table is searched in order. */
static const struct binary binaries[] = {
	{ "<<", 6, op_shl }, { ">>", 6, op_shr }, { "<=", 5, op_le }, { ">=", 5, op_ge },
	{ "==", 4, op_eq },  { "!=", 4, op_ne },  { "<", 5, op_lt },  { ">", 5, op_gt },
	{ "*", 8, op_mul },  { "/", 8, op_div },  { "%", 8, op_mod }, { "+", 7, op_add },
	{ "-", 7, op_sub },  { "&", 3, op_and },  { "^", 2, op_xor }, { "|", 1, op_or },
};

static int fail(struct parser *p, size_t bad, size_t bad_len, const char *what)
{
	p->bad = bad;
	p->bad_len = bad_len;
	return error_set(p->err, -EINVAL, "%s", what);
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

static int parse_level(struct parser *p, unsigned level, uint64_t *out);

static int parse_register(struct parser *p, uint64_t *out)
{
	size_t start = p->pos++, name = p->pos;
	int rc;

	while (p->pos < p->len &&
	       (isalnum((unsigned char)p->text[p->pos]) || p->text[p->pos] == '_'))
		p->pos++;
	if (p->pos == name)
		return fail(p, start, p->pos - start, "expected the name of a register behind $");
	if (!p->env || !p->env->reg)
		return fail(p, start, p->pos - start, "no registers here");
	rc = p->env->reg(p->env->opaque, p->text + name, p->pos - name, out, p->err);
	if (rc) {
		p->bad = start;
		p->bad_len = p->pos - start;
	}
	return rc;
}

static int parse_character(struct parser *p, uint64_t *out)
{
	const char *s = p->text + p->pos;

	if (p->len - p->pos < 3 || s[1] == '\'' || s[1] == '\\' || s[2] != '\'')
		return fail(p, p->pos, word_len(p), "expected one character between quotes: 'a'");
	*out = (unsigned char)s[1];
	p->pos += 3;
	return 0;
}

static int parse_parentheses(struct parser *p, uint64_t *out)
{
	size_t open = p->pos++;
	int rc = parse_level(p, 1, out);

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

static int parse_symbol(struct parser *p, uint64_t *out)
{
	size_t start = p->pos, len = 0;
	int rc;

	while (start + len < p->len && in_symbol(p->text[start + len]))
		len++;
	if (!p->env || !p->env->symbol)
		return fail(p, start, word_len(p),
			    "not a number (registers are written $NAME, hexadecimal numbers 0x…)");
	rc = p->env->symbol(p->env->opaque, p->text + start, len, out, p->err);
	if (rc) {
		p->bad = start;
		p->bad_len = len;
		return rc;
	}
	p->pos += len;
	return 0;
}

static int parse_primary(struct parser *p, uint64_t *out)
{
	int n;

	if (p->pos == p->len)
		return fail(p, p->pos, 0, "expected a number, a $register or '('");
	switch (p->text[p->pos]) {
	case '(':
		return parse_parentheses(p, out);
	case '$':
		return parse_register(p, out);
	case '\'':
		return parse_character(p, out);
	default:
		break;
	}
	n = expr_number(p->text + p->pos, p->len - p->pos, out);
	if (n == -ERANGE)
		return fail(p, p->pos, word_len(p), "this number does not fit in 64 bits");
	if (n > 0) {
		p->pos += (size_t)n;
		return 0;
	}
	if (isalpha((unsigned char)p->text[p->pos]) || p->text[p->pos] == '_')
		return parse_symbol(p, out);
	return fail(p, p->pos, word_len(p), "expected a number, a $register or '('");
}

static int parse_unary(struct parser *p, uint64_t *out)
{
	char c;
	int rc;

	skip_space(p);
	c = p->pos < p->len ? p->text[p->pos] : '\0';
	if (c != '-' && c != '~' && c != '!')
		return parse_primary(p, out);
	if (p->depth == EXPR_DEPTH_MAX)
		return fail(p, p->pos, 1, "nested too deeply");
	p->depth++;
	p->pos++;
	rc = parse_unary(p, out);
	p->depth--;
	if (rc)
		return rc;
	*out = c == '-' ? 0 - *out : c == '~' ? ~*out : !*out;
	return 0;
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

/* An operand and all operators behind it that bind at least as tightly as @level. */
static int parse_level(struct parser *p, unsigned level, uint64_t *out)
{
	const struct binary *op;
	uint64_t right = 0;
	size_t at;
	int rc;

	*out = 0;
	if (p->depth == EXPR_DEPTH_MAX)
		return fail(p, p->pos, 1, "nested too deeply");
	p->depth++;
	rc = parse_unary(p, out);
	while (!rc && (op = peek_binary(p)) && op->level >= level) {
		p->pos += strlen(op->name);
		skip_space(p);
		at = p->pos;
		rc = parse_level(p, op->level + 1u, &right);
		if (!rc && op->apply(*out, right, out))
			rc = fail(p, at, p->pos - at, "this is zero: cannot divide by it");
	}
	p->depth--;
	return rc;
}

int expr_eval(const char *text, size_t len, const struct expr_env *env, uint64_t *value,
	      size_t *bad, size_t *bad_len, struct error *err)
{
	struct parser p = { .text = text, .len = len, .env = env, .err = err };
	int rc;

	rc = parse_level(&p, 1, value);
	skip_space(&p);
	if (!rc && p.pos < p.len)
		rc = fail(&p, p.pos, word_len(&p), "expected an operator");
	if (rc) {
		*bad = p.bad;
		*bad_len = p.bad_len;
	}
	return rc;
}
