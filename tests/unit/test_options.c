// SPDX-License-Identifier: GPL-3.0-or-later
/* The command line: every option, every mistake, and who gets stdio. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/cli/cli.h"
#include "hv/cli/options.h"

static struct cli_options opts;
static struct cli_console_plan plan;
static struct error err;
static char *args[64];
static int arg_count;

TestSuite(options, .timeout = 120);

/* Parses words separated by '|', because arguments have spaces. */
static int parse(const char *line)
{
	static char copy[4096];
	char *p = copy, *word;

	snprintf(copy, sizeof(copy), "%s", line);
	arg_count = 0;
	args[arg_count++] = (char *)"run";
	while (*line && (word = strsep(&p, "|")))
		args[arg_count++] = word;
	args[arg_count] = NULL;
	err.text[0] = '\0';
	return cli_options_parse(&opts, arg_count, args, &err);
}

static int make_plan(const char *line)
{
	cr_assert_eq(parse(line), 0, "%s: %s", line, err.text);
	return cli_console_plan(&plan, &opts, &err);
}

Test(options, nothing_gives_the_defaults)
{
	cr_assert_eq(parse(""), 0);
	cr_assert_eq(opts.cfg.ram_size, 256ull << 20);
	cr_assert_eq(opts.cfg.vcpus, 1);
	cr_assert_eq(opts.cfg.max_vcpus, 1);
	cr_assert_null(opts.cfg.kernel);
	cr_assert_null(opts.cfg.modules);
	cr_assert_not(opts.cfg.start_paused);
}

Test(options, everything_at_once)
{
	cr_assert_eq(parse("-kernel|vmlinuz|-initrd|rd|-append|a b|-m|2G|-smp|2,maxcpus=4|"
			   "-cpu|host,+x2apic|-name|k-1|-S|-gdb|tcp::1|-serial|pty|-serial|none|"
			   "-monitor|unix:m|-no-reboot|-nographic|-D|f|-d|exit|"
			   "-machine|dumpdtb=t|-module|a b|-module|c|-debugcon|file:d"),
		     0, "%s", err.text);
	cr_assert_str_eq(opts.cfg.kernel, "vmlinuz");
	cr_assert_str_eq(opts.cfg.initrd, "rd");
	cr_assert_str_eq(opts.cfg.append, "a b");
	cr_assert_eq(opts.cfg.ram_size, 2ull << 30);
	cr_assert_eq(opts.cfg.vcpus, 2);
	cr_assert_eq(opts.cfg.max_vcpus, 4);
	cr_assert_str_eq(opts.cfg.cpu, "host,+x2apic");
	cr_assert_str_eq(opts.name, "k-1");
	cr_assert(opts.cfg.start_paused);
	cr_assert(opts.cfg.no_reboot);
	cr_assert_str_eq(opts.gdb, "tcp::1");
	cr_assert_eq(opts.serials, 2);
	cr_assert_str_eq(opts.serial[0], "pty");
	cr_assert_str_eq(opts.monitor, "unix:m");
	cr_assert_str_eq(opts.trace, "exit");
	cr_assert_str_eq(opts.trace_to, "f");
	cr_assert_str_eq(opts.dumpdtb, "t");
	cr_assert_str_eq(opts.cfg.modules[0], "a b");
	cr_assert_str_eq(opts.cfg.modules[1], "c");
	cr_assert_null(opts.cfg.modules[2]);
	cr_assert_str_eq(opts.cfg.debugcon, "file:d");
}

Test(options, one_dash_or_two)
{
	cr_assert_eq(parse("--kernel|a|--m|64|--S|--append="), 0, "%s", err.text);
	cr_assert_str_eq(opts.cfg.kernel, "a");
	cr_assert_eq(opts.cfg.ram_size, 64ull << 20);
	cr_assert(opts.cfg.start_paused);
	cr_assert_str_eq(opts.cfg.append, "");
}

Test(options, short_ones_differ_by_case)
{
	cr_assert_eq(parse("-s"), 0);
	cr_assert_str_eq(opts.gdb, "tcp:127.0.0.1:1234");
	cr_assert_not(opts.cfg.start_paused);
	cr_assert_eq(parse("-S"), 0);
	cr_assert_null(opts.gdb);
	cr_assert(opts.cfg.start_paused);
	cr_assert_eq(parse("-d|stop"), 0);
	cr_assert_null(opts.trace_to);
}

Test(options, action)
{
	cr_assert_eq(parse("-S"), 0);
	cr_assert_eq(opts.cfg.on_panic, PANIC_PAUSE);
	cr_assert_eq(parse("-action|panic=exit-failure"), 0, "%s", err.text);
	cr_assert_eq(opts.cfg.on_panic, PANIC_EXIT_FAILURE);
	cr_assert_eq(parse("-action|panic=none"), 0, "%s", err.text);
	cr_assert_eq(opts.cfg.on_panic, PANIC_NONE);
}

Test(options, drives)
{
	const struct machine_drive *d = opts.drives.drive;

	cr_assert_eq(
		parse("-drive|file=a,,b.img,if=none,id=one,readonly=on,cache=unsafe,format=raw|"
		      "-hda|x y|-drive|file=c,snapshot=on,aio=threads|-device|virtio-blk-pci,"
		      "drive=one"),
		0, "%s", err.text);
	cr_assert_eq(opts.cfg.drives, d);
	cr_assert_str_eq(d[0].id, "one");
	cr_assert_str_eq(d[0].file, "a,b.img");
	cr_assert(d[0].readonly && d[0].format_given && !d[0].snapshot);
	cr_assert_eq(d[0].cache, DRIVE_UNSAFE);
	cr_assert_str_eq(d[1].id, "hda");
	cr_assert_str_eq(d[1].file, "x y");
	cr_assert_not(d[1].format_given);
	cr_assert_str_eq(d[2].id, "drive2");
	cr_assert(d[2].snapshot);
	cr_assert_eq(d[2].aio, DRIVE_THREADS);
	cr_assert_null(d[3].id);
	cr_assert_str_eq(opts.cfg.devices[0], "virtio-blk,drive=hda");
	cr_assert_str_eq(opts.cfg.devices[1], "virtio-blk,drive=drive2");
	cr_assert_str_eq(opts.cfg.devices[2], "virtio-blk-pci,drive=one");
	cr_assert_eq(parse("-hda|a|-snapshot|-drive|file=b"), 0);
	cr_assert(d[0].snapshot && d[1].snapshot);
}

Test(options, memory_of_the_host)
{
	cr_assert_eq(parse(""), 0);
	cr_assert_eq(opts.cfg.ram_backing.huge_page, 0u);
	cr_assert_not(opts.cfg.ram_backing.prealloc);
	cr_assert_eq(parse("-machine|hugepages=on|-mem-prealloc"), 0, "%s", err.text);
	cr_assert_eq(opts.cfg.ram_backing.huge_page, 2u << 20);
	cr_assert(opts.cfg.ram_backing.prealloc);
	cr_assert_eq(parse("-machine|hugepages=1G"), 0);
	cr_assert_eq(opts.cfg.ram_backing.huge_page, 1u << 30);
	cr_assert_eq(parse("-machine|hugepages=1G|-machine|hugepages=off"), 0);
	cr_assert_eq(opts.cfg.ram_backing.huge_page, 0u);
}

Test(options, shares)
{
	cr_assert_eq(
		parse("-virtfs|local,path=/src,,a,mount_tag=src|-virtfs|local,path=b,mount_tag=t,"
		      "readonly=on"),
		0, "%s", err.text);
	cr_assert_str_eq(opts.cfg.devices[0], "virtio-9p,path=/src,,a,mount_tag=src");
	cr_assert_str_eq(opts.cfg.devices[1], "virtio-9p,path=b,mount_tag=t,readonly=on");
	cr_assert_eq(parse("-virtfs|proxy,socket=x"), -EINVAL);
	cr_assert_str_eq(err.text, "-virtfs: 'proxy,socket=x': use "
				   "local,path=DIR,mount_tag=TAG[,readonly=on]");
}

Test(options, drives_that_are_none)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{ "id=x", "-drive: file=FILE is missing" },
		{ "file=a,if=ide", "-drive: if=ide: there is virtio, none" },
		{ "file=a,format=qcow2", "-drive: format=qcow2: there is raw" },
		{ "file=a,cache=none",
		  "-drive: cache=none: there is writeback, writethrough, unsafe" },
		{ "file=a,aio=native", "-drive: aio=native: there is io_uring, threads" },
		{ "file=a,readonly=1", "-drive: disk: readonly=1: it is on or off" },
		{ "file=a,bus=2", "-drive: disk: there is no option 'bus'" },
		{ "file=a,id=a b", "-drive: id=a b: an id has up to 31 letters, digits and -_." },
		{ "file=a,id=x|-drive|file=b,id=x", "-drive: there are two with id=x" },
	};
	char line[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(line, sizeof(line), "-drive|%s", rows[i].line);
		cr_expect_eq(parse(line), -EINVAL, "%s", line);
		cr_expect_str_eq(err.text, rows[i].why);
	}
}

Test(options, fw_cfg)
{
	cr_assert_eq(parse("-fw_cfg|opt/a,file=f,g|-fw_cfg|name=opt/b,string=x=y,z|-fw_cfg|opt/"
			   "123456789012345678901234567890123456789012345678901,string="),
		     0, "%s", err.text);
	cr_assert_str_eq(opts.cfg.fw_cfg[0].name, "opt/a");
	cr_assert_str_eq(opts.cfg.fw_cfg[0].path, "f,g");
	cr_assert_null(opts.cfg.fw_cfg[0].text);
	cr_assert_str_eq(opts.cfg.fw_cfg[1].name, "opt/b");
	cr_assert_str_eq(opts.cfg.fw_cfg[1].text, "x=y,z");
	cr_assert_null(opts.cfg.fw_cfg[1].path);
	cr_assert_str_eq(opts.cfg.fw_cfg[2].text, "");
	cr_assert_null(opts.cfg.fw_cfg[3].name);
}

Test(options, networks)
{
	cr_assert_eq(parse("-netdev|user,id=a|-device|virtio-net,netdev=a|-net|none|"
			   "-nic|user,hostfwd=tcp::1-:2,mac=2:0:0:0:0:1,model=virtio,restrict=on|"
			   "-nic|none|-nic|user"),
		     0, "%s", err.text);
	cr_expect_str_eq(opts.cfg.netdevs[0], "user,id=a");
	cr_expect_str_eq(opts.cfg.netdevs[1], "user,id=nic0,hostfwd=tcp::1-:2,restrict=on");
	cr_expect_str_eq(opts.cfg.netdevs[2], "user,id=nic1");
	cr_expect_null(opts.cfg.netdevs[3]);
	cr_expect_str_eq(opts.cfg.devices[1], "virtio-net,netdev=nic0,mac=2:0:0:0:0:1");
	cr_expect_str_eq(opts.cfg.devices[2], "virtio-net,netdev=nic1");
	cr_assert_eq(parse("-nic|user,mac=2:0:0:0:0:1,model=e1000,restrict=on|"
			   "-nic|user,model=virtio-net-pci"),
		     0, "%s", err.text);
	cr_expect_str_eq(opts.cfg.netdevs[0], "user,id=nic0,restrict=on");
	cr_expect_str_eq(opts.cfg.devices[0], "e1000,netdev=nic0,mac=2:0:0:0:0:1");
	cr_expect_str_eq(opts.cfg.devices[1], "virtio-net,netdev=nic1");
	cr_expect_eq(parse("-net|user"), -EINVAL);
	cr_expect_str_eq(err.text, "-net: 'user' is unknown: there is none, and -nic or -netdev");
	cr_expect_eq(parse("-nic|user,model=ne2k"), -EINVAL);
	cr_expect_str_eq(err.text, "-nic: 'model=ne2k' is unknown: there is model=virtio-net and "
				   "model=e1000");
}

Test(options, sizes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "1", 1ull << 20 },	{ "512", 512ull << 20 }, { "64K", 64ull << 10 },
		{ "64M", 64ull << 20 }, { "2g", 2ull << 30 },	 { "1T", 1ull << 40 },
	};
	static const char *const bad[] = { "",
					   "M",
					   "-1",
					   "+1",
					   " 1",
					   "1MB",
					   "1.5G",
					   "0x10",
					   "99999999999999999999",
					   "18446744073709551615" };
	uint64_t bytes;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_assert_eq(cli_parse_size(good[i].text, &bytes), 0, "%s", good[i].text);
		cr_assert_eq(bytes, good[i].bytes, "%s", good[i].text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(cli_parse_size(bad[i], &bytes), -EINVAL, "%s", bad[i]);
}

Test(options, mistakes_are_said)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
		{ "-foo", "-foo is no option" },
		{ "-kernel", "-kernel needs an argument" },
		{ "-kernel|", "-kernel needs an argument" },
		{ "-kernel|a|b", "'b' is not expected" },
		{ "-S=1", "-S" },
		{ "-m|0", "too little" },
		{ "-m|1023K", "too little" },
		{ "-m|17179869184G", "no size" },
		{ "-m|lots", "no size" },
		{ "-action|panic=loudly", "there is panic=pause" },
		{ "-action|reset=none", "there is panic=pause" },
		{ "-fw_cfg|opt/a", "NAME,file=FILE" },
		{ "-fw_cfg|opt/a,gen_id=b", "NAME,file=FILE" },
		{ "-fw_cfg|etc/a,string=b", "begins with opt/" },
		{ "-fw_cfg|name=,string=b", "begins with opt/" },
		{ "-fw_cfg|opt/"
		  "1234567890123456789012345678901234567890123456789012,string=b",
		  "at most 55" },
		{ "-smp|0", "no number" },
		{ "-smp|2,maxcpus=1", "maxcpus=1 is less" },
		{ "-smp|2,cores=2", "no number" },
		{ "-smp|2,", "no number" },
		{ "-smp|2,maxcpus=", "no number" },
		{ "-smp|2x", "no number" },
		{ "-name|../x", "no name" },
		{ "-name|.x", "no name" },
		{ "-name|a/b", "no name" },
		{ "-name|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "no name" },
		{ "-machine|q35", "dumpdtb=FILE" },
		{ "-machine|hugepages=4M", "there is on, off, 2M and 1G" },
		{ "-machine|dumpdtb=", "dumpdtb=FILE" },
		{ "-serial|none|-serial|none|-serial|none|-serial|none|-serial|none", "at most 4" },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(parse(bad[i].line), -EINVAL, "%s", bad[i].line);
		cr_assert(strstr(err.text, bad[i].says), "%s: %s", bad[i].line, err.text);
		cr_assert_null(strchr(err.text, '\n'));
	}
}

Test(options, too_many_modules)
{
	static char line[4096];
	int i;

	for (i = 0; i < 12; i++)
		strcat(line, i ? "|-module|x" : "-module|x");
	cr_assert_eq(parse(line), 0);
	cr_assert_eq(opts.module_count, 12);
}

Test(options, what_the_host_decides)
{
	cr_assert_eq(parse("-m|64"), 0);
	cr_assert_eq(cli_options_check(&opts, &err), 0);
	cr_assert_eq(parse("-m|1000T"), 0);
	cr_assert_eq(cli_options_check(&opts, &err), -ENOMEM);
	cr_assert(strstr(err.text, "1048576000 MiB"));
	cr_assert(strstr(err.text, "this host has"));
	cr_assert_eq(parse("-smp|1,maxcpus=256"), 0);
	cr_assert_eq(cli_options_check(&opts, &err), -EINVAL);
	cr_assert(strstr(err.text, "at most 255"));
}

Test(options, help_fits_and_names_every_option)
{
	static const char *const names[] = {
		"-kernel ",    "-initrd ",    "-append ", "-m ",   "-smp ",	"-cpu ",
		"-name ",      "-S ",	      "-s ",	  "-gdb ", "-serial ",	"-monitor ",
		"-no-reboot ", "-nographic ", "-D ",	  "-d ",   "-machine ", "-module ",
		"-debugcon ",  "-help ",      "-version "
	};
	char *text = NULL, *line, *rest;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);
	char padded[64];

	cli_options_help(f);
	fclose(f);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(padded, sizeof(padded), "\n  %s", names[i]);
		cr_assert(strstr(text, padded), "%s is not in the help", names[i]);
	}
	for (rest = text; (line = strsep(&rest, "\n"));)
		cr_assert_leq(strlen(line), 80, "%s", line);
	free(text);
}

/* ---- who gets stdio ---- */

static void no_terminal(void)
{
	dup2(open("/dev/null", O_RDONLY), 0);
}

Test(options, stdio_is_shared_by_default)
{
	no_terminal();
	cr_assert_eq(make_plan(""), 0);
	cr_assert_eq(plan.mux_serial, 0);
	cr_assert(plan.mux_monitor);
	cr_assert_str_eq(plan.gdb, "default");
	cr_assert_eq(make_plan("-nographic|-serial|stdio"), 0);
	cr_assert_eq(plan.mux_serial, 0);
	cr_assert(plan.mux_monitor);
	cr_assert_eq(make_plan("-serial|stdio|-monitor|stdio"), 0);
	cr_assert_eq(plan.mux_serial, 0);
	cr_assert(plan.mux_monitor);
}

Test(options, monitor_on_stdio_takes_it_alone)
{
	cr_assert_eq(make_plan("-monitor|stdio"), 0);
	cr_assert_eq(plan.mux_serial, -1);
	cr_assert(plan.mux_monitor);
	cr_assert_null(plan.serial[0]);
	cr_assert_null(plan.monitor);
}

Test(options, monitor_elsewhere_leaves_stdio_to_the_guest)
{
	cr_assert_eq(make_plan("-monitor|unix:x"), 0);
	cr_assert_eq(plan.mux_serial, 0);
	cr_assert_not(plan.mux_monitor);
	cr_assert_str_eq(plan.monitor, "unix:x");
	cr_assert_eq(make_plan("-monitor|none"), 0);
	cr_assert_eq(plan.mux_serial, 0);
	cr_assert_null(plan.monitor);
}

Test(options, nobody_on_stdio)
{
	no_terminal();
	cr_assert_eq(make_plan("-serial|none|-monitor|none|-gdb|none"), 0);
	cr_assert_not(plan.mux);
	cr_assert_null(plan.serial[0]);
	cr_assert_null(plan.gdb);
	cr_assert_eq(make_plan("-serial|file:x"), 0);
	cr_assert_not(plan.mux, "no person, no monitor on stdio");
	cr_assert_str_eq(plan.serial[0], "file:x");
}

Test(options, second_port_on_stdio)
{
	cr_assert_eq(make_plan("-serial|file:x|-serial|stdio|-monitor|none"), 0);
	cr_assert_eq(plan.mux_serial, 1);
	cr_assert_str_eq(plan.serial[0], "file:x");
	cr_assert_null(plan.serial[1]);
}

Test(options, gdb_or_debugcon_on_stdio_keep_the_defaults_off_it)
{
	cr_assert_eq(make_plan("-gdb|stdio"), 0);
	cr_assert_not(plan.mux);
	cr_assert_eq(make_plan("-debugcon|stdio"), 0);
	cr_assert_not(plan.mux);
}

Test(options, stdio_for_two_is_refused)
{
	cr_assert_eq(make_plan("-serial|stdio|-serial|stdio"), -EINVAL);
	cr_assert_eq(make_plan("-serial|stdio|-gdb|stdio"), -EINVAL);
	cr_assert_eq(make_plan("-debugcon|stdio|-gdb|stdio"), -EINVAL);
	cr_assert_eq(make_plan("-debugcon|stdio|-monitor|stdio"), -EINVAL);
}

/* ---- the whole program, as far as it gets without a guest ---- */

/* Exit status; what goes to stderr is left in err_text. */
static char err_text[4096];
static int program(const char *line)
{
	char path[] = "/tmp/vitrine-options-XXXXXX";
	int fd = mkstemp(path), saved = dup(2), status;
	ssize_t n;

	unlink(path);
	parse(line);
	args[0] = (char *)"vitrine";
	dup2(fd, 2);
	dup2(open("/dev/null", O_WRONLY), 1);
	status = cli_main(arg_count, args);
	fflush(stderr);
	dup2(saved, 2);
	n = pread(fd, err_text, sizeof(err_text) - 1, 0);
	err_text[n > 0 ? n : 0] = '\0';
	close(fd);
	return status;
}

Test(options, exit_statuses)
{
	static const struct {
		const char *line;
		int status;
		const char *says;
	} runs[] = {
		{ "", 2, "vitrine demo" },
		{ "run", 2, "vitrine demo" },
		{ "frob", 2, "no subcommand 'frob'" },
		{ "/dev/null", 2, "vitrine -kernel /dev/null" },
		{ "check|now", 2, "takes no arguments" },
		{ "-foo", 2, "-foo" },
		{ "-kernel|x|-d|foo", 2, "'foo'" },
		{ "demo|-kernel|x", 2, "-kernel" },
		{ "-kernel|/nonexistent/k", 1, "/nonexistent/k" },
		{ "-kernel|/etc/passwd", 1, "/etc/passwd" },
		{ "-kernel|x|-m|1000T", 1, "MiB" },
		{ "-kernel|x|-D|/nonexistent/t", 1, "/nonexistent/t" },
		{ "--help", 0, "" },
		{ "help", 0, "" },
		{ "version", 0, "" },
		{ "-version", 0, "" },
	};
	size_t i;

	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		cr_assert_eq(program(runs[i].line), runs[i].status, "%s: %s", runs[i].line,
			     err_text);
		cr_assert(strstr(err_text, runs[i].says), "%s: %s", runs[i].line, err_text);
		if (!runs[i].status) {
			cr_assert_str_eq(err_text, "");
			continue;
		}
		cr_assert_eq(strncmp(err_text, "vitrine: ", 9), 0);
		cr_assert_eq(strchr(err_text, '\n') - err_text, (long)strlen(err_text) - 1,
			     "one line: %s", err_text);
		cr_assert_eq(strstr(err_text, "--help") != NULL, runs[i].status == 2);
	}
}

Test(options, what_becomes_of_the_guest_when_the_debugger_goes)
{
	cr_assert_eq(parse("-gdb|tcp::1"), 0);
	cr_assert_eq(opts.on_disconnect, GDB_RELEASE);
	cr_assert_eq(parse("-gdb|unix:/a,b,on-disconnect=quit"), 0);
	cr_assert_str_eq(opts.gdb, "unix:/a,b");
	cr_assert_eq(opts.on_disconnect, GDB_QUIT);
	cr_assert_eq(parse("-gdb|,on-disconnect=stop"), 0);
	cr_assert_null(opts.gdb);
	cr_assert_eq(opts.on_disconnect, GDB_STOP);
	cr_assert_eq(parse("-s|-gdb|,on-disconnect=continue"), 0);
	cr_assert_str_eq(opts.gdb, "tcp:127.0.0.1:1234");
	cr_assert_eq(opts.on_disconnect, GDB_CONTINUE);
	cr_assert_eq(parse("-gdb|tcp::1,on-disconnect=run"), -EINVAL);
	cr_assert_str_eq(err.text,
			 "-gdb: on-disconnect=run is unknown: there is continue, stop and quit");
	cr_assert_eq(parse("-gdb|tcp::1,on-disconnect="), -EINVAL);
}
