// SPDX-License-Identifier: GPL-3.0-or-later
/* A virtio-blk driver for tests: see disk_card.h. */
#include "tests/unit-virtio/disk_card.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLACE	   0x4000u
#define HEADER_AT  0u
#define STATUS_AT  0x20u
#define DATA_AT	   0x1000u
#define QUEUE_SIZE 64

uint8_t disk_byte(uint64_t at)
{
	return (uint8_t)(at / 512 * 7 + at % 512);
}

uint8_t disk_file_byte(const struct disk_card *d, uint64_t at)
{
	int fd = open(d->path, O_RDONLY | O_CLOEXEC);
	uint8_t byte = 0;

	cr_assert_eq(pread(fd, &byte, 1, (off_t)at), 1);
	close(fd);
	return byte;
}

static void make_image(struct disk_card *d)
{
	static uint8_t bytes[DISK_BYTES];
	int fd;

	snprintf(d->path, sizeof(d->path), "/tmp/vitrine-disk-%d.img", (int)getpid());
	for (uint64_t i = 0; i < DISK_BYTES; i++)
		bytes[i] = disk_byte(i);
	fd = open(d->path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, DISK_BYTES), (ssize_t)DISK_BYTES);
	close(fd);
}

void disk_card_open(struct disk_card *d, struct machine_drive drive, const char *option)
{
	static char device[128];

	*d = (struct disk_card){ .devices = { device } };
	make_image(d);
	drive.id = "d";
	drive.file = d->path;
	d->drives[0] = drive;
	snprintf(device, sizeof(device), "virtio-blk,packed=on,drive=d%s%s", *option ? "," : "",
		 option);
	card_open_with(&d->c, d->drives, d->devices, "disk0");
}

void disk_card_close(struct disk_card *d)
{
	card_close(&d->c);
	unlink(d->path);
}

static uint64_t place(unsigned n)
{
	return CARD_DATA + (uint64_t)PLACE * n;
}

void *disk_data(struct disk_card *d, unsigned n)
{
	return card_ram(&d->c, place(n) + DATA_AT, DISK_DATA_MAX);
}

uint8_t disk_status(struct disk_card *d, unsigned n)
{
	return *(volatile uint8_t *)card_ram(&d->c, place(n) + STATUS_AT, 1);
}

void disk_begin(struct disk_card *d, unsigned queue, unsigned n, uint32_t type, uint64_t sector,
		uint32_t len)
{
	bool in = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	/* In pieces that are no multiples of anything. */
	const struct driver_buffer all[] = {
		{ place(n) + HEADER_AT, 5, false }, { place(n) + HEADER_AT + 5, 11, false },
		{ place(n) + DATA_AT, 1, in },	    { place(n) + DATA_AT + 1, len - 1, in },
		{ place(n) + STATUS_AT, 1, true },
	};
	struct driver_buffer some[5];
	unsigned count = 0;

	memcpy(card_ram(&d->c, place(n), 16), &header, sizeof(header));
	*(uint8_t *)card_ram(&d->c, place(n) + STATUS_AT, 1) = NOT_YET;
	for (unsigned i = 0; i < 5; i++)
		if (i < 2 || i == 4 || (i == 2 && len) || (i == 3 && len > 1))
			some[count++] = all[i];
	cr_assert_geq(driver_add(&d->c.queue[queue], some, count, 0), 0);
	if (driver_should_notify(&d->c.queue[queue]))
		card_ring(&d->c, queue);
}

uint8_t disk_card_do(struct disk_card *d, uint32_t type, uint64_t sector, uint32_t len)
{
	uint32_t used;

	disk_begin(d, 0, 0, type, sector, len);
	card_wait_used(&d->c, 0, &used);
	if (type == VIRTIO_BLK_T_IN && !disk_status(d, 0))
		cr_expect_eq(used, len + 1);
	return disk_status(d, 0);
}
