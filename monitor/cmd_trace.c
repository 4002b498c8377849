// SPDX-License-Identifier: GPL-3.0-or-later
/* trace: what devices do, as it happens, in a ring for each (hv/device_trace.h). */
#include <stdlib.h>

#include "hv/device_trace.h"
#include "hv/machine.h"
#include "monitor/command.h"
#include "monitor/trace_save.h"

#define SHOWN 20

static void list(struct mon_call *call)
{
	struct device_trace_copy copy;
	bool any = false;

	for (struct device *d = call->m->devices; d; d = d->next) {
		if (!device_trace_get(d, DEVICE_TRACE_EVENTS, &copy))
			continue;
		any = true;
		strbuf_printf(call->out, "%-12s %s, %llu events\n", d->name,
			      device_trace_is_on(d) ? "on" : "off",
			      (unsigned long long)(copy.lost + copy.count));
		free(copy.events);
	}
	if (!any)
		strbuf_puts(call->out, "no device is traced: `trace device NAME on` begins it\n");
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
		strbuf_printf(call->out, "(%llu events before these)\n",
			      (unsigned long long)copy.lost);
	for (size_t i = 0; i < copy.count; i++)
		mon_trace_line(call->m, dev, &copy.events[i], copy.start, call->out);
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

	if (n < 0)
		mon_error(call, "%s", err.text);
	else
		strbuf_printf(call->out, "%ld events written to %s\n", n, call->arg[0].str);
}

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
	},
	{
		.name = "save",
		.args = save_args,
		.help = "write all traces to a file; .json: a timeline for Perfetto or Chrome",
		.examples = (const char *const[]){ "trace save /tmp/devices.json",
						   "trace save devices.txt", NULL },
		.run = cmd_trace_save,
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
