// SPDX-License-Identifier: GPL-3.0-or-later
/* Streams without descriptors: see fake_chardev.h. */
#include "fake_chardev.h"

#include <stdlib.h>
#include <string.h>

struct endpoint {
	char name[128];
	bool server;
	void (*accept)(void *opaque, struct chardev *cd);
	void *opaque;
	struct chardev *line;
};

struct endpoint *fake_endpoint;

static struct chardev *new_stream(void)
{
	struct chardev *cd = calloc(1, sizeof(*cd));

	if (!cd)
		abort();
	return cd;
}

int endpoint_open(struct endpoint **out, struct loop *loop, const char *spec,
		  void (*accept)(void *opaque, struct chardev *cd), void *opaque, struct error *err)
{
	struct endpoint *ep;

	(void)loop;
	if (!strcmp(spec, "wrong"))
		return error_set(err, -22, "no such device");
	ep = calloc(1, sizeof(*ep));
	if (!ep)
		abort();
	strncpy(ep->name, spec, sizeof(ep->name) - 1);
	ep->server = spec[0] != '/';
	ep->accept = accept;
	ep->opaque = opaque;
	*out = fake_endpoint = ep;
	if (!ep->server) {
		ep->line = new_stream();
		accept(opaque, ep->line);
	}
	return 0;
}

void endpoint_close(struct endpoint *ep)
{
	if (ep->line)
		fake_chardev_free(ep->line);
	free(ep);
	fake_endpoint = NULL;
}

const char *endpoint_name(const struct endpoint *ep)
{
	return ep->name;
}

bool endpoint_is_server(const struct endpoint *ep)
{
	return ep->server;
}

void chardev_set_handler(struct chardev *cd, const struct chardev_handler *handler, void *opaque)
{
	cd->handler = handler;
	cd->opaque = opaque;
}

int chardev_write(struct chardev *cd, const void *data, size_t len)
{
	strbuf_add(&cd->sent, data, len);
	return 0;
}

void chardev_close(struct chardev *cd)
{
	cd->closed = true;
	cd->handler = NULL;
}

const char *chardev_name(const struct chardev *cd)
{
	(void)cd;
	return "a client of the test";
}

struct chardev *fake_connect(void)
{
	struct chardev *cd = new_stream();

	fake_endpoint->accept(fake_endpoint->opaque, cd);
	return cd;
}

struct chardev *fake_line(void)
{
	return fake_endpoint->line;
}

void fake_input(struct chardev *cd, const void *data, size_t len)
{
	if (cd->handler)
		cd->handler->input(cd->opaque, data, len);
}

void fake_hang_up(struct chardev *cd)
{
	if (cd->handler)
		cd->handler->closed(cd->opaque);
	cd->handler = NULL;
}

void fake_chardev_free(struct chardev *cd)
{
	strbuf_free(&cd->sent);
	free(cd);
}
