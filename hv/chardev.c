// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Chardevs and endpoints: see chardev.h. The table of DEV kinds, and what all
 * streams have in common; each kind is in a file of its own.
 */
#include "hv/chardev_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int open_none(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err)
{
	(void)ep;
	(void)arg;
	(void)err;
	*cd = NULL;
	return 0;
}

static const struct endpoint_kind kinds[] = {
	{ "stdio", .exact = true, .open = chardev_stdio_open },
	{ "pty", .exact = true, .open = chardev_pty_open },
	{ "none", .exact = true, .open = open_none },
	{ "unix:", .server = true, .open = chardev_unix_open, .close = chardev_server_close },
	{ "tcp:", .server = true, .open = chardev_tcp_open, .close = chardev_server_close },
	{ "file:", .open = chardev_file_open },
	{ "/dev/", .keep = true, .open = chardev_line_open },
};

static const struct endpoint_kind *find_kind(const char *spec, const char **arg)
{
	const struct endpoint_kind *kind;
	size_t i, len;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kind = &kinds[i];
		len = strlen(kind->prefix);
		if (strncmp(spec, kind->prefix, len) || (kind->exact && spec[len]))
			continue;
		*arg = kind->keep ? spec : spec + len;
		return kind;
	}
	return NULL;
}

/*
 * A write to a pipe or a serial line whose other end is gone must be an error
 * and not the end of the program; only sockets have a flag for that.
 */
static void ignore_sigpipe(void)
{
	signal(SIGPIPE, SIG_IGN);
}

int endpoint_open(struct endpoint **out, struct loop *loop, const char *spec,
		  void (*accept)(void *opaque, struct chardev *cd), void *opaque, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct chardev *cd = NULL;
	struct endpoint *ep;
	const char *arg;
	int ret;

	pthread_once(&once, ignore_sigpipe);
	ep = calloc(1, sizeof(*ep));
	if (!ep)
		return error_set(err, -ENOMEM, "cannot open %s: out of memory", spec);
	ep->loop = loop;
	ep->accept = accept;
	ep->opaque = opaque;
	ep->fd = -1;
	ep->spare_fd = -1;
	ep->kind = find_kind(spec, &arg);
	if (!ep->kind) {
		ret = error_set(err, -EINVAL,
				"'%.100s' is no device: use stdio, unix:PATH, tcp:HOST:PORT, "
				"/dev/…, file:PATH, pty or none",
				spec);
		goto err_free;
	}
	ret = ep->kind->open(ep, arg, &cd, err);
	if (ret < 0)
		goto err_free;
	if (!ep->name)
		ep->name = strdup(spec);
	if (!ep->name) {
		ret = error_set(err, -ENOMEM, "cannot open %s: out of memory", spec);
		goto err_close;
	}
	*out = ep;
	if (cd)
		accept(opaque, cd);
	return 0;

err_close:
	if (cd)
		chardev_close(cd);
	if (ep->kind->close)
		ep->kind->close(ep);
err_free:
	free(ep->name);
	free(ep);
	return ret;
}

void endpoint_close(struct endpoint *ep)
{
	if (!ep)
		return;
	if (ep->kind->close)
		ep->kind->close(ep);
	free(ep->name);
	free(ep);
}

const char *endpoint_name(const struct endpoint *ep)
{
	return ep->name;
}

bool endpoint_is_server(const struct endpoint *ep)
{
	return ep->kind->server;
}

void chardev_set_handler(struct chardev *cd, const struct chardev_handler *handler, void *opaque)
{
	cd->handler = handler;
	cd->taken = true;
	cd->opaque = opaque;
	cd->ops->poll_input(cd);
}

int chardev_write(struct chardev *cd, const void *data, size_t len)
{
	return cd->ops->write(cd, data, len);
}

size_t chardev_queued(const struct chardev *cd)
{
	/* The operation takes the stream's lock, which is no change that a caller sees. */
	return cd->ops->queued((struct chardev *)cd);
}

void chardev_poll_input(struct chardev *cd)
{
	cd->ops->poll_input(cd);
}

void chardev_close(struct chardev *cd)
{
	if (cd)
		cd->ops->close(cd);
}

bool chardev_is_tty(const struct chardev *cd)
{
	return cd->ops->is_tty(cd);
}

void chardev_winsize(const struct chardev *cd, unsigned *cols, unsigned *rows)
{
	cd->ops->winsize(cd, cols, rows);
}

void chardev_accept_fds(struct chardev *cd)
{
	if (cd->ops->accept_fds)
		cd->ops->accept_fds(cd);
}

int chardev_take_fd(struct chardev *cd)
{
	return cd->ops->take_fd ? cd->ops->take_fd(cd) : -1;
}

const char *chardev_name(const struct chardev *cd)
{
	return cd->name;
}
