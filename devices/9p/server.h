/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A server of 9P2000.L for one directory of the host.
 *
 *   request, size[4] type[1] tag[2] … --> messages.c --> handler of its type --> reply
 *                                                          | fids.c: number -> path, open file
 *                                                          v
 *                                                        path.c: openat2() below the directory
 *
 * The client is not trusted. It never gets out of the directory: every path is resolved by the
 * kernel with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, symbolic links are the client's own to
 * follow, and no device, FIFO or socket of the host is opened. What it can hold is bounded: fids,
 * open files, bytes of paths, bytes of a message.
 *
 * Files belong to who runs the program. What the client says of owners is tried, and not insisted
 * on.
 *
 * Sources: 9P2000, intro(5) of Plan 9; 9P2000.L, the diod project's protocol.md; the message
 * numbers and constants, include/net/9p/9p.h of Linux.
 */
#ifndef DEVICES_9P_SERVER_H
#define DEVICES_9P_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

struct p9;

#define P9_MESSAGE_MAX (512u << 10) /* bytes, of a request and of a reply */
#define P9_HEADER      7u	    /* size[4] type[1] tag[2] */
#define P9_REPLY_MIN   11u	    /* what an error needs */

/* What it has done and holds. */
struct p9_counts {
	uint64_t requests, errors;
	uint64_t bytes_read, bytes_written; /* of files */
	uint32_t fids, files;		    /* now */
};

/* @name is for traces and stays valid. Negative with a sentence. */
int p9_create(struct p9 **server, const char *name, const char *dir, bool readonly,
	      struct error *err);
void p9_destroy(struct p9 *s);

/*
 * Does one request of @len bytes, P9_HEADER or more. The reply has at most @room bytes,
 * P9_REPLY_MIN or more; its length. One thread at a time; it may take as long as the host's file
 * system does.
 */
size_t p9_handle(struct p9 *s, const uint8_t *request, size_t len, uint8_t *reply, size_t room);
/* Forgets every fid, as a new session does. The thread of p9_handle(). */
void p9_reset(struct p9 *s);
/* Any thread. */
void p9_get_counts(const struct p9 *s, struct p9_counts *counts);

#endif
