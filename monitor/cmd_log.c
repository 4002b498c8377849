// SPDX-License-Identifier: GPL-3.0-or-later
/* log: what happens in the machine, kept in memory (hv/record.h), and shown. */
#include <stdlib.h>

#include "hv/device_trace.h"
#include "hv/fields.h"
#include "hv/record.h"
#include "monitor/command.h"
#include "monitor/record_text.h"
#include "monitor/trace_save.h"

#define SHOWN	  20
#define SHOWN_MAX 65536

/* What devices do is in rings of their own: a topic here, and none of record.h's. */
#define DEVICES RECORD_TOPICS

/* ---- on and off ---- */

static void devices_on(struct mon_call *call)
{
	struct error err;

	for (struct device *d = call->m->devices; d; d = d->next)
		if (device_trace_start(d, &err)) {
			mon_error(call, "%s", err.text);
			return;
		}
}

static void devices_off(struct mon_call *call)
{
	for (struct device *d = call->m->devices; d; d = d->next)
		device_trace_stop(d);
}

static void turn_on(struct mon_call *call, unsigned topic)
{
	struct error err;

	if (topic == DEVICES)
		devices_on(call);
	else if (record_start(call->m, (enum record_topic)topic, &err))
		mon_error(call, "%s", err.text);
}

static void turn_off(struct mon_call *call, unsigned topic)
{
	if (topic == DEVICES)
		devices_off(call);
	else
		record_stop(call->m, (enum record_topic)topic);
}

/* ---- looking ---- */

static bool is_on(struct machine *m, unsigned topic)
{
	if (topic != DEVICES)
		return record_is_on(m, (enum record_topic)topic);
	for (const struct device *d = m->devices; d; d = d->next)
		if (device_trace_is_on(d))
			return true;
	return false;
}

static void list(struct mon_call *call)
{
	struct record_list all;
	unsigned long long count;
	const char *name;

	data_list(call->out, "topics");
	for (unsigned t = 0; (name = mon_log_topic_name(t)); t++) {
		if (t == DEVICES) {
			count = mon_trace_events(call->m);
		} else if (record_get(call->m, (enum record_topic)t, -1, SIZE_MAX, &all)) {
			count = all.count + all.lost;
			record_list_free(&all);
		} else {
			count = 0;
		}
		data_object(call->out, NULL);
		field_str(call->out, "topic", "%-8s ", name);
		field_bool(call->out, "on", is_on(call->m, t), "on ", "off");
		field_u64(call->out, "recorded", "  %llu recorded\n", count);
		data_end(call->out);
	}
	data_end(call->out);
}

static void put_record(struct mon_call *call, const struct record *rec, uint64_t since)
{
	size_t mark = call->out->len;

	data_object(call->out, NULL);
	data_u64(call->out, "ns", rec->time > since ? rec->time - since : 0);
	data_int(call->out, "cpu", rec->vcpu);
	if (rec->pc)
		data_u64(call->out, "pc", rec->pc);
	if (rec->ns)
		data_u64(call->out, "took_ns", rec->ns);
	mon_record_line(call->m, rec, since, call->out);
	data_since(call->out, "text", mark);
	data_end(call->out);
}

static void show(struct mon_call *call, unsigned topic)
{
	size_t max = call->arg[2].set ? (size_t)call->arg[2].num : SHOWN;
	int vcpu = call->arg[3].set ? (int)call->arg[3].num : -1;
	struct record_list got;
	uint64_t since;

	if (topic == DEVICES) {
		if (!mon_trace_show(call->m, max, call->out))
			mon_error(call, "no device was ever traced: `log devices on` begins it");
		return;
	}
	since = record_since(call->m, (enum record_topic)topic);
	if (!since) {
		mon_error(call, "%s were never logged: `log %s on` begins it",
			  mon_log_topic_name(topic), mon_log_topic_name(topic));
		return;
	}
	if (!record_get(call->m, (enum record_topic)topic, vcpu, max, &got)) {
		mon_error(call, "out of memory");
		return;
	}
	if (got.lost)
		field_u64(call->out, "before", "(%llu before these)\n", got.lost);
	data_list(call->out, "records");
	for (size_t i = 0; i < got.count; i++)
		put_record(call, &got.rec[i], since);
	data_end(call->out);
	if (!got.count)
		strbuf_puts(call->out, "nothing has happened yet\n");
	record_list_free(&got);
}

static void cmd_log(struct mon_call *call)
{
	unsigned topic = (unsigned)call->arg[0].num;

	if (!call->arg[0].set)
		list(call);
	else if (!call->arg[1].set || call->arg[1].num == MON_TRACE_SHOW)
		show(call, topic);
	else if (call->arg[1].num == MON_TRACE_ON)
		turn_on(call, topic);
	else
		turn_off(call, topic);
}

/* ---- the table ---- */

const char *mon_log_topic_name(unsigned n)
{
	return n == DEVICES ? "devices" : mon_record_topic_name((enum record_topic)n);
}

static const struct mon_field topic_fields[] = {
	{ "topic", MON_TEXT, false, "its name", NULL },
	{ "on", MON_BOOL, false, "it is recorded now", NULL },
	{ "recorded", MON_NUMBER, false, "since it was turned on", NULL },
	{ 0 },
};

static const struct mon_field record_fields[] = {
	{ "ns", MON_NUMBER, false, "time since it was turned on", NULL },
	{ "cpu", MON_INTEGER, false, "the vCPU; -1: nobody's", NULL },
	{ "pc", MON_NUMBER, MON_OPTIONAL, "of that vCPU", NULL },
	{ "took_ns", MON_NUMBER, MON_OPTIONAL, "of what takes time", NULL },
	{ "text", MON_TEXT, false, "the line", NULL },
	{ 0 },
};

static const struct mon_field result[] = {
	{ "topics", MON_LIST, MON_OPTIONAL, "what there is", topic_fields },
	{ "before", MON_NUMBER, MON_OPTIONAL, "records before these", NULL },
	{ "records", MON_LIST, MON_OPTIONAL, "of one topic, the oldest first", record_fields },
	{ 0 },
};

static const struct mon_arg args[] = {
	{ "TOPIC", &mon_arg_log_topic, true, 0, 0,
	  "exits, packets, irq, work or devices; without it, list what is on" },
	{ "WHAT", &mon_arg_trace_what, true, 0, 0, "on, off, or show, which it is unless given" },
	{ "N", &mon_arg_number, true, 1, SHOWN_MAX, "the last N; 20 unless given" },
	{ "CPU", &mon_arg_vcpu, true, 0, 0, "exits of one vCPU only" },
	{ 0 },
};

const struct mon_command mon_log_commands[] = {
	{
		.name = "log",
		.args = args,
		.help = "keep in memory what happens, and show it: exits, packets, interrupts, "
			"work, devices",
		.detail =
			"exits: why a vCPU came out of the guest, where, what it accessed, and how "
			"long that took\n"
			"to handle. packets: gdb's. irq: interrupts that vitrine sends, by whom, "
			"and "
			"what became\n"
			"of them. work: what other threads had done on a vCPU. devices: as `trace "
			"device` of all.\n"
			"The last 8192 are kept (of each vCPU's exits; packets 2048, a device's "
			"events 16384), also\n"
			"when it is off again; `on` begins anew. `trace save` writes them all to a "
			"file.",
		.examples = (const char *const[]){ "log", "log exits on", "log exits show 50",
						   "log exits show 10 0", "log packets on",
						   "log irq on", "log work on", "log devices on",
						   "log devices show", "log exits off", NULL },
		.run = cmd_log,
		.result = result,
	},
	{ 0 },
};
