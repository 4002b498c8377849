/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chardevs without descriptors: a test feeds what the peer types and reads what it is sent.
 */
#ifndef TESTS_UNIT_MON_FAKE_CHARDEV_H
#define TESTS_UNIT_MON_FAKE_CHARDEV_H

#include "hv/chardev.h"
#include "hv/strbuf.h"

struct chardev {
	const struct chardev_handler *handler;
	void *opaque;
	struct strbuf out;
	bool tty;
	bool closed; /* by its user; the test frees it with fake_chardev_free() */
	unsigned cols, rows;
	size_t queued; /* what chardev_queued() says */
	int next_fd;   /* that chardev_take_fd() gives; -1: none */
};

struct chardev *fake_chardev_create(bool tty);
/* A client of the endpoint "fake", of which one can be open. */
struct chardev *fake_endpoint_connect(void);
void fake_chardev_free(struct chardev *cd);
/* The peer types. */
void fake_chardev_feed(struct chardev *cd, const void *data, size_t len);
/* Another user of the mux has written. */
void fake_chardev_aside(struct chardev *cd, const char *text);
/* The keyboard comes or goes, as it does for users of a mux. */
void fake_chardev_focus(struct chardev *cd, bool has_it);
/* The peer has taken all: chardev_queued() is 0 from now on. */
void fake_chardev_drain(struct chardev *cd);
/* The peer goes away. */
void fake_chardev_hangup(struct chardev *cd);

#endif
