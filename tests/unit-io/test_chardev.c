// SPDX-License-Identifier: GPL-3.0-or-later
/* Kinds of DEV, UNIX sockets: who may connect, what happens when a peer goes or does not read. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit-io/chardev_fixture.h"

TestSuite(chardev, .init = setup, .fini = teardown, .timeout = 120);

Test(chardev, unknown_kind_lists_the_known)
{
	cr_assert_eq(open_dev("serial"), -EINVAL);
	cr_assert(strstr(err.text, "unix:PATH"));
	cr_assert_eq(open_dev("stdiox"), -EINVAL);
	cr_assert_eq(open_dev("unix:"), -EINVAL);
	cr_assert_eq(open_dev("file:"), -EINVAL);
	cr_assert_eq(open_dev(""), -EINVAL);
}

Test(chardev, none_yields_nothing)
{
	cr_assert_eq(open_dev("none"), 0);
	cr_assert_null(user.cd);
	cr_assert_not(endpoint_is_server(ep));
	cr_assert_str_eq(endpoint_name(ep), "none");
}

/* ---- UNIX sockets ---- */

Test(chardev, unix_socket_is_private_whatever_the_umask)
{
	struct stat st;

	umask(0);
	cr_assert_eq(open_dev(spec), 0, "%s", err.text);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert(endpoint_is_server(ep));
	cr_assert_str_eq(endpoint_name(ep), spec);
	endpoint_close(ep);
	ep = NULL;
	cr_assert_eq(stat(path, &st), -1, "the socket file is left");
}

Test(chardev, unix_carries_both_ways)
{
	char buf[16] = "";
	int fd;

	cr_assert_eq(open_dev(spec), 0);
	fd = unix_client();
	cr_assert(strstr(chardev_name(user.cd), "client 1 of unix:"));
	cr_assert_not(chardev_is_tty(user.cd));
	cr_assert_eq(write(fd, "hello", 5), 5);
	user.want = 5;
	cr_assert(run_loop(loop));
	cr_assert_str_eq(user.in, "hello");
	cr_assert_eq(chardev_write(user.cd, "world", 5), 0);
	cr_assert_eq(read(fd, buf, sizeof(buf)), 5);
	cr_assert_str_eq(buf, "world");
	close(fd);
	cr_assert(run_loop(loop));
	cr_assert_eq(user.closed, 1);
}

Test(chardev, stale_socket_is_replaced_and_live_one_refused)
{
	struct endpoint *second;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.100s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	cr_assert_eq(open_dev(spec), 0, "%s", err.text);
	cr_assert_eq(endpoint_open(&second, loop, spec, user_accept, &user, &err), -EADDRINUSE);
	cr_assert(strstr(err.text, "in use"));
	fd = unix_client();
	close(fd);
}

Test(chardev, file_in_the_way_is_kept)
{
	struct stat st;

	close(open(path, O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(open_dev(spec), -EEXIST);
	cr_assert(strstr(err.text, "no socket"));
	cr_assert_eq(stat(path, &st), 0);
}

Test(chardev, long_path_is_refused)
{
	char longer[300];

	memset(longer, 'x', sizeof(longer) - 1);
	memcpy(longer, "unix:/", 6);
	longer[sizeof(longer) - 1] = '\0';
	cr_assert_eq(open_dev(longer), -ENAMETOOLONG);
}

Test(chardev, socket_of_another_is_not_removed)
{
	struct stat st;

	cr_assert_eq(open_dev(spec), 0);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	endpoint_close(ep);
	ep = NULL;
	cr_assert_eq(stat(path, &st), 0);
}

Test(chardev, another_user_is_turned_away)
{
	int status;
	pid_t pid;

	if (geteuid())
		cr_skip_test("needs root to become another user");
	cr_assert_eq(open_dev(spec), 0);
	/* Opened up on purpose: the file's mode is not what keeps the client out here. */
	chmod(dir, 0755);
	chmod(path, 0777);
	pid = fork();
	if (!pid) {
		struct pollfd pfd = { .events = POLLIN };
		char c;

		if (setuid(65534))
			_exit(2);
		pfd.fd = unix_connect();
		if (pfd.fd < 0)
			_exit(3);
		poll(&pfd, 1, 1000);
		_exit(read(pfd.fd, &c, 1) == 0 ? 0 : 1);
	}
	user.want = 1;
	for (;;) {
		struct timespec nap = { .tv_nsec = 1000000 };

		settle_loop(loop);
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		nanosleep(&nap, NULL);
	}
	cr_assert_eq(status, 0, "status %x", status);
	cr_assert_null(user.cd);
}

Test(chardev, out_of_descriptors_turns_clients_away_and_does_not_spin)
{
	struct rlimit lim, old;
	int fd, next;
	char c;

	cr_assert_eq(open_dev(spec), 0);
	fd = unix_connect();
	next = dup(0);
	getrlimit(RLIMIT_NOFILE, &old);
	lim = old;
	lim.rlim_cur = (rlim_t)next;
	close(next);
	/* The timers of run_loop() need some: take what is left after them. */
	loop_post(loop, quit_now, loop);
	setrlimit(RLIMIT_NOFILE, &lim);
	loop_run(loop);
	setrlimit(RLIMIT_NOFILE, &old);
	settle_loop(loop);
	cr_assert_leq(read(fd, &c, 1), 0);
	cr_assert_null(user.cd);
	close(fd);
}

/* ---- flow ---- */

Test(chardev, input_waits_for_room)
{
	int fd;

	cr_assert_eq(open_dev(spec), 0);
	user.room = 3;
	fd = unix_client();
	cr_assert_eq(write(fd, "abcdefgh", 8), 8);
	settle_loop(loop);
	cr_assert_str_eq(user.in, "abc");
	settle_loop(loop);
	cr_assert_str_eq(user.in, "abc");
	user.room = 2;
	chardev_poll_input(user.cd);
	settle_loop(loop);
	cr_assert_str_eq(user.in, "abcde");
	/* What was sent before the peer went is not lost. */
	close(fd);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
	user.room = SIZE_MAX;
	chardev_poll_input(user.cd);
	cr_assert(run_loop(loop));
	cr_assert_str_eq(user.in, "abcdefgh");
	cr_assert_eq(user.closed, 1);
}

Test(chardev, slow_reader_gets_all_within_the_bound)
{
	static char chunk[50000], got[50000];
	size_t sent = 0, received = 0;
	ssize_t n;
	size_t i;
	int fd;

	cr_assert_eq(open_dev(spec), 0);
	fd = unix_client();
	for (i = 0; i < sizeof(chunk); i++)
		chunk[i] = (char)(i * 7);
	while (sent < 16 * sizeof(chunk)) {
		cr_assert_eq(chardev_write(user.cd, chunk, sizeof(chunk)), 0);
		sent += sizeof(chunk);
	}
	cr_assert_gt(chardev_queued(user.cd), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (received < sent) {
		n = read(fd, got, sizeof(got));
		if (n < 0) {
			settle_loop(loop);
			continue;
		}
		cr_assert_gt(n, 0);
		for (i = 0; i < (size_t)n; i++, received++)
			cr_assert_eq(got[i], chunk[received % sizeof(chunk)], "at %zu", received);
	}
	settle_loop(loop);
	cr_assert_eq(chardev_queued(user.cd), 0);
	cr_assert_eq(user.drained, 1);
	close(fd);
}

Test(chardev, queue_is_bounded)
{
	static char chunk[65536];
	int i, fd;

	cr_assert_eq(open_dev(spec), 0);
	fd = unix_client();
	for (i = 0; i < 64; i++)
		cr_assert_eq(chardev_write(user.cd, chunk, sizeof(chunk)), 0);
	cr_assert_eq(chardev_queued(user.cd), 1u << 20);
	close(fd);
}

Test(chardev, writing_to_a_peer_that_went_is_an_error_and_no_signal)
{
	int fd;

	cr_assert_eq(open_dev(spec), 0);
	fd = unix_client();
	close(fd);
	cr_assert_eq(chardev_write(user.cd, "x", 1), -EPIPE);
	cr_assert_eq(chardev_write(user.cd, "x", 1), -EPIPE);
	cr_assert(run_loop(loop));
	cr_assert_eq(user.closed, 1);
}

Test(chardev, closed_inside_its_own_callback)
{
	char buf[8];
	int fd;

	cr_assert_eq(open_dev(spec), 0);
	fd = unix_client();
	user.close_on_input = true;
	user.want = 1;
	cr_assert_eq(write(fd, "bye", 3), 3);
	cr_assert(run_loop(loop));
	settle_loop(loop);
	cr_assert_eq(user.closed, 0, "no callback after chardev_close()");
	cr_assert_eq(read(fd, buf, sizeof(buf)), 0);
	close(fd);
}

#define WRITERS 3
#define LINES	2000

static void *writer(void *opaque)
{
	int i;

	(void)opaque;
	for (i = 0; i < LINES; i++) {
		chardev_write(user.cd, "0123456789abcdef", 16);
		chardev_poll_input(user.cd);
	}
	return NULL;
}

static int reader_fd;
static void *reader(void *total)
{
	char buf[4096];
	ssize_t n;

	while (*(size_t *)total < WRITERS * LINES * 16) {
		n = read(reader_fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		*(size_t *)total += (size_t)n;
	}
	loop_quit(loop, 0);
	return NULL;
}

Test(chardev, any_thread_may_write)
{
	pthread_t w[WRITERS], r;
	size_t total = 0;
	int i;

	cr_assert_eq(open_dev(spec), 0);
	reader_fd = unix_client();
	pthread_create(&r, NULL, reader, &total);
	for (i = 0; i < WRITERS; i++)
		pthread_create(&w[i], NULL, writer, NULL);
	cr_assert(run_loop(loop));
	for (i = 0; i < WRITERS; i++)
		pthread_join(w[i], NULL);
	pthread_join(r, NULL);
	cr_assert_eq(total, WRITERS * LINES * 16);
	close(reader_fd);
}
