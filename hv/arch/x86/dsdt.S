/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The DSDT as iasl compiled it from dsdt.asl, from x86_dsdt up to x86_dsdt_end. */
	.section .rodata.dsdt, "a"
	.globl x86_dsdt, x86_dsdt_end
	.type x86_dsdt, @object
x86_dsdt:
	.incbin DSDT_AML
	.size x86_dsdt, . - x86_dsdt
x86_dsdt_end:

	.section .note.GNU-stack, "", @progbits
