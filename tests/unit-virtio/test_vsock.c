// SPDX-License-Identifier: GPL-3.0-or-later
/* virtio-vsock: connections begin, carry bytes and end, both ways; options. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit-virtio/vsock_guest.h"

TestSuite(vsock, .init = vs_setup, .fini = vs_teardown, .timeout = 120);

/* ---- both ways to connect ---- */

Test(vsock, configuration)
{
	struct stat st;

	cr_expect_eq(vs_card.fn->config[0x02] | vs_card.fn->config[0x03] << 8,
		     0x1040 + VIRTIO_ID_VSOCK);
	cr_expect_eq(card_get(&vs_card, vs_card.config, 8), VS_CID);
	cr_assert_eq(stat(vs_path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600u);
}

Test(vsock, guest_connects_and_bytes_go_there_and_back)
{
	struct virtio_vsock_hdr h;
	const uint8_t *data;
	int fd;

	vs_start();
	fd = vs_guest_connects(VS_PORT);
	vs_say_data(VS_SERVICE, "to the host", 11);
	vs_expect_bytes(fd, "to the host");
	cr_assert_eq(send(fd, "to the guest", 12, 0), 12);
	data = vs_next_packet(&h);
	cr_expect(h.op == VIRTIO_VSOCK_OP_RW && h.len == 12 && !memcmp(data, "to the guest", 12));
	cr_expect_eq(h.fwd_cnt, 11u);
	vs_say(VIRTIO_VSOCK_OP_SHUTDOWN, VS_PORT, VS_SERVICE, VS_BOTH);
	vs_expect(VIRTIO_VSOCK_OP_RST, VS_PORT, VS_SERVICE);
	vs_expect_end(fd);
	cr_expect_eq(vs_live(), 0u);
	close(fd);
}

Test(vsock, host_connects_and_bytes_go_there_and_back)
{
	struct virtio_vsock_hdr h;
	const uint8_t *data;
	uint32_t port, other;
	int fd, second;

	vs_start();
	fd = vs_host_connects(&port);
	second = vs_host_connects(&other);
	cr_expect_neq(port, other);
	cr_assert_eq(send(fd, "hello", 5, 0), 5);
	data = vs_next_packet(&h);
	cr_expect(h.src_port == port && h.len == 5 && !memcmp(data, "hello", 5));
	vs_say_data(port, "answer", 6);
	vs_expect_bytes(fd, "answer");
	close(fd);
	h = vs_expect(VIRTIO_VSOCK_OP_SHUTDOWN, VS_PORT, port);
	cr_expect_eq(h.flags, VS_BOTH);
	vs_say(VIRTIO_VSOCK_OP_RST, VS_PORT, port, 0);
	CARD_WAIT(vs_live() == 1);
	close(second);
}

Test(vsock, bytes_behind_the_greeting_are_the_guests)
{
	struct virtio_vsock_hdr h;
	const uint8_t *data;
	uint32_t port;
	int fd;

	vs_start();
	fd = vs_connect_to(vs_path);
	cr_assert_eq(send(fd, "CONNECT 1234\nearly", 18, 0), 18);
	port = vs_expect(VIRTIO_VSOCK_OP_REQUEST, VS_PORT, 0).src_port;
	cr_expect(vs_nothing_comes());
	vs_say(VIRTIO_VSOCK_OP_RESPONSE, VS_PORT, port, 0);
	data = vs_next_packet(&h);
	cr_expect(h.op == VIRTIO_VSOCK_OP_RW && h.len == 5 && !memcmp(data, "early", 5));
	close(fd);
}

Test(vsock, nobody_listens)
{
	uint32_t port;
	int fd;

	vs_start();
	vs_say(VIRTIO_VSOCK_OP_REQUEST, VS_PORT, VS_SERVICE + 1, 0);
	vs_expect(VIRTIO_VSOCK_OP_RST, VS_PORT, VS_SERVICE + 1);
	fd = vs_connect_to(vs_path);
	cr_assert_eq(send(fd, "CONNECT 1234\n", 13, 0), 13);
	port = vs_expect(VIRTIO_VSOCK_OP_REQUEST, VS_PORT, 0).src_port;
	vs_say(VIRTIO_VSOCK_OP_RST, VS_PORT, port, 0);
	vs_expect_end(fd);
	close(fd);
}

Test(vsock, a_program_that_gives_up_before_the_guest_answers)
{
	uint32_t port;
	int fd;

	vs_start();
	fd = vs_connect_to(vs_path);
	cr_assert_eq(send(fd, "CONNECT 1234\n", 13, 0), 13);
	port = vs_expect(VIRTIO_VSOCK_OP_REQUEST, VS_PORT, 0).src_port;
	close(fd);
	vs_expect(VIRTIO_VSOCK_OP_RST, VS_PORT, port);
	cr_expect_eq(vs_live(), 0u);
}

Test(vsock, greetings_that_are_none)
{
	static const char *const lines[] = { "CONNECT\n",
					     "CONNECT -1\n",
					     "CONNECT 4294967295\n",
					     "CONNECT 99999999999\n",
					     "CONNECT 1 2\n",
					     "GET / HTTP/1.1\r\n",
					     "\n",
					     "CONNECT 000000000000000000001\n" };

	vs_start();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int fd = vs_connect_to(vs_path);

		cr_assert_eq(send(fd, lines[i], strlen(lines[i]), 0), (ssize_t)strlen(lines[i]));
		vs_expect_end(fd);
		close(fd);
	}
	cr_expect(vs_nothing_comes());
	cr_expect_eq(vs_live(), 0u);
}

Test(vsock, without_a_driver_nobody_is_let_in)
{
	int fd = vs_connect_to(vs_path);

	vs_expect_end(fd);
	close(fd);
}

/* ---- ends ---- */

Test(vsock, the_guest_says_that_it_sends_no_more)
{
	struct virtio_vsock_hdr h;
	int fd;

	vs_start();
	fd = vs_guest_connects(VS_PORT);
	vs_say_data(VS_SERVICE, "last", 4);
	vs_say(VIRTIO_VSOCK_OP_SHUTDOWN, VS_PORT, VS_SERVICE, VIRTIO_VSOCK_SHUTDOWN_SEND);
	vs_expect_bytes(fd, "last");
	vs_expect_end(fd);
	cr_assert_eq(send(fd, "still", 5, 0), 5);
	vs_next_packet(&h);
	cr_expect_eq(h.len, 5u);
	close(fd);
	h = vs_expect(VIRTIO_VSOCK_OP_SHUTDOWN, VS_PORT, VS_SERVICE);
	cr_expect_eq(h.flags, VS_BOTH);
	vs_say(VIRTIO_VSOCK_OP_SHUTDOWN, VS_PORT, VS_SERVICE, VS_BOTH);
	vs_expect(VIRTIO_VSOCK_OP_RST, VS_PORT, VS_SERVICE);
	cr_expect_eq(vs_live(), 0u);
}

Test(vsock, the_host_says_that_it_sends_no_more)
{
	struct virtio_vsock_hdr h;
	int fd;

	vs_start();
	fd = vs_guest_connects(VS_PORT);
	cr_assert_eq(send(fd, "last", 4, 0), 4);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	vs_next_packet(&h);
	cr_expect_eq(h.len, 4u);
	h = vs_expect(VIRTIO_VSOCK_OP_SHUTDOWN, VS_PORT, VS_SERVICE);
	cr_expect_eq(h.flags, VIRTIO_VSOCK_SHUTDOWN_SEND);
	vs_say_data(VS_SERVICE, "still", 5);
	vs_expect_bytes(fd, "still");
	close(fd);
	h = vs_expect(VIRTIO_VSOCK_OP_SHUTDOWN, VS_PORT, VS_SERVICE);
	cr_expect_eq(h.flags, VS_BOTH);
}

/* ---- options ---- */

static void refused(const char *device, const char *sentence)
{
	const char *devices[] = { device, NULL };
	struct fake *f = fake_create();
	struct error err = { "" };

	f->cfg.devices = devices;
	cr_expect_lt(devices_create(&f->m, &f->cfg, &err), 0, "%s", device);
	cr_expect_not_null(strstr(err.text, sentence), "%s\n%s", err.text, sentence);
	fake_destroy(f);
}

Test(vsock_options, what_is_wrong_is_said)
{
	refused("virtio-vsock,socket=/tmp/x", "cid=N is missing");
	refused("virtio-vsock,cid=3", "socket=PATH is missing");
	refused("virtio-vsock,cid=2,socket=/tmp/x", "cid");
	refused("virtio-vsock,cid=4294967295,socket=/tmp/x", "cid");
	refused("virtio-vsock,cid=3,socket=", "a path of 1 to 96 bytes is needed");
	refused("virtio-vsock,cid=3,socket=/nowhere/x", "cannot make the socket /nowhere/x");
}
