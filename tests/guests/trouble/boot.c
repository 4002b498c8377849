// SPDX-License-Identifier: GPL-3.0-or-later
/* What can go wrong on the way up. */
#include "tests/guests/trouble/trouble.h"

/* hang: counts the loops of a tick, with interrupts still off: there will be no tick. */
__noinline void calibrate_delay(void)
{
	uint64_t begin = jiffies, loops = 0;

	print("Calibrating delay loop...\n");
	while (jiffies == begin)
		loops++;
	print("%lu loops\n", loops);
	run_init();
}

struct block_device {
	const char *name;
	uint64_t sectors;
};

/* oops: nobody asks whether there is such a device. */
static __noinline struct block_device *find_device(const char *name)
{
	static struct block_device devices[] = { { "ram0", 8192 } };

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (!strcmp(devices[i].name, name))
			return &devices[i];
	return NULL;
}

static __noinline uint64_t mount_root(const char *name)
{
	struct block_device *dev = find_device(name);

	return dev->sectors / 8;
}

__noinline void prepare_root(void)
{
	char name[16] = "ram0";

	option_text("root", name, sizeof(name));
	print("Mounting %s\n", name);
	print("%lu blocks\n", mount_root(name));
	run_init();
}

/* slow: channels of a controller that is not there, whose bus reads as busy, each until a timeout.
 */
#define IDE_STATUS   7
#define IDE_BUSY     0x80
#define IDE_PATIENCE 10000

static __noinline bool ide_wait_ready(uint16_t base)
{
	for (unsigned int tries = 0; tries < IDE_PATIENCE; tries++)
		if (!(inb(base + IDE_STATUS) & IDE_BUSY))
			return true;
	return false;
}

__noinline void probe_ide(void)
{
	static const uint16_t channels[] = { 0x1f0, 0x170, 0x1e8, 0x168 };

	for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
		print("ide%lu: %s\n", i, ide_wait_ready(channels[i]) ? "ready" : "no drive");
	run_init();
}

__noinline void run_init(void)
{
	print("Running init\n");
}
