// SPDX-License-Identifier: GPL-3.0-or-later
/* DR6 and DR7, the sharing of debug registers with the guest, and MOV DR: all without KVM. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "hv/arch/x86/x86.h"
#include "hv/control.h"

TestSuite(arch_debug);

static struct arch_hw_bp bp(uint8_t kind, uint64_t addr, uint8_t len)
{
	return (struct arch_hw_bp){ .used = true, .kind = kind, .addr = addr, .len = len };
}

Test(arch_debug, dr7_of_each_kind_and_length)
{
	static const struct {
		unsigned n;
		uint8_t kind, len;
		uint64_t dr7;
	} rows[] = {
		{ 0, BP_HARD, 1, 0x00000002 },	 { 0, BP_SOFT, 1, 0x00000002 },
		{ 1, BP_WRITE, 1, 0x00100008 },	 { 2, BP_WRITE, 2, 0x05000020 },
		{ 3, BP_WRITE, 4, 0xd0000080 },	 { 0, BP_WRITE, 8, 0x00090002 },
		{ 0, BP_READ, 4, 0x000f0002 },	 { 0, BP_ACCESS, 4, 0x000f0002 },
		{ 3, BP_ACCESS, 8, 0xb0000080 }, { 0, BP_HARD, 8, 0x00000002 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_eq(
			x86_dr7_slot(rows[i].n, rows[i].kind, rows[i].len), rows[i].dr7,
			"row %zu: %llx", i,
			(unsigned long long)x86_dr7_slot(rows[i].n, rows[i].kind, rows[i].len));
}

Test(arch_debug, what_fits_one_register)
{
	cr_assert(arch_hw_bp_fits(BP_HARD, 0x1003, 1));
	cr_assert(arch_hw_bp_fits(BP_WRITE, 0x1003, 1));
	cr_assert(arch_hw_bp_fits(BP_READ, 0x1008, 8));
	cr_assert_not(arch_hw_bp_fits(BP_WRITE, 0x1002, 4));
	cr_assert_not(arch_hw_bp_fits(BP_WRITE, 0x1000, 3));
	cr_assert_not(arch_hw_bp_fits(BP_WRITE, 0x1000, 0));
	cr_assert_not(arch_hw_bp_fits(BP_WRITE, 0x1000, 16));
	cr_assert_not(arch_hw_bp_fits(BP_KIND_COUNT, 0x1000, 1));
}

Test(arch_debug, guests_registers_get_what_we_leave)
{
	struct arch_hw_bp ours[ARCH_HW_BP_MAX] = {
		[0] = bp(BP_HARD, 0xaaa, 1), [2] = bp(BP_WRITE, 0xbb8, 8)
	};
	/* DR1: execution, local; DR3: write of 4, global; DR0 is set and not enabled. */
	struct kvm_debugregs guest = { .db = { 0x10, 0x11, 0x12, 0x13 },
				       .dr7 = 1u << 2 | 1u << 7 | 0xd0000000u };
	struct x86_dr_slot slot[X86_DR_COUNT];
	__u64 dr[8];
	uint32_t hits;
	uint64_t own;

	cr_assert_eq(x86_dr_merge(ours, &guest, dr, slot), 0);
	cr_assert_eq(dr[0], 0xaaa);
	cr_assert_eq(dr[1], 0xbb8);
	cr_assert_eq(dr[2], 0x11);
	cr_assert_eq(dr[3], 0x13);
	cr_assert_eq(dr[7], 0x400u | x86_dr7_slot(0, BP_HARD, 1) | x86_dr7_slot(1, BP_WRITE, 8) |
				    x86_dr7_slot(2, BP_HARD, 1) | x86_dr7_slot(3, BP_WRITE, 4));

	x86_dr6_split(DR6_FIXED_1 | 1u << 1 | 1u << 3, slot, &hits, &own);
	cr_assert_eq(hits, 1u << 2, "our hw[2]");
	cr_assert_eq(own, 1u << 3, "the guest's DR3");
	x86_dr6_split(1u << 2, slot, &hits, &own);
	cr_assert_eq(hits, 0);
	cr_assert_eq(own, 1u << 1, "the guest's DR1 sits in slot 2");
}

Test(arch_debug, ours_come_first_and_five_are_too_many)
{
	struct arch_hw_bp ours[ARCH_HW_BP_MAX] = { 0 };
	struct kvm_debugregs guest = { .db = { 0x10 }, .dr7 = 1 };
	struct x86_dr_slot slot[X86_DR_COUNT];
	__u64 dr[8];

	for (unsigned i = 0; i < 4; i++)
		ours[i * 2] = bp(BP_HARD, i, 1);
	cr_assert_eq(x86_dr_merge(ours, &guest, dr, slot), 0);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(slot[i].owner, X86_DR_OURS);
	ours[15] = bp(BP_HARD, 15, 1);
	cr_assert_eq(x86_dr_merge(ours, &guest, dr, slot), -ENOSPC);
	memset(ours, 0, sizeof(ours));
	ours[0] = bp(BP_WRITE, 0x1001, 4);
	cr_assert_eq(x86_dr_merge(ours, &guest, dr, slot), -EINVAL);
}

Test(arch_debug, bits_of_registers_that_are_not_enabled_are_nobodys)
{
	struct kvm_debugregs guest = { .dr7 = 1u << 4 };
	struct x86_dr_slot slot[X86_DR_COUNT];
	uint32_t hits;
	uint64_t own;

	x86_dr_guest_only(&guest, slot);
	x86_dr6_split(0xf, slot, &hits, &own);
	cr_assert_eq(hits, 0);
	cr_assert_eq(own, 1u << 2);
}

Test(arch_debug, dr6_as_the_guest_must_see_it)
{
	cr_assert_eq(x86_dr6_deliver(0xffff0ff0, DR6_BS), 0xffff4ff0);
	cr_assert_eq(x86_dr6_deliver(0xffff4ff1, 1u << 2), 0xffff4ff4, "BS stays, B0 goes");
	cr_assert(x86_dr6_is_fault(1u << 1, 0x0), "an execution breakpoint");
	cr_assert_not(x86_dr6_is_fault(1u << 1, 0x00100000), "a write");
	cr_assert_not(x86_dr6_is_fault(DR6_BS, 0));
	cr_assert(x86_dr6_is_fault(DR6_BD, 0));
}

Test(arch_debug, mov_dr_decodes)
{
	static const struct {
		uint8_t bytes[6];
		uint8_t count, bits, len, dr, gpr;
		bool ok, to_dr;
	} rows[] = {
		{ { 0x0f, 0x23, 0xf8 }, 3, 64, 3, 7, 0, true, true },
		{ { 0x0f, 0x21, 0xf3 }, 3, 64, 3, 6, 3, true, false },
		{ { 0x41, 0x0f, 0x23, 0xc7 }, 4, 64, 4, 0, 15, true, true },
		{ { 0x41, 0x0f, 0x23, 0xc7 }, 4, 32, 0, 0, 0, false, false },
		{ { 0x44, 0x0f, 0x23, 0xc0 }, 4, 64, 0, 0, 0, false, false }, /* DR8 */
		{ { 0x66, 0x0f, 0x23, 0x08 }, 4, 32, 4, 1, 0, true, true },
		{ { 0x0f, 0x22, 0xc0 }, 3, 64, 0, 0, 0, false, false }, /* MOV CR */
		{ { 0x0f, 0x23 }, 2, 64, 0, 0, 0, false, false },
		{ { 0x66, 0x66 }, 2, 64, 0, 0, 0, false, false },
		{ { 0 }, 0, 64, 0, 0, 0, false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct x86_mov_dr insn;

		cr_assert_eq(x86_mov_dr_decode(rows[i].bytes, rows[i].count, rows[i].bits, &insn),
			     rows[i].ok, "row %zu", i);
		if (!rows[i].ok)
			continue;
		cr_assert_eq(insn.len, rows[i].len, "row %zu", i);
		cr_assert_eq(insn.dr, rows[i].dr, "row %zu", i);
		cr_assert_eq(insn.gpr, rows[i].gpr, "row %zu", i);
		cr_assert_eq(insn.to_dr, rows[i].to_dr, "row %zu", i);
	}
}

Test(arch_debug, instructions_that_copy_or_load_the_flags)
{
	static const struct {
		uint8_t bytes[10];
		uint8_t count, bits;
		struct x86_step_insn insn;
	} rows[] = {
		{ { 0x9c }, 1, 64, { .kind = X86_STEP_PUSHF, .opsize = 8, .end = 1 } },
		{ { 0x66, 0x9c }, 2, 64, { .kind = X86_STEP_PUSHF, .opsize = 2, .end = 2 } },
		{ { 0x9c }, 1, 32, { .kind = X86_STEP_PUSHF, .opsize = 4, .end = 1 } },
		{ { 0x9d }, 1, 16, { .kind = X86_STEP_POPF, .opsize = 2 } },
		{ { 0x66, 0x9d }, 2, 16, { .kind = X86_STEP_POPF, .opsize = 4 } },
		{ { 0x48, 0xcf }, 2, 64, { .kind = X86_STEP_IRET, .opsize = 8 } },
		{ { 0xcf }, 1, 64, { .kind = X86_STEP_IRET, .opsize = 4 } },
		{ { 0x48, 0x0f, 0x07 }, 3, 64, { .kind = X86_STEP_SYSRET, .opsize = 4 } },
		{ { 0x48, 0xcf }, 2, 32, { .opsize = 4 } }, /* dec %eax */
		{ { 0x0f, 0x05 }, 2, 64, { .kind = X86_STEP_SYSCALL, .opsize = 4, .end = 2 } },
		{ { 0x0f, 0x05 }, 2, 32, { .opsize = 4 } },
		{ { 0xcc }, 1, 64, { .kind = X86_STEP_INT, .opsize = 4, .vector = 3 } },
		{ { 0xcd, 0x80 }, 2, 32, { .kind = X86_STEP_INT, .opsize = 4, .vector = 0x80 } },
		{ { 0xcd }, 1, 32, { .opsize = 4 } },
		{ { 0x0f }, 1, 64, { .opsize = 4 } },
		{ { 0x66 }, 1, 64, { .opsize = 2 } },
		{ { 0 }, 0, 64, { .opsize = 4 } },
		/* mov %eax, %ss; pushf */
		{ { 0x8e, 0xd0, 0x9c },
		  3,
		  64,
		  { .kind = X86_STEP_PUSHF, .opsize = 8, .shadow = 2, .end = 3 } },
		/* mov 0x12345678(%rax,%rcx), %ss; pushf */
		{ { 0x8e, 0x94, 0x08, 0x78, 0x56, 0x34, 0x12, 0x9c },
		  8,
		  64,
		  { .kind = X86_STEP_PUSHF, .opsize = 8, .shadow = 7, .end = 8 } },
		/* mov (0x1234), %ss; int $3 */
		{ { 0x8e, 0x16, 0x34, 0x12, 0xcc },
		  5,
		  16,
		  { .kind = X86_STEP_INT, .opsize = 2, .vector = 3, .shadow = 4 } },
		/* mov %eax, %ds; pushf */
		{ { 0x8e, 0xd8, 0x9c }, 3, 64, { .opsize = 4 } },
		{ { 0x17, 0x9d }, 2, 32, { .kind = X86_STEP_POPF, .opsize = 4, .shadow = 1 } },
		{ { 0xfb, 0x9c },
		  2,
		  64,
		  { .kind = X86_STEP_PUSHF, .opsize = 8, .shadow = 1, .end = 2 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct x86_step_insn *want = &rows[i].insn;
		struct x86_step_insn insn;

		x86_step_decode(rows[i].bytes, rows[i].count, rows[i].bits, &insn);
		cr_assert_eq(insn.kind, want->kind, "row %zu: %d", i, (int)insn.kind);
		cr_assert_eq(insn.opsize, want->opsize, "row %zu: %u", i, insn.opsize);
		cr_assert_eq(insn.vector, want->vector, "row %zu: %u", i, insn.vector);
		cr_assert_eq(insn.shadow, want->shadow, "row %zu: %u", i, insn.shadow);
		cr_assert_eq(insn.end, want->end, "row %zu: %u", i, insn.end);
	}
}

Test(arch_debug, gates)
{
	static const uint8_t gate[16] = { 0x34, 0x12, 0x10, 0x00, 0x00, 0x8e,
					  0x78, 0x56, 0xff, 0xff, 0xff, 0xff };

	cr_assert_eq(x86_gate_offset(gate, 64), 0xffffffff56781234ull);
	cr_assert_eq(x86_gate_offset(gate, 32), 0x56781234);
	cr_assert_eq(x86_gate_offset(gate, 16), 0x1234 + 0x100);
}
