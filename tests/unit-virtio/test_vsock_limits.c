// SPDX-License-Identifier: GPL-3.0-or-later
/* virtio-vsock: credit, many connections, resets, and guests that break the rules. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit-virtio/vsock_guest.h"

TestSuite(vsock_limits, .init = vs_setup, .fini = vs_teardown, .timeout = 120);

/* ---- credit ---- */

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 7 + at / 251);
}

static void fill(uint8_t *bytes, size_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = pattern(from + i);
}

/* As Linux does: never more than the device has said that there is room for. */
Test(vsock_limits, a_megabyte_to_a_slow_reader)
{
	const size_t total = 1 << 20;
	size_t sent = 0, got = 0;
	uint32_t told = 0;
	uint8_t bytes[2048];
	int fd;

	vs_start();
	fd = vs_guest_connects(VS_PORT);
	while (got < total) {
		while (sent < total && sent + sizeof(bytes) - told <= VSOCK_WINDOW) {
			fill(bytes, sent, sizeof(bytes));
			vs_say_data(VS_SERVICE, bytes, sizeof(bytes));
			sent += sizeof(bytes);
			vs_wait_for_tx();
		}
		for (size_t n = 0; got < sent; got += n) {
			n = (size_t)recv(fd, bytes, sizeof(bytes), 0);
			cr_assert(n > 0 && n <= sizeof(bytes));
			for (size_t i = 0; i < n; i++)
				cr_assert_eq(bytes[i], pattern(got + i), "byte %zu", got + i);
		}
		if (sent < total)
			told = vs_expect(VIRTIO_VSOCK_OP_CREDIT_UPDATE, VS_PORT, VS_SERVICE)
				       .fwd_cnt;
	}
	close(fd);
}

Test(vsock_limits, a_guest_that_sends_beyond_its_credit_is_reset)
{
	uint8_t bytes[4000] = { 0 };
	struct virtio_vsock_hdr h = { 0 };
	uint32_t len;
	int fd;

	vs_start();
	fd = vs_guest_connects(VS_PORT);
	/* The socket takes some of it; nobody reads. */
	for (unsigned i = 0; i < 4096 && h.op != VIRTIO_VSOCK_OP_RST; i++) {
		vs_say_data(VS_SERVICE, bytes, sizeof(bytes));
		vs_wait_for_tx();
		if (driver_get(&vs_card.queue[VS_RX], &len) >= 0) {
			memcpy(&h,
			       card_ram(&vs_card,
					VS_RX_AT + (vs_rx_offered - VS_SIZE) % VS_SIZE * VS_PIECE,
					VS_PIECE),
			       sizeof(h));
			vs_offer_rx();
		}
	}
	cr_assert_eq(h.op, VIRTIO_VSOCK_OP_RST);
	/* What was taken within it is still to be had. */
	for (ssize_t n; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;)
		continue;
	CARD_WAIT(vs_live() == 0);
	close(fd);
}

Test(vsock_limits, the_guests_room_is_kept_to)
{
	struct virtio_vsock_hdr h;
	uint8_t bytes[3000];
	int fd;

	vs_start();
	vs_alloc = 1000;
	fd = vs_guest_connects(VS_PORT);
	fill(bytes, 0, sizeof(bytes));
	cr_assert_eq(send(fd, bytes, sizeof(bytes), 0), (ssize_t)sizeof(bytes));
	vs_next_packet(&h);
	cr_expect_eq(h.len, 1000u);
	/* It is asked once. */
	vs_expect(VIRTIO_VSOCK_OP_CREDIT_REQUEST, VS_PORT, VS_SERVICE);
	cr_expect(vs_nothing_comes());
	vs_say(VIRTIO_VSOCK_OP_CREDIT_UPDATE, VS_PORT, VS_SERVICE, 0);
	cr_expect(vs_nothing_comes());
	vs_forwarded = 400;
	vs_say(VIRTIO_VSOCK_OP_CREDIT_UPDATE, VS_PORT, VS_SERVICE, 0);
	cr_expect_eq(memcmp(vs_next_packet(&h), bytes + 1000, 400), 0);
	cr_expect_eq(h.len, 400u);
	vs_expect(VIRTIO_VSOCK_OP_CREDIT_REQUEST, VS_PORT, VS_SERVICE);
	/* More than was ever sent, and a buffer that shrinks: no room, and no harm. */
	vs_forwarded = 0x80000000;
	vs_say(VIRTIO_VSOCK_OP_CREDIT_UPDATE, VS_PORT, VS_SERVICE, 0);
	cr_expect(vs_nothing_comes());
	vs_alloc = 10;
	vs_forwarded = 1399;
	vs_say(VIRTIO_VSOCK_OP_CREDIT_UPDATE, VS_PORT, VS_SERVICE, 0);
	vs_next_packet(&h);
	cr_expect_eq(h.len, 9u);
	close(fd);
}

Test(vsock_limits, credit_is_told_when_asked_for)
{
	struct virtio_vsock_hdr h;
	int fd;

	vs_start();
	fd = vs_guest_connects(VS_PORT);
	vs_say_data(VS_SERVICE, "abc", 3);
	vs_expect_bytes(fd, "abc");
	vs_say(VIRTIO_VSOCK_OP_CREDIT_REQUEST, VS_PORT, VS_SERVICE, 0);
	h = vs_expect(VIRTIO_VSOCK_OP_CREDIT_UPDATE, VS_PORT, VS_SERVICE);
	cr_expect_eq(h.fwd_cnt, 3u);
	cr_expect_eq(h.buf_alloc, VSOCK_WINDOW);
	close(fd);
}

/* ---- many, and resets ---- */

Test(vsock_limits, connections_are_bounded)
{
	unsigned opened = 0, refused = 0;
	struct virtio_vsock_hdr h;

	vs_start();
	for (unsigned i = 0; i < 1000; i++) {
		vs_say(VIRTIO_VSOCK_OP_REQUEST, i, VS_SERVICE, 0);
		vs_next_packet(&h);
		if (h.op == VIRTIO_VSOCK_OP_RESPONSE) {
			close(accept(vs_service, NULL, NULL));
			opened++;
			h = vs_expect(VIRTIO_VSOCK_OP_SHUTDOWN, i, VS_SERVICE);
		} else {
			cr_assert_eq(h.op, VIRTIO_VSOCK_OP_RST);
			refused++;
		}
	}
	cr_expect_eq(opened, VSOCK_CONNECTIONS);
	cr_expect_eq(refused, 1000 - VSOCK_CONNECTIONS);
	vs_start();
	cr_expect_eq(vs_live(), 0u);
	close(vs_guest_connects(VS_PORT));
}

/* 5.10.6.1.1: answers that find no buffers make the guest's packets wait. */
Test(vsock_limits, a_guest_that_takes_no_answers_waits)
{
	uint32_t len;

	vs_start_without_rx(0);
	for (unsigned i = 0; i < VSOCK_RESETS; i++) {
		vs_say(VIRTIO_VSOCK_OP_RW, i, VS_SERVICE, 0);
		vs_wait_for_tx();
	}
	vs_say(VIRTIO_VSOCK_OP_RW, VSOCK_RESETS, VS_SERVICE, 0);
	usleep(20000);
	cr_expect_lt(driver_get(&vs_card.queue[VS_TX], &len), 0);
	while (vs_offer_rx())
		continue;
	card_ring(&vs_card, VS_RX);
	for (unsigned i = 0; i <= VSOCK_RESETS; i++)
		vs_expect(VIRTIO_VSOCK_OP_RST, i, VS_SERVICE);
	cr_expect_geq(driver_get(&vs_card.queue[VS_TX], &len), 0);
}

Test(vsock_limits, resets_with_live_connections)
{
	for (unsigned round = 0; round < 50; round++) {
		uint8_t bytes[512] = { 0 };
		uint32_t port;
		int from_guest, from_host, greeting;

		vs_start();
		from_guest = vs_guest_connects(VS_PORT);
		from_host = vs_host_connects(&port);
		greeting = vs_connect_to(vs_path);
		cr_assert_eq(send(greeting, "CONN", 4, 0), 4);
		cr_assert_eq(send(from_host, bytes, sizeof(bytes), 0), (ssize_t)sizeof(bytes));
		vs_say_data(VS_SERVICE, bytes, sizeof(bytes));
		card_reset(&vs_card);
		cr_expect_eq(vs_live(), 0u);
		while (recv(from_guest, bytes, sizeof(bytes), 0) > 0)
			continue;
		vs_expect_end(from_host);
		vs_expect_end(greeting);
		close(from_guest);
		close(from_host);
		close(greeting);
	}
}

/* ---- the rules broken ---- */

static void expect_reset_of(unsigned op, uint32_t flags)
{
	int fd;

	vs_start();
	fd = vs_guest_connects(VS_PORT);
	vs_say(op, VS_PORT, VS_SERVICE, flags);
	vs_expect(VIRTIO_VSOCK_OP_RST, VS_PORT, VS_SERVICE);
	vs_expect_end(fd);
	close(fd);
}

Test(vsock_limits, what_does_not_belong_there_resets_the_connection)
{
	expect_reset_of(VIRTIO_VSOCK_OP_REQUEST, 0);
	expect_reset_of(VIRTIO_VSOCK_OP_RESPONSE, 0);
	expect_reset_of(VIRTIO_VSOCK_OP_INVALID, 0);
	expect_reset_of(8, 0);
	expect_reset_of(0xffff, 0xffffffff);
}

Test(vsock_limits, data_after_the_end)
{
	int fd;

	vs_start();
	fd = vs_guest_connects(VS_PORT);
	vs_say(VIRTIO_VSOCK_OP_SHUTDOWN, VS_PORT, VS_SERVICE, VIRTIO_VSOCK_SHUTDOWN_SEND);
	vs_say_data(VS_SERVICE, "x", 1);
	vs_expect(VIRTIO_VSOCK_OP_RST, VS_PORT, VS_SERVICE);
	close(fd);
}

Test(vsock_limits, packets_for_no_connection)
{
	struct virtio_vsock_hdr h;

	vs_start();
	for (unsigned op = 0; op < 10; op++) {
		if (op == VIRTIO_VSOCK_OP_REQUEST)
			continue;
		vs_say(op, VS_PORT, VS_SERVICE, 0);
		if (op != VIRTIO_VSOCK_OP_RST)
			vs_expect(VIRTIO_VSOCK_OP_RST, VS_PORT, VS_SERVICE);
	}
	/* Of another type: the answer has it, too (5.10.6.4.1). */
	h = vs_header(VIRTIO_VSOCK_OP_REQUEST, VS_PORT, VS_SERVICE);
	h.type = VIRTIO_VSOCK_TYPE_SEQPACKET;
	vs_give(&h, sizeof(h));
	h = vs_expect(VIRTIO_VSOCK_OP_RST, VS_PORT, VS_SERVICE);
	cr_expect_eq(h.type, VIRTIO_VSOCK_TYPE_SEQPACKET);
	/* From somebody else. */
	h = vs_header(VIRTIO_VSOCK_OP_REQUEST, VS_PORT, VS_SERVICE);
	h.src_cid = VS_CID + 1;
	vs_give(&h, sizeof(h));
	cr_expect(vs_nothing_comes());
	cr_expect_eq(vs_live(), 0u);
}

Test(vsock_limits, a_packet_without_all_of_its_header)
{
	vs_start();
	vs_give("short", 5);
	card_expect_status(&vs_card, VIRTIO_CONFIG_S_NEEDS_RESET);
	vs_start();
	close(vs_guest_connects(VS_PORT));
}

Test(vsock_limits, a_packet_without_all_of_its_data)
{
	struct virtio_vsock_hdr h = vs_header(VIRTIO_VSOCK_OP_RW, VS_PORT, VS_SERVICE);

	vs_start();
	h.len = 1;
	vs_give(&h, sizeof(h));
	card_expect_status(&vs_card, VIRTIO_CONFIG_S_NEEDS_RESET);
	vs_start();
	h.len = UINT32_MAX;
	vs_give(&h, sizeof(h));
	card_expect_status(&vs_card, VIRTIO_CONFIG_S_NEEDS_RESET);
}

Test(vsock_limits, a_buffer_without_room_for_a_header)
{
	const struct driver_buffer b = { VS_RX_AT, 43, true };

	vs_start_without_rx(0);
	cr_assert_geq(driver_add(&vs_card.queue[VS_RX], &b, 1, 0), 0);
	card_ring(&vs_card, VS_RX);
	card_expect_status(&vs_card, VIRTIO_CONFIG_S_NEEDS_RESET);
	vs_start();
}
