/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A KVM and a processor made for tests: the machine's core runs on it without
 * /dev/kvm, under any sanitizer.
 *
 * The linker wraps ioctl(): calls on the fake's descriptors come here. KVM_RUN
 * interprets a toy instruction set from guest RAM, one interpreter for each
 * vCPU thread, with single-step, breakpoint instructions and debug registers
 * as KVM reports them. arch.h is implemented for this processor.
 *
 * Virtual addresses are physical ones plus TOY_VIRT; they are mapped once
 * toy_map() was called, as a kernel's are once it has set up paging.
 */
#ifndef TESTS_UNIT_HV_FAKE_KVM_H
#define TESTS_UNIT_HV_FAKE_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/arch/arch.h"
#include "hv/machine.h"

enum toy_op {
	TOY_NOP = 0x01,
	TOY_INC = 0x02,	   /* u32 address: adds one to the 64-bit number there, atomically */
	TOY_JMP = 0x03,	   /* u32 address */
	TOY_OUT = 0x04,	   /* u32 address: a store of one byte to MMIO */
	TOY_WAIT = 0x05,   /* waits in KVM_RUN until kicked, then goes on waiting */
	TOY_TRIPLE = 0x06, /* triple fault */
	TOY_MAP = 0x07,	   /* maps the virtual addresses */
	TOY_LOAD8 = 0x08,  /* u32 address: the 64-bit number there goes to toy_loaded */
	TOY_BP = 0xcc,	   /* breakpoint instruction */
};

#define TOY_VIRT 0x40000000ull
#define TOY_LOAD 0x100000ull /* where a flat image is loaded */

/* A program under construction. */
struct toy_code {
	uint8_t bytes[4096];
	size_t len;
};
/* Returns the guest-physical address of the instruction. */
uint64_t toy_emit(struct toy_code *code, enum toy_op op);
uint64_t toy_emit_addr(struct toy_code *code, enum toy_op op, uint64_t addr);

/* The memory slots that KVM was given and has not lost again. */
struct toy_slot {
	unsigned slot;
	uint32_t flags;
	uint64_t gpa, size;
	const uint8_t *hva;
};
/* The one that holds @gpa, NULL when none does. */
const struct toy_slot *toy_slot_at(uint64_t gpa);
size_t toy_slot_count(void);
/* What ioctl()s on memory go to, for a struct memory without a machine. */
#define TOY_VM_FD 0x7ffffff0

/* A machine that has @code loaded and has not run. */
struct machine *toy_machine(const struct toy_code *code, unsigned vcpus, const char *kernel_name);
void toy_machine_free(struct machine *m);
/* One whose vCPUs count up at @counter for ever. Fails the test when there is none. */
struct machine *toy_spinner(unsigned vcpus, uint64_t counter);
/* All vCPUs run. Fails the test when they may not. */
void toy_resume(struct machine *m);
/* What the fake's KVM cannot do: as some hosts. Before toy_machine(). */
extern bool toy_has_soft, toy_has_hard, toy_has_data;
/* Whether it gets past a breakpoint without a step: a TOY_NOP, or any in a debug register. */
extern bool toy_emulates;
extern unsigned toy_emulated; /* atomic: how many TOY_NOPs that were */
/* A step of an instruction that exits for I/O ends without a debug exit, as in KVM's emulator. */
extern bool toy_io_untrapped;
/* RAM that the guest is kept from ends KVM_RUN with EFAULT; false: it comes as MMIO. */
extern bool toy_denies_by_fault;
/* Whether it can be told what an instruction will access. */
extern bool toy_decodes;
/* The address of four bytes that each TOY_OUT stores to besides, unseen; 0: none. */
extern uint64_t toy_io_stores;
/* A page that its KVM cannot protect, because the processor uses it; 0: none. */
extern uint64_t toy_used_page;
extern uint64_t toy_loaded; /* atomic */
/* Breakpoint instructions that the guest was given as its own. */
extern unsigned toy_injected;
extern unsigned toy_nmis[MACHINE_MAX_VCPUS]; /* by vCPU */
void toy_map(bool mapped);
/* Where the toy's exceptions 0, 5 and 6 are handled; atomic. */
extern uint64_t toy_handlers[32];
/* How many MSRs arch_catch_msrs() was told last. */
extern unsigned toy_caught_msrs;
#define TOY_MSR_REFUSED 0x800

/*
 * What the machine's messages have come to: looks at the eventfds that were given to KVM_IRQFD, as
 * KVM does at once, and gives one that was written to, with the route of its GSI. False: none.
 */
struct toy_msi {
	uint32_t gsi;
	uint64_t addr;
	uint32_t data;
};
bool toy_take_msi(struct toy_msi *out);
/* Entries of the routing table; doorbells that KVM_IOEVENTFD was given and has not lost again. */
unsigned toy_routes(void);
unsigned toy_doorbells(void);
/* Whether this KVM can irqfd and ioeventfd; before toy_machine(). */
extern bool toy_has_eventfds;

/* The file that is the statistics of the VM and of each vCPU; NULL: this KVM has none. Before
 * toy_machine(). */
extern const void *toy_stats;
extern size_t toy_stats_len;

/* Edges of an interrupt line that were taken; the end of the interrupt. */
extern unsigned toy_edges[ARCH_IRQ_LINES];
void toy_eoi(int gsi);

/* For fake_kvm.c. Whether the store was a doorbell's, which is rung then. */
bool toy_ring(uint64_t gpa, uint64_t value, unsigned len);
int toy_eventfd_ioctl(unsigned long request, const void *arg);
void toy_forget_eventfds(void);
struct kvm_irq_level;
int toy_set_line(struct kvm_irq_level *line, bool tells);

/* As if the guest had run for a minute: code is no longer taken to be on the move. */
void toy_age(struct machine *m);
uint64_t toy_counter(struct machine *m, uint64_t gpa);
/* For what is sure to happen, however busy the machine is that the tests run on. */
#define TOY_PATIENCE_MS 60000u
/* Runs the loop until the machine is stopped, at most @ms; false when it did not. */
bool toy_wait_stop(struct machine *m, unsigned ms);
/* Runs the loop until the counter at @gpa is more than @above; false when it does not come to that.
 */
bool toy_wait_counter(struct machine *m, uint64_t gpa, uint64_t above);
/* Runs the loop for @ms. */
void toy_run_loop(struct machine *m, unsigned ms);

#endif
