/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session: one client of the control interface that gives commands. Every
 * console is one; one more serves gdb's `monitor`.
 *
 * It remembers which vCPU commands mean, walks what takes time through the stops (progress.c), runs
 * lines of scripts (script.h), and turns events into lines for its person.
 *
 *            step n                          CONTROL_STOPPED, a step of ours is done
 *   idle ------------> stepping, n left  --------------------------------------------+
 *    ^                      ^   |                                                    |
 *    |                      +---|---- wake: control_step() ---- step due, n-1 left <-+
 *    +--------------------------+  any other stop, a refusal, or n is 0: told to the person
 *
 * The next step is not started inside the event: other clients have not heard of the stop yet. So
 * it is with the lines of scripts.
 */
#ifndef MONITOR_SESSION_H
#define MONITOR_SESSION_H

#include "hv/control.h"
#include "hv/loop.h"
#include "monitor/command.h"
#include "monitor/script.h"
#include "monitor/symbols.h"

struct monitor;
struct mon_bp;
struct mon_changed;
struct mon_script;

/* Lines that `display` keeps. */
#define MON_DISPLAYS 16

enum mon_doing {
	MON_IDLE,
	MON_STEPPING,
	MON_BRANCHING, /* steps to the next branch that is taken */
	MON_RUNNING_UNTIL,
	MON_WAITING,
};

/* What a session has under way (progress.c). */
struct mon_progress {
	enum mon_doing doing;
	uint64_t left, done; /* steps */
	bool due;	     /* the next one is to be started from the loop */
	uint64_t from,
		behind; /* the instruction that is stepped, and where the next one would be */
	bool branch;	/* it is one */
	int until;	/* the breakpoint; goes from the loop */
	bool for_stop;	/* waits for that, not for the timer alone */
	int timer_fd;
	struct loop_source *timer_src; /* NULL: no timer */
};

struct mon_session {
	struct control_client client; /* first: events come with its address */
	struct machine *m;
	struct monitor *mon;
	struct mon_session *next;
	char name[32];
	int cpu; /* which vCPU commands mean */

	struct mon_progress progress;
	struct mon_script *script; /* the innermost; NULL: none */
	bool in_script;		   /* one of its lines runs */
	struct error *script_err;  /* where its failure goes; NULL: it is told */
	int commands_of;	   /* the breakpoint whose commands are due; 0: none */
	int collecting;		   /* … that lines are kept for; 0: none */
	bool collecting_script;	   /* they come from a script */
	struct strbuf collected;
	char *display[MON_DISPLAYS]; /* lines that run at each stop; NULL: free */

	/* What others did is told when it has settled, so that gdb's steps do not fill the screen.
	 */
	bool unsettled;
	bool told_running; /* what the person was told last */
	char resumer[32];  /* who resumed last */

	struct mon_fmt fmt; /* of the last x */
	uint64_t next_addr; /* behind the last x */
	const char *again;  /* what an empty line does */
	struct strbuf *out; /* while a command runs: events that it causes are part of its output */
	bool line_failed;   /* the last one; who runs one sets it to false, the line to true */
	bool colour;	    /* what it says may have some: style.h */
	bool pagination;    /* long output in pages, where there is a terminal */
	bool marks;	    /* a person reads it: what has changed is marked (changed.h) */
	struct mon_changed *changed; /* NULL: registers were not looked at */

	/* Shows lines that nobody asked for just now; @text ends with a newline. NULL: nowhere. */
	void (*tell)(struct mon_session *s, const char *text);
	/* What the last command started is over: time for a prompt. May be NULL. */
	void (*idle)(struct mon_session *s);
	/* vitrine ends. NULL: nobody needs to hear of it. */
	void (*ended)(struct mon_session *s, int status);
	/* A script has failed: "boot.mon:3: no such command". NULL: it is told as text. */
	void (*failed)(struct mon_session *s, const char *text);
};

/* Attaches @s, whose tell and idle are set, as the client @name. */
void mon_session_open(struct mon_session *s, struct monitor *mon, const char *name);
/* Its breakpoints go with it. */
void mon_session_close(struct mon_session *s);
/* Shows @text, in the output of the command that runs, or between the lines. */
void mon_session_tell(struct mon_session *s, const char *text);
/* What took time is over. */
void mon_session_idle(struct mon_session *s);
/* True while something takes time: no prompt, and scripts wait. */
bool mon_session_busy(const struct mon_session *s);
/* Called from the loop: first what a stop has brought for this session, then what is due. */
void mon_session_prepare(struct mon_session *s);
void mon_session_wake(struct mon_session *s);
/* Called from the loop some time after the last event: tells what has changed. */
void mon_session_settle(struct mon_session *s);

/* "breakpoint 2 at 0xffffffff81000000 (vCPU 1)": one line without its end. */
void mon_describe_stop(struct machine *m, const struct stop *stop, struct strbuf *out);
/* The lines of `display`, or the @i-th, which there is; as items of a list. */
void mon_display_one(struct mon_session *s, size_t i, struct strbuf *out);
void mon_display(struct mon_session *s, struct strbuf *out);
/* "=> 0x1000:  nop\n": the next instruction of @cpu; nothing when it cannot be read. */
void mon_describe_next(struct mon_session *s, int cpu, struct strbuf *out);

/* ---- progress.c: one thing at a time ---- */

/* True while a `step n` or a next-branch of this session is under way. */
bool mon_session_stepping(const struct mon_session *s);
/* Each begins; -EBUSY and the like with a sentence. The guest is stopped but for the last. */
int mon_session_step(struct mon_session *s, uint64_t n, struct error *err);
int mon_session_next_branch(struct mon_session *s, struct error *err);
/* Runs all; ends with any stop, its own when the current vCPU comes to @addr. */
int mon_session_until(struct mon_session *s, uint64_t addr, struct error *err);
/* For @seconds, or @for_stop: until the guest is stopped, which fails after @seconds (< 0: never).
 */
int mon_session_wait(struct mon_session *s, bool for_stop, double seconds, struct error *err);
/* Gives up whatever it is. */
void mon_session_cancel(struct mon_session *s);
/* A stop that is a step of ours is dealt with: true. */
bool mon_progress_step(struct mon_session *s, const struct stop *stop);
/* Whether what takes time ends when this vCPU has stopped alone, while others run. */
bool mon_progress_awaits(const struct mon_session *s, const struct stop *stop);
/* Any other stop was told. */
void mon_progress_stopped(struct mon_session *s);
/* From the loop. */
void mon_progress_wake(struct mon_session *s);

/*
 * For expressions (struct expr_env): the number of register @name, which is its index or
 * MON_REG_PC, the linear address of the next instruction; what it holds; memory at a virtual
 * address; an MSR.
 */
#define MON_REG_PC (-1)
int mon_register_id(void *session, const char *name, size_t len, int *id, struct error *err);
int mon_register_value(void *session, int id, uint64_t *value, struct error *err);
int mon_memory_value(void *session, uint64_t addr, unsigned size, uint64_t *value,
		     struct error *err);
int mon_msr_value(void *session, uint64_t index, uint64_t *value, struct error *err);
/* Little-endian bytes as a number. */
uint64_t mon_number_of(const uint8_t raw[8]);

/* monitor.c: asks for mon_session_wake() and mon_session_settle() from the loop. */
void monitor_wake(struct monitor *mon);
void monitor_settle_later(struct monitor *mon);
void monitor_add_session(struct monitor *mon, struct mon_session *s);
void monitor_remove_session(struct monitor *mon, struct mon_session *s);
struct machine *monitor_machine(struct monitor *mon);
/* The head of the list of all sessions' breakpoints (breakpoint.h). */
struct mon_bp **monitor_breakpoints(struct monitor *mon);
struct loop *monitor_loop(struct monitor *mon);

#endif
