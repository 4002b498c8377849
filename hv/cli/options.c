// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The option table: one row gives the parsing and the help. See options.h.
 *
 * Options are QEMU's where QEMU has them, with one or two dashes
 * (getopt_long_only).
 */
#include "hv/cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1ull << 20)

enum option_group {
	GROUP_BOOT,
	GROUP_MACHINE,
	GROUP_DEBUG,
	GROUP_CONSOLE,
	GROUP_OTHER,
	GROUP_COUNT,
};

static const char *const group_titles[GROUP_COUNT] = {
	[GROUP_BOOT] = "What to boot", [GROUP_MACHINE] = "The machine",
	[GROUP_DEBUG] = "Debugging",   [GROUP_CONSOLE] = "Serial ports and consoles",
	[GROUP_OTHER] = "Other",
};

struct option_row {
	const char *name;
	const char *arg; /* NULL: takes none */
	enum option_group group;
	const char *help;
	/* @value is NULL for an option without argument. The sentence is prefixed with the option's
	 * name. */
	int (*set)(struct cli_options *opts, const char *value, struct error *err);
};

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

/* ---- setters ---- */

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

static int set_append(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->cfg.append = value;
	return 0;
}

static int set_symbols(struct cli_options *opts, const char *value, struct error *err)
{
	(void)err;
	opts->cfg.symbols = value;
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

static int set_device(struct cli_options *opts, const char *value, struct error *err)
{
	if (opts->device_count == CLI_DEVICES_MAX)
		return error_set(err, -EINVAL, "at most %d devices", CLI_DEVICES_MAX);
	opts->devices[opts->device_count++] = value;
	opts->cfg.devices = opts->devices;
	return 0;
}

static int set_netdev(struct cli_options *opts, const char *value, struct error *err)
{
	if (opts->netdev_count == CLI_DEVICES_MAX)
		return error_set(err, -EINVAL, "at most %d networks", CLI_DEVICES_MAX);
	opts->netdevs[opts->netdev_count++] = value;
	opts->cfg.netdevs = opts->netdevs;
	return 0;
}

static int set_nic(struct cli_options *opts, const char *value, struct error *err)
{
	struct cli_nic *nic = &opts->nics[opts->nic_count];
	int ret;

	if (!strcmp(value, "none"))
		return 0;
	if (opts->nic_count == CLI_DEVICES_MAX)
		return error_set(err, -EINVAL, "at most %d cards", CLI_DEVICES_MAX);
	ret = cli_nic_parse(nic, opts->nic_count++, value, err);
	if (!ret)
		ret = set_netdev(opts, nic->netdev, err);
	return ret ? ret : set_device(opts, nic->device, err);
}

/* There is no network by itself: accepted for fingers that are used to it. */
static int set_net(struct cli_options *opts, const char *value, struct error *err)
{
	(void)opts;
	if (!strcmp(value, "none"))
		return 0;
	return error_set(err, -EINVAL, "'%.40s' is unknown: there is none, and -nic or -netdev",
			 value);
}

static int set_drive(struct cli_options *opts, const char *value, struct error *err)
{
	const char *device;
	int ret = cli_drive_parse(&opts->drives, value, &device, err);

	if (ret)
		return ret;
	opts->cfg.drives = opts->drives.drive;
	return device ? set_device(opts, device, err) : 0;
}

static int set_hda(struct cli_options *opts, const char *value, struct error *err)
{
	const char *device;
	int ret = cli_drive_plain(&opts->drives, value, &device, err);

	if (ret)
		return ret;
	opts->cfg.drives = opts->drives.drive;
	return set_device(opts, device, err);
}

static int set_snapshot(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	(void)err;
	opts->drives.snapshot = true;
	return 0;
}

/* [name=]NAME,file=FILE or [name=]NAME,string=TEXT, which is the rest, commas too. */
static int set_fw_cfg(struct cli_options *opts, const char *value, struct error *err)
{
	static const char prefix[] = "name=", file[] = ",file=", string[] = ",string=";
	const char *name = strncmp(value, prefix, sizeof(prefix) - 1) ? value
								      : value + sizeof(prefix) - 1;
	const char *rest = name + strcspn(name, ",");
	bool is_file = !strncmp(rest, file, sizeof(file) - 1);
	size_t len = (size_t)(rest - name);
	struct machine_blob *blob;

	if (!is_file && strncmp(rest, string, sizeof(string) - 1))
		return error_set(err, -EINVAL,
				 "'%.80s': use NAME,file=FILE or NAME,string=TEXT, as in "
				 "opt/org.example/answer,string=42",
				 value);
	if (strncmp(name, "opt/", 4) || len > CLI_FW_CFG_NAME_MAX)
		return error_set(
			err, -EINVAL,
			"'%.*s' is no name for it: one begins with opt/ and has at most %d "
			"characters",
			len < 80 ? (int)len : 80, name, CLI_FW_CFG_NAME_MAX);
	if (opts->fw_cfg_count == CLI_FW_CFG_MAX)
		return error_set(err, -EINVAL, "at most %d of them", CLI_FW_CFG_MAX);
	memcpy(opts->fw_cfg_names[opts->fw_cfg_count], name, len);
	blob = &opts->fw_cfg[opts->fw_cfg_count];
	blob->name = opts->fw_cfg_names[opts->fw_cfg_count++];
	if (is_file)
		blob->path = rest + sizeof(file) - 1;
	else
		blob->text = rest + sizeof(string) - 1;
	opts->cfg.fw_cfg = opts->fw_cfg;
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

static int set_machine(struct cli_options *opts, const char *value, struct error *err)
{
	static const char key[] = "dumpdtb=";

	if (!strcmp(value, "acpi=on") || !strcmp(value, "acpi=off")) {
		opts->cfg.no_acpi = !strcmp(value, "acpi=off");
		return 0;
	}
	if (strncmp(value, key, sizeof(key) - 1) || !value[sizeof(key) - 1])
		return error_set(err, -EINVAL,
				 "'%.80s' is unknown: there is acpi=on|off and dumpdtb=FILE",
				 value);
	opts->dumpdtb = value + sizeof(key) - 1;
	return 0;
}

static int set_no_reboot(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	(void)err;
	opts->cfg.no_reboot = true;
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

/* ---- the table ---- */

static const struct option_row rows[] = {
	{ "kernel", "FILE", GROUP_BOOT,
	  "Linux bzImage, ELF64 vmlinux, PVH ELF, Multiboot 1 kernel or flat binary.", set_kernel },
	{ "initrd", "FILE", GROUP_BOOT, "Initial RAM disk.", set_initrd },
	{ "append", "LINE", GROUP_BOOT, "Command line of the kernel.", set_append },
	{ "module", "\"FILE ARGS\"", GROUP_BOOT, "A Multiboot module; may be repeated.",
	  set_module },

	{ "m", "SIZE", GROUP_MACHINE, "Memory: a number of MiB, or with K, M, G. Default: 256M.",
	  set_memory },
	{ "smp", "N[,maxcpus=M]", GROUP_MACHINE,
	  "vCPUs at the start, and at most. Default: 1, for the demo 2.", set_smp },
	{ "cpu", "MODEL[,+F,-F]", GROUP_MACHINE,
	  "Processor: `host`, with features added or taken away, as in host,-avx2.", set_cpu },
	{ "name", "NAME", GROUP_MACHINE,
	  "Name of the machine and of its sockets. Default: vm-PID, or demo.", set_name },
	{ "machine", "acpi=off|dumpdtb=FILE", GROUP_MACHINE,
	  "acpi=off: give the guest no ACPI tables. dumpdtb=FILE: write the device tree of the "
	  "machine to FILE and end.",
	  set_machine },
	{ "device", "NAME[,KEY=VALUE...]", GROUP_MACHINE,
	  "Adds a device on PCI: edu, the teaching device, virtio-console, virtio-net, virtio-rng, "
	  "or "
	  "virtio-blk,drive=ID. docs/devices.md has what each may be told. May be repeated.",
	  set_device },
	{ "netdev", "user|tap,id=ID...", GROUP_MACHINE,
	  "A network for -device virtio-net,netdev=ID. user: no privileges needed; "
	  "hostfwd=tcp::2222-:22 leads a port of 127.0.0.1 to one of the guest. tap,ifname=NAME: "
	  "an interface of the host. May be repeated.",
	  set_netdev },
	{ "nic", "user|tap|none[,...]", GROUP_MACHINE,
	  "Short for a -netdev and a -device virtio-net that uses it, as in "
	  "user,hostfwd=tcp::2222-:22. "
	  "none: nothing, which is the default.",
	  set_nic },
	{ "net", "none", GROUP_MACHINE, "Nothing: there is no network by itself.", set_net },
	{ "drive", "file=FILE[,KEY=VALUE...]", GROUP_MACHINE,
	  "A disk: a raw image or a block device. readonly=on; snapshot=on: what is written is not "
	  "kept; if=none,id=ID: for -device virtio-blk,drive=ID; "
	  "cache=writeback|writethrough|unsafe; "
	  "aio=io_uring|threads. May be repeated.",
	  set_drive },
	{ "hda", "FILE", GROUP_MACHINE, "Short for -drive file=FILE,id=hda.", set_hda },
	{ "snapshot", NULL, GROUP_MACHINE, "snapshot=on for every disk.", set_snapshot },
	{ "fw_cfg", "opt/NAME,file=FILE", GROUP_MACHINE,
	  "A file that the guest finds by fw_cfg; with string=TEXT in place of file= that text. "
	  "May be "
	  "repeated.",
	  set_fw_cfg },
	{ "action", "panic=DO", GROUP_MACHINE,
	  "What becomes of a guest that says it panicked (pvpanic): pause, the default, stops it "
	  "for "
	  "a look; none, shutdown, exit-failure.",
	  set_action },
	{ "no-reboot", NULL, GROUP_MACHINE, "A reset ends the program.", set_no_reboot },

	{ "S", NULL, GROUP_DEBUG, "Wait at the first instruction; `c` in gdb starts.", set_paused },
	{ "gdb", "[DEV][,on-disconnect=POLICY]", GROUP_DEBUG,
	  "Where gdb connects. Default: unix:RUNDIR/NAME.gdb, where only you can. When the "
	  "debugger "
	  "goes: continue, stop or quit; by default what it held goes on.",
	  set_gdb },
	{ "symbols", "FILE", GROUP_DEBUG,
	  "The guest's symbols: a vmlinux or another ELF file, or a System.map. Default: the "
	  "kernel's own, if it is an ELF file.",
	  set_symbols },
	{ "s", NULL, GROUP_DEBUG, "Short for -gdb tcp:127.0.0.1:1234.", set_gdb_tcp },
	{ "d", "TOPICS", GROUP_DEBUG,
	  "Trace, separated by commas: exit, stop, packet, device, work, all.", set_trace },
	{ "D", "FILE", GROUP_DEBUG, "Write the trace there. Default: standard error.",
	  set_trace_to },

	{ "serial", "DEV", GROUP_CONSOLE,
	  "The next of up to four serial ports. Default: the first on stdio.", set_serial },
	{ "monitor", "DEV", GROUP_CONSOLE,
	  "vitrine's own console. Default: on stdio with the serial port; Ctrl-A c changes between "
	  "them, Ctrl-A h helps, Ctrl-A x quits.",
	  set_monitor },
	{ "monitor-script", "FILE", GROUP_CONSOLE,
	  "Run the monitor commands of FILE; one that fails ends vitrine with status 1.",
	  set_monitor_script },
	{ "qmp", "DEV", GROUP_CONSOLE, "The monitor for programs: JSON, as QEMU's QMP.", set_qmp },
	{ "debugcon", "DEV", GROUP_CONSOLE, "Output of I/O port 0xe9.", set_debugcon },
	{ "nographic", NULL, GROUP_CONSOLE, "Nothing: there are no graphics.", set_nographic },

	{ "help", NULL, GROUP_OTHER, "This text.", set_help },
	{ "version", NULL, GROUP_OTHER, "The version.", set_version },
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* ---- parsing ---- */

static void make_long_options(struct option longs[ROW_COUNT + 1])
{
	size_t i;

	memset(longs, 0, sizeof(struct option) * (ROW_COUNT + 1));
	for (i = 0; i < ROW_COUNT; i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].arg ? required_argument : no_argument;
		longs[i].val = (int)i + 256; /* never a character, so never '?' or ':' */
	}
}

static int apply(struct cli_options *opts, const struct option_row *row, const char *value,
		 struct error *err)
{
	int ret;

	if (row->arg && !*value && row->set != set_append)
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
	struct option longs[ROW_COUNT + 1];
	int c, ret;

	set_defaults(opts);
	make_long_options(longs);
	optind = 0; /* glibc: begin anew, with a new option string */
	opterr = 0;
	while ((c = getopt_long_only(argc, argv, "+:", longs, NULL)) != -1) {
		if (c == ':')
			return error_set(err, -EINVAL, "%.80s needs an argument", argv[optind - 1]);
		if (c == '?')
			return error_set(err, -EINVAL,
					 "%.80s is no option, or not the whole name of one",
					 argv[optind > 1 ? optind - 1 : 1]);
		ret = apply(opts, &rows[c - 256], optarg, err);
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

void cli_options_help(FILE *out)
{
	size_t i;
	int g;

	for (g = 0; g < GROUP_COUNT; g++) {
		fprintf(out, "%s:\n", group_titles[g]);
		for (i = 0; i < ROW_COUNT; i++) {
			if ((int)rows[i].group == g)
				print_row(out, &rows[i]);
		}
		fputc('\n', out);
	}
}
