/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A virtio-blk driver for tests, on a small image whose every byte is known. */
#ifndef TESTS_UNIT_VIRTIO_DISK_CARD_H
#define TESTS_UNIT_VIRTIO_DISK_CARD_H

#include <linux/virtio_blk.h>

#include "tests/unit-virtio/card.h"

#define DISK_SECTORS 2048u
#define DISK_BYTES   (DISK_SECTORS * 512u)
#define NOT_YET	     0xee /* a status that no device gives */

struct disk_card {
	struct card c;
	char path[64];
	struct machine_drive drives[3];
	const char *devices[3];
};

/* A new image; @drive says how it is used (its file may be left out), @option is what -device is
 * told behind the drive, "" for nothing. */
void disk_card_open(struct disk_card *d, struct machine_drive drive, const char *option);
void disk_card_close(struct disk_card *d);

/* What the image has at byte @at of it, before anybody writes. */
uint8_t disk_byte(uint64_t at);
/* The same of the file now. */
uint8_t disk_file_byte(const struct disk_card *d, uint64_t at);

/*
 * A request of place @n (0 … 63), which has its own memory: disk_data(). @len bytes of data, which
 * the device writes for VIRTIO_BLK_T_IN and GET_ID. disk_begin() offers it on @queue and notifies.
 */
void *disk_data(struct disk_card *d, unsigned n);
#define DISK_DATA_MAX 0x3000u
void disk_begin(struct disk_card *d, unsigned queue, unsigned n, uint32_t type, uint64_t sector,
		uint32_t len);
uint8_t disk_status(struct disk_card *d, unsigned n);
/* All of it, on queue 0, place 0: the status. */
uint8_t disk_card_do(struct disk_card *d, uint32_t type, uint64_t sector, uint32_t len);

#endif
