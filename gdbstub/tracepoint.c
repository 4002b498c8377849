// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Definitions of tracepoints: QTDP and QTDPsrc.
 *
 * A definition comes in several packets, each but the last ending in '-':
 *
 *   QTDP:1:ffffffff81000000:E:0:0:X3,220027-
 *   QTDP:-1:ffffffff81000000:R03ffffM-1,ffffffff82000000,40-
 *   QTDP:-1:ffffffff81000000:SR010000
 *
 * What gdb sent is kept beside what it means: a gdb that comes later gets it back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/text.h"
#include "gdbstub/trace.h"
#include "hv/arch/arch.h"

/* ---- what is kept ---- */

static int account(struct gdb_trace *t, size_t bytes, struct error *err)
{
	if (bytes > TRACE_DEFINITIONS_MAX - t->defined)
		return error_set(err, -E2BIG, "the tracepoints take more than %u MiB",
				 TRACE_DEFINITIONS_MAX >> 20);
	t->defined += bytes;
	return 0;
}

static void actions_free(struct trace_action *a)
{
	struct trace_action *next;

	for (; a; a = next) {
		next = a->next;
		agent_expr_free(&a->expr);
		free(a);
	}
}

static void tracepoint_free(struct tracepoint *tp)
{
	struct trace_text *text, *next;

	for (text = tp->texts; text; text = next) {
		next = text->next;
		free(text);
	}
	actions_free(tp->actions);
	agent_expr_free(&tp->cond);
	free(tp);
}

void tracepoints_drop(struct gdb_trace *t)
{
	struct tracepoint *tp, *next;

	for (tp = t->points; tp; tp = next) {
		next = tp->next;
		tracepoint_free(tp);
	}
	t->points = NULL;
	t->points_tail = &t->points;
	t->defined = 0;
	t->upload.point = NULL;
	t->upload.text = NULL;
}

void tracepoint_drop(struct gdb_trace *t, struct tracepoint *tp)
{
	struct tracepoint **link = &t->points;

	while (*link != tp)
		link = &(*link)->next;
	*link = tp->next;
	if (!*link)
		t->points_tail = link;
	t->upload.point = NULL;
	t->upload.text = NULL;
	tracepoint_free(tp);
}

static struct tracepoint *find(struct gdb_trace *t, uint64_t number, uint64_t addr)
{
	struct tracepoint *tp = t->points;

	while (tp && (tp->number != number || tp->addr != addr))
		tp = tp->next;
	return tp;
}

struct tracepoint *tracepoint_single(struct gdb_trace *t, uint32_t number)
{
	struct tracepoint *found = NULL, *tp;

	for (tp = t->points; tp; tp = tp->next) {
		if (tp->number != number)
			continue;
		if (found)
			return NULL;
		found = tp;
	}
	return found;
}

static bool parse_key(const char **p, uint64_t *number, uint64_t *addr)
{
	return gdb_parse_hex(p, number) && gdb_parse_char(p, ':') && gdb_parse_hex(p, addr);
}

struct tracepoint *tracepoint_parse(struct gdb_trace *t, const char **p)
{
	uint64_t number, addr;

	return parse_key(p, &number, &addr) ? find(t, number, addr) : NULL;
}

static int keep_text(struct tracepoint *tp, char kind, const char *text, size_t len,
		     struct error *err)
{
	struct trace_text *kept;
	int rc = account(tp->trace, sizeof(*kept) + len + 1, err);

	if (rc)
		return rc;
	kept = malloc(sizeof(*kept) + len + 1);
	if (!kept)
		return error_set(err, -ENOMEM, "out of memory");
	kept->next = NULL;
	kept->kind = kind;
	memcpy(kept->text, text, len);
	kept->text[len] = '\0';
	*tp->texts_tail = kept;
	tp->texts_tail = &kept->next;
	return 0;
}

/* ---- expressions ---- */

static bool reg_ok(void *opaque, unsigned n)
{
	struct gdb_trace *t = opaque;

	return n <= INT32_MAX && control_reg_present(t->m, 0, (int)n);
}

/* "XLEN,CODE" after the X. */
static int parse_expr(struct gdb_trace *t, const char **p, unsigned extra, struct agent_expr *expr,
		      struct error *err)
{
	struct agent_rules rules = {
		.allow = AGENT_USES_REG | AGENT_USES_MEMORY | AGENT_USES_VARIABLE | extra,
		.reg_ok = reg_ok,
		.opaque = t,
	};
	uint64_t len;
	uint8_t *code;
	int rc;

	if (!gdb_parse_hex(p, &len) || !gdb_parse_char(p, ',') || !len || len > AGENT_MAX_SIZE)
		return error_set(err, -EINVAL, "an expression begins with its length");
	rc = account(t, len, err);
	if (rc)
		return rc;
	code = malloc(len);
	if (!code)
		return error_set(err, -ENOMEM, "out of memory");
	if (gdb_parse_bytes(p, code, len))
		rc = agent_expr_parse(expr, code, len, &rules, err);
	else
		rc = error_set(err, -EINVAL, "an expression is shorter than it says");
	free(code);
	return rc;
}

/* ---- actions ---- */

/* Which registers is of no matter: a frame has those of a `g` reply, or none. */
static int parse_regs(const char **p, struct error *err)
{
	size_t n = strspn(*p, "0123456789abcdefABCDEF");

	*p += n;
	return n ? 0 : error_set(err, -EINVAL, "R without a mask of registers");
}

/* "BASE,OFFSET,LEN"; the base -1 is said as "-1" or in 32 bits. */
static int parse_mem(struct gdb_trace *t, const char **p, struct trace_action *a, struct error *err)
{
	uint64_t base = UINT32_MAX;

	if (gdb_parse_char(p, '-') ? !gdb_parse_char(p, '1') : !gdb_parse_hex(p, &base))
		goto malformed;
	if (!gdb_parse_char(p, ',') || !gdb_parse_range(p, &a->addr, &a->len) || !a->len)
		goto malformed;
	if (a->len > TRACE_FRAME_MAX)
		return error_set(err, -E2BIG, "a tracepoint cannot collect more than %u KiB",
				 TRACE_FRAME_MAX >> 10);
	a->base = base == UINT32_MAX ? -1 : (int)base;
	if (a->base != -1 && !reg_ok(t, (unsigned)base))
		return error_set(err, -EINVAL, "there is no register %" PRIu64, base);
	return 0;
malformed:
	return error_set(err, -EINVAL, "M is not BASE,OFFSET,LENGTH");
}

static int parse_action(struct gdb_trace *t, const char **p, struct trace_action *a,
			struct error *err)
{
	a->kind = *(*p)++;
	switch (a->kind) {
	case 'R':
		return parse_regs(p, err);
	case 'M':
		return parse_mem(t, p, a, err);
	case 'X':
		return parse_expr(t, p, AGENT_USES_TRACE, &a->expr, err);
	}
	return error_set(err, -EINVAL, "only R, M and X can be collected");
}

/* "[S]ACTION…" up to @end. */
static int add_actions(struct tracepoint *tp, const char *p, const char *end, struct error *err)
{
	struct gdb_trace *t = tp->trace;
	const char *text = p;
	int rc;

	if (p < end && *p == 'S') {
		tp->steps_begun = true;
		text = ++p;
	}
	while (p < end) {
		struct trace_action *a = calloc(1, sizeof(*a));

		if (!a)
			return error_set(err, -ENOMEM, "out of memory");
		a->stepping = tp->steps_begun;
		*tp->actions_tail = a;
		tp->actions_tail = &a->next;
		rc = account(t, sizeof(*a), err);
		if (!rc)
			rc = parse_action(t, &p, a, err);
		if (rc)
			return rc;
	}
	if (p != end)
		return error_set(err, -EINVAL, "malformed actions");
	return keep_text(tp, tp->steps_begun ? 'S' : 'A', text, (size_t)(end - text), err);
}

/* ---- packets ---- */

/* ":FLEN" (fast: here it is a plain one), ":XLEN,CODE" (condition). */
static int parse_options(struct tracepoint *tp, const char *p, const char *end, struct error *err)
{
	uint64_t len;
	int rc = 0;

	while (p < end && !rc) {
		if (!gdb_parse_char(&p, ':'))
			return error_set(err, -EINVAL, "malformed tracepoint");
		if (gdb_parse_char(&p, 'F'))
			rc = gdb_parse_hex(&p, &len) ? 0 : -EINVAL;
		else if (!tp->cond.size && gdb_parse_char(&p, 'X'))
			rc = parse_expr(tp->trace, &p, 0, &tp->cond, err);
		else
			return error_set(err, -EINVAL,
					 "this kind of tracepoint does not exist here");
	}
	if (!rc && tp->cond.size && !tp->cond.gives_value)
		return error_set(err, -EINVAL, "the condition gives no value");
	return p == end ? rc : -EINVAL;
}

/* "N:ADDR:E|D:STEP:PASS…" */
static int begin(struct gdb_trace *t, const char *p, const char *end, struct tracepoint **out,
		 struct error *err)
{
	uint64_t number, addr, steps, pass;
	struct tracepoint *tp;
	bool enabled;
	int rc;

	if (!parse_key(&p, &number, &addr) || !gdb_parse_char(&p, ':') || (*p != 'E' && *p != 'D'))
		goto malformed;
	enabled = *p++ == 'E';
	if (!gdb_parse_char(&p, ':') || !gdb_parse_hex(&p, &steps) || !gdb_parse_char(&p, ':') ||
	    !gdb_parse_hex(&p, &pass) || p > end)
		goto malformed;
	if (!number || number > TRACEPOINT_MAX)
		return error_set(err, -EINVAL, "tracepoints have numbers from 1 to %d",
				 TRACEPOINT_MAX);
	if (find(t, number, addr))
		return error_set(err, -EEXIST, "tracepoint %" PRIu64 " is there already", number);
	rc = account(t, sizeof(*tp), err);
	if (rc)
		return rc;
	tp = calloc(1, sizeof(*tp));
	if (!tp)
		return error_set(err, -ENOMEM, "out of memory");
	tp->trace = t;
	tp->number = (uint32_t)number;
	tp->addr = addr;
	tp->enabled = enabled;
	tp->steps = steps;
	tp->pass = pass;
	tp->actions_tail = &tp->actions;
	tp->texts_tail = &tp->texts;
	*t->points_tail = tp;
	t->points_tail = &tp->next;
	*out = tp;
	return parse_options(tp, p, end, err);

malformed:
	return error_set(err, -EINVAL, "malformed tracepoint");
}

/* "N:ADDR:ACTION…" */
static int go_on(struct gdb_trace *t, const char *p, const char *end, struct tracepoint **out,
		 struct error *err)
{
	struct tracepoint *tp = tracepoint_parse(t, &p);

	if (!tp || tp->complete)
		return error_set(err, -ENOENT, "actions for a tracepoint that was not begun");
	*out = tp;
	if (p > end || !gdb_parse_char(&p, ':'))
		return error_set(err, -EINVAL, "malformed actions");
	return add_actions(tp, p, end, err);
}

int tracepoint_define(struct gdb_trace *t, const char *text, struct tracepoint **done,
		      struct error *err)
{
	size_t len = strlen(text);
	bool more = len && text[len - 1] == '-';
	const char *end = text + len - more;
	struct tracepoint *tp = NULL;
	int rc;

	*done = NULL;
	if (*text == '-' && text < end)
		rc = go_on(t, text + 1, end, &tp, err);
	else
		rc = begin(t, text, end, &tp, err);
	if (rc) {
		if (tp)
			tracepoint_drop(t, tp);
		return rc;
	}
	if (tp && !more) {
		tp->complete = true;
		*done = tp;
	}
	return 0;
}

int tracepoint_source(struct gdb_trace *t, const char *text, struct error *err)
{
	const char *p = text, *source;
	struct tracepoint *tp = tracepoint_parse(t, &p);
	uint64_t start, len;

	if (!tp)
		return error_set(err, -ENOENT, "the source of a tracepoint that is not there");
	if (!gdb_parse_char(&p, ':'))
		goto malformed;
	source = p;
	p += strcspn(p, ":");
	if (!gdb_parse_char(&p, ':') || !gdb_parse_hex(&p, &start) || !gdb_parse_char(&p, ':') ||
	    !gdb_parse_hex(&p, &len) || !gdb_parse_char(&p, ':') ||
	    strspn(p, "0123456789abcdefABCDEF") != strlen(p))
		goto malformed;
	return keep_text(tp, 'Z', source, strlen(source), err);

malformed:
	return error_set(err, -EINVAL, "malformed source");
}
