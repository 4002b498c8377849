// SPDX-License-Identifier: GPL-3.0-or-later
/* Which connection a packet is for, and whose turn it is: see vsock.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "devices/vsock/internal.h"
#include "hv/trace.h"

/* Ports of the host from here on are given to those that come from there, as guests give theirs. */
#define FIRST_PORT 0x40000000u

struct conn *vsock_find(const struct vsock *s, uint32_t guest_port, uint32_t host_port)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct conn *c = s->conns[i];

		if (c->guest_port == guest_port && c->host_port == host_port &&
		    c->state != CONN_GREETING && c->state != CONN_DRAINING)
			return c;
	}
	return NULL;
}

static bool port_is_used(const struct vsock *s, uint32_t port)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->conns[i]->state != CONN_GREETING && s->conns[i]->host_port == port)
			return true;
	return false;
}

uint32_t vsock_unused_port(struct vsock *s)
{
	uint32_t port;

	/* There are fewer connections than ports. */
	do {
		port = s->next_port;
		s->next_port = port == UINT32_MAX - 1 ? FIRST_PORT : port + 1;
	} while (port_is_used(s, port));
	return port;
}

static void trace_packet(const struct vsock *s, const struct vsock_packet *p)
{
	struct strbuf text = STRBUF_INIT;

	if (!trace_on[TRACE_DEVICE])
		return;
	vsock_packet_format(p, &text);
	trace(TRACE_DEVICE, "%s: %s", s->name, strbuf_str(&text));
	strbuf_free(&text);
}

/* ---- from the guest ---- */

bool vsock_can_take(const struct vsock *s)
{
	return s->reset_count < VSOCK_RESETS;
}

/* 5.10.6.4: for what belongs to no connection. A reset is not answered. */
static void refuse(struct vsock *s, const struct vsock_packet *p)
{
	s->counts.refused++;
	if (p->op == VIRTIO_VSOCK_OP_RST || s->reset_count == VSOCK_RESETS)
		return;
	s->resets[(s->resets_head + s->reset_count++) % VSOCK_RESETS] = (struct vsock_packet){
		.src_cid = p->dst_cid,
		.dst_cid = p->src_cid,
		.src_port = p->dst_port,
		.dst_port = p->src_port,
		.type = p->type,
		.op = VIRTIO_VSOCK_OP_RST,
	};
}

static void take(struct vsock *s, const struct vsock_packet *p, const struct iovec *data,
		 unsigned count)
{
	struct conn *c;

	s->counts.taken++;
	/* One that says it is from somebody else is not to be answered. */
	if (p->src_cid != s->cid) {
		s->counts.misdirected++;
		return;
	}
	c = p->dst_cid == VSOCK_HOST_CID ? vsock_find(s, p->src_port, p->dst_port) : NULL;
	if (c)
		conn_take(c, p, data, count);
	else if (p->dst_cid != VSOCK_HOST_CID || p->op != VIRTIO_VSOCK_OP_REQUEST ||
		 p->type != VIRTIO_VSOCK_TYPE_STREAM || !socket_connect(s, p))
		refuse(s, p);
}

void vsock_take(struct vsock *s, const struct vsock_packet *p, const struct iovec *data,
		unsigned count)
{
	trace_packet(s, p);
	pthread_mutex_lock(&s->lock);
	take(s, p, data, count);
	pthread_mutex_unlock(&s->lock);
}

/* ---- to the guest ---- */

static bool give(struct vsock *s, struct vsock_packet *p, const struct iovec *room, unsigned count)
{
	if (s->reset_count) {
		*p = s->resets[s->resets_head];
		s->resets_head = (s->resets_head + 1) % VSOCK_RESETS;
		s->reset_count--;
		return true;
	}
	for (unsigned i = 0; i < s->count; i++) {
		unsigned turn = (s->next + i) % s->count;
		struct conn *c = s->conns[turn];

		/* When it gives nothing, it is still there. */
		if ((c->owed || c->readable) && conn_give(c, p, room, count)) {
			s->next = turn + 1;
			return true;
		}
	}
	return false;
}

bool vsock_give(struct vsock *s, struct vsock_packet *p, const struct iovec *room, unsigned count)
{
	bool given;

	pthread_mutex_lock(&s->lock);
	given = give(s, p, room, count);
	s->counts.given += given;
	pthread_mutex_unlock(&s->lock);
	if (given)
		trace_packet(s, p);
	return given;
}

/* ---- life ---- */

void vsock_open(struct vsock *s)
{
	s->open = true;
}

void vsock_close(struct vsock *s)
{
	s->open = false;
	pthread_mutex_lock(&s->lock);
	/* From the end: one that goes is replaced by the last. */
	for (unsigned i = s->count; i-- > 0;)
		conn_part(s->conns[i]);
	s->reset_count = 0;
	pthread_mutex_unlock(&s->lock);
}

int vsock_create(struct vsock **out, const char *name, struct loop *loop, uint32_t cid,
		 const char *path, const struct vsock_guest *guest, struct error *err)
{
	struct vsock *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return error_set(err, -ENOMEM, "out of memory");
	s->name = name;
	s->loop = loop;
	s->cid = cid;
	s->guest = *guest;
	s->next_port = FIRST_PORT;
	ret = socket_listen(s, path, err);
	if (ret) {
		free(s);
		return ret;
	}
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return 0;
}

void vsock_destroy(struct vsock *s)
{
	if (!s)
		return;
	socket_unlisten(s);
	while (s->count)
		conn_end(s->conns[0]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- for people ---- */

static void describe_connection(const struct conn *c, struct strbuf *out)
{
	static const char *const states[CONN_STATES] = {
		[CONN_REQUESTED] = "waits for the guest",
		[CONN_OPEN] = "open",
		[CONN_RESETTING] = "over, the guest is not told yet",
		[CONN_DRAINING] = "over, last bytes for the host",
	};

	if (c->state == CONN_GREETING) {
		strbuf_puts(out, "a program of the host that has not said CONNECT PORT yet\n");
		return;
	}
	if (c->by_guest)
		strbuf_printf(out, "guest port %" PRIu32 " > host port %" PRIu32, c->guest_port,
			      c->host_port);
	else
		strbuf_printf(out, "host port %" PRIu32 " > guest port %" PRIu32, c->host_port,
			      c->guest_port);
	strbuf_printf(out,
		      ": %s; %" PRIu64 " bytes to the host, %" PRIu32 " more wait for it; %" PRIu64
		      " bytes to the guest, which has emptied %" PRIu32 " of %" PRIu32 "\n",
		      states[c->state], c->to_host - c->used, c->used, c->to_guest, c->peer_fwd_cnt,
		      c->peer_alloc);
}

void vsock_describe(struct vsock *s, struct strbuf *out)
{
	const struct vsock_counts *n = &s->counts;

	pthread_mutex_lock(&s->lock);
	strbuf_printf(out, "%s, %s_PORT: connections %u, %" PRIu64 " ever\n", s->file.path,
		      s->file.path, s->count, n->connections);
	strbuf_printf(out,
		      "packets: %" PRIu64 " from the guest, %" PRIu64 " for no connection, %" PRIu64
		      " of another CID; %" PRIu64 " to the guest\n",
		      n->taken, n->refused, n->misdirected, n->given);
	strbuf_printf(out, "bytes: %" PRIu64 " from the guest, %" PRIu64 " to it\n", n->to_host,
		      n->to_guest);
	for (unsigned i = 0; i < s->count; i++)
		describe_connection(s->conns[i], out);
	pthread_mutex_unlock(&s->lock);
}
