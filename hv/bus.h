/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The buses: which device answers at a port or a guest-physical address.
 *
 * One struct bus each for PIO and MMIO. Accesses arrive on vCPU threads; the
 * bus takes the range's lock (the device's own) around the callbacks, so a
 * device is never entered twice at the same time.
 *
 * Lock order: the bus's, then a range's. A callback therefore never calls
 * bus_add() or bus_remove().
 */
#ifndef HV_BUS_H
#define HV_BUS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct bus_range {
	const char *name; /* for people: "serial0" */
	uint64_t base;
	uint64_t len;
	/* Bytes from base on that an access which begins in the range may take whole, even if they
	 * are past its end (a 32-bit register with another's byte inside); 0: len. */
	uint64_t reach;
	pthread_mutex_t *lock; /* taken around read and write; never NULL */
	/* @off is relative to base; @size 1, 2, 4 or 8 and inside the range. NULL: all ones, no
	 * effect. */
	uint64_t (*read)(void *opaque, uint64_t off, unsigned size);
	void (*write)(void *opaque, uint64_t off, unsigned size, uint64_t value);
	/* The same without side effects, for debuggers; NULL: reads as all ones. */
	uint64_t (*peek)(void *opaque, uint64_t off, unsigned size);
	void *opaque;
	struct bus_range *next; /* the bus's own */
};

/*
 * What a callback wants done and must not do itself: changes of the buses. It is done after
 * an access, with no lock held, on the thread of the access; when the access that
 * wanted it returns, it is done, whoever did it.
 */
struct bus_after {
	pthread_mutex_t lock;
	unsigned wanted, done; /* atomic; equal: nothing to do */
	void (*fn)(void *opaque);
	void *opaque;
};
void bus_after_init(struct bus_after *after, void (*fn)(void *opaque), void *opaque);
void bus_after_destroy(struct bus_after *after);
/* Any thread, in a callback. */
void bus_after_want(struct bus_after *after);

struct bus {
	const char *name; /* "pio" or "mmio" */
	pthread_rwlock_t lock;
	struct bus_range *ranges; /* sorted by base */
	uint64_t limit;		  /* first address past the bus */
	struct bus_after *after;  /* NULL: nobody changes the bus from a callback */
};

void bus_init(struct bus *bus, const char *name, uint64_t limit);
/* -EBUSY when it overlaps another range, -EINVAL when it is empty or past the limit. @range stays
 * the caller's. Any thread. */
int bus_add(struct bus *bus, struct bus_range *range);
/* When it returns, no callback of @range runs nor will. Nothing happens when it is not on the bus.
 */
void bus_remove(struct bus *bus, struct bus_range *range);

/*
 * One access of 1, 2, 4 or 8 bytes; any other size is answered by nobody. An
 * address nobody answers reads as all ones and swallows writes, as on a PC; the
 * return value says whether there was somebody. The first byte's address
 * decides who answers: a 32-bit write to 0xcf8 is none to a device at 0xcf9.
 * An access that runs past the end of that range is split to bytes. Any thread.
 */
bool bus_read(struct bus *bus, uint64_t addr, unsigned size, uint64_t *value);
bool bus_write(struct bus *bus, uint64_t addr, unsigned size, uint64_t value);
bool bus_peek(struct bus *bus, uint64_t addr, unsigned size, uint64_t *value);

/* Calls @fn for each range in order of address; stops when it returns false. */
void bus_for_each(struct bus *bus, bool (*fn)(void *opaque, const struct bus_range *range),
		  void *opaque);

#endif
