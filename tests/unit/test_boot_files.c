// SPDX-License-Identifier: GPL-3.0-or-later
/* Files: what is refused and how it is said; flat binaries; memory map and layout. */
#include "tests/unit/boot_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "hv/boot/memmap.h"

TestSuite(boot_files);

static void expect_no_kernel(const char *path, const char *words)
{
	struct boot_params p = { .kernel = path };
	struct boot_image *img;
	struct error err = { "" };

	cr_assert_lt(boot_open(&img, &p, &err), 0);
	cr_assert_null(img);
	cr_assert(strstr(err.text, words), "\"%s\" lacks \"%s\"", err.text, words);
	cr_assert(!path || strstr(err.text, path), "\"%s\" does not name the file", err.text);
}

Test(boot_files, what_is_no_file_is_refused_by_name)
{
	char *empty = fixture_file("", 0), *huge = fixture_file("x", 1);
	char fifo[] = "/tmp/vitrine-fifo-XXXXXX";

	expect_no_kernel(NULL, "-kernel");
	expect_no_kernel("/nonexistent/vmlinuz", "No such file");
	expect_no_kernel("/tmp", "is a directory");
	expect_no_kernel("/dev/null", "is a device");
	expect_no_kernel(empty, "is empty");
	cr_assert_not_null(mkdtemp(fifo));
	cr_assert_eq(rmdir(fifo), 0);
	cr_assert_eq(mkfifo(fifo, 0600), 0);
	expect_no_kernel(fifo, "is a pipe");
	cr_assert_eq(truncate(huge, 5ll << 30), 0);
	expect_no_kernel(huge, "too large: 5120 MiB");
	if (geteuid() != 0) {
		cr_assert_eq(chmod(empty, 0), 0);
		expect_no_kernel(empty, "Permission denied");
	}
	unlink(fifo);
	unlink(empty);
	unlink(huge);
	free(empty);
	free(huge);
}

Test(boot_files, other_files_are_called_by_name)
{
	static const struct {
		size_t off;
		const char *bytes;
		size_t len;
		const char *words;
	} rows[] = {
		{ 0, "\x1f\x8b", 2, "gzip" },
		{ 0, "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ 0,
		  "\xfd"
		  "7zXZ",
		  6, "xz" },
		{ 0, "070701", 6, "cpio" },
		{ 0, "MZ", 2, "unified kernel image" },
		{ 56, "ARM\x64", 4, "arm64 Image" },
		{ 0, "#!/bin/sh", 9, "a script" },
		{ 510, "\x55\xaa", 2, "boot sector" },
		{ 8, "\xd6\x50\x52\xe8\0\0\0\0\x10\0\0\0\x1a\xaf\xad\x17", 16, "Multiboot 2" },
		{ 0, "hello", 5, "not a bzImage, ELF or Multiboot image" },
	};
	struct fixture f = { 0 };
	struct image im;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&im, 0, sizeof(im));
		im.size = 1024;
		memcpy(im.data + rows[i].off, rows[i].bytes, rows[i].len);
		expect_refused(&f, &im, rows[i].words);
		cr_assert(strstr(f.err.text, "is no kernel vitrine can boot"), "%s", f.err.text);
	}
}

Test(boot_files, file_that_changed_is_not_loaded)
{
	struct fixture f = { 0 };
	struct boot_params p = { 0 };
	struct image im;
	char *file, *other;
	int fd;

	image_elf64(&im, 0);
	p.kernel = file = fixture_file(im.data, im.size);
	cr_assert_eq(memory_create(&f.ram, -1, 16 << 20, &f.err), 0);
	cr_assert_eq(boot_open(&f.img, &p, &f.err), 0, "%s", f.err.text);
	cr_assert_eq(boot_load(f.img, f.ram, NULL, 0, 0, &f.entry, &f.err), 0);
	cr_assert_eq(*(uint8_t *)fixture_at(&f, ELF_LOAD, 1), 0x90);
	/* Removed: the old one is what is loaded. */
	cr_assert_eq(unlink(file), 0);
	cr_assert_eq(boot_load(f.img, f.ram, NULL, 0, 0, &f.entry, &f.err), 0);
	/* Replaced, as linkers do it. */
	other = fixture_file(im.data, im.size);
	cr_assert_eq(rename(other, file), 0);
	cr_assert_eq(boot_load(f.img, f.ram, NULL, 0, 0, &f.entry, &f.err), -ESTALE);
	cr_assert(strstr(f.err.text, "was replaced"), "%s", f.err.text);
	boot_close(f.img);
	unlink(file);

	free(other);
	free(file);
	p.kernel = file = fixture_file(im.data, im.size);
	cr_assert_eq(boot_open(&f.img, &p, &f.err), 0, "%s", f.err.text);
	fd = open(file, O_WRONLY | O_TRUNC);
	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(boot_load(f.img, f.ram, NULL, 0, 0, &f.entry, &f.err), -ESTALE);
	cr_assert(strstr(f.err.text, "was written to"), "%s", f.err.text);
	fixture_end(&f);
	unlink(file);
	free(file);
}

Test(boot_files, initrd_and_modules_that_are_not_there)
{
	static const char *const modules[] = { "/nonexistent/mod args", NULL };
	struct fixture f = { .initrd = "/nonexistent/initrd" };
	struct image im;

	image_elf64(&im, 0);
	expect_refused(&f, &im, "cannot open the initrd /nonexistent/initrd: No such file");
	image_aout(&im);
	expect_refused(&f, &im, "cannot open the module /nonexistent/initrd: No such file");
	f.initrd = NULL;
	f.modules = modules;
	expect_refused(&f, &im, "cannot open the module /nonexistent/mod: No such file");
	image_bzimage(&im);
	expect_refused(&f, &im, "takes no modules");
}

Test(boot_files, flat_binary_and_boot_sector_go_by_name)
{
	struct fixture f = { .name = "x.bin", .append = "args" };
	struct image im = { .size = 1024 };
	struct linux_zero_page *bp;

	im.data[0] = 0xf4;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_str_eq(boot_describe(f.img), "flat binary");
	cr_assert_eq(f.entry.mode, BOOT_MODE_LONG64);
	cr_assert_eq(f.entry.pc, 0x100000);
	cr_assert_eq(*(uint8_t *)fixture_at(&f, 0x100000, 1), 0xf4);
	bp = fixture_at(&f, f.entry.rsi, sizeof(*bp));
	cr_assert_str_eq(fixture_at(&f, bp->hdr.cmd_line_ptr, 8), "args");
	fixture_end(&f);

	im.data[510] = 0x55;
	im.data[511] = 0xaa;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_str_eq(boot_describe(f.img), "boot sector");
	cr_assert_eq(f.entry.mode, BOOT_MODE_REAL16);
	cr_assert_eq(f.entry.pc, 0x7c00);
	cr_assert_eq(*(uint8_t *)fixture_at(&f, 0x7c00, 1), 0xf4);
	fixture_end(&f);
	f.name = "x.raw";
	expect_refused(&f, &im, "must end in .bin");
}

Test(boot_files, small_memory_is_a_sentence)
{
	static void (*const make[])(struct image * im) = { image_bzimage, image_pvh, image_elf32 };
	struct fixture f = { .dtb = "x", .dtb_size = 1, .append = "x" };
	struct image im;

	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++)
		for (f.ram_size = 4096; f.ram_size <= LAYOUT_HIGH; f.ram_size += 4096) {
			make[i](&im);
			expect_refused(&f, &im, "uest memory");
		}
}

Test(boot_files, device_tree_that_is_too_large)
{
	static char big[LAYOUT_DTB_SIZE + 1];
	struct fixture f = { .dtb = big, .dtb_size = sizeof(big) };
	struct image im;

	image_bzimage(&im);
	expect_refused(&f, &im, "the device tree has");
	image_pvh(&im);
	expect_refused(&f, &im, "the device tree has");
	f.dtb_size--;
	cr_assert_eq(fixture_boot_exact(&f, im.data, im.size), 0, "%s", f.err.text);
}

Test(boot_files, memory_map_is_sorted_and_covers_the_ram)
{
	static const uint64_t sizes[] = {
		4096, 640 << 10, 1 << 20, 16 << 20, 3ull << 30, 5ull << 30
	};
	struct memmap_entry map[MEMMAP_MAX];
	struct memory *ram;
	struct error err;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t end = 0, total = 0;
		uint32_t lower, upper;
		size_t n;

		cr_assert_eq(memory_create(&ram, -1, sizes[i], &err), 0);
		n = memmap_build(ram, map);
		for (size_t k = 0; k < n; k++) {
			cr_assert_geq(map[k].start, end);
			cr_assert_gt(map[k].size, 0);
			end = map[k].start + map[k].size;
			if (map[k].type != MEMMAP_RAM)
				continue;
			cr_assert_not_null(memory_ptr(ram, map[k].start, map[k].size));
			total += map[k].size;
		}
		if (sizes[i] > LAYOUT_HIGH)
			cr_assert_eq(total, sizes[i] - LAYOUT_HIGH + LAYOUT_EBDA);
		memmap_lower_upper(ram, &lower, &upper);
		cr_assert_leq(lower, 639);
		cr_assert_eq(upper, sizes[i] <= LAYOUT_HIGH   ? 0
				    : sizes[i] > (3ull << 30) ? 3071u << 10
							      : (sizes[i] >> 10) - 1024);
		memory_destroy(ram);
	}
}

/* docs/boot.md shows the layout to people: a row for each piece, as layout.h has it. */
Test(boot_files, layout_in_the_manual_is_the_real_one)
{
	char *text = NULL;
	size_t cap = 0;
	FILE *doc = fopen("docs/boot.md", "r");

	if (!doc)
		cr_skip_test("not run in the source directory");
	cr_assert_gt(getdelim(&text, &cap, '\0', doc), 0);
	fclose(doc);
#define ROW(name, start, size, what)                                                       \
	do {                                                                               \
		char row[160];                                                             \
		snprintf(row, sizeof(row), "| 0x%05x | 0x%05x | %s |", start, size, what); \
		cr_assert(strstr(text, row), "docs/boot.md lacks the row %s", row);        \
	} while (0);
	LAYOUT_TABLE(ROW)
#undef ROW
	free(text);
}
