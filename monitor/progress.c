// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What takes time: a series of steps, the way to the next branch or to an address, waiting. See
 * session.h. One of them at a time; a session that is done with it gets its prompt back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "hv/arch/arch.h"
#include "hv/arch/arch_disas.h"
#include "monitor/breakpoint.h"
#include "monitor/changed.h"
#include "monitor/disas.h"
#include "monitor/session.h"

static void stop_timer(struct mon_progress *p)
{
	if (!p->timer_src)
		return;
	loop_remove(p->timer_src);
	close(p->timer_fd);
	p->timer_src = NULL;
}

bool mon_session_stepping(const struct mon_session *s)
{
	return s->progress.doing == MON_STEPPING || s->progress.doing == MON_BRANCHING;
}

void mon_session_cancel(struct mon_session *s)
{
	struct mon_progress *p = &s->progress;

	stop_timer(p);
	p->doing = MON_IDLE;
	p->due = false;
	/* A breakpoint of `until` may be in the middle of a stop: it goes from the loop. */
	if (p->until)
		monitor_wake(s->mon);
}

static void drop_until(struct mon_session *s)
{
	if (s->progress.until)
		control_bp_delete(s->m, s->progress.until);
	s->progress.until = 0;
}

/* It is over: the next line of a script, or a prompt. */
static void finish(struct mon_session *s)
{
	mon_session_cancel(s);
	mon_session_idle(s);
}

static void finish_failed(struct mon_session *s, const char *what, const char *why)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_printf(&sb, "%s: %s\n", what, why);
	mon_session_tell(s, strbuf_str(&sb));
	strbuf_free(&sb);
	s->line_failed = true;
	mon_script_fail(s, why);
	finish(s);
}

/* ---- steps ---- */

/* Notes where the instruction that is about to be stepped ends. */
static int note_insn(struct mon_session *s)
{
	struct mon_progress *p = &s->progress;
	uint8_t code[ARCH_INSN_MAX];
	struct mon_insn insn = { .branch = false };
	ssize_t n;

	if (control_pc(s->m, s->cpu, &p->from))
		return -EFAULT;
	n = control_mem_read(s->m, s->cpu, CONTROL_VIRTUAL, p->from, code, sizeof(code));
	p->behind = 0;
	if (n > 0)
		p->behind = p->from + mon_disas(control_code_bits(s->m, s->cpu), p->from, code,
						(size_t)n, &insn);
	p->branch = insn.branch;
	return 0;
}

static int start_step(struct mon_session *s, struct error *err)
{
	if (s->progress.doing == MON_BRANCHING && note_insn(s))
		return error_set(err, -EFAULT, "the pc of vCPU %d cannot be read", s->cpu);
	return control_step(s->m, &s->client, s->cpu, err);
}

static int start_steps(struct mon_session *s, enum mon_doing doing, uint64_t n, struct error *err)
{
	struct mon_progress *p = &s->progress;
	int rc;

	/* A client need not await the end of what it began before: a wait. */
	mon_session_cancel(s);
	p->doing = doing;
	p->left = n;
	p->done = 0;
	p->due = false;
	rc = start_step(s, err);
	if (rc)
		p->doing = MON_IDLE;
	return rc;
}

int mon_session_step(struct mon_session *s, uint64_t n, struct error *err)
{
	return start_steps(s, MON_STEPPING, n, err);
}

int mon_session_next_branch(struct mon_session *s, struct error *err)
{
	return start_steps(s, MON_BRANCHING, UINT64_MAX, err);
}

/*
 * Whether the instruction that was stepped went elsewhere than behind itself. One that repeats
 * stays where it is; a branch that does so jumps to itself.
 */
static bool branched(const struct mon_progress *p, uint64_t pc)
{
	return pc == p->from ? p->branch : pc != p->behind;
}

static void put_branch(const struct mon_session *s, uint64_t pc, struct strbuf *out)
{
	const struct mon_progress *p = &s->progress;

	strbuf_printf(out, "from 0x%llx", (unsigned long long)p->from);
	mon_symbol_put(s->m, s->cpu, p->from, out);
	strbuf_printf(out, " to 0x%llx", (unsigned long long)pc);
	mon_symbol_put(s->m, s->cpu, pc, out);
	strbuf_printf(out, ", %llu instructions\n", (unsigned long long)p->done);
}

static void step_done(struct mon_session *s, const struct stop *stop)
{
	struct mon_progress *p = &s->progress;
	bool branch = p->doing == MON_BRANCHING && branched(p, stop->pc);
	struct strbuf sb = STRBUF_INIT;

	p->done++;
	if (--p->left && !branch) {
		p->due = true;
		monitor_wake(s->mon);
		return;
	}
	mon_changed_stopped(s);
	if (branch)
		put_branch(s, stop->pc, &sb);
	else if (p->done > 1)
		strbuf_printf(&sb, "%llu steps done\n", (unsigned long long)p->done);
	mon_describe_next(s, stop->vcpu, &sb);
	mon_display(s, &sb);
	mon_session_tell(s, strbuf_str(&sb));
	strbuf_free(&sb);
	s->told_running = false;
	s->unsettled = false;
	finish(s);
}

static void step_due(struct mon_session *s)
{
	struct error err = { "" };

	s->progress.due = false;
	if (!run_state_is_stopped(control_state(s->m)))
		error_set(&err, -EBUSY, "another client runs the guest");
	else if (!start_step(s, &err))
		return;
	finish_failed(s, "stepping ended", err.text);
}

/* ---- until ---- */

int mon_session_until(struct mon_session *s, uint64_t addr, struct error *err)
{
	const struct mon_bp_spec spec = {
		.kind = BP_SOFT, .addr = addr, .vcpu = s->cpu, .once = true, .unlisted = true
	};
	int rc, id;

	mon_session_cancel(s);
	drop_until(s);
	id = mon_bp_add(s, &spec, err);
	if (id < 0)
		return id;
	s->progress.doing = MON_RUNNING_UNTIL;
	rc = control_resume_all(s->m, &s->client, err);
	if (rc) {
		control_bp_delete(s->m, id);
		s->progress.doing = MON_IDLE;
		return rc;
	}
	s->progress.until = id;
	return 0;
}

/* ---- wait ---- */

static void on_timer(void *opaque, uint32_t events)
{
	struct mon_session *s = opaque;

	(void)events;
	if (s->progress.for_stop)
		finish_failed(s, "waiting ended", "the guest has not stopped in that time");
	else
		finish(s);
}

static int start_timer(struct mon_session *s, double seconds)
{
	struct mon_progress *p = &s->progress;
	struct itimerspec when = { 0 };
	int rc;

	when.it_value.tv_sec = (time_t)seconds;
	when.it_value.tv_nsec = (long)((seconds - (double)when.it_value.tv_sec) * 1e9) + 1;
	p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->timer_fd < 0)
		return -errno;
	rc = timerfd_settime(p->timer_fd, 0, &when, NULL) < 0 ? -errno : 0;
	if (!rc)
		rc = loop_add_fd(monitor_loop(s->mon), p->timer_fd, EPOLLIN, on_timer, s,
				 &p->timer_src);
	if (rc)
		close(p->timer_fd);
	return rc;
}

int mon_session_wait(struct mon_session *s, bool for_stop, double seconds, struct error *err)
{
	int rc;

	mon_session_cancel(s);
	if (for_stop && run_state_is_stopped(control_state(s->m)))
		return 0;
	if (seconds >= 0) {
		rc = start_timer(s, seconds);
		if (rc)
			return error_set(err, rc, "no timer: %s", strerror(-rc));
	}
	s->progress.for_stop = for_stop;
	s->progress.doing = MON_WAITING;
	return 0;
}

/* ---- events ---- */

bool mon_progress_step(struct mon_session *s, const struct stop *stop)
{
	if (stop->reason != STOP_STEP || stop->by != &s->client || !mon_session_stepping(s))
		return false;
	step_done(s, stop);
	return true;
}

bool mon_progress_awaits(const struct mon_session *s, const struct stop *stop)
{
	const struct mon_progress *p = &s->progress;

	if (p->doing == MON_RUNNING_UNTIL)
		return stop->bp && stop->bp == p->until;
	return mon_session_stepping(s) && stop->vcpu == s->cpu;
}

void mon_progress_stopped(struct mon_session *s)
{
	struct mon_progress *p = &s->progress;

	if (mon_session_stepping(s) || p->doing == MON_RUNNING_UNTIL ||
	    (p->doing == MON_WAITING && p->for_stop))
		finish(s);
}

void mon_progress_wake(struct mon_session *s)
{
	struct mon_progress *p = &s->progress;

	if (p->doing != MON_RUNNING_UNTIL)
		drop_until(s);
	if (p->due)
		step_due(s);
}
