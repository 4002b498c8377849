// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The monitor at the end of a real terminal and a real socket: a child process serves it over the
 * fake machine, and the test types as a person would.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "tests/unit-mon/fake_control.h"

#define PROMPT "(vitrine) "
/* Until a child that says nothing is taken to hang. */
#define PATIENCE_MS 60000

static char dir[] = "/tmp/vitrine-test-XXXXXX";
static char sock[64];
static pid_t child;

/* ---- the child ---- */

static void stop_soon(void *opaque)
{
	const struct stop stop = { .reason = STOP_BREAKPOINT, .vcpu = 1, .pc = 0x1000, .bp = 1 };
	struct fake *f = opaque;

	if (f->m.state == RUN_RUNNING)
		fake_stop(f, &stop);
}

/* Somebody else: the guest runs into a breakpoint as soon as it is let run. */
static void other_event(struct control_client *client, const struct control_event *ev)
{
	static struct fake *f;

	if (!ev) {
		f = (struct fake *)client;
		return;
	}
	if (ev->kind == CONTROL_RESUMED && !f->step_pending)
		loop_post(f->m.loop, stop_soon, f);
}

static int serve(const char *dev)
{
	struct control_client other = { .name = "gdb", .event = other_event };
	struct monitor *mon;
	struct error err = { "" };
	struct loop *loop;
	struct fake *f;
	int code;

	if (loop_create(&loop))
		return 10;
	f = fake_create(loop, 2, 1 << 20);
	if (!f)
		return 11;
	other_event((struct control_client *)f, NULL);
	control_attach(&f->m, &other);
	if (monitor_create(&mon, &f->m, loop, &err) || monitor_serve(mon, dev, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 12;
	}
	code = loop_run(loop);
	monitor_destroy(mon);
	fake_destroy(f);
	loop_destroy(loop);
	return code;
}

static void environment(void)
{
	setenv("XDG_STATE_HOME", dir, 1);
	setenv("TERM", "xterm", 1);
	setenv("INPUTRC", "/dev/null", 1);
	unsetenv("LINES");
	unsetenv("COLUMNS");
}

/* ---- the person ---- */

/* The person's end of a line: what came and was not yet looked for. */
struct line {
	int fd;
	char seen[8192];
	size_t len;
};

/* Reads until @text was seen, and forgets it and all before it. */
static bool expect(struct line *l, const char *text)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	char *at;
	ssize_t n;

	for (;;) {
		l->seen[l->len] = '\0';
		at = strstr(l->seen, text);
		if (at) {
			at += strlen(text);
			l->len -= (size_t)(at - l->seen);
			memmove(l->seen, at, l->len);
			return true;
		}
		if (l->len + 1 == sizeof(l->seen) || poll(&p, 1, PATIENCE_MS) != 1)
			return false;
		n = read(l->fd, l->seen + l->len, sizeof(l->seen) - l->len - 1);
		if (n <= 0)
			return false;
		l->len += (size_t)n;
	}
}

static bool gone(struct line *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	char rest[4096];

	while (poll(&p, 1, PATIENCE_MS) == 1)
		if (read(l->fd, rest, sizeof(rest)) <= 0)
			return true;
	return false;
}

static void send_text(struct line *l, const char *text)
{
	cr_assert_eq(write(l->fd, text, strlen(text)), (ssize_t)strlen(text));
}

#define says(l_, text_) cr_assert(expect((l_), (text_)), "no '%s' in: %s", (text_), (l_)->seen)

static int exit_status(void)
{
	int status = 0;

	cr_assert_eq(waitpid(child, &status, 0), child);
	child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(sock, sizeof(sock), "%s/monitor", dir);
}

static void teardown(void)
{
	char command[64];

	if (child) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	snprintf(command, sizeof(command), "%s/vitrine/history", dir);
	unlink(command);
	snprintf(command, sizeof(command), "%s/vitrine", dir);
	rmdir(command);
	unlink(sock);
	rmdir(dir);
}

TestSuite(mon_terminal, .init = setup, .fini = teardown, .timeout = 300);

static int start_terminal(void)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int fd;

	child = forkpty(&fd, NULL, NULL, &size);
	cr_assert_geq(child, 0);
	if (!child) {
		environment();
		_exit(serve("stdio"));
	}
	return fd;
}

Test(mon_terminal, a_session_at_a_terminal)
{
	struct line line = { .fd = start_terminal() }, *fd = &line;

	says(fd, PROMPT);
	send_text(fd, "info statu\t\r");
	says(fd, "info status");
	says(fd, PROMPT);
	send_text(fd, "x/2i $ri\t\r");
	says(fd, "=> 0x0000000000001000:  nop");
	says(fd, PROMPT);
	send_text(fd, "step 3\r");
	says(fd, "=> 0x1003:  nop");
	says(fd, PROMPT);
	/* While a line is being typed, the guest runs into a breakpoint. */
	send_text(fd, "cont\rprint 4");
	says(fd, "stopped: breakpoint 1, vCPU 1 at 0x1000");
	send_text(fd, "2\r");
	says(fd, "0x2a  42");
	says(fd, PROMPT);
	send_text(fd, "\x12step\r");
	says(fd, "=> 0x1003:  nop");
	says(fd, PROMPT);
	send_text(fd, "quit\r");
	cr_expect(gone(fd));
	cr_expect_eq(exit_status(), 0);
	close(fd->fd);

	/* The next one knows what was typed. */
	*fd = (struct line){ .fd = start_terminal() };
	says(fd, PROMPT);
	send_text(fd, "\x10");
	says(fd, "quit");
	send_text(fd, "\r");
	cr_expect_eq(exit_status(), 0);
	close(fd->fd);
}

Test(mon_terminal, long_lines_wrap_at_the_terminal_s_width)
{
	struct winsize size = { .ws_row = 24, .ws_col = 30 };
	struct line line = { .fd = start_terminal() }, *fd = &line;

	says(fd, PROMPT);
	cr_assert_eq(ioctl(fd->fd, TIOCSWINSZ, &size), 0);
	send_text(fd, "print 1\r");
	says(fd, "0x1  1");
	says(fd, PROMPT);
	/* To the beginning of the line is a line up, now. */
	send_text(fd, "print 1 + 1 + 1 + 1 + 1 + 1 + 1\x01");
	says(fd, "\033[A");
	send_text(fd, "\r");
	says(fd, "0x7  7");
	send_text(fd, "quit\r");
	cr_expect_eq(exit_status(), 0);
	close(fd->fd);
}

Test(mon_terminal, a_line_that_is_typed_follows_the_terminal_s_width)
{
	struct winsize size = { .ws_row = 24, .ws_col = 30 };
	struct line line = { .fd = start_terminal() }, *fd = &line;

	says(fd, PROMPT);
	send_text(fd, "print 1 + 1 + 1 + 1 + 1 + 1 + 1");
	says(fd, "1 + 1 + 1 + 1 + 1 + 1 + 1");
	cr_assert_eq(ioctl(fd->fd, TIOCSWINSZ, &size), 0);
	/* It lay on one row. Now it is shown on two, and its beginning is a row up. */
	send_text(fd, "\x01");
	says(fd, PROMPT);
	says(fd, "\033[A");
	send_text(fd, "\r");
	says(fd, "0x7  7");
	send_text(fd, "quit\r");
	cr_expect_eq(exit_status(), 0);
	close(fd->fd);
}

Test(mon_terminal, a_directory_is_gone_into)
{
	struct line line = { .fd = start_terminal() }, *fd = &line;

	says(fd, PROMPT);
	/* No blank behind the slash. */
	send_text(fd, "source /pro\tno-such-file\r");
	says(fd, "cannot open /proc/no-such-file");
	says(fd, PROMPT);
	send_text(fd, "quit\r");
	cr_expect_eq(exit_status(), 0);
	close(fd->fd);
}

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, sock, sizeof(sock));
	for (int i = 0; i < PATIENCE_MS / 5; i++) {
		const struct timespec ms = { .tv_nsec = 5000000 };

		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		nanosleep(&ms, NULL);
	}
	cr_assert_fail("cannot connect: %s", strerror(errno));
	return -1;
}

static void start_socket(void)
{
	char dev[80];

	child = fork();
	cr_assert_geq(child, 0);
	if (!child) {
		environment();
		snprintf(dev, sizeof(dev), "unix:%s", sock);
		_exit(serve(dev));
	}
}

Test(mon_terminal, several_clients_of_a_socket)
{
	struct line a_ = { 0 }, b_ = { 0 }, web_ = { 0 }, *a = &a_, *b = &b_, *web = &web_;

	start_socket();
	*a = (struct line){ .fd = dial() };
	says(a, PROMPT);
	*b = (struct line){ .fd = dial() };
	says(b, PROMPT);
	send_text(a, "cont\n");
	says(a, "stopped: breakpoint 1");
	says(b, "stopped: breakpoint 1");
	send_text(b, "step 50\n");
	says(b, "50 steps done\n=> 0x1032:  nop\n" PROMPT);
	says(a, "step done by monitor 2");
	*web = (struct line){ .fd = dial() };
	send_text(web, "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nquit\r\n");
	says(web, "no web server");
	cr_expect(gone(web));
	send_text(a, "quit\n");
	cr_expect(gone(a));
	cr_expect(gone(b));
	cr_expect_eq(exit_status(), 0);
	close(a->fd);
	close(b->fd);
	close(web->fd);
}

Test(mon_terminal, a_client_that_only_writes_is_answered)
{
	struct line line = { 0 }, *fd = &line;

	start_socket();
	*fd = (struct line){ .fd = dial() };
	send_text(fd, "print 6*7\n");
	shutdown(fd->fd, SHUT_WR);
	says(fd, "0x2a  42");
	cr_expect(gone(fd));
	close(fd->fd);
	*fd = (struct line){ .fd = dial() };
	says(fd, PROMPT);
	send_text(fd, "quit\n");
	cr_expect(gone(fd));
	cr_expect_eq(exit_status(), 0);
	close(fd->fd);
}
