/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Catchpoints inside the machine: see control_catch.h.
 *
 * The list is changed by the loop thread inside an exclusive section, so vCPU threads read it
 * while they are counted as in the guest. A vCPU whose access was caught finishes its instruction
 * first: what is to be told waits in vcpu.catch_stop.
 */
#ifndef HV_CATCH_H
#define HV_CATCH_H

#include "hv/control_catch.h"
#include "hv/vcpu.h"

struct catchpoint {
	int id;
	enum catch_kind kind;
	uint64_t value;
	struct control_client *owner;
	uint64_t hits; /* atomic */
	struct catchpoint *next;
};

struct gate;

struct catches {
	struct catchpoint *list; /* in order of id */
	int next_id;
	/* catch_exception.c: the handlers with breakpoints, whose owner in the list of those is
	 * this. */
	struct control_client client;
	struct gate *gates;
	struct hv_timer *look;
};

int catch_create(struct machine *m, struct error *err);
void catch_destroy(struct machine *m);
/* Those of @owner, when it leaves. Loop thread. */
void catches_of_client_drop(struct machine *m, const struct control_client *owner);

/* ---- on vCPU threads ---- */

/* The first catchpoint of this kind for @value, counted as hit with all others; NULL: none. */
struct catchpoint *catch_hit(struct machine *m, enum catch_kind kind, uint64_t value);
/* An access of @size bytes to a port or a device's memory, that was done. */
void catch_access(struct vcpu *v, enum catch_kind kind, uint64_t addr, unsigned size, bool write,
		  uint64_t value);
/* Whether @v is to stop for what was caught; its exit handler then returns EXIT_PARK. */
bool catch_waits(const struct vcpu *v);
enum exit_verdict catch_verdict(const struct vcpu *v);
/* What is to be told of @cp when the instruction is finished; a text made of @fmt. */
void catch_note(struct vcpu *v, struct catchpoint *cp, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a panic, which stops without a catchpoint too. */
void catch_note_panic(struct vcpu *v, const char *text);
/* The same for any stop that has to wait for the end of the instruction. */
void catch_note_stop(struct vcpu *v, const struct stop *stop);
/* Posts it. */
void catch_after_completion(struct vcpu *v);
/* The guest asks for a reset on this thread: true when that is caught and has to wait. */
bool catch_reset(struct machine *m);

/* ---- catch_exception.c ---- */

/* Looks where the handlers of the caught exceptions are now. Loop thread. */
int catch_refresh(struct machine *m, struct error *err);
void catch_timer(void *opaque);

#endif
