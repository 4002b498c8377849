// SPDX-License-Identifier: GPL-3.0-or-later
/* A monitor on a fake machine: see fixture.h. */
#include <stdlib.h>

#include "tests/unit-mon/fixture.h"

#include "monitor/session.h"

struct loop *loop;
struct fake *fake;
struct monitor *mon;
struct strbuf out;
struct mon_session *run_by;

static void setup(bool on_loop)
{
	struct error err;

	cr_assert_eq(loop_create(&loop), 0);
	fake = fake_create(on_loop ? loop : NULL, 2, 1 << 20);
	cr_assert_not_null(fake);
	cr_assert_eq(monitor_create(&mon, &fake->m, loop, &err), 0);
}

void fixture_setup(void)
{
	setup(false);
}

void fixture_setup_on_loop(void)
{
	setup(true);
}

void fixture_setup_terminal(void)
{
	setenv("TERM", "xterm", 1);
	setenv("INPUTRC", "/dev/null", 1);
	setenv("NO_COLOR", "1", 1);
	setenv("XDG_STATE_HOME", "/proc/nowhere", 1);
	fixture_setup_on_loop();
}

void fixture_teardown(void)
{
	monitor_destroy(mon);
	fake_destroy(fake);
	loop_destroy(loop);
	strbuf_free(&out);
}

const char *run(const char *line)
{
	strbuf_clear(&out);
	if (run_by)
		mon_run(run_by, line, &out);
	else
		monitor_execute(mon, line, &out);
	return strbuf_str(&out);
}

static void end_turn(void *opaque)
{
	(void)opaque;
	loop_quit(loop, 0);
}

void turn(void)
{
	loop_post(loop, end_turn, NULL);
	loop_run(loop);
}

bool hit(int id, int vcpu)
{
	if (fake->m.state != RUN_RUNNING)
		run("cont");
	return fake_hit(fake, id, vcpu);
}
