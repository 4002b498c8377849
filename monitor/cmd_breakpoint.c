// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands for breakpoints and watchpoints: break, hbreak, watch, rwatch, awatch, delete. */
#include <stdlib.h>

#include "hv/control_device.h"
#include "monitor/command.h"
#include "monitor/session.h"

/* Data that one watchpoint may cover. */
#define WATCH_MAX 4096

static void add(struct mon_call *call, enum bp_kind kind, uint64_t addr, uint64_t len)
{
	struct error err = { "" };
	struct bp_info info;
	int id;

	id = control_bp_add(call->m, &call->session->client, kind, addr, len, call->session->cpu,
			    &err);
	if (id < 0) {
		mon_error(call, "%s", err.text[0] ? err.text : "it cannot be set");
		return;
	}
	for (size_t n = 0; control_bp_get(call->m, n, &info); n++) {
		if (info.id != id)
			continue;
		strbuf_printf(call->out, "%s %d at 0x%llx (%s)\n",
			      kind == BP_SOFT || kind == BP_HARD ? "breakpoint" : "watchpoint", id,
			      (unsigned long long)addr, info.how ? info.how : "set");
		return;
	}
}

static void cmd_break(struct mon_call *call)
{
	add(call, BP_SOFT, call->arg[0].num, 1);
}

static void cmd_hbreak(struct mon_call *call)
{
	add(call, BP_HARD, call->arg[0].num, 1);
}

static void watch(struct mon_call *call, enum bp_kind kind)
{
	add(call, kind, call->arg[0].num, call->arg[1].set ? call->arg[1].num : 8);
}

static void cmd_watch(struct mon_call *call)
{
	watch(call, BP_WRITE);
}

static void cmd_rwatch(struct mon_call *call)
{
	watch(call, BP_READ);
}

static void cmd_awatch(struct mon_call *call)
{
	watch(call, BP_ACCESS);
}

static void cmd_delete(struct mon_call *call)
{
	struct device_bp_info on_device;
	struct bp_info info;
	size_t count = 0;

	if (call->arg[0].str) {
		mon_delete_catch(call, (int)call->arg[0].num);
		return;
	}
	if (call->arg[0].num) {
		if (control_bp_delete(call->m, (int)call->arg[0].num))
			mon_error(call, "no such breakpoint: `info breakpoints` lists them");
		return;
	}
	while (control_bp_get(call->m, 0, &info) && !control_bp_delete(call->m, info.id))
		count++;
	while (control_device_bp_get(call->m, 0, &on_device) &&
	       !control_bp_delete(call->m, on_device.id))
		count++;
	strbuf_printf(call->out, "%zu deleted\n", count);
}

static const struct mon_arg code_args[] = {
	{ "ADDR", &mon_arg_address, false, 0, 0, "virtual address of the instruction" },
	{ 0 },
};

static const struct mon_arg data_args[] = {
	{ "ADDR", &mon_arg_address, false, 0, 0, "virtual address of the data" },
	{ "LEN", &mon_arg_number, true, 1, WATCH_MAX, "how many bytes; 8 unless given" },
	{ 0 },
};

static const struct mon_arg delete_args[] = {
	{ "[catch] N", &mon_arg_breakpoint, false, 0, 0, "its number, or all; whoever set it" },
	{ 0 },
};

const struct mon_command mon_breakpoint_commands[] = {
	{
		.name = "break",
		.aliases = "b",
		.args = code_args,
		.help = "stop before the instruction at an address",
		.detail = "An address that is not mapped yet is accepted: the breakpoint becomes "
			  "active by\n"
			  "itself. It belongs to this console and goes when the console is closed.",
		.examples = (const char *const[]){ "break 0x100000", "b $pc + 5", NULL },
		.run = cmd_break,
		.sub = mon_break_device_commands,
	},
	{
		.name = "hbreak",
		.aliases = "hb",
		.args = code_args,
		.help = "the same by a debug register, memory is not touched",
		.examples = (const char *const[]){ "hbreak 0x100000", NULL },
		.run = cmd_hbreak,
	},
	{
		.name = "watch",
		.args = data_args,
		.help = "stop after data was written",
		.examples = (const char *const[]){ "watch 0x8000", "watch $sp 4", NULL },
		.run = cmd_watch,
		.sub = mon_watch_device_commands,
	},
	{
		.name = "rwatch",
		.args = data_args,
		.help = "stop after data was read",
		.examples = (const char *const[]){ "rwatch 0x8000 4", NULL },
		.run = cmd_rwatch,
	},
	{
		.name = "awatch",
		.args = data_args,
		.help = "stop after data was read or written",
		.examples = (const char *const[]){ "awatch 0x8000 1", NULL },
		.run = cmd_awatch,
	},
	{
		.name = "delete",
		.aliases = "d",
		.args = delete_args,
		.help = "remove a breakpoint or watchpoint, or a catchpoint",
		.examples = (const char *const[]){ "delete all", "delete catch all", NULL },
		.run = cmd_delete,
	},
	{ 0 },
};
