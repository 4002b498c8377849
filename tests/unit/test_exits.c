// SPDX-License-Identifier: GPL-3.0-or-later
/* Exits that only x86 has: port I/O, repeated and of every size, and unknown MSRs. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/catch.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

#define PORT	    0x1f0
#define RUN_SIZE    8192
#define DATA_OFFSET 4096

static struct machine m;
static struct catches catches;
static struct vcpu v;
static struct bus_range range;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t seen[16], next_read;
static unsigned accesses, last_size;
static uint64_t last_off;

static uint64_t on_read(void *opaque, uint64_t off, unsigned size)
{
	(void)opaque;
	last_off = off;
	last_size = size;
	accesses++;
	return next_read++;
}

static void on_write(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	(void)opaque;
	last_off = off;
	last_size = size;
	seen[accesses++ % 16] = value;
}

static void setup(void)
{
	memset(&m, 0, sizeof(m));
	bus_init(&m.pio, "pio", 0x10000);
	range = (struct bus_range){ .name = "disk",
				    .base = PORT,
				    .len = 8,
				    .lock = &lock,
				    .read = on_read,
				    .write = on_write };
	cr_assert_eq(bus_add(&m.pio, &range), 0);
	catches.list = NULL;
	m.catches = &catches;
	v.m = &m;
	v.catch_stop.reason = STOP_NONE;
	v.run = calloc(1, RUN_SIZE);
	accesses = 0;
}

static void teardown(void)
{
	free(v.run);
}

TestSuite(exits, .init = setup, .fini = teardown);

static const struct arch_exit *row(unsigned reason)
{
	size_t count;
	const struct arch_exit *rows = arch_exits(&count);

	cr_assert_lt(reason, count);
	cr_assert(rows[reason].handle);
	return &rows[reason];
}

static void io(uint8_t direction, uint8_t size, uint32_t count)
{
	v.run->io.direction = direction;
	v.run->io.size = size;
	v.run->io.port = PORT;
	v.run->io.count = count;
	v.run->io.data_offset = DATA_OFFSET;
	cr_assert_eq(row(KVM_EXIT_IO)->handle(&v), EXIT_AGAIN);
}

static uint8_t *data(void)
{
	return (uint8_t *)v.run + DATA_OFFSET;
}

Test(exits, a_string_goes_to_one_port)
{
	static const uint16_t words[] = { 0x1122, 0x3344, 0x5566 };

	memcpy(data(), words, sizeof(words));
	io(KVM_EXIT_IO_OUT, 2, 3);
	cr_assert_eq(accesses, 3);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(seen[i], words[i]);
	cr_assert_eq(last_off, 0, "the port does not move");
	cr_assert_eq(last_size, 2);
}

Test(exits, a_string_comes_from_one_port)
{
	uint32_t words[4];

	next_read = 7;
	io(KVM_EXIT_IO_IN, 4, 4);
	memcpy(words, data(), sizeof(words));
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(words[i], 7 + i);
	cr_assert_eq(last_off, 0);
	cr_assert_eq(data()[16], 0, "nothing behind it");
}

Test(exits, a_size_that_is_none_does_nothing)
{
	io(KVM_EXIT_IO_OUT, 3, 1);
	io(KVM_EXIT_IO_IN, 8, 1);
	io(KVM_EXIT_IO_OUT, 0, 1);
	cr_assert_eq(accesses, 0);
}

Test(exits, a_port_that_is_caught_parks)
{
	struct catchpoint other = { .id = 3, .kind = CATCH_PORT, .value = PORT + 2 };
	struct catchpoint cp = { .id = 2, .kind = CATCH_PORT, .value = PORT, .next = &other };
	uint8_t byte = 0x5a;

	catches.list = &cp;
	*data() = byte;
	v.run->io.direction = KVM_EXIT_IO_OUT;
	v.run->io.size = 1;
	v.run->io.port = PORT;
	v.run->io.count = 1;
	v.run->io.data_offset = DATA_OFFSET;
	cr_assert_eq(row(KVM_EXIT_IO)->handle(&v), EXIT_PARK);
	cr_assert_eq(accesses, 1, "the access is done first");
	cr_assert_eq(v.catch_stop.catchpoint, 2);
	cr_assert_str_eq(v.catch_stop.text, "write of 1 byte to port 0x1f0: 0x5a");
	cr_assert_eq(cp.hits, 1);
	cr_assert_eq(other.hits, 0);
	/* A wider access touches both; the first is told. */
	v.catch_stop.reason = STOP_NONE;
	v.run->io.size = 4;
	v.run->io.direction = KVM_EXIT_IO_IN;
	next_read = 0x1234;
	cr_assert_eq(row(KVM_EXIT_IO)->handle(&v), EXIT_PARK);
	cr_assert_str_eq(v.catch_stop.text, "read of 4 bytes from port 0x1f0: 0x1234");
	cr_assert_eq(other.hits, 1);
}

Test(exits, unknown_msrs_fault)
{
	v.run->msr.index = 0x12345;
	cr_assert_eq(row(KVM_EXIT_X86_RDMSR)->handle(&v), EXIT_AGAIN);
	cr_assert_eq(v.run->msr.error, 1);
	v.run->msr.error = 0;
	cr_assert_eq(row(KVM_EXIT_X86_WRMSR)->handle(&v), EXIT_AGAIN);
	cr_assert_eq(v.run->msr.error, 1);
	cr_assert(row(KVM_EXIT_IO)->completes && row(KVM_EXIT_X86_RDMSR)->completes);
	cr_assert_not(row(KVM_EXIT_IRQ_WINDOW_OPEN)->completes);
}

Test(exits, every_row_has_a_name)
{
	size_t count;
	const struct arch_exit *rows = arch_exits(&count);

	for (size_t i = 0; i < count; i++)
		cr_assert(!rows[i].handle || !strncmp(rows[i].name, "KVM_EXIT_", 9));
}
