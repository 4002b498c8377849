/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hv/chardev.h without descriptors: a test is the peer, and everything
 * happens at once. An endpoint whose DEV begins with '/' is a line that is
 * there from the start; every other one is a server.
 */
#ifndef TESTS_FAKE_CHARDEV_H
#define TESTS_FAKE_CHARDEV_H

#include "hv/chardev.h"
#include "hv/strbuf.h"

struct chardev {
	const struct chardev_handler *handler;
	void *opaque;
	struct strbuf sent; /* what was written to the peer */
	bool closed;	    /* chardev_close() was called */
};

/* The endpoint that was opened last. */
extern struct endpoint *fake_endpoint;
/* A client connects. fake_chardev_free() it. */
struct chardev *fake_connect(void);
/* The stream of an endpoint that is no server. */
struct chardev *fake_line(void);
void fake_input(struct chardev *cd, const void *data, size_t len);
/* The peer is gone. */
void fake_hang_up(struct chardev *cd);
void fake_chardev_free(struct chardev *cd);

#endif
