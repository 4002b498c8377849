// SPDX-License-Identifier: GPL-3.0-or-later
/* virtio-blk: what a driver may ask for, what it may not, and what becomes of the image. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/block.h"
#include "hv/control_device.h"
#include "tests/unit-virtio/disk_card.h"

static struct disk_card d;

#define ALL_FEATURES                                                         \
	(VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | VIRTIO_BIT(VIRTIO_BLK_F_DISCARD) | \
	 VIRTIO_BIT(VIRTIO_BLK_F_WRITE_ZEROES))

static const uint64_t layouts[] = {
	ALL_FEATURES,
	ALL_FEATURES | VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX),
	VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX),
};

/* Each way in which requests are done. */
static const struct machine_drive ways[] = {
	{ .aio = DRIVE_IO_URING },
	{ .aio = DRIVE_THREADS },
	{ .snapshot = true },
	{ .aio = DRIVE_IO_URING, .cache = DRIVE_WRITETHROUGH },
	{ .aio = DRIVE_THREADS, .cache = DRIVE_WRITETHROUGH },
	{ .aio = DRIVE_IO_URING, .cache = DRIVE_UNSAFE },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* Also with a disk that was not closed when a test failed. */
static void teardown(void)
{
	if (d.path[0])
		unlink(d.path);
}

TestSuite(blk, .fini = teardown, .timeout = 60);

static void start(struct machine_drive drive, const char *option)
{
	disk_card_open(&d, drive, option);
	card_start(&d.c, ALL_FEATURES & card_features(&d.c), 64);
}

static void expect_image(uint64_t sector, uint32_t len)
{
	const uint8_t *p = disk_data(&d, 0);

	memset(disk_data(&d, 0), 0xaa, len);
	cr_assert_eq(disk_card_do(&d, VIRTIO_BLK_T_IN, sector, len), VIRTIO_BLK_S_OK);
	for (uint32_t i = 0; i < len; i++)
		cr_assert_eq(p[i], disk_byte(sector * 512 + i), "byte %u of sector %lu", i,
			     (unsigned long)sector);
}

static void expect_all(uint64_t sector, uint32_t len, uint8_t byte)
{
	const uint8_t *p = disk_data(&d, 0);

	memset(disk_data(&d, 0), 0xaa, len);
	cr_assert_eq(disk_card_do(&d, VIRTIO_BLK_T_IN, sector, len), VIRTIO_BLK_S_OK);
	for (uint32_t i = 0; i < len; i++)
		cr_assert_eq(p[i], byte, "byte %u", i);
}

static uint8_t write_all(uint64_t sector, uint32_t len, uint8_t byte)
{
	memset(disk_data(&d, 0), byte, len);
	return disk_card_do(&d, VIRTIO_BLK_T_OUT, sector, len);
}

static uint8_t range(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes *r = disk_data(&d, 0);

	*r = (struct virtio_blk_discard_write_zeroes){ sector, sectors, flags };
	return disk_card_do(&d, type, 0, sizeof(*r));
}

/* ---- the rules kept ---- */

Test(blk, what_is_offered)
{
	const uint64_t always = VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) |
				VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX) |
				VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE) |
				VIRTIO_BIT(VIRTIO_BLK_F_TOPOLOGY) | VIRTIO_BIT(VIRTIO_BLK_F_MQ);
	uint64_t features;

	start((struct machine_drive){ 0 },
	      "num-queues=3,logical_block_size=1024,physical_block_size=4096");
	features = card_features(&d.c);
	cr_expect_eq(features & always, always);
	cr_expect_eq(features & ALL_FEATURES, ALL_FEATURES);
	cr_expect_not(features & VIRTIO_BIT(VIRTIO_BLK_F_RO));
	cr_expect_eq(CARD_GET(&d.c, NUMQ, 2), 3u);
	cr_expect_eq(card_get(&d.c, d.c.config, 8), DISK_SECTORS);
#define CONFIG(member, size) \
	card_get(&d.c, d.c.config + offsetof(struct virtio_blk_config, member), size)
	cr_expect_eq(CONFIG(num_queues, 2), 3u);
	cr_expect_eq(CONFIG(blk_size, 4), 1024u);
	cr_expect_eq(CONFIG(physical_block_exp, 1), 2u);
	cr_expect_eq(CONFIG(seg_max, 4), 254u);
	disk_card_close(&d);
}

Test(blk, injected_faults)
{
	struct error err = { "" };

	start((struct machine_drive){ 0 }, "");
	cr_assert_eq(control_inject(&d.c.f->m, "disk0", FAULT_ERROR, &err), 0, "%s", err.text);
	cr_expect_eq(write_all(0, 512, 0x77), VIRTIO_BLK_S_IOERR);
	expect_image(0, 512);
	cr_assert_eq(control_inject(&d.c.f->m, "disk0", FAULT_TIMEOUT, &err), 0, "%s", err.text);
	disk_begin(&d, 0, 1, VIRTIO_BLK_T_IN, 0, 512);
	expect_image(8, 512);
	cr_expect_eq(disk_status(&d, 1), NOT_YET, "nor ever");
	card_start(&d.c, 0, 64);
	expect_image(0, 512);
	disk_card_close(&d);
}

Test(blk, reads_and_writes_in_every_way)
{
	for (size_t way = 0; way < WAYS; way++) {
		disk_card_open(&d, ways[way], "");
		for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
			card_start(&d.c, layouts[i] & card_features(&d.c), 64);
			expect_image(0, 512);
			expect_image(DISK_SECTORS - 8, 4096);
			cr_assert_eq(write_all(100, 2048, (uint8_t)(i + 1)), VIRTIO_BLK_S_OK);
			cr_assert_eq(write_all(102, 512, 0x77), VIRTIO_BLK_S_OK);
			expect_all(100, 1024, (uint8_t)(i + 1));
			expect_all(102, 512, 0x77);
			expect_all(103, 512, (uint8_t)(i + 1));
			expect_image(99, 512);
			expect_image(104, 512);
		}
		cr_assert_eq(disk_file_byte(&d, 102 * 512),
			     ways[way].snapshot ? disk_byte(102 * 512) : 0x77, "way %zu", way);
		disk_card_close(&d);
	}
}

Test(blk, flush_and_id)
{
	for (size_t way = 0; way < WAYS; way++) {
		start(ways[way], "serial=a-serial-number-of-30-letters");
		cr_assert_eq(disk_card_do(&d, VIRTIO_BLK_T_FLUSH, 0, 0),
			     ways[way].cache == DRIVE_WRITETHROUGH ? VIRTIO_BLK_S_UNSUPP
								   : VIRTIO_BLK_S_OK);
		memset(disk_data(&d, 0), '#', 32);
		cr_assert_eq(disk_card_do(&d, VIRTIO_BLK_T_GET_ID, 0, 20), VIRTIO_BLK_S_OK);
		cr_assert_eq(memcmp(disk_data(&d, 0), "a-serial-number-of-3####", 24), 0);
		disk_card_close(&d);
	}
}

Test(blk, zeroes_and_discards)
{
	for (size_t way = 0; way < WAYS; way++) {
		start(ways[way], "");
		for (uint32_t unmap = 0; unmap < 2; unmap++) {
			cr_assert_eq(write_all(8, 4096, 0x55), VIRTIO_BLK_S_OK);
			cr_assert_eq(range(VIRTIO_BLK_T_WRITE_ZEROES, 9, 3, unmap),
				     VIRTIO_BLK_S_OK);
			expect_all(8, 512, 0x55);
			expect_all(9, 3 * 512, 0);
			expect_all(12, 512, 0x55);
		}
		cr_assert_eq(range(VIRTIO_BLK_T_DISCARD, 1024, 1024, 0), VIRTIO_BLK_S_OK);
		expect_image(1023, 512);
		cr_assert_eq(range(VIRTIO_BLK_T_DISCARD, 0, 0, 0), VIRTIO_BLK_S_OK);
		disk_card_close(&d);
	}
}

Test(blk, a_discard_gives_back_the_room)
{
	struct stat before, after;

	start((struct machine_drive){ 0 }, "");
	cr_assert_eq(disk_card_do(&d, VIRTIO_BLK_T_FLUSH, 0, 0), VIRTIO_BLK_S_OK);
	cr_assert_eq(stat(d.path, &before), 0);
	cr_assert_eq(range(VIRTIO_BLK_T_DISCARD, 0, DISK_SECTORS, 0), VIRTIO_BLK_S_OK);
	cr_assert_eq(stat(d.path, &after), 0);
	cr_expect_lt(after.st_blocks, before.st_blocks);
	cr_expect_eq(after.st_size, DISK_BYTES);
	disk_card_close(&d);
}

Test(blk, many_at_a_time_on_several_queues)
{
	uint32_t used;

	for (size_t way = 0; way < 3; way++) {
		start(ways[way], "num-queues=4");
		for (unsigned round = 0; round < 20; round++) {
			for (unsigned n = 0; n < 40; n++)
				disk_begin(&d, n % 4, n, VIRTIO_BLK_T_IN, n * 9 + round, 4096);
			for (unsigned n = 0; n < 40; n++)
				card_wait_used(&d.c, n % 4, &used);
			for (unsigned n = 0; n < 40; n++) {
				const uint8_t *p = disk_data(&d, n);

				cr_assert_eq(disk_status(&d, n), VIRTIO_BLK_S_OK);
				for (unsigned i = 0; i < 4096; i++)
					cr_assert_eq(p[i], disk_byte((n * 9 + round) * 512ull + i));
			}
		}
		disk_card_close(&d);
	}
}

/* ---- resets ---- */

Test(blk, resets_with_requests_in_flight)
{
	for (size_t way = 0; way < 3; way++) {
		disk_card_open(&d, ways[way], "num-queues=2");
		for (unsigned round = 0; round < 60; round++) {
			uint16_t seen[2];

			card_start(&d.c, layouts[round % 3] & card_features(&d.c), 64);
			for (unsigned n = 0; n < 24; n++)
				disk_begin(&d, n % 2, n, n & 2 ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
					   n * 8, 4096);
			card_reset(&d.c);
			/* Nothing more comes, and the memory is the driver's. */
			for (unsigned n = 0; n < 24; n++)
				memset(disk_data(&d, n), 0x5a, 4096);
			memcpy(seen, card_ram(&d.c, d.c.queue[0].cfg.device_area, 4), 4);
			usleep(round % 4 * 500);
			for (unsigned n = 0; n < 24; n++)
				for (unsigned i = 0; i < 4096; i += 64)
					cr_assert_eq(((uint8_t *)disk_data(&d, n))[i], 0x5a);
			cr_assert_eq(
				memcmp(seen, card_ram(&d.c, d.c.queue[0].cfg.device_area, 4), 4),
				0);
		}
		card_start(&d.c, 0, 64);
		expect_image(2000, 4096);
		disk_card_close(&d);
	}
}

Test(blk, the_machine_goes_with_requests_in_flight)
{
	for (unsigned round = 0; round < 30; round++) {
		start(ways[round % 3], "");
		for (unsigned n = 0; n < 12; n++)
			disk_begin(&d, 0, n, VIRTIO_BLK_T_OUT, n * 8, 4096);
		disk_card_close(&d);
	}
}

/* ---- the rules broken ---- */

Test(blk, sectors_that_there_are_not)
{
	static const struct {
		uint64_t sector;
		uint32_t len;
	} rows[] = {
		{ DISK_SECTORS, 512 },
		{ DISK_SECTORS - 1, 1024 },
		{ UINT64_MAX, 512 },
		{ UINT64_MAX / 512, 512 },
		{ 1ull << 55, 512 },
		{ (1ull << 55) + 1, 4096 },
		{ UINT64_MAX - 7, 8 * 512 },
		{ 0, 511 },
		{ 0, 513 },
	};

	start((struct machine_drive){ 0 }, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(disk_card_do(&d, VIRTIO_BLK_T_IN, rows[i].sector, rows[i].len),
			     VIRTIO_BLK_S_IOERR, "row %zu", i);
		cr_expect_eq(write_all(rows[i].sector, rows[i].len, 1), VIRTIO_BLK_S_IOERR,
			     "row %zu", i);
	}
	cr_expect_eq(range(VIRTIO_BLK_T_DISCARD, DISK_SECTORS, 1, 0), VIRTIO_BLK_S_IOERR);
	cr_expect_eq(range(VIRTIO_BLK_T_DISCARD, UINT64_MAX, 2, 0), VIRTIO_BLK_S_IOERR);
	cr_expect_eq(range(VIRTIO_BLK_T_WRITE_ZEROES, 1, UINT32_MAX, 0), VIRTIO_BLK_S_IOERR);
	expect_image(DISK_SECTORS - 1, 512);
	expect_image(0, 512);
	disk_card_close(&d);
}

Test(blk, requests_that_there_are_not)
{
	start((struct machine_drive){ 0 }, "");
	cr_expect_eq(disk_card_do(&d, 3, 0, 512), VIRTIO_BLK_S_UNSUPP);
	cr_expect_eq(disk_card_do(&d, VIRTIO_BLK_T_SECURE_ERASE, 0, 16), VIRTIO_BLK_S_UNSUPP);
	cr_expect_eq(disk_card_do(&d, 0xffffffff, 0, 0), VIRTIO_BLK_S_UNSUPP);
	cr_expect_eq(range(VIRTIO_BLK_T_DISCARD, 0, 1, 1), VIRTIO_BLK_S_UNSUPP);
	cr_expect_eq(range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 1, 2), VIRTIO_BLK_S_UNSUPP);
	cr_expect_eq(disk_card_do(&d, VIRTIO_BLK_T_DISCARD, 0, 15), VIRTIO_BLK_S_IOERR);
	cr_expect_eq(disk_card_do(&d, VIRTIO_BLK_T_DISCARD, 0, 32), VIRTIO_BLK_S_IOERR);
	/* What was not negotiated. */
	card_start(&d.c, 0, 64);
	cr_expect_eq(disk_card_do(&d, VIRTIO_BLK_T_FLUSH, 0, 0), VIRTIO_BLK_S_UNSUPP);
	cr_expect_eq(range(VIRTIO_BLK_T_DISCARD, 0, 1, 0), VIRTIO_BLK_S_UNSUPP);
	expect_image(0, 512);
	disk_card_close(&d);
}

Test(blk, requests_without_a_header_or_a_status)
{
	static const struct {
		uint32_t out, in;
	} rows[] = { { 16, 0 }, { 15, 1 }, { 0, 1 }, { 1, 512 }, { 700, 0 } };

	start((struct machine_drive){ 0 }, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct driver_buffer b[2];
		struct strbuf sb = STRBUF_INIT;
		unsigned n = 0;

		if (rows[i].out)
			b[n++] = (struct driver_buffer){ CARD_DATA, rows[i].out, false };
		if (rows[i].in)
			b[n++] = (struct driver_buffer){ CARD_DATA + 4096, rows[i].in, true };
		driver_add(&d.c.queue[0], b, n, 0);
		card_ring(&d.c, 0);
		card_expect_status(&d.c, VIRTIO_CONFIG_S_NEEDS_RESET);
		device_describe(d.c.dev, &sb);
		cr_expect_not_null(strstr(strbuf_str(&sb), "no place for a header"));
		strbuf_free(&sb);
		card_start(&d.c, ALL_FEATURES, 64);
		expect_image(3, 512);
	}
	disk_card_close(&d);
}

Test(blk, a_read_only_disk_is_not_written)
{
	start((struct machine_drive){ .readonly = true }, "");
	cr_expect(card_features(&d.c) & VIRTIO_BIT(VIRTIO_BLK_F_RO));
	cr_expect_not(card_features(&d.c) & VIRTIO_BIT(VIRTIO_BLK_F_DISCARD));
	cr_expect_eq(write_all(5, 512, 1), VIRTIO_BLK_S_IOERR);
	expect_image(5, 512);
	cr_expect_eq(disk_file_byte(&d, 5 * 512), disk_byte(5 * 512));
	disk_card_close(&d);
}

/* ---- for people ---- */

Test(blk, a_person_sees_what_it_did)
{
	struct strbuf sb = STRBUF_INIT;
	struct block_info i;

	start((struct machine_drive){ .aio = DRIVE_THREADS }, "");
	expect_image(0, 1024);
	write_all(0, 512, 0);
	write_all(DISK_SECTORS, 512, 0);
	disk_card_do(&d, VIRTIO_BLK_T_FLUSH, 0, 0);
	block_at(&d.c.f->m, 0)->info(block_at(&d.c.f->m, 0), &i);
	cr_expect_eq(i.reads, 1u);
	cr_expect_eq(i.bytes_read, 1024u);
	cr_expect_eq(i.writes, 1u);
	cr_expect_eq(i.bytes_written, 512u);
	cr_expect_eq(i.flushes, 1u);
	cr_expect_eq(i.errors, 1u);
	cr_expect_eq(i.in_flight, 0u);
	block_describe(&d.c.f->m, &sb);
	cr_expect_not_null(strstr(strbuf_str(&sb), "disk0: /tmp/vitrine-disk-"));
	cr_expect_not_null(strstr(strbuf_str(&sb), ", drive d, by threads\n  1048576 bytes"), "%s",
			   strbuf_str(&sb));
	strbuf_free(&sb);
	disk_card_close(&d);
}
