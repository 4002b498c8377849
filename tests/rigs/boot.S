/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The boot sector of the vmx rig's disk: loads a Linux kernel and its
 * initramfs and starts them.
 *
 * Bochs' BIOS reads a CD a byte at a time, which costs more than the whole
 * boot of Linux; this reads the ATA disk in blocks straight to where they
 * belong. tests/rigs/image.py lays out the disk, patches the kernel's header
 * and fills in `extents`. (ATA/ATAPI-4: READ SECTORS; Linux x86 boot protocol:
 * running the kernel from the 16-bit entry point)
 */
	.set SETUP, 0x10000	/* where the kernel's real-mode part is loaded */
	.set ATA, 0x1f0
	.set STACK, 0x7000

	.code16
	.globl _start
_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	/* A20 by the "fast" gate. */
	inb	$0x92, %al
	orb	$2, %al
	andb	$0xfe, %al
	outb	%al, $0x92
	lgdt	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmp	$0x08, $flat

	.code32
flat:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$STACK, %esp
	movl	$extents, %esi
next_extent:
	movl	(%esi), %ebx		/* first sector */
	movl	4(%esi), %ebp		/* sectors; 0 ends the list */
	movl	8(%esi), %edi		/* address */
	addl	$12, %esi
	testl	%ebp, %ebp
	jz	leave
next_block:
	/* A command reads up to 256 sectors, written as 0. */
	movl	$256, %ecx
	cmpl	%ecx, %ebp
	jae	1f
	movl	%ebp, %ecx
1:	call	read_sectors
	addl	%ecx, %ebx
	subl	%ecx, %ebp
	jnz	next_block
	jmp	next_extent

/* Reads %ecx sectors from sector %ebx on to %edi, which is advanced. */
read_sectors:
	pushl	%ecx
	movl	%ebx, %eax
	shrl	$24, %eax
	orb	$0xe0, %al		/* LBA, device 0 */
	movw	$ATA + 6, %dx
	outb	%al, %dx
	movb	%cl, %al
	movw	$ATA + 2, %dx
	outb	%al, %dx
	movl	%ebx, %eax
	incl	%edx
	outb	%al, %dx
	shrl	$8, %eax
	incl	%edx
	outb	%al, %dx
	shrl	$8, %eax
	incl	%edx
	outb	%al, %dx
	movb	$0x20, %al		/* READ SECTORS */
	movw	$ATA + 7, %dx
	outb	%al, %dx
2:	movw	$ATA + 7, %dx
3:	inb	%dx, %al
	testb	$0x80, %al		/* BSY */
	jnz	3b
	testb	$0x08, %al		/* DRQ */
	jz	3b
	pushl	%ecx
	movl	$128, %ecx
	movw	$ATA, %dx
	rep insl
	popl	%ecx
	loop	2b
	popl	%ecx
	ret

leave:
	ljmp	$0x18, $segment16

	.code16
segment16:
	movw	$0x20, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	%cr0, %eax
	andb	$0xfe, %al
	movl	%eax, %cr0
	ljmp	$0, $real
real:
	movw	$(SETUP >> 4), %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movl	$0xe000, %esp
	ljmp	$(SETUP >> 4) + 0x20, $0

	.balign 8
gdt:
	.quad	0
	.quad	0x00cf9a000000ffff	/* 08: flat code */
	.quad	0x00cf92000000ffff	/* 10: flat data */
	.quad	0x00009a000000ffff	/* 18: 16-bit code */
	.quad	0x000092000000ffff	/* 20: 16-bit data */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	/* Filled in by image.py: three extents and the end. */
	.org	0x1c0
extents:
	.fill	48, 1, 0
	.org	0x1fe
	.word	0xaa55
