// SPDX-License-Identifier: GPL-3.0-or-later
/* The backend of fake_netdev.h: all that hv/netdev.h promises. */
#include "tests/unit-e1000/fake_netdev.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/ether.h>
#include <pthread.h>
#include <string.h>

#include "hv/loop.h"
#include "hv/machine.h"
#include "hv/netdev.h"

#define FRAMES 256

struct queue {
	struct fake_frame frame[FRAMES];
	unsigned first, count;
};

static struct netdev {
	pthread_mutex_t lock; /* guards the queues and counts */
	struct queue sent, waiting;
	struct fake_net_counts counts;
	bool header;
	struct loop *loop;
	netdev_receive_fn *receive;
	void *opaque;
} net = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* NULL: it is full. */
static struct fake_frame *push(struct queue *q)
{
	return q->count < FRAMES ? &q->frame[(q->first + q->count++) % FRAMES] : NULL;
}

static void pop(struct queue *q)
{
	q->first = (q->first + 1) % FRAMES;
	q->count--;
}

void fake_net_reset(bool header)
{
	net.sent.count = net.waiting.count = 0;
	net.counts = (struct fake_net_counts){ 0 };
	net.header = header;
	net.loop = NULL;
}

static void deliver_all(void *opaque)
{
	static struct fake_frame f;
	int ret = 0;

	(void)opaque;
	while (ret != -EAGAIN) {
		pthread_mutex_lock(&net.lock);
		if (!net.waiting.count) {
			pthread_mutex_unlock(&net.lock);
			return;
		}
		f = net.waiting.frame[net.waiting.first];
		pthread_mutex_unlock(&net.lock);
		ret = net.receive(net.opaque, f.data, f.len);
		pthread_mutex_lock(&net.lock);
		if (ret != -EAGAIN)
			pop(&net.waiting);
		net.counts.taken += !ret;
		net.counts.refused += ret && ret != -EAGAIN;
		pthread_mutex_unlock(&net.lock);
	}
}

void fake_net_deliver(const void *frame, size_t len)
{
	size_t header = net.header ? NETDEV_HEADER : 0;
	struct fake_frame *f;

	pthread_mutex_lock(&net.lock);
	f = push(&net.waiting);
	cr_assert_not_null(f);
	memset(f->data, 0, header);
	memcpy(f->data + header, frame, len);
	f->len = header + len;
	pthread_mutex_unlock(&net.lock);
	cr_assert_eq(loop_post(net.loop, deliver_all, NULL), 0);
}

bool fake_net_sent(struct fake_frame *frame)
{
	size_t header = net.header ? NETDEV_HEADER : 0;
	bool any;

	pthread_mutex_lock(&net.lock);
	any = net.sent.count;
	if (any) {
		const struct fake_frame *f = &net.sent.frame[net.sent.first];

		frame->len = f->len - header;
		memcpy(frame->data, f->data + header, frame->len);
		pop(&net.sent);
	}
	pthread_mutex_unlock(&net.lock);
	return any;
}

struct fake_net_counts fake_net_counts(void)
{
	struct fake_net_counts counts;

	pthread_mutex_lock(&net.lock);
	counts = net.counts;
	counts.waiting = net.waiting.count;
	pthread_mutex_unlock(&net.lock);
	return counts;
}

/* ---- hv/netdev.h ---- */

int netdevs_create(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	(void)m;
	(void)cfg;
	(void)err;
	return 0;
}

int netdevs_check(const struct machine *m, struct error *err)
{
	(void)m;
	(void)err;
	return 0;
}

void netdevs_destroy(struct machine *m)
{
	(void)m;
}

struct netdev *netdev_claim(struct machine *m, const char *id, const char *user, struct error *err)
{
	(void)m;
	if (!strcmp(id, "n"))
		return &net;
	error_set(err, -EINVAL, "%s: there is no '%s'", user, id);
	return NULL;
}

int netdev_attach(struct netdev *n, struct loop *loop, netdev_receive_fn *receive, void *opaque,
		  struct error *err)
{
	(void)err;
	n->loop = loop;
	n->receive = receive;
	n->opaque = opaque;
	return 0;
}

void netdev_detach(struct netdev *n)
{
	n->loop = NULL;
}

const char *netdev_id(const struct netdev *n)
{
	(void)n;
	return "n";
}

const char *netdev_card(const struct machine *m, const char *id)
{
	(void)m;
	return strcmp(id, "n") ? NULL : "e1000-0";
}

int netdev_card_address(struct machine *m, const char *device, const char *text, uint8_t mac[6],
			struct error *err)
{
	static const uint8_t address[ETH_ALEN] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

	(void)m;
	(void)text;
	memcpy(mac, address, ETH_ALEN);
	return device ? 0 : error_set(err, -EINVAL, "nobody");
}

void netdev_send(struct netdev *n, const struct iovec *iov, unsigned count)
{
	struct fake_frame *f;

	pthread_mutex_lock(&n->lock);
	f = push(&n->sent);
	if (f)
		f->len = 0;
	for (unsigned i = 0; f && i < count; i++) {
		memcpy(f->data + f->len, iov[i].iov_base, iov[i].iov_len);
		f->len += iov[i].iov_len;
	}
	pthread_mutex_unlock(&n->lock);
}

void netdev_resume(struct netdev *n)
{
	deliver_all(n);
}

bool netdev_has_header(const struct netdev *n)
{
	return n->header;
}

unsigned netdev_offloads(const struct netdev *n)
{
	(void)n;
	return 0;
}

void netdev_set_offloads(struct netdev *n, unsigned offloads)
{
	(void)n;
	(void)offloads;
}

void netdevs_describe(struct machine *m, struct strbuf *out)
{
	(void)m;
	(void)out;
}
