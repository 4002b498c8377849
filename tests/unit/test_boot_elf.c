// SPDX-License-Identifier: GPL-3.0-or-later
/* ELF kernels, plain and with the PVH note. */
#include "tests/unit/boot_fixture.h"

TestSuite(boot_elf);

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};

struct modlist_entry {
	uint64_t paddr, size, cmdline, reserved;
};

static Elf64_Ehdr *ehdr(struct image *im)
{
	return (Elf64_Ehdr *)im->data;
}

Test(boot_elf, elf64_is_entered_at_its_physical_entry)
{
	static const uint64_t bases[] = { 0, 0xffffffff80000000ull, 0x40000000 };
	struct fixture f = { .append = "hello" };
	struct image im;

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		struct linux_zero_page *bp;

		image_elf64(&im, bases[i]);
		cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
		cr_assert_str_eq(boot_describe(f.img), "ELF64");
		cr_assert_eq(f.entry.mode, BOOT_MODE_LONG64);
		cr_assert_eq(f.entry.pc, ELF_LOAD + 0x10);
		cr_assert_eq(f.entry.rsi, LAYOUT_ZERO_PAGE);
		bp = fixture_at(&f, LAYOUT_ZERO_PAGE, 4096);
		cr_assert_eq(bp->hdr.header, 0x53726448);
		cr_assert_str_eq(fixture_at(&f, bp->hdr.cmd_line_ptr, 6), "hello");
		fixture_end(&f);
	}
	/* An entry that is physical in a file that is linked high: Linux's vmlinux. */
	image_elf64(&im, 0xffffffff80000000ull);
	ehdr(&im)->e_entry = ELF_LOAD + 0x18;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(f.entry.pc, ELF_LOAD + 0x18);
	fixture_end(&f);
	/* And its per-CPU data, linked at 0, do not attract it. */
	ehdr(&im)->e_phnum = 2;
	*image_phdr64(&im, 1) = *image_phdr64(&im, 0);
	image_phdr64(&im, 0)->p_flags = PF_R | PF_W;
	image_phdr64(&im, 0)->p_vaddr = 0;
	image_phdr64(&im, 0)->p_memsz = 0x200000;
	image_phdr64(&im, 0)->p_paddr = 0x400000;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(f.entry.pc, ELF_LOAD + 0x18);
	fixture_end(&f);
	/* Unless it can be nothing else. */
	ehdr(&im)->e_entry = 0x1ffff0;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_eq(f.entry.pc, 0x5ffff0);
	fixture_end(&f);
}

Test(boot_elf, bss_is_zero_again_after_every_load)
{
	struct fixture f = { 0 };
	struct image im;
	uint8_t *text;

	image_elf64(&im, 0);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	text = fixture_at(&f, ELF_LOAD, ELF_SIZE + ELF_BSS + 1);
	memset(text, 0xaa, ELF_SIZE + ELF_BSS + 1);
	cr_assert_eq(boot_load(f.img, f.ram, NULL, 0, 0, &f.entry, &f.err), 0);
	cr_assert_eq(text[0], 0x90);
	cr_assert_eq(text[ELF_SIZE - 1], 0x90);
	for (size_t i = 0; i < ELF_BSS; i++)
		cr_assert_eq(text[ELF_SIZE + i], 0);
	cr_assert_eq(text[ELF_SIZE + ELF_BSS], 0xaa, "something was written behind the bss");
	fixture_end(&f);
}

Test(boot_elf, elf32_is_entered_in_32_bit_mode)
{
	struct fixture f = { 0 };
	struct image im;

	image_elf32(&im);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_str_eq(boot_describe(f.img), "ELF32");
	cr_assert_eq(f.entry.mode, BOOT_MODE_PROT32);
	cr_assert_eq(f.entry.pc, ELF_LOAD + 0x10);
	fixture_end(&f);
}

Test(boot_elf, pvh_gets_start_info_and_memory_map)
{
	struct fixture f = { .append = "quiet", .rsdp = 0xf0000 };
	struct start_info *si;
	struct image im;

	image_pvh(&im);
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	cr_assert_str_eq(boot_describe(f.img), "PVH ELF64");
	cr_assert_eq(f.entry.mode, BOOT_MODE_PROT32);
	cr_assert_eq(f.entry.pc, PVH_ENTRY);
	si = fixture_at(&f, f.entry.rbx, sizeof(*si));
	cr_assert_eq(si->magic, 0x336ec578);
	cr_assert_eq(si->version, 1);
	cr_assert_eq(si->nr_modules, 0);
	cr_assert_eq(si->rsdp, 0xf0000);
	cr_assert_str_eq(fixture_at(&f, si->cmdline, 6), "quiet");
	cr_assert_geq(si->memmap_entries, 3);
	cr_assert_eq(*(uint64_t *)fixture_at(&f, si->memmap, 24), 0);
	cr_assert_eq(*(uint32_t *)fixture_at(&f, si->memmap + 16, 4), 1);
	fixture_end(&f);
}

Test(boot_elf, pvh_modules_are_initrd_then_dtb)
{
	char *file = fixture_file("initrd", 6);
	struct fixture f = { .dtb = "DTB", .dtb_size = 3 };
	struct modlist_entry *mod;
	struct start_info *si;
	struct image im;

	image_pvh(&im);
	/* Without an initrd an empty module keeps the device tree from being taken for it. */
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	si = fixture_at(&f, f.entry.rbx, sizeof(*si));
	cr_assert_eq(si->nr_modules, 2);
	mod = fixture_at(&f, si->modlist, 2 * sizeof(*mod));
	cr_assert_eq(mod[0].size, 0);
	cr_assert_str_eq(fixture_at(&f, mod[1].cmdline, 4), "dtb");
	cr_assert_eq(memcmp(fixture_at(&f, mod[1].paddr, 3), "DTB", 3), 0);
	fixture_end(&f);

	f.initrd = file;
	cr_assert_eq(fixture_boot(&f, im.data, im.size), 0, "%s", f.err.text);
	si = fixture_at(&f, f.entry.rbx, sizeof(*si));
	mod = fixture_at(&f, si->modlist, 2 * sizeof(*mod));
	cr_assert_eq(mod[0].size, 6);
	cr_assert_eq(memcmp(fixture_at(&f, mod[0].paddr, 6), "initrd", 6), 0);
	cr_assert_eq(mod[1].size, 3);
	fixture_end(&f);
	unlink(file);
	free(file);
}

Test(boot_elf, every_truncation_is_a_sentence)
{
	static void (*const make[])(struct image * im) = { image_pvh, image_elf32 };
	struct fixture f = { 0 };
	struct image im;

	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
		make[i](&im);
		for (size_t size = 1; size < im.size; size++) {
			cr_assert_lt(fixture_boot_exact(&f, im.data, size), 0, "%zu bytes boot",
				     size);
			cr_assert_gt(strlen(f.err.text), 20, "%zu bytes: \"%s\"", size, f.err.text);
		}
	}
}

Test(boot_elf, headers_that_lie_are_refused)
{
	struct fixture f = { 0 };
	struct image im;

#define LIE(field, value, words)                \
	do {                                    \
		image_elf64(&im, 0);            \
		ehdr(&im)->field = (value);     \
		expect_refused(&f, &im, words); \
	} while (0)
	LIE(e_machine, EM_AARCH64, "for arm64, not for x86");
	LIE(e_machine, 4711, "for machine 4711");
	LIE(e_ident[EI_DATA], ELFDATA2MSB, "big-endian");
	LIE(e_ident[EI_CLASS], 7, "class 7");
	LIE(e_type, ET_REL, "a module?");
	LIE(e_type, ET_CORE, "core dump");
	LIE(e_type, 77, "type 77");
	LIE(e_phnum, 0, "nothing to load");
	LIE(e_phnum, 0xffff, "65535 program headers");
	LIE(e_phnum, 200, "cut off in its program headers");
	LIE(e_phentsize, 1, "program headers of 1 bytes");
	LIE(e_phoff, UINT64_MAX, "cut off in its program headers");
	LIE(e_phoff, UINT64_MAX - 8, "cut off in its program headers");
	LIE(e_entry, 0xdeadbeef, "entry 0xdeadbeef lies in none");
#undef LIE
#define LIE(field, value, words)                       \
	do {                                           \
		image_elf64(&im, 0);                   \
		image_phdr64(&im, 0)->field = (value); \
		expect_refused(&f, &im, words);        \
	} while (0)
	LIE(p_filesz, UINT64_MAX, "larger in the file");
	LIE(p_offset, UINT64_MAX, "cut off");
	LIE(p_offset, im.size, "cut off");
	LIE(p_memsz, UINT64_MAX, "wraps around");
	LIE(p_memsz, 1ull << 62, "needs guest memory");
	LIE(p_memsz, 16 << 20, "needs guest memory");
	LIE(p_paddr, UINT64_MAX - 0x100, "wraps around");
	LIE(p_paddr, 0xffffffff80100000ull, "needs guest memory at 0xffffffff80100000");
	LIE(p_paddr, 0xa0000, "a PC has no memory");
	LIE(p_paddr, 0x9f000, "a PC has no memory");
	LIE(p_paddr, 0x1000, "overlaps the GDT");
	LIE(p_paddr, 0x3000, "overlaps the initial page tables");
	LIE(p_paddr, LAYOUT_CMDLINE, "overlaps a segment of the kernel");
	LIE(p_type, PT_INTERP, "dynamic loader");
	LIE(p_type, PT_NOTE, "nothing to load");
#undef LIE
}

Test(boot_elf, overlapping_segments_are_refused)
{
	struct fixture f = { 0 };
	struct image im;

	image_elf64(&im, 0);
	ehdr(&im)->e_phnum = 2;
	*image_phdr64(&im, 1) = *image_phdr64(&im, 0);
	image_phdr64(&im, 1)->p_paddr += ELF_SIZE + ELF_BSS - 1;
	expect_refused(&f, &im, "overlaps a segment of the kernel");
	image_phdr64(&im, 1)->p_paddr += 1;
	cr_assert_eq(fixture_boot_exact(&f, im.data, im.size), 0, "%s", f.err.text);
}

Test(boot_elf, notes_that_lie_do_no_harm)
{
	static const uint32_t values[] = { 0, 1, 3, 5, 9, 0x7fffffff, 0xfffffff0, 0xffffffff };
	struct fixture f = { 0 };
	struct image im;

	for (size_t word = 0; word < 10; word++)
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			int ret;

			image_pvh(&im);
			memcpy(im.data + 0x200 + word * 4, &values[i], 4);
			ret = fixture_boot_exact(&f, im.data, im.size);
			cr_assert(ret == 0 || strlen(f.err.text) > 20);
		}
	image_pvh(&im);
	image_phdr64(&im, 1)->p_offset = UINT64_MAX - 16;
	cr_assert_eq(fixture_boot_exact(&f, im.data, im.size), 0, "%s", f.err.text);
	image_pvh(&im);
	image_phdr64(&im, 1)->p_filesz = UINT64_MAX;
	cr_assert_eq(fixture_boot_exact(&f, im.data, im.size), 0, "%s", f.err.text);
	image_pvh(&im);
	im.data[0x200 + 12 + 8 + 4 + 12 + 4 + 5] = 1; /* the entry is at 1 TiB and more */
	expect_refused(&f, &im, "PVH entry 0x10000100020 lies in none");
}
