// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A session's life as a client of the machine: begin, events, detach, kill.
 *
 * The guest is stopped by the first valid packet, not by the connection. When
 * gdb goes, by `detach`, `quit` or kill -9, its breakpoints go with it, and
 * the guest runs on if it was gdb that held it. Two cases are a matter of
 * judgement:
 *   - somebody else stopped the guest: it stays stopped;
 *   - it has not run yet (-S): `detach` lets it run, a lost connection leaves
 *     it at its first instruction for the next gdb.
 * -gdb DEV,on-disconnect= decides otherwise for both.
 *
 * In extended mode (`target extended-remote`) a session outlives its guest:
 * `kill` resets the guest and holds it, `run` resets it and attaches to it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gdbstub/session.h"
#include "gdbstub/trace.h"
#include "hv/trace.h"

static struct gdb_session *session_of(struct control_client *client)
{
	return (struct gdb_session *)((char *)client - offsetof(struct gdb_session, client));
}

void gdb_life_begin(struct gdb_session *s)
{
	s->begun = true;
	s->waiting = false;
	s->interrupted = false;
	s->xfer_kind = NULL;
	s->in_frame = false;
	s->holds = control_state(s->m) == RUN_RUNNING;
	control_attach(s->m, &s->client);
	control_set_nonstop(s->m, &s->client, s->non_stop);
	control_stop(s->m, &s->client);
	s->vcpu_g = gdb_first_vcpu(s);
	s->vcpu_c = GDB_VCPU_ALL;
	s->alone = GDB_VCPU_ALL;
	s->physical = false;
	trace(TRACE_STOP, "gdb attached");
}

static bool goes_on(struct gdb_session *s, enum gdb_end how)
{
	const struct stop *stop = control_last_stop(s->m);

	if (how == GDB_END_KILLED)
		return false;
	/* Single vCPUs that stand go on with the others. */
	if (!run_state_is_stopped(control_state(s->m)))
		return s->non_stop;
	if (how == GDB_END_DETACH && (stop->reason == STOP_ENTRY || stop->reason == STOP_RESET))
		return true;
	return s->holds;
}

/* What is to be done with the guest: with its breakpoints still there. */
static enum gdb_on_disconnect choose(struct gdb_session *s, enum gdb_end how)
{
	enum gdb_on_disconnect chosen = gdb_stub_on_disconnect(s->stub);

	if (how == GDB_END_QUIT)
		return GDB_RELEASE;
	if (chosen == GDB_RELEASE || how == GDB_END_TAKEN || how == GDB_END_KILLED)
		return goes_on(s, how) ? GDB_CONTINUE : GDB_RELEASE;
	return chosen;
}

void gdb_life_end(struct gdb_session *s, enum gdb_end how)
{
	enum gdb_on_disconnect next;

	/* In extended mode `monitor` works without a guest. */
	if (!s->begun && s->left)
		gdb_stub_rcmd_end(s->stub);
	if (!s->begun)
		return;
	next = choose(s, how);
	s->begun = false;
	s->waiting = false;
	strbuf_free(&s->xfer);
	s->xfer_kind = NULL;
	gdb_nonstop_clear(s);
	control_detach(s->m, &s->client);
	gdb_stub_rcmd_end(s->stub);
	trace_gdb_left(s->trace);
	/* A state that cannot run (shutdown, internal error) stays as it is. */
	if (next == GDB_CONTINUE)
		control_resume_all(s->m, NULL, NULL);
	else if (next == GDB_STOP)
		control_stop(s->m, NULL);
	else if (next == GDB_QUIT)
		control_quit(s->m, 0);
	trace(TRACE_STOP, "gdb %s", how == GDB_END_LOST ? "is lost" : "detached");
}

static void on_stopped(struct gdb_session *s, const struct stop *stop)
{
	/* Now, for gdb removes its breakpoints at every stop: later nobody can tell whose it was.
	 */
	s->holds = gdb_stop_is_ours(s, stop);
	gdb_stop_report(s, stop);
}

static void on_vcpu_stopped(struct gdb_session *s, const struct stop *stop)
{
	if (s->non_stop && !s->quiet)
		gdb_nonstop_stopped(s, stop);
}

static void on_exit_event(struct gdb_session *s, int code)
{
	char text[32];

	if (!s->waiting && !s->non_stop)
		return;
	s->waiting = false;
	snprintf(text, sizeof(text), s->multiprocess ? "W%02x;process:%x" : "W%02x", code & 0xff,
		 GDB_PID);
	if (s->non_stop)
		gdb_nonstop_tell(s, -1, text);
	else
		gdb_session_send(s, text, strlen(text));
}

static void on_message(struct gdb_session *s, const char *text)
{
	if (!gdb_session_may_console(s))
		return;
	gdb_session_console(s, text);
	if (!*text || text[strlen(text) - 1] != '\n')
		gdb_session_console(s, "\n");
}

/* What a breakpoint printed: gdb can show it while it waits; else who else is there does. */
static void on_output(struct gdb_session *s, const char *text)
{
	size_t len = strlen(text);

	if (gdb_session_may_console(s)) {
		gdb_session_console(s, text);
		return;
	}
	/* A message is a line by itself. */
	if (len && text[len - 1] == '\n')
		len--;
	control_message(s->m, "%.*s", (int)len, text);
}

void gdb_life_event(struct control_client *client, const struct control_event *ev)
{
	struct gdb_session *s = session_of(client);
	size_t before = s->out.len;

	if (!s->begun)
		return;
	if (ev->kind == CONTROL_STOPPED)
		on_stopped(s, ev->stop ? ev->stop : control_last_stop(s->m));
	else if (ev->kind == CONTROL_VCPU_STOPPED)
		on_vcpu_stopped(s, ev->stop);
	else if (ev->kind == CONTROL_VCPUS)
		gdb_thread_event(s, ev->code);
	else if (ev->kind == CONTROL_RESUMED)
		s->holds = false;
	else if (ev->kind == CONTROL_EXIT)
		on_exit_event(s, ev->code);
	else if (ev->kind == CONTROL_MESSAGE && ev->text)
		on_message(s, ev->text);
	else if (ev->kind == CONTROL_OUTPUT && ev->text)
		on_output(s, ev->text);
	gdb_nonstop_notify(s);
	/* The answers to packets that came together go together: ten thousand breakpoints do. */
	if (s->out.len != before)
		gdb_session_flush(s);
}

/* D, D;PID */
enum gdb_verdict gdb_life_detach(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	gdb_life_end(s, GDB_END_DETACH);
	s->left = true;
	return gdb_ok(s);
}

/* ---- extended mode ---- */

enum gdb_verdict gdb_life_extended(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	s->extended = true;
	return gdb_ok(s);
}

bool gdb_life_allows(const struct gdb_packet *row)
{
	static enum gdb_verdict (*const without[])(struct gdb_session *, const char *, size_t) = {
		gdb_life_extended, gdb_life_attach, gdb_life_run,    gdb_q_must_be_empty,
		gdb_q_no_ack,	   gdb_q_rcmd,	    gdb_xfer_osdata,
	};

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (row->handle == without[i])
			return true;
	return false;
}

/* The guest is this session's again. */
static void begin_again(struct gdb_session *s)
{
	s->left = false;
	if (!s->begun)
		gdb_life_begin(s);
}

/* Stopped at the first instruction. */
static int reset(struct gdb_session *s, struct error *err)
{
	control_stop(s->m, &s->client);
	s->holds = false;
	return control_reset(s->m, &s->client, err);
}

/* R XX: no reply, and whatever follows it is of no meaning */
enum gdb_verdict gdb_life_restart(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	if (!s->extended)
		return gdb_unsupported(s);
	reset(s, NULL);
	return GDB_SILENT;
}

/* vRun;FILE[;ARGUMENT]…, in hex */
enum gdb_verdict gdb_life_run(struct gdb_session *s, const char *args, size_t len)
{
	struct error err = { "" };

	(void)len;
	if (!s->extended)
		return gdb_error_text(s, "only with target extended-remote");
	if (args[strspn(args, ";")])
		return gdb_error_text(s, "the image and its command line were chosen when vitrine "
					 "was started");
	begin_again(s);
	if (reset(s, &err) < 0)
		return gdb_error_text(s, err.text);
	gdb_put_stop(s, &s->reply, control_last_stop(s->m));
	if (s->non_stop)
		gdb_nonstop_queue(s, control_last_stop(s->m)->vcpu);
	return GDB_REPLY;
}

/* vAttach;PID */
enum gdb_verdict gdb_life_attach(struct gdb_session *s, const char *args, size_t len)
{
	uint64_t pid;

	(void)len;
	if (!s->extended)
		return gdb_error_text(s, "only with target extended-remote");
	if (!gdb_parse_char(&args, ';') || !gdb_parse_hex(&args, &pid) || *args)
		return gdb_error(s, EINVAL);
	if (pid != GDB_PID)
		return gdb_error(s, ESRCH);
	begin_again(s);
	if (s->non_stop) {
		gdb_nonstop_queue(s, -1);
		return gdb_ok(s);
	}
	gdb_put_stop(s, &s->reply, control_last_stop(s->m));
	return GDB_REPLY;
}

/* ---- kill ---- */

/* In extended mode there is `run` after it. */
static void kill_guest(struct gdb_session *s)
{
	if (!s->extended) {
		control_quit(s->m, 0);
		return;
	}
	reset(s, NULL);
	gdb_life_end(s, GDB_END_KILLED);
	s->left = true;
}

/* k: the protocol has no reply for it, but lldb waits for one */
enum gdb_verdict gdb_life_kill(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	kill_guest(s);
	if (!s->list_threads)
		return GDB_SILENT;
	strbuf_puts(&s->reply, "X09");
	return GDB_REPLY;
}

/* vKill;PID */
enum gdb_verdict gdb_life_vkill(struct gdb_session *s, const char *args, size_t len)
{
	uint64_t pid;

	(void)len;
	if (!gdb_parse_char(&args, ';') || !gdb_parse_hex(&args, &pid) || *args)
		return gdb_error(s, EINVAL);
	if (pid != GDB_PID)
		return gdb_error(s, ESRCH);
	kill_guest(s);
	return gdb_ok(s);
}
