// SPDX-License-Identifier: GPL-3.0-or-later
/* Options: what to boot. See options.h. */
#include <errno.h>

#include "hv/cli/options_internal.h"

static int set_kernel(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->cfg.kernel = value;
	return 0;
}

static int set_initrd(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->cfg.initrd = value;
	return 0;
}

int cli_set_append(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->cfg.append = value;
	return 0;
}

static int set_module(struct cli_options *opts, const char *value, struct error *err)
{
	if (opts->module_count == CLI_MODULES_MAX)
		return error_set(err, -EINVAL, "at most %d modules", CLI_MODULES_MAX);
	opts->modules[opts->module_count++] = value;
	opts->cfg.modules = opts->modules;
	return 0;
}

static const struct option_row rows[] = {
	{ "kernel", "FILE",
	  "Linux bzImage, ELF64 vmlinux, PVH ELF, Multiboot 1 kernel or flat binary.", set_kernel },
	{ "initrd", "FILE", "Initial RAM disk.", set_initrd },
	{ "append", "LINE", "Command line of the kernel.", cli_set_append },
	{ "module", "\"FILE ARGS\"", "A Multiboot module; may be repeated.", set_module },
};

const struct option_group cli_boot_options = { "What to boot", rows,
					       sizeof(rows) / sizeof(rows[0]) };
