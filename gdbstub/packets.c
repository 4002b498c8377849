// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The packet table: see packets.h. Rows are in the order of their families;
 * the longest name that fits wins, so `qC` and a `qCRC` do not meet.
 */
#include "gdbstub/packets.h"

#include <string.h>

#include "gdbstub/session.h"

const struct gdb_packet gdb_packets[] = {
	/* What is spoken. */
	{ "qSupported", ":", gdb_q_supported, NULL, "[:FEATURE;…]",
	  "the features of both sides; the first packet of gdb" },
	{ "QStartNoAckMode", "", gdb_q_no_ack, "QStartNoAckMode", NULL,
	  "no `+` and `-` from now on" },
	{ "vMustReplyEmpty", NULL, gdb_q_must_be_empty, NULL, NULL,
	  "the empty reply, as to everything unknown" },
	{ "qAttached", ":", gdb_q_attached, NULL, "[:PID]",
	  "1: the guest was there before, `quit` detaches" },
	{ "qSymbol", ":", gdb_q_symbol, NULL, "::", "no symbols are wanted" },

	/* Life. */
	{ "?", "", gdb_stop_query, NULL, NULL, "why the guest is stopped" },
	{ "D", ";", gdb_life_detach, NULL, "[;PID]",
	  "removes gdb's breakpoints and lets the guest go on" },
	{ "k", "", gdb_life_kill, NULL, NULL, "ends vitrine" },
	{ "vKill", ";", gdb_life_vkill, NULL, ";PID",
	  "ends vitrine; in extended mode the guest is reset and held instead" },
	{ "!", "", gdb_life_extended, NULL, NULL,
	  "extended mode: the session stays when the guest is left" },
	{ "vRun", ";", gdb_life_run, NULL, ";",
	  "`run`: resets the guest and stops at its first instruction; file and arguments are "
	  "refused" },
	{ "R", NULL, gdb_life_restart, NULL, "XX", "the same with no reply" },
	{ "vAttach", ";", gdb_life_attach, NULL, ";PID",
	  "`attach 1`: stops the guest, after a `detach` or a `kill`" },

	/* Running. */
	{ "vCont?", "", gdb_run_vcont_query, "vContSupported", NULL, "c, C, s, S, t, r" },
	{ "vCont", ";", gdb_run_vcont, NULL, ";ACTION[:THREAD]…",
	  "continue, step, stop (t, in non-stop mode) each vCPU, or step it through a range (r); "
	  "those that no action names are held" },
	{ "QNonStop", ":", gdb_nonstop_set, "QNonStop", ":0|1",
	  "vCPUs stop all together (0), or each alone while the others run (1)" },
	{ "vStopped", "", gdb_nonstop_next, NULL, NULL,
	  "non-stop mode: gdb is done with one stop, the reply is the next" },
	{ "vCtrlC", "", gdb_nonstop_ctrl_c, NULL, NULL, "as the byte 0x03, Ctrl-C" },
	{ "QThreadEvents", ":", gdb_thread_events, "QThreadEvents", ":0|1",
	  "tell of vCPUs that come and go" },
	{ "c", NULL, gdb_run_continue, NULL, "[ADDR]", "continue" },
	{ "C", NULL, gdb_run_continue_signal, NULL, "SIG[;ADDR]",
	  "continue; vCPUs have no signals" },
	{ "s", NULL, gdb_run_step, NULL, "[ADDR]", "one instruction of one vCPU, the others held" },
	{ "S", NULL, gdb_run_step_signal, NULL, "SIG[;ADDR]", "step; vCPUs have no signals" },

	/* Registers. */
	{ "g", ";", gdb_regs_read, NULL, NULL, "read the registers, but for those on request" },
	{ "G", NULL, gdb_regs_write, NULL, "HEX", "write them" },
	{ "p", NULL, gdb_reg_read_one, NULL, "N", "read one register" },
	{ "P", NULL, gdb_reg_write_one, NULL, "N=HEX", "write one register" },
	{ "qXfer:features:read:", NULL, gdb_xfer_features, "qXfer:features:read",
	  "target.xml:OFF,LEN", "the target description, made from the register table" },

	/* Memory. */
	{ "m", NULL, gdb_mem_read, NULL, "ADDR,LEN",
	  "read memory; short before a page that is not there, E14 at it" },
	{ "M", NULL, gdb_mem_write, NULL, "ADDR,LEN:HEX", "write memory" },
	{ "x", NULL, gdb_mem_read_binary, "binary-upload", "ADDR,LEN",
	  "read memory, the reply is `b` and binary" },
	{ "X", NULL, gdb_mem_write_binary, NULL, "ADDR,LEN:BINARY", "write memory" },

	{ "qSearch:memory:", NULL, gdb_mem_search, NULL, "ADDR;LEN;BINARY",
	  "`find`: look for these bytes here; memory that is not there is skipped" },
	{ "qCRC:", NULL, gdb_mem_crc, NULL, "ADDR,LEN", "`compare-sections`: the checksum" },
	{ "qXfer:memory-map:read:", NULL, gdb_xfer_memory_map, "qXfer:memory-map:read", ":OFF,LEN",
	  "all addresses are RAM, for they are virtual: what is not mapped gets E14" },
	{ "qqemu.PhyMemMode", "", gdb_mem_space_query, NULL, NULL,
	  "1 when the packets above mean physical addresses" },
	{ "Qqemu.PhyMemMode", ":", gdb_mem_space_set, NULL, ":0, :1",
	  "whether they do; a new session begins with virtual ones" },

	/* Breakpoints. */
	{ "Z", NULL, gdb_bp_insert, NULL, "TYPE,ADDR,KIND[;XLEN,HEX…][;cmds:PERSIST,XLEN,HEX…]",
	  "set a software (0) or hardware (1) breakpoint, a write (2), read (3) or access (4) "
	  "watchpoint; a breakpoint stops only when one of its conditions is true, and with "
	  "commands it runs those and goes on" },
	{ "z", NULL, gdb_bp_remove, NULL, "TYPE,ADDR,KIND", "remove it" },

	/* Threads. */
	{ "H", NULL, gdb_thread_select, NULL, "gTHREAD, cTHREAD",
	  "select the vCPU for registers and memory (g), for `c` and `s` (c)" },
	{ "T", NULL, gdb_thread_alive, NULL, "THREAD", "is there such a vCPU?" },
	{ "qC", "", gdb_thread_current, NULL, NULL, "the selected vCPU" },
	{ "qfThreadInfo", "", gdb_thread_first, NULL, NULL, "all vCPUs" },
	{ "qsThreadInfo", "", gdb_thread_next, NULL, NULL, "no more of them" },
	{ "qThreadExtraInfo", ",", gdb_thread_extra, NULL, ",THREAD", "what a vCPU is doing" },
	{ "qXfer:threads:read:", NULL, gdb_xfer_threads, "qXfer:threads:read", ":OFF,LEN",
	  "all vCPUs with name and what they are doing" },

	/* What lldb asks. */
	{ "QThreadSuffixSupported", "", gdb_lldb_thread_suffix, NULL, NULL,
	  "`g`, `G`, `p`, `P` may end with `;thread:THREAD;`" },
	{ "QListThreadsInStopReply", "", gdb_lldb_list_threads, NULL, NULL,
	  "stop replies have all vCPUs, a name, a reason and a sentence" },
	{ "QEnableErrorStrings", "", gdb_lldb_error_strings, NULL, NULL,
	  "sentences of errors are `Enn;HEX` from now on" },
	{ "QSetDetachOnError", ":", gdb_lldb_detach_on_error, NULL, ":1",
	  "a lost debugger counts as detached: it does, anyway" },
	{ "qHostInfo", "", gdb_lldb_host, NULL, NULL, "the processor; no operating system" },
	{ "qProcessInfo", "", gdb_lldb_process, NULL, NULL, "the guest as a process" },
	{ "qGDBServerVersion", "", gdb_lldb_version, NULL, NULL, "name and version" },
	{ "qStructuredDataPlugins", "", gdb_lldb_plugins, NULL, NULL, "there are none" },
	{ "qWatchpointSupportInfo", ":", gdb_lldb_watchpoints, NULL, ":",
	  "the number of debug registers" },
	{ "qRegisterInfo", NULL, gdb_lldb_register, NULL, "N",
	  "a register, for who cannot read target.xml" },
	{ "qMemoryRegionInfo:", NULL, gdb_lldb_region, NULL, "ADDR",
	  "the mapped or unmapped stretch around an address, and what the page tables permit" },
	{ "qThreadStopInfo", NULL, gdb_lldb_thread_stop, NULL, "THREAD",
	  "the stop as one vCPU sees it" },
	{ "jThreadsInfo", "", gdb_lldb_threads, NULL, NULL, "all vCPUs and their stops, in JSON" },

	/* Tracepoints. */
	{ "QTinit", "", gdb_trace_init, NULL, NULL, "ends a trace and forgets all tracepoints" },
	{ "QTDP", ":", gdb_trace_define, "InstallInTrace",
	  ":N:ADDR:E/D:STEP:PASS[:FLEN][:XLEN,CODE]",
	  "defines a tracepoint, `-N:ADDR:[S]ACTION…` what it collects (R, M, X); a fast one is a "
	  "plain one; also while the trace runs" },
	{ "QTDPsrc", ":", gdb_trace_source, "TracepointSource", ":N:ADDR:TYPE:START:SLEN:BYTES",
	  "what a person typed for it, kept for the next gdb" },
	{ "QTDV", ":", gdb_trace_var, NULL, ":N:VALUE:BUILTIN:NAME",
	  "defines a trace state variable; 1 is `$trace_timestamp`, microseconds since `tstart`" },
	{ "QTro", ":", gdb_trace_readonly, NULL, ":START,END…",
	  "memory that is read from the guest when a frame does not have it" },
	{ "QTStart", "", gdb_trace_start, NULL, NULL, "drops all frames, begins to collect" },
	{ "QTStop", "", gdb_trace_stop, NULL, NULL, "ends the trace" },
	{ "QTEnable", ":", gdb_trace_enable, "EnableDisableTracepoints", ":N:ADDR",
	  "also while the trace runs" },
	{ "QTDisable", ":", gdb_trace_disable, NULL, ":N:ADDR",
	  "also while the trace runs; costs nothing from then on" },
	{ "QTDisconnected", ":", gdb_trace_disconnected, "DisconnectedTracing", ":0/1",
	  "whether the trace goes on when gdb leaves" },
	{ "QTBuffer:circular", ":", gdb_trace_circular, NULL, ":0/1",
	  "a full buffer drops its oldest frames, or ends the trace" },
	{ "QTBuffer:size", ":", gdb_trace_size, "QTBuffer:size", ":BYTES",
	  "for the next `tstart`; 5 MiB when nothing is said" },
	{ "QTNotes", ":", gdb_trace_notes, NULL, ":[user:HEX][;notes:HEX][;tstop:HEX]",
	  "what `tstatus` says about who traces and why" },
	{ "QTFrame", ":", gdb_trace_select, NULL, ":N, pc:, tdp:, range:, outside:",
	  "selects a frame; `g`, `p`, `m` and qTV are then answered from it, -1 goes back" },
	{ "QTSave", ":", gdb_trace_save, NULL, ":FILE",
	  "refused: no files of the host are written; `tsave` without `-r` works" },
	{ "qTStatus", "", gdb_trace_status, NULL, NULL,
	  "whether the trace runs, why not, how full the buffer is" },
	{ "qTP", ":", gdb_trace_point_status, NULL, ":N:ADDR",
	  "hits of a tracepoint and bytes of its frames" },
	{ "qTV", ":", gdb_trace_var_value, NULL, ":N",
	  "a trace state variable now, or in the selected frame" },
	{ "qTfP", "", gdb_trace_points_first, NULL, NULL,
	  "the tracepoints, for a gdb that came later" },
	{ "qTsP", "", gdb_trace_points_next, NULL, NULL, "more of that" },
	{ "qTfV", "", gdb_trace_vars_first, NULL, NULL, "the trace state variables" },
	{ "qTsV", "", gdb_trace_vars_next, NULL, NULL, "more of them" },
	{ "qTBuffer", ":", gdb_trace_upload, NULL, ":OFF,LEN", "the frames, for `tsave`" },
	{ "qTMinFTPILen", "", gdb_trace_fast_len, NULL, NULL, "1: any instruction will do" },
	{ "qXfer:traceframe-info:read:", NULL, gdb_xfer_traceframe, "qXfer:traceframe-info:read",
	  ":OFF,LEN", "what the selected frame has" },
	/* The target's files, and what it knows besides. */
	{ "qXfer:exec-file:read:", NULL, gdb_xfer_exec_file, "qXfer:exec-file:read", "PID:OFF,LEN",
	  "E02: nothing is known of what the guest runs" },
	{ "qXfer:libraries:read:", NULL, gdb_xfer_libraries, "qXfer:libraries:read", ":OFF,LEN",
	  "an empty list" },
	{ "vFile:setfs:", NULL, gdb_file_setfs, NULL, "PID",
	  "there is one file system, and it is empty" },
	{ "vFile:open:", NULL, gdb_file_by_name, NULL, "NAME,FLAGS,MODE", "no such file" },
	{ "vFile:stat:", NULL, gdb_file_by_name, NULL, "NAME", "no such file" },
	{ "vFile:readlink:", NULL, gdb_file_by_name, NULL, "NAME", "no such file" },
	{ "vFile:unlink:", NULL, gdb_file_by_name, NULL, "NAME", "no such file" },
	{ "vFile:pread:", NULL, gdb_file_by_fd, NULL, "FD,LEN,OFF", "no file is open" },
	{ "vFile:pwrite:", NULL, gdb_file_by_fd, NULL, "FD,OFF,BINARY", "no file is open" },
	{ "vFile:fstat:", NULL, gdb_file_by_fd, NULL, "FD", "no file is open" },
	{ "vFile:close:", NULL, gdb_file_by_fd, NULL, "FD", "no file is open" },
	{ "qXfer:osdata:read:", NULL, gdb_xfer_osdata, "qXfer:osdata:read", "TYPE:OFF,LEN",
	  "`info os`: vCPUs, devices, and who answers at which address" },

	/* The monitor. */
	{ "qRcmd", ",", gdb_q_rcmd, NULL, ",HEX",
	  "gdb's `monitor`: a command of vitrine's monitor" },
};
const size_t gdb_packet_count = sizeof(gdb_packets) / sizeof(gdb_packets[0]);

const struct gdb_feature gdb_features[] = {
	{ "multiprocess", offsetof(struct gdb_session, multiprocess),
	  "thread ids are pPID.TID; the guest is process 1" },
	{ "swbreak", offsetof(struct gdb_session, swbreak),
	  "stop replies name software breakpoints" },
	{ "hwbreak", offsetof(struct gdb_session, hwbreak),
	  "stop replies name hardware breakpoints" },
	{ "ConditionalBreakpoints", 0, "conditions are evaluated here, without a stop" },
	{ "BreakpointCommands", 0, "so are the commands of a dprintf of style `agent`" },
	{ "ConditionalTracepoints", 0, "tracepoints have conditions" },
	{ "tracenz", 0, "strings are collected up to their end" },
};
const size_t gdb_feature_count = sizeof(gdb_features) / sizeof(gdb_features[0]);

static bool row_fits(const struct gdb_packet *row, const char *payload, size_t len)
{
	size_t n;

	/* Most rows are out by their first letter. */
	if (!len || payload[0] != row->name[0])
		return false;
	n = strlen(row->name);
	if (len < n || memcmp(payload, row->name, n))
		return false;
	if (len == n || !row->next)
		return true;
	return payload[n] && strchr(row->next, payload[n]);
}

const struct gdb_packet *gdb_packet_find(const char *payload, size_t len)
{
	const struct gdb_packet *best = NULL;
	size_t i;

	for (i = 0; i < gdb_packet_count; i++)
		if (row_fits(&gdb_packets[i], payload, len) &&
		    (!best || strlen(gdb_packets[i].name) > strlen(best->name)))
			best = &gdb_packets[i];
	return best;
}

void gdb_put_supported(struct strbuf *out)
{
	size_t i;

	strbuf_printf(out, "PacketSize=%x", GDB_PACKET_MAX);
	for (i = 0; i < gdb_feature_count; i++)
		strbuf_printf(out, ";%s+", gdb_features[i].name);
	for (i = 0; i < gdb_packet_count; i++)
		if (gdb_packets[i].feature)
			strbuf_printf(out, ";%s+", gdb_packets[i].feature);
}

void gdb_put_packet_list(struct strbuf *out)
{
	size_t i;

	strbuf_puts(out, "| packet | what it does here | advertised as |\n|---|---|---|\n");
	for (i = 0; i < gdb_packet_count; i++) {
		const struct gdb_packet *row = &gdb_packets[i];

		strbuf_printf(out, "| `%s%s` | %s | %s |\n", row->name, row->args ? row->args : "",
			      row->help, row->feature ? row->feature : "");
	}
	for (i = 0; i < gdb_feature_count; i++)
		strbuf_printf(out, "| – | %s | %s |\n", gdb_features[i].help, gdb_features[i].name);
}
