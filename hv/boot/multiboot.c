// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Multiboot 1 (Multiboot Specification version 0.6.96): hobby kernels and
 * kernel test suites.
 *
 * The header is looked for in the first 8 KiB. The image is an ELF file, or anything
 * at all whose header has the address fields (the a.out kludge). The kernel starts in
 * flat 32-bit mode with eax = magic and ebx = the information structure:
 *
 *     LAYOUT_MULTIBOOT   information | memory map | module list | strings
 *     LAYOUT_CMDLINE     "KERNEL ARGUMENTS": the first word is the file's name, as
 *                        GRUB and QEMU have it and test suites expect it
 *     after the kernel   the modules, each at a page: of -initrd, of the list, the device tree
 *
 * Kernels count their modules and take fright at one more. So the device tree is
 * a module only for a kernel whose arguments contain the word "dtb".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/boot/loader.h"
#include "hv/boot/memmap.h"

#define HEADER_MAGIC  0x1badb002u
#define ENTRY_MAGIC   0x2badb002u
#define SEARCH_LENGTH 8192

/* Flags of the header; bits 0-15 that a loader does not know must make it refuse (3.1.2). */
#define HEADER_ALIGN  (1u << 0)
#define HEADER_MEMORY (1u << 1)
#define HEADER_VIDEO  (1u << 2)
#define HEADER_FIELDS (1u << 16)
#define HEADER_KNOWN  (HEADER_ALIGN | HEADER_MEMORY | HEADER_VIDEO)

struct mb_header {
	uint32_t magic, flags, checksum;
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

#define INFO_MEMORY	 (1u << 0)
#define INFO_CMDLINE	 (1u << 2)
#define INFO_MODULES	 (1u << 3)
#define INFO_MMAP	 (1u << 6)
#define INFO_LOADER	 (1u << 9)
#define INFO_FRAMEBUFFER (1u << 12)

/* Boot information format (3.3). */
struct mb_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t apm_table;
	uint32_t vbe[4];
	uint32_t framebuffer_addr, framebuffer_addr_high;
	uint32_t framebuffer_pitch, framebuffer_width, framebuffer_height;
	uint8_t framebuffer_bpp, framebuffer_type;
	uint8_t color_info[6];
};
_Static_assert(sizeof(struct mb_info) == 116, "Multiboot information");

struct mb_mmap {
	uint32_t size; /* of the rest */
	uint64_t addr, len;
	uint32_t type;
} __attribute__((packed));

struct mb_module {
	uint32_t start, end, string, reserved;
};

#define MODULES_MAX (BOOT_MAX_MODULES + 2)
#define STRINGS_MAX (LAYOUT_MULTIBOOT_SIZE - 0x1000)

/* What lies at LAYOUT_MULTIBOOT. */
struct mb_area {
	struct mb_info info;
	struct mb_mmap map[MEMMAP_MAX];
	struct mb_module modules[MODULES_MAX];
	char strings[STRINGS_MAX];
};
_Static_assert(sizeof(struct mb_area) <= LAYOUT_MULTIBOOT_SIZE, "Multiboot area");

/* The header in the first 8 KiB, 4-byte aligned; -1 when there is none. */
static int64_t find_header(const struct boot_file *f, struct mb_header *h)
{
	uint8_t buf[SEARCH_LENGTH];
	size_t len = boot_file_peek(f, 0, buf, sizeof(buf));

	for (size_t off = 0; off + 12 <= len; off += 4) {
		uint32_t w[3];

		memcpy(w, buf + off, sizeof(w));
		if (w[0] != HEADER_MAGIC || w[0] + w[1] + w[2] != 0)
			continue;
		memset(h, 0, sizeof(*h));
		memcpy(h, buf + off, len - off < sizeof(*h) ? len - off : sizeof(*h));
		return (int64_t)off;
	}
	return -1;
}

static bool multiboot_probe(const struct boot_file *f)
{
	struct mb_header h;

	return find_header(f, &h) >= 0;
}

/* The address fields (3.1.3) against the file and each other. */
static int parse_fields(struct boot_image *img, const struct mb_header *h, uint64_t at,
			struct error *err)
{
	struct multiboot_image *mb = &img->mb;
	uint64_t before, end, bss_end;

	if (at + sizeof(*h) > img->kernel.size || at + sizeof(*h) > SEARCH_LENGTH)
		return error_set(err, -EINVAL, "its Multiboot header is cut off");
	if (h->load_addr > h->header_addr || h->header_addr - h->load_addr > at)
		return error_set(
			err, -EINVAL,
			"its Multiboot header at 0x%x cannot be loaded from 0x%x on: it stands "
			"at byte %" PRIu64 " of the file",
			h->header_addr, h->load_addr, at);
	before = h->header_addr - h->load_addr;
	mb->offset = at - before;
	mb->filesz = img->kernel.size - mb->offset;
	if (h->load_end_addr) {
		if (h->load_end_addr <= h->load_addr)
			return error_set(err, -EINVAL,
					 "its Multiboot header ends the image at 0x%x, "
					 "before its start 0x%x",
					 h->load_end_addr, h->load_addr);
		if (h->load_end_addr - h->load_addr > mb->filesz)
			return error_set(
				err, -EINVAL,
				"the file is cut off: its Multiboot header says %u bytes, and "
				"%" PRIu64 " are there",
				h->load_end_addr - h->load_addr, mb->filesz);
		mb->filesz = h->load_end_addr - h->load_addr;
	}
	end = h->load_addr + mb->filesz;
	bss_end = h->bss_end_addr ? h->bss_end_addr : end;
	if (bss_end < end)
		return error_set(err, -EINVAL,
				 "its Multiboot header ends the bss at 0x%" PRIx64
				 ", before the end of the data 0x%" PRIx64,
				 bss_end, end);
	mb->load = h->load_addr;
	mb->memsz = bss_end - h->load_addr;
	mb->entry = h->entry_addr;
	if (mb->entry < mb->load || mb->entry >= bss_end)
		return error_set(err, -EINVAL,
				 "its Multiboot entry 0x%" PRIx64 " lies outside the image",
				 mb->entry);
	mb->fields = true;
	snprintf(img->describe, sizeof(img->describe), "Multiboot 1");
	return 0;
}

static int multiboot_parse(struct boot_image *img, struct error *err)
{
	struct multiboot_image *mb = &img->mb;
	struct mb_header h;
	int64_t at = find_header(&img->kernel, &h);
	int ret;

	if (at < 0)
		return error_set(err, -EINVAL, "its Multiboot header is gone");
	memset(mb, 0, sizeof(*mb));
	mb->flags = h.flags;
	if (h.flags & 0xffff & ~HEADER_KNOWN)
		return error_set(
			err, -ENOTSUP,
			"its Multiboot header asks for what vitrine does not know (flags 0x%x)",
			h.flags & 0xffff & ~HEADER_KNOWN);
	if (h.flags & HEADER_FIELDS)
		return parse_fields(img, &h, (uint64_t)at, err);
	if (!elf_is_elf(&img->kernel))
		return error_set(err, -EINVAL,
				 "it has a Multiboot header without addresses, and is no ELF file");
	ret = elf_parse(&img->kernel, &mb->elf, err);
	if (ret)
		return ret;
	mb->entry = mb->elf.phys_entry;
	if (mb->entry > UINT32_MAX)
		return error_set(err, -EINVAL, "its Multiboot entry 0x%" PRIx64 " lies past 4 GiB",
				 mb->entry);
	snprintf(img->describe, sizeof(img->describe), "Multiboot 1 ELF%d", mb->elf.is64 ? 64 : 32);
	return 0;
}

/* Adds a string to the area; its guest address in *@gpa. */
static int add_string(struct boot_load *l, struct mb_area *a, size_t *used, const char *s,
		      uint32_t *gpa)
{
	size_t len = strlen(s) + 1;

	if (len > sizeof(a->strings) - *used)
		return error_set(l->err, -E2BIG, "the strings of the modules are too long");
	memcpy(a->strings + *used, s, len);
	*gpa = (uint32_t)(LAYOUT_MULTIBOOT + offsetof(struct mb_area, strings) + *used);
	*used += len;
	return 0;
}

/* Claims a place for module @name of @size bytes and lists it. */
static int add_module(struct boot_load *l, struct mb_area *a, size_t *used, const char *name,
		      uint64_t size, uint64_t *gpa)
{
	struct mb_module *mod = &a->modules[a->info.mods_count];
	uint64_t from = place_end(l);
	int ret = place_low(l, "a module", size, from < LAYOUT_HIGH ? LAYOUT_HIGH : from, gpa);

	if (!ret)
		ret = add_string(l, a, used, name, &mod->string);
	if (ret)
		return ret;
	mod->start = (uint32_t)*gpa;
	mod->end = (uint32_t)(*gpa + size);
	a->info.mods_count++;
	return 0;
}

static bool wants_dtb(const char *append)
{
	for (const char *s = append; (s = strstr(s, "dtb")); s += 3)
		if ((s == append || s[-1] == ' ') && (s[3] == ' ' || !s[3]))
			return true;
	return false;
}

static int add_modules(struct boot_load *l, struct mb_area *a, size_t *used)
{
	const struct boot_image *img = l->img;
	uint64_t gpa;
	int ret = 0;

	for (size_t i = 0; i < img->module_count && !ret; i++) {
		const struct boot_module *m = &img->modules[i];

		ret = add_module(l, a, used, m->cmdline, m->file.size, &gpa);
		if (!ret)
			ret = place_file(l, &m->file, 0, m->file.size, gpa, m->file.size);
	}
	if (!ret && l->dtb && l->dtb_size && wants_dtb(img->append)) {
		ret = add_module(l, a, used, "dtb", l->dtb_size, &gpa);
		if (!ret)
			ret = place_bytes(l, gpa, l->dtb, l->dtb_size);
	}
	return ret;
}

static int add_cmdline(struct boot_load *l)
{
	const char *name = l->img->kernel.name, *append = l->img->append;
	size_t size = strlen(name) + strlen(append) + 2;
	char *text = malloc(size);
	int ret;

	if (!text)
		return error_set(l->err, -ENOMEM, "out of memory");
	snprintf(text, size, "%s%s%s", name, *append ? " " : "", append);
	ret = place_cmdline(l, text, UINT64_MAX);
	free(text);
	return ret;
}

static void fill_memory(struct boot_load *l, struct mb_area *a)
{
	struct memmap_entry map[MEMMAP_MAX];
	size_t n = memmap_build(l->ram, map);

	for (size_t i = 0; i < n; i++)
		a->map[i] = (struct mb_mmap){
			.size = sizeof(a->map[i]) - sizeof(a->map[i].size),
			.addr = map[i].start,
			.len = map[i].size,
			.type = map[i].type,
		};
	a->info.mmap_addr = (uint32_t)(LAYOUT_MULTIBOOT + offsetof(struct mb_area, map));
	a->info.mmap_length = (uint32_t)(n * sizeof(a->map[0]));
	memmap_lower_upper(l->ram, &a->info.mem_lower, &a->info.mem_upper);
}

/*
 * A kernel that asks for a video mode must be told of one, though not the one it asked for (3.1.4):
 * 80x25 text, in plain memory where nobody sees it but a debugger.
 */
static void fill_framebuffer(struct mb_info *info)
{
	info->flags |= INFO_FRAMEBUFFER;
	info->framebuffer_addr = 0xb8000;
	info->framebuffer_width = 80;
	info->framebuffer_height = 25;
	info->framebuffer_pitch = 160;
	info->framebuffer_bpp = 16;
	info->framebuffer_type = 2; /* EGA text */
}

static int fill_area(struct boot_load *l, struct mb_area *a)
{
	size_t used = 0;
	int ret = add_modules(l, a, &used);

	if (!ret)
		ret = add_string(l, a, &used, "vitrine", &a->info.boot_loader_name);
	if (ret)
		return ret;
	a->info.flags = INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MMAP | INFO_LOADER;
	a->info.cmdline = LAYOUT_CMDLINE;
	a->info.mods_addr = (uint32_t)(LAYOUT_MULTIBOOT + offsetof(struct mb_area, modules));
	fill_memory(l, a);
	if (l->img->mb.flags & HEADER_VIDEO)
		fill_framebuffer(&a->info);
	return place_bytes(l, LAYOUT_MULTIBOOT, a, sizeof(*a));
}

static int place_image(struct boot_load *l)
{
	const struct multiboot_image *mb = &l->img->mb;
	int ret;

	if (!mb->fields)
		return elf_place(l, &mb->elf);
	ret = place_claim(l, "the kernel", mb->load, mb->memsz);
	if (ret)
		return ret;
	return place_file(l, &l->img->kernel, mb->offset, mb->filesz, mb->load, mb->memsz);
}

static int multiboot_load(struct boot_load *l)
{
	struct mb_area *a;
	int ret = place_processor(l, 32);

	if (!ret)
		ret = place_claim(l, "the Multiboot information", LAYOUT_MULTIBOOT,
				  LAYOUT_MULTIBOOT_SIZE);
	if (!ret)
		ret = place_image(l);
	if (!ret)
		ret = add_cmdline(l);
	if (ret)
		return ret;
	a = calloc(1, sizeof(*a));
	if (!a)
		return error_set(l->err, -ENOMEM, "out of memory");
	ret = fill_area(l, a);
	free(a);
	if (ret)
		return ret;
	*l->entry = (struct boot_entry){
		.mode = BOOT_MODE_PROT32,
		.pc = l->img->mb.entry,
		.sp = LAYOUT_STACK_TOP,
		.rax = ENTRY_MAGIC,
		.rbx = LAYOUT_MULTIBOOT,
	};
	return 0;
}

const struct boot_loader boot_multiboot = {
	.name = "Multiboot 1",
	.modules = true,
	.probe = multiboot_probe,
	.parse = multiboot_parse,
	.load = multiboot_load,
};
