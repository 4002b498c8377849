/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine without KVM: hv/control.h and the register part of hv/arch/arch.h
 * over a toy processor, so that the GDB server can be tested and fuzzed alone.
 *
 * The processor has x86-64's core registers and knows six instructions: nop,
 * jmp rel8, hlt, ud2 (a triple fault), incq (%rdi), mov (%rdi),%rax. It only
 * runs inside fake_run(), so a test decides how far.
 *
 *   0x10000  nop; nop; incq (%rdi); mov (%rdi),%rax; nop; jmp 0x10000
 *   0x10020  hlt
 *   0x10030  ud2
 *   0x11000  one counter for each vCPU, where its rdi points
 */
#ifndef TESTS_FAKE_MACHINE_H
#define TESTS_FAKE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/control_at.h"

#define FAKE_BASE    0x10000u
#define FAKE_PAGES   16
#define FAKE_PAGE    4096u
#define FAKE_SIZE    (FAKE_PAGES * FAKE_PAGE)
#define FAKE_HOLE    0x14000u /* this page is not there */
#define FAKE_PHYS    0x40000u /* physical addresses are virtual ones plus this */
#define FAKE_HLT     0x10020u
#define FAKE_UD2     0x10030u
#define FAKE_COUNTER 0x11000u

#define FAKE_MAX_VCPUS	  4
#define FAKE_MAX_BPS	  128
#define FAKE_HARD_BPS	  4
#define FAKE_MAX_FOLLOWED 3

enum fake_reg {
	FAKE_RAX,
	FAKE_RDI = 5,
	FAKE_RBP = 6,
	FAKE_RSP = 7,
	FAKE_RIP = 16,
	FAKE_EFLAGS = 17,
	FAKE_ST0 = 24,
	FAKE_ABSENT = 40, /* a register this processor lacks */
	FAKE_CR0,	  /* lazy */
	FAKE_FIXED,	  /* lazy, takes no new value */
	FAKE_REGS,
};

struct fake_bp {
	struct bp_info info;
	unsigned count;
	struct bp_filter *filter;
};

/* A breakpoint whose filter is told of what follows. */
struct fake_followed {
	int bp; /* id */
	uint64_t left;
};

struct machine {
	enum run_state state;
	struct stop last_stop;
	struct stop waiting[FAKE_MAX_VCPUS]; /* of the others */
	bool shown[FAKE_MAX_VCPUS];
	struct control_client *clients, *stepper;
	int vcpus;
	uint64_t regs[FAKE_MAX_VCPUS][FAKE_REGS];
	uint8_t st[FAKE_MAX_VCPUS][8][10];
	struct resume orders[FAKE_MAX_VCPUS]; /* of the last resume */
	struct control_client *nonstop;	      /* who wants vCPUs to stop alone */
	struct stop told[FAKE_MAX_VCPUS];     /* … and why each stands */
	bool step_over[FAKE_MAX_VCPUS];	      /* stands on what was reported */
	uint8_t mem[FAKE_SIZE];
	struct fake_bp bps[FAKE_MAX_BPS];
	struct fake_followed followed[FAKE_MAX_VCPUS][FAKE_MAX_FOLLOWED];
	int followed_count[FAKE_MAX_VCPUS];
	size_t bp_count;
	int bp_id;
	bool no_watch; /* watchpoints are -ENOTSUP */
	unsigned resets;
	bool no_reset; /* it fails */
	bool quit;
	int quit_code;
	void (*resumed)(struct machine *m); /* for who drives fake_run() */
	void (*ended)(struct machine *m);   /* control_quit() was called */
	void *opaque;			    /* theirs */
};

struct machine *fake_machine_new(int vcpus, enum run_state state);
void fake_machine_free(struct machine *m);
/* At most @n instructions of each vCPU that may run; less when it stops. */
void fake_run(struct machine *m, unsigned n);
/* A stop that comes from the guest or another client. */
void fake_stop(struct machine *m, enum run_state state, const struct stop *stop);
/* One more vCPU, and the last one gone. */
void fake_vcpu_comes(struct machine *m);
void fake_vcpu_goes(struct machine *m);
/* The program ends: tells the clients. */
void fake_exit(struct machine *m, int code);
uint64_t fake_counter(const struct machine *m, int vcpu);
/* The byte at a virtual address, NULL where there is none. */
uint8_t *fake_mem_at(struct machine *m, uint64_t addr);

#endif
