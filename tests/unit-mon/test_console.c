// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Consoles: plain lines, readline on a terminal, events in the middle of a line, refusals, steps
 * from the loop. The chardevs are fakes, the loop is real.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "monitor/command.h"
#include "monitor/monitor.h"
#include "tests/unit-mon/fake_chardev.h"
#include "tests/unit-mon/fake_control.h"

#define PROMPT "(vitrine) "

static struct loop *loop;
static struct fake *fake;
static struct monitor *mon;
static char state_dir[] = "/tmp/vitrine-test-XXXXXX";

static void setup(void)
{
	struct error err;

	cr_assert_not_null(mkdtemp(state_dir));
	setenv("XDG_STATE_HOME", state_dir, 1);
	setenv("TERM", "xterm", 1);
	setenv("INPUTRC", "/dev/null", 1);
	setenv("NO_COLOR", "1", 1);
	cr_assert_eq(loop_create(&loop), 0);
	fake = fake_create(loop, 2, 1 << 20);
	cr_assert_not_null(fake);
	cr_assert_eq(monitor_create(&mon, &fake->m, loop, &err), 0);
}

static void teardown(void)
{
	char path[256];

	if (mon)
		monitor_destroy(mon);
	fake_destroy(fake);
	loop_destroy(loop);
	snprintf(path, sizeof(path), "%s/vitrine/history", state_dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/vitrine", state_dir);
	rmdir(path);
	rmdir(state_dir);
}

TestSuite(mon_console, .init = setup, .fini = teardown, .timeout = 120);

/* ---- helpers ---- */

static int rounds;

static void next_round(void *opaque)
{
	(void)opaque;
	if (rounds--)
		loop_post(loop, next_round, NULL);
	else
		loop_quit(loop, 0);
}

/* Lets the loop do what is due now. */
static void turn(int n)
{
	rounds = n;
	loop_post(loop, next_round, NULL);
	loop_run(loop);
}

static void time_is_up(void *opaque, uint32_t events)
{
	(void)opaque;
	(void)events;
	loop_quit(loop, 0);
}

static void turn_for(long ms)
{
	const struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct loop_source *src;

	cr_assert_eq(loop_add_fd(loop, fd, EPOLLIN, time_is_up, NULL, &src), 0);
	timerfd_settime(fd, 0, &when, NULL);
	loop_run(loop);
	loop_remove(src);
	close(fd);
}

/* A console that has been looked at, its output empty. */
static struct chardev *console(bool tty)
{
	struct chardev *cd = fake_chardev_create(tty);
	struct error err;

	cr_assert_eq(monitor_add_console(mon, cd, &err), 0);
	cr_expect_eq(cd->out.len, 0u, "nothing before the first key: %s", strbuf_str(&cd->out));
	fake_chardev_feed(cd, tty ? "\r" : "\n", 1);
	cr_assert(strstr(strbuf_str(&cd->out), "monitor - "), "%s", strbuf_str(&cd->out));
	strbuf_clear(&cd->out);
	return cd;
}

static const char *type(struct chardev *cd, const char *text)
{
	strbuf_clear(&cd->out);
	fake_chardev_feed(cd, text, strlen(text));
	return strbuf_str(&cd->out);
}

static bool says(const struct chardev *cd, const char *text)
{
	return strstr(strbuf_str(&cd->out), text) != NULL;
}

#define expect_says(cd_, text_) cr_expect(says((cd_), (text_)), "%s", strbuf_str(&(cd_)->out))

static const struct stop hit = { .reason = STOP_BREAKPOINT, .vcpu = 1, .pc = 0x1000, .bp = 3 };

/* ---- plain lines ---- */

Test(mon_console, a_socket_gets_plain_lines)
{
	struct chardev *cd = console(false);

	cr_expect_str_eq(type(cd, "print 1+1\n"), "0x2  2\n" PROMPT);
	cr_expect_str_eq(type(cd, "print 1"), "");
	cr_expect_str_eq(type(cd, "0\r\nprint 3\n"), "0xa  10\n" PROMPT "0x3  3\n" PROMPT);
	cr_expect_str_eq(type(cd, "\n"), PROMPT);
	fake_chardev_hangup(cd);
	turn(4);
	cr_expect_eq(fake->m.clients->next, NULL, "just the session of gdb's monitor is left");
	fake_chardev_free(cd);
}

Test(mon_console, events_come_between_lines)
{
	struct chardev *cd = console(false);

	type(cd, "cont\n");
	strbuf_clear(&cd->out);
	fake_stop(fake, &hit);
	cr_expect_str_eq(strbuf_str(&cd->out), "\nstopped: breakpoint 3, vCPU 1 at 0x1000\n"
					       "=> 0x1000:  nop\n" PROMPT);
	expect_says(cd, PROMPT);
	cr_expect_str_eq(type(cd, "cpu\n"), "vCPU 1: stopped\n=> 0x1000:  nop\n" PROMPT);
	control_message(&fake->m, "hello %d", 5);
	expect_says(cd, "\nhello 5\n" PROMPT);
	monitor_destroy(mon);
	mon = NULL;
	cr_expect(cd->closed);
	fake_chardev_free(cd);
}

Test(mon_console, web_requests_are_closed)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: x\r\n\r\nquit\n",
		"POST /a HTTP/1.0\r\n\r\nquit\n",
		"OPTIONS * HTTP/1.1\nquit\n",
		"host: 127.0.0.1:4444\r\nquit\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nquit\n",
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct chardev *cd = console(false);

		cr_expect_str_eq(type(cd, requests[i]), "this is no web server\n", "%s",
				 requests[i]);
		turn(4);
		cr_expect(cd->closed, "%s", requests[i]);
		fake_chardev_free(cd);
	}
	cr_expect_not(fake->quit);
}

Test(mon_console, a_request_in_two_parts_with_a_long_name)
{
	struct chardev *cd = console(false);
	char line[MON_LINE_MAX + 100];

	memset(line, 'a', sizeof(line));
	memcpy(line, "GET /", 5);
	memcpy(line + sizeof(line) - 13, " HTTP/1.1\r\n", 12);
	expect_says(cd, "");
	type(cd, line);
	expect_says(cd, "too long");
	type(cd, "Host: x\r\nquit\n");
	expect_says(cd, "no web server");
	turn(4);
	cr_expect(cd->closed);
	cr_expect_not(fake->quit);
	fake_chardev_free(cd);
}

Test(mon_console, rubbish_does_no_harm)
{
	struct chardev *cd = console(false);
	uint8_t all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)(255 - i);
	fake_chardev_feed(cd, all, sizeof(all));
	fake_chardev_feed(cd, "\n", 1);
	expect_says(cd, "not text");
	fake_chardev_feed(cd, "quit\0\n", 6);
	fake_chardev_feed(cd, "\0quit\n", 6);
	cr_expect_not(fake->quit);
	cr_expect_str_eq(type(cd, "print 7\n"), "0x7  7\n" PROMPT);
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, quit_replies_and_ends)
{
	struct chardev *cd = console(false);

	type(cd, "quit\n");
	cr_expect(fake->quit);
	cr_expect_eq(fake->quit_code, 0);
	monitor_destroy(mon);
	mon = NULL;
	cr_expect(cd->closed);
	fake_chardev_free(cd);
}

Test(mon_console, breakpoints_leave_with_their_console)
{
	struct chardev *a = console(false), *b = console(false);

	type(a, "break 0x1234\n");
	type(b, "info breakpoints\n");
	expect_says(b, "0x0000000000001234");
	fake_chardev_hangup(a);
	turn(4);
	cr_expect_eq(fake->bp_count, 0u);
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(a);
	fake_chardev_free(b);
}

/* ---- steps ---- */

Test(mon_console, steps_run_from_the_loop)
{
	struct chardev *a = console(false), *b = console(false);

	cr_expect_str_eq(type(a, "step\n"), "", "the prompt waits for the step");
	turn(4);
	cr_expect_str_eq(strbuf_str(&a->out), "=> 0x1001:  nop\n" PROMPT);
	strbuf_clear(&a->out);
	strbuf_clear(&b->out);
	type(a, "step 1000\n");
	turn(4000);
	cr_expect_eq(fake->steps, 1001u);
	cr_expect_str_eq(strbuf_str(&a->out), "1000 steps done\n=> 0x13e9:  nop\n" PROMPT);
	turn_for(400);
	cr_expect_str_eq(
		strbuf_str(&b->out),
		"\nstopped: step done by monitor 1, vCPU 0 at 0x13e9\n=> 0x13e9:  nop\n" PROMPT,
		"others hear of it once");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(a);
	fake_chardev_free(b);
}

Test(mon_console, what_others_resume_is_told_when_it_lasts)
{
	struct chardev *a = console(false), *b = console(false);
	struct error err;

	control_resume_all(&fake->m, NULL, &err);
	turn_for(300);
	cr_expect_str_eq(strbuf_str(&a->out), "", "the machine's own start is no news");
	type(a, "stop\n");
	strbuf_clear(&b->out);
	type(a, "cont\n");
	cr_expect_str_eq(strbuf_str(&b->out), "");
	turn_for(300);
	cr_expect_str_eq(strbuf_str(&b->out), "\nresumed by monitor 1\n" PROMPT);
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(a);
	fake_chardev_free(b);
}

Test(mon_console, a_stop_of_another_ends_the_steps)
{
	struct chardev *a = console(false), *b = console(false);

	type(a, "step 1000000\n");
	turn(20);
	cr_expect_gt(fake->steps, 3u);
	strbuf_clear(&a->out);
	/* Between two steps, or in the middle of one. */
	type(b, "stop\n");
	if (fake->m.state == RUN_RUNNING)
		control_stop(&fake->m, NULL);
	fake_stop(fake, &hit);
	turn(200);
	expect_says(a, "stopped: breakpoint 3");
	expect_says(a, PROMPT);
	cr_expect_str_eq(type(a, "print 1\n"), "0x1  1\n" PROMPT);
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(a);
	fake_chardev_free(b);
}

Test(mon_console, stop_ends_ones_own_steps)
{
	struct chardev *a = console(false);
	unsigned steps;

	type(a, "step 1000000\n");
	turn(20);
	type(a, "stop\n");
	expect_says(a, "stop");
	expect_says(a, PROMPT);
	steps = fake->steps;
	turn(20);
	cr_expect_eq(fake->steps, steps);
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(a);
}

Test(mon_console, a_console_may_close_while_it_steps)
{
	struct chardev *a = console(false);

	type(a, "step 1000000\n");
	turn(10);
	fake_chardev_hangup(a);
	turn(10);
	fake_chardev_free(a);
}

/* ---- terminals ---- */

Test(mon_console, a_terminal_gets_readline)
{
	struct chardev *cd = console(true);

	type(cd, "pri\t1 + 1\r");
	expect_says(cd, "print");
	expect_says(cd, "\r\n0x2  2\r\n");
	expect_says(cd, PROMPT);
	type(cd, "print 5\x01\x06\x06\x06\x06\x06 4*\r");
	expect_says(cd, "0x14  20\r\n");
	type(cd, "info re\t\r");
	expect_says(cd, "info registers");
	expect_says(cd, "CPU#0");
	type(cd, "print $ri\t\r");
	expect_says(cd, "0x1000  4096");
	type(cd, "s\t\t");
	expect_says(cd, "system_reset");
	expect_says(cd, "step");
	type(cd, "\x15print 3\r");
	expect_says(cd, "0x3  3");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, history_is_searched_and_kept)
{
	struct chardev *cd = console(true);
	char path[256], text[256] = "";
	struct stat st;
	FILE *f;

	type(cd, "print 0x77\r");
	type(cd, "info version\r");
	type(cd, "\x10\x10\r");
	expect_says(cd, "0x77  119\r\n");
	type(cd, "print 1\r");
	type(cd, "\x12vers\r");
	expect_says(cd, "vitrine " VITRINE_VERSION);
	snprintf(path, sizeof(path), "%s/vitrine/history", state_dir);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600u);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	cr_assert_gt(fread(text, 1, sizeof(text) - 1, f), 0u);
	fclose(f);
	cr_expect_str_eq(text, "print 0x77\ninfo version\nprint 0x77\nprint 1\ninfo version\n");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, no_place_for_the_history_is_no_error)
{
	struct chardev *cd;

	setenv("XDG_STATE_HOME", "/proc/nowhere", 1);
	cd = console(true);
	type(cd, "print 1\r");
	expect_says(cd, "0x1  1\r\n");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, an_event_leaves_the_line_as_it_is)
{
	struct chardev *cd = console(true);
	const char *after;

	type(cd, "cont\r");
	type(cd, "print 4");
	strbuf_clear(&cd->out);
	fake_stop(fake, &hit);
	expect_says(cd, "stopped: breakpoint 3, vCPU 1 at 0x1000\r\n=> 0x1000:  nop\r\n");
	after = strstr(strbuf_str(&cd->out), "nop\r\n");
	cr_assert_not_null(after);
	cr_expect(strstr(after, PROMPT "print 4"), "%s", after);
	type(cd, "2\r");
	expect_says(cd, "0x2a  42\r\n");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, an_empty_line_goes_on)
{
	struct chardev *cd = console(true);

	type(cd, "x/2xb 0x1000\r");
	type(cd, "\r");
	expect_says(cd, "0x0000000000001002:  0x90");
	type(cd, "step\r");
	turn(4);
	expect_says(cd, "=> 0x1001:  nop\r\n");
	expect_says(cd, PROMPT);
	type(cd, "\r");
	turn(4);
	expect_says(cd, "=> 0x1002:  nop\r\n");
	type(cd, "info status\r");
	type(cd, "\r");
	cr_expect_eq(fake->steps, 2u);
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, ctrl_c_clears_the_line_or_stops_the_guest)
{
	struct chardev *cd = console(true);

	type(cd, "cont\r");
	type(cd, "quit\x03\r");
	cr_expect_not(fake->quit);
	cr_expect_eq(fake->m.state, RUN_RUNNING);
	type(cd, "\x03");
	expect_says(cd, "stopped: paused by monitor 1");
	expect_says(cd, PROMPT);
	type(cd, "step 100000\r");
	turn(10);
	type(cd, "\x03");
	expect_says(cd, "stop");
	expect_says(cd, PROMPT);
	type(cd, "print 6\r");
	expect_says(cd, "0x6  6\r\n");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, ctrl_d_does_not_end_the_guest)
{
	struct chardev *cd = console(true);

	type(cd, "\x04");
	expect_says(cd, "`quit` ends");
	type(cd, "print 1\r");
	expect_says(cd, "0x1  1");
	cr_expect_not(fake->quit);
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, a_second_terminal_gets_plain_lines)
{
	struct chardev *a = console(true), *b = console(true);

	type(b, "print 19");
	expect_says(b, "print 19");
	type(b, "\x7f\x7f"
		"3\r");
	expect_says(b, "\b \b");
	expect_says(b, "0x3  3\r\n" PROMPT);
	type(a, "print 1\r");
	expect_says(a, "0x1  1\r\n");
	type(b, "cont\r");
	type(b, "quit");
	strbuf_clear(&b->out);
	fake_stop(fake, &hit);
	expect_says(b, "\r\033[Kstopped: breakpoint 3");
	expect_says(b, PROMPT "quit");
	type(b, "\x03");
	expect_says(b, "^C");
	type(b, "\x15print 2\r");
	expect_says(b, "0x2  2");
	/* The first one leaves: the next gets readline. */
	fake_chardev_hangup(a);
	turn(4);
	fake_chardev_free(a);
	a = console(true);
	type(a, "pri\t3\r");
	expect_says(a, "0x3  3");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(a);
	fake_chardev_free(b);
}

Test(mon_console, what_the_guest_prints_leaves_the_line_as_it_is)
{
	struct chardev *cd = console(true);
	const char *after;

	type(cd, "print 4");
	strbuf_clear(&cd->out);
	fake_chardev_aside(cd, "tick\r\ntock\r\n");
	after = strstr(strbuf_str(&cd->out), "tick\r\ntock\r\n");
	cr_assert_not_null(after, "%s", strbuf_str(&cd->out));
	cr_expect(strstr(after, PROMPT "print 4"), "%s", after);
	/* A line that is too long to wait for its end. */
	fake_chardev_aside(cd, "xxx");
	expect_says(cd, "xxx\r\n");
	type(cd, "2\r");
	expect_says(cd, "0x2a  42\r\n");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, the_prompt_comes_with_the_keyboard)
{
	struct chardev *cd = fake_chardev_create(true);
	struct error err;

	cr_assert_eq(monitor_add_console(mon, cd, &err), 0);
	fake_chardev_focus(cd, true);
	expect_says(cd, "monitor - `help`");
	expect_says(cd, PROMPT);
	type(cd, "cont\rprint 4");
	strbuf_clear(&cd->out);
	/* While the serial port has the terminal, events are lines and no prompt. */
	fake_chardev_focus(cd, false);
	fake_stop(fake, &hit);
	cr_expect_str_eq(strbuf_str(&cd->out), "\r\nstopped: breakpoint 3, vCPU 1 at 0x1000\r\n"
					       "=> 0x1000:  nop\r\n");
	strbuf_clear(&cd->out);
	fake_chardev_focus(cd, true);
	expect_says(cd, PROMPT "print 4");
	type(cd, "2\r");
	expect_says(cd, "0x2a  42");
	/* A step that ends meanwhile. */
	type(cd, "step\r");
	fake_chardev_focus(cd, false);
	turn(4);
	expect_says(cd, "=> 0x1001:  nop\r\n");
	cr_expect_not(says(cd, PROMPT));
	strbuf_clear(&cd->out);
	fake_chardev_focus(cd, true);
	expect_says(cd, PROMPT);
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, rubbish_on_a_terminal_does_no_harm)
{
	struct chardev *cd = console(true);
	uint32_t seed = 1;
	uint8_t byte;

	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		byte = (uint8_t)(seed >> 24);
		fake_chardev_feed(cd, &byte, 1);
		if (i % 500 == 0)
			turn(1);
	}
	fake->quit = false;
	/* Out of whatever mode that was: cancel, then a line of our own. */
	type(cd, "\x07\x07\x03\r\x15print 6\r");
	expect_says(cd, "0x6  6\r\n");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}

Test(mon_console, an_overlong_line_on_a_terminal)
{
	struct chardev *cd = console(true);

	for (int i = 0; i < MON_LINE_MAX + 10; i++)
		fake_chardev_feed(cd, "a", 1);
	type(cd, "\r");
	expect_says(cd, "too long");
	type(cd, "print 1\r");
	expect_says(cd, "0x1  1");
	monitor_destroy(mon);
	mon = NULL;
	fake_chardev_free(cd);
}
