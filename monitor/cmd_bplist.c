// SPDX-License-Identifier: GPL-3.0-or-later
/* info breakpoints: everybody's, on code, data and devices. */
#include "hv/control_device.h"
#include "hv/fields.h"
#include "monitor/breakpoint.h"
#include "monitor/info.h"
#include "monitor/session.h"

static const char head[] = "Num Kind   Address            Len  Hits     Owner        How\n";

static const char *owner_name(const struct control_client *owner)
{
	return owner ? owner->name : "-";
}

static void put_breakpoint(struct mon_call *call, const struct bp_info *info)
{
	static const char *const kinds[BP_KIND_COUNT] = {
		[BP_SOFT] = "break",  [BP_HARD] = "hbreak",   [BP_WRITE] = "watch",
		[BP_READ] = "rwatch", [BP_ACCESS] = "awatch",
	};
	struct strbuf *out = call->out;

	data_object(out, NULL);
	field_int(out, "id", "%-3lld", info->id);
	field_str(out, "kind", " %-6s", info->kind < BP_KIND_COUNT ? kinds[info->kind] : "?");
	field_u64(out, "addr", " 0x%016llx", info->addr);
	field_u64(out, "len", " %-4llu", info->len);
	field_u64(out, "hits", " %-8llu", info->hits);
	field_str(out, "owner", " %-12s", owner_name(info->owner));
	field_str(out, "how", " %s", info->how ? info->how : "");
	if (info->filter) {
		field_str(out, "filter", ", %s", info->filter);
		field_u64(out, "asked", " (asked %llu times)", info->asked);
	}
	strbuf_puts(out, "\n");
	mon_bp_describe(call->session->mon, info->id, out);
	data_end(out);
}

static void put_device_breakpoint(struct strbuf *out, const struct device_bp_info *info)
{
	data_object(out, NULL);
	field_int(out, "id", "%-3lld", info->id);
	field_str(out, "kind", " %-6s -                  -   ", "device");
	field_u64(out, "hits", " %-8llu", info->hits);
	field_str(out, "owner", " %-12s", owner_name(info->owner));
	field_str(out, "how", " %s\n", info->text);
	data_end(out);
}

void mon_info_breakpoints(struct mon_call *call)
{
	struct device_bp_info on_device;
	struct bp_info info;
	size_t count = 0;

	data_list(call->out, "breakpoints");
	for (size_t n = 0; control_bp_get(call->m, n, &info); n++) {
		strbuf_puts(call->out, count++ ? "" : head);
		put_breakpoint(call, &info);
	}
	for (size_t n = 0; control_device_bp_get(call->m, n, &on_device); n++) {
		strbuf_puts(call->out, count++ ? "" : head);
		put_device_breakpoint(call->out, &on_device);
	}
	data_end(call->out);
	if (!count)
		strbuf_puts(call->out, "no breakpoints\n");
}

static const struct mon_field breakpoint_fields[] = {
	{ "id", MON_INTEGER, false, "its number", NULL },
	{ "kind", MON_TEXT, false, "break, hbreak, watch, rwatch, awatch, device", NULL },
	{ "addr", MON_NUMBER, MON_OPTIONAL, "virtual address", NULL },
	{ "len", MON_NUMBER, MON_OPTIONAL, "bytes", NULL },
	{ "hits", MON_NUMBER, false, "stops", NULL },
	{ "owner", MON_TEXT, false, "the client that set it", NULL },
	{ "how", MON_TEXT, false, "how it is made, or what of a device it is", NULL },
	{ "filter", MON_TEXT, MON_OPTIONAL, "what decides whether a hit stops", NULL },
	{ "asked", MON_NUMBER, MON_OPTIONAL, "how often that was asked", NULL },
	{ "condition", MON_TEXT, MON_OPTIONAL, "the expression", NULL },
	{ "ignore", MON_NUMBER, MON_OPTIONAL, "hits that go by from now on", NULL },
	{ "once", MON_BOOL, MON_OPTIONAL, "for one stop", NULL },
	{ "commands", MON_LIST, MON_OPTIONAL, "lines that follow a stop", mon_texts },
	{ 0 },
};

const struct mon_field mon_info_breakpoints_result[] = {
	{ "breakpoints", MON_LIST, false, "all clients'", breakpoint_fields },
	{ 0 },
};
