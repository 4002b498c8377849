/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot: from files to a loaded image and the state of the first vCPU.
 *
 * boot_open() reads and checks the files once; boot_load() places them in
 * guest RAM, at start and again after every reset. The kind of image is found
 * by looking at it, in the order of the table in boot.c.
 */
#ifndef HV_BOOT_BOOT_H
#define HV_BOOT_BOOT_H

#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"
#include "hv/memory.h"

/* How the first vCPU starts. Registers that are not named are zero. */
enum boot_mode {
	BOOT_MODE_LONG64, /* 64-bit, paging on: identity map of the first 4 GiB (or all RAM if more)
			   */
	BOOT_MODE_PROT32, /* 32-bit protected mode, flat segments, paging off, interrupts off */
	BOOT_MODE_REAL16, /* real mode: cs:ip from pc (cs = pc >> 4 & 0xf000, so pc < 1 MiB) */
};
struct boot_entry {
	enum boot_mode mode;
	uint64_t pc;
	uint64_t sp;
	/* The argument registers of the image's protocol, by x86 name; another processor has its
	 * own. */
	uint64_t rax, rbx, rsi, rdi;
};

struct boot_params {
	const char *kernel;	 /* path, or a name for messages when kernel_data is set */
	const void *kernel_data; /* outlives the image */
	size_t kernel_size;
	const char *initrd;	    /* path or NULL */
	const char *append;	    /* NULL: "" */
	const char *const *modules; /* "PATH[ ARGS]", ends with NULL; may be NULL */
};

struct boot_image;

/* Reads the files; every malformed one is a sentence that names it. */
int boot_open(struct boot_image **out, const struct boot_params *params, struct error *err);
void boot_close(struct boot_image *img);
/* "bzImage 6.1.0-56-cloud-amd64", "PVH ELF", "Multiboot 1", … */
const char *boot_describe(const struct boot_image *img);
/*
 * Places everything in @ram and says how to enter. @dtb (@dtb_size bytes, may be NULL) is given to
 * the guest in the protocol's way: SETUP_DTB, a PVH module with the command line "dtb", a
 * Multiboot module "dtb" if @append has the word "dtb". @rsdp: guest-physical address of the ACPI
 * RSDP or 0. Errors: -ENOSPC when it does not fit, -ESTALE when a file was written to or replaced
 * since boot_open(), with a sentence.
 */
int boot_load(const struct boot_image *img, struct memory *ram, const void *dtb, size_t dtb_size,
	      uint64_t rsdp, struct boot_entry *entry, struct error *err);

#endif
