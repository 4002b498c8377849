// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DEV kinds `unix:PATH` and `tcp:HOST:PORT`: a chardev for each client.
 *
 * Whoever reaches one of these sockets owns the guest, so a UNIX socket is the
 * user's own (socket_file.h). TCP binds the one address that was given.
 */
#include "hv/chardev_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 8

static int new_client(struct endpoint *ep, int fd)
{
	struct stream_params p = { .rfd = fd, .wfd = fd, .writes = STREAM_SEND };
	char name[128];
	struct chardev *cd;
	int ret;

	snprintf(name, sizeof(name), "client %u of %s", ++ep->clients, ep->name);
	p.name = name;
	ret = stream_create(&cd, ep->loop, &p);
	if (ret < 0)
		return ret;
	ep->accept(ep->opaque, cd);
	return 0;
}

/* A gdb packet should not wait for the next; a peer that lost its network should be noticed. */
static void tcp_options(int fd)
{
	static const struct {
		int level, name, value;
	} opts[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },   { SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 30 }, { IPPROTO_TCP, TCP_KEEPINTVL, 10 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
	};
	size_t i;

	for (i = 0; i < sizeof(opts) / sizeof(opts[0]); i++)
		setsockopt(fd, opts[i].level, opts[i].name, &opts[i].value, sizeof(int));
}

/*
 * Out of descriptors, the waiting client would make the loop spin: the spare one is given up
 * to take the client and close it.
 */
static void turn_away(struct endpoint *ep)
{
	int fd;

	if (ep->spare_fd < 0)
		return;
	close(ep->spare_fd);
	fd = accept4(ep->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	ep->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_connect(void *opaque, uint32_t events)
{
	struct endpoint *ep = opaque;
	int fd = accept4(ep->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			turn_away(ep);
		return;
	}
	if (!ep->file.path)
		tcp_options(fd);
	else if (!socket_client_allowed(fd))
		goto refuse;
	/* The callback may close the endpoint: nothing of it is touched after this. */
	if (new_client(ep, fd) < 0)
		goto refuse;
	return;

refuse:
	close(fd);
}

static int start_listening(struct endpoint *ep)
{
	if (listen(ep->fd, BACKLOG) < 0)
		return -errno;
	ep->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return loop_add_fd(ep->loop, ep->fd, EPOLLIN, on_connect, ep, &ep->src);
}

void chardev_server_close(struct endpoint *ep)
{
	loop_remove(ep->src);
	/* First the name, then the socket: at no time is there a name that nobody answers. */
	socket_file_remove(&ep->file);
	if (ep->fd >= 0)
		close(ep->fd);
	if (ep->spare_fd >= 0)
		close(ep->spare_fd);
}

int chardev_unix_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err)
{
	int ret;

	(void)cd;
	if (!*arg)
		return error_set(err, -EINVAL, "unix: needs a path, as in unix:/tmp/vm.gdb");
	if (asprintf(&ep->name, "unix:%s", arg) < 0) {
		ep->name = NULL;
		return error_set(err, -ENOMEM, "cannot open %s: out of memory", arg);
	}
	ret = socket_file_bind(&ep->file, arg, err);
	if (ret < 0)
		return ret;
	ep->fd = ret;
	ret = start_listening(ep);
	if (ret < 0) {
		error_set(err, ret, "cannot listen on %s: %s", arg, strerror(-ret));
		chardev_server_close(ep);
	}
	return ret;
}

int chardev_tcp_split(const char *arg, char *host, size_t host_size, const char **port,
		      struct error *err)
{
	const char *colon = strrchr(arg, ':');
	const char *start = arg;
	char *end;
	size_t len;
	long n;

	if (!colon || !colon[1])
		goto malformed;
	errno = 0;
	n = strtol(colon + 1, &end, 10);
	if (errno || *end || n < 0 || n > 65535 || colon[1] < '0' || colon[1] > '9')
		return error_set(err, -EINVAL, "'%.40s' is no TCP port: 0 to 65535", colon + 1);
	*port = colon + 1;
	len = (size_t)(colon - arg);
	if (*start == '[') {
		if (len < 3 || colon[-1] != ']')
			goto malformed;
		start++;
		len -= 2;
	} else if (memchr(start, ':', len)) {
		goto malformed;
	}
	if (len >= host_size)
		goto malformed;
	snprintf(host, host_size, "%.*s", (int)len, start);
	if (!len)
		snprintf(host, host_size, "127.0.0.1");
	return 0;

malformed:
	return error_set(err, -EINVAL,
			 "'tcp:%.100s' is no address: use tcp:HOST:PORT, as in tcp:127.0.0.1:1234 "
			 "or tcp:[::1]:1234",
			 arg);
}

/* What it is bound to, in figures: port 0 has become a real one. */
static int tcp_name(struct endpoint *ep)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	const char *fmt;

	if (getsockname(ep->fd, (struct sockaddr *)&ss, &len) < 0)
		return -errno;
	if (getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return -EINVAL;
	fmt = ss.ss_family == AF_INET6 ? "[" : "";
	if (asprintf(&ep->name, "tcp:%s%s%s:%s", fmt, host, *fmt ? "]" : "", port) < 0) {
		ep->name = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int bind_tcp(struct endpoint *ep, const struct addrinfo *ai)
{
	int one = 1, ret;

	ep->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ep->fd < 0)
		return -errno;
	/* Connections of an earlier run that linger are no reason to refuse the port. */
	setsockopt(ep->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6)
		setsockopt(ep->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	ret = bind(ep->fd, ai->ai_addr, ai->ai_addrlen) < 0 ? -errno : start_listening(ep);
	if (!ret)
		ret = tcp_name(ep);
	if (ret < 0) {
		chardev_server_close(ep);
		ep->fd = ep->spare_fd = -1;
		ep->src = NULL;
	}
	return ret;
}

int chardev_tcp_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list, *ai;
	char host[NI_MAXHOST];
	const char *port = "";
	int ret;

	(void)cd;
	ret = chardev_tcp_split(arg, host, sizeof(host), &port, err);
	if (ret < 0)
		return ret;
	ret = getaddrinfo(host, port, &hints, &list);
	if (ret)
		return error_set(err, -EINVAL, "cannot find the address of %s: %s", host,
				 gai_strerror(ret));
	ret = -EADDRNOTAVAIL;
	for (ai = list; ai; ai = ai->ai_next) {
		ret = bind_tcp(ep, ai);
		if (!ret)
			break;
	}
	freeaddrinfo(list);
	if (ret == -EADDRINUSE)
		return error_set(err, ret,
				 "port %s of %s is in use by another program: choose another port",
				 port, host);
	if (ret < 0)
		return error_set(err, ret, "cannot listen on tcp:%s: %s", arg, strerror(-ret));
	return 0;
}
