// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes the boot loaders: the input is a kernel image, booted into 16 MiB of
 * RAM without a VM. Twice, because a name that ends in .bin makes flat binaries.
 * The copy ends where its heap block ends, for the sanitizer to see reads past it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/boot/boot.h"
#include "hv/boot/layout.h"

#define RAM_SIZE (16ull << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path to a small initrd, for the code that finds places for it. */
static const char *initrd_path(void)
{
	static const char bytes[5000];
	static char path[64];
	int fd;

	if (path[0])
		return path;
	fd = memfd_create("initrd", 0);
	if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/* A refusal must be a sentence; an entry must lie in RAM. */
static void boot_once(struct memory *ram, const char *name, const void *data, size_t size)
{
	static const char dtb[] = "device tree";
	struct boot_params p = {
		.kernel = name,
		.kernel_data = data,
		.kernel_size = size,
		.initrd = initrd_path(),
		.append = "console=ttyS0 dtb",
	};
	struct boot_image *img = NULL;
	struct boot_entry entry = { 0 };
	struct error err = { "" };
	int ret = boot_open(&img, &p, &err);

	if (!ret) {
		ret = boot_load(img, ram, dtb, sizeof(dtb), 0, &entry, &err);
		if (!ret && !memory_ptr(ram, entry.pc, 1))
			__builtin_trap();
		if (!boot_describe(img)[0])
			__builtin_trap();
	}
	if (ret && (strlen(err.text) < 20 || !strstr(err.text, name)))
		__builtin_trap();
	boot_close(img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory *ram;
	void *copy;

	if (!ram && memory_create(&ram, -1, RAM_SIZE, NULL))
		abort();
	copy = malloc(size ? size : 1);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	boot_once(ram, "image", copy, size);
	boot_once(ram, "image.bin", copy, size);
	free(copy);
	return 0;
}
