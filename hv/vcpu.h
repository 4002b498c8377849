/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vCPUs: one thread each, in the loop
 *
 *     created -> ( may run? run until an exit needs us : wait for work ) -> destroyed
 *
 * All ioctls on a vCPU run on its own thread, or while that is idle in its place; others queue
 * work to it (work.c).
 */
#ifndef HV_VCPU_H
#define HV_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "hv/exit_stats.h"
#include "hv/arch/arch.h"
#include "hv/control.h"

struct bp;
struct machine;

struct vcpu_work {
	void (*fn)(struct vcpu *v, void *arg);
	void *arg;
	const char *name, *caller; /* fn's, and that of the function that asks */
	bool done;		   /* for the one who waits; guarded by run_lock */
	bool free_after;	   /* made by vcpu_queue() */
	struct vcpu_work *next;
};

/* What a vCPU does about a breakpoint that it stands on when it is resumed. */
enum vcpu_start {
	START_PLAIN,	/* nothing: it has not told about that breakpoint yet */
	START_REPORTED, /* its stop at `stop_pc` was told: execute that instruction first */
	START_STEP,	/* a step was asked for: never stop without having moved */
	START_ASKED,	/* its filters were asked at `asked_pc`: execute that instruction first */
};

/* A breakpoint whose filter is told of the instructions that follow a hit (control_at_step()). */
struct vcpu_followed {
	const struct bp *bp;
	uint64_t left; /* instructions */
};
#define VCPU_MAX_FOLLOWED 16

/* A watchpoint, as its owner set it: its number may be another when it is told. */
struct watch_spec {
	enum bp_kind kind;
	uint64_t addr, len;
};
#define WATCH_MAX_HITS 16
struct watch_hits {
	unsigned count;
	struct watch_hit {
		struct watch_spec what;
		char text[96]; /* for a person */
	} hit[WATCH_MAX_HITS];
};

struct vcpu {
	struct machine *m;
	int index;
	int fd;
	struct kvm_run *run; /* this vCPU's thread only, but for immediate_exit */
	pthread_t thread;
	pid_t tid; /* of it; set before `ready` */

	/* Guarded by m->run_lock. */
	bool ready;    /* the thread has made the vCPU, or failed to: `failed` */
	int failed;    /* negative errno of that */
	bool destroy;  /* asked to leave */
	bool in_guest; /* between the decision to enter KVM_RUN and having handled its exit */
	bool want_run; /* a resume let this vCPU run, and it was not told to have stopped since */
	struct resume order; /* what that resume said; fixed while it may run */
	enum vcpu_start start;
	uint64_t stop_pc; /* where its last reported stop was */
	struct stop stop; /* reason STOP_NONE: nothing that was not told yet */
	bool stop_shown;  /* … but a client has looked at it: as good as told */
	struct vcpu_work *work, **work_tail;
	bool idle;    /* the thread waits in vcpu_work_wait() */
	bool lent;    /* … and another one does work in its place */
	bool missed;  /* … so that it did not look at what it was woken for */
	int recorded; /* where a log has it: enum record_leave, or one of these */
#define VCPU_RECORDED_GUEST   (-1)
#define VCPU_RECORDED_NOWHERE (-2)

	/* Loop thread only. */
	struct stop told;	   /* why it is stopped; STOP_NONE: it may run, or never did */
	bool tell;		   /* clients have yet to hear of that; non-stop mode */
	struct control_client *by; /* who resumed it */

	/* This vCPU's thread only, or the one that acts for it. */
	bool io_pending; /* KVM finishes the instruction at the next KVM_RUN */
	bool step_over;	 /* executes one instruction alone, with its breakpoint lifted */
	enum vcpu_start step_over_start; /* … because it was resumed so */
	bool step_done;			 /* … and has done so */
	bool lift_pages;		 /* … with the protection of watched pages lifted too */
	bool pages_lifted;		 /* … which is so now */
	struct arch_accesses accesses;	 /* … and what it is about to access */
	struct watch_hits watch;	 /* watchpoints hit and not told yet */
	struct stop catch_stop; /* the same for a catchpoint; reason STOP_NONE: nothing (catch.c) */
	bool asked;		/* the filters at `asked_pc` were, since the vCPU came there */
	uint64_t asked_pc;
	struct vcpu_followed followed[VCPU_MAX_FOLLOWED]; /* cut by others when exclusive */
	unsigned followed_count;
	bool debug_set; /* KVM knows what `debug_generation` and `debug_step` say */
	bool debug_step;
	uint64_t debug_generation;
	uint64_t exits;
	struct exit_stat exit_stats[EXIT_REASONS]; /* read by the loop thread */
	struct arch_vcpu arch;
};

/* The vCPU that the calling thread is or acts for, NULL on other threads. */
struct vcpu *vcpu_current(void);
/* Makes the calling thread act for @v; returns whom it acted for (work.c). */
struct vcpu *vcpu_act_as(struct vcpu *v);

/*
 * Makes vCPU number @index (its thread waits) and adds it to the machine.
 * Loop thread; the machine may be running: the new vCPU then runs too.
 */
int vcpu_create(struct machine *m, int index, struct vcpu **out, struct error *err);
/* Ends the thread and removes the vCPU. Loop thread; the machine may be running. */
void vcpu_destroy(struct vcpu *v);

/*
 * Runs @fn(v, @arg) as the vCPU, out of KVM_RUN, and returns when it has run: on the vCPU's thread,
 * or in its place while that is idle. From the vCPU's own thread it is a plain call. -ESRCH when
 * the vCPU is going away. Never call it with a device's lock held.
 */
#define vcpu_run_on(v, fn, arg) vcpu_run_named(v, fn, arg, #fn, __func__)
/* The same without waiting. Any thread. */
#define vcpu_queue(v, fn, arg) vcpu_queue_named(v, fn, arg, #fn, __func__)
/* With the names for a log: the function's, and that of the one that asks. */
int vcpu_run_named(struct vcpu *v, void (*fn)(struct vcpu *v, void *arg), void *arg,
		   const char *name, const char *caller);
int vcpu_queue_named(struct vcpu *v, void (*fn)(struct vcpu *v, void *arg), void *arg,
		     const char *name, const char *caller);
/*
 * Posts a stop of this vCPU: every vCPU leaves KVM_RUN, then the clients are told, on the
 * loop thread. The vCPU's own thread; the exit handler then returns EXIT_PARK.
 */
void vcpu_post_stop(struct vcpu *v, const struct stop *stop);
/* The same with a text made of @fmt, at the present pc. */
void vcpu_post_stop_text(struct vcpu *v, enum stop_reason reason, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As control_mem_read() of virtual memory, on the vCPU's own thread (control.c). */
ssize_t vcpu_mem_read(struct vcpu *v, uint64_t addr, void *buf, size_t len);

/* Does what is queued. The vCPU's own thread, m->run_lock held: dropped around each piece. */
void vcpu_work_run(struct vcpu *v);
/* Waits until anything has changed (m->run_cond). The vCPU's own thread, m->run_lock held. */
void vcpu_work_wait(struct vcpu *v);

/*
 * Has work[i], which is made and owned by the caller, done on vCPU i where that is in the guest, as
 * soon as it is out; those whose work has not been done since the last time are left alone. Never
 * waits. Any thread.
 */
void vcpu_interrupt_all(struct machine *m, struct vcpu_work work[]);
/* Returns when all that was asked for has been done. */
void vcpu_interrupt_wait(struct machine *m, const struct vcpu_work work[]);

/* Records whether it is in the guest, when that has changed. m->run_lock held. */
void vcpu_record_place(struct vcpu *v);
/* The same of all vCPUs, whether it has changed or not. Any thread. */
void vcpu_record_places(struct machine *m);

/* Walks the vCPUs that exist. */
#define vcpu_for_each(m_, v_)                                      \
	for (int v_##_i = 0; v_##_i < MACHINE_MAX_VCPUS; v_##_i++) \
		if (((v_) = (m_)->vcpus[v_##_i]))

/*
 * Exclusive work: returns when every vCPU is out of KVM_RUN and none goes back in until the end.
 * Any thread; a vCPU's thread only from its outer loop, never from an exit handler. Nests.
 */
void vcpu_exclusive_begin(struct machine *m);
void vcpu_exclusive_end(struct machine *m);

/* Once, before the first vCPU: the signal that a kick sends. */
void vcpu_global_init(void);

/*
 * Makes the vCPU leave KVM_RUN soon: sets immediate_exit, sends the signal,
 * and nothing else. Pairs with the check of work and run state between clearing
 * immediate_exit and entering: both happen with m->run_lock held, and so does this.
 */
void vcpu_kick(struct vcpu *v);

#endif
