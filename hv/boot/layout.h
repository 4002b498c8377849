/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lies where in the first megabyte of guest RAM when the first vCPU starts.
 *
 * One table of constants for the loaders, which write the pieces, and for the
 * processor code, which makes the page tables and the GDT of a 64-bit entry. A
 * guest may use all of it again once it has read what it wants; only memory
 * from LAYOUT_EBDA on is marked reserved in its memory map. docs/boot.md
 * shows this table for people; a unit test compares the two.
 */
#ifndef HV_BOOT_LAYOUT_H
#define HV_BOOT_LAYOUT_H

/*
 *    NAME        start    size     what it is
 *
 * In order of address. The first page stays free: interrupt vectors of real mode and BIOS data.
 */
#define LAYOUT_TABLE(X)                                                              \
	X(GDT, 0x1000, 0x1000, "GDT")                                                \
	X(PML4, 0x2000, 0x1000, "page tables: PML4")                                 \
	X(PDPT, 0x3000, 0x1000, "page tables: PDPT")                                 \
	X(PD, 0x4000, 0x4000, "page tables: 4 PDs, 2 MiB pages, 4 GiB")              \
	X(STACK, 0x8000, 0x1000, "stack at a 64-bit entry")                          \
	X(ZERO_PAGE, 0x9000, 0x1000, "struct boot_params (zero page)")               \
	X(START_INFO, 0xa000, 0x2000, "PVH hvm_start_info, module list, memory map") \
	X(MULTIBOOT, 0x10000, 0x8000, "Multiboot information, module list, strings") \
	X(CMDLINE, 0x18000, 0x4000, "command line")                                  \
	X(DTB, 0x20000, 0x40000, "device tree, after a struct setup_data")           \
	X(ACPI, 0xe0000, 0x10000, "ACPI tables")

#define LAYOUT_ENUM(name, start, size, what)                    \
	LAYOUT_##name = (start), LAYOUT_##name##_SIZE = (size), \
	LAYOUT_##name##_END = (start) + (size),
enum layout {
	LAYOUT_TABLE(LAYOUT_ENUM)
	/* Where a PC's BIOS keeps its extended data area; reserved from here to 1 MiB. */
	LAYOUT_EBDA = 0x9fc00,
	LAYOUT_LOW_END = 0xa0000,
	/* What firmware says of itself; reserved from here to 1 MiB. */
	LAYOUT_BIOS = LAYOUT_ACPI,
	LAYOUT_HIGH = 0x100000,
	/* A boot sector: real mode, so that the tables above are not there. */
	LAYOUT_BOOT_SECTOR = 0x7c00,
	/* Initial stack pointer of 64-bit and 32-bit entries. */
	LAYOUT_STACK_TOP = LAYOUT_STACK_END,
};

/*
 * Selectors in LAYOUT_GDT for 64-bit and 32-bit entries (Linux boot protocol, "64-bit boot
 * protocol": __BOOT_CS 0x10 execute/read, __BOOT_DS 0x18 read/write, both flat).
 */
enum layout_selector {
	LAYOUT_SEL_CODE = 0x10,
	LAYOUT_SEL_DATA = 0x18,
	LAYOUT_SEL_TSS = 0x20,
};

#endif
