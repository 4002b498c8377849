// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A raw client of the GDB protocol, for what gdb itself is too slow to measure or cannot ask.
 *
 *   rsp SOCKET offers WORD               whether the answers to qSupported and vCont? hold WORD
 *   rsp SOCKET read-x ADDR MIB           MiB/s of the binary read, 64 KiB a packet
 *   rsp SOCKET breakpoints ADDR COUNT    ms to set and to remove COUNT software breakpoints
 *   rsp SOCKET interrupt CODE COUNT      ms from Ctrl-C to the stop reply in what begins at CODE,
 * the median rsp SOCKET trace CODE DATA           hits a second of a tracepoint at CODE that
 * collects all registers and 64 bytes at DATA
 *
 * Addresses are hex. Prints one line, or "not offered" when the stub's answers say so.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/rigs/tool.h"

#define REPLY_MS  60000
#define READ_SIZE 0x10000u
#define BATCH	  64 /* breakpoint packets under way at a time */
#define MAX_COUNT 100000

static int fd = -1;
static char in[1u << 20];
static size_t in_len, in_at;

static void not_offered(void)
{
	puts("not offered");
	exit(0);
}

/* ---- packets ---- */

static void send_bytes(const char *data, size_t len)
{
	if (send(fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		fail("the stub is gone: %s", strerror(errno));
}

static size_t frame(char *out, size_t size, const char *body)
{
	unsigned char sum = 0;

	for (const char *c = body; *c; c++)
		sum += (unsigned char)*c;
	return (size_t)snprintf(out, size, "$%s#%02x", body, sum);
}

static void send_packet(const char *body)
{
	char packet[512];

	send_bytes(packet, frame(packet, sizeof(packet), body));
}

/* The next packet's body, as it is on the wire; valid until the next call. */
static const char *receive(size_t *len)
{
	size_t looked = 0;

	for (;;) {
		char *from = memchr(in + in_at, '$', in_len - in_at);
		char *hash = NULL;
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (from) {
			size_t skip = looked > (size_t)(from - in) ? looked : (size_t)(from - in);

			hash = memchr(in + skip, '#', in_len - skip);
			looked = in_len;
		}
		if (hash && hash + 3 <= in + in_len) {
			*hash = '\0';
			*len = (size_t)(hash - from - 1);
			in_at = (size_t)(hash + 3 - in);
			return from + 1;
		}
		if (hash)
			looked = (size_t)(hash - in);
		if (in_at) {
			memmove(in, in + in_at, in_len - in_at);
			in_len -= in_at;
			looked -= looked > in_at ? in_at : looked;
			in_at = 0;
		}
		if (in_len == sizeof(in) || poll(&pfd, 1, REPLY_MS) <= 0)
			fail("no reply");
		n = read(fd, in + in_len, sizeof(in) - in_len);
		if (n <= 0)
			fail("the stub closed the connection");
		in_len += (size_t)n;
	}
}

static const char *ask(const char *body)
{
	size_t len;

	send_packet(body);
	return receive(&len);
}

static void ask_ok(const char *body)
{
	const char *reply = ask(body);

	if (!*reply)
		not_offered();
	if (strcmp(reply, "OK") != 0)
		fail("\"%s\" was answered \"%s\"", body, reply);
}

static void wait_for_stop(void)
{
	const char *reply;
	size_t len;

	do
		reply = receive(&len);
	while (*reply == 'O');
	if (*reply != 'T' && *reply != 'S')
		fail("not a stop reply: \"%s\"", reply);
}

static bool offers(const char *word)
{
	return strstr(ask("qSupported:swbreak+;hwbreak+;vContSupported+;multiprocess+"), word) ||
	       strstr(ask("vCont?"), word);
}

static void open_session(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		fail("cannot connect to %s: %s", path, strerror(errno));
	ask("qSupported:swbreak+;hwbreak+;vContSupported+;multiprocess+");
	/* QEMU acknowledges for ever: then gdb has to as well, and so does this. */
	ask("QStartNoAckMode");
	ask("?");
}

/* ---- what is measured ---- */

static void read_x(uint64_t addr, unsigned long mib)
{
	unsigned long count = (mib << 20) / READ_SIZE;
	char body[64];
	double start;
	size_t len;

	snprintf(body, sizeof(body), "x%" PRIx64 ",%x", addr, READ_SIZE);
	if (*ask(body) != 'b')
		not_offered();
	start = now_ms();
	/* One packet ahead, as a client that wants a lot would do. */
	send_packet(body);
	for (unsigned long i = 0; i < count; i++) {
		if (i + 1 < count)
			send_packet(body);
		if (*receive(&len) != 'b' || len <= READ_SIZE)
			fail("a read was short");
	}
	printf("%.1f\n", (double)mib * 1e3 / (now_ms() - start));
}

/* Sends one packet for each address, BATCH of them at a time; returns the ms it took. */
static double all_breakpoints(char letter, uint64_t addr, unsigned long count)
{
	static char packets[BATCH * 64];
	double start = now_ms();
	size_t len;

	for (unsigned long i = 0; i < count; i += BATCH) {
		unsigned long n = count - i < BATCH ? count - i : BATCH;
		size_t used = 0;

		for (unsigned long j = 0; j < n; j++) {
			char body[48];

			snprintf(body, sizeof(body), "%c0,%" PRIx64 ",1", letter,
				 addr + 16 * (i + j));
			used += frame(packets + used, sizeof(packets) - used, body);
		}
		send_bytes(packets, used);
		for (unsigned long j = 0; j < n; j++) {
			const char *reply = receive(&len);

			if (strcmp(reply, "OK") != 0)
				fail("a breakpoint was answered \"%s\"", reply);
		}
	}
	return now_ms() - start;
}

static void breakpoints(uint64_t addr, unsigned long count)
{
	double set = all_breakpoints('Z', addr, count);
	double removed = all_breakpoints('z', addr, count);

	printf("%.1f\n", set + removed);
}

/* Runs the guest to @code, and from there on for a moment. */
static void run_to(uint64_t code)
{
	char body[64];

	snprintf(body, sizeof(body), "Z1,%" PRIx64 ",1", code);
	ask_ok(body);
	send_packet("vCont;c");
	wait_for_stop();
	body[0] = 'z';
	ask_ok(body);
	send_packet("vCont;c");
	nap_ms(300);
	send_bytes("\003", 1);
	wait_for_stop();
}

static void interrupt(uint64_t code, unsigned long count)
{
	static double ms[MAX_COUNT];

	run_to(code);
	for (unsigned long i = 0; i < count; i++) {
		double start;

		send_packet("vCont;c");
		nap_ms(2 + (long)(i % 3));
		start = now_ms();
		send_bytes("\003", 1);
		wait_for_stop();
		ms[i] = now_ms() - start;
	}
	printf("%.3f\n", median(ms, count));
}

/* tcreated, the number of frames made, of the answer to qTStatus. */
static uint64_t trace_frames(void)
{
	const char *reply = ask("qTStatus"), *created = strstr(reply, "tcreated:");

	if (!*reply)
		not_offered();
	return created ? strtoull(created + 9, NULL, 16) : 0;
}

static void trace(uint64_t code, uint64_t data)
{
	char body[160];
	uint64_t before;
	double start;

	if (!*ask("qTStatus"))
		not_offered();
	ask_ok("QTinit");
	ask("QTBuffer:circular:1");
	snprintf(body, sizeof(body), "QTDP:1:%" PRIx64 ":E:0:0-", code);
	ask_ok(body);
	snprintf(body, sizeof(body), "QTDP:-1:%" PRIx64 ":RffffffffM-1,%" PRIx64 ",40", code, data);
	ask_ok(body);
	ask_ok("QTStart");
	/* What comes before the guest's own loop is not counted. */
	send_packet("vCont;c");
	nap_ms(500);
	send_bytes("\003", 1);
	wait_for_stop();
	before = trace_frames();
	send_packet("vCont;c");
	start = now_ms();
	nap_ms(1000);
	send_bytes("\003", 1);
	wait_for_stop();
	printf("%.0f\n", (double)(trace_frames() - before) * 1e3 / (now_ms() - start));
}

static uint64_t hex(const char *text)
{
	return strtoull(text, NULL, 16);
}

static unsigned long number(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	return n && n <= MAX_COUNT ? n : 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";

	if (argc < 4) {
		fprintf(stderr, "usage: see the head of rsp.c\n");
		return 2;
	}
	open_session(argv[1]);
	if (!strcmp(what, "offers") && argc == 4)
		puts(offers(argv[3]) ? "yes" : "not offered");
	else if (!strcmp(what, "read-x") && argc == 5)
		read_x(hex(argv[3]), number(argv[4]));
	else if (!strcmp(what, "breakpoints") && argc == 5)
		breakpoints(hex(argv[3]), number(argv[4]));
	else if (!strcmp(what, "interrupt") && argc == 5)
		interrupt(hex(argv[3]), number(argv[4]));
	else if (!strcmp(what, "trace") && argc == 5)
		trace(hex(argv[3]), hex(argv[4]));
	else
		fail("what is \"%s\"?", what);
	return 0;
}
