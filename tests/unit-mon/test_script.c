// SPDX-License-Identifier: GPL-3.0-or-later
/* What takes time and what runs by itself: until, wait, next-branch, display, commands, source. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/script.h"
#include "monitor/session.h"
#include "tests/unit-mon/fixture.h"

static struct mon_session session; /* one that hears what comes later */
static struct strbuf told;
static unsigned prompts;

static void on_tell(struct mon_session *s, const char *text)
{
	(void)s;
	strbuf_puts(&told, text);
}

static void on_idle(struct mon_session *s)
{
	(void)s;
	prompts++;
}

static void setup(void)
{
	fixture_setup_on_loop();
	run_by = &session;
	session.tell = on_tell;
	session.idle = on_idle;
	mon_session_open(&session, mon, "monitor 1");
	prompts = 0;
}

static void teardown(void)
{
	mon_session_close(&session);
	fixture_teardown();
	strbuf_free(&told);
}

TestSuite(mon_script, .init = setup, .fini = teardown);

#define expect_told(text_) cr_expect(strstr(strbuf_str(&told), (text_)), "%s", strbuf_str(&told))

/* What is posted, and what that wakes. */
static void turns(void)
{
	for (int i = 0; i < 4; i++)
		turn();
}

/* Until nothing is under way, or a minute of a slow machine has passed. */
static void until_idle(void)
{
	for (int i = 0; i < 60000 && mon_session_busy(&session); i++) {
		turns();
		usleep(1000);
	}
	cr_assert_not(mon_session_busy(&session));
}

static char path[] = "/tmp/vitrine-script-XXXXXX";

static void write_script(const char *text)
{
	int fd;

	memcpy(path + strlen(path) - 6, "XXXXXX", 6);
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static const char *source(const char *text)
{
	char line[64];

	write_script(text);
	snprintf(line, sizeof(line), "source %s", path);
	run(line);
	unlink(path);
	return strbuf_str(&out);
}

Test(mon_script, until)
{
	run("cpu 1");
	expect_is("until 0x2000", "");
	cr_expect_eq(fake->m.state, RUN_RUNNING);
	cr_expect(mon_session_busy(&session));
	expect_says("until 0x2000", "`stop` it first");
	expect_is("info breakpoints", "no breakpoints\n");
	/* Another vCPU does not count. */
	cr_expect_not(fake_hit(fake, 1, 0));
	cr_expect(fake_hit(fake, 1, 1));
	turns();
	cr_expect_eq(fake->bp_count, 0u);
	cr_expect_eq(prompts, 1u);
	/* Whatever stops the guest ends it. */
	run("until 0x2000");
	run("stop");
	turns();
	cr_expect_eq(fake->bp_count, 0u);
	fake->refuse_run = true;
	expect_says("until 0x2000", "error: the guest has shut down");
	cr_expect_eq(fake->bp_count, 0u);
}

Test(mon_script, display)
{
	expect_is("display/x $rax", "1: print/x $rax\n0x0000000000000000\n");
	expect_says("display/2i $pc", "nop");
	run("cont");
	fake->reg[0][FAKE_RAX][0] = 0x55;
	expect_says("stop", "1: print/x $rax\n0x0000000000000055\n2: x/2i $pc\n=> 0x");
	run("step");
	until_idle();
	expect_told("1: print/x $rax\n");
	expect_says("display", "1: print/x $rax");
	expect_is("undisplay 1", "");
	expect_says("undisplay 1", "no such display");
	expect_says("display $frob", "no register of this name");
	for (int i = 0; i < 15; i++)
		run("display 1");
	expect_says("display 1", "16 are shown already");
}

Test(mon_script, next_branch)
{
	/* The machine's step adds one: a nop goes on, of a longer instruction that is a branch. */
	static const uint8_t long_nop[] = { 0x66, 0x90 };

	memory_write(fake->m.ram, 0x1003, long_nop, sizeof(long_nop));
	expect_is("next-branch", "");
	until_idle();
	expect_told("from 0x1003 to 0x1004, 4 instructions\n=> 0x1004:  nop\n");
	cr_expect_eq(prompts, 1u);
	run("cont");
	expect_says("nb", "`stop` it first");
}

Test(mon_script, wait)
{
	expect_is("wait", "");
	cr_expect_not(mon_session_busy(&session), "it is stopped");
	expect_is("wait 0.01", "");
	cr_expect(mon_session_busy(&session));
	until_idle();
	run("cont");
	expect_is("wait until stopped 0.01", "");
	until_idle();
	expect_told("waiting ended: the guest has not stopped in that time\n");
	run("wait");
	cr_expect(mon_session_busy(&session));
	fake_stop(fake, &(struct stop){ .reason = STOP_BREAKPOINT });
	cr_expect_not(mon_session_busy(&session));
	expect_says("wait until", "expected `until stopped`");
	expect_says("wait until stopped x", "expected a number of seconds");
	expect_says("wait 99999999999999999999", "expected a number of seconds");
	expect_says("wait 1.2.3", "expected a number of seconds");
}

/* Lines that come before the prompt: what they begin takes the place of the wait. */
Test(mon_script, a_wait_gives_way)
{
	run("cont");
	run("wait until stopped 0.001");
	run("wait 0.02");
	until_idle();
	cr_expect_not(strstr(strbuf_str(&told), "waiting ended"), "%s", strbuf_str(&told));
	run("wait until stopped 0.001");
	run("stop");
	expect_is("step", "");
	until_idle();
	run("cont");
	run("wait 0.02");
	until_idle();
	cr_expect_not(strstr(strbuf_str(&told), "waiting ended"), "%s", strbuf_str(&told));
}

static void stops_alone(struct stop stop)
{
	struct control_event ev = { .kind = CONTROL_VCPU_STOPPED, .stop = &stop, .by = stop.by };

	fake->step_pending = false;
	fake_notify(fake, &ev);
	turns();
}

/* With gdb in non-stop mode a vCPU can stop while others run: nothing else will come. */
Test(mon_script, what_ends_with_a_vcpu_that_stops_alone)
{
	run("until 0x2000");
	stops_alone((struct stop){ .reason = STOP_BREAKPOINT, .vcpu = 1, .bp = 99 });
	cr_expect(mon_session_busy(&session), "that is another one's");
	stops_alone((struct stop){ .reason = STOP_BREAKPOINT, .bp = session.progress.until });
	cr_expect_not(mon_session_busy(&session), "until");
	run("stop");
	run("step");
	stops_alone((struct stop){ .reason = STOP_STEP, .pc = 0x1000, .by = &session.client });
	cr_expect_not(mon_session_busy(&session), "step");
	run("stop");
	run("next-branch");
	stops_alone((struct stop){ .reason = STOP_PAUSE, .vcpu = 1 });
	cr_expect(mon_session_busy(&session), "that is another vCPU");
	stops_alone((struct stop){ .reason = STOP_PAUSE });
	cr_expect_not(mon_session_busy(&session), "next-branch");
	expect_told("one vCPU stopped: ");
	run("stop");
	run("step 5");
	stops_alone((struct stop){ .reason = STOP_STEP, .pc = 0x1000, .by = &session.client });
	cr_expect_not(mon_session_busy(&session), "step 5");
	expect_told("stepping ended: another client runs the guest");
}

Test(mon_script, until_again)
{
	run("until 0x2000");
	run("stop");
	run("until 0x3000");
	cr_expect_eq(fake->bp_count, 1u);
	run("stop");
	until_idle();
	turns();
	cr_expect_eq(fake->bp_count, 0u);
}

Test(mon_script, nmi)
{
	expect_is("cpu 1", "vCPU 1: stopped\n=> 0x1000:  nop\n");
	expect_is("nmi", "the guest sees it when it runs\n");
	cr_expect_eq(fake->nmis[1], 1u);
}

Test(mon_script, commands_follow_a_stop)
{
	run("break 0x2000");
	expect_is("commands 1", "");
	cr_expect(mon_collecting(&session));
	expect_is("print 40 + 2", "");
	expect_is("  cont  ", "");
	expect_is("end", "");
	expect_says("info breakpoints", "    then print 40 + 2\n    then cont\n");
	cr_expect(hit(1, 0));
	cr_expect_eq(fake->m.state, RUN_DEBUG, "not inside the event");
	turns();
	expect_told("0x2a  42\n");
	cr_expect_eq(fake->m.state, RUN_RUNNING);
	run("stop");
	run("commands 1");
	run("end");
	cr_expect_not(strstr(run("info breakpoints"), "then"));
	run("commands 1");
	monitor_execute(mon, "delete 1", &out);
	expect_says("end", "error: breakpoint 1 is gone");
	expect_says("commands 1", "no such breakpoint");
	monitor_execute(mon, "break 0x2000", &out);
	expect_says("commands 2", "what this console has set");
}

/* The commands of a breakpoint for one stop are run though it goes. */
Test(mon_script, commands_of_a_temporary_one)
{
	run("tbreak 0x2000");
	run("commands 1");
	run("print 40 + 2");
	run("end");
	cr_expect(hit(1, 0));
	turns();
	expect_told("0x2a  42\n");
	cr_expect_eq(fake->bp_count, 0u);
}

Test(mon_script, lines_wait_for_what_takes_time)
{
	cr_expect_str_eq(source("# a comment\n\n  print 1\r\nstep 3\nprint $pc\nbreak 0x2000\n"
				"commands 1\nprint 7\nend\n"),
			 "0x1  1\n");
	cr_expect(mon_session_busy(&session));
	until_idle();
	expect_told("3 steps done\n");
	expect_told("0x1003  4099\n");
	cr_expect_eq(prompts, 1u, "one for the whole script");
	expect_says("info breakpoints", "    then print 7\n");
	source("cont\nwait until stopped\nprint 8");
	cr_expect(mon_session_busy(&session));
	cr_expect(fake_hit(fake, 1, 0));
	until_idle();
	expect_told("0x7  7\n0x8  8\n");
}

Test(mon_script, a_mistake_ends_it)
{
	char expected[96];

	source("print 1\n\nfrob\nprint 2\n");
	snprintf(expected, sizeof(expected),
		 "0x1  1\nerror: %s:3: no such command: `help` lists them\n", path);
	cr_expect_str_eq(strbuf_str(&out), expected);
	cr_expect_not(mon_session_busy(&session));
	/* Later, too. */
	source("step 2\nprint 1 +\nprint 2\n");
	until_idle();
	snprintf(expected, sizeof(expected), "%s:2: expected a number", path);
	expect_told(expected);
	cr_expect_not(strstr(strbuf_str(&told), "0x2  2"));
	source("cont\nwait until stopped 0.01\nprint 2");
	until_idle();
	snprintf(expected, sizeof(expected), "%s:2: the guest has not stopped", path);
	expect_told(expected);
	expect_says("source /no/such/file", "error: cannot open /no/such/file");
	expect_says("source /dev/zero", "is not text");
}

Test(mon_script, a_person_ends_it)
{
	source("wait 1000\nprint 2");
	cr_expect(mon_session_busy(&session));
	run("stop");
	cr_expect_not(mon_session_busy(&session));
	turns();
	cr_expect_not(strstr(strbuf_str(&told), "0x2"));
}

Test(mon_script, depth_is_bounded)
{
	char text[64];

	write_script("");
	snprintf(text, sizeof(text), "source %s", path);
	unlink(path);
	FILE *f = fopen(path, "w");
	fprintf(f, "%s\n", text);
	fclose(f);
	expect_says(text, "nested too deeply");
	unlink(path);
}

Test(mon_script, a_batch_that_fails_ends_the_program)
{
	struct error err = { "" };

	write_script("cont\nfrob\n");
	cr_expect_eq(monitor_script(mon, path, &err), 0);
	unlink(path);
	turns();
	cr_expect(fake->quit);
	cr_expect_eq(fake->quit_code, 1);
	cr_expect_eq(fake->m.state, RUN_RUNNING);
}

Test(mon_script, a_batch_that_is_not_there)
{
	struct error err = { "" };

	cr_expect_lt(monitor_script(mon, "/no/such/file", &err), 0);
	cr_expect_str_eq(err.text,
			 "-monitor-script: cannot open /no/such/file: No such file or directory");
}
