/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One debugger at the other end, and the helpers that every protocol family
 * uses. Loop thread only.
 *
 * A session is in one of these states:
 *
 *   idle        a stream is there, no valid packet has come over it yet: the
 *               guest does not notice a port scan
 *   begun       a client of the machine; gdb believes that the guest is
 *               stopped, and asks
 *   waiting     begun, and gdb waits for a stop reply
 *   left        gdb has detached and did not hang up; a qSupported begins anew
 *
 * In non-stop mode (nonstop.c) a session is never waiting: stops are notifications.
 *
 * gdb may be wrong about "stopped" when a monitor resumed the guest: the
 * all-stop protocol has no way to tell it. Requests are then answered from the
 * running guest, and nothing is sent when it stops.
 */
#ifndef GDBSTUB_SESSION_H
#define GDBSTUB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gdbstub/framing.h"
#include "gdbstub/gdbstub.h"
#include "gdbstub/packets.h"
#include "gdbstub/text.h"
#include "gdbstub/trace_buffer.h"
#include "hv/control.h"

struct chardev;
struct endpoint;
struct gdb_trace;
struct machine;

/* The one process that gdb sees. */
#define GDB_PID 1
/* Those that can be told apart in non-stop mode. */
#define GDB_MAX_VCPUS 256

struct gdb_session {
	struct gdbstub *stub;
	struct machine *m;
	struct control_client client; /* attached while begun */
	struct chardev *cd;	      /* NULL: nobody is there */
	bool server; /* a socket: it can be closed, and strangers can connect to it */

	bool begun;
	bool waiting;
	bool interrupted; /* gdb's Ctrl-C is why the guest is stopped */
	bool holds;	  /* it is gdb that brought about the present stop */
	bool console;	  /* O packets are permitted inside the packet that is handled */
	bool closing;	  /* to be closed when the current input is handled */
	bool left;	  /* detached, the connection is still there */
	bool extended;	  /* `target extended-remote`: stays when the guest is left, for `run` */
	bool handling;	  /* inside of a packet: notifications wait */
	bool squeeze;	  /* the next packet is worth it also where the line is fast */

	/* Negotiated. */
	bool introduced; /* qSupported was seen */
	bool no_ack;
	bool no_ack_fresh; /* the '+' for the answer to QStartNoAckMode may still come */
	bool multiprocess, swbreak, hwbreak;
	bool non_stop;
	bool thread_events; /* gdb wants to hear of vCPUs that come and go */
	/* lldb's: g and p name their thread, stop replies name all, errors have a sentence. */
	bool thread_suffix, list_threads, error_strings;

	/* The vCPUs of Hg and Hc; GDB_ID_ALL is allowed in the latter. */
	int vcpu_g, vcpu_c;
	/* The one that gdb has let run while it holds the others, or GDB_VCPU_ALL. */
	int alone;
	bool physical; /* memory packets mean physical addresses */

	/* Non-stop mode (nonstop.c): stops that gdb has not fetched, and whether it is at the
	 * first. */
	struct gdb_pending *pending;
	bool notified;
	bool attaching;		     /* the first is the reply to `?` */
	bool resumed[GDB_MAX_VCPUS]; /* gdb let it go, and its stop is not queued yet */
	bool quiet;		     /* no stop is to be queued (thread_events.c) */

	struct gdb_framer in;
	struct strbuf reply; /* the payload that a handler makes */
	struct strbuf out;   /* frames and acks that are not written yet */
	struct strbuf last;  /* the last frame, for a '-' */

	struct gdb_trace *trace; /* the stub's, and there before and after this session */
	bool in_frame;		 /* `frame` is what gdb looks at instead of the guest */
	struct trace_frame frame;

	/* The document that qXfer is reading, made when its first part is read. */
	const void *xfer_kind;
	struct strbuf xfer;
};

/* ---- session.c ---- */

void gdb_session_init(struct gdb_session *s, struct gdbstub *stub, struct machine *m);
void gdb_session_free(struct gdb_session *s);
/* A stream came. The session is idle. */
void gdb_session_open(struct gdb_session *s, struct chardev *cd, bool server);
/* Bytes from the stream. */
void gdb_session_input(struct gdb_session *s, const uint8_t *data, size_t len);
/* Queues one packet. */
void gdb_session_send(struct gdb_session *s, const char *payload, size_t len);
/* Queues a notification, which is never acknowledged nor sent again. */
void gdb_session_notify(struct gdb_session *s, const char *payload, size_t len);
/* Writes what is queued. */
void gdb_session_flush(struct gdb_session *s);
/* Queues console output for the person at gdb (O packets); only when the protocol permits one. */
void gdb_session_console(struct gdb_session *s, const char *text);
bool gdb_session_may_console(const struct gdb_session *s);

/* ---- gdbstub.c ---- */

enum gdb_on_disconnect gdb_stub_on_disconnect(const struct gdbstub *stub);
/* Executes a monitor line; false when there is no monitor. */
bool gdb_stub_rcmd(struct gdbstub *stub, const char *line, struct strbuf *out);
/* The session ends, and with it what those lines have set. */
void gdb_stub_rcmd_end(struct gdbstub *stub);

/* ---- life.c: begin and end ---- */

/* How a session ends. */
enum gdb_end {
	GDB_END_DETACH, /* gdb said so */
	GDB_END_LOST,	/* the connection broke */
	GDB_END_TAKEN,	/* another debugger has begun on the same line */
	GDB_END_KILLED, /* gdb's `kill` in extended mode: the guest is at its reset */
	GDB_END_QUIT,	/* the program ends */
};
/* The first valid packet: become a client, stop the guest. */
void gdb_life_begin(struct gdb_session *s);
/*
 * Removes gdb's breakpoints and lets the guest go on if it was gdb that held
 * it. The stream stays. Nothing to do when not begun.
 */
void gdb_life_end(struct gdb_session *s, enum gdb_end how);
/* Whether an extended session that has no guest can answer this. */
bool gdb_life_allows(const struct gdb_packet *row);
/* Events of the machine. */
void gdb_life_event(struct control_client *client, const struct control_event *ev);

/* ---- replies.c ---- */

/* All return GDB_REPLY, for `return gdb_…`. */
enum gdb_verdict gdb_ok(struct gdb_session *s);
enum gdb_verdict gdb_unsupported(struct gdb_session *s);
/* "Enn"; @code is an errno, its sign does not matter. */
enum gdb_verdict gdb_error(struct gdb_session *s, int code);
/* "E.SENTENCE" */
enum gdb_verdict gdb_error_text(struct gdb_session *s, const char *sentence);

/* ---- xfer.c ---- */

/* What qXfer reads. Every row has static storage: its address says which was being read. */
struct gdb_document {
	const char *annex;
	void (*make)(struct gdb_session *s, struct strbuf *out);
};
/* ANNEX:OFFSET,LENGTH of one object, whose annexes are @docs. */
enum gdb_verdict gdb_xfer(struct gdb_session *s, const struct gdb_document *docs, size_t count,
			  const char *args);

/* ---- threads.c ---- */

/* The lowest vCPU that exists, 0 when none does. */
int gdb_first_vcpu(struct gdb_session *s);
/* The vCPU of Hg, or the first one when that is gone. */
int gdb_selected_vcpu(struct gdb_session *s);
/* Which vCPU @id is: its index, GDB_VCPU_ALL, or -ESRCH. */
#define GDB_VCPU_ALL INT32_MAX
int gdb_vcpu_of_thread(struct gdb_session *s, const struct gdb_thread_id *id);
/* "p1.3" or "3". */
void gdb_put_thread(struct gdb_session *s, struct strbuf *out, int vcpu);

/* ---- memory.c ---- */

/* Which addresses this session's memory packets mean. */
enum control_space gdb_space(const struct gdb_session *s);
/* control_mem_read() of that space, by the selected vCPU. */
ssize_t gdb_read_memory(struct gdb_session *s, uint64_t addr, void *buf, size_t len);

/* ---- stop.c ---- */

/* The stop reply for @stop. */
void gdb_put_stop(struct gdb_session *s, struct strbuf *out, const struct stop *stop);
/* The same for one vCPU; NULL: nothing happened to it, it was stopped with another. */
void gdb_put_stop_of(struct gdb_session *s, struct strbuf *out, const struct stop *stop, int vcpu);
/* What happened to @vcpu, NULL when nothing did. The caller shows it. */
const struct stop *gdb_stop_of_vcpu(struct gdb_session *s, int vcpu);
/* gdb's number of the signal that @stop is; 0: none. */
unsigned gdb_signal_of(struct gdb_session *s, const struct stop *stop);
/* The machine stopped: tell gdb if it waits. */
void gdb_stop_report(struct gdb_session *s, const struct stop *stop);
/* Whether gdb brought about @stop: it paused, stepped, or owns the breakpoint. */
bool gdb_stop_is_ours(struct gdb_session *s, const struct stop *stop);

/* ---- lldb_threads.c ---- */

/* What lldb wants in a stop reply besides: name, reason, all threads. @stop may be NULL. */
void gdb_put_lldb_stop(struct gdb_session *s, struct strbuf *out, const struct stop *stop,
		       int vcpu);

/* ---- trace_frames.c: what gdb looks at when it has selected a trace frame ---- */

bool gdb_frame_selected(const struct gdb_session *s);
/* As control_reg_read() and control_mem_read(); -ENODATA, -EFAULT: it was not collected. */
int gdb_frame_reg(struct gdb_session *s, int reg, void *buf);
ssize_t gdb_frame_mem(struct gdb_session *s, uint64_t addr, void *buf, size_t len);
/* A trace state variable; false: it was not collected. */
bool gdb_frame_var(struct gdb_session *s, uint32_t number, int64_t *value);
/* What there is of it. */
void gdb_put_frame_info(struct gdb_session *s, struct strbuf *out);

/* ---- nonstop.c ---- */

/* Queues the stop of one vCPU; gdb_nonstop_notify() tells of it. */
void gdb_nonstop_stopped(struct gdb_session *s, const struct stop *stop);
/* Queues a stop reply about @vcpu that is made already; -1: about none. */
void gdb_nonstop_tell(struct gdb_session *s, int vcpu, const char *payload);
/* Notifies the first in the queue, unless gdb is at one already or a packet is being handled. */
void gdb_nonstop_notify(struct gdb_session *s);
void gdb_nonstop_clear(struct gdb_session *s);
/* Queues the stops of all vCPUs that stand but @except, and nothing else. */
void gdb_nonstop_queue(struct gdb_session *s, int except);
/* ?: the same, and replies the first. */
enum gdb_verdict gdb_nonstop_query(struct gdb_session *s);
/* vCont, for vCPUs below @limit: what an action names is @set, and RESUME_HOLD is `t` there. */
enum gdb_verdict gdb_nonstop_resume(struct gdb_session *s, struct resume *orders, const bool *set,
				    int limit);
/* Ctrl-C. */
void gdb_nonstop_interrupt(struct gdb_session *s);

/* ---- thread_events.c ---- */

/* CONTROL_VCPUS for @vcpu. */
void gdb_thread_event(struct gdb_session *s, int vcpu);

/* ---- run.c ---- */

/* Ctrl-C. */
void gdb_run_interrupt(struct gdb_session *s);

/* ---- regs.c ---- */

/* "NN:value;" for the registers that gdb asks for after every stop. */
void gdb_put_expedited(struct gdb_session *s, struct strbuf *out, int vcpu);
/* "NN":"value",… with NN in decimal. */
void gdb_put_expedited_json(struct gdb_session *s, struct strbuf *out, int vcpu);
/* The target description of @vcpu. */
void gdb_put_target_xml(struct gdb_session *s, struct strbuf *out, int vcpu);

#endif
