// SPDX-License-Identifier: GPL-3.0-or-later
/* Virtqueues of both layouts: a driver that keeps the rules, and one that breaks each of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "devices/virtio/queue_internal.h"
#include "hv/dma.h"
#include "hv/machine.h"
#include "tests/unit-virtio/driver.h"

#define RAM   0x100000u
#define RING  0x10000u
#define DATA  0x40000u
#define TABLE 0x80000u
#define SIZE  16

static struct machine m;
static struct device dev = { .name = "test0", .m = &m };
static struct virtqueue vq;
static struct driver d;

static void setup(void)
{
	struct error err;

	cr_assert_eq(memory_create(&m.ram, -1, RAM, &err), 0);
	vq_init(&vq, &dev, 0);
}

static void teardown(void)
{
	vq_destroy(&vq);
	memory_destroy(m.ram);
}

TestSuite(queue, .init = setup, .fini = teardown, .timeout = 20);

static void start(bool packed, bool event_idx, uint16_t size)
{
	driver_init(&d, m.ram, RING, packed, event_idx, size);
	cr_assert_eq(vq_start(&vq, &d.cfg), 0, "%s", vq_fault(&vq));
}

static void *ram(uint64_t gpa)
{
	return memory_ptr(m.ram, gpa, 1);
}

#define for_each_layout(packed) for (int packed = 0; packed < 2; packed++)

/* ---- the rules kept ---- */

static void echo(uint64_t table)
{
	const struct driver_buffer b[] = { { DATA, 3, false },
					   { DATA + 100, 5, false },
					   { DATA + 200, 4, true },
					   { DATA + 300, 10, true } };
	struct vq_request *req;
	char text[16] = "";
	uint32_t len;
	int id;

	cr_expect_null(vq_pop(&vq), "nothing yet");
	memcpy(ram(DATA), "abc", 3);
	memcpy(ram(DATA + 100), "defgh", 5);
	id = driver_add(&d, b, 4, table);
	req = vq_pop(&vq);
	cr_assert_not_null(req, "%s", vq_fault(&vq));
	cr_expect_null(vq_pop(&vq), "one alone");
	cr_expect_eq(req->out_count, 2u);
	cr_expect_eq(req->in_count, 2u);
	cr_expect_eq(req->out_bytes, 8u);
	cr_expect_eq(req->in_bytes, 14u);
	cr_expect_eq(vq_read(req, 0, text, sizeof(text)), 8u, "what there is");
	cr_expect_str_eq(text, "abcdefgh");
	cr_expect_eq(vq_read(req, 2, text, 3), 3u);
	cr_expect_eq(memcmp(text, "cde", 3), 0);
	cr_expect_eq(vq_read(req, 8, text, 3), 0u);
	cr_expect_eq(vq_write(req, 2, "wxyz", 4), 4u);
	cr_expect_eq(vq_in_flight(&vq), 1u);
	cr_expect_eq(driver_get(&d, &len), -1);
	vq_complete(req, 6);
	cr_expect_eq(driver_get(&d, &len), id);
	cr_expect_eq(len, 6u);
	cr_expect_eq(vq_in_flight(&vq), 0u);
	cr_expect_eq(memcmp((char *)ram(DATA + 200) + 2, "wx", 2), 0);
	cr_expect_eq(memcmp(ram(DATA + 300), "yz", 2), 0);
}

Test(queue, a_chain_goes_there_and_back)
{
	for_each_layout(packed)
	{
		start(packed, false, SIZE);
		/* Around the ring, several times. */
		for (int round = 0; round < 100; round++)
			echo(0);
	}
}

Test(queue, an_indirect_table_is_a_chain)
{
	for_each_layout(packed)
	{
		start(packed, false, SIZE);
		for (int round = 0; round < 100; round++)
			echo(round % 3 ? TABLE : 0);
	}
}

Test(queue, a_split_chain_may_end_in_a_table)
{
	const struct driver_buffer b[] = { { DATA, 8, false }, { DATA + 64, 8, true } };
	struct vq_request *req;

	start(false, false, SIZE);
	driver_add(&d, b, 2, TABLE);
	cr_assert_not_null(req = vq_pop(&vq));
	vq_complete(req, 0);
	/* Descriptor 5 leads to that table. WRITE means nothing there. */
	driver_set_desc(&d, 5, DATA + 512, 4, VRING_DESC_F_NEXT, 6);
	driver_set_desc(&d, 6, TABLE, 32, VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE, 0);
	driver_offer(&d, 5);
	req = vq_pop(&vq);
	cr_assert_not_null(req, "%s", vq_fault(&vq));
	cr_expect_eq(req->out_count, 2u);
	cr_expect_eq(req->in_count, 1u);
}

Test(queue, completion_in_any_order)
{
	for_each_layout(packed)
	{
		struct vq_request *req[SIZE];
		int id[SIZE];
		uint32_t len;

		start(packed, false, SIZE);
		for (int round = 0; round < 20; round++) {
			/* Of one, two, three descriptors. */
			for (unsigned i = 0; i < 5; i++) {
				struct driver_buffer b[3] = { { DATA, 8, false },
							      { DATA + 8, 8, false },
							      { DATA + 16, 64, true } };

				id[i] = driver_add(&d, b + (2 - i % 3), i % 3 + 1, 0);
				cr_assert_geq(id[i], 0);
			}
			for (unsigned i = 0; i < 5; i++)
				cr_assert_not_null(req[i] = vq_pop(&vq), "%s", vq_fault(&vq));
			for (unsigned i = 0; i < 5; i++)
				vq_complete(req[(i * 3 + (unsigned)round) % 5], i + 1);
			for (unsigned i = 0; i < 5; i++) {
				cr_assert_eq(driver_get(&d, &len),
					     id[(i * 3 + (unsigned)round) % 5]);
				cr_assert_eq(len, i + 1);
			}
			cr_assert_eq(driver_get(&d, &len), -1);
		}
	}
}

Test(queue, all_descriptors_at_a_time)
{
	const struct driver_buffer b = { DATA, 8, true };
	struct vq_request *req[12];
	uint32_t len;

	for_each_layout(packed)
	{
		/* A packed one's size is any. */
		unsigned size = packed ? 12 : 8;

		start(packed, true, (uint16_t)size);
		for (int round = 0; round < 5; round++) {
			for (unsigned i = 0; i < size; i++)
				cr_assert_geq(driver_add(&d, &b, 1, 0), 0);
			for (unsigned i = 0; i < size; i++)
				cr_assert_not_null(req[i] = vq_pop(&vq));
			cr_assert_null(vq_pop(&vq));
			cr_assert_null(vq_fault(&vq));
			for (unsigned i = 0; i < size; i++)
				vq_complete(req[i], 8);
			for (unsigned i = 0; i < size; i++)
				cr_assert_geq(driver_get(&d, &len), 0);
		}
	}
}

Test(queue, a_length_is_no_more_than_there_is_room)
{
	const struct driver_buffer b = { DATA, 8, true };
	uint32_t len;

	for_each_layout(packed)
	{
		start(packed, false, SIZE);
		driver_add(&d, &b, 1, 0);
		vq_complete(vq_pop(&vq), 1u << 30);
		cr_assert_geq(driver_get(&d, &len), 0);
		cr_expect_eq(len, 8u);
	}
}

/* Around the end of the ring several times. */
Test(queue, several_are_completed_in_order)
{
	static const uint64_t written[] = { 10, 20, 30 };
	const struct driver_buffer b = { DATA, 64, true };

	for_each_layout(packed)
	{
		start(packed, false, 8);
		for (unsigned round = 0; round < 20; round++) {
			struct vq_request *reqs[3];
			uint32_t len;

			for (unsigned i = 0; i < 3; i++)
				cr_assert_geq(driver_add(&d, &b, 1, 0), 0);
			for (unsigned i = 0; i < 3; i++)
				cr_assert_not_null(reqs[i] = vq_pop(&vq));
			vq_complete_all(reqs, written, 3);
			for (unsigned i = 0; i < 3; i++) {
				cr_assert_geq(driver_get(&d, &len), 0);
				cr_assert_eq(len, written[i]);
			}
			cr_assert_eq(driver_get(&d, &len), -1);
		}
		cr_expect_eq(vq_in_flight(&vq), 0u);
	}
}

Test(queue, the_driver_sees_all_of_several_or_none)
{
	const struct driver_buffer b = { DATA, 64, true };

	for_each_layout(packed)
	{
		struct vq_request *reqs[2];
		uint32_t len;

		start(packed, false, 8);
		for (unsigned i = 0; i < 2; i++) {
			cr_assert_geq(driver_add(&d, &b, 1, 0), 0);
			cr_assert_not_null(reqs[i] = vq_pop(&vq));
			vq.ring->put(&vq, reqs[i], 1);
			cr_expect_eq(driver_get(&d, &len), -1);
		}
		vq.ring->publish(&vq);
		cr_expect_geq(driver_get(&d, &len), 0);
		cr_expect_geq(driver_get(&d, &len), 0);
		for (unsigned i = 0; i < 2; i++)
			vq_drop(reqs[i]);
	}
}

Test(queue, what_is_dropped_is_not_used)
{
	const struct driver_buffer b = { DATA, 8, true };
	uint32_t len;

	for_each_layout(packed)
	{
		start(packed, false, SIZE);
		driver_add(&d, &b, 1, 0);
		vq_drop(vq_pop(&vq));
		cr_expect_eq(vq_in_flight(&vq), 0u);
		cr_expect_eq(driver_get(&d, &len), -1);
	}
}

/* ---- who wants to hear of what ---- */

static void one_round(void)
{
	const struct driver_buffer b = { DATA, 8, true };

	cr_assert_geq(driver_add(&d, &b, 1, 0), 0);
	vq_complete(vq_pop(&vq), 8);
}

static void collect(void)
{
	uint32_t len;

	while (driver_get(&d, &len) >= 0)
		;
}

Test(queue, interrupts_on_and_off)
{
	for_each_layout(packed)
	{
		start(packed, false, SIZE);
		cr_expect_not(vq_wants_interrupt(&vq), "nothing was completed");
		one_round();
		cr_expect(vq_wants_interrupt(&vq));
		cr_expect_not(vq_wants_interrupt(&vq), "it was told");
		driver_want_interrupt(&d, false);
		one_round();
		cr_expect_not(vq_wants_interrupt(&vq));
		driver_want_interrupt(&d, true);
		one_round();
		cr_expect(vq_wants_interrupt(&vq));
	}
}

Test(queue, an_interrupt_at_an_event)
{
	for_each_layout(packed)
	{
		start(packed, true, SIZE);
		for (int round = 0; round < 100; round++) {
			unsigned ahead = (unsigned)round % 5;

			driver_want_interrupt_at(&d, ahead);
			for (unsigned i = 0; i < 7; i++) {
				one_round();
				cr_assert_eq(vq_wants_interrupt(&vq), i == ahead,
					     "packed %d, round %d, ahead %u, at %u", packed, round,
					     ahead, i);
			}
			collect();
			/* A batch that passes it is one interrupt. */
			driver_want_interrupt_at(&d, ahead);
			for (unsigned i = 0; i < 5; i++)
				one_round();
			cr_assert(vq_wants_interrupt(&vq));
			driver_want_interrupt_at(&d, 7);
			one_round();
			cr_assert_not(vq_wants_interrupt(&vq), "it is not there yet");
			collect();
		}
	}
}

Test(queue, notifications_on_and_off)
{
	const struct driver_buffer b = { DATA, 8, true };

	for_each_layout(packed)
	{
		for (int event_idx = 0; event_idx < 2; event_idx++) {
			start(packed, event_idx, SIZE);
			for (int round = 0; round < 50; round++) {
				cr_assert_not(vq_ask_notify(&vq, true));
				driver_add(&d, &b, 1, 0);
				cr_assert(driver_should_notify(&d));
				vq_ask_notify(&vq, false);
				driver_add(&d, &b, 1, 0);
				cr_assert_not(driver_should_notify(&d));
				cr_assert(vq_ask_notify(&vq, true), "there are some already");
				vq_complete(vq_pop(&vq), 0);
				vq_complete(vq_pop(&vq), 0);
				collect();
			}
		}
	}
}

/* ---- for who watches memory ---- */

static struct told {
	uint64_t gpa, len;
	bool write;
} told[64];
static unsigned told_count;

static void on_access(struct machine *from, const char *device, uint64_t gpa, uint64_t len,
		      bool write)
{
	cr_assert_eq(from, &m);
	cr_assert_str_eq(device, "test0");
	cr_assert_lt(told_count, sizeof(told) / sizeof(told[0]));
	told[told_count++] = (struct told){ gpa, len, write };
}

static const struct dma_observer observer = { .accessed = on_access };

static unsigned times_told(uint64_t gpa, uint64_t len, bool write)
{
	unsigned n = 0;

	for (unsigned i = 0; i < told_count; i++)
		n += told[i].gpa == gpa && told[i].len == len && told[i].write == write;
	return n;
}

static void expect_told(bool packed, uint64_t gpa, uint64_t len, bool write)
{
	cr_expect_eq(times_told(gpa, len, write), 1u, "packed %d: 0x%lx, %lu bytes, write %d: %u",
		     packed, (unsigned long)gpa, (unsigned long)len, write,
		     times_told(gpa, len, write));
}

Test(queue, every_access_is_told)
{
	const struct driver_buffer b[] = { { DATA, 3, false },
					   { DATA + 100, 4, true },
					   { DATA + 200, 9, true },
					   { DATA + 300, 9, true } };
	struct strbuf sb = STRBUF_INIT;
	struct vq_request *req;

	for_each_layout(packed)
	{
		start(packed, true, SIZE);
		m.dma = &observer;
		told_count = 0;
		driver_add(&d, b, 4, TABLE);
		cr_assert_not_null(req = vq_pop(&vq));
		expect_told(packed, TABLE, 64, false);
		expect_told(packed, d.cfg.desc + 16ull * (packed ? 0 : (unsigned)req->id), 16,
			    false);
		if (!packed) {
			expect_told(packed, d.cfg.driver_area + 2, 2, false);
			expect_told(packed, d.cfg.driver_area + 4, 2, false);
		}
		told_count = 0;
		vq_complete(req, 6);
		expect_told(packed, DATA, 3, false);
		expect_told(packed, DATA + 100, 4, true);
		expect_told(packed, DATA + 200, 2, true);
		cr_expect_eq(times_told(DATA + 300, 9, true), 0u, "nothing was written there");
		if (packed) {
			expect_told(packed, d.cfg.desc + 8, 6, true);
			expect_told(packed, d.cfg.desc + 14, 2, true);
		} else {
			expect_told(packed, d.cfg.device_area + 4, 8, true);
			expect_told(packed, d.cfg.device_area + 2, 2, true);
		}
		cr_expect_eq(told_count, 5u);
		told_count = 0;
		vq_wants_interrupt(&vq);
		vq_ask_notify(&vq, true);
		expect_told(packed, d.cfg.driver_area + (packed ? 2 : 4 + 2 * SIZE), 2, false);
		expect_told(packed, d.cfg.device_area + (packed ? 0 : 4 + 8 * SIZE), 2, true);
		told_count = 0;
		vq_describe(&vq, &sb);
		cr_expect_eq(told_count, 0u, "a person's look is no access");
		strbuf_clear(&sb);
		m.dma = NULL;
	}
	strbuf_free(&sb);
}

/* ---- where the rings may be ---- */

Test(queue, a_configuration_that_is_wrong)
{
	static const struct {
		struct vq_config cfg;
		int ret;
		const char *why;
	} rows[] = {
		{ { .desc = RING, .driver_area = RING, .device_area = RING }, -EINVAL, "0 desc" },
		{ { .size = 12, .desc = RING, .driver_area = RING, .device_area = RING },
		  -EINVAL,
		  "power" },
		{ { .size = 0x8000, .desc = RING, .driver_area = RING, .device_area = RING },
		  -EINVAL,
		  "32768" },
		{ { .size = 8, .desc = RING + 8, .driver_area = RING, .device_area = RING },
		  -EINVAL,
		  "aligned" },
		{ { .size = 8, .desc = RING, .driver_area = RING + 1, .device_area = RING },
		  -EINVAL,
		  "aligned" },
		{ { .size = 8, .desc = RING, .driver_area = RING, .device_area = RING + 2 },
		  -EINVAL,
		  "aligned" },
		{ { .size = 8, .desc = RAM - 16, .driver_area = RING, .device_area = RING },
		  -EFAULT,
		  "RAM" },
		{ { .size = 8, .desc = RING, .driver_area = RAM - 4, .device_area = RING },
		  -EFAULT,
		  "RAM" },
		{ { .size = 8, .desc = RING, .driver_area = RING, .device_area = ~0ull - 3 },
		  -EFAULT,
		  "RAM" },
		{ { .size = 8,
		    .desc = ~0ull - 15,
		    .driver_area = RING,
		    .device_area = RING,
		    .packed = true },
		  -EFAULT,
		  "RAM" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(vq_start(&vq, &rows[i].cfg), rows[i].ret, "row %zu", i);
		cr_expect_not_null(strstr(vq_fault(&vq), rows[i].why), "row %zu: %s", i,
				   vq_fault(&vq));
		cr_expect_not(vq_running(&vq));
		cr_expect_null(vq_pop(&vq));
		cr_expect_not(vq_ask_notify(&vq, true));
	}
}

/* ---- the rules broken ---- */

/* The queue gives nothing, says why, and stays so until it is started anew. */
static void expect_broken(const char *why)
{
	const struct driver_buffer b = { DATA, 8, true };
	uint32_t len;

	cr_assert_null(vq_pop(&vq), "packed %d: '%s' went through", d.cfg.packed, why);
	cr_assert_not_null(vq_fault(&vq), "packed %d: '%s' is nothing", d.cfg.packed, why);
	cr_expect_not_null(strstr(vq_fault(&vq), why), "packed %d: %s instead of %s", d.cfg.packed,
			   vq_fault(&vq), why);
	driver_add(&d, &b, 1, 0);
	cr_expect_null(vq_pop(&vq), "it is broken");
	cr_expect_not(vq_wants_interrupt(&vq));
	cr_expect_eq(driver_get(&d, &len), -1);
	start(d.cfg.packed, false, SIZE);
	echo(0);
}

static void offer_chain(const struct driver_buffer *b, unsigned n, uint64_t table)
{
	start(d.cfg.packed, false, SIZE);
	cr_assert_geq(driver_add(&d, b, n, table), 0);
}

Test(queue, buffers_that_are_wrong)
{
	for_each_layout(packed)
	{
		d.cfg.packed = packed;
		for (uint64_t table = 0; table <= TABLE; table += TABLE) {
			offer_chain(&(struct driver_buffer){ RAM, 8, false }, 1, table);
			expect_broken("not RAM");
			offer_chain(&(struct driver_buffer){ RAM - 4, 8, true }, 1, table);
			expect_broken("not RAM");
			offer_chain(&(struct driver_buffer){ ~0ull, 0xffffffff, true }, 1, table);
			expect_broken("not RAM");
			offer_chain(&(struct driver_buffer){ DATA, 0, false }, 1, table);
			expect_broken("no bytes");
			offer_chain(
				(struct driver_buffer[]){ { DATA, 8, true }, { DATA, 8, false } },
				2, table);
			expect_broken("behind a writable");
		}
	}
}

Test(queue, a_chain_longer_than_the_queue)
{
	struct driver_buffer b[SIZE + 1];

	for (unsigned i = 0; i <= SIZE; i++)
		b[i] = (struct driver_buffer){ DATA + 8ull * i, 8, false };
	for_each_layout(packed)
	{
		d.cfg.packed = packed;
		offer_chain(b, SIZE, TABLE);
		cr_assert_not_null(vq_pop(&vq), "of its size, it is allowed");
		offer_chain(b, SIZE + 1, TABLE);
		expect_broken("more than 16 descriptors");
	}
}

Test(queue, tables_that_are_wrong)
{
	static const struct {
		uint64_t gpa;
		uint32_t len;
		const char *why;
	} rows[] = {
		{ TABLE, 0, "table of 0 bytes" },
		{ TABLE, 24, "table of 24 bytes" },
		{ RAM - 16, 32, "table that is not RAM" },
		{ ~0ull - 15, 16, "table that is not RAM" },
	};

	for_each_layout(packed)
	{
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			start(packed, false, SIZE);
			driver_set_desc(&d, 0, rows[i].gpa, rows[i].len, VRING_DESC_F_INDIRECT, 0);
			driver_offer(&d, 0);
			expect_broken(rows[i].why);
		}
		start(packed, false, SIZE);
		driver_set_desc(&d, 0, TABLE, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1);
		driver_offer(&d, 0);
		expect_broken(packed ? "in a chain" : "another behind it");
		/* Not negotiated. */
		start(packed, false, SIZE);
		d.cfg.indirect = false;
		cr_assert_eq(vq_start(&vq, &d.cfg), 0);
		driver_set_desc(&d, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
		driver_offer(&d, 0);
		expect_broken("not negotiated");
	}
}

Test(queue, a_table_in_a_table)
{
	struct vring_desc inner = { TABLE + 64, 16, VRING_DESC_F_INDIRECT, 0 };

	start(false, false, SIZE);
	memcpy(ram(TABLE), &inner, sizeof(inner));
	driver_set_desc(&d, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	driver_offer(&d, 0);
	expect_broken("in an indirect table");
}

Test(queue, a_split_chain_in_a_circle)
{
	start(false, false, SIZE);
	driver_set_desc(&d, 0, DATA, 8, VRING_DESC_F_NEXT, 1);
	driver_set_desc(&d, 1, DATA, 8, VRING_DESC_F_NEXT, 0);
	driver_offer(&d, 0);
	expect_broken("more than 16 descriptors");
}

Test(queue, a_split_chain_that_leaves_the_table)
{
	start(false, false, SIZE);
	driver_set_desc(&d, 0, DATA, 8, VRING_DESC_F_NEXT, SIZE);
	driver_offer(&d, 0);
	expect_broken("descriptor 16 of 16");
}

Test(queue, a_split_index_that_jumps)
{
	start(false, false, SIZE);
	driver_set_index(&d, SIZE + 1);
	expect_broken("jumps from 0 to 17");
	start(false, false, SIZE);
	echo(0);
	driver_set_index(&d, 0); /* backwards */
	expect_broken("jumps from 1 to 0");
}

Test(queue, a_split_buffer_that_is_offered_again_and_again)
{
	start(false, false, SIZE);
	driver_set_desc(&d, 0, DATA, 8, 0, 0);
	for (unsigned i = 0; i < SIZE; i++) {
		driver_offer(&d, 0);
		cr_assert_not_null(vq_pop(&vq));
	}
	driver_offer(&d, 0);
	cr_assert_null(vq_pop(&vq));
	cr_assert_not_null(strstr(vq_fault(&vq), "more than 16 buffers"));
}

Test(queue, a_packed_chain_without_an_end)
{
	const struct driver_buffer b = { DATA, 8, true };

	start(true, false, SIZE);
	driver_add(&d, &b, 1, 0);
	cr_assert_not_null(vq_pop(&vq));
	/* All others available, each with another behind it, and so around to the one in flight. */
	for (unsigned i = 0; i < SIZE; i++) {
		driver_set_desc(&d, d.next, DATA, 8, VRING_DESC_F_NEXT, 0);
		driver_offer(&d, 0);
	}
	expect_broken("more than 16 descriptors");
	/* The second one is not available. */
	driver_set_desc(&d, d.next, DATA, 8, VRING_DESC_F_NEXT, 0);
	driver_offer(&d, 0);
	expect_broken("not available");
}

Test(queue, a_packed_table_in_a_chain)
{
	start(true, false, SIZE);
	driver_set_desc(&d, 0, DATA, 8, VRING_DESC_F_NEXT, 0);
	driver_set_desc(&d, 1, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	driver_offer(&d, 0);
	driver_offer(&d, 0);
	expect_broken("in a chain");
}

Test(queue, what_is_completed_after_the_break_is_not_written)
{
	const struct driver_buffer good = { DATA, 8, true }, bad = { RAM, 8, true };
	struct vq_request *req;
	uint32_t len;

	for_each_layout(packed)
	{
		start(packed, false, SIZE);
		driver_add(&d, &good, 1, 0);
		driver_add(&d, &bad, 1, 0);
		cr_assert_not_null(req = vq_pop(&vq));
		cr_assert_null(vq_pop(&vq));
		vq_complete(req, 8);
		cr_expect_eq(driver_get(&d, &len), -1);
		cr_expect_eq(vq_in_flight(&vq), 0u);
	}
}

Test(queue, a_device_breaks_it_for_what_a_request_says)
{
	const struct driver_buffer b = { DATA, 8, true };

	start(false, false, SIZE);
	driver_add(&d, &b, 1, 0);
	vq_break(&vq, "a header of %d bytes", 3);
	vq_break(&vq, "something later");
	cr_expect_str_eq(vq_fault(&vq), "a header of 3 bytes", "the first reason");
	cr_expect_null(vq_pop(&vq));
}

Test(queue, a_person_sees_it)
{
	const struct driver_buffer b = { DATA, 8, true };
	struct strbuf sb = STRBUF_INIT;

	vq_describe(&vq, &sb);
	cr_expect_str_eq(strbuf_str(&sb), "queue 0: off\n");
	strbuf_clear(&sb);
	start(false, true, SIZE);
	driver_add(&d, &b, 1, 0);
	driver_add(&d, &b, 1, 0);
	vq_pop(&vq);
	vq_describe(&vq, &sb);
	cr_expect_not_null(strstr(strbuf_str(&sb), "split, 16 descriptors at 0x10000"), "%s",
			   strbuf_str(&sb));
	cr_expect_not_null(strstr(strbuf_str(&sb), "available 2, taken up to 1; used 0"));
	cr_expect_not_null(strstr(strbuf_str(&sb), "taken 1, completed 0, in flight 1"));
	strbuf_clear(&sb);
	vq_break(&vq, "why");
	vq_describe(&vq, &sb);
	cr_expect_not_null(strstr(strbuf_str(&sb), "  broken: why\n"));
	strbuf_clear(&sb);
	start(true, true, SIZE);
	driver_want_interrupt_at(&d, 3);
	vq_describe(&vq, &sb);
	cr_expect_not_null(strstr(strbuf_str(&sb), "next to take 0 (wrap 1), next to use 0"));
	cr_expect_not_null(strstr(strbuf_str(&sb), "interrupt at 3 (wrap 1)"), "%s",
			   strbuf_str(&sb));
	strbuf_free(&sb);
}
