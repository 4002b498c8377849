/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's end of a connection to a monitor's socket: lines out, messages in (remote.h). */
#ifndef MONITOR_REMOTE_LINK_H
#define MONITOR_REMOTE_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "hv/error.h"
#include "hv/strbuf.h"

struct remote_link {
	int fd;
	struct strbuf in; /* what came and was not taken yet, from @pos on */
	size_t pos;
	bool over; /* the other side has closed, or talks nonsense */
	bool nonsense;
};

struct remote_message {
	char kind;
	const char *text; /* in the link, until the next call; terminated */
	size_t len;
};

/*
 * Connects to the UNIX socket @path or to "tcp:HOST:PORT", and says hello, with @wishes ("tty
 * colour"). A UNIX socket of somebody else's is refused. Errors: negative errno with a sentence;
 * -ENOENT and -ECONNREFUSED: nobody is there.
 */
int remote_link_open(struct remote_link *link, const char *path, const char *wishes,
		     struct error *err);
void remote_link_close(struct remote_link *link);
/* One line; a line end is added. What the connection takes only later is waited for. -EPIPE. */
int remote_link_send(struct remote_link *link, const char *line);
/* Takes what has come from the connection, at most a little; false when nothing can come any more.
 */
bool remote_link_read(struct remote_link *link);
/* The next whole message of what has come. */
bool remote_link_next(struct remote_link *link, struct remote_message *msg);
/* Waits for a message, from the connection if need be; false: none within @ms (-1: ever), or over.
 */
bool remote_link_wait(struct remote_link *link, struct remote_message *msg, int ms);
/* The first message of this kind, ahead of others that came before it, which stay. */
bool remote_link_find(struct remote_link *link, char kind, struct strbuf *text, int ms);

#endif
