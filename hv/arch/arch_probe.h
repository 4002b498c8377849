/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the probe (hv/probe.c) needs from a processor: machine code for its throwaway guests.
 *
 * The guest is one vCPU with PROBE_RAM bytes of RAM. Code starts at PROBE_CODE in the
 * mode of BOOT_MODE_LONG64; it ends with an exit to user space ("the end"), so that a facility
 * that is missing is seen as the end reached too early, never as a guest that hangs.
 */
#ifndef HV_ARCH_ARCH_PROBE_H
#define HV_ARCH_ARCH_PROBE_H

#include <stddef.h>
#include <stdint.h>

#define PROBE_RAM     0x200000ull
#define PROBE_CODE    0x100000ull
#define PROBE_DATA    0x110000ull /* a page of RAM */
#define PROBE_DENIED  0x120000ull /* a page that the guest is kept from */
#define PROBE_HANDLER 0x130000ull /* a page of RAM for the processor's own use */

struct vcpu;

enum probe_code {
	PROBE_NOPS,	    /* two instructions that do nothing, the end */
	PROBE_BREAK,	    /* the breakpoint instruction, the end */
	PROBE_STORE,	    /* writes a byte at PROBE_DATA, does nothing, the end */
	PROBE_STORE_DENIED, /* writes a byte at PROBE_DENIED, the end */
	PROBE_LOAD_DENIED,  /* reads one there, the end */
	PROBE_OWN_REGS,	    /* writes its own debug control register, the end */
	PROBE_EXITS,	    /* exits to user space for ever */
	PROBE_SPIN,	    /* one instruction that jumps to itself */
	PROBE_CODE_COUNT,
};

struct probe_guest {
	const uint8_t *bytes;
	size_t size;
	uint8_t first; /* length of the first instruction */
};
extern const struct probe_guest arch_probe_guests[PROBE_CODE_COUNT];

/* The page with the root of the page tables that the guests run on. */
uint64_t arch_probe_tables(void);
/* Makes an interrupt pending whose handler is at PROBE_HANDLER and is the end. Negative errno. */
int arch_probe_raise_irq(struct vcpu *v);
/*
 * The processor's own trials, for struct probe_result.arch. @enter runs the vCPU once and
 * returns the exit reason; @start puts it to the first instruction of a guest.
 */
uint64_t arch_probe_findings(struct vcpu *v, int (*start)(struct vcpu *v, enum probe_code code),
			     int (*enter)(struct vcpu *v));

#endif
