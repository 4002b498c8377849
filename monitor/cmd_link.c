// SPDX-License-Identifier: GPL-3.0-or-later
/* Cables of network cards: set_link. */
#include "hv/control_device.h"
#include "monitor/command.h"
#include "monitor/session.h"

static void cmd_set_link(struct mon_call *call)
{
	struct error err = { "" };

	if (control_set_link(call->m, call->arg[0].str, call->arg[1].num, &err))
		mon_error(call, "%s", err.text);
}

static const struct mon_arg link_args[] = {
	{ "NAME", &mon_arg_card, false, 0, 0, "the card, or the id of its network: nic0" },
	{ "STATE", &mon_arg_on_off, false, 0, 0, "on: the cable is in; off: it is out" },
	{ 0 },
};

const struct mon_command mon_link_commands[] = {
	{
		.name = "set_link",
		.args = link_args,
		.help = "plug a network card's cable in or out",
		.detail = "The guest's driver is told. Frames in either direction are lost while "
			  "it is out. A reset leaves it as it is.",
		.examples = (const char *const[]){ "set_link nic0 off", "set_link net0 on", NULL },
		.run = cmd_set_link,
		.result = mon_no_result,
	},
	{ 0 },
};
