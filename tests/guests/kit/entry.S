/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interrupts and exceptions: one 16-byte stub for each vector, which completes
 * the processor's frame to a `struct frame` and calls interrupt() with it.
 *
 * The CFI lines let a debugger unwind from a handler through the interrupt
 * into the code that was interrupted.
 */
#include "tests/guests/kit/layout.h"

	.cfi_sections .debug_frame

	/* Vectors whose frame has an error code (SDM volume 3, table 6-1). */
	.set HAS_ERROR_CODE, 0x60227d00

	.macro save reg
	pushq %\reg
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset \reg, 0
	.endm

	.macro restore reg
	popq %\reg
	.cfi_adjust_cfa_offset -8
	.cfi_restore \reg
	.endm

	.macro stub n
	.balign 16
	.globl vector_\n
	.type vector_\n, @function
vector_\n:
	.cfi_startproc
	.cfi_signal_frame
	.if (\n < 32) && ((HAS_ERROR_CODE >> \n) & 1)
	.cfi_def_cfa rsp, 48
	.cfi_offset rip, -40
	.cfi_offset rsp, -16
	.else
	.cfi_def_cfa rsp, 40
	.cfi_offset rip, -40
	.cfi_offset rsp, -16
	pushq $0
	.cfi_adjust_cfa_offset 8
	.endif
	pushq $\n
	.cfi_adjust_cfa_offset 8
	jmp interrupt_entry
	.cfi_endproc
	.size vector_\n, . - vector_\n
	.endm

	.text
	.balign 16
	.globl vector_stubs
vector_stubs:
	.altmacro
	.set i, 0
	.rept NR_VECTORS
	stub %i
	.set i, i + 1
	.endr
	.noaltmacro

	.globl interrupt_entry
	.type interrupt_entry, @function
interrupt_entry:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa rsp, 56
	.cfi_offset rip, -40
	.cfi_offset rsp, -16
	save rax
	save rbx
	save rcx
	save rdx
	save rsi
	save rdi
	save rbp
	save r8
	save r9
	save r10
	save r11
	save r12
	save r13
	save r14
	save r15
	cld
	movq %rsp, %rdi
	call interrupt
	restore r15
	restore r14
	restore r13
	restore r12
	restore r11
	restore r10
	restore r9
	restore r8
	restore rbp
	restore rdi
	restore rsi
	restore rdx
	restore rcx
	restore rbx
	restore rax
	addq $16, %rsp
	.cfi_adjust_cfa_offset -16
	iretq
	.cfi_endproc
	.size interrupt_entry, . - interrupt_entry

	.section .note.GNU-stack, "", @progbits
