/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The debugger's side of a session with the fake machine, for tests. */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "fake_chardev.h"
#include "fake_machine.h"
#include "gdbstub/gdbstub.h"

struct peer {
	struct machine *m;
	struct gdbstub *stub;
	struct chardev *cd;
	enum gdb_on_disconnect on_disconnect; /* before peer_open() */
};

/* A machine of two vCPUs and a stub on @dev. */
void peer_open(struct peer *p, const char *dev, enum run_state state);
/* The same, and a gdb that connected, agreed on everything and left acks behind. */
void peer_attach(struct peer *p, enum run_state state);
void peer_close(struct peer *p);

/* Sends "$PAYLOAD#cc". */
void peer_send(struct peer *p, const char *payload);
void peer_send_bytes(struct peer *p, const char *payload, size_t len);
void peer_raw(struct peer *p, const char *bytes);
/* All that came since, as it is. Valid until the next call. */
const char *peer_take(struct peer *p);
/*
 * The payload of the one frame that came; "(none)" when nothing came, "(more)" when it was
 * not one frame. Checks the checksum, expands runs. Valid until the next call.
 */
const char *peer_reply(struct peer *p);
/* Both. */
const char *peer_ask(struct peer *p, const char *payload);

#endif
