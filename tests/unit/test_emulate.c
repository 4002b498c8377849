// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Instructions that are executed in software to get past a breakpoint: each is compared with what
 * this processor does with the same bytes, registers and memory.
 *
 * The guest's RAM is mapped for it at the addresses where the test has it.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hv/arch/x86/x86.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

TestSuite(emulate, .timeout = 300);

#define RAM_SIZE 0x200000u
#define TABLES	 0x100000u /* four pages of them */
#define DATA	 0x10000u
#define DATA_LEN 0x1000u
#define FLAGS	 (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#define PTE_SUPERVISOR 0x63ull /* present, writable, accessed, dirty */
#define PTE_TABLE      0x67ull /* the user's, too */

static struct arch_vm arch;
static struct machine machine;
static struct vcpu vcpu;
static uint8_t *ram, *code;

static void map_table(unsigned level, uint64_t entry, uint64_t to)
{
	uint64_t shift = 12 + 9 * (level - 1);
	uint64_t *table = (uint64_t *)(void *)(ram + TABLES + (4 - level) * 0x1000);

	table[(uintptr_t)(ram + entry) >> shift & 511] = to | PTE_TABLE;
}

/* The page tables map DATA's page and the one behind it. */
static void map_data(uint64_t flags)
{
	for (unsigned level = 4; level > 1; level--)
		map_table(level, DATA, TABLES + (5 - level) * 0x1000);
	map_table(1, DATA, DATA);
	*(uint64_t *)(void *)(ram + TABLES + 3 * 0x1000 +
			      ((uintptr_t)(ram + DATA) >> 12 & 511) * 8) = DATA | flags;
}

static void setup(void)
{
	struct error err;

	cr_assert_eq(memory_create(&machine.ram, -1, RAM_SIZE, &err), 0);
	ram = memory_ptr(machine.ram, 0, RAM_SIZE);
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	cr_assert(ram && code != MAP_FAILED);
	machine.arch = &arch;
	vcpu.m = &machine;
	vcpu.arch.maxphyaddr = 46;
	vcpu.arch.valid = ~0u;
	vcpu.arch.sregs = (struct kvm_sregs){
		.cr0 = CR0_PE | CR0_PG | CR0_WP,
		.cr3 = TABLES,
		.cr4 = CR4_PAE,
		.efer = EFER_LME | EFER_LMA | EFER_NXE,
		.cs = { .l = 1, .present = 1, .type = 11 },
	};
	map_data(PTE_SUPERVISOR);
}

static void teardown(void)
{
	munmap(code, 4096);
	memory_destroy(machine.ram);
}

/* ---- the processor's own opinion ---- */

struct native {
	struct kvm_regs regs;
	uint64_t rsp;
};
extern struct native *native_state;
void native_run(struct native *state, const uint8_t *insns);
void native_back(void);

/* Loads registers and flags, jumps to the code, which jumps to native_back, and stores them. */
asm(".pushsection .bss\n"
    ".globl native_state\n"
    "native_state: .quad 0\n"
    "native_rax: .quad 0\n"
    "native_rsp: .quad 0\n"
    ".popsection\n"
    ".globl native_run, native_back\n"
    "native_run:\n"
    "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "	mov %rdi, native_state(%rip)\n"
    "	mov %rsp, 144(%rdi)\n"
    "	push %rsi\n"
    "	push 136(%rdi); popfq\n"
    "	pop native_rax(%rip)\n"
    "	mov 8(%rdi), %rbx; mov 16(%rdi), %rcx; mov 24(%rdi), %rdx; mov 32(%rdi), %rsi\n"
    "	mov 48(%rdi), %rsp; mov 56(%rdi), %rbp; mov 64(%rdi), %r8; mov 72(%rdi), %r9\n"
    "	mov 80(%rdi), %r10; mov 88(%rdi), %r11; mov 96(%rdi), %r12; mov 104(%rdi), %r13\n"
    "	mov 112(%rdi), %r14; mov 120(%rdi), %r15; mov 0(%rdi), %rax; mov 40(%rdi), %rdi\n"
    "	jmp *native_rax(%rip)\n"
    "native_back:\n"
    "	mov %rsp, native_rsp(%rip)\n"
    "	mov %rax, native_rax(%rip)\n"
    "	mov native_state(%rip), %rax\n"
    "	mov 144(%rax), %rsp\n"
    "	pushfq; pop 136(%rax)\n"
    "	mov %rbx, 8(%rax); mov %rcx, 16(%rax); mov %rdx, 24(%rax); mov %rsi, 32(%rax)\n"
    "	mov %rdi, 40(%rax); mov %rbp, 56(%rax); mov %r8, 64(%rax); mov %r9, 72(%rax)\n"
    "	mov %r10, 80(%rax); mov %r11, 88(%rax); mov %r12, 96(%rax); mov %r13, 104(%rax)\n"
    "	mov %r14, 112(%rax); mov %r15, 120(%rax)\n"
    "	mov native_rax(%rip), %rcx; mov %rcx, 0(%rax)\n"
    "	mov native_rsp(%rip), %rcx; mov %rcx, 48(%rax)\n"
    "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "	ret\n");

_Static_assert(offsetof(struct native, regs.rflags) == 136 && offsetof(struct native, rsp) == 144,
	       "as the code above has it");

/* jmp *0(%rip), and the address. */
static void put_way_back(uint8_t *at)
{
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	void (*back)(void) = native_back;

	memcpy(at, jump, sizeof(jump));
	memcpy(at + sizeof(jump), &back, sizeof(back));
}

/* ---- comparing ---- */

static uint64_t number(void)
{
	static const uint64_t edges[] = { 0,	     1,		 0x7f,	     0x80,
					  0xff,	     0x7fffffff, 0x80000000, 0xffffffff,
					  INT64_MAX, 1ull << 63, UINT64_MAX, 0x8000 };
	uint64_t wide = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();

	switch (rand() % 3) {
	case 0:
		return edges[(unsigned)rand() % (sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return (uintptr_t)ram + DATA + (unsigned)rand() % DATA_LEN;
	default:
		return wide;
	}
}

static void randomize(struct kvm_regs *r)
{
	for (unsigned i = 0; i < 16; i++)
		*x86_gpr(r, i) = number();
	r->rsp = (uintptr_t)ram + DATA + 16 + (unsigned)rand() % (DATA_LEN - 32);
	r->rbp = rand() % 2 ? r->rsp : r->rbp;
	r->rflags = RFLAGS_FIXED | ((unsigned)rand() & FLAGS);
	r->rip = (uintptr_t)code;
}

static uint8_t before[DATA_LEN], after[DATA_LEN];

static void print_bytes(char *text, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sprintf(text + i * 3, "%02x ", bytes[i]);
}

/* Whether @insn was done at all; then it was done right. */
static bool compare(const uint8_t *insn, size_t len)
{
	struct native n = { .rsp = 0 };
	char text[64];

	randomize(&vcpu.arch.regs);
	for (unsigned i = 0; i < DATA_LEN; i++)
		before[i] = (uint8_t)rand();
	memcpy(ram + DATA, before, DATA_LEN);
	n.regs = vcpu.arch.regs;
	vcpu.arch.dirty = 0;
	if (!arch_emulate(&vcpu, insn, len, true)) {
		cr_assert_eq(vcpu.arch.dirty, 0);
		cr_assert_eq(memcmp(&n.regs, &vcpu.arch.regs, sizeof(n.regs)), 0);
		cr_assert_eq(memcmp(ram + DATA, before, DATA_LEN), 0);
		return false;
	}
	memcpy(after, ram + DATA, DATA_LEN);
	memcpy(ram + DATA, before, DATA_LEN);
	memcpy(code, insn, len);
	/* Its length is what the emulator says: a wrong one ends in the middle of something. */
	len = vcpu.arch.regs.rip - (uintptr_t)code;
	print_bytes(text, insn, len);
	put_way_back(code + len);
	native_run(&n, code);
	for (unsigned i = 0; i < 16; i++)
		cr_assert_eq(*x86_gpr(&vcpu.arch.regs, i), *x86_gpr(&n.regs, i),
			     "%sregister %u: %llx, not %llx", text, i,
			     (unsigned long long)*x86_gpr(&vcpu.arch.regs, i),
			     (unsigned long long)*x86_gpr(&n.regs, i));
	cr_assert_eq(vcpu.arch.regs.rflags & FLAGS, n.regs.rflags & FLAGS, "%sflags %llx, not %llx",
		     text, (unsigned long long)vcpu.arch.regs.rflags,
		     (unsigned long long)n.regs.rflags);
	cr_assert_eq(memcmp(after, ram + DATA, DATA_LEN), 0, "%smemory", text);
	return true;
}

/* Which of the opcodes may go elsewhere: those are not executed in place. */
static bool goes_elsewhere(const uint8_t *op, unsigned bytes)
{
	if (bytes == 2)
		return (op[1] & 0xf0) == 0x80;
	return (op[0] & 0xf0) == 0x70 || op[0] == 0xc3 || op[0] == 0xe8 || op[0] == 0xe9 ||
	       op[0] == 0xeb || op[0] == 0xff;
}

/* @op with every prefix that may be there, and random bytes behind it. */
static unsigned try_opcode(const uint8_t *op, unsigned bytes, unsigned times)
{
	unsigned done = 0;

	for (unsigned i = 0; i < times; i++) {
		uint8_t insn[15];
		size_t len = 0;

		if (rand() % 8 == 0)
			insn[len++] = rand() % 2 ? 0x66 : 0xf3;
		if (rand() % 2)
			insn[len++] = (uint8_t)(0x40 | rand() % 16);
		memcpy(insn + len, op, bytes);
		for (len += bytes; len < sizeof(insn); len++)
			insn[len] = (uint8_t)rand();
		done += compare(insn, sizeof(insn));
	}
	return done;
}

Test(emulate, like_the_processor, .init = setup, .fini = teardown)
{
	static const uint8_t expected[] = { 0x01, 0x03, 0x09, 0x0b, 0x21, 0x23, 0x29,
					    0x2b, 0x31, 0x33, 0x39, 0x3b, 0x50, 0x57,
					    0x58, 0x5d, 0x63, 0x81, 0x83, 0x85, 0x89,
					    0x8b, 0x8d, 0x90, 0xb8, 0xbf, 0xc7, 0xc9 };
	static const uint8_t expected_0f[] = { 0x1f, 0xb6, 0xb7, 0xbe, 0xbf };

	srand(1);
	for (unsigned o = 0; o < 256; o++) {
		uint8_t one[] = { (uint8_t)o }, two[] = { 0x0f, (uint8_t)o };

		/* Prefixes are part of what comes after them. */
		if (!goes_elsewhere(one, 1) && o != 0x0f && (o & 0xf0) != 0x40 && o != 0x66 &&
		    o != 0xf3) {
			unsigned done = try_opcode(one, 1, 2000);

			cr_expect(done || !memchr(expected, (int)o, sizeof(expected)), "%02x", o);
		}
		if (!goes_elsewhere(two, 2)) {
			unsigned done = try_opcode(two, 2, 500);

			cr_expect(done || !memchr(expected_0f, (int)o, sizeof(expected_0f)),
				  "0f %02x", o);
		}
	}
	/* ff /0 and /1 only; ff /2 and up go elsewhere. */
	for (unsigned i = 0; i < 4000; i++) {
		uint8_t insn[15] = { 0x48, 0xff, (uint8_t)(rand() & 0xc7), (uint8_t)rand() };

		insn[0] |= rand() % 16;
		insn[2] |= rand() % 2 ? 8 : 0;
		compare(insn, sizeof(insn));
	}
}

/* ---- those that go elsewhere ---- */

static bool emulate(const uint8_t *insn, size_t len)
{
	vcpu.arch.dirty = 0;
	return arch_emulate(&vcpu, insn, len, true);
}

#define EMULATE(...) \
	emulate((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

Test(emulate, jumps, .init = setup, .fini = teardown)
{
	vcpu.arch.regs.rip = 0x1000;
	cr_assert(EMULATE(0xeb, 0x10));
	cr_expect_eq(vcpu.arch.regs.rip, 0x1012);
	cr_assert(EMULATE(0xeb, 0xfe));
	cr_expect_eq(vcpu.arch.regs.rip, 0x1012);
	cr_assert(EMULATE(0xe9, 0xfb, 0xff, 0xff, 0xff));
	cr_expect_eq(vcpu.arch.regs.rip, 0x1012);
	vcpu.arch.regs.rip = 0x7ffffffffffd;
	cr_expect_not(EMULATE(0xeb, 0x10)); /* to an address that is not canonical */
	cr_expect_eq(vcpu.arch.regs.rip, 0x7ffffffffffd);
}

/* Taken or not, against setcc of this processor. */
Test(emulate, conditions, .init = setup, .fini = teardown)
{
	for (unsigned i = 0; i < 64; i++) {
		uint64_t flags = (i & 1 ? RFLAGS_CF : 0) | (i & 2 ? RFLAGS_PF : 0) |
				 (i & 4 ? RFLAGS_ZF : 0) | (i & 8 ? RFLAGS_SF : 0) |
				 (i & 16 ? RFLAGS_OF : 0) | (i & 32 ? RFLAGS_AF : 0);

		for (unsigned cc = 0; cc < 16; cc++) {
			struct native n = { .regs = { .rflags = RFLAGS_FIXED | flags } };

			memcpy(code, (uint8_t[]){ 0x0f, (uint8_t)(0x90 | cc), 0xc0 }, 3);
			put_way_back(code + 3);
			n.regs.rsp = (uintptr_t)ram + DATA + 64;
			native_run(&n, code);
			vcpu.arch.regs.rflags = RFLAGS_FIXED | flags;
			vcpu.arch.regs.rip = 0x1000;
			cr_assert(EMULATE((uint8_t)(0x70 | cc), 0x20));
			cr_assert_eq(vcpu.arch.regs.rip, n.regs.rax ? 0x1022 : 0x1002,
				     "condition %u, flags %llx", cc, (unsigned long long)flags);
			vcpu.arch.regs.rip = 0x1000;
			cr_assert(EMULATE(0x0f, (uint8_t)(0x80 | cc), 0, 1, 0, 0));
			cr_assert_eq(vcpu.arch.regs.rip, n.regs.rax ? 0x1106 : 0x1006);
		}
	}
}

Test(emulate, calls, .init = setup, .fini = teardown)
{
	uint64_t *stack = (uint64_t *)(void *)(ram + DATA + 0x100);

	vcpu.arch.regs.rsp = (uintptr_t)stack;
	vcpu.arch.regs.rip = 0xffffffff81000000;
	cr_assert(EMULATE(0xe8, 0xfb, 0x0f, 0, 0));
	cr_expect_eq(vcpu.arch.regs.rip, 0xffffffff81001000);
	cr_expect_eq(vcpu.arch.regs.rsp, (uintptr_t)(stack - 1));
	cr_expect_eq(stack[-1], 0xffffffff81000005);
	cr_assert(EMULATE(0xc3));
	cr_expect_eq(vcpu.arch.regs.rip, 0xffffffff81000005);
	cr_expect_eq(vcpu.arch.regs.rsp, (uintptr_t)stack);
	*stack = 0x800000000000;
	cr_expect_not(EMULATE(0xc3));
	cr_expect_eq(vcpu.arch.regs.rsp, (uintptr_t)stack);
	cr_assert(EMULATE(0xf3, 0x0f, 0x1e, 0xfa)); /* endbr64 */
	cr_expect_eq(vcpu.arch.regs.rip, 0xffffffff81000009);
}

/* ---- when it is left to a step ---- */

#define PUSH_RBP 0x55

static bool push_works(void)
{
	vcpu.arch.regs.rsp = (uintptr_t)ram + DATA + 0x100;
	return EMULATE(PUSH_RBP);
}

Test(emulate, memory_must_be_plain, .init = setup, .fini = teardown)
{
	static const uint64_t bad[] = {
		0,    /* not there */
		0x61, /* read-only */
		0x67, /* the user's */
		0x43, /* not accessed yet */
		0x23, /* not dirty yet */
	};

	cr_expect(push_works());
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		map_data(bad[i]);
		cr_expect_not(push_works(), "page flags %llx", (unsigned long long)bad[i]);
	}
	/* Reading leaves no trace in a clean page. */
	map_data(0x23);
	vcpu.arch.regs.rsp = (uintptr_t)ram + DATA + 0x100;
	cr_expect(EMULATE(0x5d));
	map_data(PTE_SUPERVISOR);
	vcpu.arch.regs.rsp = (uintptr_t)ram + DATA + 4; /* over the page's edge */
	cr_expect_not(EMULATE(PUSH_RBP));
	vcpu.arch.regs.rsp = (uintptr_t)ram + DATA + 0x100;
	cr_expect_not(arch_emulate(&vcpu, (const uint8_t[]){ PUSH_RBP }, 1, false));
	cr_expect(arch_emulate(&vcpu, (const uint8_t[]){ 0x90 }, 1, false));
}

Test(emulate, the_vcpu_must_be_plain, .init = setup, .fini = teardown)
{
	struct {
		const char *what;
		void *at;
		size_t len;
		uint64_t value;
	} rows[] = {
		{ "an exception", &vcpu.arch.events.exception.injected, 1, 1 },
		{ "one that waits", &vcpu.arch.events.exception.pending, 1, 1 },
		{ "an interrupt", &vcpu.arch.events.interrupt.injected, 1, 1 },
		{ "a shadow", &vcpu.arch.events.interrupt.shadow, 1, 1 },
		{ "an NMI", &vcpu.arch.events.nmi.injected, 1, 1 },
		{ "SMM", &vcpu.arch.events.smi.smm, 1, 1 },
		{ "the trap flag", &vcpu.arch.regs.rflags, 8, RFLAGS_FIXED | RFLAGS_TF },
		{ "the hidden trap flag", &vcpu.arch.guest_tf, 1, 1 },
		{ "nesting", &vcpu.arch.can_nest, 1, 1 },
		{ "a stale trap", &vcpu.arch.trap_guard, 1, 1 },
		{ "the guest's debug registers", &vcpu.arch.debugregs.dr7, 8, 1 },
		{ "32-bit code", &vcpu.arch.sregs.cs.l, 1, 0 },
		{ "no long mode", &vcpu.arch.sregs.efer, 8, 0 },
		{ "CET", &vcpu.arch.sregs.cr4, 8, CR4_PAE | 1u << 23 },
	};

	vcpu.arch.regs.rflags = RFLAGS_FIXED;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t old[8];

		cr_expect(EMULATE(0x90));
		memcpy(old, rows[i].at, rows[i].len);
		memcpy(rows[i].at, &rows[i].value, rows[i].len);
		cr_expect_not(EMULATE(0x90), "%s", rows[i].what);
		memcpy(rows[i].at, old, rows[i].len);
	}
	/* The resume flag is used up. */
	vcpu.arch.regs.rflags = RFLAGS_FIXED | RFLAGS_RF;
	cr_expect(EMULATE(0x90));
	cr_expect_eq(vcpu.arch.regs.rflags, RFLAGS_FIXED);
}

Test(emulate, what_is_cut_is_not_done, .init = setup, .fini = teardown)
{
	static const uint8_t insn[] = { 0x48, 0x81, 0x44, 0x24, 0x08, 1, 0, 0, 0 };

	vcpu.arch.regs.rsp = (uintptr_t)ram + DATA + 0x100;
	cr_expect(emulate(insn, sizeof(insn)));
	for (size_t len = 0; len < sizeof(insn); len++)
		cr_expect_not(emulate(insn, len), "%zu bytes", len);
}
