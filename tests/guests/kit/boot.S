/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a guest starts: from the boot loader's hands to C in the higher half.
 *
 * There are three ways in. All of them are linked at their physical address
 * (1 MiB and up), run before our page tables are on, and end in the same place:
 *
 *   pvh_start        32-bit, no paging, %ebx = struct hvm_start_info
 *                    (Xen's PVH boot ABI, found through the ELF note below)
 *   start64          64-bit, identity paging, %rsi = Linux's zero page or
 *                    anything else (the ELF entry point)
 *   ap_trampoline    16-bit, at the page that the SIPI named (smp.c copies it)
 *
 * The page tables are assembled, not computed: not one instruction is spent
 * on them. They map the first 4 GiB twice:
 *
 *   0x0000000000000000 .. 4 GiB    identity, 2 MiB pages
 *   0xffffffff80000000 .. 1 GiB    the kernel's alias: virtual = physical + KERNEL_BASE
 *   0xffffffffc0000000 .. 2 MiB    a window of 4 KiB pages, empty at first, for user mode too
 *
 * The first 2 MiB of both are 4 KiB pages, so that paging.c can take page 0
 * away and protect the kernel's text.
 */
#include "tests/guests/kit/layout.h"

#define PAGE_P   0x001
#define PAGE_W   0x002
#define PAGE_U   0x004
#define PAGE_PWT 0x008
#define PAGE_PCD 0x010
#define PAGE_PS  0x080

#define CR0_PE  0x00000001
#define CR0_ET  0x00000010
#define CR0_NE  0x00000020
#define CR0_WP  0x00010000
#define CR0_PG  0x80000000
#define CR4_PAE 0x00000020
#define CR4_PSE 0x00000010

#define MSR_EFER 0xc0000080
#define EFER_SCE 0x001
#define EFER_LME 0x100
#define EFER_NXE 0x800

	.cfi_sections .debug_frame

	/* Xen's public/elfnote.h: type 18 is XEN_ELFNOTE_PHYS32_ENTRY. */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad pvh_start

	.section .boot.text, "ax"

	.code32
	.globl pvh_start
	.type pvh_start, @function
pvh_start:
	cli
	cld
	movl $boot_start64, %edi
	jmp enter_long_mode
	.size pvh_start, . - pvh_start

/*
 * From 32-bit protected mode without paging to 64-bit mode, on our own page
 * tables and descriptors, and on to the address in %edi. %ebx is kept.
 * (SDM volume 3, 10.8.5 "Initializing IA-32e Mode".)
 */
	.globl enter_long_mode
	.type enter_long_mode, @function
enter_long_mode:
	lgdtl gdt_pointer
	movl $(CR4_PAE | CR4_PSE), %eax
	movl %eax, %cr4
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $(EFER_SCE | EFER_LME | EFER_NXE), %eax
	xorl %edx, %edx
	wrmsr
	movl $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE), %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE64, $1f
	.code64
1:	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl %edi, %edi
	jmp *%rdi
	.size enter_long_mode, . - enter_long_mode

	/* A zero page has "HdrS" at 0x202; kit_init() looks before it believes. */
	.globl start64
	.type start64, @function
start64:
	cli
	cld
	lgdt gdt_pointer
	movl $MSR_EFER, %ecx
	rdmsr
	orl $(EFER_SCE | EFER_NXE), %eax
	wrmsr
	movl $boot_pml4, %eax
	movq %rax, %cr3
	movl $(boot_stack_top - KERNEL_BASE), %esp
	pushq $SEL_CODE64
	pushq $1f
	lretq
1:	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movq %cr0, %rax
	orl $(CR0_WP | CR0_NE), %eax
	movq %rax, %cr0
	xorl %ebx, %ebx
	movl %esi, %esi
	jmp 2f
	.size start64, . - start64

	.type boot_start64, @function
boot_start64:
	xorl %esi, %esi
2:	movl %ebx, %edi
	movq $boot_high, %rax
	jmp *%rax
	.size boot_start64, . - boot_start64

	/* An application processor: its number is its initial APIC ID. */
	.type ap_start64, @function
ap_start64:
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	cmpl $NR_CPUS, %ebx
	jae 3f
	movq $ap_high, %rax
	jmp *%rax
3:	cli
	hlt
	jmp 3b
	.size ap_start64, . - ap_start64

	.code32
	.type ap_start32, @function
ap_start32:
	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl $ap_start64, %edi
	jmp enter_long_mode
	.size ap_start32, . - ap_start32

/*
 * smp.c copies this to AP_TRAMPOLINE. A started processor begins with
 * CS = vector << 8, IP = 0 (SDM volume 3, 9.4.4), so the code knows its own
 * data only relative to CS.
 */
	.code16
	.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	movw %cs, %ax
	movw %ax, %ds
	lgdtl 4f - ap_trampoline
	movl $(CR0_ET | CR0_PE), %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE32, $ap_start32
	.balign 4
4:	.word gdt_end - gdt - 1
	.long gdt
ap_trampoline_end:

	.section .boot.data, "aw"

	.globl gdt, gdt_end, gdt_pointer
	.balign 16
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* SEL_CODE32 */
	.quad 0x00af9b000000ffff	/* SEL_CODE64 */
	.quad 0x00cf93000000ffff	/* SEL_DATA */
	.quad 0x00cffb000000ffff	/* SEL_USER32 */
	.quad 0x00cff3000000ffff	/* SEL_USER_DATA */
	.quad 0x00affb000000ffff	/* SEL_USER64 */
	.quad 0
	.fill 2 * NR_CPUS, 8, 0		/* SEL_TSS: one for each CPU, by cpu_init() */
gdt_end:

	.balign 4
	.word 0
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.section .boot.tables, "aw"
	.balign 4096
	.globl boot_pml4, low_pt, kernel_pt, window_pt
boot_pml4:
	.quad low_pdpt + PAGE_P + PAGE_W
	.fill 510, 8, 0
	.quad high_pdpt + PAGE_P + PAGE_W + PAGE_U
low_pdpt:
	.quad low_pd + PAGE_P + PAGE_W
	.quad low_pd + 0x1000 + PAGE_P + PAGE_W
	.quad low_pd + 0x2000 + PAGE_P + PAGE_W
	.quad low_pd + 0x3000 + PAGE_P + PAGE_W
	.fill 508, 8, 0
high_pdpt:
	.fill 510, 8, 0
	.quad kernel_pd + PAGE_P + PAGE_W
	.quad window_pd + PAGE_P + PAGE_W + PAGE_U
low_pd:
	.quad low_pt + PAGE_P + PAGE_W
	.set i, 1
	.rept 3 * 512 - 1
	.quad (i << 21) + PAGE_P + PAGE_W + PAGE_PS
	.set i, i + 1
	.endr
	.rept 512			/* 3 GiB and up is for devices: not cached */
	.quad (i << 21) + PAGE_P + PAGE_W + PAGE_PS + PAGE_PWT + PAGE_PCD
	.set i, i + 1
	.endr
kernel_pd:
	.quad kernel_pt + PAGE_P + PAGE_W
	.set i, 1
	.rept 511
	.quad (i << 21) + PAGE_P + PAGE_W + PAGE_PS
	.set i, i + 1
	.endr
window_pd:
	.quad window_pt + PAGE_P + PAGE_W + PAGE_U
	.fill 511, 8, 0
low_pt:
	.set i, 0
	.rept 512
	.quad (i << 12) + PAGE_P + PAGE_W
	.set i, i + 1
	.endr
kernel_pt:
	.set i, 0
	.rept 512
	.quad (i << 12) + PAGE_P + PAGE_W
	.set i, i + 1
	.endr
window_pt:
	.fill 512, 8, 0

	.text
	.code64
	.globl boot_high
	.type boot_high, @function
boot_high:
	.cfi_startproc
	.cfi_undefined rip		/* a backtrace ends here */
	movq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	call kernel_main
1:	cli
	hlt
	jmp 1b
	.cfi_endproc
	.size boot_high, . - boot_high

	.globl ap_high
	.type ap_high, @function
ap_high:
	.cfi_startproc
	.cfi_undefined rip
	movl %ebx, %edi
	leal 1(%rbx), %eax
	imulq $STACK_SIZE, %rax, %rax
	leaq cpu_stacks(%rax), %rsp
	xorl %ebp, %ebp
	call secondary_main
1:	cli
	hlt
	jmp 1b
	.cfi_endproc
	.size ap_high, . - ap_high

	.bss
	.balign 4096
	.globl cpu_stacks, boot_stack_top
cpu_stacks:
	.skip STACK_SIZE		/* CPU 0 boots on its own */
boot_stack_top:
	.skip (NR_CPUS - 1) * STACK_SIZE

	.section .note.GNU-stack, "", @progbits
