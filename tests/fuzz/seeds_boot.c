// SPDX-License-Identifier: GPL-3.0-or-later
/* Writes one small valid image of each kind into a directory: where fuzz_boot begins. */
#include <stdio.h>

#include "tests/unit/boot_images.h"

static int save(const char *dir, const char *name, const struct image *im)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f || fwrite(im->data, 1, im->size, f) != im->size) {
		perror(path);
		if (f)
			fclose(f);
		return 1;
	}
	return fclose(f) != 0;
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : ".";
	struct image im;
	int bad = 0;

	image_bzimage(&im);
	bad |= save(dir, "bzimage", &im);
	image_bz_header(&im)->version = 0x0206;
	bad |= save(dir, "bzimage-old", &im);
	image_elf64(&im, 0xffffffff80000000ull);
	bad |= save(dir, "elf64", &im);
	image_elf32(&im);
	bad |= save(dir, "elf32", &im);
	image_multiboot(&im, 0x100, 7);
	bad |= save(dir, "multiboot-elf32", &im);
	image_pvh(&im);
	bad |= save(dir, "pvh", &im);
	image_aout(&im);
	bad |= save(dir, "multiboot-fields", &im);
	memset(&im, 0x90, 512);
	im.data[510] = 0x55;
	im.data[511] = 0xaa;
	im.size = 512;
	bad |= save(dir, "boot-sector", &im);
	return bad;
}
