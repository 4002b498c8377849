// SPDX-License-Identifier: GPL-3.0-or-later
/* Every kind of DEV: what it opens, who may connect, what happens when a peer goes or does not
 * read. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit-io/chardev_help.h"

static struct loop *loop;
static struct endpoint *ep;
static struct user user;
static struct error err;
static char dir[] = "/tmp/vitrine-chardev-XXXXXX";
static char path[128], spec[160];

static void setup(void)
{
	cr_assert_eq(loop_create(&loop), 0);
	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(spec, sizeof(spec), "unix:%s", path);
	user = (struct user){ .loop = loop, .room = SIZE_MAX };
}

static void teardown(void)
{
	chardev_close(user.cd);
	endpoint_close(ep);
	unlink(path);
	rmdir(dir);
	loop_destroy(loop);
}

TestSuite(chardev, .init = setup, .fini = teardown, .timeout = 120);

static int open_dev(const char *dev)
{
	return endpoint_open(&ep, loop, dev, user_accept, &user, &err);
}

static int unix_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.100s", path);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* A client that is accepted. */
static int unix_client(void)
{
	int fd = unix_connect();

	cr_assert_geq(fd, 0);
	user.want_client = true;
	cr_assert(run_loop(loop));
	cr_assert_not_null(user.cd);
	return fd;
}

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

/* ---- TCP ---- */

static int tcp_client(int family)
{
	const char *colon = strrchr(endpoint_name(ep), ':');
	struct sockaddr_in a4 = { .sin_family = AF_INET };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM, 0);
	int ret;

	a4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a4.sin_port = a6.sin6_port = htons((uint16_t)atoi(colon + 1));
	ret = family == AF_INET ? connect(fd, (struct sockaddr *)&a4, sizeof(a4))
				: connect(fd, (struct sockaddr *)&a6, sizeof(a6));
	cr_assert_eq(ret, 0, "%s: %s", endpoint_name(ep), strerror(errno));
	user.want_client = true;
	cr_assert(run_loop(loop));
	cr_assert_not_null(user.cd);
	return fd;
}

Test(chardev, tcp_without_a_host_is_loopback)
{
	int fd;

	cr_assert_eq(open_dev("tcp::0"), 0, "%s", err.text);
	cr_assert_eq(strncmp(endpoint_name(ep), "tcp:127.0.0.1:", 14), 0);
	cr_assert_str_neq(endpoint_name(ep), "tcp:127.0.0.1:0");
	fd = tcp_client(AF_INET);
	cr_assert_eq(write(fd, "x", 1), 1);
	user.want = 1;
	cr_assert(run_loop(loop));
	close(fd);
}

static int int_option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	cr_assert_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* The accepted end of @client. */
static int server_end(int client)
{
	struct sockaddr_in want, peer;
	socklen_t len = sizeof(want);

	cr_assert_eq(getsockname(client, (struct sockaddr *)&want, &len), 0);
	for (int fd = 3; fd < 256; fd++) {
		len = sizeof(peer);
		if (!getpeername(fd, (struct sockaddr *)&peer, &len) &&
		    peer.sin_family == AF_INET && peer.sin_port == want.sin_port)
			return fd;
	}
	return -1;
}

/* A peer that lost its network is noticed within a minute, and a small packet leaves at once. */
Test(chardev, tcp_notices_dead_peers)
{
	int fd, server, idle, interval;

	cr_assert_eq(open_dev("tcp::0"), 0, "%s", err.text);
	fd = tcp_client(AF_INET);
	server = server_end(fd);
	cr_assert_geq(server, 0);
	cr_assert_eq(int_option(server, SOL_SOCKET, SO_KEEPALIVE), 1);
	cr_assert_eq(int_option(server, IPPROTO_TCP, TCP_NODELAY), 1);
	idle = int_option(server, IPPROTO_TCP, TCP_KEEPIDLE);
	interval = int_option(server, IPPROTO_TCP, TCP_KEEPINTVL);
	cr_assert_leq(idle + interval * int_option(server, IPPROTO_TCP, TCP_KEEPCNT), 60);
	close(fd);
}

Test(chardev, tcp_by_name_and_by_v6)
{
	int fd;

	cr_assert_eq(open_dev("tcp:localhost:0"), 0, "%s", err.text);
	endpoint_close(ep);
	ep = NULL;
	if (open_dev("tcp:[::1]:0") == -EADDRNOTAVAIL)
		cr_skip_test("no IPv6 here");
	cr_assert_eq(strncmp(endpoint_name(ep), "tcp:[::1]:", 10), 0);
	fd = tcp_client(AF_INET6);
	close(fd);
}

Test(chardev, tcp_addresses_that_are_none)
{
	static const char *const bad[] = {
		"tcp:",
		"tcp:1234",
		"tcp:127.0.0.1:",
		"tcp:127.0.0.1:65536",
		"tcp::-1",
		"tcp::12x",
		"tcp:::1:1234",
		"tcp:[::1:1234",
		"tcp::+1",
		"tcp:[]:1",
		"tcp:127.0.0.1:99999999999999999999",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(open_dev(bad[i]), -EINVAL, "%s", bad[i]);
		cr_assert_neq(err.text[0], 0);
	}
}

Test(chardev, tcp_port_in_use_is_said)
{
	struct endpoint *second;
	char same[64];

	cr_assert_eq(open_dev("tcp::0"), 0);
	snprintf(same, sizeof(same), "%s", endpoint_name(ep));
	cr_assert_eq(endpoint_open(&second, loop, same, user_accept, &user, &err), -EADDRINUSE);
	cr_assert(strstr(err.text, "choose another port"));
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

Test(chardev, last_words_arrive_though_input_was_not_read)
{
	char buf[16] = "";
	int fd;

	cr_assert_eq(open_dev("tcp::0"), 0);
	user.room = 0;
	fd = tcp_client(AF_INET);
	cr_assert_eq(write(fd, "unread", 6), 6);
	settle_loop(loop);
	chardev_write(user.cd, "go away", 7);
	chardev_close(user.cd);
	user.cd = NULL;
	cr_assert_eq(read(fd, buf, sizeof(buf)), 7);
	cr_assert_str_eq(buf, "go away");
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

/* ---- files, lines and ptys ---- */

Test(chardev, file_is_written_at_once)
{
	char buf[16] = "";
	int fd;

	snprintf(spec, sizeof(spec), "file:%s", path);
	cr_assert_eq(open_dev(spec), 0, "%s", err.text);
	cr_assert_eq(chardev_write(user.cd, "log\n", 4), 0);
	fd = open(path, O_RDONLY);
	cr_assert_eq(read(fd, buf, sizeof(buf)), 4);
	cr_assert_str_eq(buf, "log\n");
	close(fd);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
}

Test(chardev, file_that_cannot_be_made_is_named)
{
	cr_assert_eq(open_dev("file:/nonexistent/log"), -ENOENT);
	cr_assert(strstr(err.text, "/nonexistent/log"));
	cr_assert_eq(mkfifo(path, 0600), 0);
	snprintf(spec, sizeof(spec), "file:%s", path);
	cr_assert_eq(open_dev(spec), -ENXIO);
}

Test(chardev, full_disk_is_an_error)
{
	cr_assert_eq(open_dev("file:/dev/full"), 0);
	cr_assert_neq(chardev_write(user.cd, "x", 1), 0);
	user.cd = NULL; /* freed by closed(), or leaked: the next turn says */
	settle_loop(loop);
}

Test(chardev, pty_is_raw_and_named)
{
	const char *name;
	struct termios tio;
	unsigned cols, rows;
	char buf[8] = "";
	int fd;

	cr_assert_eq(open_dev("pty"), 0, "%s", err.text);
	name = endpoint_name(ep);
	cr_assert_eq(strncmp(name, "pty:/dev/pts/", 13), 0, "%s", name);
	cr_assert(chardev_is_tty(user.cd));
	chardev_winsize(user.cd, &cols, &rows);
	cr_assert_eq(cols, 80);
	cr_assert_eq(rows, 24);
	/* Nobody has it open yet: nothing spins, nothing ends, nobody waits. */
	settle_loop(loop);
	cr_assert_eq(chardev_write(user.cd, "a\nb", 3), 0);
	fd = open(name + 4, O_RDWR | O_NOCTTY);
	cr_assert_geq(fd, 0);
	cr_assert_eq(tcgetattr(fd, &tio), 0);
	cr_assert_not(tio.c_lflag & (ICANON | ECHO));
	cr_assert_eq(read(fd, buf, sizeof(buf)), 3);
	cr_assert_str_eq(buf, "a\nb");
	cr_assert_eq(write(fd, "\x03\r", 2), 2);
	user.want = 2;
	cr_assert(run_loop(loop));
	cr_assert_str_eq(user.in, "\x03\r");
	close(fd);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
}

Test(chardev, serial_line_is_raw_at_115200_and_put_back)
{
	struct termios before, during, after;
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	char name[64];
	int fd;

	cr_assert_eq(grantpt(master) | unlockpt(master), 0);
	ptsname_r(master, name, sizeof(name));
	fd = open(name, O_RDWR | O_NOCTTY);
	tcgetattr(fd, &before);
	cfsetispeed(&before, B9600);
	cfsetospeed(&before, B9600);
	tcsetattr(fd, TCSANOW, &before);
	cr_assert_eq(open_dev(name), 0, "%s", err.text);
	tcgetattr(fd, &during);
	cr_assert_eq(cfgetospeed(&during), B115200);
	cr_assert_not(during.c_lflag & (ICANON | ECHO | ISIG));
	cr_assert_eq(write(master, "\x04\r", 2), 2);
	user.want = 2;
	cr_assert(run_loop(loop));
	cr_assert_str_eq(user.in, "\x04\r");
	chardev_close(user.cd);
	user.cd = NULL;
	tcgetattr(fd, &after);
	cr_assert_eq(cfgetospeed(&after), B9600);
	cr_assert_eq(after.c_lflag, before.c_lflag);
	close(fd);
	close(master);
}

Test(chardev, serial_line_keeps_the_speed_that_was_set)
{
	struct termios tio;
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	char name[64];
	int fd;

	cr_assert_eq(grantpt(master) | unlockpt(master), 0);
	ptsname_r(master, name, sizeof(name));
	fd = open(name, O_RDWR | O_NOCTTY);
	tcgetattr(fd, &tio);
	cfsetispeed(&tio, B57600);
	cfsetospeed(&tio, B57600);
	tcsetattr(fd, TCSANOW, &tio);
	cr_assert_eq(open_dev(name), 0, "%s", err.text);
	tcgetattr(fd, &tio);
	cr_assert_eq(cfgetospeed(&tio), B57600);
	close(fd);
	close(master);
}

Test(chardev, device_that_is_no_line_is_refused)
{
	cr_assert_eq(open_dev("/dev/null"), -ENOTTY);
	cr_assert(strstr(err.text, "file:/dev/null"));
	cr_assert_eq(open_dev("/dev/vitrine-none"), -ENOENT);
}

/* ---- stdio ---- */

static int stdin_pipe[2], stdout_pipe[2];

static void pipes_for_stdio(void)
{
	cr_assert_eq(pipe(stdin_pipe) | pipe(stdout_pipe), 0);
	dup2(stdin_pipe[0], 0);
	dup2(stdout_pipe[1], 1);
	close(stdin_pipe[0]);
	close(stdout_pipe[1]);
}

Test(chardev, stdio_on_pipes)
{
	char buf[16] = "";

	pipes_for_stdio();
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	cr_assert_not(chardev_is_tty(user.cd));
	cr_assert_eq(write(stdin_pipe[1], "in", 2), 2);
	user.want = 2;
	cr_assert(run_loop(loop));
	cr_assert_str_eq(user.in, "in");
	cr_assert_eq(chardev_write(user.cd, "out", 3), 0);
	cr_assert_eq(read(stdout_pipe[0], buf, sizeof(buf)), 3);
	cr_assert_str_eq(buf, "out");
	/* Others that share the pipe keep their blocking mode. */
	cr_assert_not(fcntl(0, F_GETFL) & O_NONBLOCK);
	cr_assert_not(fcntl(1, F_GETFL) & O_NONBLOCK);
	/* The end of input is no end of the stream, and told once. */
	cr_assert_eq(user.ended, 0);
	close(stdin_pipe[1]);
	settle_loop(loop);
	cr_assert_eq(user.ended, 1);
	cr_assert_eq(user.closed, 0);
	cr_assert_eq(chardev_write(user.cd, "more", 4), 0);
	cr_assert_eq(read(stdout_pipe[0], buf, sizeof(buf)), 4);
	/* Nor is a reader of stdout that went. */
	close(stdout_pipe[0]);
	cr_assert_eq(chardev_write(user.cd, "x", 1), -EPIPE);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
}

Test(chardev, stdio_closed_when_its_input_ended)
{
	pipes_for_stdio();
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	user.close_on_input = true;
	close(stdin_pipe[1]);
	settle_loop(loop);
	cr_assert_eq(user.ended, 1);
	cr_assert_null(user.cd);
}

Test(chardev, stdio_is_taken_once)
{
	struct endpoint *second;

	pipes_for_stdio();
	cr_assert_eq(open_dev("stdio"), 0);
	cr_assert_eq(endpoint_open(&second, loop, "stdio", user_accept, &user, &err), -EBUSY);
	chardev_close(user.cd);
	cr_assert_eq(endpoint_open(&second, loop, "stdio", user_accept, &user, &err), 0);
	endpoint_close(second);
}

static uint64_t cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

Test(chardev, stdin_from_dev_null_does_not_spin)
{
	struct hv_timers *timers;
	struct hv_timer *timer;
	uint64_t cpu;

	dup2(open("/dev/null", O_RDWR), 0);
	dup2(0, 1);
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	cr_assert_eq(chardev_write(user.cd, "x", 1), 0);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
	hv_timers_create(&timers, loop);
	hv_timer_create(timers, HV_CLOCK_MONOTONIC, quit_now, loop, &timer);
	hv_timer_arm(timer, hv_clock_now(timers, HV_CLOCK_MONOTONIC) + 300000000u);
	cpu = cpu_time();
	loop_run(loop);
	/* One that spins gets a third of a busy processor at least. */
	cr_assert_lt(cpu_time() - cpu, 60000000u, "an idle loop used the processor");
	hv_timer_destroy(timer);
	hv_timers_destroy(timers);
}

Test(chardev, stdout_to_a_file)
{
	char buf[8] = "";
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(fd, 1);
	cr_assert_eq(write(1, "a", 1), 1);
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	cr_assert_eq(chardev_write(user.cd, "b", 1), 0);
	cr_assert_eq(write(1, "c", 1), 1);
	cr_assert_eq(pread(fd, buf, sizeof(buf), 0), 3);
	cr_assert_str_eq(buf, "abc");
}

Test(chardev, stdout_that_is_closed)
{
	close(0);
	close(1);
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	cr_assert_neq(chardev_write(user.cd, "b", 1), 0);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
}
