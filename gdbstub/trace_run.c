// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A trace's life: made with the stub, started and stopped by packets, by the
 * buffer, by a pass count, by an error, or because gdb left.
 *
 * A vCPU that ends it clears `running` only; the breakpoints are taken away on
 * the loop thread a moment later, and what hits meanwhile does nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gdbstub/trace.h"
#include "hv/arch/arch.h"
#include "hv/loop.h"
#include "hv/trace.h"

static uint64_t microseconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void on_event(struct control_client *client, const struct control_event *ev)
{
	(void)client; /* it owns breakpoints, and has nobody to tell */
	(void)ev;
}

struct gdb_trace *gdb_trace_new(struct machine *m, struct loop *loop)
{
	struct gdb_trace *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->m = m;
	t->loop = loop;
	t->client.name = "trace";
	t->client.event = on_event;
	t->points_tail = &t->points;
	t->buffer_size = TRACE_BUFFER_DEFAULT;
	pthread_mutex_init(&t->lock, NULL);
	pthread_mutex_init(&t->vars_lock, NULL);
	if (trace_vars_add_builtin(t)) {
		gdb_trace_free(t);
		return NULL;
	}
	return t;
}

void gdb_trace_free(struct gdb_trace *t)
{
	struct trace_scratch *s, *next;

	if (!t)
		return;
	trace_end(t, TRACE_STOPPED, 0, NULL);
	trace_settle(t);
	tracepoints_drop(t);
	trace_vars_drop(t, true);
	trace_buffer_free(&t->buffer);
	for (s = t->scratch; s; s = next) {
		next = s->next;
		free(s);
	}
	free(t->readonly);
	free(t->regs);
	free(t->user);
	free(t->notes);
	free(t->stop_notes);
	pthread_mutex_destroy(&t->lock);
	pthread_mutex_destroy(&t->vars_lock);
	free(t);
}

/* ---- breakpoints ---- */

/* The breakpoint is gone: by us, by `delete` in a monitor, or with the machine. */
static void on_release(struct bp_filter *filter)
{
	struct tracepoint *tp =
		(struct tracepoint *)((char *)filter - offsetof(struct tracepoint, filter));

	tp->bp = 0;
}

static int set(struct gdb_trace *t, struct tracepoint *tp, struct error *err)
{
	int rc;

	tp->filter = (struct bp_filter){
		.ask = trace_hit,
		.stepped = trace_stepped,
		.release = on_release,
		.what = "tracepoint",
	};
	rc = control_bp_add_filtered(t->m, &t->client, BP_SOFT, tp->addr, 1, 0, &tp->filter, err);
	if (rc < 0) {
		if (err)
			error_prefix(err, "tracepoint %" PRIu32, tp->number);
		return rc;
	}
	tp->bp = rc;
	return 0;
}

int trace_arm(struct gdb_trace *t, struct tracepoint *tp, struct error *err)
{
	if (!trace_is_running(t))
		return 0;
	if (tp->enabled && !tp->bp)
		return set(t, tp, err);
	if (!tp->enabled && tp->bp)
		control_bp_delete(t->m, tp->bp);
	return 0;
}

static void settle(void *opaque)
{
	struct gdb_trace *t = opaque;

	if (trace_is_running(t) || !t->attached)
		return;
	t->attached = false;
	control_detach(t->m, &t->client);
}

void trace_settle(struct gdb_trace *t)
{
	if (t->loop)
		loop_cancel(t->loop, settle, t);
	settle(t);
}

/* ---- begin and end ---- */

/* R blocks hold what a `g` reply holds: the registers up to the first lazy one. */
static int lay_out_regs(struct gdb_trace *t)
{
	size_t count, i;
	const struct arch_reg *regs = arch_regs(&count);

	free(t->regs);
	t->reg_count = 0;
	t->reg_bytes = 0;
	t->regs = calloc(count, sizeof(*t->regs));
	if (!t->regs)
		return -ENOMEM;
	for (i = 0; i < count && !regs[i].lazy; i++) {
		struct trace_reg *r = &t->regs[t->reg_count];

		if (!control_reg_present(t->m, 0, (int)i))
			continue;
		r->reg = (int)i;
		r->offset = (uint32_t)t->reg_bytes;
		r->len = regs[i].bits / 8u;
		t->reg_bytes += r->len;
		t->reg_count++;
	}
	return 0;
}

/* Nothing is set, so no vCPU looks. */
static int prepare(struct gdb_trace *t, struct error *err)
{
	struct tracepoint *tp;

	if (lay_out_regs(t) || trace_buffer_set(&t->buffer, t->buffer_size, t->reg_bytes))
		return error_set(err, -ENOMEM, "no memory for a trace buffer of %" PRIu64 " bytes",
				 t->buffer_size);
	trace_vars_reset(t);
	for (tp = t->points; tp; tp = tp->next) {
		tp->hits = 0;
		tp->done = 0;
		tp->usage = 0;
	}
	t->end = TRACE_NEVER_RAN;
	t->ended_by = 0;
	t->ended_text[0] = '\0';
	t->start_time = microseconds(CLOCK_REALTIME);
	pthread_mutex_lock(&t->lock);
	t->start_tick = microseconds(CLOCK_MONOTONIC);
	pthread_mutex_unlock(&t->lock);
	t->stop_time = 0;
	return 0;
}

int trace_start(struct gdb_trace *t, struct error *err)
{
	struct tracepoint *tp;
	int rc;

	if (trace_is_running(t))
		return error_set(err, -EBUSY, "the trace is running");
	trace_settle(t);
	for (tp = t->points; tp; tp = tp->next)
		if (!tp->complete)
			return error_set(err, -EINVAL, "tracepoint %" PRIu32 " is not complete",
					 tp->number);
	rc = prepare(t, err);
	if (rc)
		return rc;
	control_attach(t->m, &t->client);
	t->attached = true;
	__atomic_store_n(&t->running, true, __ATOMIC_RELEASE);
	for (tp = t->points; tp && !rc; tp = tp->next)
		rc = trace_arm(t, tp, err);
	if (!rc)
		return 0;
	trace_end(t, TRACE_STOPPED, 0, NULL);
	trace_settle(t);
	return rc;
}

void trace_end(struct gdb_trace *t, enum trace_end why, uint32_t by, const char *text)
{
	bool first;

	pthread_mutex_lock(&t->lock);
	first = trace_is_running(t);
	if (first) {
		__atomic_store_n(&t->running, false, __ATOMIC_RELEASE);
		t->end = why;
		t->ended_by = by;
		snprintf(t->ended_text, sizeof(t->ended_text), "%s", text ? text : "");
		t->stop_time = microseconds(CLOCK_REALTIME);
	}
	pthread_mutex_unlock(&t->lock);
	if (!first)
		return;
	trace(TRACE_STOP, "tracing ended, reason %d, tracepoint %u %s", (int)why, by,
	      text ? text : "");
	/* Without memory for that, the next qTStatus does it. */
	if (t->loop)
		loop_post(t->loop, settle, t);
}

void trace_gdb_left(struct gdb_trace *t)
{
	if (!t->disconnected)
		trace_end(t, TRACE_DISCONNECTED, 0, NULL);
	trace_settle(t);
}
