// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Parsing the command line, and the help. See options.h. What there is, in tables of rows, and what
 * is done with it: options_boot.c, options_machine.c and so on.
 *
 * Options are QEMU's where QEMU has them, with one or two dashes
 * (getopt_long_only).
 */
#include "hv/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "hv/cli/options_internal.h"

#define MIB (1ull << 20)

static int set_help(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	(void)err;
	opts->help = true;
	return 0;
}

static int set_version(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	(void)err;
	opts->version = true;
	return 0;
}

static const struct option_row other_rows[] = {
	{ "help", NULL, "This text.", set_help },
	{ "version", NULL, "The version.", set_version },
};

static const struct option_group other_options = { "Other", other_rows, 2 };

static const struct option_group *const groups[] = {
	&cli_boot_options,  &cli_machine_options, &cli_devices_options,
	&cli_debug_options, &cli_console_options, &other_options,
};
#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))
#define ROW_MAX	    64

/* ---- parsing ---- */

/* @longs has room for ROW_MAX and the end; what stands at a place in it is in @rows. */
static void make_long_options(struct option *longs, const struct option_row **rows)
{
	size_t n = 0;

	for (size_t g = 0; g < GROUP_COUNT; g++) {
		for (size_t i = 0; i < groups[g]->count && n < ROW_MAX; i++, n++) {
			rows[n] = &groups[g]->rows[i];
			longs[n] = (struct option){
				.name = rows[n]->name,
				.has_arg = rows[n]->arg ? required_argument : no_argument,
				.val = (int)n + 256, /* never a character, so never '?' or ':' */
			};
		}
	}
	longs[n] = (struct option){ 0 };
}

static int apply(struct cli_options *opts, const struct option_row *row, const char *value,
		 struct error *err)
{
	int ret;

	if (row->arg && !*value && row->set != cli_set_append)
		return error_set(err, -EINVAL, "-%s needs an argument: %s", row->name, row->arg);
	ret = row->set(opts, value, err);
	if (ret < 0)
		error_prefix(err, "-%s", row->name);
	return ret;
}

static void set_defaults(struct cli_options *opts)
{
	*opts = (struct cli_options){ 0 };
	opts->cfg.ram_size = 256 * MIB;
	opts->cfg.vcpus = opts->cfg.max_vcpus = 1;
}

int cli_options_parse(struct cli_options *opts, int argc, char **argv, struct error *err)
{
	const struct option_row *rows[ROW_MAX];
	struct option longs[ROW_MAX + 1];
	int c, ret;

	set_defaults(opts);
	make_long_options(longs, rows);
	optind = 0; /* glibc: begin anew, with a new option string */
	opterr = 0;
	while ((c = getopt_long_only(argc, argv, "+:", longs, NULL)) != -1) {
		if (c == ':')
			return error_set(err, -EINVAL, "%.80s needs an argument", argv[optind - 1]);
		if (c == '?')
			return error_set(err, -EINVAL,
					 "%.80s is no option, or not the whole name of one",
					 argv[optind > 1 ? optind - 1 : 1]);
		ret = apply(opts, rows[c - 256], optarg, err);
		if (ret < 0)
			return ret;
	}
	if (optind < argc)
		return error_set(err, -EINVAL,
				 "'%.80s' is not expected here: a kernel is given with "
				 "-kernel FILE",
				 argv[optind]);
	cli_drives_end(&opts->drives);
	return 0;
}

int cli_options_check(const struct cli_options *opts, struct error *err)
{
	uint64_t host = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	if (opts->cfg.ram_size > host)
		return error_set(
			err, -ENOMEM,
			"-m: %llu MiB is more than the %llu MiB that this host has: ask for "
			"less",
			(unsigned long long)(opts->cfg.ram_size / MIB),
			(unsigned long long)(host / MIB));
	if (opts->cfg.max_vcpus > MACHINE_MAX_VCPUS)
		return error_set(err, -EINVAL, "-smp: %u vCPUs are too many: at most %d",
				 opts->cfg.max_vcpus, MACHINE_MAX_VCPUS);
	return 0;
}

/* ---- help ---- */

#define HELP_COLUMN 23
#define HELP_WIDTH  80

/* Words of @text from column HELP_COLUMN on, in lines of HELP_WIDTH. */
static void print_wrapped(FILE *out, const char *text)
{
	size_t column = HELP_COLUMN;
	size_t len;

	while (*text) {
		len = strcspn(text, " ");
		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)len, text);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_row(FILE *out, const struct option_row *row)
{
	int n = fprintf(out, "  -%s%s%s", row->name, row->arg ? " " : "", row->arg ? row->arg : "");

	if (n + 2 > HELP_COLUMN) {
		fputc('\n', out);
		n = 0;
	}
	fprintf(out, "%*s", HELP_COLUMN - n, "");
	print_wrapped(out, row->help);
}

void cli_group_help(FILE *out, const struct option_group *group)
{
	fprintf(out, "%s:\n", group->title);
	for (size_t i = 0; i < group->count; i++)
		print_row(out, &group->rows[i]);
}

const struct option_group *cli_option_group(size_t n)
{
	return n < GROUP_COUNT ? groups[n] : NULL;
}

void cli_options_help(FILE *out)
{
	for (size_t g = 0; g < GROUP_COUNT; g++) {
		cli_group_help(out, groups[g]);
		fputc('\n', out);
	}
}
