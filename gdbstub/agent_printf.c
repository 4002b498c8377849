// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The printf of agent expressions: C's conversions of integers, characters and
 * strings in the guest's memory, and C's escapes, for the format comes as it
 * stands in source.
 *
 * One parser serves both, the check before a format is accepted and the
 * printing.
 */
#include <ctype.h>
#include <string.h>

#include "gdbstub/agent_op.h"
#include "hv/strbuf.h"

#define MAX_FIELD  200	/* width and precision */
#define MAX_STRING 1024 /* of one %s */

/* One conversion. */
struct conversion {
	bool minus, zero, plus, space, alt;
	unsigned width;
	int precision; /* -1: none is given */
	unsigned bits; /* of the number */
	char type;
};

/* ---- parsing ---- */

static bool parse_number(const char **p, unsigned *value)
{
	*value = 0;
	while (isdigit((unsigned char)**p)) {
		*value = *value * 10 + (unsigned)(*(*p)++ - '0');
		if (*value > MAX_FIELD)
			return false;
	}
	return true;
}

static void parse_flags(const char **p, struct conversion *c)
{
	for (;; (*p)++) {
		if (**p == '-')
			c->minus = true;
		else if (**p == '0')
			c->zero = true;
		else if (**p == '+')
			c->plus = true;
		else if (**p == ' ')
			c->space = true;
		else if (**p == '#')
			c->alt = true;
		else
			return;
	}
}

/* hh h l ll j z t: a size in bits; int without one. */
static unsigned parse_size(const char **p)
{
	static const struct {
		const char *name;
		unsigned bits;
	} sizes[] = {
		{ "hh", 8 }, { "h", 16 }, { "ll", 64 }, { "l", 64 },
		{ "j", 64 }, { "z", 64 }, { "t", 64 },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = strlen(sizes[i].name);

		if (!strncmp(*p, sizes[i].name, n)) {
			*p += n;
			return sizes[i].bits;
		}
	}
	return 32;
}

/* *p is behind the '%'. What is wrong, or NULL. */
static const char *parse_conversion(const char **p, struct conversion *c)
{
	const char *size;
	unsigned n;

	*c = (struct conversion){ .precision = -1 };
	parse_flags(p, c);
	if (!parse_number(p, &c->width))
		return "a field of the format is too wide";
	if (**p == '.') {
		(*p)++;
		if (!parse_number(p, &n))
			return "a field of the format is too wide";
		c->precision = (int)n;
	}
	size = *p;
	c->bits = parse_size(p);
	c->type = **p;
	if (!c->type)
		return "the format ends inside a conversion";
	if (strchr("aAeEfFgG", c->type))
		return "floating point is not supported";
	if (!strchr("diouxXcsp", c->type))
		return "a conversion of the format is not known";
	if (strchr("csp", c->type) && size != *p)
		return "wide characters are not supported";
	(*p)++;
	return NULL;
}

/* *p is behind the '\'. The character, -1 when it is none. */
static int parse_escape(const char **p)
{
	static const char names[] = "abefnrtv\\\"'?", values[] = "\a\b\033\f\n\r\t\v\\\"'?";
	const char *known = **p ? strchr(names, **p) : NULL;
	int value = 0;

	if (known) {
		(*p)++;
		return (unsigned char)values[known - names];
	}
	if (**p < '0' || **p > '7')
		return -1;
	for (int i = 0; i < 3 && **p >= '0' && **p <= '7'; i++)
		value = value * 8 + (*(*p)++ - '0');
	return value & 0xff;
}

const char *agent_format_check(const char *format, unsigned args)
{
	unsigned found = 0;

	while (*format) {
		char ch = *format++;
		struct conversion c;
		const char *what;

		if (ch == '\\' && parse_escape(&format) < 0)
			return "an escape of the format is not known";
		if (ch != '%')
			continue;
		if (*format == '%') {
			format++;
			continue;
		}
		what = parse_conversion(&format, &c);
		if (what)
			return what;
		found++;
	}
	return found == args ? NULL : "the format wants another number of arguments";
}

/* ---- printing ---- */

static void pad(struct strbuf *out, char ch, size_t have, size_t want)
{
	for (; have < want; have++)
		strbuf_add(out, &ch, 1);
}

/* @text right or left in its field. */
static void put_field(struct strbuf *out, const struct conversion *c, const char *text, size_t len)
{
	if (!c->minus)
		pad(out, ' ', len, c->width);
	strbuf_add(out, text, len);
	if (c->minus)
		pad(out, ' ', len, c->width);
}

static uint64_t truncate_to(uint64_t value, unsigned bits)
{
	return bits < 64 ? value & ((1ull << bits) - 1) : value;
}

/* The sign, and the magnitude in *@value. */
static const char *take_sign(const struct conversion *c, uint64_t *value)
{
	uint64_t sign_bit = 1ull << (c->bits - 1);

	*value = truncate_to(*value, c->bits);
	if (c->type != 'd' && c->type != 'i')
		return "";
	if (*value & sign_bit) {
		*value = truncate_to(0 - *value, c->bits);
		return "-";
	}
	return c->plus ? "+" : c->space ? " " : "";
}

static void put_number(struct strbuf *out, const struct conversion *c, uint64_t value)
{
	const char *chars = c->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned base = strchr("xXp", c->type) ? 16 : c->type == 'o' ? 8 : 10;
	const char *sign = take_sign(c, &value);
	char digits[24 + MAX_FIELD], text[sizeof(digits) + 4];
	size_t n = 0, len = 0, least = c->precision < 0 ? 1 : (size_t)c->precision;

	for (uint64_t rest = value; rest; rest /= base)
		digits[n++] = chars[rest % base];
	if (c->alt && base == 8 && least <= n)
		least = n + 1;
	if (base == 16 && ((c->alt && value) || c->type == 'p'))
		sign = c->type == 'X' ? "0X" : "0x";
	if (c->zero && !c->minus && c->precision < 0 && c->width > strlen(sign) + least)
		least = c->width - strlen(sign);
	while (n < least)
		digits[n++] = '0';
	for (; sign[len]; len++)
		text[len] = sign[len];
	while (n)
		text[len++] = digits[--n];
	put_field(out, c, text, len);
}

/* The string at @addr, as the guest's memory has it. */
static bool put_string(struct strbuf *out, const struct conversion *c, uint64_t addr,
		       const struct agent_context *ctx, struct agent_result *result)
{
	char text[MAX_STRING];
	size_t max = c->precision < 0 ? sizeof(text) : (size_t)c->precision, len = 0;
	const char *end = NULL;

	if (!addr) {
		put_field(out, c, "(null)", max < 6 ? max : 6);
		return true;
	}
	while (len < max && !end) {
		/* No piece crosses a page: a string may end just before one that is not there. */
		size_t n = 64 - (addr + len) % 64;

		if (n > max - len)
			n = max - len;
		if (ctx->mem(ctx->opaque, addr + len, text + len, n)) {
			result->fault = AGENT_FAULT_MEMORY;
			result->at = addr + len;
			return false;
		}
		end = memchr(text + len, 0, n);
		len += n;
	}
	put_field(out, c, text, end ? (size_t)(end - text) : len);
	return true;
}

static bool put_conversion(struct strbuf *out, struct conversion *c, uint64_t arg,
			   const struct agent_context *ctx, struct agent_result *result)
{
	char ch = (char)arg;

	if (c->type == 's')
		return put_string(out, c, arg, ctx, result);
	if (c->type == 'c') {
		put_field(out, c, &ch, 1);
		return true;
	}
	if (c->type == 'p')
		c->bits = 64;
	put_number(out, c, arg);
	return true;
}

bool agent_format_print(const char *format, const uint64_t *args, const struct agent_context *ctx,
			struct agent_result *result)
{
	struct strbuf out = STRBUF_INIT;
	bool ok = true;

	while (*format && ok) {
		char ch = *format++;
		struct conversion c;

		if (ch == '\\')
			ch = (char)parse_escape(&format);
		else if (ch == '%' && *format == '%')
			format++;
		else if (ch == '%') {
			parse_conversion(&format, &c);
			ok = put_conversion(&out, &c, *args++, ctx, result);
			continue;
		}
		strbuf_add(&out, &ch, 1);
	}
	if (ok && !out.failed)
		ctx->print(ctx->opaque, strbuf_str(&out), out.len);
	strbuf_free(&out);
	return ok;
}
