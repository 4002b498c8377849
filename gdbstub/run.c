// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Running and stepping: vCont, c, C, s, S, and Ctrl-C.
 *
 * The reply to each is the next stop. vCPUs have no signals: C and S run like
 * c and s. A guest that a monitor has resumed behind gdb's back is no error:
 * `c` waits for its next stop, `s` stops it first.
 */
#include <errno.h>
#include <stdlib.h>

#include "gdbstub/session.h"

/* Tells why the guest cannot run, and that it still stands where it stood. */
static enum gdb_verdict cannot_run(struct gdb_session *s, const struct error *err)
{
	s->console = true;
	gdb_session_console(s, err->text);
	gdb_session_console(s, "\n");
	s->console = false;
	gdb_put_stop(s, &s->reply, control_last_stop(s->m));
	return GDB_REPLY;
}

static bool steps(const struct resume *order)
{
	return order->action == RESUME_STEP || order->action == RESUME_RANGE;
}

/* The only vCPU that @orders let run. */
static int alone_by(const struct resume *orders, size_t count)
{
	int vcpu = GDB_VCPU_ALL, n = 0;

	for (size_t i = 0; i < count; i++) {
		if (orders[i].action == RESUME_HOLD)
			continue;
		vcpu = (int)i;
		n++;
	}
	return n == 1 ? vcpu : GDB_VCPU_ALL;
}

static enum gdb_verdict resume(struct gdb_session *s, const struct resume *orders, size_t count)
{
	struct error err = { "" };
	int rc;

	s->alone = alone_by(orders, count);
	if (control_state(s->m) == RUN_RUNNING) {
		size_t i;

		for (i = 0; i < count && !steps(&orders[i]); i++)
			;
		if (i == count) {
			s->waiting = true;
			return GDB_LATER;
		}
		control_stop(s->m, &s->client);
	}
	/* Before, for the stop may come at once. */
	s->waiting = true;
	s->interrupted = false;
	rc = control_resume(s->m, &s->client, orders, count, &err);
	if (rc >= 0)
		return GDB_LATER;
	s->waiting = false;
	return rc == -EPERM ? cannot_run(s, &err) : gdb_error(s, rc);
}

/* @order for the vCPUs that @vcpu (GDB_VCPU_ALL: all) names and that have none yet. */
static void set_order(struct gdb_session *s, struct resume *orders, bool *set, int limit, int vcpu,
		      const struct resume *order)
{
	int i;

	for (i = 0; i < limit; i++) {
		if (set[i] || (vcpu != GDB_VCPU_ALL && vcpu != i) || !control_vcpu_exists(s->m, i))
			continue;
		set[i] = true;
		orders[i] = *order;
	}
}

static bool parse_signal(const char **p, struct resume *order)
{
	uint64_t signal;

	(void)order;
	return gdb_parse_hex(p, &signal);
}

/* START,END: pc from START up to END, without it. */
static bool parse_bounds(const char **p, struct resume *order)
{
	return gdb_parse_range(p, &order->start, &order->end) && order->start <= order->end;
}

static bool parse_action(const char **p, struct resume *order)
{
	static const struct {
		char letter;
		enum resume_action action;
		bool (*rest)(const char **p, struct resume *order);
	} rows[] = {
		{ 'c', RESUME_CONTINUE, NULL },	     { 'C', RESUME_CONTINUE, parse_signal },
		{ 's', RESUME_STEP, NULL },	     { 'S', RESUME_STEP, parse_signal },
		{ 'r', RESUME_RANGE, parse_bounds }, { 't', RESUME_HOLD, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!gdb_parse_char(p, rows[i].letter))
			continue;
		order->action = rows[i].action;
		return !rows[i].rest || rows[i].rest(p, order);
	}
	return false;
}

/* ";ACTION[:THREAD]…": the leftmost action that names a thread is the one for it. */
static int parse_vcont(struct gdb_session *s, const char *args, struct resume *orders, bool *set,
		       int limit)
{
	if (!*args)
		return -EINVAL;
	while (*args) {
		struct gdb_thread_id id = { .pid = GDB_ID_ALL, .tid = GDB_ID_ALL };
		struct resume order = { 0 };
		int vcpu;

		if (!gdb_parse_char(&args, ';') || !parse_action(&args, &order))
			return -EINVAL;
		if (order.action == RESUME_HOLD && !s->non_stop)
			return -EINVAL;
		if (gdb_parse_char(&args, ':') && !gdb_parse_thread(&args, &id))
			return -EINVAL;
		vcpu = gdb_vcpu_of_thread(s, &id);
		if (vcpu < 0)
			return vcpu;
		set_order(s, orders, set, limit, vcpu, &order);
	}
	return 0;
}

/* vCont;ACTION[:THREAD]… */
enum gdb_verdict gdb_run_vcont(struct gdb_session *s, const char *args, size_t len)
{
	int limit = control_vcpu_limit(s->m);
	struct resume *orders = calloc((size_t)limit + 1, sizeof(*orders));
	bool *set = calloc((size_t)limit + 1, sizeof(*set));
	enum gdb_verdict verdict;
	int rc = -ENOMEM;

	(void)len;
	/* Zero is RESUME_HOLD: a thread that no action names stays where it is. */
	if (orders && set)
		rc = parse_vcont(s, args, orders, set, limit);
	if (rc < 0)
		verdict = gdb_error(s, rc);
	else if (s->non_stop)
		verdict = gdb_nonstop_resume(s, orders, set, limit);
	else
		verdict = resume(s, orders, (size_t)limit);
	free(orders);
	free(set);
	return verdict;
}

/* gdb uses none of vCont unless C and S are there too. */
enum gdb_verdict gdb_run_vcont_query(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_puts(&s->reply, "vCont;c;C;s;S;t;r");
	return GDB_REPLY;
}

/* The old packets: [ADDR], for the thread of Hc. */
static enum gdb_verdict run_old(struct gdb_session *s, const char *args, enum resume_action action)
{
	int limit = control_vcpu_limit(s->m), vcpu = s->vcpu_c;
	struct resume *orders;
	enum gdb_verdict verdict;
	uint64_t addr;

	if (s->non_stop)
		return gdb_error_text(s, "non-stop mode has vCont only");
	if (action == RESUME_STEP && (vcpu == GDB_VCPU_ALL || !control_vcpu_exists(s->m, vcpu)))
		vcpu = gdb_selected_vcpu(s);
	if (*args) {
		int rc;

		if (!gdb_parse_hex(&args, &addr) || *args)
			return gdb_error(s, EINVAL);
		rc = control_set_pc(s->m, vcpu == GDB_VCPU_ALL ? gdb_selected_vcpu(s) : vcpu, addr);
		if (rc < 0)
			return gdb_error(s, rc);
	}
	orders = calloc((size_t)limit + 1, sizeof(*orders));
	if (!orders)
		return gdb_error(s, ENOMEM);
	for (int i = 0; i < limit; i++)
		if (vcpu == GDB_VCPU_ALL || i == vcpu)
			orders[i].action = action;
	verdict = resume(s, orders, (size_t)limit);
	free(orders);
	return verdict;
}

/* cSIG[;ADDR]: what follows the signal, NULL when that is wrong. */
static const char *skip_signal(const char *args)
{
	uint64_t signal;

	if (!gdb_parse_hex(&args, &signal))
		return NULL;
	if (*args == ';')
		return args + 1;
	return *args ? NULL : args;
}

/* c[ADDR] */
enum gdb_verdict gdb_run_continue(struct gdb_session *s, const char *args, size_t len)
{
	(void)len;
	return run_old(s, args, RESUME_CONTINUE);
}

/* CSIG[;ADDR] */
enum gdb_verdict gdb_run_continue_signal(struct gdb_session *s, const char *args, size_t len)
{
	args = skip_signal(args);
	(void)len;
	return args ? run_old(s, args, RESUME_CONTINUE) : gdb_error(s, EINVAL);
}

/* s[ADDR] */
enum gdb_verdict gdb_run_step(struct gdb_session *s, const char *args, size_t len)
{
	(void)len;
	return run_old(s, args, RESUME_STEP);
}

/* SSIG[;ADDR] */
enum gdb_verdict gdb_run_step_signal(struct gdb_session *s, const char *args, size_t len)
{
	args = skip_signal(args);
	(void)len;
	return args ? run_old(s, args, RESUME_STEP) : gdb_error(s, EINVAL);
}

void gdb_run_interrupt(struct gdb_session *s)
{
	/* A Ctrl-C that crossed our stop reply on the wire has nothing left to do. */
	if (s->non_stop)
		gdb_nonstop_interrupt(s);
	if (!s->waiting)
		return;
	s->interrupted = true;
	s->holds = true;
	control_stop(s->m, &s->client);
}
