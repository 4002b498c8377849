/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of the 9P server for tests, and a directory of its own to look at from the host's side.
 */
#ifndef TESTS_UNIT_VIRTIO_P9_CLIENT_H
#define TESTS_UNIT_VIRTIO_P9_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "devices/9p/protocol.h"
#include "devices/9p/server.h"
#include "devices/9p/wire.h"

#define NOFID UINT32_MAX

/* DIR/outside, a file; DIR/share, what is shared: "file" ("hello"), "dir/inner" ("inner"), "link"
 * to "file", "out" to "..", "fifo". */
extern char p9_dir[64];
/* The path below DIR/share, until the call after the next. */
const char *p9_host(const char *path);
void p9_make_dir(void);
void p9_remove_dir(void);

/* One message; @fields has a letter for each argument: 1, 2, 4, 8 bytes of a number (an int, or a
 * uint64_t for 8), s: a string. Its length. */
size_t p9_message(uint8_t *to, uint8_t type, const char *fields, ...);

/* @p9_server is the one; made by p9_open_server(), with the version agreed and fid 0 attached. */
extern struct p9 *p9_server;
void p9_open_server(bool readonly);
void p9_close_server(void);
/* The reply's error, 0 when it was done; then the fields are in @p9_reply. */
int p9_call(uint8_t type, const char *fields, ...);
extern struct p9_in p9_reply;
/* Walks from fid 0 to names of one directory each, "dir/inner", as @fid. */
int p9_walk_to(unsigned fid, const char *path);

#endif
