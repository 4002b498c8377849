/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of options: one row gives the parsing and the help. */
#ifndef HV_CLI_OPTIONS_INTERNAL_H
#define HV_CLI_OPTIONS_INTERNAL_H

#include "hv/cli/options.h"

struct option_row {
	const char *name;
	const char *arg; /* NULL: takes none */
	const char *help;
	/* @value is NULL for an option without argument. The sentence is prefixed with the option's
	 * name. NULL: its subcommand has a parser of its own. */
	int (*set)(struct cli_options *opts, const char *value, struct error *err);
};

struct option_group {
	const char *title;
	const struct option_row *rows;
	size_t count;
};

/* The groups in the order of the help; NULL past the last. */
const struct option_group *cli_option_group(size_t n);
/* A group's rows in 80 columns. */
void cli_group_help(FILE *out, const struct option_group *group);

/* The one whose argument may be empty. */
int cli_set_append(struct cli_options *opts, const char *value, struct error *err);

extern const struct option_group cli_boot_options;
extern const struct option_group cli_machine_options;
extern const struct option_group cli_devices_options;
extern const struct option_group cli_debug_options;
extern const struct option_group cli_console_options;
/* Of `vitrine monitor` (monitor.c). */
extern const struct option_group cli_monitor_options;

#endif
