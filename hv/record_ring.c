// SPDX-License-Identifier: GPL-3.0-or-later
/* The ring without a lock: see record_ring.h. */
#include "hv/record_ring.h"

#include <stdlib.h>

struct record_ring {
	uint64_t next; /* atomic */
	unsigned slots, words;
	uint64_t cell[]; /* atomic: of each slot, its mark and the record's words */
};

struct record_ring *record_ring_create(unsigned slots, unsigned words)
{
	struct record_ring *ring =
		calloc(1, sizeof(*ring) + (size_t)slots * (words + 1) * sizeof(ring->cell[0]));

	if (ring) {
		ring->slots = slots;
		ring->words = words;
	}
	return ring;
}

void record_ring_free(struct record_ring *ring)
{
	free(ring);
}

static size_t slot_of(const struct record_ring *ring, uint64_t ticket)
{
	return (size_t)(ticket & (ring->slots - 1)) * (ring->words + 1);
}

/* Takes the slot; false: somebody is in it, or has been since the ticket was taken. */
static bool take(uint64_t *mark, uint64_t ticket)
{
	uint64_t seen = __atomic_load_n(mark, __ATOMIC_RELAXED);

	return !(seen & 1) && seen <= 2 * ticket &&
	       __atomic_compare_exchange_n(mark, &seen, 2 * ticket + 1, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

void record_ring_put(struct record_ring *ring, const uint64_t *record)
{
	uint64_t ticket = __atomic_fetch_add(&ring->next, 1, __ATOMIC_RELAXED);
	uint64_t *cell = &ring->cell[slot_of(ring, ticket)];

	if (!take(cell, ticket))
		return;
	/* Each store is a release, so that no reader sees a word without the odd mark before it. */
	for (unsigned i = 0; i < ring->words; i++)
		__atomic_store_n(&cell[1 + i], record[i], __ATOMIC_RELEASE);
	__atomic_store_n(cell, 2 * ticket + 2, __ATOMIC_RELEASE);
}

uint64_t record_ring_next(const struct record_ring *ring)
{
	return __atomic_load_n(&ring->next, __ATOMIC_ACQUIRE);
}

unsigned record_ring_slots(const struct record_ring *ring)
{
	return ring->slots;
}

bool record_ring_get(const struct record_ring *ring, uint64_t ticket, uint64_t *record)
{
	const uint64_t *cell = &ring->cell[slot_of(ring, ticket)];

	if (__atomic_load_n(cell, __ATOMIC_ACQUIRE) != 2 * ticket + 2)
		return false;
	for (unsigned i = 0; i < ring->words; i++)
		record[i] = __atomic_load_n(&cell[1 + i], __ATOMIC_ACQUIRE);
	return __atomic_load_n(cell, __ATOMIC_RELAXED) == 2 * ticket + 2;
}
