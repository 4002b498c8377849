/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conditions and commands of a gdb breakpoint, evaluated on the vCPU that hits.
 *
 *   Z0,ADDR,KIND;X6,260005220513…;cmds:1,X12,…
 *                \_ conditions _/ \_ commands _/
 *
 * The guest stops when one of the conditions is true, or there is none. With
 * commands it does not stop: they run then, and it goes on. An expression that
 * cannot be evaluated, for its memory or its trace state variable is not there,
 * stops the guest and says so.
 */
#ifndef GDBSTUB_BP_FILTER_H
#define GDBSTUB_BP_FILTER_H

#include <stdint.h>

#include "hv/control_at.h"
#include "hv/error.h"

struct gdb_trace;

/*
 * Makes the filter of what follows KIND in a Z packet: @text, from its first ';' on, with its
 * registers as vCPU @vcpu has them and the variables of @trace, which outlives the filter.
 * *@out is NULL when there is neither condition nor command.
 * -EINVAL with a sentence when any of it is malformed or cannot be evaluated here; -ENOMEM.
 */
int gdb_bp_filter_parse(struct machine *m, struct gdb_trace *trace, int vcpu, uint64_t addr,
			const char *text, struct bp_filter **out, struct error *err);

#endif
