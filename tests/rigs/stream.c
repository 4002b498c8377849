// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A stream by socket, for tests of virtio-vsock: inside the guest and outside.
 *
 *   stream connect ADDRESS [GREETING]   standard input goes there, what comes back to standard
 * output stream echo ADDRESS                 takes one connection after the other and gives back
 * what comes
 *
 * ADDRESS is vsock:CID:PORT (in `echo` the CID is -1 for any) or unix:PATH. GREETING is a line to
 * begin with, which is answered by a line.
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* It needs struct sockaddr. */
#include <linux/vm_sockets.h>

#include "tests/rigs/tool.h"

union address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_vm vm;
};

static socklen_t parse(const char *text, union address *a)
{
	unsigned port;
	int cid;

	memset(a, 0, sizeof(*a));
	if (sscanf(text, "vsock:%d:%u", &cid, &port) == 2) {
		a->vm.svm_family = AF_VSOCK;
		a->vm.svm_cid = (unsigned)cid;
		a->vm.svm_port = port;
		return sizeof(a->vm);
	}
	if (strncmp(text, "unix:", 5) != 0 || strlen(text + 5) >= sizeof(a->un.sun_path))
		fail("'%s' is no address", text);
	a->un.sun_family = AF_UNIX;
	strcpy(a->un.sun_path, text + 5);
	return sizeof(a->un);
}

static void put(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n <= 0)
			fail("write: %m");
		bytes += n;
		len -= (size_t)n;
	}
}

/* True until the end. */
static bool copy(int from, int to)
{
	char bytes[16384];
	ssize_t n = read(from, bytes, sizeof(bytes));

	if (n < 0)
		fail("read: %m");
	put(to, bytes, (size_t)n);
	return n;
}

/* Byte by byte: what follows the line is for others. */
static void greet(int fd, const char *line)
{
	char byte = 0;

	put(fd, line, strlen(line));
	put(fd, "\n", 1);
	while (byte != '\n')
		if (read(fd, &byte, 1) != 1)
			fail("the greeting is not answered");
}

static int talk(int fd)
{
	struct pollfd p[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
			       { .fd = fd, .events = POLLIN } };

	for (;;) {
		if (poll(p, 2, -1) < 0)
			fail("poll: %m");
		if (p[0].revents && !copy(STDIN_FILENO, fd)) {
			p[0].fd = -1;
			p[0].revents = 0;
			shutdown(fd, SHUT_WR);
		}
		if (p[1].revents && !copy(fd, STDOUT_FILENO))
			return 0;
	}
}

static void serve(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			fail("accept: %m");
		while (copy(fd, fd))
			continue;
		close(fd);
	}
}

int main(int argc, char **argv)
{
	union address a;
	socklen_t len;
	int fd;

	if (argc < 3)
		fail("connect ADDRESS [GREETING], or echo ADDRESS");
	len = parse(argv[2], &a);
	fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		fail("socket: %m");
	if (!strcmp(argv[1], "connect")) {
		if (connect(fd, &a.any, len) < 0)
			fail("connect: %m");
		if (argc > 3)
			greet(fd, argv[3]);
		return talk(fd);
	}
	if (bind(fd, &a.any, len) < 0 || listen(fd, 8) < 0)
		fail("%s: %m", argv[2]);
	puts("listening");
	fflush(stdout);
	signal(SIGPIPE, SIG_IGN);
	serve(fd);
}
