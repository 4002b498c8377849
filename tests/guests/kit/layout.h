/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers that the assembler files, the C files and the linker script share.
 */
#ifndef GUESTS_KIT_LAYOUT_H
#define GUESTS_KIT_LAYOUT_H

#define KERNEL_BASE 0xffffffff80000000 /* virtual = physical + this */
#define WINDOW_BASE 0xffffffffc0000000 /* 512 pages that are mapped when wanted */
#define KERNEL_PHYS 0x100000

#define AP_TRAMPOLINE 0x8000 /* below 1 MiB, page aligned: the SIPI vector is this >> 12 */

#define NR_CPUS	   32
#define STACK_SIZE 8192

#define SEL_CODE32    0x08
#define SEL_CODE64    0x10
#define SEL_DATA      0x18
#define SEL_USER32    0x20 /* these three in the order that SYSRET wants */
#define SEL_USER_DATA 0x28
#define SEL_USER64    0x30
#define SEL_TSS	      0x40 /* 16 bytes for each CPU */

#define NR_VECTORS	  64
#define VECTOR_PIC	  0x20 /* IRQ 0 to 15, masked unless the PIT is the timer */
#define VECTOR_TIMER	  0x30
#define VECTOR_RESCHEDULE 0x31
#define VECTOR_TEST	  0x32 /* free for a guest's own INT n */
#define VECTOR_SPURIOUS	  0x3f

#endif
