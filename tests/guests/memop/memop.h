/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows that memop.S makes: one for each way to access memory.
 */
#ifndef GUESTS_MEMOP_H
#define GUESTS_MEMOP_H

#include <stdint.h>

struct memop {
	const char *name;
	uint64_t (*run)(volatile void *address, uint64_t value);
	const char *insn; /* where the access is */
	const char *done; /* the instruction after it */
	uint8_t reads;	  /* 1: some of the eight bytes at the address are read */
	uint8_t writes;	  /* 1: some are written */
	uint8_t size;	  /* bytes that are accessed, at the address or near it */
	uint64_t count;	  /* how often CPU 0 has run it on `watched` */
};

extern struct memop memops[], memops_end[];
extern volatile uint64_t watched, straddle;
uint64_t memop_lock_xadd(volatile void *address, uint64_t value);

#endif
