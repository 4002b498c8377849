// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Stop replies: what happened, to whom, and the registers that gdb would ask
 * for next.
 *
 *   T05 06:…;07:…;10:…; thread:p1.2; core:1; swbreak:;
 *
 * A stop at a breakpoint of another client is told without its reason: gdb
 * takes "swbreak" at an address where it has no breakpoint for a late one, and
 * goes on without a word. So is a stop in 16-bit code: gdb looks for its
 * breakpoint at rip, and the address is that plus the base of CS.
 *
 * While gdb steps one vCPU past a breakpoint and holds the others, a monitor may let those run.
 * Their stop is told as a pause of the one that gdb runs: gdb 13 fails an assertion
 * ("finish_step_over") when it hears of another.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gdbstub/session.h"

/* Signals by gdb's numbers (include/gdb/signals.def of gdb). */
enum {
	SIG_0 = 0,
	SIG_INT = 2,
	SIG_ILL = 4,
	SIG_TRAP = 5,
	SIG_ABRT = 6,
	SIG_FPE = 8,
	SIG_BUS = 10,
	SIG_SEGV = 11,
	SIG_PWR = 32,
};

static const uint8_t signals[] = {
	[STOP_NONE] = SIG_TRAP,	      [STOP_ENTRY] = SIG_TRAP,
	[STOP_PAUSE] = SIG_0,	      [STOP_STEP] = SIG_TRAP,
	[STOP_BREAKPOINT] = SIG_TRAP, [STOP_HW_BREAKPOINT] = SIG_TRAP,
	[STOP_WATCHPOINT] = SIG_TRAP, [STOP_TRIPLE_FAULT] = SIG_SEGV,
	[STOP_PANIC] = SIG_ABRT,      [STOP_INTERNAL_ERROR] = SIG_ILL,
	[STOP_SHUTDOWN] = SIG_PWR,    [STOP_RESET] = SIG_TRAP,
	[STOP_CATCH] = SIG_TRAP,      [STOP_DEVICE] = SIG_TRAP,
};
/* What a process would get for such a fault. */
static const uint8_t fault_signals[] = {
	[FAULT_NONE] = SIG_TRAP, [FAULT_MEMORY] = SIG_SEGV,    [FAULT_BUS] = SIG_BUS,
	[FAULT_INSN] = SIG_ILL,	 [FAULT_ARITHMETIC] = SIG_FPE,
};

/* Whether @bp is what @stop is about. Its number may be another by now: gdb sets them all anew. */
static bool bp_matches(const struct bp_info *bp, const struct stop *stop)
{
	if (bp->id == stop->bp)
		return true;
	if (stop->reason == STOP_WATCHPOINT)
		return bp->kind == stop->bp_kind && stop->addr - bp->addr < bp->len;
	return (bp->kind == BP_SOFT || bp->kind == BP_HARD) && bp->addr == stop->pc;
}

/* The breakpoint of gdb's own that @stop is at. */
static bool find_own_bp(struct gdb_session *s, const struct stop *stop, struct bp_info *bp)
{
	size_t i;

	if (stop->reason != STOP_BREAKPOINT && stop->reason != STOP_HW_BREAKPOINT &&
	    stop->reason != STOP_WATCHPOINT)
		return false;
	for (i = 0; control_bp_get(s->m, i, bp); i++)
		if (bp->owner == &s->client && bp_matches(bp, stop))
			return true;
	return false;
}

bool gdb_stop_is_ours(struct gdb_session *s, const struct stop *stop)
{
	struct bp_info bp;

	switch (stop->reason) {
	case STOP_PAUSE:
	case STOP_STEP:
		return stop->by == &s->client;
	case STOP_BREAKPOINT:
	case STOP_HW_BREAKPOINT:
	case STOP_WATCHPOINT:
		return find_own_bp(s, stop, &bp);
	default:
		return false;
	}
}

static void put_reason(struct gdb_session *s, struct strbuf *out, const struct stop *stop)
{
	static const char *const watch[BP_KIND_COUNT] = {
		[BP_WRITE] = "watch",
		[BP_READ] = "rwatch",
		[BP_ACCESS] = "awatch",
	};
	struct bp_info bp;

	if (!find_own_bp(s, stop, &bp))
		return;
	if (watch[bp.kind])
		strbuf_printf(out, "%s:%" PRIx64 ";", watch[bp.kind], stop->addr);
	else if (control_code_bits(s->m, stop->vcpu) == 16)
		return;
	else if (bp.kind == BP_SOFT && s->swbreak)
		strbuf_puts(out, "swbreak:;");
	else if (bp.kind == BP_HARD && s->hwbreak)
		strbuf_puts(out, "hwbreak:;");
}

static int vcpu_of(struct gdb_session *s, const struct stop *stop)
{
	if (stop->reason != STOP_NONE && control_vcpu_exists(s->m, stop->vcpu))
		return stop->vcpu;
	return gdb_selected_vcpu(s);
}

unsigned gdb_signal_of(struct gdb_session *s, const struct stop *stop)
{
	if (!stop)
		return SIG_0;
	if ((size_t)stop->reason >= sizeof(signals))
		return SIG_TRAP;
	if (stop->reason == STOP_PAUSE && stop->by == &s->client && !s->non_stop)
		return s->interrupted ? SIG_INT : SIG_TRAP;
	/* There Ctrl-C is over when it is done; vCont;t is to stop with no signal. */
	if (stop->reason == STOP_PAUSE && s->interrupted)
		return SIG_INT;
	if (stop->reason == STOP_CATCH && (size_t)stop->fault < sizeof(fault_signals))
		return fault_signals[stop->fault];
	return signals[stop->reason];
}

const struct stop *gdb_stop_of_vcpu(struct gdb_session *s, int vcpu)
{
	const struct stop *stop = control_last_stop(s->m);

	if (vcpu_of(s, stop) == vcpu)
		return stop;
	stop = control_waiting_stop(s->m, vcpu);
	if (stop)
		control_waiting_stop_shown(s->m, vcpu);
	return stop;
}

void gdb_put_stop_of(struct gdb_session *s, struct strbuf *out, const struct stop *stop, int vcpu)
{
	strbuf_printf(out, "T%02x", gdb_signal_of(s, stop));
	gdb_put_expedited(s, out, vcpu);
	strbuf_puts(out, "thread:");
	gdb_put_thread(s, out, vcpu);
	strbuf_printf(out, ";core:%x;", (unsigned)vcpu);
	if (stop)
		put_reason(s, out, stop);
	if (s->list_threads)
		gdb_put_lldb_stop(s, out, stop, vcpu);
}

void gdb_put_stop(struct gdb_session *s, struct strbuf *out, const struct stop *stop)
{
	struct stop pause = { .reason = STOP_PAUSE, .vcpu = s->alone };
	int vcpu = vcpu_of(s, stop);

	if (vcpu != s->alone && control_vcpu_exists(s->m, s->alone)) {
		stop = &pause;
		vcpu = s->alone;
	}
	s->alone = GDB_VCPU_ALL;
	/* Requests that follow are about the thread that stopped, as it is now. */
	s->vcpu_g = vcpu;
	s->in_frame = false;
	gdb_put_stop_of(s, out, stop, vcpu);
}

void gdb_stop_report(struct gdb_session *s, const struct stop *stop)
{
	struct strbuf packet = STRBUF_INIT;

	if (!s->waiting)
		return;
	if (stop->text[0]) {
		gdb_session_console(s, stop->text);
		gdb_session_console(s, "\n");
	}
	s->waiting = false;
	gdb_put_stop(s, &packet, stop);
	if (!packet.failed)
		gdb_session_send(s, packet.data, packet.len);
	strbuf_free(&packet);
}

/* ?: a guest that a monitor resumed is stopped, for the reply has to be a stop. */
enum gdb_verdict gdb_stop_query(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	if (s->non_stop)
		return gdb_nonstop_query(s);
	s->waiting = false;
	s->alone = GDB_VCPU_ALL;
	control_stop(s->m, &s->client);
	gdb_put_stop(s, &s->reply, control_last_stop(s->m));
	return GDB_REPLY;
}
