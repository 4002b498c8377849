// SPDX-License-Identifier: GPL-3.0-or-later
/* trace: what devices do, as it happens, in a ring for each (hv/device_trace.h). */
#include <stdlib.h>

#include "hv/device_trace.h"
#include "hv/fields.h"
#include "hv/machine.h"
#include "monitor/command.h"
#include "monitor/trace_save.h"

#define SHOWN 20

static void list(struct mon_call *call)
{
	struct device_trace_copy copy;
	bool any = false;

	data_list(call->out, "devices");
	for (struct device *d = call->m->devices; d; d = d->next) {
		if (!device_trace_get(d, DEVICE_TRACE_EVENTS, &copy))
			continue;
		any = true;
		data_object(call->out, NULL);
		field_str(call->out, "name", "%-12s ", d->name);
		field_bool(call->out, "on", device_trace_is_on(d), "on", "off");
		field_u64(call->out, "events", ", %llu events\n", copy.lost + copy.count);
		data_end(call->out);
		free(copy.events);
	}
	data_end(call->out);
	if (!any)
		strbuf_puts(call->out, "no device is traced: `trace device NAME on` begins it\n");
}

static void put_event(struct mon_call *call, const struct device *dev,
		      const struct device_event *ev, uint64_t start)
{
	size_t mark = call->out->len;

	data_object(call->out, NULL);
	data_u64(call->out, "ns", ev->time - start);
	data_int(call->out, "cpu", ev->vcpu);
	if (ev->vcpu >= 0)
		data_u64(call->out, "pc", ev->pc);
	mon_trace_line(call->m, dev, ev, start, call->out);
	data_since(call->out, "text", mark);
	data_end(call->out);
}

static void show(struct mon_call *call, struct device *dev)
{
	struct device_trace_copy copy;
	size_t max = call->arg[2].set ? (size_t)call->arg[2].num : SHOWN;

	if (!device_trace_get(dev, max, &copy)) {
		mon_error(call, "%s was never traced: `trace device %s on` begins it", dev->name,
			  dev->name);
		return;
	}
	if (copy.lost)
		field_u64(call->out, "before", "(%llu events before these)\n", copy.lost);
	data_list(call->out, "events");
	for (size_t i = 0; i < copy.count; i++)
		put_event(call, dev, &copy.events[i], copy.start);
	data_end(call->out);
	if (!copy.count)
		strbuf_printf(call->out, "%s has done nothing\n", dev->name);
	free(copy.events);
}

static void cmd_trace_device(struct mon_call *call)
{
	struct device *dev;
	struct error err;

	if (!call->arg[0].set) {
		list(call);
		return;
	}
	dev = device_find(call->m, call->arg[0].str);
	if (!dev)
		mon_error(call, "no such device");
	else if (!call->arg[1].set || call->arg[1].num == MON_TRACE_SHOW)
		show(call, dev);
	else if (call->arg[1].num == MON_TRACE_OFF)
		device_trace_stop(dev);
	else if (device_trace_start(dev, &err))
		mon_error(call, "%s", err.text);
}

static void cmd_trace_save(struct mon_call *call)
{
	struct error err;
	long n = mon_trace_save(call->m, call->arg[0].str, &err);

	if (n < 0) {
		mon_error(call, "%s", err.text);
	} else {
		field_int(call->out, "events", "%lld events written", n);
		field_str(call->out, "file", " to %s\n", call->arg[0].str);
	}
}

static const struct mon_field traced_fields[] = {
	{ "name", MON_TEXT, false, "of the device", NULL },
	{ "on", MON_BOOL, false, "it is traced now", NULL },
	{ "events", MON_NUMBER, false, "since it was turned on", NULL },
	{ 0 },
};

static const struct mon_field event_fields[] = {
	{ "ns", MON_NUMBER, false, "time since it was turned on", NULL },
	{ "cpu", MON_INTEGER, false, "the vCPU; -1: the device by itself", NULL },
	{ "pc", MON_NUMBER, MON_OPTIONAL, "of that vCPU", NULL },
	{ "text", MON_TEXT, false, "the line", NULL },
	{ 0 },
};

static const struct mon_field device_result[] = {
	{ "devices", MON_LIST, MON_OPTIONAL, "those that were traced", traced_fields },
	{ "before", MON_NUMBER, MON_OPTIONAL, "events before these", NULL },
	{ "events", MON_LIST, MON_OPTIONAL, "of one device, the oldest first", event_fields },
	{ 0 },
};

static const struct mon_field save_result[] = {
	{ "events", MON_INTEGER, false, "that were written", NULL },
	{ "file", MON_TEXT, false, "where", NULL },
	{ 0 },
};

static const struct mon_arg device_args[] = {
	{ "NAME", &mon_arg_device, true, 0, 0, "the device; without it, list what is traced" },
	{ "WHAT", &mon_arg_trace_what, true, 0, 0, "on, off, or show, which it is unless given" },
	{ "N", &mon_arg_number, true, 1, DEVICE_TRACE_EVENTS,
	  "the last N events; 20 unless given" },
	{ 0 },
};

static const struct mon_arg save_args[] = {
	{ "FILE", &mon_arg_file, false, 0, 0, "text, or a timeline when it ends with .json" },
	{ 0 },
};

static const struct mon_command trace_subcommands[] = {
	{
		.name = "device",
		.args = device_args,
		.help = "record what a device does: accesses, DMA, interrupts",
		.detail =
			"A line has the time since `on`, the vCPU and its pc, and what happened; "
			"where the\n"
			"device acted by itself there is no vCPU. At a write to memory the pc may "
			"be behind\n"
			"the instruction. The last 16384 events of each device are kept.",
		.examples = (const char *const[]){ "trace device", "trace device serial0 on",
						   "trace device serial0 show 50",
						   "trace device serial0 off", NULL },
		.run = cmd_trace_device,
		.result = device_result,
	},
	{
		.name = "save",
		.args = save_args,
		.help = "write what was traced and logged to a file; .json: a timeline for "
			"Perfetto or "
			"Chrome",
		.detail = "The timeline has a track for each vCPU: in the guest, in an exit by its "
			  "reason, "
			  "stopped; others\n"
			  "for devices, interrupts, gdb's packets, and work on vCPUs. A halted "
			  "vCPU is in "
			  "the guest.",
		.examples = (const char *const[]){ "trace save /tmp/devices.json",
						   "trace save devices.txt", NULL },
		.run = cmd_trace_save,
		.result = save_result,
	},
	{ 0 },
};

const struct mon_command mon_trace_commands[] = {
	{
		.name = "trace",
		.help = "record what happens",
		.examples = (const char *const[]){ "trace device serial0 on", NULL },
		.sub = trace_subcommands,
	},
	{ 0 },
};
