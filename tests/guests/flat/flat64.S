/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flat64.bin: bytes without a header, loaded at 1 MiB and entered there in
 * 64-bit mode with the first memory mapped at its own address.
 *
 * Says where it runs and whether that is as it should be, on the serial port,
 * and leaves with 0 or 1. It does not rely on its address, has no stack and
 * writes no memory.
 */
	.code64
	.globl flat_start
flat_start:
	leaq flat_start(%rip), %rbx
	leaq good(%rip), %rsi
	xorl %edi, %edi
	cmpq $0x100000, %rbx
	jne 1f
	movl $0xc0000080, %ecx		/* EFER: long mode active */
	rdmsr
	testl $0x400, %eax
	jnz 2f
1:	leaq bad(%rip), %rsi
	movl $1, %edi
2:	movw $0x3f8, %dx
3:	lodsb
	testb %al, %al
	jz 4f
	outb %al, %dx
	jmp 3b
4:	movl %edi, %eax
	outb %al, $0xf4
5:	hlt
	jmp 5b

good:	.asciz "flat64: in 64-bit mode at 1 MiB\r\n"
bad:	.asciz "flat64: not in 64-bit mode at 1 MiB\r\n"

	.section .note.GNU-stack, "", @progbits
