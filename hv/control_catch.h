/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Catchpoints: stopping for what happens rather than where.
 *
 *   exception     at the first instruction of its handler; the stop's text has the place where it
 *                 happened, from the frame on the handler's stack. KVM tells nobody of an
 *                 exception that the guest takes, so the handlers in the guest's own table get
 *                 breakpoints, on every vCPU, and the table is looked at again at each stop and
 *                 each millisecond of guest time: one that happens within a millisecond after a new
 *                 table was loaded can be missed
 *   msr           after the access; by KVM's filter (api.rst 4.97), the access is done by us
 *   io, mmio      after the access; what KVM's own devices answer never comes to us and is refused
 *   reset         before it is done, the state as it is; resuming does it
 *   triple-fault  stops the guest anyhow: the catchpoint only counts it
 *   panic         whatever -action says, and when a crash kernel is to go on as well
 *   cr3           refused: no KVM tells of it
 *
 * Catchpoints belong to the client that set them, are told to all, and survive a reset.
 * Loop thread.
 */
#ifndef HV_CONTROL_CATCH_H
#define HV_CONTROL_CATCH_H

#include "hv/control.h"

enum catch_kind {
	CATCH_EXCEPTION,
	CATCH_TRIPLE_FAULT,
	CATCH_PANIC,
	CATCH_RESET,
	CATCH_MSR,
	CATCH_PORT,
	CATCH_MMIO,
	CATCH_PAGE_TABLES,
	CATCH_KIND_COUNT,
};

/* What a person types and reads. */
struct catch_class {
	const char *name; /* "exception" */
	const char *arg;  /* what its value is: "VECTOR"; NULL: it has none */
	bool optional;	  /* CATCH_ANY is allowed */
	const char *help;
};
const struct catch_class *control_catch_class(enum catch_kind kind);

/* The value of a catchpoint that does not name one. */
#define CATCH_ANY UINT64_MAX

/* The @n-th name that a value of this kind can be given by, and its value; NULL past the last. */
const char *control_catch_name(enum catch_kind kind, size_t n, uint64_t *value);

struct catch_info {
	int id; /* 1, 2, …; not a breakpoint's */
	enum catch_kind kind;
	uint64_t value;
	char text[80]; /* "exception 14 (#PF page fault)" */
	const struct control_client *owner;
	uint64_t hits;
};
/*
 * Returns its id. @value: a vector, an MSR, a port, a guest-physical address, or CATCH_ANY.
 * -EINVAL: no such value; -EBUSY: a device inside KVM answers there; -ENOTSUP: this KVM cannot do
 * it; -ENOSPC; each with a sentence.
 */
int control_catch_add(struct machine *m, struct control_client *owner, enum catch_kind kind,
		      uint64_t value, struct error *err);
/* By number, whoever owns it. -ENOENT. */
int control_catch_delete(struct machine *m, int id);
/* The @n-th, in order of id; false past the end. */
bool control_catch_get(struct machine *m, size_t n, struct catch_info *info);

#endif
