/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accesses to memory, one to a function: memop_NAME(address, value) with the
 * access at memop_NAME_insn and the instruction after it at memop_NAME_done.
 * They return what is in %rax then. memops[] in memop.h is made of the rows
 * that the macro leaves behind.
 *
 * For the access, %rdi is the address, the value is in %rax and %r8 and on the
 * stack at %rsp = %rsi, and %rcx is 8.
 */
	.cfi_sections .debug_frame

	.macro op name reads writes size insn:vararg
	.text
	.globl memop_\name, memop_\name\()_insn, memop_\name\()_done
	.type memop_\name, @function
memop_\name:
	.cfi_startproc
	pushq %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	movq %rsp, %rbp
	.cfi_def_cfa_register rbp
	pushq %rsi
	movq %rsi, %rax
	movq %rsi, %r8
	movq %rsp, %rsi
	movl $8, %ecx
memop_\name\()_insn:
	\insn
memop_\name\()_done:
	leave
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
	.size memop_\name, . - memop_\name

	.section .rodata.memop_names, "a"
79:	.asciz "\name"
	.data
	.quad 79b, memop_\name, memop_\name\()_insn, memop_\name\()_done
	.byte \reads, \writes, \size
	.balign 8
	.quad 0
	.endm

	.data
	.balign 8
	.globl memops, memops_end
memops:

	/* name, reads, writes, bytes: of the eight bytes at the address */
	op store1, 0, 1, 1, movb %r8b, (%rdi)
	op store2, 0, 1, 2, movw %r8w, (%rdi)
	op store4, 0, 1, 4, movl %r8d, (%rdi)
	op store8, 0, 1, 8, movq %r8, (%rdi)
	op store_imm, 0, 1, 4, movl $0x11223344, (%rdi)
	op store_offset, 0, 1, 2, movw %r8w, 6(%rdi)
	op unaligned_store, 0, 1, 8, movq %r8, -3(%rdi)
	op load1, 1, 0, 1, movb (%rdi), %al
	op load2, 1, 0, 2, movzwl (%rdi), %eax
	op load4, 1, 0, 4, movl (%rdi), %eax
	op load8, 1, 0, 8, movq (%rdi), %rax
	op unaligned_load, 1, 0, 8, movq -5(%rdi), %rax
	op compare, 1, 0, 8, cmpq %r8, (%rdi)
	op add, 1, 1, 8, addq %r8, (%rdi)
	op inc, 1, 1, 1, incb 3(%rdi)
	op or, 1, 1, 2, orw %r8w, 2(%rdi)
	op not, 1, 1, 4, notl (%rdi)
	op shift, 1, 1, 8, rolq $9, (%rdi)
	op xchg, 1, 1, 8, xchgq %rax, (%rdi)
	op lock_xadd, 1, 1, 8, lock xaddq %rax, (%rdi)
	op lock_add, 1, 1, 4, lock addl %r8d, (%rdi)
	op lock_btc, 1, 1, 8, lock btcq $5, (%rdi)
	op pop, 0, 1, 8, popq (%rdi)
	op stosb, 0, 1, 1, stosb
	op stosq, 0, 1, 8, stosq
	op movsl, 0, 1, 4, movsl
	op rep_stosb, 0, 1, 8, rep stosb
	op rep_movsb, 0, 1, 8, rep movsb
	op near_before, 0, 0, 4, movl %r8d, -4(%rdi)
	op near_after, 0, 0, 4, movl %r8d, 8(%rdi)
memops_end:

	/* Two pages of nothing else: one variable in the first, one across both. */
	.section .own_page, "aw"
	.balign 4096
	.globl watched, straddle
	.skip 256
	.type watched, @object
watched:
	.quad 0
	.size watched, 8
	.skip 4092 - 264
	.type straddle, @object
straddle:
	.quad 0
	.size straddle, 8
	.skip 4092

	.section .note.GNU-stack, "", @progbits
