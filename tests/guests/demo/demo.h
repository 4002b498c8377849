/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The demo guest: a tiny kernel that is worth looking into with a debugger.
 * Its parts are declared here; README.md lists what there is to look at.
 */
#ifndef GUESTS_DEMO_H
#define GUESTS_DEMO_H

#include "tests/guests/kit/kit.h"

#define DEFAULT_HZ 100

extern uint64_t hz;		    /* timer interrupts in a second, on each CPU */
extern volatile uint64_t ticks;	    /* those of CPU 0 since the start */
extern volatile uint64_t heartbeat; /* counts with ticks, alone in its page: watch it */
extern bool quiet;

/* sched.c: a scheduler that all CPUs share. */
enum task_state {
	TASK_SLEEPING,
	TASK_READY,
	TASK_RUNNING,
};

struct task {
	const char *name;
	enum task_state state;
	unsigned int cpu;  /* that it was dealt to */
	uint64_t counter;  /* how often it has run */
	uint64_t ticks;	   /* timer interrupts that found it running */
	uint64_t sleep;	   /* ticks that it sleeps between two runs */
	uint64_t wake_at;  /* tick of its next run */
	uint64_t argument; /* handed to work */
	uint64_t result;   /* what work returned last */
	uint64_t (*work)(struct task *task, uint64_t argument);
};

extern struct task tasks[];
extern const unsigned int nr_tasks;

void schedule(struct percpu *cpu);
void account_tick(struct percpu *cpu, struct task *task);
void wake_sleepers(uint64_t now);
void reschedule_interrupt(struct frame *frame);

/* modes.c: what the CPUs do instead of scheduling, when `mode=` says so. */
extern volatile uint64_t spin_count[NR_CPUS];
extern volatile uint64_t storm_count[NR_CPUS];
extern volatile uint64_t loop_rounds;
extern volatile uint64_t pio_count[NR_CPUS];

/* The function that each CPU runs, and never leaves; NULL when there is no such mode. */
typedef void mode_fn(struct percpu *cpu);
mode_fn *mode_find(const char *name);
/* How often to do the mode's deed, from `calls=`; 0: for ever. */
uint64_t mode_calls(void);
/* For a CPU that has done `calls` of them: the last one leaves with the sum of all failures. */
void __attribute__((noreturn)) mode_done(uint8_t failures);

/* faults.c: mode=faults. */
extern volatile uint64_t fault_count[32];
void mode_faults(struct percpu *cpu);

/* selfdebug.c: mode=bp. */
void mode_selfdebug(struct percpu *cpu);

#endif
