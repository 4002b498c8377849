// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * virtio-console: a console and two ports with names (Virtio 1.2, 5.3), each to a DEV.
 *
 *   queues 0, 1   to the guest and from it: port 0, the console (hvc0 of Linux)
 *   queues 2, 3   the same for control messages
 *   queues 4 …    port 1, port 2
 *
 *   peer --> charport --> input ring --+             +--> used buffers --> guest
 *            (loop thread)             +--> pump() --+
 *   peer <-- charport <----------------+   (worker)  +<-- available buffers
 *
 * Neither side can make memory grow: a guest that does not read leaves its peer's bytes outside
 * when the ring is full, and a peer that does not read leaves the guest's buffer unused.
 *
 * What the driver is to be told of a port is a set of bits, not a list of messages: there are never
 * more than fit, however long it offers no buffers.
 */
#include <errno.h>
#include <linux/virtio_console.h>
#include <stdio.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "hv/charport.h"
#include "hv/machine.h"
#include "hv/pci.h"

#define QUEUE_SIZE    64
#define PORTS	      ((VIRTIO_QUEUES_MAX - 2) / 2)
#define CONTROL_IN    2
#define CONTROL_OUT   3
#define INPUT_SIZE    4096
#define PORT_NAME_MAX 63
/* Requests of a port in one go, so that a reset has its turn. */
#define TURN 64

/* What the driver is owed of a port, in the order in which it is told. */
enum {
	OWE_ADD = 1 << 0,
	OWE_CONSOLE = 1 << 1,
	OWE_NAME = 1 << 2,
	OWE_OPEN = 1 << 3,
};

struct port {
	struct console *c;
	unsigned index;
	bool exists;
	char name[PORT_NAME_MAX + 1]; /* "": none */
	char label[32];		      /* for messages */
	struct charport host;

	/* Guarded by dev.lock. */
	bool connected; /* there is a peer */
	uint8_t input[INPUT_SIZE];
	unsigned head, used;

	/* The worker's. */
	bool ready, open;	    /* the driver has it; somebody in the guest has opened it */
	unsigned owed;		    /* OWE_… */
	struct vq_request *sending; /* as much as `sent` of it is with the peer */
	uint64_t sent;
};

struct console {
	struct virtio v;
	uint16_t cols, rows; /* not offered */
	uint32_t port_count;
	bool posted; /* pump() is on its way; guarded by dev.lock */
	struct port ports[PORTS];
};

static unsigned queue_in(const struct port *p)
{
	return p->index ? 2 + 2 * p->index : 0;
}

static unsigned queue_out(const struct port *p)
{
	return queue_in(p) + 1;
}

/* The next buffer of a queue; without one the driver will notify. */
static struct vq_request *pop(struct console *c, unsigned queue)
{
	struct virtqueue *vq = &c->v.queues[queue].vq;
	struct vq_request *req = virtio_pop(&c->v, queue);

	if (!req && vq_running(vq) && vq_ask_notify(vq, true))
		req = virtio_pop(&c->v, queue);
	return req;
}

/* ---- control messages ---- */

static void compose(struct port *p, unsigned what, struct virtio_console_control *msg)
{
	static const uint16_t events[] = { [OWE_ADD] = VIRTIO_CONSOLE_PORT_ADD,
					   [OWE_CONSOLE] = VIRTIO_CONSOLE_CONSOLE_PORT,
					   [OWE_NAME] = VIRTIO_CONSOLE_PORT_NAME,
					   [OWE_OPEN] = VIRTIO_CONSOLE_PORT_OPEN };

	*msg = (struct virtio_console_control){ .id = p->index, .event = events[what], .value = 1 };
	if (what == OWE_OPEN) {
		pthread_mutex_lock(&p->c->v.dev.lock);
		msg->value = p->connected;
		pthread_mutex_unlock(&p->c->v.dev.lock);
	}
}

/* False when there is no buffer for it. */
static bool tell(struct port *p, unsigned what)
{
	struct vq_request *req = pop(p->c, CONTROL_IN);
	struct virtio_console_control msg;
	size_t len;

	if (!req)
		return false;
	compose(p, what, &msg);
	len = vq_write(req, 0, &msg, sizeof(msg));
	if (len < sizeof(msg))
		vq_break(req->vq, "a buffer of %zu bytes for a control message", len);
	if (what == OWE_NAME)
		len += vq_write(req, len, p->name, strlen(p->name));
	vq_complete(req, len);
	return true;
}

static void pump_control(struct console *c)
{
	bool told = true;

	for (unsigned i = 0; i < PORTS; i++) {
		struct port *p = &c->ports[i];

		while (p->owed && told) {
			unsigned what = p->owed & -p->owed;

			told = tell(p, what);
			if (told)
				p->owed &= ~what;
		}
	}
	virtio_completed(&c->v, CONTROL_IN);
}

static void driver_says(struct console *c, const struct virtio_console_control *msg)
{
	struct port *p = msg->id < PORTS ? &c->ports[msg->id] : NULL;

	if (msg->event == VIRTIO_CONSOLE_DEVICE_READY && msg->value) {
		for (unsigned i = 0; i < PORTS; i++)
			if (c->ports[i].exists)
				c->ports[i].owed |= OWE_ADD;
	} else if (p && p->exists && msg->event == VIRTIO_CONSOLE_PORT_READY && msg->value) {
		p->ready = true;
		p->owed |= OWE_OPEN | (p->name[0] ? OWE_NAME : 0) | (p->index ? 0 : OWE_CONSOLE);
	} else if (p && p->exists && msg->event == VIRTIO_CONSOLE_PORT_OPEN) {
		p->open = msg->value;
	}
}

static void hear(struct vq_request *req)
{
	struct console *c = (struct console *)req->vq->dev;
	struct virtio_console_control msg;

	if (vq_read(req, 0, &msg, sizeof(msg)) == sizeof(msg))
		driver_says(c, &msg);
	else
		vq_break(req->vq, "a control message of %llu bytes",
			 (unsigned long long)req->out_bytes);
	vq_complete(req, 0);
}

/* ---- bytes; dev.lock is held where it is said ---- */

/* Whether all of the buffer is with the peer. Held. */
static bool write_out(struct port *p)
{
	uint8_t bytes[CHARPORT_RING / 2];

	while (p->sent < p->sending->out_bytes) {
		size_t n;

		if (!charport_ready(&p->host))
			return false; /* port_ready() comes */
		n = vq_read(p->sending, p->sent, bytes, sizeof(bytes));
		for (size_t i = 0; i < n; i++)
			charport_put(&p->host, bytes[i]);
		p->sent += n;
	}
	return true;
}

/* True when there may be more. */
static bool pump_out(struct port *p)
{
	struct console *c = p->c;
	unsigned done = 0;

	while (done < TURN && (p->sending || (p->sending = pop(c, queue_out(p))))) {
		bool all;

		pthread_mutex_lock(&c->v.dev.lock);
		all = write_out(p);
		pthread_mutex_unlock(&c->v.dev.lock);
		if (!all)
			break;
		vq_complete(p->sending, 0);
		p->sending = NULL;
		p->sent = 0;
		done++;
	}
	virtio_completed(&c->v, queue_out(p));
	return done == TURN;
}

/* As much as goes into the buffer. Held. */
static size_t take_input(struct port *p, struct vq_request *req)
{
	size_t done = 0;

	while (p->used && done < req->in_bytes) {
		size_t n = INPUT_SIZE - p->head < p->used ? INPUT_SIZE - p->head : p->used;

		n = vq_write(req, done, p->input + p->head, n);
		p->head = (p->head + (unsigned)n) % INPUT_SIZE;
		p->used -= (unsigned)n;
		done += n;
	}
	return done;
}

static bool has_input(struct port *p)
{
	bool has;

	pthread_mutex_lock(&p->c->v.dev.lock);
	has = p->used;
	pthread_mutex_unlock(&p->c->v.dev.lock);
	return has;
}

static void pump_in(struct port *p)
{
	struct console *c = p->c;
	struct vq_request *req;

	/* A console is always open; for another port Linux throws away what comes too early. */
	if (p->index && !p->open)
		return;
	while (has_input(p) && (req = pop(c, queue_in(p)))) {
		size_t n;

		if (!req->in_bytes)
			vq_break(req->vq, "a buffer for input that is not writable");
		pthread_mutex_lock(&c->v.dev.lock);
		n = take_input(p, req);
		charport_poll_input(&p->host);
		pthread_mutex_unlock(&c->v.dev.lock);
		vq_complete(req, n);
	}
	virtio_completed(&c->v, queue_in(p));
}

static void pump_later(struct console *c);

/* On the worker: all that can go now. */
static void pump(void *opaque)
{
	struct console *c = opaque;
	bool more = false;

	pthread_mutex_lock(&c->v.dev.lock);
	c->posted = false;
	pthread_mutex_unlock(&c->v.dev.lock);
	if (c->v.run != VIRTIO_ON)
		return;
	pump_control(c);
	for (unsigned i = 0; i < PORTS; i++) {
		if (!c->ports[i].exists)
			continue;
		more |= pump_out(&c->ports[i]);
		pump_in(&c->ports[i]);
	}
	if (more) {
		pthread_mutex_lock(&c->v.dev.lock);
		pump_later(c);
		pthread_mutex_unlock(&c->v.dev.lock);
	}
}

/* Held. Any thread. */
static void pump_later(struct console *c)
{
	if (!c->posted && !loop_post(c->v.worker.loop, pump, c))
		c->posted = true;
}

/* ---- the host's side: loop thread, held ---- */

static size_t port_room(void *opaque)
{
	const struct port *p = opaque;

	return INPUT_SIZE - p->used;
}

static void port_input(void *opaque, const uint8_t *data, size_t len)
{
	struct port *p = opaque;

	for (size_t i = 0; i < len; i++)
		p->input[(p->head + p->used++) % INPUT_SIZE] = data[i];
	pump_later(p->c);
}

static void port_ready(void *opaque)
{
	pump_later(((struct port *)opaque)->c);
}

static void tell_open(void *opaque)
{
	struct port *p = opaque;

	if (p->ready)
		p->owed |= OWE_OPEN;
	pump(p->c);
}

static void port_peer(void *opaque, bool there)
{
	struct port *p = opaque;

	p->connected = there;
	loop_post(p->c->v.worker.loop, tell_open, p);
}

static const struct charport_ops port_ops = {
	.room = port_room,
	.input = port_input,
	.ready = port_ready,
	.peer = port_peer,
};

/* ---- the device's life ---- */

static void notified(struct virtio *v, unsigned queue)
{
	if (queue == CONTROL_OUT)
		virtio_serve(v, queue, hear);
	pump(v);
}

static void stop(struct virtio *v)
{
	struct console *c = (struct console *)v;

	for (unsigned i = 0; i < PORTS; i++) {
		struct port *p = &c->ports[i];

		if (p->sending)
			vq_drop(p->sending);
		p->sending = NULL;
		p->sent = 0;
		p->owed = 0;
		p->ready = p->open = false;
	}
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_CONSOLE,
	.pci_class = 0x078000,
	.notified = notified,
	.stop = stop,
};

/* 5.3.4: works before anything is set up, and in a panic. */
static void write_emergency(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	charport_put(&((struct console *)dev)->ports[0].host, (uint8_t)value);
}

static const struct reg console_regs[] = {
	{ .name = "cols",
	  .offset = VIRTIO_SPACE_CONFIG,
	  .width = 2,
	  .access = REG_RO,
	  REG_STATE(struct console, cols),
	  .help = "not offered" },
	{ .name = "rows",
	  .offset = VIRTIO_SPACE_CONFIG + 2,
	  .width = 2,
	  .access = REG_RO,
	  REG_STATE(struct console, rows),
	  .help = "not offered" },
	{ .name = "max_nr_ports",
	  .offset = VIRTIO_SPACE_CONFIG + 4,
	  .width = 4,
	  .access = REG_RO,
	  .reset = PORTS,
	  REG_STATE(struct console, port_count),
	  .help = "how many ports there can be" },
	{ .name = "emerg_wr",
	  .offset = VIRTIO_SPACE_CONFIG + 8,
	  .width = 4,
	  .access = REG_WO,
	  .write = write_emergency,
	  .help = "a character for the console, at any time" },
	{ 0 },
};

static int console_create(struct device *dev, struct error *err)
{
	struct console *c = (struct console *)dev;

	for (unsigned i = 0; i < PORTS; i++) {
		c->ports[i].c = c;
		c->ports[i].index = i;
	}
	return virtio_create(&c->v, &model, 2 + 2 * PORTS, QUEUE_SIZE, err);
}

static void console_destroy(struct device *dev)
{
	struct console *c = (struct console *)dev;

	/* The ports go while the thread's loop is there to be posted to, and does not run. */
	pthread_mutex_lock(&dev->lock);
	virtio_reset(dev);
	pthread_mutex_unlock(&dev->lock);
	worker_stop(&c->v.worker);
	for (unsigned i = 0; i < PORTS; i++)
		charport_close(&c->ports[i].host);
	virtio_destroy(&c->v);
}

static void console_describe(struct device *dev, struct strbuf *out)
{
	struct console *c = (struct console *)dev;

	for (unsigned i = 0; i < PORTS; i++) {
		const struct port *p = &c->ports[i];
		const char *peer;

		if (!p->exists)
			continue;
		pthread_mutex_lock(&dev->lock);
		peer = charport_peer(&p->host);
		strbuf_printf(out, "port %u%s%s: %s, %s; %u bytes wait for the guest\n", i,
			      p->name[0] ? ", " : "", p->name, peer ? peer : "none",
			      p->connected ? "with a peer" : "without a peer", p->used);
		pthread_mutex_unlock(&dev->lock);
	}
	virtio_describe(dev, out);
}

static int console_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class virtio_console = {
	.name = "virtio-console",
	.stem = "console",
	.help = "virtio console (hvc0), and ports with names",
	.size = sizeof(struct console),
	.space = VIRTIO_SPACE_SIZE,
	.regs = console_regs,
	.add = console_add,
	.create = console_create,
	.destroy = console_destroy,
	.reset = virtio_reset,
	.describe = console_describe,
};
DEVICE_CLASS(virtio_console);

/* ---- options ---- */

static int open_port(struct port *p, const char *dev, const char *name, struct error *err)
{
	struct device *card = &p->c->v.dev;

	if (name && (!*name || strlen(name) > PORT_NAME_MAX))
		return error_set(err, -EINVAL,
				 "-device virtio-console: a port's name has 1 to %d characters",
				 PORT_NAME_MAX);
	if (name)
		memcpy(p->name, name, strlen(name) + 1);
	snprintf(p->label, sizeof(p->label), "%s port %u", card->name, p->index);
	p->exists = true;
	return charport_open(&p->host, card->m, p->label, &card->lock,
			     dev && strcmp(dev, "none") != 0 ? dev : NULL, NULL, &port_ops, p, err);
}

/* portN=DEV and nameN=NAME. */
static int open_ports(struct console *c, struct optlist *opts, struct error *err)
{
	int ret = open_port(&c->ports[0], optlist_get(opts, "chardev"), NULL, err);

	for (unsigned i = 1; !ret && i < PORTS; i++) {
		char port_key[8], name_key[8];
		const char *dev, *name;

		snprintf(port_key, sizeof(port_key), "port%u", i);
		snprintf(name_key, sizeof(name_key), "name%u", i);
		dev = optlist_get(opts, port_key);
		name = optlist_get(opts, name_key);
		if (dev)
			ret = open_port(&c->ports[i], dev, name, err);
		else if (name)
			ret = error_set(err, -EINVAL, "-device virtio-console: %s without %s=DEV",
					name_key, port_key);
	}
	return ret;
}

static int console_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct console *c = (struct console *)device_new(m, &virtio_console, -1, err);
	int ret = c ? open_ports(c, opts, err) : -EIO;

	if (ret)
		return ret;
	c->v.offered |= VIRTIO_BIT(VIRTIO_CONSOLE_F_MULTIPORT) |
			VIRTIO_BIT(VIRTIO_CONSOLE_F_EMERG_WRITE);
	return virtio_add(&c->v, sizeof(struct virtio_console_config), opts, err);
}
