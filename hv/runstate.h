/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run states: which transition is legal, stopping the vCPUs, and telling the clients.
 *
 * Loop thread, unless it says otherwise.
 */
#ifndef HV_RUNSTATE_H
#define HV_RUNSTATE_H

#include "hv/control.h"

struct vcpu;

/* ---- runstate.c ---- */

/* Whether the table allows it. */
bool run_state_may(enum run_state from, enum run_state to);
/*
 * Changes the state. m->run_lock held. An illegal transition is a bug of ours: it is traced and
 * said on stderr with both names, and the state stays; returns false.
 */
bool run_state_set(struct machine *m, enum run_state to);
/* The state that a stop for @reason leads to. RUN_DEBUG: it concerns one vCPU. Any thread. */
enum run_state run_state_of_reason(enum stop_reason reason);

/* The first half of a stop of all: they leave. m->run_lock held; any thread. */
void run_stop_all(struct machine *m);
/* The second half, posted by who began it: waits for the vCPUs to be out, then tells. */
void run_state_settle(void *machine);
/* Makes the stop that @v has posted the one that it was told for. m->run_lock held. */
void run_take_stop(struct vcpu *v);
/* The last vCPU is out and m->last_stop says why: stops the clocks and tells the clients. */
void run_all_stopped(struct machine *m);

/* The guest's clocks; nothing to do when they run, or stand, already. */
void run_clocks_start(struct machine *m);
void run_clocks_stop(struct machine *m);

/* ---- nonstop.c ---- */

/* Posted by a vCPU that stops alone: waits until it is out, then tells. */
void nonstop_settle(void *machine);
/*
 * A stop of all has reached @v, which ran: that is @pause to it. In non-stop mode it is told of
 * that, or of the stop that it has posted itself. m->run_lock held.
 */
void nonstop_take_stop(struct vcpu *v, const struct stop *pause);
/* Tells the stops of single vCPUs that were taken and not told. */
void nonstop_tell(struct machine *m);

/* ---- control.c ---- */

/* Tells every client. */
void control_notify(struct machine *m, const struct control_event *ev);

#endif
