// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Processors: the descriptor tables that each of them needs, and what becomes
 * of an interrupt: the handler that was set for it, or a report and the end.
 */
#include "tests/guests/kit/kit.h"

#define GATE_INTERRUPT 0x8e /* present, DPL 0, interrupt gate (SDM volume 3, 6.14.1) */
#define IST_NONE       0
#define IST_DOUBLE     1
#define VECTOR_DOUBLE  8

struct gate {
	uint16_t offset_0;
	uint16_t selector;
	uint8_t ist, type;
	uint16_t offset_16;
	uint32_t offset_32;
	uint32_t reserved;
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap;
} __attribute__((packed));

extern uint64_t gdt[], gdt_end[];
extern const char vector_stubs[][16];
extern uint8_t cpu_stacks[NR_CPUS][STACK_SIZE];

struct percpu cpus[NR_CPUS];
unsigned int cpus_online;

static struct tss tss[NR_CPUS];
static struct gate idt[NR_VECTORS];
static handler_fn *handlers[NR_VECTORS];

static const char *const exception_names[32] = {
	[0] = "#DE divide error",
	[1] = "#DB debug",
	[2] = "NMI",
	[3] = "#BP breakpoint",
	[4] = "#OF overflow",
	[5] = "#BR bound range",
	[6] = "#UD invalid opcode",
	[7] = "#NM no FPU",
	[8] = "#DF double fault",
	[10] = "#TS invalid TSS",
	[11] = "#NP segment not present",
	[12] = "#SS stack fault",
	[13] = "#GP general protection",
	[14] = "#PF page fault",
	[16] = "#MF FPU error",
	[17] = "#AC alignment check",
	[18] = "#MC machine check",
	[19] = "#XM SIMD error",
};

void set_gate(unsigned int vector, const void *entry)
{
	uint64_t address = (uint64_t)entry;

	idt[vector] = (struct gate){
		.offset_0 = address,
		.selector = SEL_CODE64,
		.ist = vector == VECTOR_DOUBLE ? IST_DOUBLE : IST_NONE,
		.type = GATE_INTERRUPT,
		.offset_16 = address >> 16,
		.offset_32 = address >> 32,
	};
}

void set_interrupt_stack(void *top)
{
	tss[this_cpu()->id].rsp[0] = (uint64_t)top;
}

static void load_tss(unsigned int id)
{
	uint64_t base = (uint64_t)&tss[id];
	uint64_t *descriptor = (void *)((uint64_t)gdt + KERNEL_BASE + SEL_TSS + 16 * id);

	/* A double fault gets the lowest quarter of the CPU's stack to itself. */
	tss[id].rsp[0] = (uint64_t)cpu_stacks[id + 1];
	tss[id].ist[IST_DOUBLE - 1] = (uint64_t)&cpu_stacks[id][STACK_SIZE / 4];
	tss[id].iomap = sizeof(tss[id]);
	/* SDM volume 3, 7.2.3: a present 64-bit TSS, in 16 bytes. */
	descriptor[0] = (sizeof(tss[id]) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
			(base >> 24 & 0xff) << 56;
	descriptor[1] = base >> 32;
	ltr(SEL_TSS + 16 * id);
}

void cpu_init(unsigned int id)
{
	const struct table_pointer gdt_pointer = {
		.limit = (uint64_t)gdt_end - (uint64_t)gdt - 1,
		.base = (uint64_t)gdt + KERNEL_BASE,
	};
	const struct table_pointer idt_pointer = {
		.limit = sizeof(idt) - 1,
		.base = (uint64_t)idt,
	};
	struct percpu *cpu = &cpus[id];

	if (!idt[0].type)
		for (unsigned int i = 0; i < NR_VECTORS; i++)
			set_gate(i, vector_stubs[i]);
	lgdt(&gdt_pointer);
	load_tss(id);
	lidt(&idt_pointer);
	wrmsr(MSR_GS_BASE, (uint64_t)cpu);
	cpu->self = cpu;
	cpu->id = id;
	cpu->doing = "starting";
	cpu->online = true;
	__atomic_fetch_add(&cpus_online, 1, __ATOMIC_RELEASE);
}

void set_handler(unsigned int vector, handler_fn *handler)
{
	handlers[vector] = handler;
}

__noinline void panic(struct frame *frame)
{
	const char *name = frame->vector < 32 ? exception_names[frame->vector] : NULL;

	this_cpu()->doing = "panicked";
	print("cpu%u: exception %lu %s, error code 0x%lx, at rip 0x%lx, cr2 0x%lx\n",
	      this_cpu()->id, frame->vector, name ? name : "", frame->error, frame->rip,
	      read_cr2());
	print("  rsp %016lx rflags %08lx cs %04lx ss %04lx cr3 %lx\n", frame->rsp, frame->rflags,
	      frame->cs, frame->ss, read_cr3());
	print("  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", frame->rax, frame->rbx, frame->rcx,
	      frame->rdx);
	print("  rsi %016lx rdi %016lx rbp %016lx\n", frame->rsi, frame->rdi, frame->rbp);
	print("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n", frame->r8, frame->r9, frame->r10,
	      frame->r11);
	print("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", frame->r12, frame->r13, frame->r14,
	      frame->r15);
	print("cpu%u: halted\n", this_cpu()->id);
	if (option_flag("panic"))
		debug_exit(option_number("panic", 2));
	halt_forever();
}

/* Called by entry.S with interrupts off. */
void interrupt(struct frame *frame)
{
	handler_fn *handler = handlers[frame->vector];

	if (handler)
		handler(frame);
	else if (frame->vector < VECTOR_PIC)
		panic(frame);
	else if (frame->vector != VECTOR_SPURIOUS)
		interrupt_done();
}
