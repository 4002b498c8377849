// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands for catchpoints: catch, and `delete catch`, which is in the row of delete. */
#include "hv/control_catch.h"
#include "hv/fields.h"
#include "monitor/command.h"
#include "monitor/session.h"

static void line(struct mon_call *call, const struct catch_info *info)
{
	data_object(call->out, NULL);
	field_int(call->out, "id", "%3lld  ", info->id);
	field_str(call->out, "text", "%-36s ", info->text);
	field_str(call->out, "owner", "%s", info->owner ? info->owner->name : "");
	data_u64(call->out, "hits", info->hits);
	if (info->hits)
		strbuf_printf(call->out, ", hit %llu time%s", (unsigned long long)info->hits,
			      info->hits == 1 ? "" : "s");
	strbuf_puts(call->out, "\n");
	data_end(call->out);
}

static void list(struct mon_call *call)
{
	struct catch_info info;
	size_t n;

	data_list(call->out, "catchpoints");
	for (n = 0; control_catch_get(call->m, n, &info); n++)
		line(call, &info);
	data_end(call->out);
	if (!n)
		strbuf_puts(call->out,
			    "nothing is caught but a triple fault and a panic, which stop "
			    "the guest always\n");
}

static void cmd_catch(struct mon_call *call)
{
	struct error err = { "" };
	struct catch_info info;
	int id;

	if (!call->arg[0].set) {
		list(call);
		return;
	}
	id = control_catch_add(call->m, &call->session->client, (enum catch_kind)call->arg[0].num,
			       call->arg[1].set ? call->arg[1].num : CATCH_ANY, &err);
	if (id < 0) {
		mon_error(call, "%s", err.text[0] ? err.text : "it cannot be caught");
		return;
	}
	for (size_t n = 0; control_catch_get(call->m, n, &info); n++)
		if (info.id == id) {
			field_int(call->out, "id", "catchpoint %lld: ", id);
			field_str(call->out, "text", "%s\n", info.text);
		}
}

void mon_delete_catch(struct mon_call *call, int id)
{
	struct catch_info info;
	size_t count = 0;

	if (id) {
		if (control_catch_delete(call->m, id))
			mon_error(call, "no such catchpoint: `catch` lists them");
		data_u64(call->out, "deleted", 1);
		return;
	}
	while (control_catch_get(call->m, 0, &info) && !control_catch_delete(call->m, info.id))
		count++;
	field_u64(call->out, "deleted", "%llu deleted\n", count);
}

static const struct mon_field catchpoint_fields[] = {
	{ "id", MON_INTEGER, false, "its number", NULL },
	{ "text", MON_TEXT, false, "what is caught", NULL },
	{ "owner", MON_TEXT, false, "the client that set it", NULL },
	{ "hits", MON_NUMBER, false, "how often it happened", NULL },
	{ 0 },
};

static const struct mon_field catch_result[] = {
	{ "catchpoints", MON_LIST, MON_OPTIONAL, "all of them", catchpoint_fields },
	{ "id", MON_INTEGER, MON_OPTIONAL, "the number of a new one", NULL },
	{ "text", MON_TEXT, MON_OPTIONAL, "what it catches", NULL },
	{ 0 },
};

static const struct mon_arg catch_args[] = {
	{ "WHAT", &mon_arg_catch_kind, true, 0, 0,
	  "exception, triple-fault, panic, reset, msr, io, mmio" },
	{ "VALUE", &mon_arg_catch_value, true, 0, 0,
	  "vector, MSR, port or physical address; or a name" },
	{ 0 },
};

const struct mon_command mon_catch_commands[] = {
	{
		.name = "catch",
		.args = catch_args,
		.help = "stop when something happens; without arguments, list the catchpoints",
		.detail = "catch exception [VECTOR]  at its handler, which says where it happened; "
			  "PF or 14\n"
			  "catch msr MSR             after it was read or written; lstar or "
			  "0xc0000082\n"
			  "catch io PORT             after an access; not the PIC's or the PIT's "
			  "ports\n"
			  "catch mmio ADDR           the same for a device's memory\n"
			  "catch reset               before it is done; `cont` does it\n"
			  "catch triple-fault, panic count what stops the guest anyhow\n"
			  "catch cr3                 is refused, with the reason\n"
			  "`delete catch N` removes one.",
		.examples = (const char *const[]){ "catch", "catch exception",
						   "catch exception #GP", "catch exception 14",
						   "catch msr lstar", "catch io 0x80",
						   "catch mmio 0xfed00000", "catch reset", NULL },
		.run = cmd_catch,
		.result = catch_result,
	},
	{ 0 },
};
