/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The demo guest, tests/guests/demo, as the program carries it: an ELF file,
 * symbols and DWARF included, from demo_guest_start up to demo_guest_end.
 */
	.section .rodata.demo_guest, "a"
	.balign 4096
	.globl demo_guest_start, demo_guest_end
	.type demo_guest_start, @object
demo_guest_start:
	.incbin DEMO_GUEST
	.size demo_guest_start, . - demo_guest_start
demo_guest_end:

	.section .note.GNU-stack, "", @progbits
