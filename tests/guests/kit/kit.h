/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kit that the long-mode guests are built from: a console, the command
 * line, the device tree, processors, interrupts, a timer.
 *
 * A guest defines kernel_main(), which boot.S calls on CPU 0, and calls what
 * it needs in this order: kit_init(), cpu_init(0), timer_init(), smp_start().
 * A guest with several CPUs also defines cpu_main().
 */
#ifndef GUESTS_KIT_KIT_H
#define GUESTS_KIT_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tests/guests/kit/layout.h"
#include "tests/guests/kit/x86.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define __noinline    __attribute__((noinline))

struct task;

/* What an interrupt leaves on the stack, completed by entry.S. */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* One for each processor; %gs points at its own. */
struct percpu {
	struct percpu *self; /* at %gs:0 */
	uint32_t id;	     /* index in cpus[], which is the APIC ID */
	bool online;
	bool idle;	      /* halted for want of work */
	struct task *current; /* what it runs, or NULL */
	uint64_t ticks;	      /* timer interrupts */
	uint64_t ipis;	      /* reschedule interrupts from other CPUs */
	uint64_t switches;    /* tasks it began to run */
	uint64_t idle_ticks;  /* ticks that found it idle */
	const char *doing;    /* for a person who looks with a debugger */
};

extern struct percpu cpus[NR_CPUS];
extern unsigned int cpus_online;

static inline struct percpu *this_cpu(void)
{
	struct percpu *cpu;

	asm volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* kit.c: what the boot loader said. The two addresses are 0 when there is none. */
void kit_init(uint32_t start_info, uint32_t zero_page);
bool option_flag(const char *name);
uint64_t option_number(const char *name, uint64_t otherwise);
/* The text of `name=text` up to the next blank in buf; false when it is not there. */
bool option_text(const char *name, char *buf, size_t size);
/* Leaves through the debug-exit port: the VMM ends with (value << 1) | 1. */
void __attribute__((noreturn)) debug_exit(uint8_t value);
void __attribute__((noreturn)) halt_forever(void);

/* What the machine consists of: from the device tree, else the well-known places. */
struct machine {
	uint16_t uart_port;
	uint16_t exit_port;
	uint16_t debugcon_port;
	unsigned int nr_cpus;	 /* 0: nobody said */
	uint64_t virtio_mmio[8]; /* where such devices are */
	unsigned int nr_virtio_mmio;
	bool has_tree;
	const char *boot; /* "PVH", "64-bit" */
	const char *cmdline;
};

extern struct machine machine;

/* fdt.c */
#define FDT_NAME_MAX 32

struct fdt_node {
	char name[FDT_NAME_MAX];
	const char *compatible; /* a list of strings, each ended by NUL */
	uint32_t compatible_size;
	const char *device_type; /* NULL when there is none */
	bool has_reg;
	uint64_t reg; /* the last address cells of the first entry */
};

bool fdt_is_one(const void *tree);
/* Calls visit for each node; false when the tree is broken. */
bool fdt_walk(const void *tree, void (*visit)(const struct fdt_node *node));
bool fdt_compatible(const struct fdt_node *node, const char *with);

/* console.c */
void console_init(void);
void console_write(const char *text, size_t size);
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* string.c */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

/* A test-and-set lock, taken with interrupts off. */
struct spinlock {
	volatile uint32_t taken;
};

static inline uint64_t spin_lock(struct spinlock *lock)
{
	uint64_t flags = irq_save();

	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

static inline void spin_unlock(struct spinlock *lock, uint64_t flags)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

/* cpu.c: descriptor tables, exceptions. */
typedef void handler_fn(struct frame *frame);
void cpu_init(unsigned int id);
void set_handler(unsigned int vector, handler_fn *handler);
/* A vector that does without interrupt(): entry runs as the processor calls it. */
void set_gate(unsigned int vector, const void *entry);
/* Where interrupts from CPL 3 put their frames on this CPU. */
void set_interrupt_stack(void *top);
void interrupt(struct frame *frame);
/* Where an unexpected exception ends: a good place for a breakpoint. */
void __attribute__((noreturn)) panic(struct frame *frame);

/* paging.c */
void paging_protect(void);
void window_map(unsigned int page, uint64_t physical);
/* For code at CPL 3: it can be read and executed, not written. */
void window_map_user_text(unsigned int page, uint64_t physical);
void window_unmap(unsigned int page);

static inline void *window_page(unsigned int page)
{
	return (void *)(WINDOW_BASE + 4096ull * page);
}

static inline uint64_t physical_of(const volatile void *address)
{
	return (uint64_t)address - KERNEL_BASE;
}

/* apic.c: handler runs hz times a second on each CPU that called timer_start(). */
void timer_init(unsigned int hz, handler_fn *handler);
void timer_start(void);
/* Tells the interrupt controller that the handler of an interrupt is done. */
void interrupt_done(void);
void ipi_send(unsigned int cpu, uint8_t vector);
bool apic_present(void);
void apic_broadcast_init(void);
void apic_broadcast_startup(uint8_t page);
void apic_delay_us(unsigned int us);
extern const char *timer_name;

/* smp.c: starts the other CPUs, each of which calls cpu_main() after smp_release(). */
void smp_start(void);
void smp_release(void);
void secondary_main(unsigned int id);

/* The guest's own. */
void kernel_main(uint32_t start_info, uint32_t zero_page);
void cpu_main(struct percpu *cpu);

#endif
