/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the guest spends its time: samples of each vCPU's pc and of who called, at a rate.
 *
 * A thread with a timer kicks the vCPUs that are in the guest. Each samples itself when it is out,
 * on its own thread, and goes on; none waits for another. Callers are found by frame pointers as
 * far as memory can be read; which of them are code is for the reader to say, who has the symbols.
 *
 * Alike stacks are counted once. The table is bounded: what finds no place is counted as lost.
 */
#ifndef HV_PROFILE_H
#define HV_PROFILE_H

#include "hv/machine.h"

#define PROFILE_HZ_MAX 10000u
#define PROFILE_DEPTH  24u
#define PROFILE_STACKS 16384u

struct profile_stack {
	uint64_t count;		       /* samples; 0: none */
	unsigned depth;		       /* 0: in user mode */
	uint64_t frame[PROFILE_DEPTH]; /* linear: the pc, then addresses that are returned to */
};

struct profile_status {
	bool on;
	unsigned hz;
	uint64_t ns;	  /* how long it has been, or was, on */
	uint64_t samples; /* all of them: those in stacks, and these: */
	uint64_t idle;	  /* the vCPU was halted */
	uint64_t lost;	  /* the table was full */
};

/* Begins anew. -EBUSY: it is on; -ENOMEM and the like; with a sentence. Loop thread. */
int profile_start(struct machine *m, unsigned hz, struct error *err);
/* What was sampled stays. Loop thread; no vCPU samples any more when it returns. */
void profile_stop(struct machine *m);
/* False: it was never on. Loop thread. */
bool profile_status(const struct machine *m, struct profile_status *out);
/* Place @n of the table: a count of 0 is none. False past the last. Samples may come meanwhile.
 * Loop thread. */
bool profile_get(const struct machine *m, size_t n, struct profile_stack *out);
/* The guest begins anew, and its addresses will mean something else: forgets what there is. Loop
 * thread. */
void profile_forget(struct machine *m);
/* Stops it and gives its memory back. Before the vCPUs go. */
void profile_free(struct machine *m);

/* Counts one sample; one of a halted vCPU. A profile was begun. Any thread. */
void profile_add(struct machine *m, const struct profile_stack *stack);
void profile_add_idle(struct machine *m);
/* Takes one, as vcpu_work.fn. */
void profile_sample(struct vcpu *v, void *unused);

#endif
