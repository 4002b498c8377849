// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Flat binaries: bytes without a header, chosen by a name that ends in ".bin".
 *
 * A file whose first 512 bytes end in 55 AA is a boot sector: loaded at 0x7c00
 * and entered in real mode, as a PC's BIOS would, though without a BIOS to
 * call. Any other is loaded at 1 MiB and entered there in 64-bit mode, with
 * Linux's zero page in rsi, for the memory map and the command line.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/boot/loader.h"

static bool flat_probe(const struct boot_file *f)
{
	size_t len = strlen(f->name);

	return len > 4 && !strcmp(f->name + len - 4, ".bin");
}

static int flat_parse(struct boot_image *img, struct error *err)
{
	uint8_t sig[2];

	(void)err;
	img->boot_sector = boot_file_read(&img->kernel, 510, sig, sizeof(sig)) && sig[0] == 0x55 &&
			   sig[1] == 0xaa;
	snprintf(img->describe, sizeof(img->describe), "%s",
		 img->boot_sector ? "boot sector" : "flat binary");
	return 0;
}

static int load_boot_sector(struct boot_load *l)
{
	uint64_t size = l->img->kernel.size;
	int ret = place_claim(l, "the boot sector", LAYOUT_BOOT_SECTOR, size);

	if (!ret)
		ret = place_file(l, &l->img->kernel, 0, size, LAYOUT_BOOT_SECTOR, size);
	if (ret)
		return ret;
	*l->entry = (struct boot_entry){
		.mode = BOOT_MODE_REAL16,
		.pc = LAYOUT_BOOT_SECTOR,
		.sp = LAYOUT_BOOT_SECTOR,
	};
	return 0;
}

static int flat_load(struct boot_load *l)
{
	uint64_t size = l->img->kernel.size;
	int ret;

	if (l->img->boot_sector)
		return load_boot_sector(l);
	ret = place_processor(l, 64);
	if (!ret)
		ret = place_claim(l, "the flat binary", LAYOUT_HIGH, size);
	if (!ret)
		ret = place_file(l, &l->img->kernel, 0, size, LAYOUT_HIGH, size);
	if (!ret)
		ret = linux_place(l, NULL);
	if (ret)
		return ret;
	*l->entry = (struct boot_entry){
		.mode = BOOT_MODE_LONG64,
		.pc = LAYOUT_HIGH,
		.sp = LAYOUT_STACK_TOP,
		.rsi = LAYOUT_ZERO_PAGE,
	};
	return 0;
}

const struct boot_loader boot_flat = {
	.name = "flat binary",
	.probe = flat_probe,
	.parse = flat_parse,
	.load = flat_load,
};
