// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Trace state variables: integers that live here and that expressions count
 * with ($x = $x + 1), and $trace_timestamp, which is ours.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gdbstub/text.h"
#include "gdbstub/trace.h"

/* Lock held, or on the loop thread. */
static struct trace_var *find(const struct gdb_trace *t, uint64_t number)
{
	struct trace_var *v = t->vars;

	while (v && v->number != number)
		v = v->next;
	return v;
}

static struct trace_var *make(uint32_t number, const char *name)
{
	struct trace_var *v = calloc(1, sizeof(*v));

	if (v)
		v->name = strdup(name);
	if (!v || !v->name) {
		free(v);
		return NULL;
	}
	v->number = number;
	return v;
}

/* At the end: gdb is told of them in the order in which they came. Lock held. */
static void append(struct gdb_trace *t, struct trace_var *v)
{
	struct trace_var **link = &t->vars;

	while (*link)
		link = &(*link)->next;
	*link = v;
}

/* Microseconds since the trace began. */
static int64_t timestamp(const struct gdb_trace *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)((uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u -
			 t->start_tick);
}

int trace_vars_add_builtin(struct gdb_trace *t)
{
	struct trace_var *v = make(1, "74726163655f74696d657374616d70"); /* trace_timestamp */

	if (!v)
		return -ENOMEM;
	v->builtin = true;
	v->get = timestamp;
	pthread_mutex_lock(&t->lock);
	append(t, v);
	pthread_mutex_unlock(&t->lock);
	return 0;
}

void trace_vars_drop(struct gdb_trace *t, bool builtin_too)
{
	struct trace_var **link = &t->vars, *v;

	pthread_mutex_lock(&t->lock);
	while ((v = *link)) {
		if (v->builtin && !builtin_too) {
			link = &v->next;
			continue;
		}
		*link = v->next;
		free(v->name);
		free(v);
	}
	pthread_mutex_unlock(&t->lock);
	t->upload.var = NULL;
}

void trace_vars_reset(struct gdb_trace *t)
{
	struct trace_var *v;

	pthread_mutex_lock(&t->lock);
	for (v = t->vars; v; v = v->next)
		v->value = v->initial;
	pthread_mutex_unlock(&t->lock);
}

int trace_var_define(struct gdb_trace *t, const char *text, struct error *err)
{
	uint64_t number, value, builtin;
	struct trace_var *v, *fresh = NULL;
	const char *p = text;

	if (!gdb_parse_hex(&p, &number) || !gdb_parse_char(&p, ':') || !gdb_parse_hex(&p, &value) ||
	    !gdb_parse_char(&p, ':') || !gdb_parse_hex(&p, &builtin) || !gdb_parse_char(&p, ':') ||
	    strspn(p, "0123456789abcdefABCDEF") != strlen(p) || number > UINT32_MAX)
		return error_set(err, -EINVAL, "malformed trace state variable");
	if (trace_is_running(t))
		return error_set(err, -EBUSY, "the trace is running");
	v = find(t, number);
	/* gdb sends those that it got from us, too. */
	if (v && v->builtin)
		return builtin ? 0
			       : error_set(err, -EEXIST,
					   "trace state variable %" PRIu64 " is built in", number);
	if (!v && t->defined + sizeof(*v) + strlen(p) > TRACE_DEFINITIONS_MAX)
		return error_set(err, -E2BIG, "too many trace state variables");
	if (!v)
		v = fresh = make((uint32_t)number, p);
	if (!v)
		return error_set(err, -ENOMEM, "out of memory");
	pthread_mutex_lock(&t->lock);
	v->initial = v->value = (int64_t)value;
	if (fresh)
		append(t, fresh);
	pthread_mutex_unlock(&t->lock);
	if (fresh)
		t->defined += sizeof(*v) + strlen(p);
	return 0;
}

int trace_var_get(struct gdb_trace *t, uint32_t number, int64_t *value)
{
	struct trace_var *v;

	pthread_mutex_lock(&t->lock);
	v = find(t, number);
	if (v)
		*value = v->get ? v->get(t) : v->value;
	pthread_mutex_unlock(&t->lock);
	return v ? 0 : -ENOENT;
}

int trace_var_set(struct gdb_trace *t, uint32_t number, int64_t value)
{
	struct trace_var *v;

	pthread_mutex_lock(&t->lock);
	v = find(t, number);
	if (v && v->get)
		v = NULL;
	if (v)
		v->value = value;
	pthread_mutex_unlock(&t->lock);
	return v ? 0 : -ENOENT;
}

bool trace_vars_eval(struct gdb_trace *t, const struct agent_expr *expr,
		     const struct agent_context *ctx, struct agent_result *result)
{
	bool alone = expr->uses & AGENT_USES_VARIABLE, good;

	if (alone)
		pthread_mutex_lock(&t->vars_lock);
	good = agent_expr_eval(expr, ctx, result);
	if (alone)
		pthread_mutex_unlock(&t->vars_lock);
	return good;
}
