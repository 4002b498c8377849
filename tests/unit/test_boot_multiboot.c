// SPDX-License-Identifier: GPL-3.0-or-later
/* Multiboot 1: headers, images, modules. */
#include "tests/unit/boot_fixture.h"

#include <stdio.h>

TestSuite(boot_multiboot);

/* Indices of 32-bit words in the information structure (specification, 3.3). */
enum {
	FLAGS,
	LOWER,
	UPPER,
	CMDLINE = 4,
	MODS_COUNT,
	MODS_ADDR,
	MMAP_LENGTH = 11,
	MMAP_ADDR,
	LOADER_NAME = 16,
	FB_ADDR = 22
};

static const uint32_t *information(const struct fixture *f)
{
	cr_assert_eq(f->entry.mode, BOOT_MODE_PROT32);
	cr_assert_eq(f->entry.rax, 0x2badb002);
	return fixture_at(f, f->entry.rbx, 116);
}

Test(boot_multiboot, elf32_with_information)
{
	struct fixture f = { .append = "a b", .name = "kernel.elf" };
	const uint32_t *mbi, *map;
	struct image im;

	image_elf32(&im);
	image_multiboot(&im, ELF_TEXT, 3);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_str_eq(boot_describe(f.img), "Multiboot 1 ELF32");
	cr_assert_eq(f.entry.pc, ELF_LOAD + 0x10);
	mbi = information(&f);
	cr_assert_eq(mbi[FLAGS], 1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
	cr_assert_eq(mbi[LOWER], 639);
	cr_assert_eq(mbi[UPPER], 15 << 10);
	cr_assert_str_eq(fixture_at(&f, mbi[CMDLINE], 16), "kernel.elf a b");
	cr_assert_str_eq(fixture_at(&f, mbi[LOADER_NAME], 16), "vitrine");
	cr_assert_eq(mbi[MODS_COUNT], 0);
	map = fixture_at(&f, mbi[MMAP_ADDR], mbi[MMAP_LENGTH]);
	cr_assert_eq(map[0], 20);
	cr_assert_eq(map[1], 0);
	cr_assert_eq(map[3], LAYOUT_EBDA);
	cr_assert_eq(map[5], 1);
	fixture_end(&f);
}

Test(boot_multiboot, elf64_and_video_mode)
{
	struct fixture f = { 0 };
	const uint32_t *mbi;
	struct image im;

	image_elf64(&im, 0);
	image_multiboot(&im, ELF_TEXT, 7);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_str_eq(boot_describe(f.img), "Multiboot 1 ELF64");
	mbi = information(&f);
	cr_assert_eq(mbi[FLAGS] & 1 << 12, 1 << 12);
	cr_assert_eq(mbi[FB_ADDR], 0xb8000);
	fixture_end(&f);
}

Test(boot_multiboot, address_fields)
{
	struct fixture f = { 0 };
	struct image im;
	uint32_t *h = image_aout(&im);
	uint8_t *p;

	im.data[MB_HEADER + 32] = 0xf4;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_str_eq(boot_describe(f.img), "Multiboot 1");
	cr_assert_eq(f.entry.pc, ELF_LOAD + MB_HEADER + 32);
	cr_assert_eq(*(uint8_t *)fixture_at(&f, f.entry.pc, 1), 0xf4);
	p = fixture_at(&f, ELF_LOAD, 8192);
	memset(p, 0xaa, 8192);
	cr_assert_eq(boot_load(f.img, f.ram, NULL, 0, 0, &f.entry, &f.err), 0);
	cr_assert_eq(p[0], 0x90);
	cr_assert_eq(p[4096], 0);
	cr_assert_eq(p[8191], 0);
	fixture_end(&f);

	/* Zero says: to the end of the file, and no bss. The image may start behind the file's
	 * start. */
	h[4] = ELF_LOAD + MB_HEADER;
	h[5] = h[6] = 0;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(*(uint32_t *)fixture_at(&f, ELF_LOAD + MB_HEADER, 4), MB_MAGIC);
	fixture_end(&f);
}

Test(boot_multiboot, modules_follow_the_kernel_with_their_strings)
{
	char *one = fixture_file("first", 5), *two = fixture_file("second!", 7);
	const char *modules[] = { NULL, NULL };
	struct fixture f = { .initrd = one, .modules = modules, .dtb = "DTB", .dtb_size = 3 };
	const uint32_t *mbi, *mod;
	struct image im;
	char spec[64];

	snprintf(spec, sizeof(spec), "%s x=1 y", two);
	modules[0] = spec;
	image_aout(&im);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	mbi = information(&f);
	cr_assert_eq(mbi[MODS_COUNT], 2, "the device tree was not asked for");
	mod = fixture_at(&f, mbi[MODS_ADDR], 32);
	cr_assert_eq(mod[0], ELF_LOAD + 8192);
	cr_assert_eq(mod[1] - mod[0], 5);
	cr_assert_str_eq(fixture_at(&f, mod[2], 64), one);
	cr_assert_eq(memcmp(fixture_at(&f, mod[0], 5), "first", 5), 0);
	cr_assert_eq(mod[4], ELF_LOAD + 8192 + 4096);
	cr_assert_eq(mod[5] - mod[4], 7);
	cr_assert_str_eq(fixture_at(&f, mod[6], 64), spec);
	cr_assert_eq(memcmp(fixture_at(&f, mod[4], 7), "second!", 7), 0);
	fixture_end(&f);

	f.append = "nodtb dtb=1 dtb";
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	mbi = information(&f);
	cr_assert_eq(mbi[MODS_COUNT], 3);
	mod = fixture_at(&f, mbi[MODS_ADDR], 48);
	cr_assert_str_eq(fixture_at(&f, mod[10], 4), "dtb");
	fixture_end(&f);
	f.append = "nodtb dtb=1";
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(information(&f)[MODS_COUNT], 2);
	fixture_end(&f);

	/* QEMU's way to give them all in -initrd. */
	snprintf(spec, sizeof(spec), "%s a b,%s", one, two);
	f.initrd = spec;
	f.modules = NULL;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	mbi = information(&f);
	cr_assert_eq(mbi[MODS_COUNT], 2);
	mod = fixture_at(&f, mbi[MODS_ADDR], 32);
	cr_assert_eq(strncmp(fixture_at(&f, mod[2], 64), spec, strcspn(spec, ",")), 0);
	cr_assert_str_eq(fixture_at(&f, mod[6], 64), two);
	fixture_end(&f);
	snprintf(spec, sizeof(spec), "%s,", one);
	f.initrd = spec;
	expect_refused(&f, &im, "cannot open the module : No such file");
	unlink(one);
	unlink(two);
	free(one);
	free(two);
}

Test(boot_multiboot, headers_that_lie_are_refused)
{
	struct fixture f = { 0 };
	struct image im;

#define LIE(word, value, words)                 \
	do {                                    \
		uint32_t *h = image_aout(&im);  \
		h[word] = (value);              \
		expect_refused(&f, &im, words); \
	} while (0)
	LIE(3, 0, "cannot be loaded from");
	LIE(3, 0xffffffff, "cannot be loaded from");
	LIE(4, 0, "cannot be loaded from");
	LIE(5, 1, "before its start");
	LIE(5, 0xfffffffc, "cut off");
	LIE(6, ELF_LOAD + 4095, "before the end of the data");
	LIE(6, 0xffffffff, "needs guest memory at 0x100000");
	LIE(7, 0, "entry 0x0 lies outside");
	LIE(7, ELF_LOAD + 8192, "lies outside");
#undef LIE
	image_aout(&im);
	image_multiboot(&im, MB_HEADER, 1 << 16 | 1 << 4);
	expect_refused(&f, &im, "flags 0x10");
	image_aout(&im);
	image_multiboot(&im, MB_HEADER, 3);
	expect_refused(&f, &im, "is no ELF file");
	image_aout(&im)[2]++;
	expect_refused(&f, &im, "not a bzImage, ELF or Multiboot image");
	/* Over the tables of the first 64 KiB. */
	{
		uint32_t *h = image_aout(&im);

		for (int i = 3; i < 8; i++)
			h[i] -= ELF_LOAD - LAYOUT_MULTIBOOT;
		expect_refused(&f, &im, "overlaps the Multiboot information");
	}
}

Test(boot_multiboot, header_is_found_in_the_first_8_kib_only)
{
	struct fixture f = { 0 };
	struct image im;
	uint32_t *h;

	image_aout(&im);
	memset(im.data, 0x90, im.size = IMAGE_MAX);
	h = image_multiboot(&im, 8192 - 32, 1 << 16);
	h[3] = ELF_LOAD + 8192 - 32;
	h[4] = h[7] = ELF_LOAD;
	h[5] = h[6] = 0;
	cr_assert_eq(fixture_boot_exact(&f, im.data, im.size), 0, "%s", f.err.text);
	memmove(im.data + 8192 - 12, h, 12);
	memset(h, 0, 20);
	expect_refused(&f, &im, "header is cut off");
	memset(im.data, 0x90, im.size);
	image_multiboot(&im, 64, 3);
	memmove(im.data + 62, im.data + 64, 12);
	im.data[74] = im.data[75] = 0x90;
	expect_refused(&f, &im, "not a bzImage, ELF or Multiboot image");
}

Test(boot_multiboot, every_truncation_is_a_sentence)
{
	struct fixture f = { 0 };
	struct image im;

	image_aout(&im);
	for (size_t size = 1; size < im.size; size++) {
		cr_assert_lt(fixture_boot_exact(&f, im.data, size), 0, "%zu bytes boot", size);
		cr_assert_gt(strlen(f.err.text), 20, "%zu bytes: \"%s\"", size, f.err.text);
	}
}
