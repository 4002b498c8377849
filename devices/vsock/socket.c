// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How connections come to be, on the host's side: programs that connect to PATH and say which port
 * they want, and PATH_PORT for the guest. The user's own sockets, like all of vitrine's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "devices/vsock/internal.h"

#define BACKLOG	 64
#define PORT_MAX (sizeof("_4294967295") - 1)

/* ---- from the host ---- */

/* The port of "CONNECT 1024"; false: it is something else. */
static bool parse_greeting(const char *line, uint32_t *port)
{
	static const char word[] = "CONNECT ";
	const char *digits = line + sizeof(word) - 1;
	unsigned long value;
	char *end;

	if (strncmp(line, word, sizeof(word) - 1) != 0 || *digits < '0' || *digits > '9')
		return false;
	errno = 0;
	value = strtoul(digits, &end, 10);
	if (errno || *end || value >= UINT32_MAX)
		return false;
	*port = (uint32_t)value;
	return true;
}

/* Byte by byte: what follows the line is the guest's. */
void socket_greeting(struct conn *c)
{
	char byte = 0;
	ssize_t n;

	while ((n = recv(c->fd, &byte, 1, 0)) == 1 && byte != '\n') {
		c->line[c->line_len++] = byte;
		if (c->line_len == sizeof(c->line))
			break;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != 1 || c->line_len == sizeof(c->line)) {
		conn_end(c);
		return;
	}
	c->line[c->line_len] = '\0';
	if (!parse_greeting(c->line, &c->guest_port)) {
		conn_end(c);
		return;
	}
	c->host_port = vsock_unused_port(c->s);
	c->state = CONN_REQUESTED;
	c->owed = OWE_REQUEST;
	loop_set_events(c->source, EPOLLERR);
}

bool socket_accepted(struct conn *c)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "OK %" PRIu32 "\n", c->host_port);

	/* Nothing was ever sent there, so that there is room. */
	return send(c->fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == len;
}

/*
 * Out of descriptors, the waiting client would make the loop spin: the spare one is given up
 * to take the client and close it.
 */
static void turn_away(struct vsock *s)
{
	int fd;

	if (s->spare_fd < 0)
		return;
	close(s->spare_fd);
	fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_client(void *opaque, uint32_t events)
{
	struct vsock *s = opaque;
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	bool taken;

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			turn_away(s);
		return;
	}
	pthread_mutex_lock(&s->lock);
	taken = s->open && socket_client_allowed(fd) && conn_new(s, fd, CONN_GREETING);
	pthread_mutex_unlock(&s->lock);
	if (!taken)
		close(fd);
}

int socket_listen(struct vsock *s, const char *path, struct error *err)
{
	int ret;

	if (!*path || strlen(path) + PORT_MAX >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return error_set(err, -EINVAL, "a path of 1 to %zu bytes is needed, _PORT follows",
				 sizeof(((struct sockaddr_un *)0)->sun_path) - 1 - PORT_MAX);
	s->listen_fd = socket_file_bind(&s->file, path, err);
	if (s->listen_fd < 0)
		return s->listen_fd;
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ret = listen(s->listen_fd, BACKLOG) < 0 ? -errno : 0;
	if (!ret)
		ret = loop_add_fd(s->loop, s->listen_fd, EPOLLIN, on_client, s, &s->listener);
	if (ret) {
		error_set(err, ret, "cannot listen on %s: %s", path, strerror(-ret));
		socket_unlisten(s);
	}
	return ret;
}

void socket_unlisten(struct vsock *s)
{
	loop_remove(s->listener);
	/* First the name, then the socket: at no time is there a name that nobody answers. */
	socket_file_remove(&s->file);
	close(s->listen_fd);
	if (s->spare_fd >= 0)
		close(s->spare_fd);
}

/* ---- from the guest ---- */

/* Negative errno when nobody listens there. A UNIX socket connects at once or not at all. */
static int connect_to_port(const struct vsock *s, uint32_t port)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s_%" PRIu32, s->file.path, port);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -ECONNREFUSED;
}

bool socket_connect(struct vsock *s, const struct vsock_packet *p)
{
	int fd = connect_to_port(s, p->dst_port);
	struct conn *c = fd < 0 ? NULL : conn_new(s, fd, CONN_OPEN);

	if (!c) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	c->by_guest = true;
	c->guest_port = p->src_port;
	c->host_port = p->dst_port;
	c->peer_alloc = p->buf_alloc;
	c->peer_fwd_cnt = p->fwd_cnt;
	c->owed = OWE_RESPONSE;
	s->counts.connections++;
	return true;
}
