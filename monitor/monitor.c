// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The monitor: its consoles, its endpoints, and the session of gdb's `monitor`.
 *
 * Two things happen later from the loop instead of inside a callback: consoles are freed and due
 * steps are started (an eventfd), and what other clients did is told when it has settled (a
 * timerfd).
 */
#include "monitor/monitor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "monitor/breakpoint.h"
#include "monitor/console.h"
#include "monitor/disas.h"
#include "monitor/session.h"

/* More are refused. */
#define CONSOLES_MAX 32
/* How long nothing may have happened before what others did is told. */
#define SETTLE_NS 150000000

struct served {
	struct monitor *mon;
	struct endpoint *ep;
	struct served *next;
};

struct monitor {
	struct machine *m;
	struct loop *loop;
	int wake_fd, settle_fd;
	struct loop_source *wake_src, *settle_src;
	struct mon_session *sessions;
	struct mon_bp *breakpoints;
	struct mon_session gdb;	  /* for monitor_execute() */
	struct mon_session batch; /* for monitor_script(); mon is NULL when there is none */
	struct console *consoles;
	struct served *served;
	unsigned count, number;
};

struct machine *monitor_machine(struct monitor *mon)
{
	return mon->m;
}

struct mon_bp **monitor_breakpoints(struct monitor *mon)
{
	return &mon->breakpoints;
}

struct loop *monitor_loop(struct monitor *mon)
{
	return mon->loop;
}

void monitor_add_session(struct monitor *mon, struct mon_session *s)
{
	s->next = mon->sessions;
	mon->sessions = s;
}

void monitor_remove_session(struct monitor *mon, struct mon_session *s)
{
	for (struct mon_session **p = &mon->sessions; *p; p = &(*p)->next)
		if (*p == s) {
			*p = s->next;
			return;
		}
}

/* ---- from the loop ---- */

void monitor_wake(struct monitor *mon)
{
	uint64_t one = 1;
	ssize_t n = write(mon->wake_fd, &one, sizeof(one));

	(void)n; /* EAGAIN: it is awake already */
}

void monitor_settle_later(struct monitor *mon)
{
	const struct itimerspec when = { .it_value = { .tv_nsec = SETTLE_NS } };

	timerfd_settime(mon->settle_fd, 0, &when, NULL);
}

void monitor_console_gone(struct console *c)
{
	c->closing = c->readline.over = true;
	monitor_wake(c->mon);
}

static void free_consoles(struct monitor *mon, bool all)
{
	struct console **p = &mon->consoles, *c;

	while ((c = *p)) {
		if (!all && !c->closing) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		mon->count--;
		console_destroy(c);
	}
}

static void on_wake(void *opaque, uint32_t events)
{
	struct monitor *mon = opaque;
	uint64_t count;
	ssize_t n = read(mon->wake_fd, &count, sizeof(count));

	(void)n;
	(void)events;
	free_consoles(mon, false);
	for (struct mon_session *s = mon->sessions; s; s = s->next)
		mon_session_prepare(s);
	if (run_state_is_stopped(control_state(mon->m)))
		mon_bp_sweep(mon);
	for (struct mon_session *s = mon->sessions; s; s = s->next)
		mon_session_wake(s);
}

static void on_settle(void *opaque, uint32_t events)
{
	struct monitor *mon = opaque;
	uint64_t count;
	ssize_t n = read(mon->settle_fd, &count, sizeof(count));

	(void)n;
	(void)events;
	for (struct mon_session *s = mon->sessions; s; s = s->next)
		mon_session_settle(s);
}

/* ---- consoles ---- */

static int add_console(struct monitor *mon, struct chardev *cd, bool quiet)
{
	static const char full[] = "too many consoles\n";
	struct console *c;
	char name[32];

	if (mon->count >= CONSOLES_MAX) {
		chardev_write(cd, full, sizeof(full) - 1);
		chardev_close(cd);
		return -EUSERS;
	}
	snprintf(name, sizeof(name), "monitor %u", ++mon->number);
	c = console_create(mon, cd, name, quiet);
	if (!c)
		return -ENOMEM;
	c->next = mon->consoles;
	mon->consoles = c;
	mon->count++;
	return 0;
}

int monitor_add_console(struct monitor *mon, struct chardev *cd, struct error *err)
{
	int rc = add_console(mon, cd, true);

	return rc ? error_set(err, rc, "cannot make a console: %s", strerror(-rc)) : 0;
}

static void on_accept(void *opaque, struct chardev *cd)
{
	struct served *s = opaque;

	add_console(s->mon, cd, false);
}

int monitor_serve(struct monitor *mon, const char *dev, struct error *err)
{
	struct served *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return error_set(err, -ENOMEM, "out of memory");
	s->mon = mon;
	rc = endpoint_open(&s->ep, mon->loop, dev, on_accept, s, err);
	if (rc) {
		error_prefix(err, "monitor");
		free(s);
		return rc;
	}
	s->next = mon->served;
	mon->served = s;
	return 0;
}

/* ---- -monitor-script ---- */

/* A terminal may be raw, for the guest's console. */
static void batch_tell(struct mon_session *s, const char *text)
{
	bool raw = isatty(STDOUT_FILENO);

	(void)s;
	for (; *text; text++) {
		if (raw && *text == '\n')
			putchar('\r');
		putchar(*text);
	}
	fflush(stdout);
}

static void batch_failed(struct mon_session *s, const char *text)
{
	fprintf(stderr, "vitrine: %s\n", text);
	control_quit(s->m, 1);
}

int monitor_script(struct monitor *mon, const char *path, struct error *err)
{
	struct mon_session *s = &mon->batch;
	int rc;

	mon_session_open(s, mon, "the script");
	s->tell = batch_tell;
	s->failed = batch_failed;
	rc = mon_script_open(s, path, err);
	if (rc) {
		error_prefix(err, "-monitor-script");
		mon_session_close(s);
		s->mon = NULL;
		return rc;
	}
	monitor_wake(mon);
	return 0;
}

void monitor_execute(struct monitor *mon, const char *line, struct strbuf *out)
{
	mon_run(&mon->gdb, line, out);
}

void monitor_execute_end(struct monitor *mon)
{
	mon_session_cancel(&mon->gdb);
	mon_script_drop(&mon->gdb);
	mon_collect_drop(&mon->gdb);
	control_detach(mon->m, &mon->gdb.client);
	control_attach(mon->m, &mon->gdb.client);
}

/* ---- life ---- */

int monitor_create(struct monitor **out, struct machine *m, struct loop *loop, struct error *err)
{
	struct monitor *mon = calloc(1, sizeof(*mon));
	int rc;

	if (!mon)
		return error_set(err, -ENOMEM, "out of memory");
	mon->m = m;
	mon->loop = loop;
	mon->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	mon->settle_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (mon->wake_fd < 0 || mon->settle_fd < 0) {
		rc = -errno;
		goto fail;
	}
	rc = loop_add_fd(loop, mon->wake_fd, EPOLLIN, on_wake, mon, &mon->wake_src);
	if (rc)
		goto fail;
	rc = loop_add_fd(loop, mon->settle_fd, EPOLLIN, on_settle, mon, &mon->settle_src);
	if (rc)
		goto fail_wake;
	mon_session_open(&mon->gdb, mon, "gdb's monitor");
	*out = mon;
	return 0;
fail_wake:
	loop_remove(mon->wake_src);
fail:
	if (mon->settle_fd >= 0)
		close(mon->settle_fd);
	if (mon->wake_fd >= 0)
		close(mon->wake_fd);
	free(mon);
	return error_set(err, rc, "cannot make the monitor: %s", strerror(-rc));
}

void monitor_destroy(struct monitor *mon)
{
	struct served *s;

	if (!mon)
		return;
	while ((s = mon->served)) {
		mon->served = s->next;
		endpoint_close(s->ep);
		free(s);
	}
	free_consoles(mon, true);
	mon_session_close(&mon->gdb);
	if (mon->batch.mon)
		mon_session_close(&mon->batch);
	loop_remove(mon->settle_src);
	loop_remove(mon->wake_src);
	close(mon->settle_fd);
	close(mon->wake_fd);
	mon_disas_close();
	free(mon);
}
