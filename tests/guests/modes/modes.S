/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * modes: a tour of the processor's modes, with a landmark in each.
 *
 *   pvh32 -> prot16 -> real -> real_cs -> prot32 -> paged32 -> pae -> compat32
 *     -> long -> long_high -> and from there back to pvh32, three times, or as
 *     often as the digit says that the command line begins with
 *
 * Each landmark is a global symbol landmark_NAME at a NOP. After it, %ax has
 * the number of the mode, `visited` its bit, and the serial port its letter.
 * At the end the guest leaves with 0.
 *
 * All code but the first is linked at LOW, below 64 KiB, and copied there by
 * the first: a breakpoint that was set there before has to survive the copy.
 */

#define LOW   0x8000

#define START_INFO_CMDLINE 24 /* in struct hvm_start_info, which %ebx points to */

#define SEL_CODE32 0x08
#define SEL_DATA32 0x10
#define SEL_CODE16 0x18
#define SEL_DATA16 0x20
#define SEL_CODE64 0x28

#define CR0_PE   0x1
#define CR0_PG   0x80000000
#define CR4_PSE  0x10
#define CR4_PAE  0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

#define P_W    0x03
#define P_W_PS 0x83

	/*
	 * Not behind a load of SS: the processor does not look at its debug registers for the
	 * instruction after it (SDM volume 3, 6.8.3).
	 */
	.macro landmark name number letter
	.globl landmark_\name
landmark_\name:
	nop
	movw $\number, %ax
	orw $(1 << \number), visited
	movb $\letter, %al
	movw $0x3f8, %dx
	outb %al, %dx
	movw $\number, %ax
	.endm

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 8, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad pvh_start

	.section .boot.text, "ax"
	.code32
	.globl pvh_start, next_trip
pvh_start:
	cli
	cld
	movl $low_load, %esi
	movl $low_start, %edi
	movl $low_size, %ecx
	rep movsb
	movl START_INFO_CMDLINE(%ebx), %esi
	testl %esi, %esi
	jz next_trip
	movzbl (%esi), %eax
	subl $'0', %eax
	jbe next_trip
	cmpl $9, %eax
	ja next_trip
	movw %ax, trips_wanted
next_trip:
	lgdtl gdt_pointer
	ljmpl $SEL_CODE32, $1f
1:	movl $SEL_DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack_top, %esp
	landmark pvh32 0 'A'
	ljmpl $SEL_CODE16, $prot16

	.section .low, "awx"
	.balign 16
	.globl visited, trips
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00009b000000ffff
	.quad 0x000093000000ffff
	.quad 0x00af9b000000ffff
gdt_end:
	.balign 4
	.word 0
gdt_pointer:
	.word gdt_end - gdt - 1
	.long gdt
	.word 0
real_idt_pointer:
	.word 0x3ff
	.long 0
visited:
	.word 0
trips:
	.word 0
trips_wanted:
	.word 3

	.code16
prot16:
	movw $SEL_DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $stack_top, %sp		/* see the macro */
	landmark prot16 1 'B'
	lidtl real_idt_pointer
	movl %cr0, %eax
	andl $~CR0_PE, %eax
	movl %eax, %cr0
	ljmpw $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $stack_top, %sp
	landmark real 2 'C'
	/* The same memory through another segment: IP is not the address now. */
	ljmpw $(LOW >> 4), $(real_cs - LOW)
real_cs:
	landmark real_cs 3 'D'
	ljmpw $0, $1f
1:	lgdtl gdt_pointer
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE32, $prot32

	.code32
prot32:
	movl $SEL_DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack_top, %esp
	landmark prot32 4 'E'

	/* Two levels, 4 MiB pages: 0 and, for whoever looks, 0xc0000000. */
	movl $CR4_PSE, %eax
	movl %eax, %cr4
	movl $pd32, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0
	landmark paged32 5 'F'

	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $pae_pdpt, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0
	landmark pae 6 'G'

	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl $pml4, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0
	landmark compat32 7 'H'
	ljmpl $SEL_CODE64, $1f

	.code64
1:	landmark long 8 'I'
	movq $landmark_long_high, %rax
	jmp *%rax
	/* The linker script gives this its name in the alias. */
	.globl long_high
long_high:
	landmark long_high_at_low 9 'J'
	movw $0x3f8, %dx
	movb $'\n', %al
	outb %al, %dx
	incw trips
	movw trips_wanted, %ax
	cmpw %ax, trips
	je 2f
	/* Down again: to 32-bit code, then without paging, then without long mode. */
	movl $stack_top, %esp
	pushq $SEL_CODE32
	pushq $down
	lretq
2:	xorl %eax, %eax
	cmpw $0x3ff, visited
	je 3f
	incl %eax
3:	outb %al, $0xf4
4:	hlt
	jmp 4b

	.code32
down:
	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	movl $MSR_EFER, %ecx
	rdmsr
	andl $~EFER_LME, %eax
	wrmsr
	xorl %eax, %eax
	movl %eax, %cr4
	movl $next_trip, %eax
	jmp *%eax

	.balign 16
	.skip 256
stack_top:

	.section .boot.tables, "aw"
	.balign 4096
pd32:
	.long P_W_PS
	.fill 767, 4, 0
	.long P_W_PS
	.fill 255, 4, 0
pml4:
	.quad pdpt + P_W
	.fill 510, 8, 0
	.quad pdpt_high + P_W
pdpt:
	.quad pd + P_W
	.fill 511, 8, 0
pdpt_high:
	.fill 510, 8, 0
	.quad pd + P_W
	.quad 0
pd:
	.quad P_W_PS
	.fill 511, 8, 0
pae_pdpt:				/* its four entries have only a present bit */
	.quad pd + 1
	.quad 0
	.quad 0
	.quad pd + 1

	.section .note.GNU-stack, "", @progbits
