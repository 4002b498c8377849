// SPDX-License-Identifier: GPL-3.0-or-later
/* Stops for what devices do: watch device, break irq, break dma; faults: inject. See
 * hv/control_device.h. */
#include <stdio.h>
#include <string.h>

#include "hv/control_device.h"
#include "hv/fields.h"
#include "monitor/command.h"
#include "monitor/session.h"

static void add(struct mon_call *call, const struct device_bp_spec *spec)
{
	struct error err = { "" };
	struct device_bp_info info;
	int id = control_device_bp_add(call->m, &call->session->client, spec, &err);

	if (id < 0) {
		mon_error(call, "%s", err.text[0] ? err.text : "it cannot be set");
		return;
	}
	for (size_t n = 0; control_device_bp_get(call->m, n, &info); n++)
		if (info.id == id) {
			field_int(call->out, "id", "breakpoint %lld: ", id);
			field_str(call->out, "text", "%s\n", info.text);
		}
}

static const struct mon_field added_result[] = {
	{ "id", MON_INTEGER, false, "its number", NULL },
	{ "text", MON_TEXT, false, "what stops the guest", NULL },
	{ 0 },
};

static void cmd_watch_device(struct mon_call *call)
{
	const char *dot = strchr(call->arg[0].str, '.');
	struct device_bp_spec spec = {
		.kind = DEVICE_BP_REG,
		.reg = dot + 1,
		.access = call->arg[1].set ? (enum bp_kind)call->arg[1].num : BP_ACCESS,
		.mask = call->arg[2].mask,
		.value = call->arg[2].num,
	};
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)(dot - call->arg[0].str), call->arg[0].str);
	spec.device = name;
	add(call, &spec);
}

static void cmd_break_irq(struct mon_call *call)
{
	add(call, &(struct device_bp_spec){ .kind = DEVICE_BP_IRQ, .device = call->arg[0].str });
}

static void cmd_break_dma(struct mon_call *call)
{
	add(call, &(struct device_bp_spec){
			  .kind = DEVICE_BP_DMA,
			  .device = call->arg[0].str,
			  .addr = call->arg[1].num,
			  .len = call->arg[2].set   ? call->arg[2].num
				 : call->arg[1].set ? 1
						    : 0,
		  });
}

static void cmd_inject(struct mon_call *call)
{
	struct error err = { "" };

	if (control_inject(call->m, call->arg[0].str, (enum device_fault)call->arg[1].num, &err))
		mon_error(call, "%s", err.text);
}

static const struct mon_arg inject_args[] = {
	{ "NAME", &mon_arg_device, false, 0, 0, "the device" },
	{ "FAULT", &mon_arg_fault, false, 0, 0,
	  "error, timeout, lost-irq, spurious-irq or unplug" },
	{ 0 },
};

const struct mon_command mon_inject_commands[] = {
	{
		.name = "inject",
		.args = inject_args,
		.help = "let something go wrong in a device, so that its driver's error path runs",
		.detail = "error         its next request or access to memory fails\n"
			  "timeout       its next request is never done\n"
			  "lost-irq      its next interrupt does not arrive\n"
			  "spurious-irq  it interrupts now, for nothing\n"
			  "unplug        it is gone until the next reset: reads give all ones\n"
			  "All of them end with a reset. `info device NAME` shows what has not "
			  "happened yet.",
		.examples = (const char *const[]){ "inject serial0 lost-irq",
						   "inject serial0 unplug", NULL },
		.run = cmd_inject,
		.result = mon_no_result,
	},
	{ 0 },
};

static const struct mon_arg reg_args[] = {
	{ "NAME.REG", &mon_arg_device_reg, false, 0, 0, "device and register: serial0.lcr" },
	{ "ACCESS", &mon_arg_access, true, 0, 0, "r, w or rw, which it is unless given" },
	{ "COND", &mon_arg_condition, true, 0, 0, "if value & MASK == V, or if value == V" },
	{ 0 },
};

static const struct mon_arg irq_args[] = {
	{ "NAME", &mon_arg_device, false, 0, 0, "the device" },
	{ 0 },
};

static const struct mon_arg dma_args[] = {
	{ "NAME", &mon_arg_device, false, 0, 0, "the device" },
	{ "ADDR", &mon_arg_address, true, 0, 0, "physical address; any unless given" },
	{ "LEN", &mon_arg_number, true, 1, UINT64_MAX, "how many bytes; 1 unless given" },
	{ 0 },
};

const struct mon_command mon_watch_device_commands[] = {
	{
		.name = "device",
		.args = reg_args,
		.help = "stop after the guest has accessed a register of a device",
		.detail = "A look (info device, x, gdb) is no access.",
		.examples = (const char *const[]){ "watch device serial0.lcr",
						   "watch device serial0.lcr w",
						   "watch device serial0.iir r if value & 0xf == 2",
						   NULL },
		.run = cmd_watch_device,
		.result = added_result,
	},
	{ 0 },
};

const struct mon_command mon_break_device_commands[] = {
	{
		.name = "irq",
		.args = irq_args,
		.help = "stop when a device raises its interrupt line or sends a message",
		.examples = (const char *const[]){ "break irq serial0", NULL },
		.run = cmd_break_irq,
		.result = added_result,
	},
	{
		.name = "dma",
		.args = dma_args,
		.help = "stop when a device reads or writes memory",
		.examples = (const char *const[]){ "break dma serial0",
						   "break dma serial0 0x100000 4k", NULL },
		.run = cmd_break_dma,
		.result = added_result,
	},
	{ 0 },
};
