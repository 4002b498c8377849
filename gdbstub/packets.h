/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The packet table: one row for each packet of the GDB protocol that is
 * understood here. It drives dispatch, the answer to qSupported, and the list
 * in docs/gdb.md.
 */
#ifndef GDBSTUB_PACKETS_H
#define GDBSTUB_PACKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "hv/strbuf.h"

struct gdb_session;

/*
 * What a handler leaves behind. Every packet gets one reply, so a handler
 * never sends: it fills the session's reply and says so, or says that a stop
 * will be the reply.
 */
enum gdb_verdict {
	GDB_REPLY,  /* send what is in the session's reply; empty: not supported */
	GDB_LATER,  /* the reply is the stop that will come */
	GDB_SILENT, /* this packet has no reply (`k`) */
};

struct gdb_packet {
	const char *name; /* how the packet begins */
	/*
	 * Which characters may follow the name: "" none, the packet is the
	 * name; NULL anything. The end of the packet may always follow.
	 */
	const char *next;
	/* @args is what follows the name, @len bytes and a 0. */
	enum gdb_verdict (*handle)(struct gdb_session *s, const char *args, size_t len);
	const char *feature; /* advertised in qSupported as "FEATURE+"; NULL: not there */
	const char *args;    /* for people: what follows the name */
	const char *help;    /* for people: what it does here */
};
extern const struct gdb_packet gdb_packets[];
extern const size_t gdb_packet_count;

/* What gdb and we tell each other in qSupported besides packets. */
struct gdb_feature {
	const char *name;
	size_t flag; /* offset of a bool in struct gdb_session, set when gdb has it too; 0: none */
	const char *help;
};
extern const struct gdb_feature gdb_features[];
extern const size_t gdb_feature_count;

/* The row with the longest name that @payload begins with, NULL when there is none. */
const struct gdb_packet *gdb_packet_find(const char *payload, size_t len);
/* The answer to qSupported. */
void gdb_put_supported(struct strbuf *out);
/* The table as Markdown, for docs/gdb.md. */
void gdb_put_packet_list(struct strbuf *out);

#define GDB_HANDLER(name_) \
	enum gdb_verdict name_(struct gdb_session *s, const char *args, size_t len)

/* breakpoints.c */
GDB_HANDLER(gdb_bp_insert);
GDB_HANDLER(gdb_bp_remove);
/* memory.c */
GDB_HANDLER(gdb_mem_read);
GDB_HANDLER(gdb_mem_read_binary);
GDB_HANDLER(gdb_mem_write);
GDB_HANDLER(gdb_mem_write_binary);
GDB_HANDLER(gdb_mem_space_query);
GDB_HANDLER(gdb_mem_space_set);
/* scan.c */
GDB_HANDLER(gdb_mem_search);
GDB_HANDLER(gdb_mem_crc);
/* lldb.c */
GDB_HANDLER(gdb_lldb_thread_suffix);
GDB_HANDLER(gdb_lldb_list_threads);
GDB_HANDLER(gdb_lldb_error_strings);
GDB_HANDLER(gdb_lldb_detach_on_error);
GDB_HANDLER(gdb_lldb_host);
GDB_HANDLER(gdb_lldb_process);
GDB_HANDLER(gdb_lldb_version);
GDB_HANDLER(gdb_lldb_plugins);
GDB_HANDLER(gdb_lldb_watchpoints);
GDB_HANDLER(gdb_lldb_register);
GDB_HANDLER(gdb_lldb_region);
/* lldb_threads.c */
GDB_HANDLER(gdb_lldb_thread_stop);
GDB_HANDLER(gdb_lldb_threads);
/* query.c */
GDB_HANDLER(gdb_q_supported);
GDB_HANDLER(gdb_q_no_ack);
GDB_HANDLER(gdb_q_attached);
GDB_HANDLER(gdb_q_symbol);
GDB_HANDLER(gdb_q_must_be_empty);
/* monitor.c */
GDB_HANDLER(gdb_q_rcmd);
/* regs.c */
GDB_HANDLER(gdb_regs_read);
GDB_HANDLER(gdb_regs_write);
GDB_HANDLER(gdb_reg_read_one);
GDB_HANDLER(gdb_reg_write_one);
/* run.c */
GDB_HANDLER(gdb_run_vcont);
GDB_HANDLER(gdb_run_vcont_query);
GDB_HANDLER(gdb_run_continue);
GDB_HANDLER(gdb_run_continue_signal);
GDB_HANDLER(gdb_run_step);
GDB_HANDLER(gdb_run_step_signal);
/* nonstop.c */
GDB_HANDLER(gdb_nonstop_set);
GDB_HANDLER(gdb_nonstop_next);
GDB_HANDLER(gdb_nonstop_ctrl_c);
/* thread_events.c */
GDB_HANDLER(gdb_thread_events);
/* stop.c */
GDB_HANDLER(gdb_stop_query);
/* threads.c */
GDB_HANDLER(gdb_thread_select);
GDB_HANDLER(gdb_thread_alive);
GDB_HANDLER(gdb_thread_current);
GDB_HANDLER(gdb_thread_first);
GDB_HANDLER(gdb_thread_next);
GDB_HANDLER(gdb_thread_extra);
/* life.c */
GDB_HANDLER(gdb_life_detach);
GDB_HANDLER(gdb_life_kill);
GDB_HANDLER(gdb_life_vkill);
GDB_HANDLER(gdb_life_extended);
GDB_HANDLER(gdb_life_restart);
GDB_HANDLER(gdb_life_run);
GDB_HANDLER(gdb_life_attach);
/* trace_packets.c */
GDB_HANDLER(gdb_trace_init);
GDB_HANDLER(gdb_trace_define);
GDB_HANDLER(gdb_trace_source);
GDB_HANDLER(gdb_trace_var);
GDB_HANDLER(gdb_trace_var_value);
GDB_HANDLER(gdb_trace_readonly);
GDB_HANDLER(gdb_trace_start);
GDB_HANDLER(gdb_trace_stop);
GDB_HANDLER(gdb_trace_enable);
GDB_HANDLER(gdb_trace_disable);
GDB_HANDLER(gdb_trace_disconnected);
GDB_HANDLER(gdb_trace_circular);
GDB_HANDLER(gdb_trace_size);
GDB_HANDLER(gdb_trace_upload);
GDB_HANDLER(gdb_trace_save);
GDB_HANDLER(gdb_trace_fast_len);
/* trace_status.c */
GDB_HANDLER(gdb_trace_status);
GDB_HANDLER(gdb_trace_point_status);
GDB_HANDLER(gdb_trace_notes);
/* trace_upload.c */
GDB_HANDLER(gdb_trace_points_first);
GDB_HANDLER(gdb_trace_points_next);
GDB_HANDLER(gdb_trace_vars_first);
GDB_HANDLER(gdb_trace_vars_next);
/* trace_frames.c */
GDB_HANDLER(gdb_trace_select);
/* files.c */
GDB_HANDLER(gdb_file_setfs);
GDB_HANDLER(gdb_file_by_name);
GDB_HANDLER(gdb_file_by_fd);
GDB_HANDLER(gdb_xfer_exec_file);
GDB_HANDLER(gdb_xfer_libraries);
/* osdata.c */
GDB_HANDLER(gdb_xfer_osdata);
/* xfer.c */
GDB_HANDLER(gdb_xfer_memory_map);
GDB_HANDLER(gdb_xfer_features);
GDB_HANDLER(gdb_xfer_traceframe);
GDB_HANDLER(gdb_xfer_threads);

#endif
