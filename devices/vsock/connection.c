// SPDX-License-Identifier: GPL-3.0-or-later
/* One connection: states, credit (Virtio 1.2, 5.10.6.3), and what goes to and from its socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devices/vsock/internal.h"

#define SHUT_BOTH (VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND)

/* ---- what to hear of the socket ---- */

static bool wants_bytes(const struct conn *c)
{
	return c->state == CONN_OPEN && !(c->host_shut & VIRTIO_VSOCK_SHUTDOWN_SEND) &&
	       !(c->guest_shut & VIRTIO_VSOCK_SHUTDOWN_RCV);
}

static void watch(struct conn *c)
{
	uint32_t events = 0;

	if (!c->source)
		return;
	if (c->state == CONN_GREETING || (wants_bytes(c) && !c->readable))
		events |= EPOLLIN;
	if (c->used)
		events |= EPOLLOUT;
	/* A hang-up comes with whatever is asked for, but something has to be. */
	if (!events && !c->hung_up)
		events = EPOLLERR;
	loop_set_events(c->source, events);
}

static void close_socket(struct conn *c)
{
	if (c->fd < 0)
		return;
	loop_remove(c->source);
	c->source = NULL;
	close(c->fd);
	c->fd = -1;
	c->used = 0;
}

/* ---- life ---- */

void conn_end(struct conn *c)
{
	struct vsock *s = c->s;

	close_socket(c);
	for (unsigned i = 0; i < s->count; i++) {
		if (s->conns[i] == c) {
			s->conns[i] = s->conns[--s->count];
			break;
		}
	}
	free(c);
}

void conn_reset(struct conn *c)
{
	c->state = CONN_RESETTING;
	c->owed = OWE_RESET;
	c->readable = false;
	if (!c->used)
		close_socket(c);
	watch(c);
}

void conn_part(struct conn *c)
{
	if (!c->used) {
		conn_end(c);
		return;
	}
	c->state = CONN_DRAINING;
	c->owed = 0;
	c->readable = false;
	watch(c);
}

/* ---- guest to host ---- */

/* The socket takes no more. True when there is still a connection. */
static bool socket_is_gone(struct conn *c)
{
	c->used = 0;
	if (c->state == CONN_DRAINING) {
		conn_end(c);
		return false;
	}
	conn_reset(c);
	return true;
}

static void emptied(struct conn *c, size_t n)
{
	c->fwd_cnt += (uint32_t)n;
	/* Half of the window: the guest never waits for less. */
	if (c->state == CONN_OPEN && c->fwd_cnt - c->told_fwd_cnt >= VSOCK_WINDOW / 2)
		c->owed |= OWE_CREDIT;
}

/* As much as goes. Negative errno when the socket is gone. */
static ssize_t send_pieces(const struct conn *c, const struct iovec *iov, unsigned count)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = count };
	ssize_t n;

	do {
		n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return n;
}

/* The buffer is empty. The same. */
static bool drained(struct conn *c)
{
	if (c->state == CONN_DRAINING) {
		conn_end(c);
		return false;
	}
	if (c->state == CONN_RESETTING)
		close_socket(c);
	else if (c->guest_shut & VIRTIO_VSOCK_SHUTDOWN_SEND)
		shutdown(c->fd, SHUT_WR);
	return true;
}

/* The same. */
static bool flush(struct conn *c)
{
	while (c->used) {
		uint32_t piece = VSOCK_WINDOW - c->head;
		struct iovec iov = { c->buffer + c->head, c->used < piece ? c->used : piece };
		ssize_t n = send_pieces(c, &iov, 1);

		if (n < 0)
			return socket_is_gone(c);
		if (!n)
			return true;
		c->head = (c->head + (uint32_t)n) % VSOCK_WINDOW;
		c->used -= (uint32_t)n;
		emptied(c, (size_t)n);
	}
	return drained(c);
}

/* There is room. */
static void keep(struct conn *c, const uint8_t *from, size_t len)
{
	while (len) {
		uint32_t at = (c->head + c->used) % VSOCK_WINDOW;
		size_t n = VSOCK_WINDOW - at < len ? VSOCK_WINDOW - at : len;

		memcpy(c->buffer + at, from, n);
		c->used += (uint32_t)n;
		from += n;
		len -= n;
	}
}

static void take_data(struct conn *c, const struct vsock_packet *p, const struct iovec *data,
		      unsigned count)
{
	ssize_t sent = 0;
	size_t skip;

	if (c->state != CONN_OPEN || (c->guest_shut & VIRTIO_VSOCK_SHUTDOWN_SEND) ||
	    p->len > VSOCK_WINDOW - c->used) {
		conn_reset(c);
		return;
	}
	c->to_host += p->len;
	c->s->counts.to_host += p->len;
	if (!c->used && p->len)
		sent = send_pieces(c, data, count);
	if (sent < 0) {
		socket_is_gone(c);
		return;
	}
	emptied(c, (size_t)sent);
	skip = (size_t)sent;
	for (unsigned i = 0; i < count; i++) {
		size_t cut = data[i].iov_len < skip ? data[i].iov_len : skip;

		keep(c, (const uint8_t *)data[i].iov_base + cut, data[i].iov_len - cut);
		skip -= cut;
	}
}

static void take_request(struct conn *c, const struct vsock_packet *p, const struct iovec *data,
			 unsigned count)
{
	(void)p;
	(void)data;
	(void)count;
	conn_reset(c);
}

static void take_response(struct conn *c, const struct vsock_packet *p, const struct iovec *data,
			  unsigned count)
{
	(void)p;
	(void)data;
	(void)count;
	if (c->state != CONN_REQUESTED || (c->owed & OWE_REQUEST) || !socket_accepted(c)) {
		conn_reset(c);
		return;
	}
	c->state = CONN_OPEN;
	c->s->counts.connections++;
}

static void take_shutdown(struct conn *c, const struct vsock_packet *p, const struct iovec *data,
			  unsigned count)
{
	(void)data;
	(void)count;
	c->guest_shut |= p->flags & SHUT_BOTH;
	/* 5.10.6.5: who has heard of both answers with a reset. */
	if (c->state != CONN_OPEN || c->guest_shut == SHUT_BOTH) {
		conn_reset(c);
		return;
	}
	if (c->guest_shut & VIRTIO_VSOCK_SHUTDOWN_RCV) {
		c->readable = false;
		shutdown(c->fd, SHUT_RD);
	}
	if ((c->guest_shut & VIRTIO_VSOCK_SHUTDOWN_SEND) && !c->used)
		shutdown(c->fd, SHUT_WR);
}

static void take_credit(struct conn *c, const struct vsock_packet *p, const struct iovec *data,
			unsigned count)
{
	(void)data;
	(void)count;
	if (p->op == VIRTIO_VSOCK_OP_CREDIT_REQUEST && c->state == CONN_OPEN)
		c->owed |= OWE_CREDIT;
}

static uint32_t credit(const struct conn *c)
{
	uint32_t unread = c->tx_cnt - c->peer_fwd_cnt;

	return unread < c->peer_alloc ? c->peer_alloc - unread : 0;
}

void conn_take(struct conn *c, const struct vsock_packet *p, const struct iovec *data,
	       unsigned count)
{
	static void (*const ops[])(struct conn *, const struct vsock_packet *, const struct iovec *,
				   unsigned) = {
		[VIRTIO_VSOCK_OP_REQUEST] = take_request,
		[VIRTIO_VSOCK_OP_RESPONSE] = take_response,
		[VIRTIO_VSOCK_OP_SHUTDOWN] = take_shutdown,
		[VIRTIO_VSOCK_OP_RW] = take_data,
		[VIRTIO_VSOCK_OP_CREDIT_UPDATE] = take_credit,
		[VIRTIO_VSOCK_OP_CREDIT_REQUEST] = take_credit,
	};

	if (p->op == VIRTIO_VSOCK_OP_RST) {
		conn_part(c);
		return;
	}
	if (c->state == CONN_RESETTING)
		return;
	c->peer_alloc = p->buf_alloc;
	c->peer_fwd_cnt = p->fwd_cnt;
	if (credit(c))
		c->asked_credit = false;
	if (p->type == VIRTIO_VSOCK_TYPE_STREAM && p->op < sizeof(ops) / sizeof(ops[0]) &&
	    ops[p->op])
		ops[p->op](c, p, data, count);
	else
		conn_reset(c);
	watch(c);
}

/* ---- host to guest ---- */

static void host_shuts(struct conn *c, unsigned how)
{
	if ((c->host_shut | how) == c->host_shut)
		return;
	c->host_shut |= how;
	c->owed |= OWE_SHUTDOWN;
}

/* As many bytes as there are, the guest has room for, and @room has; 0: none now. */
static size_t read_data(struct conn *c, const struct iovec *room, unsigned count)
{
	struct iovec iov[VSOCK_IOV_MAX];
	size_t left = credit(c), want = 0;
	unsigned pieces = 0;
	ssize_t n;

	if (!left && !c->asked_credit) {
		c->asked_credit = true;
		c->owed |= OWE_CREDIT_REQUEST;
	}
	for (; pieces < count && pieces < VSOCK_IOV_MAX && left; pieces++) {
		size_t len = room[pieces].iov_len < left ? room[pieces].iov_len : left;

		iov[pieces] = (struct iovec){ room[pieces].iov_base, len };
		left -= len;
		want += len;
	}
	if (!want)
		return 0;
	do {
		n = readv(c->fd, iov, (int)pieces);
	} while (n < 0 && errno == EINTR);
	c->readable = n == (ssize_t)want;
	if (!n)
		host_shuts(c, VIRTIO_VSOCK_SHUTDOWN_SEND | (c->hung_up ? SHUT_BOTH : 0));
	else if (n < 0 && errno != EAGAIN)
		conn_reset(c);
	return n > 0 ? (size_t)n : 0;
}

void conn_address(const struct conn *c, struct vsock_packet *p)
{
	*p = (struct vsock_packet){
		.src_cid = VSOCK_HOST_CID,
		.dst_cid = c->s->cid,
		.src_port = c->host_port,
		.dst_port = c->guest_port,
		.type = VIRTIO_VSOCK_TYPE_STREAM,
		.buf_alloc = VSOCK_WINDOW,
		.fwd_cnt = c->fwd_cnt,
	};
}

/* What it is owed first. */
static void give_owed(struct conn *c, struct vsock_packet *p)
{
	static const uint16_t ops[] = {
		[OWE_RESET] = VIRTIO_VSOCK_OP_RST,
		[OWE_REQUEST] = VIRTIO_VSOCK_OP_REQUEST,
		[OWE_RESPONSE] = VIRTIO_VSOCK_OP_RESPONSE,
		[OWE_CREDIT_REQUEST] = VIRTIO_VSOCK_OP_CREDIT_REQUEST,
		[OWE_SHUTDOWN] = VIRTIO_VSOCK_OP_SHUTDOWN,
		[OWE_CREDIT] = VIRTIO_VSOCK_OP_CREDIT_UPDATE,
	};
	unsigned what = c->owed & -c->owed;

	/* Every packet tells of credit. */
	c->owed &= ~(what | OWE_CREDIT);
	c->told_fwd_cnt = c->fwd_cnt;
	p->op = ops[what];
	if (what == OWE_SHUTDOWN)
		p->flags = c->host_shut;
	if (what == OWE_RESET)
		conn_part(c);
	else
		watch(c);
}

bool conn_give(struct conn *c, struct vsock_packet *p, const struct iovec *room, unsigned count)
{
	size_t n = 0;

	/* The answer comes before the first byte. */
	if (c->readable && wants_bytes(c) && !(c->owed & OWE_RESPONSE))
		n = read_data(c, room, count);
	conn_address(c, p);
	if (n) {
		p->op = VIRTIO_VSOCK_OP_RW;
		p->len = (uint32_t)n;
		c->tx_cnt += (uint32_t)n;
		c->to_guest += n;
		c->s->counts.to_guest += n;
		c->owed &= ~OWE_CREDIT;
		c->told_fwd_cnt = c->fwd_cnt;
	} else if (c->owed) {
		give_owed(c, p);
		return true;
	}
	watch(c);
	return n;
}

/* ---- the socket's events ---- */

static void on_hang_up(struct conn *c)
{
	c->hung_up = true;
	/* What is still in the socket comes first. */
	if (wants_bytes(c))
		c->readable = true;
	else if (c->state == CONN_OPEN)
		host_shuts(c, SHUT_BOTH);
	else if (c->state == CONN_REQUESTED)
		conn_reset(c);
}

static void on_event(void *opaque, uint32_t events)
{
	struct conn *c = opaque;
	struct vsock *s = c->s;

	pthread_mutex_lock(&s->lock);
	if (c->state == CONN_GREETING) {
		socket_greeting(c);
	} else {
		if (events & EPOLLIN)
			c->readable = true;
		if (events & (EPOLLHUP | EPOLLERR))
			on_hang_up(c);
		if (!c->used || flush(c))
			watch(c);
	}
	pthread_mutex_unlock(&s->lock);
	s->guest.wake(s->guest.opaque);
}

struct conn *conn_new(struct vsock *s, int fd, enum conn_state state)
{
	struct conn *c = s->count < VSOCK_CONNECTIONS ? malloc(sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	/* Not the buffer, which may never be used. */
	memset(c, 0, offsetof(struct conn, buffer));
	c->s = s;
	c->fd = fd;
	c->state = state;
	if (loop_add_fd(s->loop, fd, EPOLLIN, on_event, c, &c->source) < 0) {
		free(c);
		return NULL;
	}
	watch(c);
	s->conns[s->count++] = c;
	return c;
}
