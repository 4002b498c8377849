/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The boot code lies where it is loaded; everything else is linked in the
 * higher half and loaded right behind it.
 */
#include "tests/guests/kit/layout.h"

ENTRY(start64)

PHDRS
{
	boot PT_LOAD FLAGS(7);
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
#ifdef GUEST_steps
	user PT_LOAD FLAGS(5);
#endif
	note PT_NOTE FLAGS(4);
}

SECTIONS
{
	. = KERNEL_PHYS;
	.boot : {
		*(.boot.text)
		*(.boot.data)
		. = ALIGN(4096);
		*(.boot.tables)
	} :boot
	.note.pvh : { *(.note.pvh) } :boot :note
	.note.gnu.build-id : { *(.note.gnu.build-id) } :boot :note

	. = ALIGN(4096);
	. += KERNEL_BASE;
	text_start = .;
	.text : AT(ADDR(.text) - KERNEL_BASE) { *(.text .text.*) } :text
	. = ALIGN(4096);
	text_end = .;
	.rodata : AT(ADDR(.rodata) - KERNEL_BASE) { *(.rodata .rodata.*) } :rodata
	. = ALIGN(4096);
	rodata_end = .;
	.data : AT(ADDR(.data) - KERNEL_BASE) {
		*(.data .data.*)
		. = ALIGN(4096);
		*(.own_page)
		. = ALIGN(4096);
	} :data
	.bss : AT(ADDR(.bss) - KERNEL_BASE) { *(.bss .bss.* COMMON) } :data
	. = ALIGN(4096);
	image_end = .;
#ifdef GUEST_steps
	user_load = image_end - KERNEL_BASE;
	.user WINDOW_BASE : AT(user_load) { *(.user) } :user
#endif
	ASSERT(image_end - KERNEL_BASE <= 0x200000, "the kernel outgrew kernel_pt")

	/DISCARD/ : { *(.comment) *(.eh_frame) *(.note.gnu.property) }
}
