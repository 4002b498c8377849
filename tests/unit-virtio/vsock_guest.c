// SPDX-License-Identifier: GPL-3.0-or-later
/* A guest with virtio-vsock for tests: see vsock_guest.h. */
#include "tests/unit-virtio/vsock_guest.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TX_AT (CARD_DATA + 0x80000u)

struct card vs_card;
char vs_path[64];
int vs_service = -1;		 /* listens at PATH_5000 */
unsigned vs_rx_offered;		 /* buffers, ever */
uint32_t vs_alloc, vs_forwarded; /* what the guest says of its buffer */

static int listen_at(const char *where)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", where);
	unlink(where);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(fd, 128), 0);
	return fd;
}

int vs_connect_to(const char *where)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", where);
	cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

void vs_setup(void)
{
	static char option[128], name[96];
	const char *const devices[] = { option, NULL };

	snprintf(vs_path, sizeof(vs_path), "/tmp/vitrine-test-%d.vsock", getpid());
	snprintf(name, sizeof(name), "%s_%u", vs_path, VS_SERVICE);
	snprintf(option, sizeof(option), "virtio-vsock,cid=%u,socket=%s,packed=on", VS_CID,
		 vs_path);
	vs_service = listen_at(name);
	vs_alloc = 1 << 20;
	vs_forwarded = 0;
	card_open(&vs_card, devices, "vsock0");
}

void vs_teardown(void)
{
	char name[96];
	struct stat st;

	card_close(&vs_card);
	close(vs_service);
	snprintf(name, sizeof(name), "%s_%u", vs_path, VS_SERVICE);
	unlink(name);
	cr_expect_lt(stat(vs_path, &st), 0, "the socket is still there");
}

/* ---- driver ---- */

/* Buffers for packets to the guest; each keeps its place, by id. */
static uint64_t rx_of[DRIVER_SIZE_MAX];

bool vs_offer_rx(void)
{
	const struct driver_buffer b = { VS_RX_AT + vs_rx_offered % VS_SIZE * VS_PIECE, VS_PIECE,
					 true };
	int id = driver_add(&vs_card.queue[VS_RX], &b, 1, 0);

	if (id < 0)
		return false;
	vs_rx_offered++;
	rx_of[id] = b.gpa;
	return true;
}

void vs_start_without_rx(uint64_t features)
{
	card_start(&vs_card, features, VS_SIZE);
	vs_rx_offered = 0;
}

void vs_start(void)
{
	vs_start_without_rx(0);
	while (vs_offer_rx())
		continue;
	card_ring(&vs_card, VS_RX);
}

void vs_give(const void *bytes, uint32_t len)
{
	const struct driver_buffer b = { TX_AT + vs_card.queue[VS_TX].next % VS_SIZE * VS_PIECE,
					 len, false };
	uint32_t used;

	cr_assert_leq(len, VS_PIECE);
	memcpy(card_ram(&vs_card, b.gpa, VS_PIECE), bytes, len);
	while (driver_get(&vs_card.queue[VS_TX], &used) >= 0)
		continue;
	cr_assert_geq(driver_add(&vs_card.queue[VS_TX], &b, 1, 0), 0);
	card_ring(&vs_card, VS_TX);
}

struct virtio_vsock_hdr vs_header(unsigned op, uint32_t guest_port, uint32_t host_port)
{
	return (struct virtio_vsock_hdr){ .src_cid = VS_CID,
					  .dst_cid = 2,
					  .src_port = guest_port,
					  .dst_port = host_port,
					  .type = VIRTIO_VSOCK_TYPE_STREAM,
					  .op = (uint16_t)op,
					  .buf_alloc = vs_alloc,
					  .fwd_cnt = vs_forwarded };
}

void vs_say(unsigned op, uint32_t guest_port, uint32_t host_port, uint32_t flags)
{
	struct virtio_vsock_hdr h = vs_header(op, guest_port, host_port);

	h.flags = flags;
	vs_give(&h, sizeof(h));
}

void vs_say_data(uint32_t host_port, const void *bytes, uint32_t len)
{
	struct virtio_vsock_hdr h = vs_header(VIRTIO_VSOCK_OP_RW, VS_PORT, host_port);
	uint8_t packet[VS_PIECE];

	h.len = len;
	memcpy(packet, &h, sizeof(h));
	memcpy(packet + sizeof(h), bytes, len);
	vs_give(packet, (uint32_t)sizeof(h) + len);
}

/* The device has done with what was given. */
void vs_wait_for_tx(void)
{
	uint32_t len;
	int id = -1;

	CARD_WAIT((id = id < 0 ? driver_get(&vs_card.queue[VS_TX], &len) : id) >= 0);
}

/* The next packet for the guest, whose buffer is offered anew. Its data, until then. */
const uint8_t *vs_next_packet(struct virtio_vsock_hdr *h)
{
	static uint8_t data[VS_PIECE];
	uint32_t len = 0;
	int id = -1;

	CARD_WAIT((id = id < 0 ? driver_get(&vs_card.queue[VS_RX], &len) : id) >= 0);
	cr_assert_geq(len, sizeof(*h));
	memcpy(h, card_ram(&vs_card, rx_of[id], VS_PIECE), sizeof(*h));
	memcpy(data, card_ram(&vs_card, rx_of[id], VS_PIECE), VS_PIECE);
	cr_expect_eq(len, sizeof(*h) + h->len);
	vs_offer_rx();
	card_ring(&vs_card, VS_RX);
	return data + sizeof(*h);
}

struct virtio_vsock_hdr vs_expect(unsigned op, uint32_t guest_port, uint32_t host_port)
{
	struct virtio_vsock_hdr h;

	vs_next_packet(&h);
	cr_assert(h.op == op && h.src_cid == 2 && h.dst_cid == VS_CID && h.dst_port == guest_port &&
			  (!host_port || h.src_port == host_port),
		  "op %u from %u to %u in place of %u from %u to %u", h.op, h.src_port, h.dst_port,
		  op, host_port, guest_port);
	return h;
}

bool vs_nothing_comes(void)
{
	uint32_t len;

	usleep(20000);
	return driver_get(&vs_card.queue[VS_RX], &len) < 0;
}

unsigned vs_live(void)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned n;

	vs_card.dev->cls->describe(vs_card.dev, &sb);
	cr_assert_eq(sscanf(strstr(strbuf_str(&sb), "connections "), "connections %u", &n), 1);
	strbuf_free(&sb);
	return n;
}

/* ---- both ways to connect ---- */

void vs_expect_bytes(int fd, const char *want)
{
	char text[64] = "";

	cr_assert_eq(recv(fd, text, strlen(want), MSG_WAITALL), (ssize_t)strlen(want));
	cr_expect_str_eq(text, want);
}

void vs_expect_end(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	cr_expect(n == 0 || (n < 0 && errno == ECONNRESET), "%zd", n);
}

/* The host's end of a connection that the guest has asked for. */
int vs_guest_connects(uint32_t guest_port)
{
	struct virtio_vsock_hdr h;
	int fd;

	vs_say(VIRTIO_VSOCK_OP_REQUEST, guest_port, VS_SERVICE, 0);
	fd = accept(vs_service, NULL, NULL);
	cr_assert_geq(fd, 0);
	h = vs_expect(VIRTIO_VSOCK_OP_RESPONSE, guest_port, VS_SERVICE);
	cr_expect_eq(h.buf_alloc, VSOCK_WINDOW);
	cr_expect_eq(h.type, VIRTIO_VSOCK_TYPE_STREAM);
	return fd;
}

/* … that a program of the host has; @port is the host's. */
int vs_host_connects(uint32_t *port)
{
	char line[32], want[32];
	int fd = vs_connect_to(vs_path);

	snprintf(line, sizeof(line), "CONNECT %u\n", VS_PORT);
	cr_assert_eq(send(fd, line, strlen(line), 0), (ssize_t)strlen(line));
	*port = vs_expect(VIRTIO_VSOCK_OP_REQUEST, VS_PORT, 0).src_port;
	vs_say(VIRTIO_VSOCK_OP_RESPONSE, VS_PORT, *port, 0);
	snprintf(want, sizeof(want), "OK %u\n", *port);
	vs_expect_bytes(fd, want);
	return fd;
}
