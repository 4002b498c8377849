// SPDX-License-Identifier: GPL-3.0-or-later
/* Which values a register can have, and the sentence for one it cannot. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "hv/arch/x86/x86.h"

/* A processor without SMAP, in 64-bit code. */
static struct x86_cpuid cpuid;
static const struct x86_reg_context in64 = {
	.cpuid = &cpuid,
	.maxphyaddr = 46,
	.cr0 = CR0_PE | CR0_PG,
	.cr4 = CR4_PAE,
	.efer = EFER_LME | EFER_LMA,
	.xcr0_allowed = 0xe7,
	.code_bits = 64,
};
static const struct x86_reg_context in16 = { .cpuid = &cpuid, .maxphyaddr = 46, .code_bits = 16 };

static const struct {
	const struct x86_reg_context *in;
	const char *reg;
	uint64_t value;
	const char *why; /* NULL: it can */
} rows[] = {
	{ &in64, "cr0", CR0_PE | CR0_PG | CR0_WP, NULL },
	{ &in64, "cr0", CR0_PE | CR0_PG | 1u << 10, "bit 10 of cr0 is reserved" },
	{ &in64, "cr0", CR0_PG, "cr0.PG needs cr0.PE" },
	{ &in64, "cr0", CR0_PE | CR0_PG | 1u << 29, "cr0.NW needs cr0.CD" },
	{ &in64, "cr0", CR0_PE, "64-bit code cannot be without paging" },
	{ &in16, "cr0", CR0_PE, NULL },
	{ &in64, "cr3", 0x3fffffffffff, NULL },
	{ &in64, "cr3", 1ull << 46, "beyond the 46 bits" },
	{ &in64, "cr4", CR4_PAE | CR4_DE, NULL },
	{ &in64, "cr4", CR4_PAE | 1u << 21, "this processor has no smap" },
	{ &in64, "cr4", CR4_PAE | 1u << 31, "bit 31 of cr4 is reserved" },
	{ &in64, "cr4", 0, "long mode needs cr4.PAE" },
	{ &in16, "cr4", 0, NULL },
	{ &in64, "cr8", 15, NULL },
	{ &in64, "cr8", 16, "bit 4 of cr8 is reserved" },
	{ &in64, "efer", EFER_LMA, "efer.LME cannot be changed while paging is on" },
	{ &in64, "efer", EFER_LME | EFER_LMA | EFER_SCE, NULL },
	{ &in64, "efer", EFER_LME | 2, "bit 1 of efer is reserved" },
	{ &in16, "efer", EFER_LME, NULL },
	{ &in64, "eflags", 0x202, NULL },
	{ &in64, "eflags", 0x20a, "bit 3 of eflags is reserved" },
	{ &in64, "rip", 0xffffffff80000000, NULL },
	{ &in64, "rip", 0x800000000000, "is not canonical" },
	{ &in16, "rip", 0x100000000, "rip has 32 bits in this mode" },
	{ &in64, "lstar", 0x7fffffffffff, NULL },
	{ &in64, "lstar", 0xdead000000000000, "0xdead000000000000 is not canonical" },
	{ &in64, "gs_base", 0xffff7fffffffffff, "bits 63 to 47" },
	{ &in64, "idtr_base", 0xffff800000000000, NULL },
	{ &in64, "cs_base", 1ull << 32, "cs_base has 32 bits" },
	{ &in64, "xcr0", 7, NULL },
	{ &in64, "xcr0", 6, "xcr0.X87 is always set" },
	{ &in64, "xcr0", 5, "xcr0.AVX needs xcr0.SSE" },
	{ &in64, "xcr0", 0x27, "go together" },
	{ &in64, "xcr0", 0xe7, NULL },
	{ &in64, "xcr0", 0x207, "bit 9 of xcr0 is reserved" },
	{ &in64, "pat", 0x0007040600070406, NULL },
	{ &in64, "pat", 0x0207, "entry 1 of pat: 2 is no memory type" },
	{ &in64, "tr_attr", 0x8b, NULL },
	{ &in64, "tr_attr", 0x100, "bit 8 of tr_attr is reserved" },
	{ &in64, "rax", UINT64_MAX, NULL },
};

Test(regs_check, values_and_reasons)
{
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { "" };
		int reg = arch_reg_find(rows[i].reg), ret;

		cr_assert_geq(reg, 0, "%s", rows[i].reg);
		ret = x86_reg_check(rows[i].in, &regs[reg], &rows[i].value, &err);
		if (!rows[i].why) {
			cr_expect_eq(ret, 0, "%s 0x%llx: %s", rows[i].reg,
				     (unsigned long long)rows[i].value, err.text);
			continue;
		}
		cr_expect_eq(ret, -EINVAL, "%s 0x%llx", rows[i].reg,
			     (unsigned long long)rows[i].value);
		cr_expect(strstr(err.text, rows[i].why), "%s: %s", rows[i].reg, err.text);
	}
}

Test(regs_check, attributes_of_a_segment)
{
	struct kvm_segment s = { 0 };

	/* A 64-bit code segment, SDM volume 3, table 24-2. */
	x86_segment_set_attr(&s, 0xa09b);
	cr_assert_eq(s.type, 11);
	cr_assert(s.s && s.present && s.l && s.g && !s.db && !s.dpl && !s.unusable);
	for (uint32_t bit = 1; bit < 0x20000; bit <<= 1) {
		x86_segment_set_attr(&s, bit);
		cr_assert_eq(x86_segment_attr(&s), bit & 0x1f0ff, "0x%x", bit);
	}
}
