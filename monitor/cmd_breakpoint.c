// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Commands for breakpoints and watchpoints: break, tbreak, hbreak, condition, ignore, watch,
 * rwatch, awatch, delete.
 */
#include <stdlib.h>

#include "hv/control_device.h"
#include "hv/fields.h"
#include "monitor/breakpoint.h"
#include "monitor/command.h"
#include "monitor/session.h"

/* Data that one watchpoint may cover. */
#define WATCH_MAX 4096

static void put_added(struct mon_call *call, const char *what, int id, uint64_t addr)
{
	struct bp_info info;

	for (size_t n = 0; control_bp_get(call->m, n, &info); n++) {
		if (info.id != id)
			continue;
		strbuf_puts(call->out, what);
		field_int(call->out, "id", " %lld", id);
		field_u64(call->out, "addr", " at 0x%llx", addr);
		field_str(call->out, "how", " (%s)\n", info.how ? info.how : "set");
		return;
	}
}

static void put_refusal(struct mon_call *call, const struct error *err)
{
	mon_error(call, "%s", err->text[0] ? err->text : "it cannot be set");
}

static void add_code(struct mon_call *call, enum bp_kind kind, bool once)
{
	const struct mon_bp_spec spec = { .kind = kind,
					  .addr = call->arg[0].num,
					  .condition = call->arg[1].str,
					  .vcpu = -1,
					  .once = once };
	struct error err = { "" };
	int id = mon_bp_add(call->session, &spec, &err);

	if (id < 0)
		put_refusal(call, &err);
	else
		put_added(call, once ? "temporary breakpoint" : "breakpoint", id, spec.addr);
}

static void cmd_break(struct mon_call *call)
{
	add_code(call, BP_SOFT, false);
}

static void cmd_tbreak(struct mon_call *call)
{
	add_code(call, BP_SOFT, true);
}

static void cmd_hbreak(struct mon_call *call)
{
	add_code(call, BP_HARD, false);
}

/* The breakpoint that arg[0] names, for what only those of monitors can do. */
static struct mon_bp *named(struct mon_call *call)
{
	struct mon_bp *bp = mon_bp_find(call->session->mon, (int)call->arg[0].num);

	if (!bp)
		mon_error(call, "only what a monitor has set with break or watch can do that");
	return bp;
}

static void cmd_condition(struct mon_call *call)
{
	struct mon_bp *bp = named(call);
	struct error err = { "" };

	if (bp && mon_bp_condition(call->session, bp, call->arg[1].str, &err))
		put_refusal(call, &err);
}

static void cmd_ignore(struct mon_call *call)
{
	struct mon_bp *bp = named(call);

	if (!bp)
		return;
	mon_bp_ignore(bp, call->arg[1].num);
	field_u64(call->out, "count", "the next %llu hits ", call->arg[1].num);
	field_int(call->out, "id", "of breakpoint %lld go by\n", call->arg[0].num);
}

static void watch(struct mon_call *call, enum bp_kind kind)
{
	const struct mon_bp_spec spec = {
		.kind = kind,
		.addr = call->arg[0].num,
		.len = call->arg[1].set ? call->arg[1].num : 8,
		.condition = call->arg[2].str,
		.vcpu = -1,
	};
	struct error err = { "" };
	int id = mon_bp_add(call->session, &spec, &err);

	if (id < 0)
		put_refusal(call, &err);
	else
		put_added(call, "watchpoint", id, call->arg[0].num);
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
		data_u64(call->out, "deleted", 1);
		return;
	}
	while (control_bp_get(call->m, 0, &info) && !control_bp_delete(call->m, info.id))
		count++;
	while (control_device_bp_get(call->m, 0, &on_device) &&
	       !control_bp_delete(call->m, on_device.id))
		count++;
	field_u64(call->out, "deleted", "%llu deleted\n", count);
}

static const struct mon_field added_result[] = {
	{ "id", MON_INTEGER, false, "its number", NULL },
	{ "addr", MON_NUMBER, false, "virtual address", NULL },
	{ "how", MON_TEXT, false, "how it is made", NULL },
	{ 0 },
};

static const struct mon_field ignore_result[] = {
	{ "count", MON_NUMBER, false, "hits that go by", NULL },
	{ "id", MON_INTEGER, false, "the breakpoint", NULL },
	{ 0 },
};

static const struct mon_field delete_result[] = {
	{ "deleted", MON_NUMBER, false, "how many", NULL },
	{ 0 },
};

static const struct mon_arg code_args[] = {
	{ "ADDR", &mon_arg_address, false, 0, 0, "virtual address of the instruction" },
	{ "if EXPR", &mon_arg_if, true, 0, 0, "what must hold there, or it does not stop" },
	{ 0 },
};

static const struct mon_arg condition_args[] = {
	{ "N", &mon_arg_breakpoint, false, 1, INT32_MAX, "its number" },
	{ "EXPR", &mon_arg_text, true, 0, 0, "stops when this is not 0; without it, always" },
	{ 0 },
};

static const struct mon_arg ignore_args[] = {
	{ "N", &mon_arg_breakpoint, false, 1, INT32_MAX, "its number" },
	{ "COUNT", &mon_arg_number, false, 0, 0, "how many hits go by; 0: none" },
	{ 0 },
};

static const struct mon_arg data_args[] = {
	{ "ADDR", &mon_arg_address, false, 0, 0, "virtual address of the data" },
	{ "LEN", &mon_arg_number, true, 1, WATCH_MAX, "how many bytes; 8 unless given" },
	{ "if EXPR", &mon_arg_if, true, 0, 0, "what must hold behind the access" },
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
		.detail =
			"An address that is not mapped yet is accepted: the breakpoint becomes "
			"active by\n"
			"itself. It belongs to this console and goes when the console is closed.\n"
			"The condition is evaluated by the vCPU that hits, which then goes on: no "
			"client hears of it.\n"
			"u8(), u16(), u32() and u64() read memory; where that fails, the guest "
			"stops "
			"and says so.",
		.examples =
			(const char *const[]){ "break 0x100000", "b $pc + 5",
					       "break 0x100000 if $sp > 0x8000 && u32($sp) == 5",
					       NULL },
		.run = cmd_break,
		.result = added_result,
		.sub = mon_break_device_commands,
	},
	{
		.name = "tbreak",
		.aliases = "tb",
		.args = code_args,
		.help = "the same for one stop",
		.examples = (const char *const[]){ "tbreak 0x100000", NULL },
		.run = cmd_tbreak,
		.result = added_result,
	},
	{
		.name = "hbreak",
		.aliases = "hb",
		.args = code_args,
		.help = "the same by a debug register, memory is not touched",
		.examples = (const char *const[]){ "hbreak 0x100000", NULL },
		.run = cmd_hbreak,
		.result = added_result,
	},
	{
		.name = "condition",
		.args = condition_args,
		.help = "another condition for a breakpoint, or none",
		.detail = "Of what a monitor has set with break or watch; gdb's are gdb's.",
		.examples =
			(const char *const[]){ "condition 1 $sp > 0x8000", "condition 1", NULL },
		.run = cmd_condition,
		.result = mon_no_result,
	},
	{
		.name = "ignore",
		.args = ignore_args,
		.help = "let the next hits of a breakpoint go by",
		.detail = "Those at which its condition holds, if it has one.",
		.examples = (const char *const[]){ "ignore 1 100", NULL },
		.run = cmd_ignore,
		.result = ignore_result,
	},
	{
		.name = "watch",
		.args = data_args,
		.help = "stop after data was written",
		.detail =
			"The condition is evaluated behind the instruction: u64(ADDR) in it is the "
			"new value, and\n"
			"no client hears of an access for which it is 0.",
		.examples = (const char *const[]){ "watch 0x8000", "watch $sp 4",
						   "watch 0x8000 4 if u32(0x8000) > 100", NULL },
		.run = cmd_watch,
		.result = added_result,
		.sub = mon_watch_device_commands,
	},
	{
		.name = "rwatch",
		.args = data_args,
		.help = "stop after data was read",
		.examples = (const char *const[]){ "rwatch 0x8000 4", NULL },
		.run = cmd_rwatch,
		.result = added_result,
	},
	{
		.name = "awatch",
		.args = data_args,
		.help = "stop after data was read or written",
		.examples = (const char *const[]){ "awatch 0x8000 1", NULL },
		.run = cmd_awatch,
		.result = added_result,
	},
	{
		.name = "delete",
		.aliases = "d",
		.args = delete_args,
		.help = "remove a breakpoint or watchpoint, or a catchpoint",
		.examples = (const char *const[]){ "delete all", "delete catch all", NULL },
		.run = cmd_delete,
		.result = delete_result,
	},
	{ 0 },
};
