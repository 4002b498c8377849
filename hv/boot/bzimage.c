// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * bzImage, by the Linux boot protocol (Documentation/arch/x86/boot.rst).
 *
 *   file   | boot sector + setup, (setup_sects + 1) * 512 | protected-mode part |
 *   guest                              pref_address or 1 MiB ^
 *
 * The real-mode setup code is not run: the protected-mode part is entered at
 * its 64-bit entry (0x200 into it, protocol 2.12) or, for an older or 32-bit
 * kernel, at its 32-bit entry, with the zero page in rsi.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hv/boot/loader.h"

#define HDR_OFFSET  0x1f1
#define HDR_MAGIC   0x53726448 /* "HdrS" */
#define ENTRY64	    0x200
#define LOAD_OLD    0x100000 /* where a kernel that cannot be moved wants to be */
#define VERSION_MIN 0x0206   /* the first with cmdline_size */

static bool bzimage_probe(const struct boot_file *f)
{
	struct {
		uint16_t boot_flag, jump;
		uint32_t header;
	} m;

	return boot_file_read(f, 0x1fe, &m, sizeof(m)) && m.boot_flag == 0xaa55 &&
	       m.header == HDR_MAGIC;
}

/* "bzImage 6.1.0-56-cloud-amd64": the first word of the string that kernel_version points at. */
static void describe(struct boot_image *img)
{
	char text[65] = "";
	size_t n = 0;

	if (img->bz.hdr.kernel_version)
		n = boot_file_peek(&img->kernel, img->bz.hdr.kernel_version + 0x200ull, text,
				   sizeof(text) - 1);
	text[n] = '\0';
	for (n = 0; text[n] > ' ' && text[n] < 0x7f; n++)
		;
	text[n] = '\0';
	snprintf(img->describe, sizeof(img->describe), "bzImage%s%s", n ? " " : "", text);
}

static int read_header(struct boot_image *img, struct error *err)
{
	struct setup_header *hdr = &img->bz.hdr;
	uint8_t jump; /* 0x201: the displacement of a jump over the header, so its end */
	size_t len;

	memset(hdr, 0, sizeof(*hdr));
	if (!boot_file_read(&img->kernel, 0x201, &jump, 1))
		return error_set(err, -EINVAL, "the file ends in its setup header");
	len = 0x202u + jump - HDR_OFFSET;
	if (len < offsetof(struct setup_header, hardware_subarch))
		return error_set(err, -EINVAL, "its setup header is too short (%zu bytes)", len);
	if (len > sizeof(*hdr))
		len = sizeof(*hdr);
	if (!boot_file_read(&img->kernel, HDR_OFFSET, hdr, len))
		return error_set(err, -EINVAL, "the file ends in its setup header");
	return 0;
}

static int bzimage_parse(struct boot_image *img, struct error *err)
{
	struct bzimage_info *bz = &img->bz;
	struct setup_header *hdr = &bz->hdr;
	uint64_t code;
	int ret = read_header(img, err);

	if (ret)
		return ret;
	if (hdr->version < VERSION_MIN)
		return error_set(
			err, -ENOEXEC,
			"a Linux kernel with boot protocol %u.%02u: vitrine needs 2.06 or newer",
			hdr->version >> 8, hdr->version & 0xff);
	if (!(hdr->loadflags & LOADED_HIGH))
		return error_set(err, -ENOEXEC,
				 "a zImage, which loads below 640 KiB: vitrine boots bzImages");
	bz->setup_size = (hdr->setup_sects ? hdr->setup_sects + 1u : 5u) * 512ull;
	code = (uint64_t)hdr->syssize * 16;
	if (bz->setup_size >= img->kernel.size)
		return error_set(err, -EINVAL, "the file is cut off: it ends in the setup code");
	bz->payload = img->kernel.size - bz->setup_size;
	/* syssize counts paragraphs, so the last one may be short of up to 15 bytes. */
	if (code > bz->payload + 15)
		return error_set(err, -EINVAL,
				 "the file is cut off: its header says %" PRIu64
				 " bytes of kernel, and %" PRIu64 " are there",
				 code, bz->payload);
	if (code && code < bz->payload)
		bz->payload = code; /* what follows is a signature */
	if (bz->payload <= ENTRY64)
		return error_set(err, -EINVAL, "it has only %" PRIu64 " bytes of kernel",
				 bz->payload);
	/* Fields that this version of the protocol does not have say nothing. */
	if (hdr->version < 0x020a) {
		hdr->pref_address = 0;
		hdr->init_size = 0;
	}
	if (hdr->version < 0x020c)
		hdr->xloadflags = 0;
	if (hdr->version < 0x0209)
		hdr->setup_data = 0;
	if (hdr->kernel_alignment & (hdr->kernel_alignment - 1))
		return error_set(err, -EINVAL, "its alignment 0x%x is no power of two",
				 hdr->kernel_alignment);
	describe(img);
	return 0;
}

/*
 * Where the protected-mode part goes. Relocatable kernels want pref_address, where they need not
 * move themselves; the others are linked for 1 MiB.
 */
static uint64_t load_address(const struct setup_header *hdr)
{
	if (hdr->relocatable_kernel && hdr->pref_address >= LAYOUT_HIGH)
		return hdr->pref_address;
	return LOAD_OLD;
}

static int bzimage_load(struct boot_load *l)
{
	const struct bzimage_info *bz = &l->img->bz;
	struct setup_header hdr = bz->hdr;
	bool is64 = hdr.xloadflags & XLF_KERNEL_64;
	uint64_t load = load_address(&hdr);
	uint64_t start = load, end, run;
	int ret = place_processor(l, is64 ? 64 : 32);

	if (ret)
		return ret;
	if (load > UINT32_MAX)
		return error_set(l->err, -ENOSPC,
				 "%s wants to be loaded at 0x%" PRIx64 ", past 4 GiB",
				 l->img->kernel.name, load);
	/* init_size counts from where the kernel runs, which may not be where it is loaded. */
	end = load + bz->payload;
	run = hdr.pref_address > load ? hdr.pref_address : load;
	if (hdr.init_size && __builtin_add_overflow(run, hdr.init_size, &run))
		return error_set(l->err, -EINVAL, "%s wants to run at 0x%" PRIx64,
				 l->img->kernel.name, (uint64_t)hdr.pref_address);
	if (hdr.init_size && run > end)
		end = run;
	ret = place_claim(l, "the kernel", start, end - start);
	if (ret)
		return ret;
	ret = place_file(l, &l->img->kernel, bz->setup_size, bz->payload, load, bz->payload);
	if (ret)
		return ret;
	hdr.code32_start = (uint32_t)load;
	ret = linux_place(l, &hdr);
	if (ret)
		return ret;
	*l->entry = (struct boot_entry){
		.mode = is64 ? BOOT_MODE_LONG64 : BOOT_MODE_PROT32,
		.pc = is64 ? load + ENTRY64 : load,
		.sp = LAYOUT_STACK_TOP,
		.rsi = LAYOUT_ZERO_PAGE,
	};
	return 0;
}

const struct boot_loader boot_bzimage = {
	.name = "bzImage",
	.probe = bzimage_probe,
	.parse = bzimage_parse,
	.load = bzimage_load,
};
