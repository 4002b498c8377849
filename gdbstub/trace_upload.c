// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Giving a gdb that came later what an earlier one defined: qTfP, qTsP, qTfV,
 * qTsV. One piece in each reply, and "l" after the last.
 */
#include <inttypes.h>

#include "gdbstub/session.h"
#include "gdbstub/trace.h"

/* "TN:ADDR:E|D:STEP:PASS[:XLEN,CODE]" */
static void put_point(struct strbuf *out, const struct tracepoint *tp)
{
	strbuf_printf(out, "T%" PRIx32 ":%" PRIx64 ":%c:%" PRIx64 ":%" PRIx64, tp->number, tp->addr,
		      tp->enabled ? 'E' : 'D', tp->steps, tp->pass);
	if (tp->cond.size) {
		strbuf_printf(out, ":X%zx,", tp->cond.size);
		gdb_put_hex(out, tp->cond.code, tp->cond.size);
	}
}

static void put_text(struct strbuf *out, const struct tracepoint *tp, const struct trace_text *text)
{
	strbuf_printf(out, "%c%" PRIx32 ":%" PRIx64 ":", text->kind, tp->number, tp->addr);
	strbuf_puts(out, text->text);
}

enum gdb_verdict gdb_trace_points_first(struct gdb_session *s, const char *args, size_t len)
{
	struct tracepoint *tp = s->trace->points;

	(void)args;
	(void)len;
	s->trace->upload.point = tp;
	s->trace->upload.text = tp ? tp->texts : NULL;
	if (tp)
		put_point(&s->reply, tp);
	else
		strbuf_puts(&s->reply, "l");
	return GDB_REPLY;
}

enum gdb_verdict gdb_trace_points_next(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_trace *t = s->trace;
	struct tracepoint *tp = t->upload.point;

	(void)args;
	(void)len;
	if (t->upload.text) {
		put_text(&s->reply, tp, t->upload.text);
		t->upload.text = t->upload.text->next;
		return GDB_REPLY;
	}
	tp = tp ? tp->next : NULL;
	t->upload.point = tp;
	t->upload.text = tp ? tp->texts : NULL;
	if (tp)
		put_point(&s->reply, tp);
	else
		strbuf_puts(&s->reply, "l");
	return GDB_REPLY;
}

/* "N:VALUE:BUILTIN:NAME" */
static enum gdb_verdict put_var(struct gdb_session *s, struct trace_var *v)
{
	s->trace->upload.var = v;
	if (v)
		strbuf_printf(&s->reply, "%" PRIx32 ":%" PRIx64 ":%d:%s", v->number,
			      (uint64_t)v->initial, v->builtin, v->name);
	else
		strbuf_puts(&s->reply, "l");
	return GDB_REPLY;
}

enum gdb_verdict gdb_trace_vars_first(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	return put_var(s, s->trace->vars);
}

enum gdb_verdict gdb_trace_vars_next(struct gdb_session *s, const char *args, size_t len)
{
	struct trace_var *v = s->trace->upload.var;

	(void)args;
	(void)len;
	return put_var(s, v ? v->next : NULL);
}
