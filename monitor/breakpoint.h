/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The monitor's breakpoints, on code and on data: with a condition, a number of hits to pass over,
 * for one stop only, with commands that follow the stop.
 *
 *   hit --> ask() on the vCPU's thread: other vCPU, condition is 0, to be ignored?
 *             yes: the guest goes on, nobody else hears of it
 *             no, or the condition cannot be told: a stop
 *
 * What ask() reads is guarded by the breakpoint's own lock, for a condition may change while the
 * guest runs. All functions here are for the loop thread.
 */
#ifndef MONITOR_BREAKPOINT_H
#define MONITOR_BREAKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/control.h"
#include "monitor/expr.h"

struct mon_session;
struct monitor;
struct mon_bp;

struct mon_bp_spec {
	enum bp_kind kind;
	uint64_t addr, len;    /* len: of data */
	const char *condition; /* an expression; NULL: always stops. Copied. */
	int vcpu;	       /* stops only there; -1: anywhere */
	bool once;	       /* for one stop, then it is removed */
	bool unlisted;
};
/* Sets it for this session. Returns its id, negative errno with a sentence. */
int mon_bp_add(struct mon_session *s, const struct mon_bp_spec *spec, struct error *err);
/* The one with this id; NULL: there is none, or it is another client's. */
struct mon_bp *mon_bp_find(struct monitor *mon, int id);
const struct mon_session *mon_bp_owner(const struct mon_bp *bp);
/* Another condition, in the words of @s; NULL: none. Negative errno with a sentence. */
int mon_bp_condition(struct mon_session *s, struct mon_bp *bp, const char *text, struct error *err);
/* The next @count hits that would stop do not. */
void mon_bp_ignore(struct mon_bp *bp, uint64_t count);
/* Commands that the session which set it runs after a stop there, one on a line; copied. NULL:
 * none. -ENOMEM. */
int mon_bp_set_commands(struct mon_bp *bp, const char *lines);
/* NULL: none. Valid until they change. */
const char *mon_bp_commands(const struct mon_bp *bp);
/* For lists, indented lines: "    if $rax == 5\n". Nothing for one that is the monitor's no more.
 */
void mon_bp_describe(struct monitor *mon, int id, struct strbuf *out);
/* The guest has stopped: removes those that were to stop it once and have. Not inside an event. */
void mon_bp_sweep(struct monitor *mon);

#endif
