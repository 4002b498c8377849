// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Catching exceptions: breakpoints on their handlers, which follow the guest's tables.
 *
 *   catchpoints' vectors + each vCPU's table --> gates: address and vectors
 *   gates <-> breakpoints with a filter, which reads the exception's frame at a hit
 *
 * Several vectors can have one handler; what is common to them is told then.
 */
#include "hv/catch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "hv/control_at.h"
#include "hv/debug.h"
#include "hv/machine.h"

#define LOOK_NS (1000ull * 1000)
/* Exceptions of one processor, and their numbers: bits of a mask. */
#define VECTORS 32
/* Handlers of all vCPUs together; a kernel has one table for all. */
#define GATES_MAX 128

/* A handler that has a breakpoint. */
struct gate {
	struct bp_filter filter;
	struct machine *m;
	uint64_t addr;
	uint32_t vectors; /* the caught ones that go there */
	int bp;
	struct gate *next;
};

/* Where handlers are found to be. */
struct survey {
	uint32_t wanted;
	size_t count;
	struct {
		uint64_t addr;
		uint32_t vectors;
		int vcpu;
	} at[GATES_MAX];
};

static uint32_t wanted_vectors(struct machine *m)
{
	uint32_t mask = 0;
	size_t count;
	const struct arch_exception *rows = arch_exceptions(&count);

	for (const struct catchpoint *cp = m->catches->list; cp; cp = cp->next)
		for (size_t i = 0; cp->kind == CATCH_EXCEPTION && i < count; i++)
			if (cp->value == CATCH_ANY || cp->value == rows[i].number)
				mask |= 1u << rows[i].number;
	return mask;
}

static void survey_one(struct survey *s, uint64_t addr, unsigned vector, int vcpu)
{
	size_t i = 0;

	while (i < s->count && s->at[i].addr != addr)
		i++;
	if (i == GATES_MAX)
		return;
	if (i == s->count) {
		s->count++;
		s->at[i].vcpu = vcpu;
		s->at[i].addr = addr;
		s->at[i].vectors = 0;
	}
	s->at[i].vectors |= 1u << vector;
}

static void survey_on(struct vcpu *v, void *opaque)
{
	struct survey *s = opaque;

	for (unsigned n = 0; n < VECTORS; n++) {
		uint64_t addr = s->wanted & 1u << n ? arch_exception_entry(v, n) : 0;

		if (addr)
			survey_one(s, addr, n, v->index);
	}
}

/* ---- at a handler ---- */

static struct gate *gate_of(struct bp_filter *filter)
{
	return (struct gate *)((char *)filter - offsetof(struct gate, filter));
}

static unsigned first_vector(const struct gate *g)
{
	return (unsigned)__builtin_ctz(g->vectors);
}

static const struct arch_exception *row_of(unsigned vector)
{
	size_t count;
	const struct arch_exception *rows = arch_exceptions(&count);

	for (size_t i = 0; i < count; i++)
		if (rows[i].number == vector)
			return &rows[i];
	return NULL;
}

static enum bp_verdict ask(struct bp_filter *filter, struct control_at *at)
{
	struct gate *g = gate_of(filter);
	bool shared = g->vectors & (g->vectors - 1);
	struct strbuf text = STRBUF_INIT;

	if (!shared) {
		arch_exception_describe(at->v, first_vector(g), &text);
	} else {
		strbuf_puts(&text, "one of the exceptions");
		for (unsigned n = 0; n < VECTORS; n++)
			if (g->vectors & 1u << n)
				strbuf_printf(&text, " %s", row_of(n)->name);
		strbuf_puts(&text, ", which share a handler");
	}
	control_at_explain(at, "%s", strbuf_str(&text));
	strbuf_free(&text);
	return BP_STOP;
}

static void told(struct bp_filter *filter, struct stop *stop)
{
	struct gate *g = gate_of(filter);
	const struct arch_exception *row = row_of(first_vector(g));
	const struct catchpoint *first = NULL;

	for (unsigned n = 0; n < VECTORS; n++) {
		const struct catchpoint *cp =
			g->vectors & 1u << n ? catch_hit(g->m, CATCH_EXCEPTION, n) : NULL;

		if (cp && !first)
			first = cp;
	}
	stop->reason = STOP_CATCH;
	stop->bp = 0;
	stop->catchpoint = first ? first->id : 0;
	stop->fault = row ? row->fault : FAULT_NONE;
}

static void release(struct bp_filter *filter)
{
	free(gate_of(filter));
}

/* ---- following the tables ---- */

static void gate_drop(struct machine *m, struct gate **link)
{
	struct gate *g = *link;

	*link = g->next;
	control_bp_delete(m, g->bp); /* releases it */
}

static int gate_add(struct machine *m, uint64_t addr, uint32_t vectors, int vcpu, struct error *err)
{
	struct catches *c = m->catches;
	struct gate *g = calloc(1, sizeof(*g));

	if (!g)
		return error_set(err, -ENOMEM, "out of memory");
	*g = (struct gate){
		.filter = { .ask = ask,
			    .told = told,
			    .release = release,
			    .what = "catchpoint",
			    .unlisted = true },
		.m = m,
		.addr = addr,
		.vectors = vectors,
	};
	g->bp = control_bp_add_filtered(m, &c->client, BP_SOFT, addr, 1, vcpu, &g->filter, err);
	if (g->bp < 0) {
		int ret = g->bp;

		free(g);
		return ret;
	}
	g->next = c->gates;
	c->gates = g;
	return 0;
}

static bool surveyed(const struct survey *s, const struct gate *g)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].addr == g->addr && s->at[i].vectors == g->vectors)
			return true;
	return false;
}

static bool has_gate(const struct catches *c, uint64_t addr)
{
	for (const struct gate *g = c->gates; g; g = g->next)
		if (g->addr == addr)
			return true;
	return false;
}

int catch_refresh(struct machine *m, struct error *err)
{
	struct catches *c = m->catches;
	struct survey s = { .wanted = wanted_vectors(m) };
	struct vcpu *v;
	int ret = 0;

	if (!s.wanted && !c->gates)
		return 0;
	if (s.wanted)
		vcpu_for_each(m, v)
			vcpu_run_on(v, survey_on, &s);
	for (struct gate **link = &c->gates; *link;) {
		if (surveyed(&s, *link))
			link = &(*link)->next;
		else
			gate_drop(m, link);
	}
	for (size_t i = 0; i < s.count && !ret; i++)
		if (!has_gate(c, s.at[i].addr))
			ret = gate_add(m, s.at[i].addr, s.at[i].vectors, s.at[i].vcpu, err);
	if (s.wanted)
		hv_timer_arm(c->look, hv_clock_now(m->timers, HV_CLOCK_GUEST) + LOOK_NS);
	return ret;
}

void catch_timer(void *opaque)
{
	struct machine *m = opaque;

	if (control_state(m) == RUN_RUNNING)
		catch_refresh(m, NULL); /* else at the stop, which looks too */
}
