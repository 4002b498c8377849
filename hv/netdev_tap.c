// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * -netdev tap: an interface of the host (Documentation/networking/tuntap.rst). Frames have headers,
 * so that checksums and segments are left to the host's kernel and to the guest's.
 *
 * While the guest has no buffers one frame is kept here and the others wait in the kernel, which
 * drops what exceeds the interface's queue.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hv/loop.h"
#include "hv/machine.h"
#include "hv/netdev_internal.h"

#define TUN_DEVICE "/dev/net/tun"
/* Frames in one go, so that the device's own queues have their turn. */
#define TURN 64

struct tap {
	struct netdev n;
	int fd;
	char ifname[IFNAMSIZ];
	struct loop_source *source;
	size_t kept; /* bytes of the frame in `frame` that the guest has not taken; 0: none */
	uint8_t frame[NETDEV_HEADER + NETDEV_FRAME_MAX];
};

static const struct {
	unsigned offload, flag;
} offload_flags[] = { { NETDEV_CSUM, TUN_F_CSUM },
		      { NETDEV_TSO4, TUN_F_TSO4 },
		      { NETDEV_TSO6, TUN_F_TSO6 },
		      { NETDEV_ECN, TUN_F_TSO_ECN } };

static int set_flags(struct tap *t, unsigned offloads)
{
	unsigned flags = 0;

	for (size_t i = 0; i < sizeof(offload_flags) / sizeof(offload_flags[0]); i++)
		if (offloads & offload_flags[i].offload)
			flags |= offload_flags[i].flag;
	return ioctl(t->fd, TUNSETOFFLOAD, flags) < 0 ? -errno : 0;
}

/* ---- life ---- */

static int refused(const struct tap *t, struct error *err)
{
	int ret = -errno;

	if (ret == -EPERM)
		return error_set(err, ret,
				 "-netdev tap: no permission to make %s: as root, `ip tuntap add "
				 "dev %s mode tap user NAME` makes one for a user",
				 t->ifname, t->ifname);
	if (ret == -EBUSY)
		return error_set(err, ret, "-netdev tap: %s is in use", t->ifname);
	return error_set(err, ret, "-netdev tap: %s: %s", t->ifname, strerror(-ret));
}

static int configure(struct tap *t, struct error *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int header = NETDEV_HEADER;

	memcpy(ifr.ifr_name, t->ifname, sizeof(ifr.ifr_name));
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0)
		return refused(t, err);
	memcpy(t->ifname, ifr.ifr_name, sizeof(t->ifname));
	if (ioctl(t->fd, TUNSETVNETHDRSZ, &header) < 0)
		return refused(t, err);
	t->n.has_header = true;
	t->n.offloads = NETDEV_CSUM | NETDEV_TSO4 | NETDEV_TSO6 | NETDEV_ECN;
	if (set_flags(t, t->n.offloads))
		t->n.offloads = 0;
	/* None until the guest says what it takes. */
	set_flags(t, 0);
	return 0;
}

static int tap_open(struct netdev *n, struct optlist *opts, struct error *err)
{
	struct tap *t = (struct tap *)n;
	const char *name = optlist_get(opts, "ifname");
	int ret;

	if (!name || !*name || strlen(name) >= sizeof(t->ifname) || strpbrk(name, "%/"))
		return error_set(err, -EINVAL,
				 "-netdev tap: it needs an interface's name, of at most %zu "
				 "characters, as in ifname=tap0",
				 sizeof(t->ifname) - 1);
	memcpy(t->ifname, name, strlen(name) + 1);
	t->fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (t->fd < 0)
		return error_set(err, -errno, "-netdev tap: %s: %s", TUN_DEVICE, strerror(errno));
	ret = configure(t, err);
	if (ret)
		close(t->fd);
	return ret;
}

static void tap_close(struct netdev *n)
{
	close(((struct tap *)n)->fd);
}

/* ---- to the guest ---- */

/* True when there is nothing kept any more. */
static bool deliver(struct tap *t)
{
	if (t->kept && netdev_deliver(&t->n, t->frame, t->kept) == -EAGAIN)
		return false;
	t->kept = 0;
	return true;
}

static void on_readable(void *opaque, uint32_t events)
{
	struct tap *t = opaque;

	(void)events;
	for (unsigned i = 0; i < TURN; i++) {
		ssize_t len = read(t->fd, t->frame, sizeof(t->frame));

		if (len < 0 && errno != EAGAIN && errno != EINTR)
			loop_set_events(t->source, 0); /* the interface is gone */
		if (len <= NETDEV_HEADER)
			return;
		t->kept = (size_t)len;
		if (!deliver(t)) {
			loop_set_events(t->source, 0);
			return;
		}
	}
}

static void tap_resume(struct netdev *n)
{
	struct tap *t = (struct tap *)n;

	if (t->kept && deliver(t))
		loop_set_events(t->source, EPOLLIN);
}

static int tap_attach(struct netdev *n)
{
	struct tap *t = (struct tap *)n;

	return loop_add_fd(n->loop, t->fd, EPOLLIN, on_readable, t, &t->source);
}

static void tap_detach(struct netdev *n)
{
	loop_remove(((struct tap *)n)->source);
}

/* ---- from the guest ---- */

static bool tap_send(struct netdev *n, const struct iovec *iov, unsigned count, size_t len)
{
	struct tap *t = (struct tap *)n;
	ssize_t done;

	do {
		done = writev(t->fd, iov, (int)count);
	} while (done < 0 && errno == EINTR);
	return done == (ssize_t)len;
}

static void tap_set_offloads(struct netdev *n, unsigned offloads)
{
	struct tap *t = (struct tap *)n;

	/* What waits was made for another driver's wishes. */
	t->kept = 0;
	loop_set_events(t->source, EPOLLIN);
	set_flags(t, offloads);
}

static void tap_describe(const struct netdev *n, struct strbuf *out)
{
	strbuf_printf(out, "tap, interface %s\n", ((const struct tap *)n)->ifname);
}

const struct netdev_backend netdev_tap = {
	.name = "tap",
	.size = sizeof(struct tap),
	.open = tap_open,
	.close = tap_close,
	.attach = tap_attach,
	.detach = tap_detach,
	.send = tap_send,
	.resume = tap_resume,
	.set_offloads = tap_set_offloads,
	.describe = tap_describe,
};
