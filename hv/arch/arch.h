/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The seam between the machine and the processor.
 *
 * All that differs by processor stands behind these functions; hv/arch/x86/
 * implements them, hv/arch/arm64/ will. Nothing outside hv/arch/ names a
 * register or an ioctl of one processor.
 *
 * Functions with a struct vcpu run on that vCPU's thread, out of KVM_RUN,
 * unless it says otherwise.
 */
#ifndef HV_ARCH_ARCH_H
#define HV_ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/arch/arch_vcpu.h"
#include "hv/control.h"
#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;
struct machine_config;
struct vcpu;
struct stop;
struct boot_entry;
struct kvm_irq_routing_entry;
struct probe_result;
struct record;

/* ---- VM and vCPU life ---- */

/* Interrupt controllers, timers, addresses that KVM wants: after KVM_CREATE_VM, before vCPUs. */
int arch_vm_create(struct machine *m, const struct machine_config *cfg, struct error *err);
void arch_vm_destroy(struct machine *m);
/* What the probe found out about this processor: after arch_vm_create(). */
void arch_vm_probed(struct machine *m, const struct probe_result *probe);
/* CPUID and what else is fixed for the vCPU's life. */
int arch_vcpu_create(struct vcpu *v, struct error *err);
void arch_vcpu_destroy(struct vcpu *v);
/* Power-on state. vCPU 0 then gets @entry when it is not NULL; others wait for INIT/SIPI. */
int arch_vcpu_reset(struct vcpu *v, const struct boot_entry *entry, struct error *err);
/* Interrupt controllers and timers of the VM as after power-on. Every vCPU is out. */
int arch_vm_reset(struct machine *m, struct error *err);

/*
 * Time stands still: called once when the last vCPU left KVM_RUN and once before the first one
 * enters again, so that the guest's clocks do not see the stop. Loop thread; use vcpu_run_on() for
 * vCPU ioctls.
 */
void arch_clock_stop(struct machine *m);
void arch_clock_start(struct machine *m);
/* @v was made after the others, which may run: its clocks go as theirs do. Loop thread. */
void arch_clock_join(struct vcpu *v);

/* Bits of a guest-physical address. Any thread. */
unsigned arch_phys_bits(const struct machine *m);

/* ---- interrupts ---- */

/* GSIs below this one are the processor's interrupt lines; messages get those above. */
#define ARCH_IRQ_LINES 24
/*
 * How KVM routes the lines by itself: a table that is set for the messages has to say it again.
 * Writes at most ARCH_IRQ_ROUTES_MAX entries, and returns how many. Any thread.
 */
#define ARCH_IRQ_ROUTES_MAX 40
unsigned arch_irq_routes(struct kvm_irq_routing_entry entries[ARCH_IRQ_ROUTES_MAX]);

/* For people, and without side effects. What the guest has programmed for line @gsi, a line of text
 * for each controller that it leads to. Any thread. */
void arch_line_describe(struct machine *m, int gsi, struct strbuf *out);
/* In a line without its end: where a message goes. Any thread. */
void arch_msi_describe(uint64_t addr, uint32_t data, struct strbuf *out);

/* An interrupt controller or a timer that is KVM's. */
struct arch_controller {
	const char *name;
	bool per_vcpu;
	/* Its state in lines of text; negative errno of KVM. On @v's thread when it is per vCPU;
	 * any thread and @v NULL when it is not. */
	int (*describe)(struct machine *m, struct vcpu *v, struct strbuf *out);
};
/* The table; ends with a row whose name is NULL. */
const struct arch_controller *arch_controllers(void);

/* What else a vCPU can show of itself: "idt", "cpuid". */
struct arch_view {
	const char *name;
	/* Lines of text; on @v's thread. -EFAULT: the guest has it where no memory is. */
	int (*describe)(struct vcpu *v, struct strbuf *out);
};
/* The table; ends with a row whose name is NULL. */
const struct arch_view *arch_views(void);

/* ---- registers ---- */

struct arch_reg {
	const char *name;    /* gdb's name for it */
	const char *feature; /* gdb's target feature: "org.gnu.gdb.i386.core" */
	const char *type;    /* gdb's type: "int64", "code_ptr", "i386_eflags", … */
	const char *group;   /* "general", "float", "vector", "system"; NULL: by gdb's own rules */
	uint16_t bits;
	uint8_t cls;	 /* the processor's own: which KVM structure holds it */
	uint16_t offset; /* the processor's own */
	bool lazy;	 /* not in the `g` reply: read one by one */
};
/* The table; order is gdb's register number. Any thread. */
const struct arch_reg *arch_regs(size_t *count);
/* -1 when there is none of that name. */
int arch_reg_find(const char *name);
/* Whether this vCPU has the register (by its CPUID). Any thread. */
bool arch_reg_present(const struct vcpu *v, int reg);
/* Through the vCPU's register cache; 0, -ENOENT, -EINVAL. */
int arch_reg_read(struct vcpu *v, int reg, void *buf);
/* A value that is refused comes with a sentence that says why. */
int arch_reg_write(struct vcpu *v, int reg, const void *buf, struct error *err);
/* Indices that generic code needs. */
int arch_reg_pc(void);
int arch_reg_sp(void);
int arch_reg_fp(void); /* the frame pointer, where code keeps one */
/* Appends " [ NAMES ]" of what is set in @value of a register whose bits have names. */
void arch_reg_flags(const struct arch_reg *reg, uint64_t value, struct strbuf *out);
/*
 * Whether the words at @addr of a stack are what the processor pushes when it interrupts code that
 * runs on this stack: then where that code is, and its stack pointer. @bits: how code decodes.
 */
#define ARCH_FRAME_WORDS 5
bool arch_interrupt_frame(int bits, uint64_t addr, const uint64_t words[ARCH_FRAME_WORDS],
			  uint64_t *pc, uint64_t *sp);
/* gdb's <architecture> and the XML of types (flags, unions, vectors) that a feature's registers
 * use; "" if none. */
const char *arch_gdb_architecture(void);
/* Others that gdb can have been told, whose programs run here too; ends with NULL. */
extern const char *const arch_gdb_compatible[];
/* LLVM's name for the processor with no operating system on it: "x86_64-unknown-none". */
const char *arch_triple(void);
const char *arch_gdb_types(const char *feature);
/* Linear pc (segment base added). */
uint64_t arch_pc(struct vcpu *v);
void arch_set_pc(struct vcpu *v, uint64_t pc);
/* Drops what is cached / writes back what was changed: after and before KVM_RUN. */
void arch_regs_forget(struct vcpu *v);
int arch_regs_flush(struct vcpu *v);
/* How code at pc decodes: 16, 32 or 64. */
int arch_code_bits(struct vcpu *v);
/* Whether it runs a program of the guest's, not its kernel. */
bool arch_in_user_mode(struct vcpu *v);
/* Registers for a person; @code: with the bytes at pc. */
void arch_dump(struct vcpu *v, struct strbuf *out);
/* The same for programs: NAME=VALUE, as QEMU shows them. */
void arch_dump_pairs(struct vcpu *v, struct strbuf *out);
/* "halted", "waiting for SIPI", or "runnable". */
const char *arch_activity(struct vcpu *v);

/* ---- paging ---- */

struct arch_translation {
	uint64_t gpa;
	uint64_t page_size;
	bool writable, user, executable;
	/* An access, and a store, leave no trace in the tables: those bits are set already. */
	bool accessed, dirty;
};
/*
 * Walks the guest's tables (no side effects). -EFAULT when not mapped: then page_size says how much
 * around @gva, aligned, is missing with it, or is 0.
 */
int arch_translate(struct vcpu *v, uint64_t gva, struct arch_translation *out);

/*
 * Whether the processor itself now uses the page at @gpa, for tables or to deliver events; @stores:
 * whether it stores there.
 */
bool arch_uses_page(struct vcpu *v, uint64_t gpa, bool stores);

/* ---- debugging ---- */

/* The breakpoint instruction. */
extern const uint8_t arch_bp_insn[];
extern const size_t arch_bp_insn_len;

/* One occupied debug register. */
struct arch_hw_bp {
	bool used;
	uint8_t kind; /* enum bp_kind */
	uint64_t addr;
	uint8_t len; /* 1, 2, 4, 8; aligned */
};
#define ARCH_HW_BP_MAX 16
/* How many there are on this processor. */
unsigned arch_hw_bp_count(void);
/* Whether one debug register can watch this. */
bool arch_hw_bp_fits(uint8_t kind, uint64_t addr, uint64_t len);

/* What a vCPU is to be debugged with from the next KVM_RUN on. */
struct arch_debug {
	bool step;	/* one instruction */
	bool block_irq; /* with interrupts held off */
	bool soft;	/* breakpoint instructions come to us */
	struct arch_hw_bp hw[ARCH_HW_BP_MAX];
};
int arch_debug_set(struct vcpu *v, const struct arch_debug *dbg);

/*
 * Two ways past a breakpoint at pc without a step, for a vCPU that goes on. Both return false when
 * they cannot, and have done nothing then.
 *
 * The first executes the instruction here: one of a few simple ones, and only where the processor
 * would do nothing besides that can be told from the outside. @code: its bytes, without breakpoints
 * of ours, as far as @len and the end of the page. @memory: whether it may access memory: nobody
 * watches any.
 */
bool arch_emulate(struct vcpu *v, const uint8_t *code, size_t len, bool memory);
/* The second lets the next entry execute it in spite of a debug register. */
bool arch_pass_register(struct vcpu *v);

/* What a debug exit was. */
enum arch_debug_kind {
	ARCH_DEBUG_NONE, /* not a debug exit */
	ARCH_DEBUG_SOFT, /* a breakpoint instruction at pc: ours or the guest's */
	ARCH_DEBUG_HARD, /* one or more debug registers and/or a step */
};
struct arch_debug_event {
	enum arch_debug_kind kind;
	bool step;	  /* a single-step is done */
	uint32_t hw_hits; /* bit n: hw[n] */
	uint64_t pc;	  /* linear */
	/*
	 * The processor's own: what must be injected. With `step` and `hw_hits` empty, too, it was
	 * dealt with: enter again. When one of those is set, the guest's part is injected already.
	 */
	uint64_t arch;
};
/* Looks at v->run after KVM_RUN returned 0. */
void arch_debug_exit(struct vcpu *v, struct arch_debug_event *ev);
/*
 * A step was under way when KVM left the guest for I/O, and the instruction is complete now.
 * Whether that was the step: KVM's emulator finishes a store or an OUT without a debug exit.
 */
bool arch_debug_io_step(struct vcpu *v);
/* The bytes of memory that one instruction accesses, at linear addresses. */
struct arch_access {
	uint64_t addr, len;
	bool read, write;
};
#define ARCH_ACCESSES_MAX 6
struct arch_accesses {
	bool known; /* false: it cannot be told */
	unsigned count;
	struct arch_access item[ARCH_ACCESSES_MAX];
	/* The processor's own. */
	uint64_t pc, next, counter;
	unsigned addr_size;
	bool jumps, repeats, event;
};
/*
 * What the instruction at pc is about to access; fetching it is not counted. After it was stepped
 * the second one makes that what it did access: it may have faulted, or been one of many
 * repetitions. The same @a.
 */
void arch_accesses_before(struct vcpu *v, struct arch_accesses *a);
void arch_accesses_after(struct vcpu *v, struct arch_accesses *a);
/* At an exit for I/O: what its instruction accesses of memory besides: a string that goes to a
 * port, say. */
void arch_accesses_of_io(struct vcpu *v, struct arch_accesses *a);
/* A non-maskable interrupt for the vCPU, from outside; it takes it when it runs. -ENOTSUP: this KVM
 * cannot give one. */
int arch_nmi(struct vcpu *v);
/* Gives the event to the guest: it is its own breakpoint, step or debug register. */
int arch_debug_inject(struct vcpu *v, const struct arch_debug_event *ev);

/* ---- what can be caught (control_catch.h) ---- */

struct arch_exception {
	const char *name; /* "#PF page fault" */
	uint8_t number;	  /* below 32 */
	enum stop_fault fault;
};
/* Any thread. */
const struct arch_exception *arch_exceptions(size_t *count);
/* Linear address of the handler that this vCPU would enter; 0 when there is none now. */
uint64_t arch_exception_entry(struct vcpu *v, unsigned number);
/* At that address: what the exception was and where, from what it left for the handler. */
void arch_exception_describe(struct vcpu *v, unsigned number, struct strbuf *out);

/* Names of MSRs, as of the registers; NULL past the last. Any thread. */
const char *arch_msr_name(size_t n, uint64_t *index);
/*
 * Model-specific register @index, as KVM has it. The vCPU's thread. -ENOTSUP: KVM has none of this
 * number, or refuses the value.
 */
int arch_msr_read(struct vcpu *v, uint64_t index, uint64_t *value);
int arch_msr_write(struct vcpu *v, uint64_t index, uint64_t value);
/* Makes accesses to these (and no others) come to us. Loop thread; every vCPU may be running. */
#define ARCH_CATCH_MSRS 16
int arch_catch_msrs(struct machine *m, const uint32_t *msrs, size_t count, struct error *err);
/* The device inside KVM that answers at a port or a guest-physical address; NULL: none. */
const char *arch_kernel_device(struct machine *m, bool port, uint64_t addr);

/* ---- symbols ---- */

/*
 * Where this vCPU enters the kernel, and the names that Linux has had for that place; addresses
 * that are not set yet are left out. Returns how many.
 */
struct arch_kernel_entry {
	const char *symbol;
	uint64_t addr; /* linear */
};
#define ARCH_KERNEL_ENTRIES 4
size_t arch_kernel_entries(struct vcpu *v, struct arch_kernel_entry out[ARCH_KERNEL_ENTRIES]);

/* ---- exits ---- */

enum exit_verdict {
	EXIT_AGAIN, /* handled, go on */
	EXIT_PARK,  /* a stop was posted: do not enter again until resumed */
};
struct arch_exit {
	const char *name;
	enum exit_verdict (*handle)(struct vcpu *v);
	bool completes; /* KVM finishes the instruction at the next KVM_RUN */
};
/* Exits that only this processor has; a row without a handler is not known. */
const struct arch_exit *arch_exits(size_t *count);

/* After an exit that only this processor has was handled: what the guest accessed, in the members
 * access, addr, size, write, value and count. */
void arch_exit_access(const struct vcpu *v, unsigned reason, struct record *rec);

/*
 * KVM_EXIT_SHUTDOWN, a triple fault: puts the registers back to those of the instruction that began
 * it, where an injection of ours had moved them, and says to a person what was found.
 */
void arch_triple_fault(struct vcpu *v, char *text, size_t size);

/* ---- boot and probe ---- */

/*
 * Writes the tables by which an operating system finds processors and devices that it cannot
 * probe (ACPI) to guest RAM; @rsdp is where they begin, 0 when there are none. Loop thread;
 * devices and vCPUs exist.
 */
int arch_firmware_tables(struct machine *m, uint64_t *rsdp, struct error *err);

/*
 * What this processor adds to the device tree's root: /cpus, and the controller of the GSIs
 * with the phandle ARCH_FDT_INTC. @fdt is in sequential write, the root node open
 * with 2 address and 2 size cells. 0 or a libfdt error.
 */
#define ARCH_FDT_INTC 1
int arch_fdt(struct machine *m, void *fdt);
/* That controller's interrupt specifier for the line @gsi, a rising edge or a high level; the
 * number of cells. */
#define ARCH_FDT_IRQ_CELLS 3
unsigned arch_fdt_irq(int gsi, bool level, uint32_t cells[ARCH_FDT_IRQ_CELLS]);

#endif
