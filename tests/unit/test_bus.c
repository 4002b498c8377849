// SPDX-License-Identifier: GPL-3.0-or-later
/* Buses: who answers, what is refused, and accesses that cross an edge. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "hv/bus.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bus bus;

/* A range over bytes; notes its last access. */
struct bytes {
	struct bus_range range;
	uint8_t data[16];
	unsigned reads, writes, peeks, last_size;
};

static uint64_t load(struct bytes *b, uint64_t off, unsigned size)
{
	uint64_t v = 0;

	cr_assert_leq(off + size, b->range.len);
	memcpy(&v, b->data + off, size);
	b->last_size = size;
	return v;
}

static uint64_t bytes_read(void *opaque, uint64_t off, unsigned size)
{
	struct bytes *b = opaque;

	cr_assert_neq(pthread_mutex_trylock(&lock), 0, "the range's lock is held");
	b->reads++;
	return load(b, off, size);
}

static uint64_t bytes_peek(void *opaque, uint64_t off, unsigned size)
{
	struct bytes *b = opaque;

	b->peeks++;
	return load(b, off, size);
}

static void bytes_write(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	struct bytes *b = opaque;

	cr_assert_leq(off + size, b->range.len);
	memcpy(b->data + off, &value, size);
	b->writes++;
	b->last_size = size;
}

static struct bytes make(const char *name, uint64_t base, uint64_t len)
{
	return (struct bytes){ .range = { .name = name,
					  .base = base,
					  .len = len,
					  .lock = &lock,
					  .read = bytes_read,
					  .write = bytes_write,
					  .peek = bytes_peek } };
}

static void setup(void)
{
	bus_init(&bus, "pio", 0x10000);
}

TestSuite(bus, .init = setup, .timeout = 120);

static int add(struct bytes *b)
{
	b->range.opaque = b;
	return bus_add(&bus, &b->range);
}

Test(bus, refuses_what_cannot_be)
{
	struct bytes a = make("a", 0x100, 8), same = make("b", 0x100, 8);
	struct bytes before = make("b", 0xfc, 5), after = make("b", 0x107, 2);
	struct bytes around = make("b", 0x80, 0x100), touching = make("b", 0xf8, 8);
	struct bytes empty = make("b", 0x200, 0), past = make("b", 0xffff, 2);
	struct bytes wraps = make("b", 0x200, UINT64_MAX), far = make("b", 0x10000, 1);

	cr_assert_eq(add(&a), 0);
	cr_assert_eq(add(&same), -EBUSY);
	cr_assert_eq(add(&before), -EBUSY);
	cr_assert_eq(add(&after), -EBUSY);
	cr_assert_eq(add(&around), -EBUSY);
	cr_assert_eq(add(&empty), -EINVAL);
	cr_assert_eq(add(&past), -EINVAL);
	cr_assert_eq(add(&wraps), -EINVAL);
	cr_assert_eq(add(&far), -EINVAL);
	cr_assert_eq(add(&touching), 0);
}

Test(bus, finds_who_answers)
{
	struct bytes a = make("a", 0x100, 4), b = make("b", 0x104, 4);
	uint64_t v = 0;

	add(&b);
	add(&a);
	cr_assert(bus_write(&bus, 0x104, 4, 0x11223344));
	cr_assert_eq(b.last_size, 4);
	cr_assert(bus_read(&bus, 0x106, 2, &v));
	cr_assert_eq(v, 0x1122);
	cr_assert_eq(a.reads + a.writes, 0);
	cr_assert_eq(pthread_mutex_trylock(&lock), 0, "the lock is given back");
	pthread_mutex_unlock(&lock);
}

Test(bus, nobody_reads_as_ones)
{
	uint64_t v = 0;

	cr_assert_not(bus_read(&bus, 0x80, 2, &v));
	cr_assert_eq(v, 0xffff);
	cr_assert_not(bus_read(&bus, 0x80, 8, &v));
	cr_assert_eq(v, UINT64_MAX);
	cr_assert_not(bus_write(&bus, 0x80, 1, 1));
	cr_assert_not(bus_read(&bus, UINT64_MAX, 8, &v));
}

Test(bus, odd_sizes_are_answered_by_nobody)
{
	struct bytes a = make("a", 0x100, 8);
	uint64_t v;

	add(&a);
	cr_assert_not(bus_read(&bus, 0x100, 3, &v));
	cr_assert_not(bus_read(&bus, 0x100, 0, &v));
	cr_assert_not(bus_read(&bus, 0x100, 16, &v));
	cr_assert_eq(a.reads, 0);
}

Test(bus, splits_at_the_end_of_a_range)
{
	struct bytes a = make("a", 0x100, 3), b = make("b", 0x104, 1);
	uint64_t v;

	add(&a);
	add(&b);
	cr_assert(bus_write(&bus, 0x101, 4, 0x44332211));
	cr_assert_eq(a.data[1], 0x11);
	cr_assert_eq(a.data[2], 0x22);
	cr_assert_eq(b.data[0], 0x44);
	cr_assert_eq(a.writes, 2);
	cr_assert(bus_read(&bus, 0x101, 4, &v));
	cr_assert_eq(v, 0x44ff2211, "0x%lx", (unsigned long)v);
}

/* A 32-bit write to PCI's address port 0xcf8 must not reach the reset register at 0xcf9. */
Test(bus, first_byte_decides)
{
	struct bytes a = make("a", 0xcf9, 1);
	uint64_t v;

	add(&a);
	cr_assert_not(bus_write(&bus, 0xcf8, 4, 0x80000e00));
	cr_assert_not(bus_read(&bus, 0xcf8, 4, &v));
	cr_assert_eq(v, 0xffffffff);
	cr_assert_eq(a.reads + a.writes, 0);
}

Test(bus, peek_is_its_own_callback)
{
	struct bytes a = make("a", 0x100, 4), blind = make("b", 0x200, 4);
	uint64_t v;

	blind.range.peek = NULL;
	add(&a);
	add(&blind);
	a.data[1] = 0x5a;
	cr_assert(bus_peek(&bus, 0x101, 1, &v));
	cr_assert_eq(v, 0x5a);
	cr_assert_eq(a.reads, 0);
	cr_assert_eq(a.peeks, 1);
	cr_assert(bus_peek(&bus, 0x200, 2, &v));
	cr_assert_eq(v, 0xffff);
}

Test(bus, values_fit_their_size)
{
	struct bytes a = make("a", 0x100, 8);
	uint64_t v;

	add(&a);
	memset(a.data, 0xee, sizeof(a.data));
	bus_write(&bus, 0x100, 2, 0xdeadbeef12345678);
	cr_assert(bus_read(&bus, 0x100, 4, &v));
	cr_assert_eq(v, 0xeeee5678);
}

Test(bus, remove_takes_it_away)
{
	struct bytes a = make("a", 0x100, 4), b = make("b", 0x104, 4);
	uint64_t v;

	add(&a);
	add(&b);
	bus_remove(&bus, &a.range);
	bus_remove(&bus, &a.range);
	cr_assert_not(bus_read(&bus, 0x100, 1, &v));
	cr_assert(bus_read(&bus, 0x104, 1, &v));
	cr_assert_eq(add(&a), 0);
}

static bool note(void *opaque, const struct bus_range *r)
{
	strcat(opaque, r->name);
	return r->name[0] != 'b';
}

Test(bus, for_each_in_order_until_false)
{
	struct bytes a = make("a", 0x10, 4), b = make("b", 0x20, 4), c = make("c", 0x30, 4);
	char names[8] = "";

	add(&c);
	add(&a);
	add(&b);
	bus_for_each(&bus, note, names);
	cr_assert_str_eq(names, "ab");
}
