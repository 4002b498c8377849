/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the card does to frames in the driver's place: checksums, and the headers of segments
 * (chapter 3.5 for segmentation, 3.2.9 and 3.3.5 for checksums). Bytes in, bytes out: these know no
 * device. Offsets come from a driver and may be anything.
 */
#ifndef DEVICES_E1000_OFFLOAD_H
#define DEVICES_E1000_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a context descriptor says (3.3.6). */
struct e1000_context {
	uint8_t ipcss, ipcso, tucss, tucso; /* where sums start, and where they go */
	uint16_t ipcse, tucse;		    /* their last byte; 0: the frame's end */
	uint32_t paylen;
	uint8_t cmd; /* TUCMD_… */
	uint8_t hdrlen;
	uint16_t mss;
};

struct e1000_context e1000_context_parse(uint64_t first, uint32_t second, uint32_t third);

/* One's complement sum of big-endian words, carried on from @sum; an odd byte is a high one. */
uint32_t e1000_sum(const uint8_t *p, size_t len, uint32_t sum);
uint16_t e1000_fold(uint32_t sum);

/*
 * The sum from @start to @end (its last byte; 0: the frame's end) goes, inverted, to @at. What is
 * at @at counts: a driver leaves the pseudo header's sum there. Nothing when that is not in the
 * frame.
 */
void e1000_insert_sum(uint8_t *frame, size_t len, size_t start, size_t end, size_t at);

/* A frame's header becomes that of segment @n, whose payload is @payload bytes from @sent on. */
struct e1000_segment {
	unsigned n;
	uint32_t sent, payload;
	bool last;
};
void e1000_make_segment(uint8_t *frame, size_t len, const struct e1000_context *c,
			const struct e1000_segment *s);

/* The check sequence as it is on the wire, least significant byte first. */
uint32_t e1000_fcs(const uint8_t *p, size_t len);

/* What the card finds out about the sums of a frame that it receives. */
struct e1000_sums {
	bool ip, ip_ok; /* it has a header of IPv4 */
	bool tu, tu_ok; /* … and TCP or UDP whose sum can be checked */
};
/* @at: where the type field of the frame is, which a tag moves. */
struct e1000_sums e1000_check_sums(const uint8_t *frame, size_t len, size_t at);

#endif
