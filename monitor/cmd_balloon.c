// SPDX-License-Identifier: GPL-3.0-or-later
/* Memory that the guest gives back: balloon, info balloon. */
#include "hv/balloon.h"
#include "monitor/command.h"
#include "monitor/info.h"

static void cmd_balloon(struct mon_call *call)
{
	struct error err;

	if (control_balloon_resize(call->m, call->arg[0].num << 20, &err))
		mon_error(call, "%s", err.text);
}

void mon_info_balloon(struct mon_call *call)
{
	struct balloon_info info;
	struct error err;

	if (control_balloon_info(call->m, &info, &err))
		mon_error(call, "%s", err.text);
	else
		balloon_describe(&info, call->out);
}

static const struct mon_field stat_fields[] = {
	{ "name", MON_TEXT, false, "what it is", NULL },
	{ "value", MON_NUMBER, false, "bytes, or how often", NULL },
	{ 0 },
};

const struct mon_field mon_info_balloon_result[] = {
	{ "actual", MON_NUMBER, false, "bytes of memory that the guest has", NULL },
	{ "target", MON_NUMBER, false, "… that it is asked to have", NULL },
	{ "driver", MON_BOOL, false, "the guest has a driver for it", NULL },
	{ "freed", MON_NUMBER, false, "bytes that the host was given back, in all", NULL },
	{ "stats", MON_LIST, false, "what the guest says of its memory", stat_fields },
	{ 0 },
};

static const struct mon_arg balloon_args[] = {
	{ "MIB", &mon_arg_number, false, 1, UINT32_MAX, "how much it keeps, in MiB" },
	{ 0 },
};

const struct mon_command mon_balloon_commands[] = {
	{
		.name = "balloon",
		.args = balloon_args,
		.help = "ask the guest to keep so much of its memory, and to give the rest back",
		.detail = "It does so by and by, if it has a driver for virtio-balloon: `info "
			  "balloon` shows how far\nit is. With more than it has it takes all of it "
			  "back.",
		.examples = (const char *const[]){ "balloon 128", NULL },
		.run = cmd_balloon,
		.result = mon_no_result,
	},
	{ 0 },
};
