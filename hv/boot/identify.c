// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a file is that vitrine cannot boot: so that the person who gave the
 * wrong one reads which mistake it was.
 */
#include <string.h>

#include "hv/boot/loader.h"

struct magic {
	uint32_t offset;
	uint8_t len;
	const char *bytes;
	const char *what;
};

/* In order: an arm64 Image with an EFI stub is also a PE file. */
static const struct magic magics[] = {
	{ 56, 4, "ARM\x64", "an arm64 Image, and this machine is x86" },
	{ 56, 4, "RSC\x05", "a RISC-V Image, and this machine is x86" },
	{ 0, 8, "MZ\0\0zimg", "an EFI zboot image; unpack the kernel in it first" },
	{ 0, 2, "MZ",
	  "an EFI program (PE), perhaps a unified kernel image; give the bzImage in it" },
	{ 0, 2, "\x1f\x8b", "a gzip file; unpack it, or is it the initrd?" },
	{ 0, 6,
	  "\xfd"
	  "7zXZ\0",
	  "an xz file; unpack it, or is it the initrd?" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "a zstd file; unpack it, or is it the initrd?" },
	{ 0, 4, "\x02\x21\x4c\x18", "an lz4 file; unpack it, or is it the initrd?" },
	{ 0, 4, "\x04\x22\x4d\x18", "an lz4 file; unpack it, or is it the initrd?" },
	{ 0, 3, "BZh", "a bzip2 file; unpack it first" },
	{ 0, 5, "\x5d\0\0\0\x04", "an lzma file; unpack it first" },
	{ 0, 6, "070701", "a cpio archive: is it the initrd?" },
	{ 0, 4, "QFI\xfb", "a qcow2 disk image" },
	{ 0x8001, 5, "CD001", "a CD image (ISO 9660)" },
	{ 257, 5, "ustar", "a tar archive" },
	{ 0, 4, "\xd0\x0d\xfe\xed", "a device tree" },
	{ 0, 8, "!<arch>\n", "an archive (a .deb or a library)" },
	{ 0, 2, "#!", "a script" },
};

static bool has_multiboot2(const struct boot_file *f)
{
	uint32_t words[4];

	/* Multiboot 2: 8-byte aligned in the first 32 KiB. */
	for (uint64_t off = 0; off + sizeof(words) <= 32768; off += 8) {
		if (!boot_file_read(f, off, words, sizeof(words)))
			return false;
		if (words[0] == 0xe85250d6 && words[0] + words[1] + words[2] + words[3] == 0)
			return true;
	}
	return false;
}

const char *identify_file(const struct boot_file *f)
{
	uint8_t buf[16];

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *m = &magics[i];

		if (boot_file_read(f, m->offset, buf, m->len) && !memcmp(buf, m->bytes, m->len))
			return m->what;
	}
	if (has_multiboot2(f))
		return "a Multiboot 2 image; vitrine boots Multiboot 1";
	/* After all the others: an image of a disk with a boot sector. */
	if (boot_file_read(f, 510, buf, 2) && buf[0] == 0x55 && buf[1] == 0xaa)
		return "a disk image or a boot sector; a boot sector's name must end in .bin";
	return NULL;
}
