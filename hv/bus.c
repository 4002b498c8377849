// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The buses: see bus.h.
 *
 * A bus is a list of ranges sorted by address, read far more often than it is
 * changed. A PC has a dozen of them, so a walk costs less than the exit that
 * led to it. The reader's lock is held over the callback: a range that
 * bus_remove() took away is in no callback any more.
 */
#include "hv/bus.h"

#include <errno.h>
#include <stddef.h>

enum bus_op { BUS_READ, BUS_WRITE, BUS_PEEK };

void bus_init(struct bus *bus, const char *name, uint64_t limit)
{
	bus->name = name;
	bus->ranges = NULL;
	bus->limit = limit;
	bus->after = NULL;
	pthread_rwlock_init(&bus->lock, NULL);
}

void bus_after_init(struct bus_after *after, void (*fn)(void *opaque), void *opaque)
{
	*after = (struct bus_after){ .fn = fn, .opaque = opaque };
	pthread_mutex_init(&after->lock, NULL);
}

void bus_after_destroy(struct bus_after *after)
{
	pthread_mutex_destroy(&after->lock);
}

void bus_after_want(struct bus_after *after)
{
	__atomic_add_fetch(&after->wanted, 1, __ATOMIC_SEQ_CST);
}

/* `done` follows when the work is finished, so that who wanted it does not go on before. */
static void do_after(struct bus_after *after)
{
	unsigned wanted;

	if (__atomic_load_n(&after->wanted, __ATOMIC_SEQ_CST) ==
	    __atomic_load_n(&after->done, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&after->lock);
	wanted = __atomic_load_n(&after->wanted, __ATOMIC_SEQ_CST);
	if (wanted != after->done) {
		after->fn(after->opaque);
		__atomic_store_n(&after->done, wanted, __ATOMIC_SEQ_CST);
	}
	pthread_mutex_unlock(&after->lock);
}

int bus_add(struct bus *bus, struct bus_range *range)
{
	struct bus_range **at;
	int ret = 0;

	if (!range->len || range->base >= bus->limit || range->len > bus->limit - range->base)
		return -EINVAL;
	pthread_rwlock_wrlock(&bus->lock);
	for (at = &bus->ranges; *at && (*at)->base < range->base; at = &(*at)->next)
		if (range->base - (*at)->base < (*at)->len)
			ret = -EBUSY;
	if (*at && (*at)->base - range->base < range->len)
		ret = -EBUSY;
	if (!ret) {
		range->next = *at;
		*at = range;
	}
	pthread_rwlock_unlock(&bus->lock);
	return ret;
}

void bus_remove(struct bus *bus, struct bus_range *range)
{
	struct bus_range **at;

	pthread_rwlock_wrlock(&bus->lock);
	for (at = &bus->ranges; *at; at = &(*at)->next) {
		if (*at == range) {
			*at = range->next;
			range->next = NULL;
			break;
		}
	}
	pthread_rwlock_unlock(&bus->lock);
}

/* The reader's lock is held. */
static struct bus_range *bus_find(struct bus *bus, uint64_t addr)
{
	struct bus_range *r;

	for (r = bus->ranges; r && r->base <= addr; r = r->next)
		if (addr - r->base < r->len)
			return r;
	return NULL;
}

static uint64_t size_mask(unsigned size)
{
	return size >= 8 ? UINT64_MAX : (1ull << (size * 8)) - 1;
}

static void range_access(struct bus_range *r, enum bus_op op, uint64_t off, unsigned size,
			 uint64_t *value)
{
	uint64_t mask = size_mask(size);

	pthread_mutex_lock(r->lock);
	switch (op) {
	case BUS_READ:
		*value = r->read ? r->read(r->opaque, off, size) & mask : mask;
		break;
	case BUS_WRITE:
		if (r->write)
			r->write(r->opaque, off, size, *value & mask);
		break;
	case BUS_PEEK:
		*value = r->peek ? r->peek(r->opaque, off, size) & mask : mask;
		break;
	}
	pthread_mutex_unlock(r->lock);
}

/* The access runs past the end of the range that it starts in: byte by byte, as an 8-bit card sees
 * it. */
static void split_access(struct bus *bus, enum bus_op op, uint64_t addr, unsigned size,
			 uint64_t *value)
{
	uint64_t all = 0;
	unsigned i;

	for (i = 0; i < size; i++) {
		uint64_t byte = op == BUS_WRITE ? *value >> (i * 8) & 0xff : 0xff;
		struct bus_range *r = addr + i < addr ? NULL : bus_find(bus, addr + i);

		if (r)
			range_access(r, op, addr + i - r->base, 1, &byte);
		all |= byte << (i * 8);
	}
	if (op != BUS_WRITE)
		*value = all;
}

static bool bus_access(struct bus *bus, enum bus_op op, uint64_t addr, unsigned size,
		       uint64_t *value)
{
	struct bus_range *r;

	if (op != BUS_WRITE)
		*value = size_mask(size);
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	pthread_rwlock_rdlock(&bus->lock);
	r = bus_find(bus, addr);
	if (r && size <= (r->reach ? r->reach : r->len) - (addr - r->base))
		range_access(r, op, addr - r->base, size, value);
	else if (r)
		split_access(bus, op, addr, size, value);
	pthread_rwlock_unlock(&bus->lock);
	if (bus->after && op != BUS_PEEK)
		do_after(bus->after);
	return r;
}

bool bus_read(struct bus *bus, uint64_t addr, unsigned size, uint64_t *value)
{
	return bus_access(bus, BUS_READ, addr, size, value);
}

bool bus_write(struct bus *bus, uint64_t addr, unsigned size, uint64_t value)
{
	return bus_access(bus, BUS_WRITE, addr, size, &value);
}

bool bus_peek(struct bus *bus, uint64_t addr, unsigned size, uint64_t *value)
{
	return bus_access(bus, BUS_PEEK, addr, size, value);
}

void bus_for_each(struct bus *bus, bool (*fn)(void *opaque, const struct bus_range *range),
		  void *opaque)
{
	struct bus_range *r;

	pthread_rwlock_rdlock(&bus->lock);
	for (r = bus->ranges; r; r = r->next)
		if (!fn(opaque, r))
			break;
	pthread_rwlock_unlock(&bus->lock);
}
