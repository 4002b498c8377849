/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Multiboot 1 header (Multiboot Specification 0.6.96, 3.1) and the entry:
 * saves what the loader's contract is about before anything changes it.
 *
 * With KLUDGE the header says itself where the image goes, as for an a.out
 * file: the flag is bit 16.
 */
#define MAGIC 0x1badb002
#ifdef KLUDGE
#define FLAGS 0x00010003 /* modules on page boundaries, memory map, addresses */
#else
#define FLAGS 0x00000003
#endif

	.section .boot.text, "ax"
	.code32
	.balign 4
header:
	.long MAGIC, FLAGS, -(MAGIC + FLAGS)
#ifdef KLUDGE
	.long header, load_start, load_end, image_end, multiboot_start
#endif

	.globl multiboot_start
	.type multiboot_start, @function
multiboot_start:
	movl $stack_top, %esp
	pushfl
	popl %ecx
	movl %cr0, %edx
	pushl %ecx
	pushl %edx
	pushl %ebx
	pushl %eax
	call multiboot_main
1:	cli
	hlt
	jmp 1b
	.size multiboot_start, . - multiboot_start

	.bss
	.balign 16
	.skip 4096
stack_top:

	.section .note.GNU-stack, "", @progbits
