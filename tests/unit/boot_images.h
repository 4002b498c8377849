/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small kernels made in memory, for the tests of the loaders and for the seeds of their
 * fuzzer. Each is valid; a test then breaks what it is about.
 */
#ifndef TESTS_BOOT_IMAGES_H
#define TESTS_BOOT_IMAGES_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "hv/boot/zeropage.h"

#define IMAGE_MAX 8192

struct image {
	uint8_t data[IMAGE_MAX];
	size_t size;
};

#define BZ_SETUP   1024 /* boot sector and one sector of setup */
#define BZ_PAYLOAD 2048
#define BZ_LOAD	   0x200000

static inline struct setup_header *image_bz_header(struct image *im)
{
	return (struct setup_header *)(im->data + 0x1f1);
}

/* A relocatable 64-bit bzImage that wants to run at BZ_LOAD. */
static inline void image_bzimage(struct image *im)
{
	struct setup_header hdr = {
		.setup_sects = 1,
		.syssize = BZ_PAYLOAD / 16,
		.boot_flag = 0xaa55,
		.jump = 0xeb | (0x202 + 0x66 - 0x202) << 8,
		.header = 0x53726448,
		.version = 0x020f,
		.kernel_version = 0x100, /* 0x300 in the file */
		.loadflags = LOADED_HIGH,
		.code32_start = 0x100000,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64,
		.cmdline_size = 2047,
		.pref_address = BZ_LOAD,
		.init_size = 0x10000,
	};

	memset(im, 0, sizeof(*im));
	memcpy(im->data + 0x1f1, &hdr, 0x202 + 0x66 - 0x1f1);
	strcpy((char *)im->data + 0x300, "6.1.0-test (someone@somewhere) #1");
	memset(im->data + BZ_SETUP, 0x90, BZ_PAYLOAD);
	im->size = BZ_SETUP + BZ_PAYLOAD;
}

#define ELF_LOAD 0x100000
#define ELF_TEXT 0x1000 /* offset of the segment in the file */
#define ELF_SIZE 0x800
#define ELF_BSS	 0x1000

static inline Elf64_Phdr *image_phdr64(struct image *im, int n)
{
	return (Elf64_Phdr *)(im->data + sizeof(Elf64_Ehdr)) + n;
}

/* One segment at ELF_LOAD, linked at ELF_LOAD + @virt; the entry is 0x10 into it. */
static inline void image_elf64(struct image *im, uint64_t virt)
{
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = ELF_LOAD + virt + 0x10,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	Elf64_Phdr ph = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = ELF_TEXT,
		.p_vaddr = ELF_LOAD + virt,
		.p_paddr = ELF_LOAD,
		.p_filesz = ELF_SIZE,
		.p_memsz = ELF_SIZE + ELF_BSS,
		.p_align = 0x1000,
	};

	memset(im, 0, sizeof(*im));
	memcpy(im->data, &eh, sizeof(eh));
	memcpy(image_phdr64(im, 0), &ph, sizeof(ph));
	memset(im->data + ELF_TEXT, 0x90, ELF_SIZE);
	im->size = ELF_TEXT + ELF_SIZE;
}

static inline void image_elf32(struct image *im)
{
	Elf32_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_entry = ELF_LOAD + 0x10,
		.e_phoff = sizeof(Elf32_Ehdr),
		.e_ehsize = sizeof(Elf32_Ehdr),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
	};
	Elf32_Phdr ph = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = ELF_TEXT,
		.p_vaddr = ELF_LOAD,
		.p_paddr = ELF_LOAD,
		.p_filesz = ELF_SIZE,
		.p_memsz = ELF_SIZE + ELF_BSS,
	};

	memset(im, 0, sizeof(*im));
	memcpy(im->data, &eh, sizeof(eh));
	memcpy(im->data + sizeof(eh), &ph, sizeof(ph));
	memset(im->data + ELF_TEXT, 0x90, ELF_SIZE);
	im->size = ELF_TEXT + ELF_SIZE;
}

#define PVH_ENTRY (ELF_LOAD + 0x20)

/* image_elf64() with Xen's PHYS32_ENTRY, behind a note that is somebody else's. */
static inline void image_pvh(struct image *im)
{
	struct {
		Elf64_Nhdr other;
		char other_name[8]; /* "GNU" and one byte more: padded */
		uint32_t other_desc;
		Elf64_Nhdr note;
		char name[4];
		uint64_t entry;
	} __attribute__((packed)) notes = {
		.other = { 5, 4, 18 },
		.other_name = "GNU1",
		.note = { 4, 8, 18 },
		.name = "Xen",
		.entry = PVH_ENTRY,
	};
	Elf64_Phdr ph = {
		.p_type = PT_NOTE,
		.p_offset = 0x200,
		.p_filesz = sizeof(notes),
		.p_memsz = sizeof(notes),
		.p_align = 4,
	};

	image_elf64(im, 0xffffffff80000000ull);
	((Elf64_Ehdr *)im->data)->e_phnum = 2;
	memcpy(image_phdr64(im, 1), &ph, sizeof(ph));
	memcpy(im->data + 0x200, &notes, sizeof(notes));
}

#define MB_MAGIC 0x1badb002u

/* Puts a Multiboot header with @flags at @off. */
static inline uint32_t *image_multiboot(struct image *im, size_t off, uint32_t flags)
{
	uint32_t *h = (uint32_t *)(im->data + off);

	h[0] = MB_MAGIC;
	h[1] = flags;
	h[2] = -(MB_MAGIC + flags);
	return h;
}

#define MB_HEADER 0x40

/* No ELF: header, 4 KiB of bytes, address fields; loads at ELF_LOAD, entry behind the header. */
static inline uint32_t *image_aout(struct image *im)
{
	uint32_t *h;

	memset(im, 0, sizeof(*im));
	memset(im->data, 0x90, 4096);
	im->size = 4096;
	h = image_multiboot(im, MB_HEADER, 1 << 16 | 3);
	h[3] = ELF_LOAD + MB_HEADER;
	h[4] = ELF_LOAD;
	h[5] = ELF_LOAD + 4096;
	h[6] = ELF_LOAD + 8192;
	h[7] = ELF_LOAD + MB_HEADER + 32;
	return h;
}

#endif
