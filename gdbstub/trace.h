/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tracepoints: breakpoints that never stop the guest. At a hit the vCPU's own
 * thread collects registers, memory and expressions into a buffer, steps over
 * the breakpoint and goes on; gdb looks at what was collected afterwards (GDB
 * manual, "Tracepoints" and "Tracepoint Packets").
 *
 *   loop thread                            vCPU threads
 *   -----------                            ------------
 *   QTDP …    tracepoint.c   definitions
 *   QTDV …    trace_vars.c   variables
 *   QTStart   trace_run.c    breakpoints --> trace_collect.c  hits
 *   QTStop                   with filters          |
 *                                           trace_buffer.c   frames
 *   QTFrame   trace_frames.c g, p, m  <------------'   |
 *   qTBuffer  trace_packets.c         <----------------'
 *
 * A trace belongs to the stub, not to a session: it can outlive gdb, and the
 * next one finds it by qTStatus and uploads the definitions (trace_upload.c).
 *
 * Definitions are the loop thread's and change only while no breakpoint of
 * theirs is set, so that vCPU threads read them without a lock. What both
 * change, below `lock`, is guarded by it; it is held for no longer than it takes
 * to copy one frame, and never while anybody waits for a vCPU. Variables are read
 * by conditions of plain breakpoints too, at any time: their list changes with it held.
 */
#ifndef GDBSTUB_TRACE_H
#define GDBSTUB_TRACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gdbstub/agent_expr.h"
#include "gdbstub/trace_buffer.h"
#include "hv/control.h"
#include "hv/control_at.h"
#include "hv/error.h"

struct gdb_trace;
struct loop;

/* gdbserver's default, too. */
#define TRACE_BUFFER_DEFAULT 5242880u
#define TRACE_BUFFER_MAX     (1ull << 30)
/* The longest frame; what a hit needs to put one together. */
#define TRACE_FRAME_MAX (1u << 20)
/* Frames name tracepoints in 16 bits, which gdb reads as signed. */
#define TRACEPOINT_MAX INT16_MAX
/* All that is defined together, in bytes: a debugger cannot eat the host's memory. */
#define TRACE_DEFINITIONS_MAX (64u << 20)

/* What a hit does. */
struct trace_action {
	struct trace_action *next;
	char kind;		/* 'R' registers, 'M' memory, 'X' expression */
	bool stepping;		/* at each step of while-stepping, not at the hit */
	int base;		/* M: the register that @addr is relative to, -1: none */
	uint64_t addr;		/* M */
	uint64_t len;		/* M */
	struct agent_expr expr; /* X */
};

/* A piece of a definition as gdb sent it, to be given back. */
struct trace_text {
	struct trace_text *next;
	char kind; /* 'A' action, 'S' action of while-stepping, 'Z' source */
	char text[];
};

struct tracepoint {
	struct tracepoint *next;
	struct gdb_trace *trace;
	uint32_t number; /* gdb's; several of one number are locations of one tracepoint */
	uint64_t addr;
	bool enabled;
	bool complete;		/* its last packet has come */
	bool steps_begun;	/* an 'S' was seen: what follows is for while-stepping */
	uint64_t steps;		/* of while-stepping; 0: none */
	uint64_t pass;		/* the trace ends after that many hits; 0: does not */
	struct agent_expr cond; /* size 0: none */
	struct trace_action *actions, **actions_tail;
	struct trace_text *texts, **texts_tail;

	struct bp_filter filter;
	int bp;		/* id of the breakpoint, 0: not set */
	uint64_t hits;	/* atomic; those past `pass` were not collected */
	uint64_t done;	/* hits that are in the buffer with all of their steps; atomic */
	uint64_t usage; /* bytes in the buffer, with those that are gone; guarded by `lock` */
};

/* Guarded by `lock`; the list and `initial` change on the loop thread only. */
struct trace_var {
	struct trace_var *next;
	uint32_t number;
	bool builtin;
	int64_t initial;
	int64_t value;
	int64_t (*get)(const struct gdb_trace *t); /* computes it, when not NULL */
	char *name;				   /* in hex, as gdb sends and gets it */
};

struct trace_range {
	uint64_t start, end;
};

/* Why the trace does not run. */
enum trace_end {
	TRACE_NEVER_RAN,
	TRACE_STOPPED, /* QTStop */
	TRACE_FULL,
	TRACE_DISCONNECTED,
	TRACE_PASSED, /* the pass count of `ended_by` */
	TRACE_FAILED, /* `ended_by`, with ended_text */
};

/* Where a register is in an R block, which is laid out as a `g` reply. */
struct trace_reg {
	int reg;
	uint32_t offset, len;
};

/* Memory to put a frame together in; as many as there were hits at one time. */
struct trace_scratch {
	struct trace_scratch *next;
	struct trace_draft draft;
	uint8_t data[TRACE_FRAME_MAX];
};

struct gdb_trace {
	struct machine *m;
	struct loop *loop; /* NULL: what ended by itself is settled by a qTStatus */

	/* Loop thread only; vCPU threads read it while breakpoints are set. */
	struct control_client client; /* owns the breakpoints; attached while they are set */
	bool attached;
	struct tracepoint *points, **points_tail;
	size_t defined; /* bytes of definitions */
	struct trace_range *readonly;
	size_t readonly_count;
	uint64_t buffer_size; /* of the next run */
	bool disconnected;    /* goes on when gdb leaves */
	struct trace_reg *regs;
	size_t reg_count, reg_bytes;
	uint64_t start_time;		 /* us since the epoch */
	char *user, *notes, *stop_notes; /* in hex, as gdb sends and gets them; may be NULL */
	struct {
		struct tracepoint *point;
		struct trace_text *text;
		struct trace_var *var;
	} upload; /* what qTsP and qTsV say next */

	bool running; /* atomic; written with `lock` held */

	/* Around the evaluation of an expression that uses variables; taken before `lock`. */
	pthread_mutex_t vars_lock;

	pthread_mutex_t lock;
	struct trace_var *vars;
	uint64_t start_tick; /* us of CLOCK_MONOTONIC */
	struct trace_buffer buffer;
	struct trace_scratch *scratch;
	enum trace_end end;
	uint32_t ended_by;
	char ended_text[128];
	uint64_t stop_time; /* us since the epoch */
};

/* NULL: out of memory. */
struct gdb_trace *gdb_trace_new(struct machine *m, struct loop *loop);
/* Stops it. Loop thread. */
void gdb_trace_free(struct gdb_trace *t);

/* ---- tracepoint.c: definitions; loop thread ---- */

/*
 * "N:ADDR:E|D:STEP:PASS[:FLEN][:XLEN,CODE][-]" and "-N:ADDR:[S]ACTION…[-]", what follows
 * "QTDP:". @done: the one whose last packet this was, else NULL. -EINVAL, -EEXIST, -ENOENT,
 * -E2BIG, -ENOMEM, each with a sentence; a definition that was begun is gone then.
 */
int tracepoint_define(struct gdb_trace *t, const char *text, struct tracepoint **done,
		      struct error *err);
/* "N:ADDR:TYPE:START:SLEN:BYTES", what follows "QTDPsrc:". */
int tracepoint_source(struct gdb_trace *t, const char *text, struct error *err);
/* "N:ADDR" at *@p; NULL: there is none, or malformed. */
struct tracepoint *tracepoint_parse(struct gdb_trace *t, const char **p);
/* The one with that number, NULL when there is none or several. */
struct tracepoint *tracepoint_single(struct gdb_trace *t, uint32_t number);
/* Its breakpoint is not set. */
void tracepoint_drop(struct gdb_trace *t, struct tracepoint *tp);
void tracepoints_drop(struct gdb_trace *t);

/* ---- trace_vars.c: trace state variables ---- */

/* "N:VALUE:BUILTIN:NAME", what follows "QTDV:". Loop thread, not while it runs. */
int trace_var_define(struct gdb_trace *t, const char *text, struct error *err);
int trace_vars_add_builtin(struct gdb_trace *t);
/* Those that gdb defined. */
void trace_vars_drop(struct gdb_trace *t, bool builtin_too);
/* All as they were defined. */
void trace_vars_reset(struct gdb_trace *t);
/* Any thread. -ENOENT. */
int trace_var_get(struct gdb_trace *t, uint32_t number, int64_t *value);
int trace_var_set(struct gdb_trace *t, uint32_t number, int64_t value);
/*
 * agent_expr_eval() with @ctx, whose variables are these: alone among all that use any, since
 * $n = $n + 1 reads and writes. Any thread.
 */
bool trace_vars_eval(struct gdb_trace *t, const struct agent_expr *expr,
		     const struct agent_context *ctx, struct agent_result *result);

/* ---- trace_run.c: begin and end ---- */

static inline bool trace_is_running(const struct gdb_trace *t)
{
	return __atomic_load_n(&t->running, __ATOMIC_ACQUIRE);
}
/* Loop thread. Frames of an earlier run are dropped. */
int trace_start(struct gdb_trace *t, struct error *err);
/* Any thread; the first reason counts. @text: for TRACE_FAILED. */
void trace_end(struct gdb_trace *t, enum trace_end why, uint32_t by, const char *text);
/* Takes the breakpoints of a trace that has ended away. Loop thread. */
void trace_settle(struct gdb_trace *t);
/* Sets or removes the breakpoint of one tracepoint, as `enabled` says, when running. Loop thread.
 */
int trace_arm(struct gdb_trace *t, struct tracepoint *tp, struct error *err);
/* gdb has left. Loop thread. */
void trace_gdb_left(struct gdb_trace *t);

/* ---- trace_collect.c: a hit; vCPU threads ---- */

enum bp_verdict trace_hit(struct bp_filter *filter, struct control_at *at);
/* One step of while-stepping is done; @left of them are to come. */
void trace_stepped(struct bp_filter *filter, struct control_at *at, uint64_t left);

#endif
