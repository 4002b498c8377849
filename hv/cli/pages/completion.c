// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Completion for bash (bash(1), Programmable Completion): subcommands, options, what an option
 * takes, names of machines that run, commands of the monitor.
 */
#include <stdbool.h>
#include <string.h>

#include "hv/cli/cli_internal.h"
#include "hv/cli/options_internal.h"
#include "hv/cli/pages/pages.h"
#include "monitor/command.h"

/* What an argument that is called so can begin with, as an argument of compgen. */
static const struct {
	const char *arg, *compgen;
} kinds[] = {
	{ "FILE", "-f" },
	{ "DEV", "-W 'stdio unix: tcp: file: pty none'" },
	{ "[DEV][,on-disconnect=POLICY]", "-W 'unix: tcp: none'" },
	{ "COMMAND", "-W \"$commands\"" },
};

static const char *kind_of(const struct option_row *row)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (row->arg && !strcmp(row->arg, kinds[i].arg))
			return kinds[i].compgen;
	return NULL;
}

static void option_words(FILE *out, const struct option_group *g)
{
	for (size_t i = 0; i < g->count; i++)
		fprintf(out, " -%s", g->rows[i].name);
}

/* A case for each option with an argument; for the others bash goes on below. */
static void option_cases(FILE *out, const struct option_group *g, bool ours)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct option_row *row = &g->rows[i];
		const char *kind = kind_of(row);

		if (!row->arg)
			continue;
		fprintf(out, "\t%s:-%s|%s:--%s)\n", ours ? "run" : "monitor", row->name,
			ours ? "run" : "monitor", row->name);
		if (kind)
			fprintf(out, "\t\tmapfile -t COMPREPLY < <(compgen %s -- \"$cur\")\n",
				kind);
		fputs("\t\treturn ;;\n", out);
	}
}

static void words(FILE *out)
{
	const struct option_group *g;
	const struct mon_command *cmd;

	fputs("\tlocal subcommands='", out);
	for (const struct cli_subcommand *c = cli_subcommands; c->name; c++)
		fprintf(out, "%s%s", c == cli_subcommands ? "" : " ", c->name);
	fputs("'\n\tlocal options='", out);
	for (size_t n = 0; (g = cli_option_group(n)); n++)
		option_words(out, g);
	fputs("'\n\tlocal monitor_options='", out);
	option_words(out, &cli_monitor_options);
	fputs("'\n\tlocal commands='", out);
	for (size_t n = 0; (cmd = mon_command_at(n)); n++)
		fprintf(out, "%s%s", n ? " " : "", cmd->name);
	fputs("'\n", out);
}

void completion_bash(FILE *out, const char *date)
{
	const struct option_group *g;

	(void)date;
	fputs("# bash completion for vitrine; made from vitrine's tables: hv/cli/pages.\n"
	      "_vitrine()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} what=run\n",
	      out);
	words(out);
	fputs("\tCOMPREPLY=()\n"
	      "\tif ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then\n"
	      "\t\twhat=${COMP_WORDS[1]}\n"
	      "\t\t[[ $what == demo ]] && what=run\n"
	      "\tfi\n"
	      "\tcase $what:$prev in\n",
	      out);
	for (size_t n = 0; (g = cli_option_group(n)); n++)
		option_cases(out, g, true);
	option_cases(out, &cli_monitor_options, false);
	fputs("\tesac\n"
	      "\tcase $what in\n"
	      "\trun)\n"
	      "\t\t((COMP_CWORD == 1)) && [[ $cur != -* ]] && options=$subcommands ;;\n"
	      "\tmonitor)\n"
	      "\t\toptions=$monitor_options\n"
	      "\t\tif [[ $cur == */* ]]; then\n"
	      "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	      "\t\t\treturn\n"
	      "\t\tfi\n"
	      "\t\t[[ $cur != -* ]] && options=$(\"${COMP_WORDS[0]}\" monitor -list 2>/dev/null |\n"
	      "\t\t\twhile read -r name _; do printf '%s ' \"$name\"; done) ;;\n"
	      "\t*)\n"
	      "\t\treturn ;;\n"
	      "\tesac\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	      "}\n"
	      "complete -o filenames -F _vitrine vitrine\n",
	      out);
}
