/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host's side of a network card: what -netdev names.
 *
 *   device: netdev_send() --> backend --> the host's sockets (user), an interface (tap)
 *           receive()     <--         <--
 *
 * A backend is claimed by one device, and from netdev_attach() on works on the loop that the device
 * names, its own thread's say: frames change hands without a queue between threads. Until then, and
 * after netdev_detach(), the machine's loop thread has it.
 *
 * A frame is Ethernet, without the check sequence. Where netdev_has_header() says so it begins with
 * a struct virtio_net_hdr_v1 in both directions (Virtio 1.2, 5.1.6): checksums and segments that
 * are still to be made.
 */
#ifndef HV_NETDEV_H
#define HV_NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "hv/error.h"
#include "hv/strbuf.h"

struct loop;
struct machine;
struct machine_config;
struct netdev;

#define NETDEV_HEADER	 12    /* bytes of struct virtio_net_hdr_v1 */
#define NETDEV_FRAME_MAX 65550 /* a segment of 64 KiB and its Ethernet header */

/* What the guest takes in frames with a header. */
enum netdev_offload {
	NETDEV_CSUM = 1 << 0, /* checksums that are not made yet */
	NETDEV_TSO4 = 1 << 1,
	NETDEV_TSO6 = 1 << 2,
	NETDEV_ECN = 1 << 3, /* segments with ECN */
};

/*
 * A frame of @len bytes for the guest. 0: it took it. -EAGAIN: it has no buffers; the same frame
 * comes again after netdev_resume(). Others: it never takes it.
 */
typedef int netdev_receive_fn(void *opaque, const void *frame, size_t len);

/* All that cfg->netdevs names: "user,id=ID,…". Negative with a sentence; then there are none. */
int netdevs_create(struct machine *m, const struct machine_config *cfg, struct error *err);
/* After the devices are made: -EINVAL with a sentence when one is nobody's. */
int netdevs_check(const struct machine *m, struct error *err);
/* After the devices are gone. */
void netdevs_destroy(struct machine *m);

/* The backend @id, for good @user's (a device's name, which stays). NULL with a sentence when there
 * is none, or somebody has it. */
struct netdev *netdev_claim(struct machine *m, const char *id, const char *user, struct error *err);
/* Before the loop runs, or on its thread. 0, or negative with a sentence. */
int netdev_attach(struct netdev *n, struct loop *loop, netdev_receive_fn *receive, void *opaque,
		  struct error *err);
/* The loop does not run any more. Safe when it is not attached. */
void netdev_detach(struct netdev *n);
const char *netdev_id(const struct netdev *n);
/* The device that has claimed the backend @id; NULL: nobody, or there is none. */
const char *netdev_card(const struct machine *m, const char *id);
/*
 * The address of the machine's next network card: what @text (of mac=) says, or, when that is NULL,
 * another one for each card. -EINVAL with a sentence that begins with @device, a class's name.
 */
int netdev_card_address(struct machine *m, const char *device, const char *text, uint8_t mac[6],
			struct error *err);

/* ---- on the loop's thread ---- */

/* A frame from the guest; one that cannot go is dropped. */
void netdev_send(struct netdev *n, const struct iovec *iov, unsigned count);
/* There may be buffers for the guest's frames again. */
void netdev_resume(struct netdev *n);

/* ---- frames with a header; fixed from the start ---- */

bool netdev_has_header(const struct netdev *n);
/* Of enum netdev_offload, those that the backend can make use of. */
unsigned netdev_offloads(const struct netdev *n);
/* Those that the guest takes from now on. On the loop's thread. */
void netdev_set_offloads(struct netdev *n, unsigned offloads);

/* For people: every backend, whose it is, what went through it. Loop thread. */
void netdevs_describe(struct machine *m, struct strbuf *out);

#endif
