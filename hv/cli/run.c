// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `vitrine run` and `vitrine demo`: make the machine, its front ends and what
 * connects them, run it, unmake all of it in reverse.
 *
 *   loop -> signals -> stdio and its mux -> machine -> monitor -> gdb
 *
 * Everything said at the start goes to standard error: standard output is the
 * guest's console.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gdbstub/gdbstub.h"
#include "hv/boot/boot.h"
#include "hv/boot/fdt.h"
#include "hv/cli/cli_internal.h"
#include "hv/cli/demo.h"
#include "hv/cli/machines.h"
#include "hv/cli/options.h"
#include "hv/cli/signals.h"
#include "hv/control.h"
#include "hv/machine.h"
#include "hv/rundir.h"
#include "hv/trace.h"
#include "monitor/monitor.h"
#include "monitor/qmp.h"

struct run {
	struct cli_options *opts;
	struct machine_config cfg;
	struct cli_console_plan plan;
	bool demo;

	struct loop *loop;
	struct cli_signals signals;
	struct endpoint *stdio;
	struct chardev_mux *mux;
	struct chardev *mux_monitor;		/* until the monitor has it */
	struct endpoint *ptys[CLI_SERIALS + 1]; /* of the serial ports; the last is the monitor's */
	struct chardev *pty_monitor;		/* until the monitor has it */
	struct machine *m;
	struct monitor *monitor;
	struct qmp *qmp;
	struct gdbstub *gdb;
	bool by_name;		/* `vitrine monitor NAME` finds it */
	char symbols[PATH_MAX]; /* of the demo guest; empty: not written */
};

/* ---- the ways to end ---- */

static void on_signal(void *opaque, int sig)
{
	struct run *run = opaque;

	(void)sig;
	control_quit(run->m, CLI_OK);
}

static void on_quit_key(void *opaque)
{
	struct run *run = opaque;

	control_quit(run->m, CLI_OK);
}

/* ---- stdio and ptys ---- */

static void on_stdio(void *opaque, struct chardev *cd)
{
	struct run *run = opaque;

	/* A failure shows in run->mux; the chardev is gone then. */
	if (chardev_mux_create(&run->mux, cd, on_quit_key, run) < 0)
		run->mux = NULL;
}

static int add_user(struct run *run, const char *label, struct chardev **out, struct error *err)
{
	*out = chardev_mux_add(run->mux, label);
	return *out ? 0 : error_set(err, -ENOMEM, "cannot share stdio: out of memory");
}

static int open_stdio(struct run *run, struct error *err)
{
	char label[24];
	int ret;

	if (!run->plan.mux)
		return 0;
	ret = endpoint_open(&run->stdio, run->loop, "stdio", on_stdio, run, err);
	if (!ret && !run->mux)
		ret = error_set(err, -ENOMEM, "cannot share stdio: out of memory");
	if (!ret && run->plan.mux_serial >= 0) {
		snprintf(label, sizeof(label), "serial%d", run->plan.mux_serial);
		ret = add_user(run, label, &run->cfg.serial_chardev[run->plan.mux_serial], err);
	}
	if (!ret && run->plan.mux_monitor)
		ret = add_user(run, "monitor", &run->mux_monitor, err);
	return ret;
}

static void keep_chardev(void *opaque, struct chardev *cd)
{
	*(struct chardev **)opaque = cd;
}

/* A pty has a name that the person must be told: it is opened here and handed on. */
static int open_pty(struct run *run, const char **dev, const char *who, struct endpoint **ep,
		    struct chardev **cd, struct error *err)
{
	int ret;

	if (!*dev || strcmp(*dev, "pty"))
		return 0;
	ret = endpoint_open(ep, run->loop, *dev, keep_chardev, cd, err);
	if (ret < 0) {
		error_prefix(err, "%s", who);
		return ret;
	}
	*dev = NULL;
	fprintf(stderr, "%s: %s\n", who, endpoint_name(*ep) + strlen("pty:"));
	return 0;
}

static int open_ptys(struct run *run, struct error *err)
{
	char who[24];
	int i, ret = 0;

	for (i = 0; i < CLI_SERIALS && !ret; i++) {
		snprintf(who, sizeof(who), "serial%d", i);
		ret = open_pty(run, &run->plan.serial[i], who, &run->ptys[i],
			       &run->cfg.serial_chardev[i], err);
	}
	if (!ret)
		ret = open_pty(run, &run->plan.monitor, "monitor", &run->ptys[CLI_SERIALS],
			       &run->pty_monitor, err);
	return ret;
}

/* ---- front ends ---- */

static int add_console(struct run *run, struct chardev **cd, struct error *err)
{
	struct chardev *given = *cd;

	*cd = NULL;
	return given ? monitor_add_console(run->monitor, given, err) : 0;
}

/*
 * For `vitrine monitor NAME`. It is a convenience: a machine that cannot have it, because another
 * one has the name, say, runs without.
 */
static void serve_by_name(struct run *run)
{
	char path[PATH_MAX], dev[PATH_MAX + 8];
	struct error err;
	int ret = machines_socket(run->cfg.name, path, sizeof(path), &err);

	if (!ret) {
		snprintf(dev, sizeof(dev), "unix:%s", path);
		ret = monitor_serve(run->monitor, dev, &err);
	}
	if (ret)
		fprintf(stderr, "vitrine: `vitrine monitor` will not find this machine: %s\n",
			err.text);
	run->by_name = !ret;
}

static int open_monitor(struct run *run, struct error *err)
{
	int ret = monitor_create(&run->monitor, run->m, run->loop, err);

	if (!ret)
		ret = add_console(run, &run->mux_monitor, err);
	if (!ret)
		ret = add_console(run, &run->pty_monitor, err);
	if (!ret && run->plan.monitor)
		ret = monitor_serve(run->monitor, run->plan.monitor, err);
	if (!ret && run->plan.monitor_socket)
		serve_by_name(run);
	if (!ret && run->opts->monitor_script)
		ret = monitor_script(run->monitor, run->opts->monitor_script, err);
	if (!ret && run->plan.qmp)
		ret = qmp_create(&run->qmp, run->monitor, run->plan.qmp, err);
	return ret;
}

static void on_rcmd(void *opaque, const char *line, struct strbuf *out)
{
	struct run *run = opaque;

	monitor_execute(run->monitor, line, out);
}

static void on_rcmd_end(void *opaque)
{
	struct run *run = opaque;

	monitor_execute_end(run->monitor);
}

static int open_gdb(struct run *run, struct error *err)
{
	struct gdbstub_config cfg = { .dev = run->plan.gdb,
				      .rcmd = on_rcmd,
				      .rcmd_end = on_rcmd_end,
				      .rcmd_opaque = run,
				      .on_disconnect = run->opts->on_disconnect,
				      .trace = trace_on[TRACE_PACKET] };
	char dir[PATH_MAX], dev[PATH_MAX + CLI_NAME_MAX + 16];
	int ret;

	if (!cfg.dev)
		return 0;
	if (!strcmp(cfg.dev, "default")) {
		ret = rundir_get(dir, sizeof(dir), err);
		if (ret < 0) {
			error_prefix(err, "no place for gdb's socket (-gdb chooses another)");
			return ret;
		}
		snprintf(dev, sizeof(dev), "unix:%s/%s.gdb", dir, run->cfg.name);
		cfg.dev = dev;
	}
	return gdbstub_create(&run->gdb, run->m, run->loop, &cfg, err);
}

/* ---- what is said at the start ---- */

static bool is_loopback(const char *address)
{
	return !strncmp(address, ":", 1) || !strncmp(address, "127.", 4) ||
	       !strncmp(address, "localhost:", 10) || !strncmp(address, "[::1]:", 6);
}

static void warn_if_open(const char *who, const char *dev)
{
	if (dev && !strncmp(dev, "tcp:", 4) && !is_loopback(dev + 4))
		fprintf(stderr,
			"vitrine: warning: %s listens on %s: whoever reaches it controls the "
			"guest\n",
			who, dev + 4);
}

static int write_demo_symbols(struct run *run, struct error *err)
{
	char dir[PATH_MAX];
	int n, ret;

	ret = rundir_get(dir, sizeof(dir), err);
	if (ret < 0)
		return ret;
	n = snprintf(run->symbols, sizeof(run->symbols), "%s/%s.elf", dir, run->cfg.name);
	if (n < 0 || (size_t)n >= sizeof(run->symbols))
		ret = error_set(err, -ENAMETOOLONG,
				"the path of the run-time directory is too long");
	else
		ret = demo_write_symbols(run->symbols, err);
	if (ret < 0)
		run->symbols[0] = '\0';
	return ret;
}

static int greet(struct run *run, struct error *err)
{
	const char *target = run->gdb ? gdbstub_target(run->gdb) : NULL;
	int ret;

	warn_if_open("gdb", run->plan.gdb);
	warn_if_open("the monitor", run->plan.monitor);
	warn_if_open("qmp", run->plan.qmp);
	if (run->plan.monitor)
		fprintf(stderr, "monitor: %s\n", run->plan.monitor);
	if (run->plan.qmp)
		fprintf(stderr, "qmp: %s\n", run->plan.qmp);
	if (run->demo && target) {
		ret = write_demo_symbols(run, err);
		if (ret < 0)
			return ret;
		demo_greet(stderr, run->symbols, target, run->cfg.vcpus);
	} else if (target) {
		fprintf(stderr, "gdb: target remote %s\n", target);
	}
	if (run->by_name)
		fprintf(stderr, "monitor: vitrine monitor %s\n", run->cfg.name);
	if (run->plan.mux)
		fprintf(stderr, "Ctrl-A h lists the keys, Ctrl-A x quits.\n");
	return 0;
}

/* ---- -machine dumpdtb= ---- */

static int write_file(const char *path, const void *data, size_t size, struct error *err)
{
	FILE *f = fopen(path, "we");
	int bad;

	if (!f)
		return error_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
	bad = fwrite(data, 1, size, f) != size;
	/* The buffer is written at the latest here. */
	if (fclose(f) || bad)
		return error_set(err, -EIO, "cannot write %s: the disk is full or failed", path);
	return 0;
}

static int dump_dtb(struct run *run, struct error *err)
{
	void *blob;
	size_t size;
	int ret = fdt_build(run->m, &blob, &size, err);

	if (ret < 0)
		return ret;
	ret = write_file(run->opts->dumpdtb, blob, size, err);
	free(blob);
	return ret;
}

/* ---- all of it ---- */

static int make_loop(struct run *run, struct error *err)
{
	int ret = loop_create(&run->loop);

	if (ret < 0)
		return error_set(err, ret, "cannot make an event loop: %s", strerror(-ret));
	return 0;
}

static int set_up(struct run *run, struct error *err)
{
	int i, ret;

	ret = make_loop(run, err);
	if (!ret)
		ret = open_stdio(run, err);
	if (!ret)
		ret = open_ptys(run, err);
	for (i = 0; i < CLI_SERIALS; i++)
		run->cfg.serial[i] = run->plan.serial[i];
	run->cfg.loop = run->loop;
	/* Before the vCPUs' threads are there, and after everything that may block for a person. */
	if (!ret)
		ret = cli_signals_open(&run->signals, run->loop, on_signal, run, err);
	if (!ret)
		ret = machine_create(&run->m, &run->cfg, err);
	return ret;
}

static void tear_down(struct run *run)
{
	size_t i;

	gdbstub_destroy(run->gdb);
	qmp_destroy(run->qmp);
	monitor_destroy(run->monitor);
	machine_destroy(run->m);
	chardev_close(run->pty_monitor);
	for (i = 0; i < CLI_SERIALS + 1; i++)
		endpoint_close(run->ptys[i]);
	/* Users that nobody took over end with it. The terminal is restored here. */
	chardev_mux_destroy(run->mux);
	endpoint_close(run->stdio);
	cli_signals_close(&run->signals);
	loop_destroy(run->loop);
	if (run->symbols[0])
		unlink(run->symbols);
	trace_close();
}

static int open_trace(const struct cli_options *opts, struct error *err)
{
	return opts->trace_to ? trace_open(opts->trace_to, err) : 0;
}

static int run_guest(struct run *run)
{
	struct error err;
	int ret, status = CLI_FAILED;

	ret = open_trace(run->opts, &err);
	if (!ret)
		ret = set_up(run, &err);
	if (!ret && run->opts->dumpdtb) {
		ret = dump_dtb(run, &err);
		status = CLI_OK;
		goto out;
	}
	if (!ret)
		ret = open_monitor(run, &err);
	if (!ret)
		ret = open_gdb(run, &err);
	if (!ret)
		ret = greet(run, &err);
	if (!ret)
		status = machine_run(run->m);
out:
	tear_down(run);
	return ret < 0 ? cli_fail(&err) : status;
}

static void default_name(struct cli_options *opts, bool demo)
{
	if (opts->name[0])
		return;
	if (demo)
		snprintf(opts->name, sizeof(opts->name), "demo");
	else
		snprintf(opts->name, sizeof(opts->name), "vm-%d", (int)getpid());
}

/* There is more to see in the demo with two. */
static void default_vcpus(struct cli_options *opts, bool demo)
{
	if (demo && !opts->smp_given)
		opts->cfg.vcpus = opts->cfg.max_vcpus = DEMO_VCPUS;
}

/* Which image: the demo's own, also for a device tree that no kernel was named for. */
static int choose_image(struct cli_options *opts, bool demo, struct error *err)
{
	if (demo && opts->cfg.kernel)
		return error_set(err, -EINVAL,
				 "-kernel: the demo has a guest of its own; `vitrine "
				 "-kernel FILE` runs another");
	if (opts->cfg.kernel)
		return 0;
	if (!demo && !opts->dumpdtb)
		return error_set(err, -EINVAL,
				 "no kernel: give one with -kernel FILE, or try `vitrine demo`");
	opts->cfg.kernel = "the demo guest";
	opts->cfg.kernel_data = demo_image(&opts->cfg.kernel_size);
	return 0;
}

static int run_with_options(int argc, char **argv, bool demo)
{
	struct cli_options opts;
	struct run run = { .opts = &opts, .demo = demo };
	struct error err;

	if (cli_options_parse(&opts, argc, argv, &err) < 0)
		return cli_usage_error(&err);
	if (opts.help)
		return cli_help();
	if (opts.version)
		return cli_version();
	if (choose_image(&opts, demo, &err) < 0 || cli_console_plan(&run.plan, &opts, &err) < 0 ||
	    (opts.trace && trace_enable(opts.trace, &err) < 0))
		return cli_usage_error(&err);
	if (cli_options_check(&opts, &err) < 0)
		return cli_fail(&err);
	default_name(&opts, demo);
	default_vcpus(&opts, demo);
	run.cfg = opts.cfg;
	run.cfg.name = opts.name;
	return run_guest(&run);
}

int cli_run(int argc, char **argv)
{
	return run_with_options(argc, argv, false);
}

int cli_demo(int argc, char **argv)
{
	return run_with_options(argc, argv, true);
}
