// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes the streams of virtio-vsock: the input is the packets of a hostile guest, and what
 * programs of the host do meanwhile, on sockets that exist.
 *
 * What must hold: connections and answers stay within their bounds, what is given to the guest is
 * no more than there is room for, a guest that has taken all is owed nothing, and when it is gone
 * nothing of it is left.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "devices/vsock/internal.h"
#include "tests/fuzz/input.h"

#define CID	 3u
#define SERVICE	 5u /* somebody listens at this port of the host */
#define CLIENTS	 8u
#define DATA_MAX 4096u

struct state {
	struct loop *loop;
	struct vsock *s;
	struct sockaddr_un path, service_path;
	int service;
	int client[CLIENTS]; /* of the host; -1: none */
};

/* What is due on the loop is done, and no more. */
static void quit(void *opaque)
{
	loop_quit(opaque, 0);
}

static void run(struct state *s)
{
	loop_post(s->loop, quit, s->loop);
	loop_run(s->loop);
}

static void wake(void *opaque)
{
	(void)opaque;
}

static int stream(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static void open_all(struct state *s)
{
	const struct vsock_guest guest = { wake, s };
	struct error err;

	snprintf(s->path.sun_path, sizeof(s->path.sun_path), "/tmp/vitrine-fuzz-%d.vsock",
		 getpid());
	snprintf(s->service_path.sun_path, sizeof(s->service_path.sun_path),
		 "/tmp/vitrine-fuzz-%d.vsock_%u", getpid(), SERVICE);
	s->path.sun_family = s->service_path.sun_family = AF_UNIX;
	s->service = stream();
	unlink(s->service_path.sun_path);
	check(s->service >= 0 &&
	      !bind(s->service, (struct sockaddr *)&s->service_path, sizeof(s->service_path)) &&
	      !listen(s->service, 4));
	check(!loop_create(&s->loop));
	check(!vsock_create(&s->s, "vsock0", s->loop, CID, s->path.sun_path, &guest, &err));
	vsock_open(s->s);
}

static void close_all(struct state *s)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (s->client[i] >= 0)
			close(s->client[i]);
	vsock_destroy(s->s);
	loop_destroy(s->loop);
	close(s->service);
	unlink(s->service_path.sun_path);
}

/* ---- the guest ---- */

/* A few ports, so that packets meet their connections; the host's are counted from 1 << 30 on. */
static uint32_t some_port(uint8_t byte)
{
	return byte & 8 ? 0x40000000u + (byte & 7) : SERVICE + (byte & 3) / 3;
}

static void take_packet(struct state *s, struct input *in)
{
	static const uint8_t zeroes[DATA_MAX];
	uint8_t how = take(in), ports = take(in);
	struct vsock_packet p = {
		.src_cid = how & 0x80 ? take(in) : CID,
		.dst_cid = how & 0x40 ? take(in) : VSOCK_HOST_CID,
		.src_port = ports & 7,
		.dst_port = some_port(ports >> 4),
		.type = how & 0x20 ? take(in) : VIRTIO_VSOCK_TYPE_STREAM,
		.op = how & 15,
		.flags = take(in),
		.buf_alloc = how & 0x10 ? take_word(in) : 1 << 16,
		.fwd_cnt = how & 0x10 ? take_word(in) : 0,
	};
	struct iovec data[2] = { { (void *)zeroes, take(in) * 16u }, { (void *)zeroes, take(in) } };

	if (data[0].iov_len + data[1].iov_len > DATA_MAX)
		return;
	p.len = (uint32_t)(data[0].iov_len + data[1].iov_len);
	if (vsock_can_take(s->s))
		vsock_take(s->s, &p, data, 2);
}

static bool give_packet(struct state *s, uint32_t room)
{
	static uint8_t bytes[DATA_MAX];
	struct iovec iov = { bytes, room % (DATA_MAX + 1) };
	struct vsock_packet p;

	if (!vsock_give(s->s, &p, &iov, iov.iov_len != 0))
		return false;
	check(p.len <= iov.iov_len && (!p.len || p.op == VIRTIO_VSOCK_OP_RW));
	check(p.op != VIRTIO_VSOCK_OP_INVALID && p.dst_cid == CID);
	return true;
}

/* ---- programs of the host ---- */

static void act(struct state *s, struct input *in)
{
	static const uint8_t zeroes[DATA_MAX];
	static uint8_t bytes[DATA_MAX];
	uint8_t how = take(in);
	int *fd = &s->client[how & 7];
	char line[32];

	switch (how >> 3 & 7) {
	case 0:
		if (*fd < 0)
			*fd = accept(s->service, NULL, NULL);
		break;
	case 1:
		if (*fd >= 0)
			break;
		*fd = stream();
		/* It is refused when the backlog is full. */
		if (*fd >= 0 && connect(*fd, (struct sockaddr *)&s->path, sizeof(s->path)) < 0) {
			close(*fd);
			*fd = -1;
		}
		break;
	case 2:
		snprintf(line, sizeof(line), "CONNECT %u\n", take(in) & 7u);
		send(*fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case 3:
		line[0] = (char)take(in);
		send(*fd, line, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case 4:
		send(*fd, zeroes, 1 + take(in) * 16u, MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case 5:
		recv(*fd, bytes, 1 + take(in) * 16u, MSG_DONTWAIT);
		break;
	case 6:
		shutdown(*fd, take(in) % 3);
		break;
	default:
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

static void look(struct state *s)
{
	struct strbuf sb = STRBUF_INIT;

	vsock_describe(s->s, &sb);
	check(sb.len > 0);
	strbuf_free(&sb);
	check(s->s->count <= VSOCK_CONNECTIONS && s->s->reset_count <= VSOCK_RESETS);
	for (unsigned i = 0; i < s->s->count; i++)
		check(s->s->conns[i]->used <= VSOCK_WINDOW && s->s->conns[i]->state < CONN_STATES);
}

static void one_step(struct state *s, struct input *in)
{
	uint8_t op = take(in);

	switch (op & 7) {
	case 0:
	case 1:
		take_packet(s, in);
		break;
	case 2:
		give_packet(s, take(in) * 16u);
		break;
	case 3:
	case 4:
		act(s, in);
		break;
	case 5:
		run(s);
		break;
	case 6:
		look(s);
		break;
	default:
		if (op >> 3 == 0) {
			vsock_close(s->s);
			vsock_open(s->s);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state s = { .client = { -1, -1, -1, -1, -1, -1, -1, -1 } };
	struct input in = { data, size };

	open_all(&s);
	while (in.left)
		one_step(&s, &in);
	/* It has an end: the host's sockets are read, and the guest is asked once. */
	run(&s);
	while (give_packet(&s, DATA_MAX))
		continue;
	vsock_close(s.s);
	check(vsock_can_take(s.s) && !give_packet(&s, DATA_MAX));
	close_all(&s);
	return 0;
}
