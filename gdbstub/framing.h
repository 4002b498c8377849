/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames of the GDB remote protocol (GDB manual, "Overview" of the remote
 * protocol): bytes in, packets out, without a socket in sight.
 *
 *        '$'            '#'          hex          hex
 *   IDLE ----> PAYLOAD ----> SUM_HI ----> SUM_LO ----> IDLE, one frame
 *
 * Between frames '+', '-' and 0x03 are frames by themselves; everything else
 * there is rubbish and is skipped. A '$' inside a frame begins a new one: that
 * is how the parser finds its feet after bytes were lost.
 */
#ifndef GDBSTUB_FRAMING_H
#define GDBSTUB_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/strbuf.h"

/* What is told to gdb as PacketSize: the longest payload, both ways, in bytes. */
#ifndef GDB_PACKET_MAX /* the fuzzers have a smaller one, to come to its end and to be fast */
#define GDB_PACKET_MAX 0x20000
#endif

enum gdb_frame {
	GDB_FRAME_NONE,	     /* all bytes are used up, no frame is complete */
	GDB_FRAME_PACKET,    /* payload in buf, len */
	GDB_FRAME_BAD_SUM,   /* a packet whose checksum is wrong */
	GDB_FRAME_TOO_LONG,  /* a packet that is longer than GDB_PACKET_MAX; its payload is dropped
			      */
	GDB_FRAME_INTERRUPT, /* 0x03, Ctrl-C */
	GDB_FRAME_ACK,
	GDB_FRAME_NACK,
	GDB_FRAME_RUBBISH, /* bytes outside of a packet were skipped */
	GDB_FRAME_COUNT,
};

enum gdb_framer_state {
	GDB_FRAMER_IDLE,
	GDB_FRAMER_PAYLOAD,
	GDB_FRAMER_SUM_HI,
	GDB_FRAMER_SUM_LO,
};

struct gdb_framer {
	enum gdb_framer_state state;
	bool escaped; /* the next byte of the payload is xored with 0x20 */
	bool too_long;
	uint8_t sum, told; /* computed, and as the peer says */
	size_t len;
	char buf[GDB_PACKET_MAX + 1]; /* unescaped payload, terminated; valid until the next call */
};

void gdb_framer_reset(struct gdb_framer *f);
/*
 * Eats bytes up to the end of the next frame and says in @what which it was.
 * Returns how many were eaten; call it again with the rest.
 */
size_t gdb_framer_feed(struct gdb_framer *f, const uint8_t *data, size_t len, enum gdb_frame *what);

/* Appends "$PAYLOAD#cc". @payload is escaped already where it has to be. */
void gdb_frame_put(struct strbuf *out, const char *payload, size_t len);
/* The same as "%PAYLOAD#cc", a notification: nobody acknowledges it. */
void gdb_frame_put_notification(struct strbuf *out, const char *payload, size_t len);
/*
 * The same with runs of one character squeezed ("0* " is 0000): for slow lines, where it halves
 * what a stop costs, and for registers and much memory, which gdb reads character by character.
 * GDB manual, "Overview", run-length encoding.
 */
void gdb_frame_put_squeezed(struct strbuf *out, const char *payload, size_t len);

#endif
