// SPDX-License-Identifier: GPL-3.0-or-later
/* Options: debuggers, symbols and the trace. See options.h. */
#include <errno.h>
#include <string.h>

#include "hv/cli/options_internal.h"

static int set_paused(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	(void)err;
	opts->cfg.start_paused = true;
	return 0;
}

static int set_on_disconnect(struct cli_options *opts, const char *word, struct error *err)
{
	static const char *const words[] = {
		[GDB_CONTINUE] = "continue",
		[GDB_STOP] = "stop",
		[GDB_QUIT] = "quit",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i] && !strcmp(word, words[i])) {
			opts->on_disconnect = (enum gdb_on_disconnect)i;
			return 0;
		}
	}
	return error_set(err, -EINVAL,
			 "on-disconnect=%.40s is unknown: there is continue, stop and quit", word);
}

/* DEV[,on-disconnect=…]; an empty DEV leaves it to the default or to -s. */
static int set_gdb(struct cli_options *opts, const char *value, struct error *err)
{
	static const char key[] = ",on-disconnect=";
	const char *option = strstr(value, key);
	size_t len;

	if (!option) {
		opts->gdb = value;
		return 0;
	}
	len = (size_t)(option - value);
	if (len > CLI_DEV_MAX)
		return error_set(err, -ENAMETOOLONG, "the DEV has %zu characters, at most %d", len,
				 CLI_DEV_MAX);
	memcpy(opts->gdb_dev, value, len);
	opts->gdb_dev[len] = '\0';
	if (len)
		opts->gdb = opts->gdb_dev;
	return set_on_disconnect(opts, option + sizeof(key) - 1, err);
}

static int set_gdb_tcp(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	return set_gdb(opts, "tcp:127.0.0.1:1234", err);
}

static int set_symbols(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->cfg.symbols = value;
	return 0;
}

static int set_trace(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->trace = value;
	return 0;
}

static int set_trace_to(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->trace_to = value;
	return 0;
}

static const struct option_row rows[] = {
	{ "S", NULL, "Wait at the first instruction; `c` in gdb starts.", set_paused },
	{ "gdb", "[DEV][,on-disconnect=POLICY]",
	  "Where gdb connects. Default: unix:RUNDIR/NAME.gdb, where only you can. When the "
	  "debugger "
	  "goes: continue, stop or quit; by default what it held goes on.",
	  set_gdb },
	{ "s", NULL, "Short for -gdb tcp:127.0.0.1:1234.", set_gdb_tcp },
	{ "symbols", "FILE",
	  "The guest's symbols: a vmlinux or another ELF file, or a System.map. Default: the "
	  "kernel's own, if it is an ELF file.",
	  set_symbols },
	{ "d", "TOPICS", "Trace, separated by commas: exit, stop, packet, device, work, all.",
	  set_trace },
	{ "D", "FILE", "Write the trace there. Default: standard error.", set_trace_to },
};

const struct option_group cli_debug_options = { "Debugging", rows, sizeof(rows) / sizeof(rows[0]) };
