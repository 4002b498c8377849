/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `vitrine monitor`: somebody else's monitor, reached over its socket, with readline at this end.
 *
 *   keys --> readline --a line--> socket ==> the machine's process: a console as any other
 *   terminal <-- screen <-- messages (remote.h) <==
 */
#ifndef MONITOR_CLIENT_H
#define MONITOR_CLIENT_H

#include "monitor/remote_link.h"

/*
 * A person at the terminal of stdin and stdout, until Ctrl-D or the machine's end. @name is what
 * the machine is called in messages. Returns the exit status of the program, and leaves the
 * terminal as it was. Takes over @link.
 */
int client_terminal(struct remote_link *link, const char *name);

/* Where a batch gets its next line; NULL: that was the last. */
struct client_lines {
	const char *(*next)(struct client_lines *lines);
};
/*
 * Runs one line after the other, each when the one before it is done. What they say goes to
 * standard output; the first that fails ends it, is told on standard error, and gives status 1.
 */
int client_batch(struct remote_link *link, const char *name, struct client_lines *lines);

#endif
