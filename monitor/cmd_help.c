// SPDX-License-Identifier: GPL-3.0-or-later
/* help, made from the command table. */
#include <ctype.h>
#include <string.h>

#include "monitor/command.h"

static void list(const struct mon_command *parent, struct strbuf *out)
{
	const struct mon_command *c;

	for (size_t n = 0; (c = mon_command_in(parent ? parent->sub : NULL, n)); n++) {
		struct strbuf usage = STRBUF_INIT;

		mon_usage(parent, c, &usage);
		strbuf_printf(out, "  %-28s %s\n", strbuf_str(&usage), c->help);
		strbuf_free(&usage);
	}
}

static void describe_args(const struct mon_command *cmd, struct strbuf *out)
{
	for (const struct mon_arg *a = cmd->args; a && a->name; a++)
		strbuf_printf(out, "  %-10s %s\n", a->name, a->help);
}

static void describe(const struct mon_command *parent, const struct mon_command *cmd,
		     struct strbuf *out)
{
	mon_usage(parent, cmd, out);
	strbuf_printf(out, "\n%s\n", cmd->help);
	describe_args(cmd, out);
	if (cmd->detail)
		strbuf_printf(out, "%s\n", cmd->detail);
	if (cmd->aliases) {
		strbuf_puts(out, "Also: ");
		for (const char *p = cmd->aliases; *p; p++)
			strbuf_add(out, *p == '|' ? ", " : p, *p == '|' ? 2 : 1);
		strbuf_puts(out, "\n");
	}
	if (cmd->sub)
		list(cmd, out);
	for (const char *const *e = cmd->examples; e && *e; e++)
		strbuf_printf(out, "Example: %s\n", *e);
}

static void cmd_help(struct mon_call *call)
{
	const struct mon_command *parent = NULL, *cmd = NULL;
	const char *p = call->arg[0].str;
	struct error err;

	if (!call->arg[0].set) {
		list(NULL, call->out);
		strbuf_puts(call->out, "`help COMMAND` tells more. A command may be abbreviated as "
				       "long as it is clear.\n"
				       "Numbers: 10 0x1f 0b101 017 4k 2M; registers: $NAME; + - * "
				       "/ and the rest of C.\n");
		return;
	}
	while (*p) {
		size_t n = strcspn(p, " \t");

		parent = cmd;
		if (n && mon_command_find(cmd ? cmd->sub : NULL, p, n, &cmd, &err)) {
			mon_error(call, "%s", err.text);
			return;
		}
		p += n;
		p += strspn(p, " \t");
	}
	if (cmd)
		describe(parent, cmd, call->out);
}

static const struct mon_arg help_args[] = {
	{ "COMMAND", &mon_arg_command, true, 0, 0, "one command, with its subcommand" },
	{ 0 },
};

const struct mon_command mon_help_commands[] = {
	{
		.name = "help",
		.aliases = "?|h",
		.args = help_args,
		.help = "list the commands, or explain one",
		.examples = (const char *const[]){ "help", "help x", "help info registers", NULL },
		.run = cmd_help,
		.result = mon_no_result,
	},
	{ 0 },
};
