/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Streams between a guest and UNIX sockets of the host, with virtio-vsock's packets on the guest's
 * side (Virtio 1.2, 5.10.6). It knows no queues.
 *
 *   guest listens at port 5:  a program of the host connects to PATH, writes "CONNECT 5\n", reads
 *                             "OK 1073741824\n" and has the stream
 *   guest connects to port 5: of CID 2; somebody of the host listens at PATH_5
 *
 *   guest -- vsock_take() --> buffer of the connection, VSOCK_WINDOW bytes --> socket
 *         <-- vsock_give() -- as many bytes as the guest has room for <-- socket
 *
 * Nothing that either side does makes memory grow: there are at most VSOCK_CONNECTIONS of them, a
 * guest that sends beyond its credit is reset, and bytes that it has no room for stay in the
 * socket. What it is owed is a set of bits for each connection; resets of connections that there
 * are not are a list of VSOCK_RESETS, and when it is full vsock_can_take() is false (5.10.6.1.1).
 */
#ifndef DEVICES_VSOCK_VSOCK_H
#define DEVICES_VSOCK_VSOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "devices/vsock/packet.h"
#include "hv/error.h"
#include "hv/loop.h"

#define VSOCK_CONNECTIONS 256u
#define VSOCK_WINDOW	  65536u
#define VSOCK_RESETS	  64u
#define VSOCK_IOV_MAX	  128u /* pieces of a packet's data */

struct vsock;

/* Who puts packets into queues. */
struct vsock_guest {
	/* There may be something for vsock_give(). On the loop's thread, not in vsock_take() or
	 * vsock_give(). */
	void (*wake)(void *opaque);
	void *opaque;
};

/*
 * Listens at @path, which is the name for messages as well; nobody is let in before vsock_open().
 * All calls but vsock_describe() are on the thread of @loop, or before it runs. Negative with a
 * sentence.
 */
int vsock_create(struct vsock **out, const char *name, struct loop *loop, uint32_t cid,
		 const char *path, const struct vsock_guest *guest, struct error *err);
/* NULL is fine. */
void vsock_destroy(struct vsock *s);

/* The guest has a driver. */
void vsock_open(struct vsock *s);
/* … and has it no more: all connections end. What was taken for a socket still goes there. */
void vsock_close(struct vsock *s);

/* Whether there is room for what a packet of the guest may be answered with. */
bool vsock_can_take(const struct vsock *s);
/* A packet of the guest; @data is p->len bytes in @count pieces. */
void vsock_take(struct vsock *s, const struct vsock_packet *p, const struct iovec *data,
		unsigned count);
/* The next packet for the guest, with data in @room; false: there is none. */
bool vsock_give(struct vsock *s, struct vsock_packet *p, const struct iovec *room, unsigned count);

/* The connections, and what went through. Any thread. */
void vsock_describe(struct vsock *s, struct strbuf *out);

#endif
