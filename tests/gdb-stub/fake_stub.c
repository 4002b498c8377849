// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The GDB server over the fake machine, on a real socket and a real loop, for
 * a real gdb: fake_stub DEV created|running
 *
 * Says "ready" and what to give to gdb when it listens. Its monitor knows `counter`, `cont`,
 * `stop`, `message` and `breakpoints`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit-gdb/fake_machine.h"
#include "gdbstub/gdbstub.h"
#include "hv/loop.h"
#include "hv/trace.h"

/* Instructions between two looks at the sockets. */
#define SLICE 64

static void run_slice(void *opaque)
{
	struct machine *m = opaque;

	fake_run(m, SLICE);
	if (m->state == RUN_RUNNING)
		loop_post(m->opaque, run_slice, m);
}

static void on_resumed(struct machine *m)
{
	loop_post(m->opaque, run_slice, m);
}

static void on_ended(struct machine *m)
{
	loop_quit(m->opaque, m->quit_code);
}

static void rcmd(void *opaque, const char *line, struct strbuf *out)
{
	struct machine *m = opaque;

	if (!strcmp(line, "counter"))
		strbuf_printf(out, "%" PRIu64 "\n", fake_counter(m, 0));
	else if (!strcmp(line, "cont"))
		control_resume_all(m, NULL, NULL);
	else if (!strcmp(line, "stop"))
		control_stop(m, NULL);
	else if (!strcmp(line, "message"))
		control_message(m, "a message");
	else if (!strcmp(line, "breakpoints"))
		strbuf_printf(out, "%zu breakpoints\n", m->bp_count);
	else
		strbuf_printf(out, "unknown command \"%s\"\n", line);
}

int main(int argc, char **argv)
{
	struct gdbstub_config cfg = { .rcmd = rcmd };
	struct error err = { "" };
	struct gdbstub *stub;
	struct machine *m;
	struct loop *loop;
	int code;

	if (argc != 3 || loop_create(&loop) < 0)
		return 2;
	cfg.trace = getenv("FAKE_TRACE") != NULL;
	m = fake_machine_new(2, strcmp(argv[2], "running") ? RUN_CREATED : RUN_RUNNING);
	m->opaque = loop;
	m->resumed = on_resumed;
	m->ended = on_ended;
	cfg.dev = argv[1];
	cfg.rcmd_opaque = m;
	if (gdbstub_create(&stub, m, loop, &cfg, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("ready %s\n", gdbstub_target(stub));
	fflush(stdout);
	if (m->state == RUN_RUNNING)
		on_resumed(m);
	code = loop_run(loop);
	gdbstub_destroy(stub);
	loop_destroy(loop);
	fake_machine_free(m);
	return code;
}
