/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UNIX sockets that are the user's own: whoever reaches one owns the guest, so its file has mode
 * 0600 from the moment it has a name, and a client's user is looked at again (SO_PEERCRED), because
 * the file's mode says nothing about a descriptor that was handed on.
 */
#ifndef HV_SOCKET_FILE_H
#define HV_SOCKET_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "hv/error.h"

/* The name of a socket, with what it was when made. Zeroed: none. */
struct socket_file {
	char *path;
	dev_t dev;
	ino_t ino;
};

/*
 * A stream socket, not blocking, that has @path for its name and does not listen yet: the caller's.
 * A socket there that nobody listens on is replaced; anything else is refused, with a sentence.
 */
int socket_file_bind(struct socket_file *f, const char *path, struct error *err);
/* Removes our own file, and not one that somebody put in its place. Safe on a zeroed one. */
void socket_file_remove(struct socket_file *f);
/* A client of another user's is to be turned away; root may do what it likes anyway. */
bool socket_client_allowed(int fd);

#endif
