// SPDX-License-Identifier: GPL-3.0-or-later
/* Options: the machine. See options.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/cli/options_internal.h"

#define MIB (1ull << 20)

int cli_parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	unsigned shift = 20;
	const char *unit;
	char *end;
	unsigned long long n;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return -EINVAL;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return -EINVAL;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (n > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes = n << shift;
	return 0;
}

static int set_memory(struct cli_options *opts, const char *value, struct error *err)
{
	uint64_t size;

	if (cli_parse_size(value, &size) < 0)
		return error_set(
			err, -EINVAL,
			"'%.40s' is no size: use a number of MiB, or K, M, G behind it, as "
			"in 512M",
			value);
	if (size < MIB)
		return error_set(err, -EINVAL, "%s is too little memory: at least 1M", value);
	opts->cfg.ram_size = (size + 4095) & ~4095ull;
	if (opts->cfg.ram_size < size)
		return error_set(err, -EINVAL, "'%.40s' is no size that a machine can have", value);
	return 0;
}

/* A number of vCPUs at the start of @text; what follows it is left in @end. */
static int parse_count(const char *text, unsigned *n, const char **end)
{
	char *rest;
	unsigned long value;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &rest, 10);
	if (errno || !value || value > 1000000)
		return -EINVAL;
	*n = (unsigned)value;
	*end = rest;
	return 0;
}

static int set_smp(struct cli_options *opts, const char *value, struct error *err)
{
	static const char max_key[] = ",maxcpus=";
	unsigned n, max;
	const char *p = value;

	if (!strncmp(p, "cpus=", 5))
		p += 5;
	if (parse_count(p, &n, &p) < 0)
		goto malformed;
	max = n;
	if (*p) {
		if (strncmp(p, max_key, sizeof(max_key) - 1))
			goto malformed;
		if (parse_count(p + sizeof(max_key) - 1, &max, &p) < 0 || *p)
			goto malformed;
	}
	if (max < n)
		return error_set(err, -EINVAL, "maxcpus=%u is less than the %u vCPUs to start with",
				 max, n);
	opts->cfg.vcpus = n;
	opts->cfg.max_vcpus = max;
	opts->smp_given = true;
	return 0;

malformed:
	return error_set(err, -EINVAL,
			 "'%.40s' is no number of vCPUs: use N or N,maxcpus=M, as in 2,maxcpus=4",
			 value);
}

static int set_cpu(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->cfg.cpu = value;
	return 0;
}

static int set_name(struct cli_options *opts, const char *value, struct error *err)
{
	size_t len = strlen(value);
	size_t i;

	/* It becomes a file's name. */
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)value[i]) && !strchr("._-", value[i]))
			break;
	}
	if (!len || i < len || len > CLI_NAME_MAX || *value == '.' || *value == '-')
		return error_set(
			err, -EINVAL,
			"'%.80s' is no name: use 1 to %d letters, digits, '.', '_' or '-', "
			"beginning with a letter or digit",
			value, CLI_NAME_MAX);
	memcpy(opts->name, value, len + 1);
	return 0;
}

static int set_huge_pages(struct cli_options *opts, const char *value, struct error *err)
{
	static const struct {
		const char *word;
		uint64_t size;
	} rows[] = { { "off", 0 }, { "on", 2 * MIB }, { "2M", 2 * MIB }, { "1G", 1024 * MIB } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!strcmp(value, rows[i].word)) {
			opts->cfg.ram_backing.huge_page = rows[i].size;
			return 0;
		}
	}
	return error_set(err, -EINVAL, "hugepages=%.40s is unknown: there is on, off, 2M and 1G",
			 value);
}

static int set_prealloc(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	(void)err;
	opts->cfg.ram_backing.prealloc = true;
	return 0;
}

static int set_machine(struct cli_options *opts, const char *value, struct error *err)
{
	static const char key[] = "dumpdtb=", huge[] = "hugepages=";

	if (!strcmp(value, "acpi=on") || !strcmp(value, "acpi=off")) {
		opts->cfg.no_acpi = !strcmp(value, "acpi=off");
		return 0;
	}
	if (!strncmp(value, huge, sizeof(huge) - 1))
		return set_huge_pages(opts, value + sizeof(huge) - 1, err);
	if (strncmp(value, key, sizeof(key) - 1) || !value[sizeof(key) - 1])
		return error_set(
			err, -EINVAL,
			"'%.80s' is unknown: there is acpi=on|off, hugepages=on|off|2M|1G and "
			"dumpdtb=FILE",
			value);
	opts->dumpdtb = value + sizeof(key) - 1;
	return 0;
}

static int set_action(struct cli_options *opts, const char *value, struct error *err)
{
	static const char key[] = "panic=";
	static const char *const words[] = {
		[PANIC_PAUSE] = "pause",
		[PANIC_NONE] = "none",
		[PANIC_SHUTDOWN] = "shutdown",
		[PANIC_EXIT_FAILURE] = "exit-failure",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strncmp(value, key, sizeof(key) - 1) &&
		    !strcmp(value + sizeof(key) - 1, words[i])) {
			opts->cfg.on_panic = (enum panic_action)i;
			return 0;
		}
	}
	return error_set(err, -EINVAL,
			 "'%.40s' is unknown: there is panic=pause|none|shutdown|exit-failure",
			 value);
}

static int set_no_reboot(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	(void)err;
	opts->cfg.no_reboot = true;
	return 0;
}

static const struct option_row rows[] = {
	{ "m", "SIZE", "Memory: a number of MiB, or with K, M, G. Default: 256M.", set_memory },
	{ "smp", "N[,maxcpus=M]", "vCPUs at the start, and at most. Default: 1, for the demo 2.",
	  set_smp },
	{ "cpu", "MODEL[,+F,-F]",
	  "Processor: `host`, with features added or taken away, as in host,-avx2.", set_cpu },
	{ "name", "NAME", "Name of the machine and of its sockets. Default: vm-PID, or demo.",
	  set_name },
	{ "mem-prealloc", NULL, "Take all of the memory from the host at the start.",
	  set_prealloc },
	{ "machine", "acpi=off|hugepages=on|dumpdtb=FILE",
	  "acpi=off: give the guest no ACPI tables. hugepages=on (2M, 1G): the guest's memory is "
	  "huge pages, "
	  "which the host has to have reserved. dumpdtb=FILE: write the device tree of the "
	  "machine to FILE and end.",
	  set_machine },
	{ "action", "panic=DO",
	  "What becomes of a guest that says it panicked (pvpanic): pause, the default, stops it "
	  "for "
	  "a look; none, shutdown, exit-failure.",
	  set_action },
	{ "no-reboot", NULL, "A reset ends the program.", set_no_reboot },
};

const struct option_group cli_machine_options = { "The machine", rows,
						  sizeof(rows) / sizeof(rows[0]) };
