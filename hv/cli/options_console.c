// SPDX-License-Identifier: GPL-3.0-or-later
/* Options: serial ports and consoles. See options.h. */
#include <errno.h>
#include <string.h>

#include "hv/cli/options_internal.h"

static int set_serial(struct cli_options *opts, const char *value, struct error *err)
{
	if (opts->serials == CLI_SERIALS)
		return error_set(err, -EINVAL, "the machine has at most %d serial ports",
				 CLI_SERIALS);
	opts->serial[opts->serials++] = value;
	return 0;
}

static int set_monitor(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->monitor = value;
	return 0;
}

static int set_monitor_script(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->monitor_script = value;
	return 0;
}

static int set_qmp(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->qmp = value;
	return 0;
}

static int set_debugcon(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->cfg.debugcon = strcmp(value, "none") ? value : NULL;
	return 0;
}

/* There is no graphics to be without: accepted for fingers that are used to it. */
static int set_nographic(struct cli_options *opts, const char *value, struct error *err)
{
	(void)opts;
	(void)value;
	(void)err;
	return 0;
}

static const struct option_row rows[] = {
	{ "serial", "DEV", "The next of up to four serial ports. Default: the first on stdio.",
	  set_serial },
	{ "monitor", "DEV",
	  "vitrine's own console. Default: on stdio with the serial port; Ctrl-A c changes between "
	  "them, Ctrl-A h helps, Ctrl-A x quits. Unless it is none, `vitrine monitor NAME` reaches "
	  "it, too: at unix:RUNDIR/NAME.mon.",
	  set_monitor },
	{ "monitor-script", "FILE",
	  "Run the monitor commands of FILE; one that fails ends vitrine with status 1.",
	  set_monitor_script },
	{ "qmp", "DEV", "The monitor for programs: JSON, as QEMU's QMP.", set_qmp },
	{ "debugcon", "DEV", "Output of I/O port 0xe9.", set_debugcon },
	{ "nographic", NULL, "Nothing: there are no graphics.", set_nographic },
};

const struct option_group cli_console_options = { "Serial ports and consoles", rows,
						  sizeof(rows) / sizeof(rows[0]) };
