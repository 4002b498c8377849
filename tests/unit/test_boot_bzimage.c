// SPDX-License-Identifier: GPL-3.0-or-later
/* bzImage: what is made of the setup header, and headers that lie. */
#include "tests/unit/boot_fixture.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>

TestSuite(boot_bzimage);

static struct linux_zero_page *zero_page(const struct fixture *f)
{
	return fixture_at(f, LAYOUT_ZERO_PAGE, 4096);
}

Test(boot_bzimage, enters_64_bit_code_with_a_zero_page)
{
	struct fixture f = { .append = "console=ttyS0", .rsdp = 0xe0000 };
	struct linux_zero_page *bp;
	struct image im;

	image_bzimage(&im);
	im.data[BZ_SETUP + 0x200] = 0xf4;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_str_eq(boot_describe(f.img), "bzImage 6.1.0-test");
	cr_assert_eq(f.entry.mode, BOOT_MODE_LONG64);
	cr_assert_eq(f.entry.pc, BZ_LOAD + 0x200);
	cr_assert_eq(f.entry.rsi, LAYOUT_ZERO_PAGE);
	cr_assert_eq(*(uint8_t *)fixture_at(&f, f.entry.pc, 1), 0xf4);

	bp = zero_page(&f);
	cr_assert_eq(bp->hdr.type_of_loader, 0xff);
	cr_assert_eq(bp->hdr.code32_start, BZ_LOAD);
	cr_assert_eq(bp->hdr.header, 0x53726448);
	cr_assert_eq(bp->hdr.init_size, 0x10000);
	cr_assert_eq(bp->sentinel, 0);
	cr_assert_eq(bp->acpi_rsdp_addr, 0xe0000);
	cr_assert_str_eq(fixture_at(&f, bp->hdr.cmd_line_ptr, 64), "console=ttyS0");
	cr_assert_eq(bp->hdr.ramdisk_size, 0);
	cr_assert_eq(bp->hdr.setup_data, 0);
	cr_assert_eq(bp->e820_table[0].addr, 0);
	cr_assert_eq(bp->e820_table[0].type, 1);
	cr_assert_gt(bp->e820_entries, 2);
	fixture_end(&f);
}

Test(boot_bzimage, initrd_lies_high_and_below_its_limit)
{
	char *file = fixture_file("an initrd", 9);
	struct fixture f = { .initrd = file };
	struct linux_zero_page *bp;
	struct image im;

	image_bzimage(&im);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	bp = zero_page(&f);
	cr_assert_eq(bp->hdr.ramdisk_image, (16 << 20) - 4096);
	cr_assert_eq(bp->hdr.ramdisk_size, 9);
	cr_assert_eq(memcmp(fixture_at(&f, bp->hdr.ramdisk_image, 9), "an initrd", 9), 0);
	fixture_end(&f);

	image_bz_header(&im)->initrd_addr_max = 0x7fffff;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(zero_page(&f)->hdr.ramdisk_image, 0x800000 - 4096);
	fixture_end(&f);

	/* Below the kernel there is room too; below 1 MiB there is none for it. */
	image_bz_header(&im)->initrd_addr_max = BZ_LOAD + 0xffff;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(zero_page(&f)->hdr.ramdisk_image, BZ_LOAD - 4096);
	fixture_end(&f);
	image_bz_header(&im)->initrd_addr_max = 0xfffff;
	expect_refused(&f, &im, "no room for the initrd");
	unlink(file);
	free(file);
}

Test(boot_bzimage, device_tree_is_setup_data)
{
	static const char dtb[] = "a device tree, say";
	struct fixture f = { .dtb = dtb, .dtb_size = sizeof(dtb) };
	struct setup_data *data;
	struct image im;

	image_bzimage(&im);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	data = fixture_at(&f, zero_page(&f)->hdr.setup_data, sizeof(*data) + sizeof(dtb));
	cr_assert_eq(data->type, SETUP_DTB);
	cr_assert_eq(data->next, 0);
	cr_assert_eq(data->len, sizeof(dtb));
	cr_assert_str_eq((char *)data->data, dtb);
	fixture_end(&f);
}

Test(boot_bzimage, older_kernel_is_entered_in_32_bit_mode_at_1_mib)
{
	struct fixture f = { 0 };
	struct image im;

	image_bzimage(&im);
	image_bz_header(&im)->version = 0x0206;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(f.entry.mode, BOOT_MODE_PROT32);
	cr_assert_eq(f.entry.pc, 0x100000);
	cr_assert_eq(f.entry.rsi, LAYOUT_ZERO_PAGE);
	fixture_end(&f);

	/* 64-bit, but linked for where it is. */
	image_bzimage(&im);
	image_bz_header(&im)->relocatable_kernel = 0;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(f.entry.pc, 0x100000 + 0x200);
	fixture_end(&f);
}

Test(boot_bzimage, header_is_copied_as_far_as_the_kernel_has_it)
{
	struct fixture f = { 0 };
	struct image im;

	image_bzimage(&im);
	/* The header ends with cmdline_size: what follows is code, not fields. */
	im.data[0x201] = 0x23c - 0x202;
	image_bz_header(&im)->version = 0x0206;
	memset(im.data + 0x23c, 0xcc, 0x40);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(zero_page(&f)->hdr.pref_address, 0);
	cr_assert_eq(zero_page(&f)->hdr.payload_offset, 0);
	fixture_end(&f);
}

Test(boot_bzimage, loading_again_gives_the_same)
{
	struct fixture f = { .append = "x" };
	struct boot_entry again;
	struct image im;

	image_bzimage(&im);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	memset(fixture_at(&f, 0, 16 << 20), 0xaa, 16 << 20);
	cr_assert_eq(boot_load(f.img, f.ram, NULL, 0, 0, &again, &f.err), 0);
	cr_assert_eq(memcmp(&again, &f.entry, sizeof(again)), 0);
	cr_assert_str_eq(fixture_at(&f, LAYOUT_CMDLINE, 2), "x");
	cr_assert_eq(*(uint8_t *)fixture_at(&f, BZ_LOAD, 1), 0x90);
	fixture_end(&f);
}

Test(boot_bzimage, every_truncation_is_a_sentence)
{
	struct fixture f = { 0 };
	struct image im;

	image_bzimage(&im);
	for (size_t size = 1; size + 15 < im.size; size++) {
		cr_assert_lt(fixture_boot_exact(&f, im.data, size), 0, "%zu bytes boot", size);
		cr_assert_gt(strlen(f.err.text), 20, "%zu bytes: \"%s\"", size, f.err.text);
	}
}

Test(boot_bzimage, headers_that_lie_are_refused)
{
	struct fixture f = { 0 };
	struct image im;

#define LIE(field, value, words)                       \
	do {                                           \
		image_bzimage(&im);                    \
		image_bz_header(&im)->field = (value); \
		expect_refused(&f, &im, words);        \
	} while (0)
	LIE(version, 0x0205, "boot protocol 2.05");
	LIE(loadflags, 0, "zImage");
	LIE(setup_sects, 255, "ends in the setup code");
	LIE(syssize, 0xffffffff, "cut off");
	LIE(syssize, 0x20, "only 512 bytes of kernel");
	LIE(kernel_alignment, 3, "no power of two");
	LIE(pref_address, UINT64_MAX, "past 4 GiB");
	LIE(pref_address, UINT64_MAX - 0xffff, "past 4 GiB");
	LIE(pref_address, 0x100000000ull, "past 4 GiB");
	LIE(pref_address, 0xfffff000, "needs guest memory at 0xfffff000");
	LIE(init_size, 0xffffffff, "needs guest memory at 0x200000");
	LIE(init_size, 16 << 20, "16 MiB");
#undef LIE
	image_bzimage(&im);
	image_bz_header(&im)->relocatable_kernel = 0;
	image_bz_header(&im)->pref_address = UINT64_MAX;
	expect_refused(&f, &im, "wants to run at 0xffffffffffffffff");
}

Test(boot_bzimage, command_line_is_held_to_what_the_kernel_takes)
{
	struct fixture f = { .append = "12345678" };
	struct image im;

	image_bzimage(&im);
	image_bz_header(&im)->cmdline_size = 8;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	fixture_end(&f);
	image_bz_header(&im)->cmdline_size = 7;
	expect_refused(&f, &im, "the command line has 8 bytes, and this kernel takes 7");
	f.append = memset(calloc(1, 0x10000), 'x', 0xffff);
	image_bz_header(&im)->cmdline_size = 0xffffffff;
	expect_refused(&f, &im, "the command line has 65535 bytes");
	free((void *)f.append);
}

Test(boot_bzimage, real_kernel)
{
	static const char *const patterns[] = { "build/rigs/*/vmlinuz*",
						"build/rigs/*/boot/vmlinuz*",
						"build/rigs/*/*/boot/vmlinuz*" };
	struct fixture f = { .ram_size = 512 << 20, .name = "vmlinuz" };
	struct boot_params p = { .append = "console=ttyS0" };
	glob_t g = { 0 };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		glob(patterns[i], i ? GLOB_APPEND : 0, NULL, &g);
	if (!g.gl_pathc)
		cr_skip_test("no kernel below build/rigs");
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct boot_entry entry;

		p.kernel = g.gl_pathv[i];
		cr_assert_eq(memory_create(&f.ram, -1, f.ram_size, &f.err), 0);
		if (boot_open(&f.img, &p, &f.err)) {
			/* The kernel of another processor may lie there too. */
			cr_assert(strstr(f.err.text, "arm64"), "%s", f.err.text);
		} else {
			cr_assert_eq(boot_load(f.img, f.ram, NULL, 0, 0, &entry, &f.err), 0, "%s",
				     f.err.text);
			cr_assert_eq(entry.mode, BOOT_MODE_LONG64);
			cr_assert_geq(entry.pc, 0x100200);
		}
		fixture_end(&f);
	}
	globfree(&g);
}
