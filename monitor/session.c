// SPDX-License-Identifier: GPL-3.0-or-later
/* Sessions: what a client of the monitor remembers, and what it is told. See session.h. */
#include "hv/control_msr.h"
#include "hv/fields.h"
#include "monitor/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/arch/arch_disas.h"
#include "monitor/breakpoint.h"
#include "monitor/changed.h"
#include "monitor/style.h"
#include "monitor/symbols.h"

/* ---- what a stop was ---- */

static const char *const reason_names[] = {
	[STOP_NONE] = "no reason known",
	[STOP_ENTRY] = "has not run yet",
	[STOP_PAUSE] = "paused",
	[STOP_STEP] = "step done",
	[STOP_BREAKPOINT] = "breakpoint",
	[STOP_HW_BREAKPOINT] = "hardware breakpoint",
	[STOP_WATCHPOINT] = "watchpoint",
	[STOP_TRIPLE_FAULT] = "triple fault",
	[STOP_PANIC] = "the guest panicked",
	[STOP_INTERNAL_ERROR] = "internal error",
	[STOP_SHUTDOWN] = "the guest powered off",
	[STOP_RESET] = "reset",
	[STOP_CATCH] = "catchpoint",
	[STOP_DEVICE] = "device breakpoint",
};

static const char *const access_names[BP_KIND_COUNT] = {
	[BP_WRITE] = "written",
	[BP_READ] = "read",
	[BP_ACCESS] = "touched",
};

static const char *reason_name(enum stop_reason r)
{
	size_t i = (size_t)r;

	return i < sizeof(reason_names) / sizeof(reason_names[0]) && reason_names[i]
		       ? reason_names[i]
		       : "unknown reason";
}

void mon_describe_stop(struct machine *m, const struct stop *stop, struct strbuf *out)
{
	strbuf_puts(out, reason_name(stop->reason));
	if (stop->bp)
		strbuf_printf(out, " %d", stop->bp);
	if (stop->catchpoint)
		strbuf_printf(out, " %d", stop->catchpoint);
	if (stop->reason == STOP_WATCHPOINT)
		strbuf_printf(out, ": 0x%llx was %s", (unsigned long long)stop->addr,
			      stop->bp_kind < BP_KIND_COUNT && access_names[stop->bp_kind]
				      ? access_names[stop->bp_kind]
				      : "touched");
	if ((stop->reason == STOP_PAUSE || stop->reason == STOP_STEP) && stop->by)
		strbuf_printf(out, " by %s", stop->by->name);
	strbuf_printf(out, ", vCPU %d at 0x%llx", stop->vcpu, (unsigned long long)stop->pc);
	mon_symbol_put(m, stop->vcpu, stop->pc, out);
	if (stop->text[0])
		strbuf_printf(out, " (%s)", stop->text);
}

void mon_describe_next(struct mon_session *s, int cpu, struct strbuf *out)
{
	struct strbuf line = STRBUF_INIT;
	uint8_t code[ARCH_INSN_MAX];
	uint64_t pc;
	ssize_t n;

	if (control_pc(s->m, cpu, &pc))
		return;
	n = control_mem_read(s->m, cpu, CONTROL_VIRTUAL, pc, code, sizeof(code));
	if (n <= 0)
		return;
	if (mon_insn_put(s->m, cpu, pc, code, (size_t)n, &line))
		strbuf_printf(out, "=> 0x%llx%s", (unsigned long long)pc, strbuf_str(&line));
	strbuf_free(&line);
}

void mon_display_one(struct mon_session *s, size_t i, struct strbuf *out)
{
	size_t mark;

	data_object(out, NULL);
	field_u64(out, "n", "%llu: ", i + 1);
	field_str(out, "line", "%s\n", s->display[i]);
	mark = out->len;
	mon_run_now(s, s->display[i], out);
	data_since(out, "text", mark);
	data_end(out);
}

void mon_display(struct mon_session *s, struct strbuf *out)
{
	const char *again = s->again;

	for (size_t i = 0; i < MON_DISPLAYS; i++) {
		if (!s->display[i])
			continue;
		mon_display_one(s, i, out);
	}
	s->again = again;
}

/* ---- events ---- */

void mon_session_tell(struct mon_session *s, const char *text)
{
	if (s->out)
		strbuf_puts(s->out, text);
	else if (s->tell)
		s->tell(s, text);
}

static void tell_stop(struct mon_session *s, const struct stop *stop)
{
	struct strbuf sb = STRBUF_INIT;

	if (s->colour)
		strbuf_puts(&sb, style_begin(STYLE_STOP));
	strbuf_puts(&sb, "stopped: ");
	mon_describe_stop(s->m, stop, &sb);
	if (s->colour)
		strbuf_puts(&sb, style_end());
	strbuf_puts(&sb, "\n");
	mon_describe_next(s, stop->vcpu, &sb);
	mon_display(s, &sb);
	mon_session_tell(s, strbuf_str(&sb));
	strbuf_free(&sb);
	s->told_running = false;
	s->unsettled = false;
}

bool mon_session_busy(const struct mon_session *s)
{
	return s->progress.doing != MON_IDLE || mon_script_pending(s);
}

void mon_session_idle(struct mon_session *s)
{
	if (s->progress.doing != MON_IDLE)
		return;
	if (mon_script_pending(s))
		monitor_wake(s->mon);
	else if (s->idle && !s->out)
		s->idle(s);
}

static void on_stopped(struct mon_session *s, const struct control_event *ev)
{
	const struct stop *stop = ev->stop;
	const struct mon_bp *bp;

	if (mon_progress_step(s, stop))
		return;
	if (stop->reason == STOP_STEP && stop->by != &s->client) {
		mon_changed_stopped(s);
		s->unsettled = true;
		monitor_settle_later(s->mon);
		mon_progress_stopped(s);
		return;
	}
	mon_changed_stopped(s);
	bp = stop->bp ? mon_bp_find(s->mon, stop->bp) : NULL;
	s->commands_of = bp && mon_bp_owner(bp) == s && mon_bp_commands(bp) ? stop->bp : 0;
	monitor_wake(s->mon); /* commands are due, breakpoints for one stop go */
	/* Commands then mean the vCPU that something happened to, as in gdb. */
	if (stop->reason != STOP_PAUSE && control_vcpu_exists(s->m, stop->vcpu))
		s->cpu = stop->vcpu;
	tell_stop(s, stop);
	mon_progress_stopped(s);
}

/*
 * One vCPU, while others run; the stop of the last one is told as that of the machine. gdb pauses
 * single ones all the time, to step another over a breakpoint: that matters to who steps the vCPU.
 */
static void on_vcpu_stopped(struct mon_session *s, const struct control_event *ev)
{
	const struct stop *stop = ev->stop;
	bool awaited = mon_progress_awaits(s, stop);
	struct strbuf sb = STRBUF_INIT;

	if (run_state_is_stopped(control_state(s->m)) || mon_progress_step(s, stop))
		return;
	if (!awaited && (stop->reason == STOP_STEP || stop->reason == STOP_PAUSE))
		return;
	strbuf_puts(&sb, "one vCPU stopped: ");
	mon_describe_stop(s->m, stop, &sb);
	strbuf_puts(&sb, "\n");
	mon_session_tell(s, strbuf_str(&sb));
	strbuf_free(&sb);
	if (awaited)
		mon_progress_stopped(s);
}

static void on_resumed(struct mon_session *s, const struct control_event *ev)
{
	/* Nobody needs to hear what they did themselves, or that the machine starts. */
	if (ev->by == &s->client || !ev->by) {
		s->told_running = true;
		s->unsettled = false;
		return;
	}
	/* A copy: the client may be gone when it is told. */
	snprintf(s->resumer, sizeof(s->resumer), "%s", ev->by->name);
	s->unsettled = true;
	monitor_settle_later(s->mon);
}

static void on_reset(struct mon_session *s, const struct control_event *ev)
{
	char text[96];

	snprintf(text, sizeof(text), "the machine was reset by %s\n",
		 ev->by ? ev->by->name : "the guest");
	mon_session_tell(s, text);
	s->cpu = 0;
	s->next_addr = 0;
}

static void on_exit_event(struct mon_session *s, const struct control_event *ev)
{
	if (s->ended)
		s->ended(s, ev->code);
}

static void on_vcpus(struct mon_session *s, const struct control_event *ev)
{
	(void)ev;
	if (!control_vcpu_exists(s->m, s->cpu))
		s->cpu = 0;
}

static void on_message(struct mon_session *s, const struct control_event *ev)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_printf(&sb, "%s\n", ev->text ? ev->text : "");
	mon_session_tell(s, strbuf_str(&sb));
	strbuf_free(&sb);
}

static void session_event(struct control_client *client, const struct control_event *ev)
{
	static void (*const handlers[])(struct mon_session *, const struct control_event *) = {
		[CONTROL_STOPPED] = on_stopped,
		[CONTROL_RESUMED] = on_resumed,
		[CONTROL_RESET] = on_reset,
		[CONTROL_EXIT] = on_exit_event,
		[CONTROL_VCPU_STOPPED] = on_vcpu_stopped,
		[CONTROL_VCPUS] = on_vcpus,
		[CONTROL_MESSAGE] = on_message,
	};
	size_t kind = (size_t)ev->kind;

	if (kind < sizeof(handlers) / sizeof(handlers[0]) && handlers[kind])
		handlers[kind]((struct mon_session *)client, ev);
}

/* Some time has passed since another client ran the guest: tell how it stands now, if that is news.
 */
void mon_session_settle(struct mon_session *s)
{
	const struct stop *stop = control_last_stop(s->m);
	bool running = !run_state_is_stopped(control_state(s->m));
	char text[64];

	if (!s->unsettled)
		return;
	s->unsettled = false;
	if (!running && stop->reason != STOP_NONE) {
		tell_stop(s, stop);
	} else if (running && !s->told_running) {
		snprintf(text, sizeof(text), "resumed by %s\n", s->resumer);
		s->told_running = true;
		mon_session_tell(s, text);
	}
}

/* ---- from the loop ---- */

void mon_session_prepare(struct mon_session *s)
{
	const struct mon_bp *bp = s->commands_of ? mon_bp_find(s->mon, s->commands_of) : NULL;
	struct error err = { "" };
	char name[48];

	snprintf(name, sizeof(name), "commands of breakpoint %d", s->commands_of);
	s->commands_of = 0;
	if (!bp || !mon_bp_commands(bp) || !run_state_is_stopped(control_state(s->m)))
		return;
	if (mon_script_push(s, name, mon_bp_commands(bp), &err)) {
		mon_session_tell(s, err.text);
		mon_session_tell(s, "\n");
	}
}

void mon_session_wake(struct mon_session *s)
{
	mon_progress_wake(s);
	if (!mon_script_pending(s))
		return;
	mon_script_run(s, NULL);
	mon_session_idle(s);
}

/* ---- life ---- */

void mon_session_open(struct mon_session *s, struct monitor *mon, const char *name)
{
	s->mon = mon;
	s->m = monitor_machine(mon);
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->client = (struct control_client){ .name = s->name, .event = session_event };
	s->told_running = !run_state_is_stopped(control_state(s->m));
	control_attach(s->m, &s->client);
	monitor_add_session(mon, s);
}

void mon_session_close(struct mon_session *s)
{
	monitor_remove_session(s->mon, s);
	mon_session_cancel(s);
	mon_script_drop(s);
	mon_collect_drop(s);
	mon_changed_free(s);
	control_detach(s->m, &s->client);
	for (size_t i = 0; i < MON_DISPLAYS; i++) {
		free(s->display[i]);
		s->display[i] = NULL;
	}
}

/* ---- registers and memory in expressions ---- */

uint64_t mon_number_of(const uint8_t raw[8])
{
	uint64_t value = 0;

	for (size_t i = 8; i-- > 0;)
		value = value << 8 | raw[i];
	return value;
}

int mon_register_id(void *session, const char *name, size_t len, int *id, struct error *err)
{
	struct mon_session *s = session;
	const struct arch_reg *regs;
	char copy[32];
	size_t count;

	if (len >= sizeof(copy))
		return error_set(err, -ENOENT, "no register of this name");
	memcpy(copy, name, len);
	copy[len] = '\0';
	*id = MON_REG_PC;
	if (!strcmp(copy, "pc"))
		return 0;
	*id = strcmp(copy, "sp") ? arch_reg_find(copy) : arch_reg_sp();
	regs = arch_regs(&count);
	if (*id < 0 || (size_t)*id >= count || !control_reg_present(s->m, s->cpu, *id))
		return error_set(err, -ENOENT, "vCPU %d has no register of this name", s->cpu);
	if (regs[*id].bits > 64)
		return error_set(err, -EINVAL, "a register of %u bits is no number",
				 regs[*id].bits);
	return 0;
}

int mon_register_value(void *session, int id, uint64_t *value, struct error *err)
{
	struct mon_session *s = session;
	uint8_t raw[sizeof(uint64_t)] = { 0 };
	int rc;

	rc = id == MON_REG_PC ? control_pc(s->m, s->cpu, value)
			      : control_reg_read(s->m, s->cpu, id, raw);
	if (rc)
		return error_set(err, rc, "it cannot be read: %s", strerror(-rc));
	if (id != MON_REG_PC)
		*value = mon_number_of(raw);
	return 0;
}

int mon_memory_value(void *session, uint64_t addr, unsigned size, uint64_t *value,
		     struct error *err)
{
	struct mon_session *s = session;
	uint8_t raw[sizeof(uint64_t)] = { 0 };

	if (control_mem_read(s->m, s->cpu, CONTROL_VIRTUAL, addr, raw, size) != (ssize_t)size)
		return error_set(err, -EFAULT, "memory at 0x%llx cannot be read",
				 (unsigned long long)addr);
	*value = mon_number_of(raw);
	return 0;
}

int mon_msr_value(void *session, uint64_t index, uint64_t *value, struct error *err)
{
	struct mon_session *s = session;
	int rc = control_msr_read(s->m, s->cpu, index, value);

	return rc ? error_set(err, rc, "KVM has no MSR 0x%llx", (unsigned long long)index) : 0;
}
