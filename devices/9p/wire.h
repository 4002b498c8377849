/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes of 9P messages: a cursor over a request, and one over a reply. Integers are little-endian,
 * a string is a length of 16 bits and that many bytes, without a zero. (9P2000, intro(5))
 *
 * Errors stay in the cursor, so that a handler takes all fields and looks once.
 */
#ifndef DEVICES_9P_WIRE_H
#define DEVICES_9P_WIRE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request's fields. What is taken behind the first error is 0 and "". */
struct p9_in {
	const uint8_t *p;
	size_t left;
	int error; /* 0; -EBADMSG: it ended too early; -EINVAL, -ENAMETOOLONG: a string is wrong */
};

uint8_t p9_take8(struct p9_in *in);
uint16_t p9_take16(struct p9_in *in);
uint32_t p9_take32(struct p9_in *in);
uint64_t p9_take64(struct p9_in *in);
/* With a zero behind it, into @size bytes. A zero inside is -EINVAL. */
void p9_take_string(struct p9_in *in, char *to, size_t size);
/* One name in a directory, to be made or removed: not empty, no slash, neither "." nor "..". */
void p9_take_name(struct p9_in *in, char to[NAME_MAX + 1]);

/* A reply's fields. */
struct p9_out {
	uint8_t *p;
	size_t len, room;
	bool full; /* something had no room */
};

void p9_put8(struct p9_out *out, uint8_t value);
void p9_put16(struct p9_out *out, uint16_t value);
void p9_put32(struct p9_out *out, uint32_t value);
void p9_put64(struct p9_out *out, uint64_t value);
void p9_put_string(struct p9_out *out, const char *text);

#endif
