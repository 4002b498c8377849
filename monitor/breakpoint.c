// SPDX-License-Identifier: GPL-3.0-or-later
/* The monitor's breakpoints: see breakpoint.h. */
#include "monitor/breakpoint.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hv/control_at.h"
#include "hv/fields.h"
#include "monitor/arg.h"
#include "monitor/session.h"

struct mon_bp {
	struct bp_filter filter; /* first */
	struct mon_bp **list, *next;
	struct machine *m;
	const struct mon_session *owner;
	int id;
	int vcpu;
	bool once;
	bool fired;	 /* atomic */
	uint64_t ignore; /* hits to pass over; atomic */
	char *commands;

	pthread_rwlock_t lock; /* of what is below; written by the loop thread alone */
	struct expr_code *code;
	char *text;
};

/* ---- on the vCPU's thread ---- */

static int reg_at(void *opaque, int id, uint64_t *value, struct error *err)
{
	struct control_at *at = opaque;
	uint8_t raw[sizeof(uint64_t)] = { 0 };
	int rc;

	if (id == MON_REG_PC) {
		*value = control_at_pc(at);
		return 0;
	}
	rc = control_at_reg(at, id, raw);
	if (rc)
		return error_set(err, rc, "a register cannot be read");
	*value = mon_number_of(raw);
	return 0;
}

static int load_at(void *opaque, uint64_t addr, unsigned size, uint64_t *value, struct error *err)
{
	uint8_t raw[sizeof(uint64_t)] = { 0 };

	if (control_at_mem_read(opaque, addr, raw, size) != (ssize_t)size)
		return error_set(err, -EFAULT, "memory at 0x%llx cannot be read",
				 (unsigned long long)addr);
	*value = mon_number_of(raw);
	return 0;
}

static int msr_at(void *opaque, uint64_t index, uint64_t *value, struct error *err)
{
	int rc = control_at_msr(opaque, index, value);

	return rc ? error_set(err, rc, "KVM has no MSR 0x%llx", (unsigned long long)index) : 0;
}

/* Takes one of the hits to be passed over; false when there is none left. */
static bool take_ignored(struct mon_bp *bp)
{
	uint64_t left = __atomic_load_n(&bp->ignore, __ATOMIC_RELAXED);

	while (left)
		if (__atomic_compare_exchange_n(&bp->ignore, &left, left - 1, true,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* Whether the condition holds. One that cannot be told is a person's to look at. */
static bool holds(struct mon_bp *bp, struct control_at *at, bool *told)
{
	const struct expr_env env = {
		.reg_value = reg_at, .load = load_at, .msr = msr_at, .opaque = at
	};
	struct error err = { "" };
	size_t bad, bad_len;
	uint64_t value = 1;

	pthread_rwlock_rdlock(&bp->lock);
	*told = !bp->code || !expr_run(bp->code, &env, &value, &bad, &bad_len, &err);
	pthread_rwlock_unlock(&bp->lock);
	if (!*told)
		control_at_explain(at, "the condition cannot be evaluated: %s", err.text);
	return !*told || value;
}

static enum bp_verdict ask(struct bp_filter *filter, struct control_at *at)
{
	struct mon_bp *bp = (struct mon_bp *)filter;
	bool told, fired;

	if (bp->vcpu >= 0 && control_at_vcpu(at) != bp->vcpu)
		return BP_GO_ON;
	if (!holds(bp, at, &told) || (told && take_ignored(bp)))
		return BP_GO_ON;
	/* One for a single stop is taken away by the loop thread; until then it stops nobody else.
	 */
	fired = __atomic_exchange_n(&bp->fired, true, __ATOMIC_RELAXED);
	return bp->once && fired ? BP_GO_ON : BP_STOP;
}

/* ---- on the loop thread ---- */

static void free_breakpoint(struct mon_bp *bp)
{
	pthread_rwlock_destroy(&bp->lock);
	free(bp->commands);
	free(bp->code);
	free(bp->text);
	free(bp);
}

static void release(struct bp_filter *filter)
{
	struct mon_bp *bp = (struct mon_bp *)filter;

	for (struct mon_bp **p = bp->list; *p; p = &(*p)->next)
		if (*p == bp) {
			*p = bp->next;
			break;
		}
	free_breakpoint(bp);
}

int mon_bp_condition(struct mon_session *s, struct mon_bp *bp, const char *text, struct error *err)
{
	const struct expr_env env = mon_expr_env(s);
	struct expr_code *code = NULL;
	char *copy = NULL;
	size_t bad, bad_len;
	int rc = 0;

	if (text) {
		code = malloc(sizeof(*code));
		copy = strdup(text);
		rc = code && copy
			     ? expr_compile(text, strlen(text), &env, code, &bad, &bad_len, err)
			     : error_set(err, -ENOMEM, "out of memory");
	}
	if (rc) {
		free(code);
		free(copy);
		return rc;
	}
	pthread_rwlock_wrlock(&bp->lock);
	free(bp->code);
	free(bp->text);
	bp->code = code;
	bp->text = copy;
	pthread_rwlock_unlock(&bp->lock);
	bp->filter.what = text ? "condition" : NULL;
	return 0;
}

int mon_bp_add(struct mon_session *s, const struct mon_bp_spec *spec, struct error *err)
{
	struct mon_bp *bp = calloc(1, sizeof(*bp));
	int id;

	if (!bp)
		return error_set(err, -ENOMEM, "out of memory");
	bp->filter =
		(struct bp_filter){ .ask = ask, .release = release, .unlisted = spec->unlisted };
	bp->list = monitor_breakpoints(s->mon);
	bp->m = s->m;
	bp->owner = s;
	bp->vcpu = spec->vcpu;
	bp->once = spec->once;
	pthread_rwlock_init(&bp->lock, NULL);
	id = mon_bp_condition(s, bp, spec->condition, err);
	if (!id)
		id = control_bp_add_filtered(s->m, &s->client, spec->kind, spec->addr, spec->len,
					     s->cpu, &bp->filter, err);
	if (id < 0) {
		free_breakpoint(bp);
		return id;
	}
	bp->id = id;
	bp->next = *bp->list;
	*bp->list = bp;
	return id;
}

struct mon_bp *mon_bp_find(struct monitor *mon, int id)
{
	struct mon_bp *bp = *monitor_breakpoints(mon);

	while (bp && bp->id != id)
		bp = bp->next;
	return bp;
}

const struct mon_session *mon_bp_owner(const struct mon_bp *bp)
{
	return bp->owner;
}

void mon_bp_ignore(struct mon_bp *bp, uint64_t count)
{
	__atomic_store_n(&bp->ignore, count, __ATOMIC_RELAXED);
}

int mon_bp_set_commands(struct mon_bp *bp, const char *lines)
{
	char *copy = lines ? strdup(lines) : NULL;

	if (lines && !copy)
		return -ENOMEM;
	free(bp->commands);
	bp->commands = copy;
	return 0;
}

const char *mon_bp_commands(const struct mon_bp *bp)
{
	return bp->commands;
}

void mon_bp_describe(struct monitor *mon, int id, struct strbuf *out)
{
	const struct mon_bp *bp = mon_bp_find(mon, id);
	const char *line;
	uint64_t ignore;

	if (!bp)
		return;
	ignore = __atomic_load_n(&bp->ignore, __ATOMIC_RELAXED);
	if (bp->text)
		field_str(out, "condition", "    if %s\n", bp->text);
	if (ignore)
		field_u64(out, "ignore", "    passes over the next %llu hits\n", ignore);
	field_bool(out, "once", bp->once, "    for one stop\n", "");
	data_list(out, "commands");
	for (line = bp->commands; line && *line; line += strcspn(line, "\n") + 1) {
		size_t mark;

		strbuf_puts(out, "    then ");
		mark = out->len;
		strbuf_printf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
		data_since(out, NULL, mark);
	}
	data_end(out);
}

void mon_bp_sweep(struct monitor *mon)
{
	struct mon_bp *bp = *monitor_breakpoints(mon), *next;

	for (; bp; bp = next) {
		next = bp->next;
		if (bp->once && __atomic_load_n(&bp->fired, __ATOMIC_RELAXED))
			control_bp_delete(bp->m, bp->id);
	}
}
