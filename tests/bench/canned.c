// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A stub without a guest: every answer lies ready, and one write sends it. As fast as gdb can be
 * with a stub that has nothing to do: the ceiling for its memory reads (m) and writes (X).
 *
 *   canned SOCKET
 *
 * Makes the UNIX socket SOCKET, serves one gdb, and ends with it. Memory reads as random bytes at
 * every address, registers as 0. PacketSize is vitrine's.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/rigs/tool.h"

#define PACKET_SIZE 0x20000u
#define REG_BYTES   536 /* gdb's amd64 without a target description: core, x87, SSE */

static int fd = -1;
static bool no_ack;
static char in[2 * PACKET_SIZE];
static size_t in_len;
static char digits[PACKET_SIZE]; /* of random bytes */

/* A frame that is made when it is first wanted, and sent as it is from then on. */
struct frame {
	char data[PACKET_SIZE + 8];
	size_t len, payload;
};

static void frame_make(struct frame *f, const char *payload, size_t len)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)payload[i];
	f->data[0] = '+';
	f->data[1] = '$';
	memcpy(f->data + 2, payload, len);
	snprintf(f->data + 2 + len, 4, "#%02x", sum);
	f->len = len + 5;
	f->payload = len;
}

static void frame_send(const struct frame *f)
{
	size_t skip = no_ack ? 1 : 0;

	if (send(fd, f->data + skip, f->len - skip, MSG_NOSIGNAL) != (ssize_t)(f->len - skip))
		exit(0);
}

static void reply(const char *text)
{
	static struct frame f;

	frame_make(&f, text, strlen(text));
	frame_send(&f);
}

/* mADDR,LEN */
static void reply_memory(const char *body)
{
	static struct frame f;
	const char *comma = strchr(body, ',');
	size_t len = comma ? 2 * strtoul(comma + 1, NULL, 16) : 0;

	if (!len || len > sizeof(digits)) {
		reply("E22");
		return;
	}
	if (f.payload != len)
		frame_make(&f, digits, len);
	frame_send(&f);
}

static void reply_registers(void)
{
	char zeros[2 * REG_BYTES + 1];

	memset(zeros, '0', sizeof(zeros) - 1);
	zeros[sizeof(zeros) - 1] = '\0';
	reply(zeros);
}

static void answer(const char *body)
{
	static const struct {
		const char *name, *reply;
	} rows[] = {
		{ "qSupported", "PacketSize=20000;QStartNoAckMode+" },
		{ "?", "S05" },
		{ "H", "OK" },
		{ "X", "OK" },
		{ "G", "OK" },
	};

	if (*body == 'm') {
		reply_memory(body);
		return;
	}
	if (*body == 'g') {
		reply_registers();
		return;
	}
	if (*body == 'k')
		exit(0);
	if (!strcmp(body, "QStartNoAckMode")) {
		reply("OK");
		no_ack = true;
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!strncmp(body, rows[i].name, strlen(rows[i].name))) {
			reply(rows[i].reply);
			return;
		}
	}
	reply("");
}

/* Answers the packets that have come whole; acks and what is between packets is skipped. */
static void answer_all(void)
{
	size_t at = 0;

	for (;;) {
		char *from = memchr(in + at, '$', in_len - at), *hash;

		if (!from) {
			at = in_len;
			break;
		}
		/* What is binary has its '#' escaped. */
		hash = memchr(from, '#', in_len - (size_t)(from - in));
		at = (size_t)(from - in);
		if (!hash || hash + 3 > in + in_len)
			break;
		*hash = '\0';
		answer(from + 1);
		at = (size_t)(hash + 3 - in);
	}
	memmove(in, in + at, in_len - at);
	in_len -= at;
}

static void make_digits(void)
{
	uint64_t state = 88172645463325252u;

	for (size_t i = 0; i < sizeof(digits); i++) {
		/* xorshift64 */
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		digits[i] = "0123456789abcdef"[state >> 60];
	}
}

static void serve_one(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (server < 0 || bind(server, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(server, 1) < 0)
		fail("cannot listen on %s: %s", path, strerror(errno));
	fd = accept(server, NULL, NULL);
	if (fd < 0)
		fail("nobody came: %s", strerror(errno));
	close(server);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: canned SOCKET\n");
		return 2;
	}
	make_digits();
	serve_one(argv[1]);
	while (in_len < sizeof(in)) {
		ssize_t n = read(fd, in + in_len, sizeof(in) - in_len);

		if (n <= 0)
			return 0;
		in_len += (size_t)n;
		answer_all();
	}
	fail("a packet without an end");
}
