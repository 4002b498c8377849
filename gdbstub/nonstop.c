// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Non-stop mode: each vCPU stops alone (GDB manual, "Remote Non-Stop").
 *
 * vCont is answered at once, and a stop is told by a notification, which has no answer of
 * its own. There is one at a time: gdb fetches the others with vStopped.
 *
 *   %Stop:T05…thread:p1.2;…        the first in the queue
 *   -> vStopped   <- T05…          it is done with that one, here is the next
 *   -> vStopped   <- OK            no more; the next stop is a notification again
 *
 * A vCPU whose stop gdb has not fetched runs to gdb's mind: it must not be resumed before. The text
 * of a stop is made when it happens: later its breakpoint may be gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/session.h"

struct gdb_pending {
	int vcpu; /* whose stop it is; -1: of none */
	struct strbuf text;
	struct gdb_pending *next;
};

static void drop_first(struct gdb_session *s)
{
	struct gdb_pending *p = s->pending;

	s->pending = p->next;
	strbuf_free(&p->text);
	free(p);
}

void gdb_nonstop_clear(struct gdb_session *s)
{
	while (s->pending)
		drop_first(s);
	s->notified = false;
	s->attaching = false;
}

/* Adds an empty text to the queue; NULL when memory ran out: the session ends. */
static struct strbuf *add(struct gdb_session *s, int vcpu)
{
	struct gdb_pending **link = &s->pending, *p = calloc(1, sizeof(*p));

	if (!p) {
		s->out.failed = true;
		return NULL;
	}
	while (*link)
		link = &(*link)->next;
	*link = p;
	p->vcpu = vcpu;
	return &p->text;
}

static bool is_pending(const struct gdb_session *s, int vcpu)
{
	for (const struct gdb_pending *p = s->pending; p; p = p->next)
		if (p->vcpu == vcpu)
			return true;
	return false;
}

void gdb_nonstop_notify(struct gdb_session *s)
{
	struct strbuf text = STRBUF_INIT;

	if (!s->pending || s->notified || s->handling)
		return;
	s->notified = true;
	strbuf_puts(&text, "Stop:");
	strbuf_add(&text, s->pending->text.data, s->pending->text.len);
	s->out.failed |= text.failed || s->pending->text.failed;
	gdb_session_notify(s, strbuf_str(&text), text.len);
	strbuf_free(&text);
}

static void queue_stop(struct gdb_session *s, const struct stop *stop)
{
	struct strbuf *text = add(s, stop->vcpu);

	s->resumed[stop->vcpu] = false;
	if (text)
		gdb_put_stop_of(s, text, stop, stop->vcpu);
}

void gdb_nonstop_stopped(struct gdb_session *s, const struct stop *stop)
{
	/* One that a monitor has let go stands, as far as gdb knows. */
	if (stop->vcpu >= 0 && stop->vcpu < GDB_MAX_VCPUS && s->resumed[stop->vcpu])
		queue_stop(s, stop);
}

void gdb_nonstop_tell(struct gdb_session *s, int vcpu, const char *payload)
{
	struct strbuf *text = add(s, vcpu);

	if (vcpu >= 0 && vcpu < GDB_MAX_VCPUS)
		s->resumed[vcpu] = false;
	if (text)
		strbuf_puts(text, payload);
}

/* ---- packets ---- */

/* QNonStop:0|1. Back in all-stop mode gdb takes everything to be stopped. */
enum gdb_verdict gdb_nonstop_set(struct gdb_session *s, const char *args, size_t len)
{
	bool on = !strcmp(args, ":1");

	(void)len;
	if (!on && strcmp(args, ":0") != 0)
		return gdb_error(s, EINVAL);
	gdb_nonstop_clear(s);
	memset(s->resumed, 0, sizeof(s->resumed));
	s->non_stop = on;
	s->waiting = false;
	control_set_nonstop(s->m, &s->client, on);
	if (!on)
		control_stop(s->m, &s->client);
	return gdb_ok(s);
}

static enum gdb_verdict reply_first(struct gdb_session *s)
{
	s->notified = s->pending != NULL;
	if (!s->pending)
		return gdb_ok(s);
	strbuf_add(&s->reply, s->pending->text.data, s->pending->text.len);
	s->reply.failed |= s->pending->text.failed;
	return GDB_REPLY;
}

enum gdb_verdict gdb_nonstop_next(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	if (s->pending && s->notified)
		drop_first(s);
	if (!s->attaching)
		return reply_first(s);
	/*
	 * gdb 13 fails an assertion ("wait: …async_event_handler_marked") when it finds more than
	 * one vCPU stopped while it connects: it hears of the others by a notification.
	 */
	s->attaching = false;
	s->notified = false;
	return gdb_ok(s);
}

void gdb_nonstop_queue(struct gdb_session *s, int except)
{
	const struct stop *last = control_last_stop(s->m);
	bool all = run_state_is_stopped(control_state(s->m));
	int i, limit = control_vcpu_limit(s->m);

	gdb_nonstop_clear(s);
	for (i = 0; i < limit && i < GDB_MAX_VCPUS; i++) {
		struct stop stop;

		s->resumed[i] = control_vcpu_runs(s->m, i);
		if (!control_vcpu_exists(s->m, i) || s->resumed[i] || i == except)
			continue;
		stop = all && last->vcpu == i ? *last : *control_vcpu_stop(s->m, i);
		stop.vcpu = i;
		queue_stop(s, &stop);
	}
}

static bool has_resumed_any(const struct gdb_session *s)
{
	for (int i = 0; i < GDB_MAX_VCPUS; i++)
		if (s->resumed[i])
			return true;
	return false;
}

/*
 * A gdb that connects has stopped all (life.c), but a monitor may have let them go since: gdb 13
 * loses a stop that comes while it connects to a guest that runs.
 */
enum gdb_verdict gdb_nonstop_query(struct gdb_session *s)
{
	if (!has_resumed_any(s))
		control_stop(s->m, &s->client);
	gdb_nonstop_queue(s, -1);
	s->attaching = s->pending != NULL;
	return reply_first(s);
}

enum gdb_verdict gdb_nonstop_resume(struct gdb_session *s, struct resume *orders, const bool *set,
				    int limit)
{
	struct error err = { "" };
	bool any = false;
	int i, rc;

	for (i = 0; i < limit && i < GDB_MAX_VCPUS; i++) {
		/* vCPUs that run, or do so as far as gdb knows, go on as they are. */
		if (is_pending(s, i)) {
			orders[i].action = RESUME_HOLD;
		} else if (set[i] && orders[i].action == RESUME_HOLD) {
			/*
			 * `interrupt -a` names all: of one that stands, to gdb's mind, nothing is
			 * told, for that ends gdb 13 ("skip_inline_frames: Assertion").
			 */
			control_stop_vcpu(s->m, &s->client, i);
		} else if (orders[i].action != RESUME_HOLD) {
			s->resumed[i] = true;
			any |= !control_vcpu_runs(s->m, i);
		}
	}
	if (!any)
		return gdb_ok(s);
	rc = control_resume(s->m, &s->client, orders, (size_t)limit, &err);
	if (rc >= 0)
		return gdb_ok(s);
	for (i = 0; i < limit && i < GDB_MAX_VCPUS; i++)
		s->resumed[i] = s->resumed[i] && control_vcpu_runs(s->m, i);
	return err.text[0] ? gdb_error_text(s, err.text) : gdb_error(s, rc);
}

static bool runs_for_gdb(struct gdb_session *s, int vcpu)
{
	return vcpu >= 0 && vcpu < GDB_MAX_VCPUS && s->resumed[vcpu] &&
	       control_vcpu_runs(s->m, vcpu);
}

void gdb_nonstop_interrupt(struct gdb_session *s)
{
	int i, limit = control_vcpu_limit(s->m), vcpu = gdb_selected_vcpu(s);

	/* One vCPU, as a signal goes to one thread: the selected one if gdb has let it run. */
	for (i = 0; i < limit && i < GDB_MAX_VCPUS && !runs_for_gdb(s, vcpu); i++)
		vcpu = i;
	s->interrupted = true;
	control_stop_vcpu(s->m, &s->client, vcpu);
	s->interrupted = false;
}

/* vCtrlC: Ctrl-C, for who must not send a byte between packets. */
enum gdb_verdict gdb_nonstop_ctrl_c(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	gdb_run_interrupt(s);
	return gdb_ok(s);
}
