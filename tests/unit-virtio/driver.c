// SPDX-License-Identifier: GPL-3.0-or-later
/* The driver's side of a virtqueue: see driver.h. (Virtio 1.2, 2.7.13 and 2.8.21) */
#include "tests/unit-virtio/driver.h"

#include <criterion/criterion.h>
#include <string.h>

#define AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED  (1u << VRING_PACKED_DESC_F_USED)

static uint8_t *at(const struct driver *d, uint64_t gpa, uint64_t len)
{
	uint8_t *p = memory_ptr(d->ram, gpa, len);

	cr_assert_not_null(p, "the test's own address");
	return p;
}

/* The other side looks at these meanwhile. */
static uint16_t load(const struct driver *d, uint64_t gpa)
{
	return __atomic_load_n((uint16_t *)at(d, gpa, 2), __ATOMIC_ACQUIRE);
}

static void store(const struct driver *d, uint64_t gpa, uint16_t value)
{
	__atomic_store_n((uint16_t *)at(d, gpa, 2), value, __ATOMIC_RELEASE);
}

void driver_init(struct driver *d, const struct memory *ram, uint64_t gpa, bool packed,
		 bool event_idx, uint16_t size)
{
	cr_assert(size <= DRIVER_SIZE_MAX);
	memset(memory_ptr(ram, gpa, 0x10000), 0, 0x10000);
	*d = (struct driver){
		.ram = ram,
		.cfg = { .size = size,
			 .desc = gpa,
			 .driver_area = gpa + 0x8000,
			 .device_area = gpa + 0xc000,
			 .packed = packed,
			 .event_idx = event_idx,
			 .indirect = true },
		.next_wrap = true,
		.seen_wrap = true,
		.places = size,
	};
	while (d->free_count < size) {
		d->free[d->free_count] = size - 1u - d->free_count;
		d->free_count++;
	}
}

void *driver_desc(struct driver *d, unsigned i)
{
	return at(d, d->cfg.desc + 16ull * i, 16);
}

static void fill(void *to, bool packed, uint64_t gpa, uint32_t len, uint16_t flags,
		 uint16_t next_or_id)
{
	if (packed) {
		struct vring_packed_desc *desc = to;

		desc->addr = gpa;
		desc->len = len;
		desc->id = next_or_id;
		__atomic_store_n(&desc->flags, flags, __ATOMIC_RELEASE);
	} else {
		struct vring_desc desc = { gpa, len, flags, next_or_id };

		memcpy(to, &desc, sizeof(desc));
	}
}

void driver_set_desc(struct driver *d, unsigned i, uint64_t gpa, uint32_t len, uint16_t flags,
		     uint16_t next_or_id)
{
	fill(driver_desc(d, i), d->cfg.packed, gpa, len, flags, next_or_id);
}

static void make_table(struct driver *d, const struct driver_buffer *b, unsigned n, uint64_t table)
{
	for (unsigned i = 0; i < n; i++) {
		uint16_t flags = b[i].write ? VRING_DESC_F_WRITE : 0;

		if (!d->cfg.packed && i + 1 < n)
			flags |= VRING_DESC_F_NEXT;
		fill(at(d, table + 16ull * i, 16), d->cfg.packed, b[i].gpa, b[i].len, flags,
		     (uint16_t)(i + 1));
	}
}

/* ---- split ---- */

void driver_set_index(struct driver *d, uint16_t idx)
{
	store(d, d->cfg.driver_area + 2, idx);
}

static void split_offer(struct driver *d, uint16_t head)
{
	store(d, d->cfg.driver_area + 4 + 2ull * (d->next % d->cfg.size), head);
	driver_set_index(d, ++d->next);
}

static int split_add(struct driver *d, const struct driver_buffer *b, unsigned n)
{
	uint16_t head = (uint16_t)d->free[d->free_count - 1];

	for (unsigned i = 0; i < n; i++) {
		unsigned desc = d->free[--d->free_count];
		bool last = i + 1 == n;

		driver_set_desc(d, desc, b[i].gpa, b[i].len,
				(uint16_t)((b[i].write ? VRING_DESC_F_WRITE : 0) |
					   (last ? 0 : VRING_DESC_F_NEXT)),
				(uint16_t)(last ? 0 : d->free[d->free_count - 1]));
	}
	return head;
}

static void split_release(struct driver *d, unsigned head)
{
	for (unsigned n = d->count[head], desc = head; n; n--) {
		const struct vring_desc *p = driver_desc(d, desc);

		d->free[d->free_count++] = desc;
		desc = p->next;
	}
}

static int split_get(struct driver *d, uint32_t *len)
{
	const struct vring_used_elem *e;

	if (load(d, d->cfg.device_area + 2) == d->seen)
		return -1;
	e = (const void *)at(d, d->cfg.device_area + 4 + 8ull * (d->seen % d->cfg.size), 8);
	d->seen++;
	*len = e->len;
	cr_assert(e->id < d->cfg.size && d->count[e->id], "%u was not offered", e->id);
	split_release(d, e->id);
	d->count[e->id] = 0;
	return (int)e->id;
}

/* ---- packed ---- */

static uint16_t packed_flags(const struct driver *d)
{
	return d->next_wrap ? AVAIL : USED;
}

static void step(const struct driver *d, uint16_t *place, bool *wrap, unsigned by)
{
	*place = (uint16_t)(*place + by);
	if (*place >= d->cfg.size) {
		*place = (uint16_t)(*place - d->cfg.size);
		*wrap = !*wrap;
	}
}

static int packed_add(struct driver *d, const struct driver_buffer *b, unsigned n, uint16_t more)
{
	uint16_t first = d->next, first_flags = 0, id = (uint16_t)d->free[--d->free_count];

	for (unsigned i = 0; i < n; i++) {
		uint16_t flags =
			(uint16_t)(packed_flags(d) | more | (b[i].write ? VRING_DESC_F_WRITE : 0) |
				   (i + 1 < n ? VRING_DESC_F_NEXT : 0));

		if (!i)
			first_flags = flags;
		/* The first one becomes available when the others are. */
		driver_set_desc(d, d->next, b[i].gpa, b[i].len,
				(uint16_t)(i ? flags : flags ^ (AVAIL | USED)), id);
		step(d, &d->next, &d->next_wrap, 1);
	}
	store(d, d->cfg.desc + 16ull * first + 14, first_flags);
	d->places -= n;
	d->since += n;
	return id;
}

static int packed_get(struct driver *d, uint32_t *len)
{
	const struct vring_packed_desc *p = driver_desc(d, d->seen);
	uint16_t flags = load(d, d->cfg.desc + 16ull * d->seen + 14);
	unsigned n;

	if (!!(flags & AVAIL) != d->seen_wrap || !!(flags & USED) != d->seen_wrap)
		return -1;
	cr_assert(p->id < d->cfg.size && d->count[p->id], "%u was not offered", p->id);
	*len = flags & VRING_DESC_F_WRITE ? p->len : 0;
	n = d->count[p->id];
	d->count[p->id] = 0;
	d->places += n;
	d->free[d->free_count++] = p->id;
	step(d, &d->seen, &d->seen_wrap, n);
	return p->id;
}

/* ---- both ---- */

int driver_add(struct driver *d, const struct driver_buffer *buffers, unsigned n, uint64_t table)
{
	struct driver_buffer one = { table, 16 * n, false };
	unsigned places = table ? 1 : n;
	int id;

	if (d->free_count < (d->cfg.packed ? 1 : places) || (d->cfg.packed && d->places < places))
		return -1;
	if (table)
		make_table(d, buffers, n, table);
	if (d->cfg.packed) {
		id = table ? packed_add(d, &one, 1, VRING_DESC_F_INDIRECT)
			   : packed_add(d, buffers, n, 0);
	} else {
		id = split_add(d, table ? &one : buffers, places);
		if (table)
			((struct vring_desc *)driver_desc(d, (unsigned)id))->flags =
				VRING_DESC_F_INDIRECT;
		split_offer(d, (uint16_t)id);
	}
	d->count[id] = (uint16_t)places;
	return id;
}

int driver_get(struct driver *d, uint32_t *len)
{
	return d->cfg.packed ? packed_get(d, len) : split_get(d, len);
}

void driver_offer(struct driver *d, uint16_t head)
{
	uint16_t flags;

	if (!d->cfg.packed) {
		d->count[head] = 1;
		split_offer(d, head);
		return;
	}
	flags = load(d, d->cfg.desc + 16ull * d->next + 14) & (uint16_t) ~(AVAIL | USED);
	store(d, d->cfg.desc + 16ull * d->next + 14, flags | packed_flags(d));
	step(d, &d->next, &d->next_wrap, 1);
}

static bool packed_should_notify(struct driver *d)
{
	uint16_t off_wrap = load(d, d->cfg.device_area);
	uint16_t flags = load(d, d->cfg.device_area + 2);
	int event = off_wrap & 0x7fff, since = (int)d->since;

	d->since = 0;
	if (flags != VRING_PACKED_EVENT_FLAG_DESC)
		return flags == VRING_PACKED_EVENT_FLAG_ENABLE;
	if (!!(off_wrap & 0x8000) != d->next_wrap)
		event -= d->cfg.size;
	return event >= d->next - since && event < d->next;
}

bool driver_should_notify(struct driver *d)
{
	uint16_t old = d->kicked;

	__sync_synchronize();
	if (d->cfg.packed)
		return packed_should_notify(d);
	d->kicked = d->next;
	if (!d->cfg.event_idx)
		return !(load(d, d->cfg.device_area) & VRING_USED_F_NO_NOTIFY);
	return vring_need_event(load(d, d->cfg.device_area + 4 + 8ull * d->cfg.size), d->next, old);
}

void driver_want_interrupt(struct driver *d, bool on)
{
	if (d->cfg.packed)
		store(d, d->cfg.driver_area + 2,
		      on ? VRING_PACKED_EVENT_FLAG_ENABLE : VRING_PACKED_EVENT_FLAG_DISABLE);
	else
		store(d, d->cfg.driver_area, on ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
}

void driver_want_interrupt_at(struct driver *d, unsigned ahead)
{
	uint16_t place = d->seen;
	bool wrap = d->seen_wrap;

	if (!d->cfg.packed) {
		store(d, d->cfg.driver_area + 4 + 2ull * d->cfg.size, (uint16_t)(d->seen + ahead));
		return;
	}
	step(d, &place, &wrap, ahead);
	store(d, d->cfg.driver_area, (uint16_t)(place | (wrap ? 0x8000 : 0)));
	store(d, d->cfg.driver_area + 2, VRING_PACKED_EVENT_FLAG_DESC);
}
