// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A debugger without manners: a small client of the GDB protocol that attaches,
 * pauses and dies as often as it is told, and looks at guest RAM behind the
 * stub's back.
 *
 *   rsp_stress attach SOCKET N COUNTER            N times: connect, read the counter, detach
 *   rsp_stress pause  SOCKET N COUNTER            N times: Ctrl-C, wait for the stop, go on
 *   rsp_stress kill   SOCKET COUNTER WATCH CODE…  sets breakpoints and a watchpoint, is killed with
 *                                                 SIGKILL; memory must come to be as it was
 *
 * SOCKET is a UNIX socket's path; the others are guest-virtual addresses in hex,
 * linked at RAM + 0xffffffff80000000. Runs inside a rig: static, no library.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/rigs/tool.h"

#define KERNEL_BASE 0xffffffff80000000ull
#define REPLY_MS    60000
/* For what is sure to happen on a machine that is slow. */
#define PATIENCE_MS 120000
#define MAX_CODE    16

/* ---- the protocol ---- */

struct peer {
	int fd;
	char buf[65536];
	size_t len;
};

static void peer_open(struct peer *p, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	p->len = 0;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		fail("cannot connect to %s: %s", path, strerror(errno));
}

static void peer_send(struct peer *p, const char *data, size_t len)
{
	if (send(p->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		fail("the stub is gone: %s", strerror(errno));
}

static void send_packet(struct peer *p, const char *body)
{
	char packet[1024];
	unsigned char sum = 0;
	int n;

	for (const char *c = body; *c; c++)
		sum += (unsigned char)*c;
	n = snprintf(packet, sizeof(packet), "$%s#%02x", body, sum);
	peer_send(p, packet, (size_t)n);
}

/* The next packet's body in @out; acknowledged. False when the stub closed the connection. */
static bool receive(struct peer *p, char *out, size_t size)
{
	for (;;) {
		char *start = memchr(p->buf, '$', p->len);
		char *hash = start ? memchr(start, '#', p->len - (size_t)(start - p->buf)) : NULL;
		struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
		ssize_t n;

		if (hash && hash + 3 <= p->buf + p->len) {
			size_t body = (size_t)(hash - start - 1);

			if (body >= size)
				fail("a reply of %zu bytes", body);
			memcpy(out, start + 1, body);
			out[body] = '\0';
			p->len -= (size_t)(hash + 3 - p->buf);
			memmove(p->buf, hash + 3, p->len);
			peer_send(p, "+", 1);
			return true;
		}
		if (p->len == sizeof(p->buf))
			fail("rubbish from the stub");
		if (poll(&pfd, 1, REPLY_MS) <= 0)
			fail("no reply within %d ms", REPLY_MS);
		n = read(p->fd, p->buf + p->len, sizeof(p->buf) - p->len);
		if (n <= 0)
			return false;
		p->len += (size_t)n;
	}
}

static void ask(struct peer *p, const char *body, char *reply, size_t size)
{
	send_packet(p, body);
	if (!receive(p, reply, size))
		fail("the stub closed the connection on \"%s\"", body);
}

static void ask_ok(struct peer *p, const char *body)
{
	char reply[4096];

	ask(p, body, reply, sizeof(reply));
	if (strcmp(reply, "OK") != 0)
		fail("\"%s\" was answered \"%s\"", body, reply);
}

static void expect_stop(struct peer *p)
{
	char reply[4096];

	do {
		if (!receive(p, reply, sizeof(reply)))
			fail("the stub closed the connection while the guest ran");
	} while (reply[0] == 'O');
	if (reply[0] != 'T' && reply[0] != 'S')
		fail("not a stop reply: \"%s\"", reply);
}

static uint64_t read_u64(struct peer *p, uint64_t addr)
{
	char body[64], reply[4096];
	uint64_t value = 0;

	snprintf(body, sizeof(body), "m%" PRIx64 ",8", addr);
	ask(p, body, reply, sizeof(reply));
	if (strlen(reply) != 16)
		fail("\"%s\" was answered \"%s\"", body, reply);
	for (int i = 7; i >= 0; i--) {
		char byte[3] = { reply[2 * i], reply[2 * i + 1], '\0' };

		value = value << 8 | strtoul(byte, NULL, 16);
	}
	return value;
}

/* Connects and gets the first stop told. */
static void attach(struct peer *p, const char *path)
{
	char reply[4096];

	peer_open(p, path);
	ask(p, "qSupported:swbreak+;hwbreak+;vContSupported+", reply, sizeof(reply));
	ask(p, "?", reply, sizeof(reply));
	if (reply[0] != 'T' && reply[0] != 'S')
		fail("\"?\" was answered \"%s\"", reply);
}

static void detach(struct peer *p)
{
	ask_ok(p, "D");
	close(p->fd);
}

/* ---- the modes ---- */

static struct peer peer;

static int do_attach(const char *path, unsigned long n, uint64_t counter)
{
	uint64_t first = 0, last = 0, value = 0;

	for (unsigned long i = 0; i < n; i++) {
		attach(&peer, path);
		value = read_u64(&peer, counter);
		if (i && value < last)
			fail("the counter went from %" PRIu64 " back to %" PRIu64, last, value);
		if (!i)
			first = value;
		last = value;
		detach(&peer);
	}
	for (double end = now_ms() + PATIENCE_MS; value <= last;) {
		if (now_ms() > end)
			fail("the guest does not run after the last detach");
		nap_ms(200);
		attach(&peer, path);
		value = read_u64(&peer, counter);
		detach(&peer);
	}
	printf("attached and detached %lu times, the counter went from %" PRIu64 " to %" PRIu64
	       "\n",
	       n, first, value);
	return 0;
}

static int do_pause(const char *path, unsigned long n, uint64_t counter)
{
	double *ms = calloc(n + 1, sizeof(*ms));
	uint64_t before, after;

	if (!ms)
		fail("out of memory");
	attach(&peer, path);
	before = read_u64(&peer, counter);
	for (unsigned long i = 0; i < n; i++) {
		double t;

		send_packet(&peer, "vCont;c");
		t = now_ms();
		peer_send(&peer, "\x03", 1);
		expect_stop(&peer);
		ms[i] = now_ms() - t;
	}
	after = before;
	for (double end = now_ms() + PATIENCE_MS; after <= before;) {
		if (now_ms() > end)
			fail("the guest does not run between the pauses");
		send_packet(&peer, "vCont;c");
		nap_ms(200);
		peer_send(&peer, "\x03", 1);
		expect_stop(&peer);
		after = read_u64(&peer, counter);
	}
	detach(&peer);
	printf("paused %lu times: median %.3f ms", n, median(ms, n));
	printf(", longest %.3f ms\n", ms[n - 1]);
	free(ms);
	return 0;
}

/* Who listens at @path. The stub takes no notice of one who says nothing. */
static pid_t listener(const char *path)
{
	struct ucred who = { 0 };
	socklen_t len = sizeof(who);

	peer_open(&peer, path);
	if (getsockopt(peer.fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		fail("cannot tell who listens at %s: %s", path, strerror(errno));
	close(peer.fd);
	return who.pid;
}

/* Its memfd of guest RAM, by way of /proc: what no planted instruction hides from. */
static int open_ram(const char *path)
{
	char dir[64], name[400], target[256];
	struct dirent *e;
	int fd = -1;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)listener(path));
	fds = opendir(dir);
	while (fds && fd < 0 && (e = readdir(fds))) {
		ssize_t n;

		snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
		n = readlink(name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strstr(target, "memfd:vitrine-ram"))
			fd = open(name, O_RDONLY | O_CLOEXEC);
	}
	if (fds)
		closedir(fds);
	if (fd < 0)
		fail("found no guest RAM in %s", dir);
	return fd;
}

static uint64_t ram_u64(int ram, uint64_t gva)
{
	uint64_t value;

	if (pread(ram, &value, sizeof(value), (off_t)(gva - KERNEL_BASE)) != sizeof(value))
		fail("cannot read guest RAM: %s", strerror(errno));
	return value;
}

/* The debugger that will be killed: everything set, the guest running or stopped at one of them. */
static void victim(const char *path, uint64_t watch, const uint64_t *code, unsigned n, int ready)
{
	char body[64];

	attach(&peer, path);
	for (unsigned i = 0; i < n; i++) {
		snprintf(body, sizeof(body), "Z0,%" PRIx64 ",1", code[i]);
		ask_ok(&peer, body);
	}
	snprintf(body, sizeof(body), "Z2,%" PRIx64 ",8", watch);
	ask_ok(&peer, body);
	send_packet(&peer, "vCont;c");
	expect_stop(&peer);
	if (write(ready, "x", 1) != 1)
		exit(1);
	for (;;)
		pause();
}

/* Waits until the guest counts on. */
static bool counts_on(int ram, uint64_t counter)
{
	uint64_t count = ram_u64(ram, counter);
	double end = now_ms() + PATIENCE_MS;

	while (ram_u64(ram, counter) == count) {
		if (now_ms() > end)
			return false;
		nap_ms(5);
	}
	return true;
}

static bool all_restored(int ram, const uint64_t *code, const uint64_t *before, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ram_u64(ram, code[i]) != before[i])
			return false;
	return true;
}

static int do_kill(const char *path, uint64_t counter, uint64_t watch, const uint64_t *code,
		   unsigned n)
{
	uint64_t before[MAX_CODE], count;
	int ram = open_ram(path), ready[2];
	double t;
	char c;
	pid_t pid;

	for (unsigned i = 0; i < n; i++)
		before[i] = ram_u64(ram, code[i]);
	if (pipe(ready))
		fail("pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		victim(path, watch, code, n, ready[1]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		fail("the debugger that was to be killed did not get that far");
	kill(pid, SIGKILL);
	t = now_ms();
	waitpid(pid, NULL, 0);
	count = ram_u64(ram, counter);
	while (!all_restored(ram, code, before, n) || ram_u64(ram, counter) == count) {
		if (now_ms() - t > PATIENCE_MS)
			fail("two minutes after the debugger was killed: code %s, the guest %s",
			     all_restored(ram, code, before, n) ? "restored" : "NOT restored",
			     ram_u64(ram, counter) == count ? "does NOT run" : "runs");
		nap_ms(5);
	}
	printf("restored and running %.0f ms after kill -9\n", now_ms() - t);
	nap_ms(300);
	if (!counts_on(ram, counter))
		fail("the guest ran only for a moment");
	attach(&peer, path);
	detach(&peer);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t code[MAX_CODE];
	unsigned n = 0;

	if (argc == 5 && !strcmp(argv[1], "attach"))
		return do_attach(argv[2], strtoul(argv[3], NULL, 10), strtoull(argv[4], NULL, 16));
	if (argc == 5 && !strcmp(argv[1], "pause"))
		return do_pause(argv[2], strtoul(argv[3], NULL, 10), strtoull(argv[4], NULL, 16));
	if (argc >= 6 && argc < 5 + MAX_CODE && !strcmp(argv[1], "kill")) {
		for (int i = 5; i < argc; i++)
			code[n++] = strtoull(argv[i], NULL, 16);
		return do_kill(argv[2], strtoull(argv[3], NULL, 16), strtoull(argv[4], NULL, 16),
			       code, n);
	}
	fprintf(stderr, "usage: see the head of rsp_stress.c\n");
	return 2;
}
