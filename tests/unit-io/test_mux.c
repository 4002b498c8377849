// SPDX-License-Identifier: GPL-3.0-or-later
/* The mux, and the terminal on every way out. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/unit-io/chardev_help.h"

static struct loop *loop;
static struct endpoint *ep;
static struct chardev_mux *mux;
static struct user serial, monitor;
static struct error err;
static int person; /* descriptor of the person's side */
static unsigned quits;

static void on_quit(void *opaque)
{
	(void)opaque;
	quits++;
	loop_quit(loop, 0);
}

static void mux_accept(void *opaque, struct chardev *cd)
{
	(void)opaque;
	cr_assert_eq(chardev_mux_create(&mux, cd, on_quit, NULL), 0);
	loop_quit(loop, 0);
}

static struct chardev *add(struct user *u, const char *label)
{
	*u = (struct user){ .loop = loop, .room = SIZE_MAX };
	u->cd = chardev_mux_add(mux, label);
	cr_assert_not_null(u->cd);
	chardev_set_handler(u->cd, &user_handler, u);
	return u->cd;
}

/* The person is at a UNIX socket, where what is written is there at once (a pty has a worker). */
static void setup(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char spec[64];

	cr_assert_eq(loop_create(&loop), 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/vitrine-mux-%d", (int)getpid());
	snprintf(spec, sizeof(spec), "unix:%.50s", addr.sun_path);
	cr_assert_eq(endpoint_open(&ep, loop, spec, mux_accept, NULL, &err), 0, "%s", err.text);
	person = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	cr_assert_eq(connect(person, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert(run_loop(loop));
	add(&serial, "serial0");
	add(&monitor, "monitor");
}

static void teardown(void)
{
	chardev_close(serial.cd);
	chardev_close(monitor.cd);
	chardev_mux_destroy(mux);
	endpoint_close(ep);
	loop_destroy(loop);
}

TestSuite(mux, .init = setup, .fini = teardown, .timeout = 120);

static void type(const char *text)
{
	cr_assert_eq(write(person, text, strlen(text)), (ssize_t)strlen(text));
	settle_loop(loop);
}

static const char *screen(void)
{
	static char buf[4096];
	ssize_t n;

	settle_loop(loop);
	n = read(person, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

Test(mux, first_user_has_the_focus_and_all_are_shown)
{
	type("abc");
	cr_assert_str_eq(serial.in, "abc");
	cr_assert_str_eq(monitor.in, "");
	chardev_write(serial.cd, "from serial,", 12);
	chardev_write(monitor.cd, "from monitor", 12);
	cr_assert_str_eq(screen(), "from serial,from monitor");
}

Test(mux, ctrl_a_c_moves_the_focus_and_back)
{
	type("one\001ctwo\001cthree");
	cr_assert_str_eq(serial.in, "onethree");
	cr_assert_str_eq(monitor.in, "two");
	cr_assert(strstr(screen(), "[monitor]"));
	cr_assert_eq(serial.focus, 1);
	cr_assert_eq(monitor.focus, -1);
}

static char aside[65536];

static void on_aside(void *opaque, const uint8_t *data, size_t len)
{
	(void)opaque;
	cr_assert_lt(strlen(aside) + len, sizeof(aside));
	strncat(aside, (const char *)data, len);
}

/* The monitor edits lines from now on. */
static void edit_lines(void)
{
	static struct chardev_handler editor;

	editor = user_handler;
	editor.aside = on_aside;
	chardev_set_handler(monitor.cd, &editor, &monitor);
	aside[0] = '\0';
}

static void print(const char *text)
{
	chardev_write(serial.cd, text, strlen(text));
	settle_loop(loop);
}

Test(mux, who_edits_a_line_shows_what_others_write)
{
	edit_lines();
	print("one\n");
	cr_assert_str_eq(screen(), "one\n", "not yet in focus");
	type("\001c");
	screen();
	print("two\nthr");
	cr_assert_str_eq(aside, "two\n");
	cr_assert_eq(chardev_queued(serial.cd), 3);
	print("ee\n");
	cr_assert_str_eq(aside, "two\nthree\n");
	cr_assert_eq(chardev_queued(serial.cd), 0);
	chardev_write(monitor.cd, "its own", 7);
	cr_assert_str_eq(screen(), "its own");
	/* Without an end: when the keyboard goes back. */
	print("login: ");
	cr_assert_str_eq(screen(), "");
	type("\001c");
	cr_assert(strstr(screen(), "login: "));
	print("x");
	cr_assert_str_eq(screen(), "x");
}

Test(mux, text_without_end_is_shown_all_the_same)
{
	static char text[5001];

	edit_lines();
	type("\001c");
	memset(text, 'x', sizeof(text) - 1);
	print(text);
	cr_assert_str_eq(aside, text);
	cr_assert_gt(serial.drained, 0u, "who waits for room hears of it");
}

Test(mux, who_edits_a_line_leaves)
{
	edit_lines();
	type("\001c");
	screen();
	print("kept");
	chardev_close(monitor.cd);
	monitor.cd = NULL;
	cr_assert_str_eq(screen(), "kept");
	print("now");
	cr_assert_str_eq(screen(), "now");
}

Test(mux, escape_may_come_in_two_reads)
{
	type("\001");
	cr_assert_str_eq(serial.in, "");
	type("c");
	type("x");
	cr_assert_str_eq(monitor.in, "x");
}

Test(mux, ctrl_a_twice_is_ctrl_a)
{
	type("a\001\001b");
	cr_assert_str_eq(serial.in, "a\001b");
}

Test(mux, other_keys_do_nothing)
{
	type("a\001zb");
	cr_assert_str_eq(serial.in, "ab");
	cr_assert_eq(quits, 0);
}

Test(mux, help_names_the_users)
{
	const char *text;

	type("\001h");
	text = screen();
	cr_assert(strstr(text, "Ctrl-A x"));
	cr_assert(strstr(text, "[serial0] monitor"));
}

Test(mux, ctrl_a_x_quits)
{
	cr_assert_eq(write(person, "\001x", 2), 2);
	cr_assert(run_loop(loop));
	cr_assert_eq(quits, 1);
}

Test(mux, escape_works_while_the_user_takes_nothing)
{
	serial.room = 0;
	type("typed ahead\001cinfo");
	cr_assert_str_eq(serial.in, "");
	cr_assert_str_eq(monitor.in, "info");
	serial.room = 5;
	chardev_poll_input(serial.cd);
	settle_loop(loop);
	cr_assert_str_eq(serial.in, "typed");
	serial.room = SIZE_MAX;
	chardev_poll_input(serial.cd);
	settle_loop(loop);
	cr_assert_str_eq(serial.in, "typed ahead");
}

Test(mux, long_paste_is_held_back_and_not_lost)
{
	static char paste[3000];
	size_t sent = 0;
	ssize_t n;
	int i;

	serial.room = 0;
	memset(paste, 'p', sizeof(paste));
	/* Fills the type-ahead and then the terminal. */
	for (i = 0; i < 200; i++) {
		n = write(person, paste, sizeof(paste));
		sent += n > 0 ? (size_t)n : 0;
		settle_loop(loop);
	}
	cr_assert_gt(sent, 65536);
	cr_assert_lt(sent, 200 * sizeof(paste));
	while (serial.len < 65000) {
		serial.room = 1000;
		chardev_poll_input(serial.cd);
		settle_loop(loop);
	}
	sent -= serial.len;
	serial.len = 0;
	serial.room = SIZE_MAX;
	chardev_poll_input(serial.cd);
	for (i = 0; i < 20; i++)
		settle_loop(loop);
	cr_assert_eq(serial.len, sent);
}

Test(mux, focus_leaves_with_its_user)
{
	chardev_close(serial.cd);
	serial.cd = NULL;
	type("x");
	cr_assert_str_eq(monitor.in, "x");
	chardev_close(monitor.cd);
	monitor.cd = NULL;
	type("y\001c\001h");
}

Test(mux, user_closes_itself_in_its_input)
{
	serial.close_on_input = true;
	type("x\001cy");
	cr_assert_eq(serial.len, 1);
	cr_assert_str_eq(monitor.in, "y");
	cr_assert_eq(serial.closed, 0);
}

Test(mux, users_outlive_the_mux)
{
	chardev_mux_destroy(mux);
	mux = NULL;
	cr_assert_eq(chardev_write(serial.cd, "x", 1), -EPIPE);
	cr_assert_not(chardev_is_tty(serial.cd));
	cr_assert_eq(chardev_queued(serial.cd), 0);
	settle_loop(loop);
	cr_assert_eq(serial.closed, 0);
}

Test(mux, user_without_an_owner_ends_with_the_mux)
{
	/* The leak checker would tell. */
	cr_assert_not_null(chardev_mux_add(mux, "nobody"));
}

static void *write_a_lot(void *cd)
{
	int i;

	for (i = 0; i < 3000; i++) {
		chardev_write(cd, "x", 1);
		chardev_queued(cd);
		chardev_poll_input(cd);
	}
	return NULL;
}

Test(mux, threads_write_while_the_mux_ends)
{
	static struct user late;
	pthread_t t;

	edit_lines();
	type("\001c");

	late.loop = loop;
	late.room = SIZE_MAX;
	late.cd = chardev_mux_add(mux, "late");
	chardev_set_handler(late.cd, &user_handler, &late);
	pthread_create(&t, NULL, write_a_lot, late.cd);
	settle_loop(loop);
	chardev_mux_destroy(mux);
	mux = NULL;
	pthread_join(t, NULL);
	chardev_close(late.cd);
}

Test(mux, users_hear_that_the_terminal_is_gone)
{
	close(person);
	cr_assert(run_loop(loop));
	settle_loop(loop);
	cr_assert_eq(serial.closed, 1);
	cr_assert_eq(monitor.closed, 1);
}

Test(mux, drained_is_told_to_all)
{
	static char chunk[65536];

	while (!chardev_queued(serial.cd))
		chardev_write(serial.cd, chunk, sizeof(chunk));
	cr_assert_eq(chardev_queued(monitor.cd), chardev_queued(serial.cd));
	while (chardev_queued(serial.cd)) {
		cr_assert_gt(read(person, chunk, sizeof(chunk)), 0);
		settle_loop(loop);
	}
	cr_assert_eq(serial.drained, 1);
	cr_assert_eq(monitor.drained, 1);
}

static void tty_accept(void *opaque, struct chardev *cd)
{
	*(struct chardev **)opaque = cd;
}

Test(mux, users_are_terminals_when_it_is_one)
{
	struct chardev *pty, *cd;
	struct chardev_mux *m;
	struct endpoint *pty_ep;

	cr_assert_not(chardev_is_tty(serial.cd));
	cr_assert_eq(endpoint_open(&pty_ep, loop, "pty", tty_accept, &pty, &err), 0);
	cr_assert_eq(chardev_mux_create(&m, pty, on_quit, NULL), 0);
	cd = chardev_mux_add(m, "x");
	cr_assert(chardev_is_tty(cd));
	chardev_close(cd);
	chardev_mux_destroy(m);
	endpoint_close(pty_ep);
}

/* ---- the terminal ---- */

/*
 * As under a shell: a session leader on a new pty, and in its foreground a job that makes the
 * terminal raw and then does something. The leader reports what becomes of the job; it
 * stays, because its end would hang up the terminal.
 */
struct report {
	char kind; /* r: raw now, c: continued, s: stopped, e: ended with status `value` */
	int value;
};

struct session {
	pid_t leader, job;
	int slave, reports;
	struct termios before;
};

static const int fatal[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT };

static void report(int fd, char kind, int value)
{
	struct report r = { .kind = kind, .value = value };

	if (write(fd, &r, sizeof(r)) != sizeof(r))
		_exit(98);
}

static void keep_stdio(void *opaque, struct chardev *cd)
{
	*(struct chardev **)opaque = cd;
}

static void job_main(int reports, void (*act)(void))
{
	struct chardev *cd = NULL;
	sigset_t block, old;

	/* Delivered inside sigsuspend() only, so that none is missed between two of them. */
	sigemptyset(&block);
	sigaddset(&block, SIGTSTP);
	sigaddset(&block, SIGCONT);
	sigprocmask(SIG_BLOCK, &block, &old);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(0, getpid());
	signal(SIGTTOU, SIG_DFL);
	/*
	 * Criterion's own handlers would report some of these as crashes of a test, and who runs
	 * the tests in the background or under nohup has the others ignored, which stays so.
	 */
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		signal(fatal[i], SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
	loop_create(&loop);
	if (endpoint_open(&ep, loop, "stdio", keep_stdio, &cd, NULL) || !cd || !chardev_is_tty(cd))
		_exit(99);
	report(reports, 'r', getpid());
	if (act)
		act();
	for (;;) {
		sigsuspend(&old);
		report(reports, 'c', 0);
	}
}

static void leader_main(const char *name, int reports, void (*act)(void))
{
	int fd, status;
	pid_t job;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	fd = open(name, O_RDWR);
	ioctl(fd, TIOCSCTTY, 0);
	dup2(fd, 0);
	dup2(fd, 1);
	job = fork();
	if (!job)
		job_main(reports, act);
	while (waitpid(job, &status, WUNTRACED) == job) {
		report(reports, WIFSTOPPED(status) ? 's' : 'e', status);
		if (!WIFSTOPPED(status))
			break;
	}
	for (;;)
		pause();
}

static int expect(struct session *s, char kind)
{
	struct report r = { 0 };

	while (read(s->reports, &r, sizeof(r)) == sizeof(r) && r.kind != kind)
		;
	cr_assert_eq(r.kind, kind, "no report '%c'", kind);
	return r.value;
}

static int master = -1;

static struct session start_session(void (*act)(void))
{
	struct session s = { 0 };
	char name[64];
	int p[2];

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert_eq(grantpt(master) | unlockpt(master), 0);
	ptsname_r(master, name, sizeof(name));
	s.slave = open(name, O_RDWR | O_NOCTTY);
	tcgetattr(s.slave, &s.before);
	cr_assert(s.before.c_lflag & ICANON);
	cr_assert_eq(pipe(p), 0);
	s.leader = fork();
	if (!s.leader)
		leader_main(name, p[1], act);
	close(p[1]);
	s.reports = p[0];
	s.job = expect(&s, 'r');
	return s;
}

static void end_session(struct session *s)
{
	kill(s->leader, SIGKILL);
	waitpid(s->leader, NULL, 0);
	close(s->slave);
	close(s->reports);
	close(master);
}

static void assert_restored(struct session *s)
{
	struct termios tio;

	cr_assert_eq(tcgetattr(s->slave, &tio), 0);
	cr_assert_eq(tio.c_lflag, s->before.c_lflag);
	cr_assert_eq(tio.c_iflag, s->before.c_iflag);
	cr_assert_eq(tio.c_oflag, s->before.c_oflag);
}

static void assert_raw(struct session *s)
{
	struct termios tio;

	cr_assert_eq(tcgetattr(s->slave, &tio), 0);
	cr_assert_not(tio.c_lflag & (ICANON | ECHO | ISIG));
	cr_assert(tio.c_oflag & OPOST);
}

TestSuite(terminal, .timeout = 120);

Test(terminal, fatal_signals_restore_and_kill)
{
	struct session s;
	size_t i;
	int status;

	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		s = start_session(NULL);
		assert_raw(&s);
		kill(s.job, fatal[i]);
		status = expect(&s, 'e');
		cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == fatal[i], "%d: status %x",
			  fatal[i], (unsigned)status);
		assert_restored(&s);
		end_session(&s);
	}
}

static void act_exit(void)
{
	exit(5);
}

Test(terminal, exit_restores)
{
	struct session s = start_session(act_exit);
	int status = expect(&s, 'e');

	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5, "status %x", (unsigned)status);
	assert_restored(&s);
	end_session(&s);
}

static void act_abort(void)
{
	abort();
}

Test(terminal, abort_restores)
{
	struct session s = start_session(act_abort);
	int status = expect(&s, 'e');

	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_restored(&s);
	end_session(&s);
}

static void act_fault(void)
{
	*(volatile int *)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
}

Test(terminal, fault_restores)
{
	struct session s = start_session(act_fault);
	int status = expect(&s, 'e');

	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %x",
		  (unsigned)status);
	assert_restored(&s);
	end_session(&s);
}

Test(terminal, stop_restores_and_continue_is_raw_again)
{
	struct session s;
	int i;

#ifdef __SANITIZE_THREAD__
	cr_skip_test("ThreadSanitizer holds signals back");
#endif
	s = start_session(NULL);
	for (i = 0; i < 2; i++) {
		assert_raw(&s);
		kill(s.job, SIGTSTP);
		expect(&s, 's');
		assert_restored(&s);
		kill(s.job, SIGCONT);
		expect(&s, 'c');
	}
	assert_raw(&s);
	/* After SIGSTOP nobody restores, but the shell may have changed the modes. */
	kill(s.job, SIGSTOP);
	expect(&s, 's');
	tcsetattr(s.slave, TCSANOW, &s.before);
	kill(s.job, SIGCONT);
	expect(&s, 'c');
	assert_raw(&s);
	kill(s.job, SIGTERM);
	expect(&s, 'e');
	assert_restored(&s);
	end_session(&s);
}

Test(terminal, no_terminal_is_said)
{
	dup2(open("/dev/null", O_RDONLY), 0);
	cr_assert_eq(terminal_raw(), -ENOTTY);
	terminal_restore();
}
