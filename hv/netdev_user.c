// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * -netdev user: a small network inside the program, by libslirp. It answers ARP, DHCP and DNS, and
 * what the guest connects to it connects to by the host's sockets, so it needs no privileges.
 *
 *   netdev_send() --> slirp_input() --+--> sockets --> turn() --> slirp_pollfds_poll()
 *                                     |                                |
 *   netdev_deliver() <-- queue <------+------- send_packet() <---------+
 *
 * libslirp was made for a poll() that is set up anew each time. Here watch() keeps a source on the
 * loop for each descriptor; when one is ready, turn() asks poll() what all of them have, so that
 * libslirp sees the descriptors that it named with the state that they have now.
 *
 * Its clock is the guest's: connections do not time out while the guest is stopped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "hv/hostfwd.h"
#include "hv/loop.h"
#include "hv/machine.h"
#include "hv/netdev_internal.h"
#include "hv/trace.h"

#define FRAME_MAX	1518
#define QUEUE_MAX	1024 /* frames that the guest has no buffers for yet */
#define NS_PER_MS	1000000u
#define VERSION		4 /* of libslirp's configuration */
#define DEFAULT_NETWORK "10.0.2.0/24"
/* In the network: who the host is, the DNS server, the first address for a guest. */
#define HOST_AT	 2
#define DNS_AT	 3
#define GUEST_AT 15

struct frame {
	struct frame *next;
	size_t len;
	uint8_t data[];
};

struct watch {
	struct loop_source *source; /* NULL: none */
	uint32_t events;
	unsigned round; /* in which libslirp last named it */
};

struct user {
	struct netdev n;
	Slirp *slirp;
	struct in_addr network, mask;
	bool restricted;
	struct hostfwd forwards[HOSTFWD_MAX];
	unsigned forward_count;

	/* The loop's thread only. */
	int timer_fd;
	struct loop_source *timer;
	bool refresh_posted;
	struct pollfd *polls;
	unsigned poll_count, poll_space;
	struct watch *watches; /* by descriptor */
	int watch_space;
	unsigned round;
	struct frame *queue, **queue_tail;
	unsigned queued;
};

/* ---- the descriptors that libslirp waits for ---- */

static const struct {
	int slirp;
	short poll; /* and epoll's, which is the same */
} event_map[] = {
	{ SLIRP_POLL_IN, POLLIN },   { SLIRP_POLL_OUT, POLLOUT }, { SLIRP_POLL_PRI, POLLPRI },
	{ SLIRP_POLL_ERR, POLLERR }, { SLIRP_POLL_HUP, POLLHUP },
};
#define EVENTS (sizeof(event_map) / sizeof(event_map[0]))

static void turn(void *opaque, uint32_t events);

static void unwatch(struct user *u, int fd)
{
	if (fd >= u->watch_space || !u->watches[fd].source)
		return;
	loop_remove(u->watches[fd].source);
	u->watches[fd].source = NULL;
}

static bool make_room_for(struct user *u, int fd)
{
	int space = fd + 64;
	struct watch *more;

	if (fd < u->watch_space)
		return true;
	more = realloc(u->watches, (size_t)space * sizeof(*more));
	if (!more)
		return false;
	memset(more + u->watch_space, 0, (size_t)(space - u->watch_space) * sizeof(*more));
	u->watches = more;
	u->watch_space = space;
	return true;
}

static void watch(struct user *u, int fd, uint32_t events)
{
	struct watch *w;

	if (!make_room_for(u, fd))
		return;
	w = &u->watches[fd];
	w->round = u->round;
	if (!w->source && loop_add_fd(u->n.loop, fd, events, turn, u, &w->source) < 0)
		w->source = NULL;
	else if (w->events != events)
		loop_set_events(w->source, events);
	w->events = events;
}

static int add_poll(int fd, int events, void *opaque)
{
	struct user *u = opaque;
	struct pollfd *p;

	if (u->poll_count == u->poll_space) {
		unsigned space = u->poll_space + 64;

		p = realloc(u->polls, space * sizeof(*p));
		if (!p)
			return -1;
		u->polls = p;
		u->poll_space = space;
	}
	p = &u->polls[u->poll_count];
	*p = (struct pollfd){ .fd = fd };
	for (size_t i = 0; i < EVENTS; i++)
		if (events & event_map[i].slirp)
			p->events |= event_map[i].poll;
	watch(u, fd, (uint32_t)p->events);
	return (int)u->poll_count++;
}

static int get_revents(int index, void *opaque)
{
	const struct user *u = opaque;
	int events = 0;

	for (size_t i = 0; index >= 0 && i < EVENTS; i++)
		if (u->polls[index].revents & event_map[i].poll)
			events |= event_map[i].slirp;
	return events;
}

/* What libslirp waits for from now on, and until when. */
static void refresh(struct user *u)
{
	uint32_t timeout = UINT32_MAX;
	struct itimerspec when = { 0 };

	u->poll_count = 0;
	u->round++;
	slirp_pollfds_fill(u->slirp, &timeout, add_poll, u);
	for (int fd = 0; fd < u->watch_space; fd++)
		if (u->watches[fd].round != u->round)
			unwatch(u, fd);
	if (timeout != UINT32_MAX) {
		when.it_value.tv_sec = timeout / 1000;
		/* All zeroes would be never. */
		when.it_value.tv_nsec = timeout % 1000 * (long)NS_PER_MS + 1;
	}
	timerfd_settime(u->timer_fd, 0, &when, NULL);
}

static void turn(void *opaque, uint32_t events)
{
	struct user *u = opaque;
	bool failed = poll(u->polls, u->poll_count, 0) < 0;

	(void)events;
	slirp_pollfds_poll(u->slirp, failed, get_revents, u);
	refresh(u);
}

static void on_timer(void *opaque, uint32_t events)
{
	struct user *u = opaque;
	uint64_t count;

	if (read(u->timer_fd, &count, sizeof(count)) == sizeof(count))
		turn(u, events);
}

static void posted_refresh(void *opaque)
{
	struct user *u = opaque;

	u->refresh_posted = false;
	refresh(u);
}

/* After what may have changed what it waits for: once for many frames. */
static void refresh_later(struct user *u)
{
	if (!u->refresh_posted && u->n.loop && !loop_post(u->n.loop, posted_refresh, u))
		u->refresh_posted = true;
}

/* ---- frames ---- */

static void enqueue(struct user *u, const void *data, size_t len)
{
	struct frame *f = u->queued < QUEUE_MAX ? malloc(sizeof(*f) + len) : NULL;

	if (!f) {
		netdev_dropped(&u->n);
		return;
	}
	f->next = NULL;
	f->len = len;
	memcpy(f->data, data, len);
	*u->queue_tail = f;
	u->queue_tail = &f->next;
	u->queued++;
}

static void dequeue(struct user *u)
{
	struct frame *f = u->queue;

	u->queue = f->next;
	if (!u->queue)
		u->queue_tail = &u->queue;
	u->queued--;
	free(f);
}

static ssize_t send_packet(const void *data, size_t len, void *opaque)
{
	struct user *u = opaque;

	/* Without a loop there is no device yet, or none any more. */
	if (u->n.loop && (u->queue || netdev_deliver(&u->n, data, len) == -EAGAIN))
		enqueue(u, data, len);
	return (ssize_t)len;
}

static void user_resume(struct netdev *n)
{
	struct user *u = (struct user *)n;

	while (u->queue && netdev_deliver(n, u->queue->data, u->queue->len) != -EAGAIN)
		dequeue(u);
}

static bool user_send(struct netdev *n, const struct iovec *iov, unsigned count, size_t len)
{
	struct user *u = (struct user *)n;
	uint8_t frame[FRAME_MAX];
	size_t at = 0;

	if (len > sizeof(frame))
		return false;
	for (unsigned i = 0; i < count; i++) {
		memcpy(frame + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	slirp_input(u->slirp, frame, (int)len);
	refresh_later(u);
	return true;
}

/* ---- the rest of what libslirp calls ---- */

static void guest_error(const char *msg, void *opaque)
{
	const struct user *u = opaque;

	trace(TRACE_DEVICE, "%s: %s", u->n.id, msg);
}

static int64_t clock_get_ns(void *opaque)
{
	const struct user *u = opaque;

	return (int64_t)hv_clock_now(u->n.m->timers, HV_CLOCK_GUEST);
}

/* A descriptor comes into being or goes: what is known of its number is of another. */
static void forget_fd(int fd, void *opaque)
{
	unwatch(opaque, fd);
}

static void notify(void *opaque)
{
	refresh_later(opaque);
}

/* Timers are IPv6's alone, which is off. */
static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_get_ns,
	.register_poll_fd = forget_fd,
	.unregister_poll_fd = forget_fd,
	.notify = notify,
};

/* ---- options ---- */

static int parse_network(struct user *u, const char *text, struct error *err)
{
	char address[INET_ADDRSTRLEN] = "";
	const char *slash = strchr(text, '/');
	char *end = NULL;
	unsigned long bits = 0;

	if (slash && (size_t)(slash - text) < sizeof(address)) {
		memcpy(address, text, (size_t)(slash - text));
		bits = strtoul(slash + 1, &end, 10);
	}
	/* There is room for as many guests as libslirp's DHCP serves. */
	if (!end || *end || bits < 8 || bits > 27 || inet_pton(AF_INET, address, &u->network) != 1)
		return error_set(err, -EINVAL,
				 "-netdev user: net=%.40s: use ADDRESS/BITS with 8 to 27 bits, as "
				 "in " DEFAULT_NETWORK,
				 text);
	u->mask.s_addr = htonl(~(UINT32_MAX >> bits));
	u->network.s_addr &= u->mask.s_addr;
	return 0;
}

static int parse(struct user *u, struct optlist *opts, struct error *err)
{
	const char *network = optlist_get(opts, "net"), *text;
	int ret = parse_network(u, network ? network : DEFAULT_NETWORK, err);

	if (!ret)
		ret = optlist_bool(opts, "restrict", &u->restricted, err);
	for (unsigned at = 0; !ret && (text = optlist_next(opts, "hostfwd", &at));)
		/* As many as the list can have. */
		ret = hostfwd_parse(&u->forwards[u->forward_count++], text, err);
	return ret;
}

static struct in_addr address_at(const struct user *u, uint32_t at)
{
	return (struct in_addr){ u->network.s_addr | htonl(at) };
}

static int forward_all(struct user *u, struct error *err)
{
	for (unsigned i = 0; i < u->forward_count; i++) {
		struct hostfwd *f = &u->forwards[i];

		if (!f->guest.s_addr)
			f->guest = address_at(u, GUEST_AT);
		if (slirp_add_hostfwd(u->slirp, f->udp, f->host, f->host_port, f->guest,
				      f->guest_port) < 0) {
			char host[INET_ADDRSTRLEN];

			inet_ntop(AF_INET, &f->host, host, sizeof(host));
			return error_set(err, -errno, "-netdev user: %s port %u of %s: %s",
					 f->udp ? "UDP" : "TCP", f->host_port, host,
					 strerror(errno));
		}
	}
	return 0;
}

/* ---- life ---- */

static void user_close(struct netdev *n)
{
	struct user *u = (struct user *)n;

	while (u->queue)
		dequeue(u);
	if (u->slirp)
		slirp_cleanup(u->slirp);
	free(u->polls);
	free(u->watches);
	if (u->timer_fd >= 0)
		close(u->timer_fd);
}

static int user_open(struct netdev *n, struct optlist *opts, struct error *err)
{
	struct user *u = (struct user *)n;
	SlirpConfig config = { .version = VERSION, .in_enabled = true };
	int ret;

	u->queue_tail = &u->queue;
	u->timer_fd = -1;
	ret = parse(u, opts, err);
	if (ret)
		return ret;
	config.restricted = u->restricted;
	config.vnetwork = u->network;
	config.vnetmask = u->mask;
	config.vhost = address_at(u, HOST_AT);
	config.vnameserver = address_at(u, DNS_AT);
	config.vdhcp_start = address_at(u, GUEST_AT);
	u->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (u->timer_fd >= 0)
		u->slirp = slirp_new(&config, &callbacks, u);
	if (u->slirp)
		ret = forward_all(u, err);
	else
		ret = error_set(err, -EIO, "-netdev user: libslirp does not start");
	if (ret)
		user_close(n);
	return ret;
}

static int user_attach(struct netdev *n)
{
	struct user *u = (struct user *)n;
	int ret = loop_add_fd(n->loop, u->timer_fd, EPOLLIN, on_timer, u, &u->timer);

	if (!ret)
		refresh_later(u);
	return ret;
}

static void user_detach(struct netdev *n)
{
	struct user *u = (struct user *)n;

	loop_cancel(n->loop, posted_refresh, u);
	u->refresh_posted = false;
	for (int fd = 0; fd < u->watch_space; fd++)
		unwatch(u, fd);
	loop_remove(u->timer);
}

/* ---- for people ---- */

static void describe_forward(const struct hostfwd *f, struct strbuf *out)
{
	char host[INET_ADDRSTRLEN], guest[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &f->host, host, sizeof(host));
	inet_ntop(AF_INET, &f->guest, guest, sizeof(guest));
	strbuf_printf(out, "  %s %s:%u to the guest's %s:%u\n", f->udp ? "udp" : "tcp", host,
		      f->host_port, guest, f->guest_port);
}

static void user_describe(const struct netdev *n, struct strbuf *out)
{
	const struct user *u = (const struct user *)n;
	char network[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &u->network, network, sizeof(network));
	strbuf_printf(out, "user, %s/%d, the host is .%d, DNS .%d, DHCP from .%d on%s\n", network,
		      __builtin_popcount(u->mask.s_addr), HOST_AT, DNS_AT, GUEST_AT,
		      u->restricted ? ", restricted" : "");
	for (unsigned i = 0; i < u->forward_count; i++)
		describe_forward(&u->forwards[i], out);
}

const struct netdev_backend netdev_user = {
	.name = "user",
	.size = sizeof(struct user),
	.open = user_open,
	.close = user_close,
	.attach = user_attach,
	.detach = user_detach,
	.send = user_send,
	.resume = user_resume,
	.describe = user_describe,
};
