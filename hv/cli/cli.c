// SPDX-License-Identifier: GPL-3.0-or-later
/* The subcommands, and what all of them say the same way. */
#include "hv/cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/cli/check.h"
#include "hv/cli/cli_internal.h"
#include "hv/cli/options.h"

static int sub_check(int argc, char **argv)
{
	struct error err;

	if (argc > 1) {
		error_set(&err, -1, "check takes no arguments, but was given '%.80s'", argv[1]);
		return cli_usage_error(&err);
	}
	return cli_check();
}

static int sub_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return cli_help();
}

static int sub_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return cli_version();
}

const struct cli_subcommand cli_subcommands[] = {
	{ "run", "-kernel FILE [OPTION]...", cli_run, "boot a kernel; may be left out" },
	{ "demo", "[OPTION]...", cli_demo, "boot the guest that vitrine carries, to try gdb on" },
	{ "monitor", "[OPTION]... [NAME|PATH|tcp:HOST:PORT]", cli_monitor,
	  "the monitor of a machine that runs, by name" },
	{ "check", NULL, sub_check, "find out what KVM can do here" },
	{ "help", NULL, sub_help, "this text" },
	{ "version", NULL, sub_version, "the version" },
	{ 0 },
};

int cli_fail(const struct error *err)
{
	fprintf(stderr, "vitrine: %s\n", err->text);
	return CLI_FAILED;
}

int cli_usage_error(const struct error *err)
{
	fprintf(stderr, "vitrine: %s (see `vitrine --help`)\n", err->text);
	return CLI_USAGE;
}

const char cli_about[] =
	"vitrine boots a guest on KVM and lets you stop it, look at all of it, and step\n"
	"it, from gdb and from its own console.\n";

const char cli_words[] =
	"DEV is stdio, unix:PATH, tcp:HOST:PORT, /dev/... (a serial line), file:PATH,\n"
	"pty or none. RUNDIR is $XDG_RUNTIME_DIR/vitrine, or /run/vitrine for root.\n"
	"`vitrine monitor --help` tells what that subcommand takes.\n";

const char cli_examples[] =
	"  vitrine demo\n"
	"  vitrine -kernel vmlinuz -initrd initrd.img -append console=ttyS0 -m 512 -smp 2\n"
	"  vitrine -kernel vmlinuz -append 'console=ttyS0 nokaslr' -S -name k\n"
	"      and elsewhere: gdb vmlinux -ex 'target remote /run/vitrine/k.gdb'\n"
	"      or: vitrine monitor k\n"
	"  vitrine -kernel hobby.elf -module 'init.elf quiet' -no-reboot -serial file:log\n";

int cli_help(void)
{
	printf("%s\nusage: vitrine [run] -kernel FILE [OPTION]...\n", cli_about);
	/* The first one is `run`. */
	for (const struct cli_subcommand *c = cli_subcommands + 1; c->name; c++)
		printf("       vitrine %-8s  %s\n", c->name, c->help);
	putchar('\n');
	cli_options_help(stdout);
	printf("%s\nExamples:\n%s", cli_words, cli_examples);
	return fflush(stdout) ? CLI_FAILED : CLI_OK;
}

int cli_version(void)
{
	puts("vitrine " VITRINE_VERSION);
	return fflush(stdout) ? CLI_FAILED : CLI_OK;
}

static int unknown_subcommand(const char *word)
{
	struct error err;

	if (!access(word, F_OK))
		error_set(&err, -1, "to boot the file %.200s say: vitrine -kernel %.200s", word,
			  word);
	else
		error_set(&err, -1, "there is no subcommand '%.80s'", word);
	return cli_usage_error(&err);
}

int cli_main(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] == '-')
		return cli_run(argc, argv);
	for (const struct cli_subcommand *c = cli_subcommands; c->name; c++) {
		if (!strcmp(argv[1], c->name))
			return c->fn(argc - 1, argv + 1);
	}
	return unknown_subcommand(argv[1]);
}
