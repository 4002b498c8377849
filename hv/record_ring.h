/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ring of records of one size that any number of threads write without a lock, and any thread
 * reads meanwhile. The oldest give way to new ones.
 *
 *   next: tickets 0, 1, 2, …     place of a ticket: ticket % slots
 *   a slot's mark: 2 * ticket + 1 while it is written, 2 * ticket + 2 when it is whole
 *
 * A writer takes a ticket and then the slot, by its mark. It gives its record up when another one
 * is in the slot: that one came a whole round earlier and has not finished yet. A reader copies a
 * slot and looks at the mark before and afterwards.
 */
#ifndef HV_RECORD_RING_H
#define HV_RECORD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_ring;

/* @slots is a power of 2; a record has @words of 64 bits. NULL: no memory. */
struct record_ring *record_ring_create(unsigned slots, unsigned words);
void record_ring_free(struct record_ring *ring);

void record_ring_put(struct record_ring *ring, const uint64_t *record);
/* The ticket that the next record will have: those from it less the number of slots may be there.
 */
uint64_t record_ring_next(const struct record_ring *ring);
unsigned record_ring_slots(const struct record_ring *ring);
/* False: this one was overwritten, is not whole yet, or was given up. */
bool record_ring_get(const struct record_ring *ring, uint64_t ticket, uint64_t *record);

#endif
