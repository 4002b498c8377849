// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * disk: a virtio-blk driver without an operating system (Virtio 1.2, 4 and 5.2). Finds the disk
 * in the device tree or on PCI, sets up one split queue, reads sector 1, writes it back in sector 2
 * with its bytes in reverse, asks for what there is not, and resets the device.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line that went
 * wrong.
 */
#include "tests/guests/drivers/virtio.h"

#define DISK_ID	  0x10421af4
#define DISK_TYPE 2
#define F_FLUSH	  (1u << 9)

#define T_IN	  0
#define T_OUT	  1
#define T_FLUSH	  4
#define ISR_QUEUE 1

#define S_OK	0
#define S_IOERR 1

#define SIZE   8
#define SECTOR 512

static struct {
	uint32_t type, priority;
	uint64_t sector;
} header __attribute__((aligned(16)));

/* Alone in its page, which a debugger may watch. */
static struct {
	uint8_t data[SECTOR];
	uint8_t rest[4096 - SECTOR];
} own __attribute__((aligned(4096)));
static volatile uint8_t done;

static struct virtio_device dev;
static struct virtqueue queue;

/* A request of @len bytes; its status, 0xff when none came. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t len)
{
	unsigned int n = 0;

	header.type = type;
	header.sector = sector;
	done = 0xff;
	virtqueue_describe(&queue, n++, &header, sizeof(header), VIRTQ_NEXT);
	if (len)
		virtqueue_describe(&queue, n++, own.data, len,
				   (uint16_t)(VIRTQ_NEXT | (type == T_IN ? VIRTQ_WRITE : 0)));
	virtqueue_describe(&queue, n, &done, 1, VIRTQ_WRITE);
	virtqueue_add(&queue, 0);
	virtqueue_kick(&queue);
	for (unsigned int tries = 0; tries < 30000000 && virtqueue_take(&queue) < 0; tries++)
		cpu_relax();
	return done;
}

static bool begin(void)
{
	if (!virtio_reset(&dev) || !virtio_negotiate(&dev, F_FLUSH))
		return false;
	virtqueue_start(&dev, 0, &queue, SIZE);
	virtio_ready(&dev);
	return true;
}

static void transfer(void)
{
	check(request(T_IN, 1, SECTOR) == S_OK, "it reads");
	print("disk: sector 1 begins with %s\n", (const char *)own.data);
	for (unsigned int i = 0; i < SECTOR / 2; i++) {
		uint8_t byte = own.data[i];

		own.data[i] = own.data[SECTOR - 1 - i];
		own.data[SECTOR - 1 - i] = byte;
	}
	check(request(T_OUT, 2, SECTOR) == S_OK, "it writes");
	check(request(T_FLUSH, 0, 0) == S_OK, "it flushes");
	memset(own.data, 0, SECTOR);
	check(request(T_IN, 2, SECTOR) == S_OK && own.data[SECTOR - 1], "it reads what it wrote");
}

/* The queue says that it is done before the device interrupts. */
static void interrupts(void)
{
	uint32_t why = 0;

	for (unsigned int tries = 0; tries < 1000000 && !why; tries++)
		why = virtio_take_isr(&dev);
	check(why == ISR_QUEUE, "it says why it interrupts");
}

static void mistakes(void)
{
	uint64_t capacity = *(volatile uint64_t *)dev.config;

	check(request(T_IN, capacity, SECTOR) == S_IOERR, "nothing is behind its end");
	check(request(T_OUT, ~0ull, SECTOR) == S_IOERR, "nor far behind");
	check(request(T_IN, capacity - 1, SECTOR) == S_OK, "its last sector is there");
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	driver_guest_init("disk", start_info, zero_page);
	if (virtio_open_mmio(&dev, DISK_TYPE)) {
		check(true, "found in the device tree");
	} else {
		check(pci_find(DISK_ID), "found by ECAM");
		check(virtio_open(&dev), "its structures are there");
	}
	check(begin(), "it agrees");
	transfer();
	interrupts();
	mistakes();
	check(begin(), "it begins anew");
	check(request(T_IN, 1, SECTOR) == S_OK, "and reads again");
	debug_exit(0);
}
