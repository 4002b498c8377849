// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * PVH: an ELF kernel with Xen's note of a 32-bit physical entry (Xen's
 * docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h).
 *
 * The kernel starts in flat 32-bit mode with ebx = hvm_start_info:
 *
 *     hvm_start_info -> modules: [0] initrd [1] device tree ("dtb")
 *                    -> command line
 *                    -> memory map
 *
 * Linux takes module 0 for its initrd whatever it is. So the device tree is never
 * number 0: without an initrd an empty module stands there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hv/boot/loader.h"
#include "hv/boot/memmap.h"

#define PVH_MAGIC 0x336ec578 /* "xEn3" with the top bit set */

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t memmap; /* from here on: version 1 */
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct modlist_entry {
	uint64_t paddr, size, cmdline, reserved;
};

struct start_memmap {
	uint64_t addr, size;
	uint32_t type, reserved;
};

/* What lies at LAYOUT_START_INFO. */
struct pvh_page {
	struct start_info info;
	struct modlist_entry modules[2]; /* initrd, device tree */
	struct start_memmap map[MEMMAP_MAX];
	char dtb_name[8];
};
_Static_assert(sizeof(struct start_info) == 56, "hvm_start_info");
_Static_assert(sizeof(struct pvh_page) <= LAYOUT_START_INFO_SIZE, "start info");

/* True also for an ELF file that is broken elsewhere: parse then says how. */
static bool pvh_probe(const struct boot_file *f)
{
	struct elf_info info;

	return elf_is_elf(f) && elf_parse(f, &info, NULL) == 0 && info.has_pvh;
}

static int pvh_parse(struct boot_image *img, struct error *err)
{
	int ret = elf_parse(&img->kernel, &img->elf, err);
	bool found = false;

	if (ret)
		return ret;
	for (size_t i = 0; i < img->elf.count; i++) {
		const struct elf_segment *s = &img->elf.segs[i];

		if (img->elf.pvh_entry >= s->paddr && img->elf.pvh_entry - s->paddr < s->memsz)
			found = true;
	}
	if (!found || img->elf.pvh_entry > UINT32_MAX)
		return error_set(err, -EINVAL,
				 "its PVH entry 0x%" PRIx64 " lies in none of its segments",
				 img->elf.pvh_entry);
	snprintf(img->describe, sizeof(img->describe), "PVH ELF%d", img->elf.is64 ? 64 : 32);
	return 0;
}

static uint64_t in_page(size_t offset)
{
	return LAYOUT_START_INFO + offset;
}

static int fill_modules(struct boot_load *l, struct pvh_page *page)
{
	struct modlist_entry *mod = page->modules;
	uint64_t dtb;
	int ret = place_initrd(l, 1ull << 32, &mod[0].paddr, &mod[0].size);

	if (!ret)
		ret = place_dtb(l, 0, &dtb);
	if (ret)
		return ret;
	page->info.nr_modules = mod[0].size ? 1 : 0;
	if (dtb) {
		strcpy(page->dtb_name, "dtb");
		mod[1].paddr = dtb;
		mod[1].size = l->dtb_size;
		mod[1].cmdline = in_page(offsetof(struct pvh_page, dtb_name));
		page->info.nr_modules = 2;
	}
	page->info.modlist = in_page(offsetof(struct pvh_page, modules));
	return 0;
}

static void fill_memmap(struct boot_load *l, struct pvh_page *page)
{
	struct memmap_entry map[MEMMAP_MAX];
	size_t n = memmap_build(l->ram, map);

	for (size_t i = 0; i < n; i++)
		page->map[i] = (struct start_memmap){
			.addr = map[i].start,
			.size = map[i].size,
			.type = map[i].type,
		};
	page->info.memmap = in_page(offsetof(struct pvh_page, map));
	page->info.memmap_entries = (uint32_t)n;
}

static int pvh_load(struct boot_load *l)
{
	struct pvh_page page = { .info = { .magic = PVH_MAGIC, .version = 1 } };
	int ret = place_processor(l, 32);

	if (!ret)
		ret = place_claim(l, "the PVH start info", LAYOUT_START_INFO,
				  LAYOUT_START_INFO_SIZE);
	if (!ret)
		ret = elf_place(l, &l->img->elf);
	if (!ret)
		ret = place_cmdline(l, l->img->append, UINT64_MAX);
	if (!ret)
		ret = fill_modules(l, &page);
	if (ret)
		return ret;
	page.info.cmdline = LAYOUT_CMDLINE;
	page.info.rsdp = l->rsdp;
	fill_memmap(l, &page);
	ret = place_bytes(l, LAYOUT_START_INFO, &page, sizeof(page));
	if (ret)
		return ret;
	*l->entry = (struct boot_entry){
		.mode = BOOT_MODE_PROT32,
		.pc = l->img->elf.pvh_entry,
		.sp = LAYOUT_STACK_TOP,
		.rbx = LAYOUT_START_INFO,
	};
	return 0;
}

const struct boot_loader boot_pvh = {
	.name = "PVH ELF",
	.probe = pvh_probe,
	.parse = pvh_parse,
	.load = pvh_load,
};
