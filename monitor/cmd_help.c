// SPDX-License-Identifier: GPL-3.0-or-later
/* help, made from the command table. */
#include <ctype.h>
#include <string.h>

#include "monitor/command.h"

static void list_one(const struct mon_command *parent, const struct mon_command *c,
		     struct strbuf *out)
{
	struct strbuf usage = STRBUF_INIT;

	mon_usage(parent, c, &usage);
	strbuf_printf(out, "  %-28s %s\n", strbuf_str(&usage), c->help);
	strbuf_free(&usage);
}

static void list(const struct mon_command *parent, struct strbuf *out)
{
	const struct mon_command *c;

	for (size_t n = 0; (c = mon_command_in(parent ? parent->sub : NULL, n)); n++)
		list_one(parent, c, out);
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

/* Whether the table says something of @word about the command, in whatever case. */
static bool speaks_of(const struct mon_command *cmd, const char *word)
{
	if (strcasestr(cmd->name, word) || strcasestr(cmd->help, word) ||
	    (cmd->aliases && strcasestr(cmd->aliases, word)) ||
	    (cmd->detail && strcasestr(cmd->detail, word)))
		return true;
	for (const struct mon_arg *a = cmd->args; a && a->name; a++)
		if (strcasestr(a->help, word))
			return true;
	return false;
}

static size_t list_about(const struct mon_command *parent, const char *word, struct strbuf *out)
{
	const struct mon_command *c;
	size_t found = 0;

	for (size_t n = 0; (c = mon_command_in(parent ? parent->sub : NULL, n)); n++) {
		if (c->run && speaks_of(c, word)) {
			list_one(parent, c, out);
			found++;
		}
		/* Not those of `help` itself: commands are one level deep below others. */
		if (!parent && c->sub)
			found += list_about(c, word, out);
	}
	return found;
}

static void help_about(struct mon_call *call)
{
	if (!call->arg[1].set)
		mon_error(call, "which word? `help -k page`");
	else if (!list_about(NULL, call->arg[1].str, call->out))
		mon_error(call, "no command speaks of '%.80s'", call->arg[1].str);
}

static void cmd_help(struct mon_call *call)
{
	const struct mon_command *parent = NULL, *cmd = NULL;
	const char *p = call->arg[1].str;
	struct error err;

	if (call->arg[0].set) {
		help_about(call);
		return;
	}
	if (!call->arg[1].set) {
		list(NULL, call->out);
		strbuf_puts(call->out, "`help COMMAND` tells more, `help -k WORD` finds one. A "
				       "command may be abbreviated as long as it is clear.\n"
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
	{ "-k", &mon_arg_flag, true, 0, 0, "the commands that speak of a word" },
	{ "COMMAND", &mon_arg_command, true, 0, 0, "one command, with its subcommand" },
	{ 0 },
};

const struct mon_command mon_help_commands[] = {
	{
		.name = "help",
		.aliases = "?|h",
		.args = help_args,
		.help = "list the commands, or explain one",
		.examples = (const char *const[]){ "help", "help x", "help info registers",
						   "help -k interrupt", NULL },
		.run = cmd_help,
		.result = mon_no_result,
	},
	{ 0 },
};
