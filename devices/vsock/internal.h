/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of this directory share.
 *
 *   switch.c       which connection a packet is for, and whose turn it is
 *   connection.c   one connection: its states, credit, and socket
 *   socket.c       how connections come to be: PATH, the line "CONNECT PORT", PATH_PORT
 */
#ifndef DEVICES_VSOCK_INTERNAL_H
#define DEVICES_VSOCK_INTERNAL_H

#include <pthread.h>

#include "devices/vsock/vsock.h"
#include "hv/socket_file.h"

/* What the guest is owed of a connection, in the order in which it is told. */
enum {
	OWE_RESET = 1 << 0, /* and nothing else */
	OWE_REQUEST = 1 << 1,
	OWE_RESPONSE = 1 << 2,
	OWE_CREDIT_REQUEST = 1 << 3,
	OWE_SHUTDOWN = 1 << 4,
	OWE_CREDIT = 1 << 5,
};

enum conn_state {
	CONN_GREETING,	/* a program of the host has yet to say which port; the guest knows nothing
			 */
	CONN_REQUESTED, /* the guest has yet to answer */
	CONN_OPEN,
	CONN_RESETTING, /* the guest has yet to be told that it is over: OWE_RESET */
	CONN_DRAINING,	/* the guest is done with it; its last bytes are on their way to the socket
			 */
	CONN_STATES,
};

struct conn {
	struct vsock *s;
	enum conn_state state;
	uint32_t guest_port, host_port;
	bool by_guest; /* it has asked for it */
	int fd;
	struct loop_source *source;
	unsigned owed;			/* OWE_… */
	bool hung_up;			/* the socket's other end is gone */
	bool readable;			/* there may be bytes in the socket, or its end */
	unsigned guest_shut, host_shut; /* VIRTIO_VSOCK_SHUTDOWN_… */

	/* Guest to host. */
	uint32_t fwd_cnt, told_fwd_cnt; /* bytes that left the buffer; … that the guest knows of */
	uint32_t head, used;		/* of the buffer */
	/* Host to guest. */
	uint32_t tx_cnt, peer_alloc, peer_fwd_cnt;
	bool asked_credit;

	uint64_t to_host, to_guest; /* bytes */
	char line[24];		    /* CONN_GREETING */
	unsigned line_len;
	uint8_t buffer[VSOCK_WINDOW];
};

struct vsock_counts {
	uint64_t taken, given;	       /* packets */
	uint64_t to_host, to_guest;    /* bytes */
	uint64_t connections;	       /* ever open */
	uint64_t refused, misdirected; /* packets for no connection; … of another CID */
};

struct vsock {
	const char *name; /* of the device */
	struct loop *loop;
	uint32_t cid;
	struct vsock_guest guest;
	struct socket_file file;
	int listen_fd, spare_fd;
	struct loop_source *listener;
	bool open;

	pthread_mutex_t lock; /* guards the rest, and connections; taken last */
	struct conn *conns[VSOCK_CONNECTIONS];
	unsigned count;
	unsigned next; /* whose turn it is */
	struct vsock_packet resets[VSOCK_RESETS];
	unsigned resets_head, reset_count;
	uint32_t next_port; /* of the host, for the next that comes from there */
	struct vsock_counts counts;
};

/* The rest with the lock held, on the loop's thread. */

/* switch.c: NULL when there is none. */
struct conn *vsock_find(const struct vsock *s, uint32_t guest_port, uint32_t host_port);
uint32_t vsock_unused_port(struct vsock *s);

/* connection.c */
/* @fd is the connection's on success. NULL: too many, or no memory. */
struct conn *conn_new(struct vsock *s, int fd, enum conn_state state);
/* Frees it. */
void conn_end(struct conn *c);
/* The guest is to be told that it is over; its bytes still go to the socket. */
void conn_reset(struct conn *c);
/* The guest is done with it: frees it, at once or when its bytes are out. */
void conn_part(struct conn *c);
void conn_take(struct conn *c, const struct vsock_packet *p, const struct iovec *data,
	       unsigned count);
/* Addresses, type and credit of @p are set. False: nothing. It may be freed by that. */
bool conn_give(struct conn *c, struct vsock_packet *p, const struct iovec *room, unsigned count);
/* … of a packet to the guest. */
void conn_address(const struct conn *c, struct vsock_packet *p);

/* socket.c */
int socket_listen(struct vsock *s, const char *path, struct error *err);
void socket_unlisten(struct vsock *s);
/* The guest wants to connect: false when nobody listens, or there is no room. */
bool socket_connect(struct vsock *s, const struct vsock_packet *p);
/* The socket of a CONN_GREETING can be read. It may be freed by that. */
void socket_greeting(struct conn *c);
/* The guest has accepted: the socket is told. False when it is gone. */
bool socket_accepted(struct conn *c);

#endif
