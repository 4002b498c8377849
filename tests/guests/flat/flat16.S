/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flat16.bin: a boot sector, loaded at 0x7c00 and entered there in real mode.
 *
 * Says whether it is there and in that mode, on the serial port, and leaves
 * with 0 or 1. It needs no BIOS. A PC enters it with any CS:IP that make 0x7c00.
 */
	.code16
	.globl flat_start, flat16_here
flat_start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %ss
	movw $flat_start, %sp
	call 1f
1:	popw %bx
flat16_here:
	movw %cs, %ax
	shlw $4, %ax
	addw %ax, %bx			/* the address that CS:IP makes */
	movw $good, %si
	xorw %di, %di
	cmpw $1b, %bx
	jne 2f
	smsww %ax
	testb $1, %al			/* CR0.PE */
	jz 3f
2:	movw $bad, %si
	incw %di
3:	movw $0x3f8, %dx
4:	lodsb
	testb %al, %al
	jz 5f
	outb %al, %dx
	jmp 4b
5:	movw %di, %ax
	outb %al, $0xf4
6:	hlt
	jmp 6b

good:	.asciz "flat16: in real mode at 0x7c00\r\n"
bad:	.asciz "flat16: not in real mode at 0x7c00\r\n"

	.org 510
	.word 0xaa55

	.section .note.GNU-stack, "", @progbits
