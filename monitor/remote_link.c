// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines out, messages in: see remote_link.h. */
#include "monitor/remote_link.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hv/chardev.h"
#include "monitor/remote.h"

/* A monitor that is busy with a long command of somebody else's answers when that is done. */
#define HELLO_MS 30000
#define CHUNK	 16384

/* ---- messages ---- */

/* The bytes of one whole message at @pos, 0 if it is not all there. */
static size_t message_at(struct remote_link *link, size_t pos, struct remote_message *msg)
{
	const char *p = strbuf_str(&link->in) + pos, *nl;
	size_t have = link->in.len - pos, head;
	unsigned long len;
	char *end;

	if (!have)
		return 0;
	nl = memchr(p, '\n', have);
	if (have < 3 || (!nl && have < 16))
		return 0;
	len = strtoul(p + 2, &end, 10);
	if (p[0] != REMOTE_MARK || !nl || end != nl || nl == p + 2 || len > REMOTE_MAX) {
		link->over = link->nonsense = true;
		return 0;
	}
	head = (size_t)(nl - p) + 1;
	if (have < head + len)
		return 0;
	*msg = (struct remote_message){ p[1], p + head, len };
	return head + len;
}

/* Forgets what was taken, so that the buffer does not grow. */
static void tidy(struct remote_link *link)
{
	if (!link->pos)
		return;
	link->in.len -= link->pos;
	memmove(link->in.data, link->in.data + link->pos, link->in.len + 1);
	link->pos = 0;
}

bool remote_link_next(struct remote_link *link, struct remote_message *msg)
{
	size_t n = link->nonsense ? 0 : message_at(link, link->pos, msg);

	link->pos += n;
	return n > 0;
}

bool remote_link_read(struct remote_link *link)
{
	char buf[CHUNK];
	ssize_t n;

	if (link->over)
		return false;
	tidy(link);
	n = recv(link->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0) {
		link->over = true;
		return false;
	}
	strbuf_add(&link->in, buf, (size_t)n);
	link->over = link->in.failed;
	return true;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads more; false when @until has passed (-1: never comes), or nothing can come. */
static bool wait_more(struct remote_link *link, int64_t until)
{
	struct pollfd pfd = { .fd = link->fd, .events = POLLIN };
	int64_t left = until < 0 ? -1 : until - now_ms();

	if (until >= 0 && left <= 0)
		return false;
	if (poll(&pfd, 1, (int)left) < 0 && errno != EINTR)
		return false;
	return pfd.revents ? remote_link_read(link) : true;
}

bool remote_link_wait(struct remote_link *link, struct remote_message *msg, int ms)
{
	int64_t until = ms < 0 ? -1 : now_ms() + ms;

	while (!remote_link_next(link, msg))
		if (!wait_more(link, until))
			return remote_link_next(link, msg);
	return true;
}

/* Takes the message out of the middle. */
static bool take_kind(struct remote_link *link, char kind, struct strbuf *text)
{
	struct remote_message msg;
	size_t pos = link->pos, n;

	while (!link->nonsense && (n = message_at(link, pos, &msg))) {
		if (msg.kind == kind) {
			strbuf_add(text, msg.text, msg.len);
			memmove(link->in.data + pos, link->in.data + pos + n,
				link->in.len - pos - n + 1);
			link->in.len -= n;
			return true;
		}
		pos += n;
	}
	return false;
}

bool remote_link_find(struct remote_link *link, char kind, struct strbuf *text, int ms)
{
	int64_t until = ms < 0 ? -1 : now_ms() + ms;

	while (!take_kind(link, kind, text))
		if (!wait_more(link, until))
			return take_kind(link, kind, text);
	return true;
}

/* ---- the connection ---- */

int remote_link_send(struct remote_link *link, const char *line)
{
	struct iovec iov[2] = { { (void *)line, strlen(line) }, { (void *)"\n", 1 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	while (iov[0].iov_len || iov[1].iov_len) {
		ssize_t n = sendmsg(link->fd, &msg, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -EPIPE;
		for (int i = 0; i < 2; i++) {
			size_t part = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;

			iov[i].iov_base = (char *)iov[i].iov_base + part;
			iov[i].iov_len -= part;
			n -= (ssize_t)part;
		}
	}
	return 0;
}

/* What somebody else listens on could paint the terminal as it likes. */
static bool is_ours(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (cred.uid == geteuid() || cred.uid == 0);
}

static int cannot_reach(const char *where, int error, struct error *err)
{
	if (error == ECONNREFUSED)
		return error_set(err, -error, "nobody listens at %s: its machine has ended", where);
	return error_set(err, -error, "cannot reach %s: %s", where, strerror(error));
}

static int dial_path(struct remote_link *link, const char *path, struct error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return error_set(err, -ENAMETOOLONG, "%.40s…: the path is too long for a socket",
				 path);
	memcpy(addr.sun_path, path, strlen(path));
	link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	if (connect(link->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return cannot_reach(path, errno, err);
	if (!is_ours(link->fd))
		return error_set(err, -EPERM, "%s belongs to another user", path);
	return 0;
}

/* @arg: HOST:PORT. */
static int dial_tcp(struct remote_link *link, const char *arg, struct error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list;
	char host[NI_MAXHOST];
	const char *port = "";
	int ret = chardev_tcp_split(arg, host, sizeof(host), &port, err), error = EADDRNOTAVAIL;

	if (ret)
		return ret;
	ret = getaddrinfo(host, port, &hints, &list);
	if (ret)
		return error_set(err, -EINVAL, "cannot find the address of %s: %s", host,
				 gai_strerror(ret));
	for (struct addrinfo *ai = list; ai && error; ai = ai->ai_next) {
		link->fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
		error = link->fd < 0 || connect(link->fd, ai->ai_addr, ai->ai_addrlen) < 0 ? errno
											   : 0;
		if (error && link->fd >= 0)
			close(link->fd);
		if (error)
			link->fd = -1;
	}
	freeaddrinfo(list);
	return error ? cannot_reach(arg, error, err) : 0;
}

static int dial(struct remote_link *link, const char *where, struct error *err)
{
	return strncmp(where, "tcp:", 4) ? dial_path(link, where, err)
					 : dial_tcp(link, where + 4, err);
}

/* Before the first message comes what a plain client gets: greeting and prompt. */
static bool skip_greeting(struct remote_link *link, int64_t until)
{
	const char *mark = NULL;

	for (;;) {
		mark = link->in.len ? memchr(link->in.data, REMOTE_MARK, link->in.len) : NULL;
		if (mark)
			break;
		strbuf_clear(&link->in);
		if (!wait_more(link, until))
			return false;
	}
	link->pos = (size_t)(mark - link->in.data);
	return true;
}

int remote_link_open(struct remote_link *link, const char *path, const char *wishes,
		     struct error *err)
{
	struct remote_message msg;
	char hello[96];
	int ret;

	*link = (struct remote_link){ .fd = -1 };
	ret = dial(link, path, err);
	if (ret)
		goto fail;
	snprintf(hello, sizeof(hello), "%chello " REMOTE_VERSION " %s", REMOTE_MARK, wishes);
	ret = -EPROTO;
	if (remote_link_send(link, hello) || !skip_greeting(link, now_ms() + HELLO_MS) ||
	    !remote_link_wait(link, &msg, HELLO_MS) || msg.kind != 'H') {
		if (link->over)
			error_set(err, ret, "%s does not answer as a monitor of vitrine", path);
		else
			error_set(err, ret, "the monitor at %s does not answer", path);
		goto fail;
	}
	return 0;
fail:
	remote_link_close(link);
	return ret;
}

void remote_link_close(struct remote_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	strbuf_free(&link->in);
	link->pos = 0;
}
