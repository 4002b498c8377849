/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The options of `vitrine run` and `vitrine demo`: from argv to a machine's
 * configuration and the DEVs of its front ends.
 */
#ifndef HV_CLI_OPTIONS_H
#define HV_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "gdbstub/gdbstub.h"
#include "hv/cli/drives.h"
#include "hv/cli/nic.h"
#include "hv/error.h"
#include "hv/machine.h"

#define CLI_MODULES_MAX	    32
#define CLI_SERIALS	    4
#define CLI_DEVICES_MAX	    31 /* slots of the PCI bus beside the host bridge's */
#define CLI_SHARES_MAX	    8
#define CLI_SHARE_TEXT	    1024
#define CLI_FW_CFG_MAX	    32
#define CLI_NAME_MAX	    64
#define CLI_DEV_MAX	    255
#define CLI_FW_CFG_NAME_MAX 55 /* the directory of fw_cfg has no room for more */

struct cli_options {
	struct machine_config cfg;	 /* but for the serial ports: see cli_console_plan() */
	const char *serial[CLI_SERIALS]; /* as given */
	unsigned serials;
	const char *monitor;	       /* NULL: not given */
	const char *monitor_script;    /* NULL: none */
	const char *qmp;	       /* NULL: not given */
	const char *gdb;	       /* NULL: not given */
	char gdb_dev[CLI_DEV_MAX + 1]; /* … when more than the DEV was given */
	enum gdb_on_disconnect on_disconnect;
	const char *dumpdtb;  /* write the device tree here and end */
	const char *trace;    /* -d */
	const char *trace_to; /* -D */
	const char *modules[CLI_MODULES_MAX + 1];
	unsigned module_count;
	const char *devices[CLI_DEVICES_MAX + 1];
	unsigned device_count;
	const char *netdevs[CLI_DEVICES_MAX + 1];
	unsigned netdev_count;
	struct cli_nic nics[CLI_DEVICES_MAX];
	unsigned nic_count;
	char shares[CLI_SHARES_MAX][CLI_SHARE_TEXT]; /* -virtfs in terms of -device */
	unsigned share_count;
	struct cli_drives drives;
	struct machine_blob fw_cfg[CLI_FW_CFG_MAX + 1];
	char fw_cfg_names[CLI_FW_CFG_MAX][CLI_FW_CFG_NAME_MAX + 1];
	unsigned fw_cfg_count;
	char name[CLI_NAME_MAX + 1];
	bool smp_given;
	bool help, version;
};

/*
 * Sets @opts from argv[1] on (argv[0] is what usage errors are about: "run"). Strings of argv stay
 * in use; @opts must stay where it is. -EINVAL with a sentence: a usage error. Nothing is
 * checked that the host decides.
 */
int cli_options_parse(struct cli_options *opts, int argc, char **argv, struct error *err);
/* What the host decides: memory. */
int cli_options_check(const struct cli_options *opts, struct error *err);
/* The options by group, in 80 columns. */
void cli_options_help(FILE *out);

/* Who gets standard input and output, and what becomes of the others. */
struct cli_console_plan {
	bool mux;	/* stdio is shared: serial port `mux_serial`, then the monitor */
	int mux_serial; /* -1: only the monitor */
	bool mux_monitor;
	const char *serial[CLI_SERIALS]; /* DEVs that the ports open themselves; NULL: none */
	const char *monitor;		 /* DEV that the monitor serves; NULL: none */
	bool monitor_socket;		 /* … and a socket in the run-time directory */
	const char *qmp;		 /* NULL: none */
	const char *gdb; /* NULL: none; "default": a socket in the run-time directory */
};
/*
 * Without -serial and -monitor, and when nobody else was given stdio, the first serial port and the
 * monitor share it. -EINVAL: two want it that cannot share it.
 */
int cli_console_plan(struct cli_console_plan *plan, const struct cli_options *opts,
		     struct error *err);

/* "512", "64M", "2G" to bytes; plain numbers are MiB. -EINVAL. */
int cli_parse_size(const char *text, uint64_t *bytes);

#endif
