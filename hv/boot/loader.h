/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Inside the boot room: what a loader is, and how it places things in RAM.
 *
 * A loader recognises one kind of image (probe), checks it once and keeps what it
 * learned in the image (parse), and places it (load). Every piece that goes
 * to guest RAM is claimed first, so that no piece can lie over another or
 * outside RAM, whatever the file says.
 */
#ifndef HV_BOOT_LOADER_H
#define HV_BOOT_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/boot/boot.h"
#include "hv/boot/file.h"
#include "hv/boot/layout.h"
#include "hv/boot/zeropage.h"

#define ELF_MAX_SEGMENTS 64
#define BOOT_MAX_MODULES 64
#define CLAIM_MAX	 (ELF_MAX_SEGMENTS + BOOT_MAX_MODULES + 16)

struct elf_segment {
	uint64_t offset, filesz;      /* inside the file: checked */
	uint64_t paddr, vaddr, memsz; /* memsz >= filesz; neither wraps: checked */
	bool exec;
};

struct elf_info {
	bool is64;
	uint64_t entry;	     /* as in the file */
	uint64_t phys_entry; /* where execution begins */
	uint64_t pvh_entry;
	bool has_pvh;
	size_t count;
	struct elf_segment segs[ELF_MAX_SEGMENTS]; /* PT_LOAD with memsz > 0 */
};

struct bzimage_info {
	struct setup_header hdr; /* zero past what the kernel's own header has */
	uint64_t setup_size;	 /* offset of the protected-mode part in the file */
	uint64_t payload;	 /* its size */
};

struct multiboot_image {
	uint32_t flags;
	bool fields;	 /* the address fields are used, else `elf` */
	uint64_t offset; /* in the file */
	uint64_t load, filesz, memsz, entry;
	struct elf_info elf;
};

struct boot_module {
	struct boot_file file;
	char *cmdline; /* "PATH ARGS" */
};

struct boot_image {
	const struct boot_loader *loader;
	struct boot_file kernel;
	struct boot_file initrd; /* name NULL: none */
	struct boot_module modules[BOOT_MAX_MODULES];
	size_t module_count;
	char *append;
	char describe[128];
	union {
		struct bzimage_info bz;
		struct elf_info elf;
		struct multiboot_image mb;
		bool boot_sector;
	};
};

struct claim {
	const char *what;
	uint64_t start, end;
};

/* One boot_load() under way. */
struct boot_load {
	const struct boot_image *img;
	struct memory *ram;
	const void *dtb;
	size_t dtb_size;
	uint64_t rsdp;
	struct boot_entry *entry;
	struct error *err;
	size_t claim_count;
	struct claim claims[CLAIM_MAX];
};

struct boot_loader {
	const char *name;
	bool modules; /* takes -initrd "FILE ARGS" style modules */
	bool (*probe)(const struct boot_file *kernel);
	/* May refine img->describe. Errors: a sentence without the file's name, which the caller
	 * puts before. */
	int (*parse)(struct boot_image *img, struct error *err);
	int (*load)(struct boot_load *l);
};

extern const struct boot_loader boot_bzimage, boot_pvh, boot_multiboot, boot_elf, boot_flat;

/* ---- place.c ---- */

/* Takes [gpa, gpa+len) for @what, which outlives @l; a sentence when it is not RAM or taken. */
int place_claim(struct boot_load *l, const char *what, uint64_t gpa, uint64_t len);
/* Highest free place, aligned to a page, that ends at or below @limit and below the hole. */
int place_high(struct boot_load *l, const char *what, uint64_t len, uint64_t limit, uint64_t *gpa);
/* Lowest free place at or above @from, aligned to a page, below the hole. */
int place_low(struct boot_load *l, const char *what, uint64_t len, uint64_t from, uint64_t *gpa);
/* The rest write into a place that was claimed. */
int place_file(struct boot_load *l, const struct boot_file *f, uint64_t off, uint64_t filesz,
	       uint64_t gpa, uint64_t memsz);
int place_bytes(struct boot_load *l, uint64_t gpa, const void *data, uint64_t len);
/* The end of the highest claim. */
uint64_t place_end(const struct boot_load *l);
/* End of RAM below the hole. */
uint64_t place_low_ram(const struct boot_load *l);
/* What a 64-bit entry needs: page tables, GDT, stack. @bits 64 or 32. */
int place_processor(struct boot_load *l, int bits);
/* The command line @text with its NUL; at most @limit bytes without it. */
int place_cmdline(struct boot_load *l, const char *text, uint64_t limit);
/* The initrd high, below @limit; 0 and 0 when there is none. */
int place_initrd(struct boot_load *l, uint64_t limit, uint64_t *gpa, uint64_t *size);
/* The device tree's blob at *gpa, 0 when there is none; @head bytes before it are claimed too. */
int place_dtb(struct boot_load *l, uint64_t head, uint64_t *gpa);

/* ---- linux.c ---- */

/*
 * Makes struct boot_params at LAYOUT_ZERO_PAGE with @hdr (NULL: a header made up for a kernel that
 * has none), memory map, command line, initrd, device tree.
 */
int linux_place(struct boot_load *l, const struct setup_header *hdr);

/* ---- elf.c ---- */

/* Whether it says that it is an ELF file, of whatever machine. */
bool elf_is_elf(const struct boot_file *f);
int elf_parse(const struct boot_file *f, struct elf_info *info, struct error *err);
/* Claims and loads every segment. */
int elf_place(struct boot_load *l, const struct elf_info *info);

/* ---- identify.c ---- */

/* What a file that no loader knows is ("a gzip file"), NULL if unknown. */
const char *identify_file(const struct boot_file *f);

#endif
