// SPDX-License-Identifier: GPL-3.0-or-later
/* DEVs on TCP: what they listen on, and peers that die. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit-io/chardev_fixture.h"

TestSuite(chardev_tcp, .init = setup, .fini = teardown, .timeout = 120);

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

Test(chardev_tcp, tcp_without_a_host_is_loopback)
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
Test(chardev_tcp, tcp_notices_dead_peers)
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

Test(chardev_tcp, tcp_by_name_and_by_v6)
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

Test(chardev_tcp, tcp_addresses_that_are_none)
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

Test(chardev_tcp, tcp_port_in_use_is_said)
{
	struct endpoint *second;
	char same[64];

	cr_assert_eq(open_dev("tcp::0"), 0);
	snprintf(same, sizeof(same), "%s", endpoint_name(ep));
	cr_assert_eq(endpoint_open(&second, loop, same, user_accept, &user, &err), -EADDRINUSE);
	cr_assert(strstr(err.text, "choose another port"));
}

Test(chardev_tcp, last_words_arrive_though_input_was_not_read)
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
