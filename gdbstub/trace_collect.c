// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A hit, on the thread of the vCPU that hit: condition, pass count, and a frame
 * of what the actions name.
 *
 * The frame is put together in memory that is this hit's alone, and only then
 * copied into the buffer: that copy is all that two vCPUs ever wait for. Memory
 * that is not there is left out, so that gdb shows <unavailable>; every other
 * fault in an expression ends the trace, with the reason in `tstatus`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/trace.h"

/* A hit that is being collected. */
struct hit {
	struct gdb_trace *t;
	struct tracepoint *tp;
	struct control_at *at;
	struct trace_draft *draft;
};

/* ---- scratch memory ---- */

static struct trace_scratch *scratch_take(struct gdb_trace *t)
{
	struct trace_scratch *s;

	pthread_mutex_lock(&t->lock);
	s = t->scratch;
	if (s)
		t->scratch = s->next;
	pthread_mutex_unlock(&t->lock);
	if (s)
		return s;
	/* Only when more vCPUs are in a hit than ever before. Untouched, it costs nothing. */
	return malloc(sizeof(*s));
}

static void scratch_put(struct gdb_trace *t, struct trace_scratch *s)
{
	pthread_mutex_lock(&t->lock);
	s->next = t->scratch;
	t->scratch = s;
	pthread_mutex_unlock(&t->lock);
}

/* ---- what expressions can do ---- */

static int read_reg(void *opaque, unsigned n, uint64_t *value)
{
	struct hit *hit = opaque;
	uint8_t bytes[256] = { 0 };
	int rc = control_at_reg(hit->at, (int)n, bytes);

	memcpy(value, bytes, sizeof(*value));
	return rc;
}

static int read_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct hit *hit = opaque;
	ssize_t n = control_at_mem_read(hit->at, addr, buf, len);

	return n == (ssize_t)len ? 0 : -EFAULT;
}

static int get_variable(void *opaque, unsigned n, int64_t *value)
{
	struct hit *hit = opaque;

	return trace_var_get(hit->t, n, value);
}

static int set_variable(void *opaque, unsigned n, int64_t value)
{
	struct hit *hit = opaque;

	return trace_var_set(hit->t, n, value);
}

static int collect_variable(void *opaque, unsigned n)
{
	struct hit *hit = opaque;
	int64_t value;
	int rc = trace_var_get(hit->t, n, &value);

	if (!rc)
		trace_draft_var(hit->draft, n, value);
	return rc;
}

/* Up to the first byte that is not there. */
static int collect_mem(void *opaque, uint64_t addr, uint64_t len)
{
	struct hit *hit = opaque;

	while (len) {
		uint16_t n = len < TRACE_M_MAX ? (uint16_t)len : TRACE_M_MAX;
		uint8_t *to = trace_draft_mem(hit->draft, addr, n);
		ssize_t got;

		if (!to)
			return -ENOSPC;
		got = control_at_mem_read(hit->at, addr, to, n);
		if (got < (ssize_t)n) {
			trace_draft_cut_mem(hit->draft, n, got > 0 ? (uint16_t)got : 0);
			return 0;
		}
		addr += n;
		len -= n;
	}
	return 0;
}

static bool evaluate(struct hit *hit, const struct agent_expr *expr, struct agent_result *result)
{
	const struct agent_context ctx = {
		.opaque = hit,
		.reg = read_reg,
		.mem = read_mem,
		.get_variable = get_variable,
		.set_variable = set_variable,
		.collect = collect_mem,
		.collect_variable = collect_variable,
	};

	return trace_vars_eval(hit->t, expr, &ctx, result);
}

static void fail(struct hit *hit, const char *what, const struct agent_result *result)
{
	char fault[96], text[128];

	agent_fault_text(result, fault, sizeof(fault));
	snprintf(text, sizeof(text), "%s: %s", what, fault);
	trace_end(hit->t, TRACE_FAILED, hit->tp->number, text);
}

/* ---- collecting ---- */

static void collect_regs(struct hit *hit)
{
	struct gdb_trace *t = hit->t;
	uint8_t *block = trace_draft_regs(hit->draft, t->reg_bytes);

	for (size_t i = 0; block && i < t->reg_count; i++) {
		const struct trace_reg *r = &t->regs[i];

		if (control_at_reg(hit->at, r->reg, block + r->offset))
			memset(block + r->offset, 0, r->len);
	}
}

static void act(struct hit *hit, const struct trace_action *a)
{
	struct agent_result result;
	uint64_t base = 0;

	switch (a->kind) {
	case 'R':
		collect_regs(hit);
		break;
	case 'M':
		if (a->base < 0 || !read_reg(hit, (unsigned)a->base, &base))
			collect_mem(hit, base + a->addr, a->len);
		break;
	case 'X':
		if (!evaluate(hit, &a->expr, &result) && result.fault != AGENT_FAULT_MEMORY &&
		    result.fault != AGENT_FAULT_COLLECT)
			fail(hit, "collecting", &result);
		break;
	}
}

static void keep(struct hit *hit)
{
	struct gdb_trace *t = hit->t;
	const struct trace_draft *d = hit->draft;
	bool full = false;

	pthread_mutex_lock(&t->lock);
	if (trace_is_running(t)) {
		full = trace_buffer_add(&t->buffer, (uint16_t)hit->tp->number, d->data, d->len) !=
		       0;
		if (!full)
			hit->tp->usage += TRACE_FRAME_HEAD + d->len;
	}
	pthread_mutex_unlock(&t->lock);
	if (full)
		trace_end(t, TRACE_FULL, hit->tp->number, NULL);
}

static void collect(struct hit *hit, bool stepping)
{
	struct trace_scratch *scratch = scratch_take(hit->t);
	const struct trace_action *a;

	if (!scratch) {
		trace_end(hit->t, TRACE_FAILED, hit->tp->number, "out of memory");
		return;
	}
	scratch->draft = (struct trace_draft){
		.data = scratch->data,
		.size = sizeof(scratch->data),
	};
	hit->draft = &scratch->draft;
	for (a = hit->tp->actions; a; a = a->next)
		if (a->stepping == stepping)
			act(hit, a);
	if (scratch->draft.overflow)
		trace_end(hit->t, TRACE_FAILED, hit->tp->number, "a frame is longer than 1 MiB");
	else
		keep(hit);
	scratch_put(hit->t, scratch);
}

/* ---- hits ---- */

static struct hit hit_of(struct bp_filter *filter, struct control_at *at)
{
	struct tracepoint *tp =
		(struct tracepoint *)((char *)filter - offsetof(struct tracepoint, filter));

	return (struct hit){ .t = tp->trace, .tp = tp, .at = at };
}

static bool condition_holds(struct hit *hit)
{
	struct agent_result result;

	if (!hit->tp->cond.size)
		return true;
	if (evaluate(hit, &hit->tp->cond, &result))
		return result.value != 0;
	fail(hit, "the condition", &result);
	return false;
}

/* All of a hit is in the buffer. Only then does it count: others may still be collecting theirs. */
static void done(struct hit *hit)
{
	struct tracepoint *tp = hit->tp;
	uint64_t n = __atomic_add_fetch(&tp->done, 1, __ATOMIC_RELAXED);

	if (tp->pass && n >= tp->pass)
		trace_end(hit->t, TRACE_PASSED, tp->number, NULL);
}

enum bp_verdict trace_hit(struct bp_filter *filter, struct control_at *at)
{
	struct hit hit = hit_of(filter, at);

	if (!trace_is_running(hit.t) || !condition_holds(&hit))
		return BP_GO_ON;
	/* Another vCPU's hit may be the last one that is wanted. */
	if (__atomic_add_fetch(&hit.tp->hits, 1, __ATOMIC_RELAXED) > hit.tp->pass && hit.tp->pass)
		return BP_GO_ON;
	collect(&hit, false);
	if (!hit.tp->steps)
		done(&hit);
	else if (control_at_step(at, hit.tp->steps))
		trace_end(hit.t, TRACE_FAILED, hit.tp->number,
			  "too many tracepoints step at one time");
	return BP_GO_ON;
}

void trace_stepped(struct bp_filter *filter, struct control_at *at, uint64_t left)
{
	struct hit hit = hit_of(filter, at);

	if (!trace_is_running(hit.t))
		return;
	collect(&hit, true);
	if (!left)
		done(&hit);
}
