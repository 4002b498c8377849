/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest with virtio-vsock for tests: its driver, and programs of the host that it talks to by
 * sockets. What does not come, or is something else, fails the test.
 */
#ifndef TESTS_UNIT_VIRTIO_VSOCK_GUEST_H
#define TESTS_UNIT_VIRTIO_VSOCK_GUEST_H

#include <linux/virtio_vsock.h>

#include "devices/vsock/vsock.h"
#include "tests/unit-virtio/card.h"

enum { VS_RX, VS_TX };
#define VS_CID	   42u
#define VS_PORT	   1234u /* of the guest */
#define VS_SERVICE 5000u /* of the host */
#define VS_SIZE	   64	 /* of a queue */
#define VS_PIECE   4096u /* bytes in a buffer */
#define VS_RX_AT   CARD_DATA
#define VS_BOTH	   (VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND)

extern struct card vs_card;
extern char vs_path[64];
extern int vs_service;			/* listens at PATH_5000 */
extern unsigned vs_rx_offered;		/* buffers, since the driver began */
extern uint32_t vs_alloc, vs_forwarded; /* what the guest says of its buffer */

/* Of the test suite. */
void vs_setup(void);
void vs_teardown(void);

/* The driver begins, with all the buffers there can be for packets to it, or none. */
void vs_start(void);
void vs_start_without_rx(uint64_t features);
/* One more such buffer; false: there is no room. */
bool vs_offer_rx(void);

/* A packet from the guest: as it is, one with addresses and credit, one without data, … */
void vs_give(const void *bytes, uint32_t len);
struct virtio_vsock_hdr vs_header(unsigned op, uint32_t guest_port, uint32_t host_port);
void vs_say(unsigned op, uint32_t guest_port, uint32_t host_port, uint32_t flags);
void vs_say_data(uint32_t host_port, const void *bytes, uint32_t len);
/* The device has done with what was given. */
void vs_wait_for_tx(void);

/* The next packet for the guest, whose buffer is offered anew. Its data, until the next call. */
const uint8_t *vs_next_packet(struct virtio_vsock_hdr *h);
/* … is this; @host_port 0: any. */
struct virtio_vsock_hdr vs_expect(unsigned op, uint32_t guest_port, uint32_t host_port);
/* For a while. */
bool vs_nothing_comes(void);
/* How many connections the device has. */
unsigned vs_live(void);

/* ---- programs of the host ---- */

int vs_connect_to(const char *where);
void vs_expect_bytes(int fd, const char *want);
void vs_expect_end(int fd);
/* The host's end of a connection that the guest has asked for. */
int vs_guest_connects(uint32_t guest_port);
/* … that a program of the host has; @port is the host's. */
int vs_host_connects(uint32_t *port);

#endif
