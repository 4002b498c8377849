// SPDX-License-Identifier: GPL-3.0-or-later
/* `vitrine monitor`: finds the machine that is meant and hands over to monitor/client.h. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/cli/cli_internal.h"
#include "hv/cli/machines.h"
#include "hv/cli/options_internal.h"
#include "monitor/client.h"
#include "monitor/style.h"

#define COMMANDS_MAX 256

struct request {
	const char *commands[COMMANDS_MAX];
	size_t count;
	const char *machine; /* a name, a path or "tcp:…"; NULL: the only one */
	bool list, help;
};

enum { OPT_COMMAND, OPT_LIST, OPT_HELP };

static const struct option_row rows[] = {
	[OPT_COMMAND] = { "c", "COMMAND",
			  "Run a command instead of asking a person for some; may be given several "
			  "times. The first that fails ends it, with status 1.",
			  NULL },
	[OPT_LIST] = { "list", NULL, "The machines that run, and their processes.", NULL },
	[OPT_HELP] = { "help", NULL, "This text.", NULL },
};

const struct option_group cli_monitor_options = { "Options of vitrine monitor", rows,
						  sizeof(rows) / sizeof(rows[0]) };

/* ---- the command line ---- */

static int parse(struct request *r, int argc, char **argv, struct error *err)
{
	const struct option longs[] = {
		{ rows[OPT_COMMAND].name, required_argument, NULL, OPT_COMMAND },
		{ rows[OPT_LIST].name, no_argument, NULL, OPT_LIST },
		{ rows[OPT_HELP].name, no_argument, NULL, OPT_HELP },
		{ 0 },
	};
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long_only(argc, argv, ":", longs, NULL)) != -1) {
		switch (c) {
		case OPT_COMMAND:
			if (r->count == COMMANDS_MAX)
				return error_set(err, -EINVAL, "these are too many commands");
			r->commands[r->count++] = optarg;
			break;
		case OPT_LIST:
			r->list = true;
			break;
		case OPT_HELP:
			r->help = true;
			break;
		case ':':
			return error_set(err, -EINVAL, "%.80s needs an argument", argv[optind - 1]);
		default:
			return error_set(err, -EINVAL, "monitor has no option %.80s",
					 argv[optind > 1 ? optind - 1 : 1]);
		}
	}
	if (optind < argc)
		r->machine = argv[optind++];
	if (optind < argc)
		return error_set(err, -EINVAL,
				 "'%.80s': one machine at a time; a command with blanks needs "
				 "quotes: -c 'info status'",
				 argv[optind]);
	return 0;
}

static int monitor_help(void)
{
	fputs("usage: vitrine monitor [OPTION]... [NAME|PATH|tcp:HOST:PORT]\n"
	      "\n"
	      "The monitor of a machine that runs: of the one called NAME (-name), of the one "
	      "whose\n"
	      "monitor's socket is PATH or listens on a TCP port (-monitor tcp:HOST:PORT), or of "
	      "the\n"
	      "only one. A person gets lines to edit, with completion and history, and leaves "
	      "with\n"
	      "Ctrl-D; what comes from a pipe is run line by line.\n"
	      "\n",
	      stdout);
	cli_group_help(stdout, &cli_monitor_options);
	return fflush(stdout) ? CLI_FAILED : CLI_OK;
}

/* ---- which machine ---- */

static void print_list(FILE *out, const struct machine_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%-24s process %d\n", list->entry[i].name, (int)list->entry[i].pid);
}

static int list_machines(struct machine_list *list)
{
	if (!list->count)
		fputs("vitrine: no machine runs\n", stderr);
	print_list(stdout, list);
	return fflush(stdout) ? CLI_FAILED : CLI_OK;
}

/* There is none of this name, or it was not said which of several. */
static int which(const struct machine_list *list, const char *name)
{
	if (name)
		fprintf(stderr, "vitrine: no machine called '%.80s' runs%s\n", name,
			list->count ? "; those that do:" : ", nor any other");
	else
		fprintf(stderr, "vitrine: %s\n",
			list->count ? "which machine? vitrine monitor NAME" : "no machine runs");
	print_list(stderr, list);
	return CLI_FAILED;
}

static bool is_listed(const struct machine_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->entry[i].name, name))
			return true;
	return false;
}

/* ---- lines of a batch ---- */

struct given_lines {
	struct client_lines lines; /* first */
	const char *const *next;
	size_t left;
};

static const char *next_given(struct client_lines *lines)
{
	struct given_lines *given = (struct given_lines *)lines;

	return given->left ? (given->left--, *given->next++) : NULL;
}

struct piped_lines {
	struct client_lines lines; /* first */
	char *line;
	size_t size;
};

/* Lines for nobody, empty ones and #, do not go over the socket. */
static const char *next_piped(struct client_lines *lines)
{
	struct piped_lines *piped = (struct piped_lines *)lines;
	ssize_t n;

	while ((n = getline(&piped->line, &piped->size, stdin)) > 0) {
		char *text = piped->line + strspn(piped->line, " \t\r");

		if (piped->line[n - 1] == '\n')
			piped->line[n - 1] = '\0';
		if (*text && *text != '\n' && *text != '#')
			return text;
	}
	return NULL;
}

static int run_batch(struct remote_link *link, const char *name, const struct request *r)
{
	struct given_lines given = { { next_given }, r->commands, r->count };
	struct piped_lines piped = { { next_piped }, NULL, 0 };
	int status = client_batch(link, name, r->count ? &given.lines : &piped.lines);

	free(piped.line);
	return status;
}

/* ---- all of it ---- */

static int attach(const struct request *r, const char *path, const char *name)
{
	bool person = !r->count && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct remote_link link;
	struct error err;

	if (remote_link_open(&link, path,
			     !person	      ? "batch"
			     : style_wanted() ? "tty colour"
					      : "tty",
			     &err))
		return cli_fail(&err);
	return person ? client_terminal(&link, name) : run_batch(&link, name, r);
}

static int attach_named(const struct request *r, const struct machine_list *list)
{
	const char *name = r->machine;
	char path[PATH_MAX];
	struct error err;

	if (!name && list->count == 1)
		name = list->entry[0].name;
	if (!name || !is_listed(list, name))
		return which(list, name);
	return machines_socket(name, path, sizeof(path), &err) ? cli_fail(&err)
							       : attach(r, path, name);
}

static const char *socket_of(const char *machine)
{
	if (machine && !strncmp(machine, "unix:", 5))
		return machine + 5;
	return machine && (!strncmp(machine, "tcp:", 4) || strchr(machine, '/')) ? machine : NULL;
}

int cli_monitor(int argc, char **argv)
{
	struct machine_list list;
	struct request r = { 0 };
	struct error err;
	const char *path;
	int status;

	if (parse(&r, argc, argv, &err))
		return cli_usage_error(&err);
	if (r.help)
		return monitor_help();
	path = socket_of(r.machine);
	if (path && !r.list)
		return attach(&r, path, path);
	if (machines_find(&list, &err))
		return cli_fail(&err);
	status = r.list ? list_machines(&list) : attach_named(&r, &list);
	machines_free(&list);
	return status;
}
