// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who gets standard input and output: see cli_console_plan() in options.h.
 *
 *   -serial          -monitor       stdio
 *   not given        not given      serial port 0 and monitor, shared
 *   stdio            not given      the same
 *   not given        stdio          monitor alone, no serial port
 *   other            not given      monitor, when a person is at a terminal
 *   stdio            stdio          shared
 *
 * Wherever stdio is used by these two it goes through the mux, so that
 * Ctrl-A x always ends the program.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hv/cli/options.h"

static bool is_stdio(const char *dev)
{
	/* QEMU's name for a shared one. */
	return dev && (!strcmp(dev, "stdio") || !strcmp(dev, "mon:stdio"));
}

static const char *or_none(const char *dev)
{
	return dev && strcmp(dev, "none") ? dev : NULL;
}

static int plan_serial(struct cli_console_plan *plan, const struct cli_options *opts,
		       struct error *err)
{
	unsigned i;

	for (i = 0; i < opts->serials; i++) {
		if (!is_stdio(opts->serial[i])) {
			plan->serial[i] = or_none(opts->serial[i]);
			continue;
		}
		if (plan->mux_serial >= 0)
			return error_set(err, -EINVAL, "two serial ports cannot share stdio");
		plan->mux_serial = (int)i;
	}
	return 0;
}

int cli_console_plan(struct cli_console_plan *plan, const struct cli_options *opts,
		     struct error *err)
{
	bool gdb = is_stdio(opts->gdb), debugcon = is_stdio(opts->cfg.debugcon);
	bool qmp = is_stdio(opts->qmp);
	bool taken = gdb || debugcon || qmp;
	int ret;

	*plan = (struct cli_console_plan){ .mux_serial = -1 };
	ret = plan_serial(plan, opts, err);
	if (ret < 0)
		return ret;
	if (!opts->serials && !opts->monitor && !taken)
		plan->mux_serial = 0;
	plan->mux_monitor = is_stdio(opts->monitor);
	if (!opts->monitor && !taken)
		plan->mux_monitor = plan->mux_serial >= 0 || isatty(STDIN_FILENO);
	if (!plan->mux_monitor)
		plan->monitor = or_none(opts->monitor);
	/* A monitor that is elsewhere does not take the guest's console away. */
	if (!opts->serials && opts->monitor && !is_stdio(opts->monitor) && !taken)
		plan->mux_serial = 0;
	plan->monitor_socket = !opts->monitor || or_none(opts->monitor);
	plan->mux = plan->mux_serial >= 0 || plan->mux_monitor;
	if (gdb + debugcon + qmp + plan->mux > 1)
		return error_set(err, -EINVAL,
				 "stdio was given to more than one of -gdb, -qmp, -debugcon, "
				 "-serial and -monitor: only the last two can share it");
	plan->qmp = or_none(opts->qmp);
	plan->gdb = opts->gdb ? or_none(opts->gdb) : "default";
	return 0;
}
