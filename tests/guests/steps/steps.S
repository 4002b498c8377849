/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The instructions that are hard to step over, in a circle, and the oracle: a
 * table of their addresses in the order in which a debugger has to see them.
 *
 * Each instruction is written with one of these macros, which put it where it
 * is executed and its address into the oracle:
 *
 *   s INSN            one instruction
 *   sf FLAGS INSN     one that a stepping debugger may have reason not to show
 *   srep N INSN       a REP instruction with %rcx = N: it is shown N times
 *   no_tf WHERE MEM   counts in tf_leak_WHERE when the flags in MEM have the trap flag
 *
 * Code that is elsewhere (the handlers) is written at the point of the circle
 * where it runs, between .pushsection and .popsection.
 */
#include "tests/guests/kit/layout.h"
#include "tests/guests/steps/steps.h"

#define RFLAGS_TF 0x100

	.set extra, 0				/* STEP_EXTRA in the part that `plain` leaves out */

	.macro record flags
	.pushsection .rodata.oracle, "a"
	.quad 77b
	.popsection
	.pushsection .rodata.oracle_flags, "a"
	.byte \flags | extra
	.popsection
	.endm

	.macro s insn:vararg
77:	\insn
	record 0
	.endm

	.macro sf flags insn:vararg
77:	\insn
	record \flags
	.endm

	.macro srep n insn:vararg
77:	\insn
	record 0
	.rept \n - 1
	record STEP_REPEAT
	.endr
	.endm

	.macro no_tf where flags mem:vararg
	sf \flags testl $RFLAGS_TF, \mem
	sf \flags jz 78f
	incq tf_leak_\where
78:
	.endm

	.cfi_sections .debug_frame

	.section .rodata.oracle, "a"
	.balign 8
	.globl step_oracle
step_oracle:
	.section .rodata.oracle_flags, "a"
	.globl step_oracle_flags
step_oracle_flags:

	.data
	.balign 8
	.globl step_rounds, step_limit, step_plain, step_ints, step_syscalls, step_errors
	.globl tf_leak_pushf, tf_leak_shadow, tf_leak_int, tf_leak_syscall, tf_leak_compat, dr6_leaks
step_rounds:	.quad 0
step_limit:	.quad 0
step_plain:	.quad 0
step_ints:	.quad 0
step_syscalls:	.quad 0
step_errors:	.quad 0
tf_leak_pushf:	.quad 0
tf_leak_shadow:	.quad 0
tf_leak_int:	.quad 0
tf_leak_syscall: .quad 0
tf_leak_compat:	.quad 0
dr6_leaks:	.quad 0
step_text:	.ascii "abcde"
step_copy:	.skip 8

	.text
	.globl step_run, step_start, step_int_entry, step_syscall_entry
	.type step_run, @function
step_run:
	.cfi_startproc
	pushq %rbp
	.cfi_adjust_cfa_offset 8
	pushq %rbx
	.cfi_adjust_cfa_offset 8
	pushq %r12
	.cfi_adjust_cfa_offset 8
	pushq %r13
	.cfi_adjust_cfa_offset 8
	pushq %r14
	.cfi_adjust_cfa_offset 8
	pushq %r15
	.cfi_adjust_cfa_offset 8
step_start:

	/* The flags in memory. */
	s nop
	s pushfq
	no_tf pushf 0 (%rsp)
	s popfq
	s pushfw
	s popfw
	s pushfq
	s popq %rax
	no_tf pushf 0 %eax

	/* What a hypervisor intercepts. */
	s xorl %eax, %eax
	s cpuid
	s rdtsc
	s movl $0xc0000102, %ecx		/* KERNEL_GS_BASE */
	s rdmsr
	s wrmsr
	s movb $0x5a, %al
	s outb %al, $0x80
	s movw $0x3fd, %dx			/* the UART's line status */
	s inb %dx, %al
	s movq %cr3, %rax
	s movq %rax, %cr3
	s movq %cr0, %rax
	s movq %rax, %cr0
	s invlpg step_text
	s sti
	sf STEP_STI hlt
	s cli
	s nop
	s sti
	sf STEP_STI nop

	/* Strings. */
	s movq $step_text, %rsi
	s movq $step_copy, %rdi
	s movl $5, %ecx
	srep 5 rep movsb
	s movl $4, %ecx
	s subq $5, %rdi
	srep 4 rep stosb
	s movq $step_text, %rsi
	s movl $3, %ecx
	s movw $0x80, %dx
	srep 3 rep outsb
	s xorl %ecx, %ecx
	s rep stosb
	s cmpb $'e', step_copy + 4		/* the last byte that STOSB left alone */
	s je 1f
	incq step_errors
1:

	/* A load of SS holds traps back until after the next instruction. */
	s movl %ss, %eax
	s movl %eax, %ss
	sf STEP_SHADOW nop
	s nop
	s movl %eax, %ss
	sf STEP_SHADOW pushfq
	s popq %rbx
	no_tf shadow 0 %ebx

	/* Jumps, calls, a loop. */
	s movl $3, %ecx
	s loop .
	record 0
	record 0
	s call step_function
	.pushsection .text.step_function, "ax"
	.globl step_function
	.type step_function, @function
step_function:
	s lock incq step_copy
	s ret
	.size step_function, . - step_function
	.popsection
	s jmp 2f
	ud2
2:

	/* Interrupts by software, and the way back. */
	s movq %rsp, %rbx
	s pushq $SEL_DATA
	s pushq %rbx
	s pushfq
	s pushq $SEL_CODE64
	s pushq $3f
	s iretq
3:	s nop

	/* The debug registers belong to the guest. */
	s movl $0x12345678, %eax
	s movq %rax, %dr0
	s movq %dr0, %rbx
	s cmpq %rax, %rbx
	s je 4f
	incq step_errors
4:	s movl $0x400, %eax
	s movq %rax, %dr7
	s movq %dr7, %rbx
	s cmpq %rax, %rbx
	s je 5f
	incq step_errors
5:	s movq %dr6, %rax
	s testl $0x4000, %eax			/* single-step: not by the guest's doing */
	s jz 6f
	incq dr6_leaks
6:

	s cmpq $0, step_plain
	s jne step_next
	.set extra, STEP_EXTRA

	/* Into a handler by an instruction. */
	s int $VECTOR_TEST
	.pushsection .text.step_int_entry, "ax"
	.type step_int_entry, @function
step_int_entry:
	sf STEP_INT incq step_ints
	no_tf int STEP_INT 16(%rsp)
	sf STEP_INT iretq
	.size step_int_entry, . - step_int_entry
	.popsection
	sf STEP_INT nop				/* IRET gives the trap flag back one too late */

	/* To user mode and back. */
	s movq $step_user, %rcx
	s movl $0x202, %r11d
	s sysretq
	.pushsection .user, "ax"
	.globl step_user
	.type step_user, @function
step_user:
	s nop
	s movl $1, %eax
	s syscall
	.size step_user, . - step_user
	.popsection
	.pushsection .text.step_syscall_entry, "ax"
	.type step_syscall_entry, @function
step_syscall_entry:
	sf STEP_SYSCALL incq step_syscalls
	no_tf syscall STEP_SYSCALL %r11d
	sf STEP_SYSCALL pushq %r11
	sf STEP_SYSCALL popfq
	sf STEP_SYSCALL jmp step_back_from_user
	.size step_syscall_entry, . - step_syscall_entry
	.popsection
step_back_from_user:

	/* 32-bit code in compatibility mode, on the stack's alias below 4 GiB: POP SS. */
	s movq $KERNEL_BASE, %rax
	s subq %rax, %rsp
	s pushq $SEL_CODE32
	s pushq $step_compat
	s lretq
	.pushsection .boot.text, "ax"
	.globl step_compat
	.type step_compat, @function
	.code32
step_compat:
	s pushl %ss
	s popl %ss
	sf STEP_SHADOW nop
	s pushl %ss
	s popl %ss
	sf STEP_SHADOW pushfl
	s popl %eax
	s testl $RFLAGS_TF, %eax
	s jz 7f
	incl tf_leak_compat - KERNEL_BASE
7:	s ljmpl $SEL_CODE64, $8f
	.code64
8:	s movq $step_back_from_compat, %rax
	s jmp *%rax
	.size step_compat, . - step_compat
	.popsection
step_back_from_compat:
	s movq $KERNEL_BASE, %rax
	s addq %rax, %rsp

	.set extra, 0
step_next:
	s incq step_rounds
	s movq step_rounds, %rax
	s cmpq step_limit, %rax
	s jne step_start
	.globl step_end
step_end:
	popq %r15
	.cfi_adjust_cfa_offset -8
	popq %r14
	.cfi_adjust_cfa_offset -8
	popq %r13
	.cfi_adjust_cfa_offset -8
	popq %r12
	.cfi_adjust_cfa_offset -8
	popq %rbx
	.cfi_adjust_cfa_offset -8
	popq %rbp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size step_run, . - step_run

	.section .rodata.oracle, "a"
step_oracle_end:
	.section .rodata, "a"
	.balign 8
	.globl step_oracle_count
step_oracle_count:
	.quad (step_oracle_end - step_oracle) / 8

	.section .note.GNU-stack, "", @progbits
