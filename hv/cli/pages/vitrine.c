// SPDX-License-Identifier: GPL-3.0-or-later
/* vitrine(1): subcommands and options, from the tables of the command line. */
#include "hv/cli/cli_internal.h"
#include "hv/cli/options_internal.h"
#include "hv/cli/pages/pages.h"

static const struct {
	const char *macro, *name, *text;
} files[] = {
	{ "Pa", "RUNDIR/NAME.gdb", "the socket for gdb" },
	{ "Pa", "RUNDIR/NAME.mon", "the socket for `vitrine monitor`" },
	{ "Pa", "RUNDIR/NAME.elf", "the symbols of the demo guest" },
	{ "Pa", "$XDG_STATE_HOME/vitrine/history",
	  "what was typed at monitors; without the variable below ~/.local/state" },
	{ 0 },
};

static const struct {
	const char *name, *text;
} variables[] = {
	{ "XDG_RUNTIME_DIR", "Where RUNDIR is, a directory of the user's own." },
	{ "NO_COLOR", "When it is set and not empty, there are no colours." },
	{ "TERM", "What the terminal can do; dumb: no colours." },
	{ "INPUTRC", "Keys for editing lines, as of readline(3); the application is vitrine." },
	{ 0 },
};

static const struct {
	const char *status, *text;
} statuses[] = {
	{ "0", "The guest powered off, or a person ended it." },
	{ "1", "Something failed: a sentence on standard error says what." },
	{ "2", "The command line was wrong." },
	{ "others", "What the guest wrote to the debug-exit port, or a script gave to quit." },
	{ 0 },
};

static void synopsis(FILE *out)
{
	fputs(".Sh SYNOPSIS\n.Nm\n.Op Cm run\n.Fl kernel Ar FILE\n.Op Ar OPTION ...\n", out);
	for (const struct cli_subcommand *c = cli_subcommands + 1; c->name; c++)
		fprintf(out, ".Nm\n.Cm %s%s%s\n", c->name, c->args ? " Ar " : "",
			c->args ? c->args : "");
}

static void subcommands(FILE *out)
{
	fputs(".Sh SUBCOMMANDS\n.Bl -tag -width monitor\n", out);
	for (const struct cli_subcommand *c = cli_subcommands; c->name; c++) {
		roff_item(out, "Cm", c->name);
		roff_text(out, c->help);
	}
	fputs(".El\n", out);
}

static void group(FILE *out, const struct option_group *g)
{
	fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n", g->title);
	for (size_t i = 0; i < g->count; i++) {
		const struct option_row *row = &g->rows[i];
		char text[128];

		snprintf(text, sizeof(text), "-%s%s%s", row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
		roff_item(out, "Sy", text);
		roff_text(out, row->help);
	}
	fputs(".El\n", out);
}

static void options(FILE *out)
{
	const struct option_group *g;

	fputs(".Sh OPTIONS\nAn option begins with one dash or two.\n", out);
	for (size_t n = 0; (g = cli_option_group(n)); n++)
		group(out, g);
	group(out, &cli_monitor_options);
	fputs(".Ss Words\n", out);
	roff_text(out, cli_words);
}

static void rest(FILE *out)
{
	fputs(".Sh ENVIRONMENT\n.Bl -tag -width XDG_RUNTIME_DIR\n", out);
	for (size_t i = 0; variables[i].name; i++) {
		roff_item(out, "Ev", variables[i].name);
		roff_text(out, variables[i].text);
	}
	fputs(".El\n.Sh FILES\n.Bl -tag -width Ds\n", out);
	for (size_t i = 0; files[i].name; i++) {
		roff_item(out, files[i].macro, files[i].name);
		roff_text(out, files[i].text);
	}
	fputs(".El\n.Sh EXIT STATUS\n.Bl -tag -width others\n", out);
	for (size_t i = 0; statuses[i].status; i++) {
		roff_item(out, "", statuses[i].status);
		roff_text(out, statuses[i].text);
	}
	fputs(".El\n.Sh EXAMPLES\n", out);
	roff_literal(out, cli_examples);
	fputs(".Sh SEE ALSO\n.Xr gdb 1 ,\n.Xr vitrine-monitor 7\n", out);
}

void page_vitrine(FILE *out, const char *date)
{
	roff_title(out, date, "vitrine", "1");
	fputs(".Sh NAME\n.Nm vitrine\n.Nd virtual machine monitor for looking inside a kernel\n",
	      out);
	synopsis(out);
	fputs(".Sh DESCRIPTION\n", out);
	roff_text(out, cli_about);
	subcommands(out);
	options(out);
	rest(out);
}
