// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Linux's zero page (Documentation/arch/x86/boot.rst and zero-page.rst): what a
 * kernel that is entered by the boot protocol finds at the address in rsi.
 *
 * bzImages bring a setup header that is copied into it; an ELF kernel and a
 * flat binary get one made up. screen_info stays zero: there is no screen, and lines and
 * columns that are not zero make Linux drive a VGA that nobody emulates.
 */
#include <stddef.h>
#include <string.h>

#include "hv/boot/loader.h"
#include "hv/boot/memmap.h"

#define HDR_MAGIC	0x53726448 /* "HdrS" */
#define CMDLINE_DEFAULT 2047	   /* COMMAND_LINE_SIZE of x86 less the NUL */

_Static_assert(sizeof(struct linux_zero_page) == LAYOUT_ZERO_PAGE_SIZE, "zero page");
_Static_assert(offsetof(struct linux_zero_page, hdr) == 0x1f1, "zero page");

static const struct setup_header made_up = {
	.boot_flag = 0xaa55,
	.header = HDR_MAGIC,
	.version = 0x020f,
	.loadflags = LOADED_HIGH,
	.initrd_addr_max = 0x7fffffff,
	.kernel_alignment = 0x200000,
	.xloadflags = XLF_KERNEL_64,
	.cmdline_size = CMDLINE_DEFAULT,
};

static void fill_e820(const struct boot_load *l, struct linux_zero_page *bp)
{
	struct memmap_entry map[MEMMAP_MAX];
	size_t n = memmap_build(l->ram, map);

	for (size_t i = 0; i < n; i++)
		bp->e820_table[i] = (struct boot_e820_entry){
			.addr = map[i].start,
			.size = map[i].size,
			.type = map[i].type,
		};
	bp->e820_entries = (uint8_t)n;
}

/* SETUP_DTB: the header goes right before the blob that place_dtb() placed. */
static int add_dtb(struct boot_load *l, struct linux_zero_page *bp)
{
	struct setup_data head = { .type = SETUP_DTB, .len = (uint32_t)l->dtb_size };
	uint64_t gpa;
	int ret = place_dtb(l, sizeof(head), &gpa);

	if (ret || !gpa)
		return ret;
	bp->hdr.setup_data = gpa - sizeof(head);
	return place_bytes(l, gpa - sizeof(head), &head, sizeof(head));
}

int linux_place(struct boot_load *l, const struct setup_header *hdr)
{
	struct linux_zero_page bp = { .hdr = hdr ? *hdr : made_up };
	uint64_t initrd, initrd_size;
	int ret = place_claim(l, "the zero page", LAYOUT_ZERO_PAGE, LAYOUT_ZERO_PAGE_SIZE);

	if (ret)
		return ret;
	bp.hdr.type_of_loader = 0xff; /* "undefined": no number is assigned to us */
	bp.hdr.ext_loader_type = 0;
	bp.hdr.ext_loader_ver = 0;
	bp.hdr.vid_mode = 0xffff; /* "normal" */
	ret = place_cmdline(l, l->img->append, bp.hdr.cmdline_size);
	if (ret)
		return ret;
	bp.hdr.cmd_line_ptr = LAYOUT_CMDLINE;
	/* initrd_addr_max is the highest address its last byte may have. */
	ret = place_initrd(l, (uint64_t)bp.hdr.initrd_addr_max + 1, &initrd, &initrd_size);
	if (ret)
		return ret;
	bp.hdr.ramdisk_image = (uint32_t)initrd;
	bp.hdr.ramdisk_size = (uint32_t)initrd_size;
	bp.hdr.setup_data = 0;
	/* A kernel older than protocol 2.09 knows no setup_data. */
	if (bp.hdr.version >= 0x0209) {
		ret = add_dtb(l, &bp);
		if (ret)
			return ret;
	}
	bp.acpi_rsdp_addr = l->rsdp;
	fill_e820(l, &bp);
	return place_bytes(l, LAYOUT_ZERO_PAGE, &bp, sizeof(bp));
}
