// SPDX-License-Identifier: GPL-3.0-or-later
/* Chardevs without descriptors: see fake_chardev.h. */
#include "tests/unit-mon/fake_chardev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct chardev *fake_chardev_create(bool tty)
{
	struct chardev *cd = calloc(1, sizeof(*cd));

	if (!cd)
		abort();
	cd->tty = tty;
	cd->next_fd = -1;
	cd->cols = 80;
	cd->rows = 24;
	return cd;
}

void fake_chardev_free(struct chardev *cd)
{
	strbuf_free(&cd->out);
	free(cd);
}

void fake_chardev_feed(struct chardev *cd, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len && !cd->closed && cd->handler) {
		size_t n = cd->handler->room ? cd->handler->room(cd->opaque) : len;

		if (!n)
			return;
		n = n < len ? n : len;
		cd->handler->input(cd->opaque, p, n);
		p += n;
		len -= n;
	}
}

void fake_chardev_aside(struct chardev *cd, const char *text)
{
	if (!cd->closed && cd->handler && cd->handler->aside)
		cd->handler->aside(cd->opaque, (const uint8_t *)text, strlen(text));
}

void fake_chardev_focus(struct chardev *cd, bool has_it)
{
	if (!cd->closed && cd->handler && cd->handler->focus)
		cd->handler->focus(cd->opaque, has_it);
}

void fake_chardev_drain(struct chardev *cd)
{
	cd->queued = 0;
	if (!cd->closed && cd->handler && cd->handler->drained)
		cd->handler->drained(cd->opaque);
}

void fake_chardev_hangup(struct chardev *cd)
{
	if (!cd->closed && cd->handler)
		cd->handler->closed(cd->opaque);
	cd->handler = NULL;
}

void chardev_set_handler(struct chardev *cd, const struct chardev_handler *handler, void *opaque)
{
	cd->handler = handler;
	cd->opaque = opaque;
}

int chardev_write(struct chardev *cd, const void *data, size_t len)
{
	strbuf_add(&cd->out, data, len);
	return 0;
}

size_t chardev_queued(const struct chardev *cd)
{
	return cd->queued;
}

void chardev_poll_input(struct chardev *cd)
{
	(void)cd;
}

void chardev_close(struct chardev *cd)
{
	cd->closed = true;
	cd->handler = NULL;
}

bool chardev_is_tty(const struct chardev *cd)
{
	return cd->tty;
}

void chardev_winsize(const struct chardev *cd, unsigned *cols, unsigned *rows)
{
	*cols = cd->cols;
	*rows = cd->rows;
}

const char *chardev_name(const struct chardev *cd)
{
	(void)cd;
	return "fake";
}

/* The one that is open, if it is. */
struct endpoint {
	void (*accept)(void *opaque, struct chardev *cd);
	void *opaque;
} fake_endpoint;

int endpoint_open(struct endpoint **out, struct loop *loop, const char *spec,
		  void (*accept)(void *opaque, struct chardev *cd), void *opaque, struct error *err)
{
	(void)loop;
	if (strcmp(spec, "fake") || fake_endpoint.accept)
		return error_set(err, -ENOTSUP, "no endpoint '%s' in tests", spec);
	fake_endpoint = (struct endpoint){ accept, opaque };
	*out = &fake_endpoint;
	return 0;
}

void endpoint_close(struct endpoint *ep)
{
	*ep = (struct endpoint){ 0 };
}

struct chardev *fake_endpoint_connect(void)
{
	struct chardev *cd = fake_chardev_create(false);

	fake_endpoint.accept(fake_endpoint.opaque, cd);
	return cd;
}

const char *endpoint_name(const struct endpoint *ep)
{
	(void)ep;
	return "fake";
}

bool endpoint_is_server(const struct endpoint *ep)
{
	(void)ep;
	return false;
}

void chardev_accept_fds(struct chardev *cd)
{
	(void)cd;
}

int chardev_take_fd(struct chardev *cd)
{
	int fd = cd->next_fd;

	cd->next_fd = -1;
	return fd;
}
