/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the command line share. */
#ifndef HV_CLI_CLI_INTERNAL_H
#define HV_CLI_CLI_INTERNAL_H

#include "hv/error.h"

enum {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
};

/* Subcommands: argv[0] is the subcommand's name. They return the exit status of the program. */
int cli_run(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_monitor(int argc, char **argv);

struct cli_subcommand {
	const char *name;
	const char *args; /* NULL: takes none */
	int (*fn)(int argc, char **argv);
	const char *help;
};
/* Ends with a row whose name is NULL. */
extern const struct cli_subcommand cli_subcommands[];

/* Parts of the help, which are parts of the manual page, too: lines of at most 80 columns. */
extern const char cli_about[], cli_words[], cli_examples[];

/* Prints "vitrine: SENTENCE" and returns CLI_FAILED. */
int cli_fail(const struct error *err);
/* The same with a hint to the help; returns CLI_USAGE. */
int cli_usage_error(const struct error *err);
/* The help of the program. Returns CLI_OK. */
int cli_help(void);
int cli_version(void);

#endif
