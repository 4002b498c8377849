// SPDX-License-Identifier: GPL-3.0-or-later
/* vitrine-monitor(7): the commands of the monitor, from its table. */
#include <string.h>

#include "hv/cli/pages/pages.h"
#include "monitor/command.h"

static const char about[] =
	"The monitor is vitrine's own console: on the terminal that it was started on, at a "
	"socket, from `vitrine monitor NAME`, and in gdb as `monitor COMMAND`. "
	"gdb and any number of monitors are equal; what one does, the others are told.";

static const char lines[] =
	"A line is a command and its arguments. "
	"A name may be abbreviated as long as it is clear. "
	"Where a number or an address is wanted, an expression may stand: numbers as 10, 0x1f, "
	"0b101, 017, 4k and 2M, registers as $NAME, symbols, memory as u8(ADDR), u16, u32 and u64, "
	"and the operators of C. "
	"The last argument of a command may contain blanks, others need parentheses.";

static void arguments(FILE *out, const struct mon_command *cmd)
{
	if (!cmd->args || !cmd->args->name)
		return;
	fputs(".Bl -tag -width pagination -compact\n", out);
	for (const struct mon_arg *a = cmd->args; a->name; a++) {
		roff_item(out, "", a->name);
		roff_text(out, a->help);
	}
	fputs(".El\n", out);
}

static void aliases(FILE *out, const char *names)
{
	size_t len;

	if (!names)
		return;
	fputs(".Pp\nAlso", out);
	for (; *names; names += len + (names[len] == '|')) {
		len = strcspn(names, "|");
		fputs("\n.Sy \"\\&", out);
		roff_escaped(out, names, len);
		fputs(names[len] ? "\" ," : "\" .", out);
	}
	putc('\n', out);
}

static void examples(FILE *out, const struct mon_command *cmd)
{
	struct strbuf text = STRBUF_INIT;

	for (const char *const *e = cmd->examples; e && *e; e++)
		strbuf_printf(&text, "(vitrine) %s\n", *e);
	if (text.len)
		roff_literal(out, strbuf_str(&text));
	strbuf_free(&text);
}

static void command(FILE *out, const struct mon_command *parent, const struct mon_command *cmd)
{
	struct strbuf usage = STRBUF_INIT;

	/* A word that only has others behind it is none of its own. */
	if (cmd->run) {
		mon_usage(parent, cmd, &usage);
		roff_item(out, "Sy", strbuf_str(&usage));
		strbuf_free(&usage);
		roff_text(out, cmd->help);
		arguments(out, cmd);
		if (cmd->detail) {
			fputs(".Pp\n", out);
			roff_text(out, cmd->detail);
		}
		aliases(out, cmd->aliases);
		examples(out, cmd);
	}
	for (const struct mon_command *c = cmd->sub; c && c->name; c++)
		command(out, cmd, c);
}

void page_monitor(FILE *out, const char *date)
{
	const struct mon_command *cmd;

	roff_title(out, date, "vitrine-monitor", "7");
	fputs(".Sh NAME\n.Nm vitrine-monitor\n.Nd commands of vitrine's monitor\n.Sh DESCRIPTION\n",
	      out);
	roff_text(out, about);
	fputs(".Pp\n", out);
	roff_text(out, lines);
	fputs(".Sh COMMANDS\n.Bl -tag -width Ds\n", out);
	for (size_t n = 0; (cmd = mon_command_at(n)); n++)
		command(out, NULL, cmd);
	fputs(".El\n.Sh SEE ALSO\n.Xr gdb 1 ,\n.Xr vitrine 1\n", out);
}
