/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the backends of hv/netdev.h share with netdev.c. */
#ifndef HV_NETDEV_INTERNAL_H
#define HV_NETDEV_INTERNAL_H

#include "hv/netdev.h"
#include "hv/optlist.h"

/* Atomic: a person looks from another thread. */
struct netdev_counts {
	uint64_t frames, bytes, dropped;
};

struct netdev_backend {
	const char *name; /* "user" */
	size_t size;	  /* of the struct that begins with a struct netdev */
	/* Acquires all that can fail for what @opts say. Negative with a sentence; then close() is
	 * not called. */
	int (*open)(struct netdev *n, struct optlist *opts, struct error *err);
	void (*close)(struct netdev *n);
	/* n->loop is set, and not running on another thread. Negative errno. */
	int (*attach)(struct netdev *n);
	void (*detach)(struct netdev *n);
	/* These on the loop's thread. False: the frame is lost. */
	bool (*send)(struct netdev *n, const struct iovec *iov, unsigned count, size_t len);
	void (*resume)(struct netdev *n);
	/* NULL: frames have no header. */
	void (*set_offloads)(struct netdev *n, unsigned offloads);
	/* "user, 10.0.2.0/24\n", then indented lines. Any thread. */
	void (*describe)(const struct netdev *n, struct strbuf *out);
};

struct netdev {
	const struct netdev_backend *backend;
	struct machine *m;
	char *id;
	const char *user; /* NULL: nobody */
	struct loop *loop;
	bool has_header;
	unsigned offloads;
	netdev_receive_fn *receive;
	void *opaque;
	struct netdev_counts to_guest, from_guest;
	struct netdev *next;
};

extern const struct netdev_backend netdev_user, netdev_tap;

/* As netdev_receive_fn; counts what was taken and what is lost. */
int netdev_deliver(struct netdev *n, const void *frame, size_t len);
/* One for the guest that is lost before it could be delivered. */
void netdev_dropped(struct netdev *n);

#endif
