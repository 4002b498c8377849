/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine without KVM, for tests and fuzzers of front ends: hv/control.h and the register part of
 * hv/arch/arch.h, over a few variables.
 *
 * Memory is identity-mapped RAM that begins at 0; everything behind it is unmapped. A step adds one
 * to the pc and reports from the loop (or at once in fake_finish_step() when there is no loop).
 */
#ifndef TESTS_UNIT_MON_FAKE_CONTROL_H
#define TESTS_UNIT_MON_FAKE_CONTROL_H

#include "hv/control.h"
#include "hv/control_at.h"
#include "hv/control_catch.h"
#include "hv/control_device.h"
#include "hv/machine.h"

#define FAKE_VCPUS_MAX 4
#define FAKE_BPS_MAX   32
#define FAKE_MSR       0xc0000082

enum fake_reg {
	FAKE_RAX,
	FAKE_RSP,
	FAKE_RIP,
	FAKE_EFLAGS, /* 32 bits */
	FAKE_CS,     /* 32 bits */
	FAKE_XMM0,   /* 128 bits */
	FAKE_REG_COUNT,
};

struct fake {
	struct machine m; /* first: what front ends get */
	struct machine_config cfg;
	int vcpus;
	uint64_t reg[FAKE_VCPUS_MAX][FAKE_REG_COUNT][2];
	uint64_t msr[FAKE_VCPUS_MAX]; /* FAKE_MSR */
	int code_bits;
	struct control_client *stepper;
	int step_vcpu;
	bool step_pending;
	unsigned resumes, stops, resets, steps, powerdowns;
	unsigned nmis[FAKE_VCPUS_MAX];
	int added, removed; /* vCPUs that were asked for, given back; the last ones */
	uint16_t keys[8];   /* that were sent last */
	size_t key_count;
	unsigned key_ms;
	bool refuse_run; /* control_resume… fails with -EPERM */
	struct bp_info bps[FAKE_BPS_MAX];
	struct bp_filter *filters[FAKE_BPS_MAX]; /* of bps[], NULL: none */
	size_t bp_count;
	struct catch_info catches[FAKE_BPS_MAX];
	size_t catch_count;
	int next_catch;
	struct device_bp_info device_bps[FAKE_BPS_MAX];
	size_t device_bp_count;
	int next_id;
	bool no_stats; /* KVM has none to be read */
	bool quit;
	int quit_code;
};

/* Paused at entry, pc 0x1000, RAM filled with nop (0x90). @loop may be NULL. NULL: out of memory.
 */
struct fake *fake_create(struct loop *loop, int vcpus, uint64_t ram);
void fake_destroy(struct fake *f);
/* serial0, at FAKE_DEVICE_PORT, with a plain register lcr and a read-only one, iir; fake_create()
 * does it. */
#define FAKE_DEVICE_PORT 0x3f8
bool fake_add_device(struct fake *f);
/* Finishes the step that is pending, if any. */
void fake_finish_step(struct fake *f);
/* The guest stops by itself. */
void fake_stop(struct fake *f, const struct stop *stop);
/* A vCPU comes to breakpoint number @id, whose filter is asked; whether that stops the guest. */
bool fake_hit(struct fake *f, int id, int vcpu);
/* An event to every client. */
void fake_notify(struct fake *f, const struct control_event *ev);

#endif
