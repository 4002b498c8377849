// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * disk: a virtio-blk driver without an operating system (Virtio 1.2, 4.1 and 5.2). Finds the disk
 * on PCI, sets up one split queue, reads sector 1, writes it back in sector 2 with its bytes in
 * reverse, asks for what there is not, and resets the device.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line that went
 * wrong.
 */
#include "tests/guests/drivers/drivers.h"

#define DISK_ID	   0x10421af4
#define CAP_VENDOR 9

/* Structures by cfg_type, and the common one's fields (4.1.4.3). */
enum { COMMON = 1, NOTIFY = 2, CONFIG = 4 };
#define DEVICE_SELECT  0x00
#define DEVICE_FEATURE 0x04
#define DRIVER_SELECT  0x08
#define DRIVER_FEATURE 0x0c
#define STATUS	       0x14
#define QUEUE_SELECT   0x16
#define QUEUE_SIZE     0x18
#define QUEUE_ENABLE   0x1c
#define QUEUE_DESC     0x20
#define QUEUE_DRIVER   0x28
#define QUEUE_DEVICE   0x30
#define ACKNOWLEDGE    1
#define DRIVER	       2
#define DRIVER_OK      4
#define FEATURES_OK    8
#define VERSION_1_WORD 1 /* bit 32 */
#define F_FLUSH	       (1u << 9)

#define T_IN	0
#define T_OUT	1
#define T_FLUSH 4
#define S_OK	0
#define S_IOERR 1

#define SIZE   8
#define NEXT   1
#define WRITE  2
#define SECTOR 512

static struct {
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} desc[SIZE];
	struct {
		uint16_t flags, idx, ring[SIZE], event;
	} driver;
	uint32_t pad;
	struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[SIZE];
		uint16_t event;
	} device;
} queue __attribute__((aligned(4096)));

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

static volatile uint8_t *common, *config, *doorbell;

static void find_structures(void)
{
	for (unsigned int at = *pci_config(PCI_CAPS) & 0xff; at; at = *pci_config(at) >> 8 & 0xff) {
		unsigned int type = *pci_config(at) >> 24;
		volatile uint8_t *where =
			(volatile uint8_t *)(uint64_t)((*pci_config(
								PCI_BAR0 +
								4 * (*pci_config(at + 4) & 0xff)) &
							~15u) +
						       *pci_config(at + 8));

		if ((*pci_config(at) & 0xff) != CAP_VENDOR)
			continue;
		if (type == COMMON)
			common = where;
		else if (type == CONFIG)
			config = where;
		else if (type == NOTIFY)
			doorbell = where; /* of queue 0 */
	}
}

static void set32(unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(common + reg) = value;
}

static void set16(unsigned int reg, uint16_t value)
{
	*(volatile uint16_t *)(common + reg) = value;
}

static void set_address(unsigned int reg, const volatile void *p)
{
	set32(reg, (uint32_t)physical_of(p));
	set32(reg + 4, (uint32_t)(physical_of(p) >> 32));
}

static bool reset(void)
{
	common[STATUS] = 0;
	for (unsigned int tries = 0; tries < 1000000; tries++)
		if (!common[STATUS])
			return true;
	return false;
}

static bool negotiate(void)
{
	common[STATUS] = ACKNOWLEDGE;
	common[STATUS] = ACKNOWLEDGE | DRIVER;
	set32(DEVICE_SELECT, 0);
	set32(DRIVER_SELECT, 0);
	set32(DRIVER_FEATURE, *(volatile uint32_t *)(common + DEVICE_FEATURE) & F_FLUSH);
	set32(DRIVER_SELECT, 1);
	set32(DRIVER_FEATURE, VERSION_1_WORD);
	common[STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK;
	return common[STATUS] & FEATURES_OK;
}

static void start(void)
{
	memset(&queue, 0, sizeof(queue));
	set16(QUEUE_SELECT, 0);
	set16(QUEUE_SIZE, SIZE);
	set_address(QUEUE_DESC, queue.desc);
	set_address(QUEUE_DRIVER, &queue.driver);
	set_address(QUEUE_DEVICE, &queue.device);
	set16(QUEUE_ENABLE, 1);
	common[STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
}

static void describe(unsigned int n, volatile void *p, uint32_t len, uint16_t flags)
{
	queue.desc[n].addr = physical_of(p);
	queue.desc[n].len = len;
	queue.desc[n].flags = flags;
	queue.desc[n].next = (uint16_t)(n + 1);
}

/* A request of @len bytes; its status, 0xff when none came. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t len)
{
	volatile uint16_t *used = &queue.device.idx;
	uint16_t before = *used;
	unsigned int n = 0;

	header.type = type;
	header.sector = sector;
	done = 0xff;
	describe(n++, &header, sizeof(header), NEXT);
	if (len)
		describe(n++, own.data, len, (uint16_t)(NEXT | (type == T_IN ? WRITE : 0)));
	describe(n, &done, 1, WRITE);
	/* Every ring entry stays 0, the first descriptor. */
	__atomic_store_n(&queue.driver.idx, (uint16_t)(queue.driver.idx + 1), __ATOMIC_SEQ_CST);
	*(volatile uint16_t *)doorbell = 0;
	for (unsigned int tries = 0; tries < 30000000 && *used == before; tries++)
		cpu_relax();
	return done;
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

static void mistakes(void)
{
	uint64_t capacity = *(volatile uint64_t *)config;

	check(request(T_IN, capacity, SECTOR) == S_IOERR, "nothing is behind its end");
	check(request(T_OUT, ~0ull, SECTOR) == S_IOERR, "nor far behind");
	check(request(T_IN, capacity - 1, SECTOR) == S_OK, "its last sector is there");
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	driver_guest_init("disk", start_info, zero_page);
	check(pci_find(DISK_ID), "found by ECAM");
	*pci_config(PCI_COMMAND) = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	find_structures();
	check(common && config && doorbell, "its structures are there");
	check(reset() && negotiate(), "it agrees");
	start();
	transfer();
	mistakes();
	check(reset() && negotiate(), "it begins anew");
	start();
	check(request(T_IN, 1, SECTOR) == S_OK, "and reads again");
	debug_exit(0);
}
