// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A stream on descriptors: what every DEV but a mux user is.
 *
 * Output: any thread writes at once as far as the peer takes it and queues the
 * rest in a ring; the loop sends that when the peer is ready. The loop's side
 * (which events are watched) changes on the loop thread only, so other threads
 * post service(); at most one such post is under way.
 *
 * Input: while the handler has no room, nothing is watched. poll_input() says
 * that there may be room again.
 */
#include "hv/chardev_internal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MIN   4096u
#define QUEUE_LIMIT (1u << 20)
#define INPUT_CHUNK 65536u

struct stream {
	struct chardev base;
	struct stream_params p;
	struct loop_source *in, *out; /* the same one when the descriptors are */

	/* Loop thread only. */
	bool eof;
	bool keeps_fds; /* those that come are for the handler */
	struct chardev_fds fds;
	bool closing;	/* closed from inside a callback: freed when that returns */
	unsigned depth; /* of callbacks under way */

	pthread_mutex_t lock; /* guards the rest */
	bool held;	      /* the handler had no room */
	bool broken;	      /* the peer is gone */
	bool posted;	      /* service() is on its way */
	bool drain_due;	      /* something was queued since the handler heard of an empty queue */
	uint8_t *queue;	      /* a ring */
	size_t head, len, cap;
};

/* Non-negative: bytes taken; -EAGAIN: none now; else the peer is gone or the file failed. */
static ssize_t write_some(struct stream *s, const void *data, size_t len)
{
	struct pollfd pfd = { .fd = s->p.wfd, .events = POLLOUT };
	ssize_t n;

	do {
		if (s->p.writes == STREAM_ASK) {
			if (poll(&pfd, 1, 0) <= 0)
				return -EAGAIN;
			/* What is ready takes at least one byte, and only that for sure. */
			len = 1;
		}
		if (s->p.writes == STREAM_SEND)
			n = send(s->p.wfd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		else
			n = write(s->p.wfd, data, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	return n;
}

/* Sends from the ring. Lock held. */
static void flush_queue(struct stream *s)
{
	size_t chunk;
	ssize_t n;

	while (s->len && !s->broken) {
		chunk = s->cap - s->head;
		if (chunk > s->len)
			chunk = s->len;
		n = write_some(s, s->queue + s->head, chunk);
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			s->broken = true;
			s->len = 0;
			return;
		}
		s->head = (s->head + (size_t)n) % s->cap;
		s->len -= (size_t)n;
	}
}

/* Makes room for @want bytes more, within the bound. Lock held. */
static void grow_queue(struct stream *s, size_t want)
{
	size_t cap = s->cap ? s->cap : QUEUE_MIN;
	size_t first;
	uint8_t *ring;

	while (cap < QUEUE_LIMIT && cap - s->len < want)
		cap *= 2;
	if (cap == s->cap)
		return;
	ring = malloc(cap);
	if (!ring)
		return;
	first = s->cap - s->head < s->len ? s->cap - s->head : s->len;
	if (s->len) {
		memcpy(ring, s->queue + s->head, first);
		memcpy(ring + first, s->queue, s->len - first);
	}
	free(s->queue);
	s->queue = ring;
	s->cap = cap;
	s->head = 0;
}

/* Lock held. */
static void enqueue(struct stream *s, const uint8_t *data, size_t len)
{
	size_t tail, first;

	if (s->cap - s->len < len)
		grow_queue(s, len);
	if (len > s->cap - s->len)
		len = s->cap - s->len; /* the bound: the rest is lost */
	if (!len)
		return;
	tail = (s->head + s->len) % s->cap;
	first = s->cap - tail < len ? s->cap - tail : len;
	memcpy(s->queue + tail, data, first);
	memcpy(s->queue, data + first, len - first);
	s->len += len;
	s->drain_due = true;
}

static void stream_free(struct stream *s)
{
	pthread_mutex_destroy(&s->lock);
	free(s->queue);
	free(s);
}

/* Takes the stream from the loop and closes its descriptors; the memory stays. */
static void stream_shut(struct stream *s)
{
	uint8_t rubbish[4096];
	int i;

	loop_remove(s->in);
	if (s->out != s->in)
		loop_remove(s->out);
	s->in = s->out = NULL;
	if (s->p.writes == STREAM_SEND) {
		/* Input that is not read would make the kernel throw away what was just sent. */
		shutdown(s->p.wfd, SHUT_WR);
		for (i = 0; i < 16; i++) {
			if (recv(s->p.rfd, rubbish, sizeof(rubbish), MSG_DONTWAIT) <= 0)
				break;
		}
	}
	chardev_fds_close(&s->fds);
	if (s->p.released)
		s->p.released(s->p.opaque, s->p.wfd);
	if (s->p.rfd >= 0 && s->p.rfd != s->p.wfd)
		close(s->p.rfd);
	if (s->p.wfd >= 0)
		close(s->p.wfd);
	s->p.rfd = s->p.wfd = -1;
}

static void service(void *opaque);

static void stream_destroy(struct stream *s)
{
	loop_cancel(s->base.loop, service, s);
	stream_shut(s);
	stream_free(s);
}

/* The peer is gone: tells the handler and frees the stream. */
static void hang_up(struct stream *s)
{
	const struct chardev_handler *h = s->base.handler;

	pthread_mutex_lock(&s->lock);
	s->broken = true;
	pthread_mutex_unlock(&s->lock);
	s->closing = true;
	loop_remove(s->in);
	if (s->out != s->in)
		loop_remove(s->out);
	s->in = s->out = NULL;
	s->depth++;
	if (h && h->closed)
		h->closed(s->base.opaque);
	s->depth--;
	stream_destroy(s);
}

/* Lock held. */
static bool wants_input(const struct stream *s)
{
	return s->base.handler && !s->eof && !s->held && (!s->broken || s->p.lasting);
}

/* Tells the loop which events matter now. */
static void update_events(struct stream *s)
{
	uint32_t in, out;

	pthread_mutex_lock(&s->lock);
	in = wants_input(s) ? EPOLLIN : 0;
	out = s->len && !s->broken ? EPOLLOUT : 0;
	pthread_mutex_unlock(&s->lock);
	if (s->in && s->in == s->out) {
		loop_set_events(s->in, in | out);
		return;
	}
	if (s->in)
		loop_set_events(s->in, in);
	if (s->out)
		loop_set_events(s->out, out);
}

/* A stream that is lasting has no end that its user would hear of. */
static bool is_over(struct stream *s)
{
	bool broken;

	pthread_mutex_lock(&s->lock);
	broken = s->broken;
	pthread_mutex_unlock(&s->lock);
	return broken && !s->p.lasting && s->base.handler;
}

/* Tells the handler that the queue ran empty; false when the stream was freed by that. */
static bool tell_drained(struct stream *s)
{
	const struct chardev_handler *h = s->base.handler;
	bool due;

	pthread_mutex_lock(&s->lock);
	due = s->drain_due && !s->len;
	if (due)
		s->drain_due = false;
	pthread_mutex_unlock(&s->lock);
	if (due && h && h->drained) {
		s->depth++;
		h->drained(s->base.opaque);
		s->depth--;
	}
	if (!s->closing)
		return true;
	stream_destroy(s);
	return false;
}

/* After anything happened: the peer's end, an empty queue, and what the loop should watch. */
static void settle(struct stream *s)
{
	if (is_over(s))
		hang_up(s);
	else if (tell_drained(s))
		update_events(s);
}

/* Loop thread: brings the loop's side up to date. */
static void service(void *opaque)
{
	struct stream *s = opaque;

	pthread_mutex_lock(&s->lock);
	s->posted = false;
	pthread_mutex_unlock(&s->lock);
	if (!s->closing)
		settle(s);
}

/* Lock held. When memory is out, the next call tries again. */
static void post_service(struct stream *s)
{
	if (!s->posted)
		s->posted = loop_post(s->base.loop, service, s) == 0;
}

static int stream_write(struct chardev *cd, const void *data, size_t len)
{
	struct stream *s = (struct stream *)cd;
	const uint8_t *p = data;
	ssize_t n = 0;
	int ret = 0;

	pthread_mutex_lock(&s->lock);
	while (len && !s->len && !s->broken) {
		n = write_some(s, p, len);
		if (n < 0)
			break;
		p += n;
		len -= (size_t)n;
	}
	if (n < 0 && n != -EAGAIN) {
		ret = (int)n;
		if (s->p.writes != STREAM_DIRECT) {
			s->broken = true;
			s->len = 0;
			post_service(s);
		}
	}
	if (s->broken) {
		ret = -EPIPE;
	} else if (len && !ret) {
		enqueue(s, p, len);
		post_service(s);
	}
	pthread_mutex_unlock(&s->lock);
	return ret;
}

static size_t stream_queued(struct chardev *cd)
{
	struct stream *s = (struct stream *)cd;
	size_t len;

	pthread_mutex_lock(&s->lock);
	len = s->p.lossy ? 0 : s->len;
	pthread_mutex_unlock(&s->lock);
	return len;
}

static void stream_poll_input(struct chardev *cd)
{
	struct stream *s = (struct stream *)cd;

	pthread_mutex_lock(&s->lock);
	/* Pairs with take_room(), which sets it before asking. */
	s->held = false;
	post_service(s);
	pthread_mutex_unlock(&s->lock);
}

static void stream_close(struct chardev *cd)
{
	struct stream *s = (struct stream *)cd;

	if (s->closing)
		return;
	pthread_mutex_lock(&s->lock);
	flush_queue(s);
	s->broken = true;
	pthread_mutex_unlock(&s->lock);
	s->base.handler = NULL;
	if (s->depth) {
		s->closing = true;
		return;
	}
	stream_destroy(s);
}

static bool stream_is_tty(const struct chardev *cd)
{
	return ((const struct stream *)cd)->p.tty;
}

static void stream_winsize(const struct chardev *cd, unsigned *cols, unsigned *rows)
{
	const struct stream *s = (const struct stream *)cd;
	struct winsize ws;

	*cols = 80;
	*rows = 24;
	if (s->p.tty && !ioctl(s->p.wfd, TIOCGWINSZ, &ws) && ws.ws_col && ws.ws_row) {
		*cols = ws.ws_col;
		*rows = ws.ws_row;
	}
}

static void stream_accept_fds(struct chardev *cd)
{
	struct stream *s = (struct stream *)cd;

	s->keeps_fds = s->p.writes == STREAM_SEND;
}

static int stream_take_fd(struct chardev *cd)
{
	return chardev_fds_take(&((struct stream *)cd)->fds);
}

static const struct chardev_ops stream_ops = {
	.accept_fds = stream_accept_fds,
	.take_fd = stream_take_fd,
	.write = stream_write,
	.queued = stream_queued,
	.poll_input = stream_poll_input,
	.close = stream_close,
	.is_tty = stream_is_tty,
	.winsize = stream_winsize,
};

/*
 * How much the handler takes. `held` is set before it is asked: when another
 * thread makes room after that, its poll_input() clears `held` and posts.
 */
static size_t take_room(struct stream *s)
{
	const struct chardev_handler *h = s->base.handler;
	size_t room;

	if (!h->room)
		return INPUT_CHUNK;
	pthread_mutex_lock(&s->lock);
	s->held = true;
	pthread_mutex_unlock(&s->lock);
	room = h->room(s->base.opaque);
	if (!room)
		return 0;
	pthread_mutex_lock(&s->lock);
	s->held = false;
	pthread_mutex_unlock(&s->lock);
	return room < INPUT_CHUNK ? room : INPUT_CHUNK;
}

/* False: the peer is gone. */
static bool take_input(struct stream *s)
{
	uint8_t buf[INPUT_CHUNK];
	size_t room = take_room(s);
	ssize_t n;

	if (!room)
		return true;
	do {
		n = s->keeps_fds ? chardev_fds_recv(&s->fds, s->p.rfd, buf, room)
				 : read(s->p.rfd, buf, room);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return true;
	if (n <= 0) {
		s->eof = true;
		if (s->p.lasting && s->base.handler->ended)
			s->base.handler->ended(s->base.opaque);
		return s->p.lasting;
	}
	if (s->base.handler->input)
		s->base.handler->input(s->base.opaque, buf, (size_t)n);
	return true;
}

static void on_ready(void *opaque, uint32_t events)
{
	struct stream *s = opaque;
	bool there = true;
	bool input;

	pthread_mutex_lock(&s->lock);
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		flush_queue(s);
	input = events & (EPOLLIN | EPOLLERR | EPOLLHUP) && wants_input(s);
	pthread_mutex_unlock(&s->lock);
	if (input) {
		s->depth++;
		there = take_input(s);
		s->depth--;
		if (s->closing) {
			stream_destroy(s);
			return;
		}
	}
	if (there)
		settle(s);
	else
		hang_up(s);
}

/* The out side of a stream with two descriptors. */
static void on_writable(void *opaque, uint32_t events)
{
	/* An error shows when the queue is written. */
	(void)events;
	on_ready(opaque, EPOLLOUT);
}

int stream_create(struct chardev **out, struct loop *loop, const struct stream_params *params)
{
	struct stream *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	s->base.ops = &stream_ops;
	s->base.loop = loop;
	s->p = *params;
	snprintf(s->base.name, sizeof(s->base.name), "%s", params->name);
	s->p.name = s->base.name;
	ret = -pthread_mutex_init(&s->lock, NULL);
	if (ret) {
		free(s);
		return ret;
	}
	if (s->p.rfd >= 0) {
		ret = loop_add_fd(loop, s->p.rfd, 0, on_ready, s, &s->in);
		if (ret < 0)
			goto err;
	}
	if (s->p.wfd == s->p.rfd) {
		s->out = s->in;
	} else if (s->p.wfd >= 0 && s->p.writes != STREAM_DIRECT) {
		ret = loop_add_fd(loop, s->p.wfd, 0, on_writable, s, &s->out);
		if (ret < 0)
			goto err;
	}
	*out = &s->base;
	return 0;
err:
	loop_remove(s->in);
	stream_free(s);
	return ret;
}
