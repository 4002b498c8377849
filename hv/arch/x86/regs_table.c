// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The table of registers: gdb's names and numbers, and where each one lives.
 *
 * The features and names up to pkeys are gdb's own (GDB manual, G.5.7 "i386 Features");
 * org.vitrine.x86.system is ours. What is fetched with every stop comes first, then what
 * is read one by one (`lazy`): gdb takes registers past the end of a `g` reply to be
 * such. What has named bits is shown with 32, for gdb sets a flags
 * type only from a value of its size, and numbers are typed as int; higher bits stay as they are.
 * orig_rax, which gdb's Linux feature has, is no register of the processor and is not here.
 */
#include "hv/arch/x86/x86.h"

#include <string.h>

#define CORE	 "org.gnu.gdb.i386.core"
#define SSE	 "org.gnu.gdb.i386.sse"
#define AVX	 "org.gnu.gdb.i386.avx"
#define AVX512	 "org.gnu.gdb.i386.avx512"
#define PKEYS	 "org.gnu.gdb.i386.pkeys"
#define SEGMENTS "org.gnu.gdb.i386.segments"
#define SYSTEM	 "org.vitrine.x86.system"

#define GPR(n, t)                                                                  \
	{                                                                          \
		.name = #n, .feature = CORE, .type = t, .bits = 64, .cls = RC_GPR, \
		.offset = offsetof(struct kvm_regs, n)                             \
	}
#define SELECTOR(n)                                                                         \
	{                                                                                   \
		.name = #n, .feature = CORE, .type = "int32", .bits = 32, .cls = RC_SREG16, \
		.offset = offsetof(struct kvm_sregs, n.selector)                            \
	}
#define ST(n)                                                                           \
	{                                                                               \
		.name = "st" #n, .feature = CORE, .type = "i387_ext", .group = "float", \
		.bits = 80, .cls = RC_ST, .offset = n                                   \
	}
#define FP(n, c, off)                                                                              \
	{                                                                                          \
		.name = n, .feature = CORE, .type = "int", .group = "float", .bits = 32, .cls = c, \
		.offset = off                                                                      \
	}
#define XMM(n)                                                                         \
	{                                                                              \
		.name = "xmm" #n, .feature = SSE, .type = "vec128", .group = "vector", \
		.bits = 128, .cls = RC_XMM, .offset = n                                \
	}
#define YMMH(n)                                                                             \
	{                                                                                   \
		.name = "ymm" #n "h", .feature = AVX, .type = "uint128", .group = "vector", \
		.bits = 128, .cls = RC_YMMH, .offset = n                                    \
	}
#define XMMHI(n)                                                                          \
	{                                                                                 \
		.name = "xmm" #n, .feature = AVX512, .type = "vec128", .group = "vector", \
		.bits = 128, .cls = RC_XMM_HI, .offset = n, .lazy = true                  \
	}
#define YMMHHI(n)                                                                              \
	{                                                                                      \
		.name = "ymm" #n "h", .feature = AVX512, .type = "uint128", .group = "vector", \
		.bits = 128, .cls = RC_YMMH_HI, .offset = n, .lazy = true                      \
	}
#define K(n)                                                                            \
	{                                                                               \
		.name = "k" #n, .feature = AVX512, .type = "uint64", .group = "vector", \
		.bits = 64, .cls = RC_K, .offset = n, .lazy = true                      \
	}
#define ZMMH(n)                                                                                \
	{                                                                                      \
		.name = "zmm" #n "h", .feature = AVX512, .type = "v2ui128", .group = "vector", \
		.bits = 256, .cls = RC_ZMMH, .offset = n, .lazy = true                         \
	}
#define SYS(n, t, width, c, field)                                                         \
	{                                                                                  \
		.name = n, .feature = SYSTEM, .type = t, .group = "system", .bits = width, \
		.cls = c, .offset = offsetof(struct kvm_sregs, field)                      \
	}
#define SYSLAZY(n, t, width, c, field)                                                     \
	{                                                                                  \
		.name = n, .feature = SYSTEM, .type = t, .group = "system", .bits = width, \
		.cls = c, .offset = offsetof(struct kvm_sregs, field), .lazy = true        \
	}
#define SEGATTR(n, field)                                                                   \
	{                                                                                   \
		.name = n, .feature = SYSTEM, .type = "x86_segment", .group = "system",     \
		.bits = 32, .cls = RC_SEGATTR, .offset = offsetof(struct kvm_sregs, field), \
		.lazy = true                                                                \
	}
#define SYSDR(n, t, field)                                                              \
	{                                                                               \
		.name = n, .feature = SYSTEM, .type = t, .group = "system", .bits = 64, \
		.cls = RC_DR, .offset = offsetof(struct kvm_debugregs, field)           \
	}
#define SYSDRFLAGS(n, t, field)                                                         \
	{                                                                               \
		.name = n, .feature = SYSTEM, .type = t, .group = "system", .bits = 32, \
		.cls = RC_DR, .offset = offsetof(struct kvm_debugregs, field)           \
	}
#define MSR(n, t, row)                                                                  \
	{                                                                               \
		.name = n, .feature = SYSTEM, .type = t, .group = "system", .bits = 64, \
		.cls = RC_MSR, .offset = row, .lazy = true                              \
	}

#define BY8(M, a, b, c, d, e, f, g, h) M(a), M(b), M(c), M(d), M(e), M(f), M(g), M(h)
#define LOW16(M)		       BY8(M, 0, 1, 2, 3, 4, 5, 6, 7), BY8(M, 8, 9, 10, 11, 12, 13, 14, 15)
#define HIGH16(M)		       BY8(M, 16, 17, 18, 19, 20, 21, 22, 23), BY8(M, 24, 25, 26, 27, 28, 29, 30, 31)

enum msr_row {
	ROW_KERNEL_GS_BASE,
	ROW_STAR,
	ROW_LSTAR,
	ROW_CSTAR,
	ROW_FMASK,
	ROW_SYSENTER_CS,
	ROW_SYSENTER_ESP,
	ROW_SYSENTER_EIP,
	ROW_TSC,
	ROW_TSC_AUX,
	ROW_TSC_DEADLINE,
	ROW_PAT,
	ROW_MISC_ENABLE,
	ROW_MTRR_DEF_TYPE,
	ROW_TSC_ADJUST,
	ROW_SPEC_CTRL,
	ROW_KVM_WALL_CLOCK,
	ROW_KVM_SYSTEM_TIME,
	ROW_KVM_ASYNC_PF,
	ROW_KVM_STEAL_TIME,
	ROW_KVM_PV_EOI,
	ROW_COUNT,
};
const uint32_t x86_reg_msrs[] = {
	[ROW_KERNEL_GS_BASE] = MSR_KERNEL_GS_BASE,
	[ROW_STAR] = MSR_STAR,
	[ROW_LSTAR] = MSR_LSTAR,
	[ROW_CSTAR] = MSR_CSTAR,
	[ROW_FMASK] = MSR_SYSCALL_MASK,
	[ROW_SYSENTER_CS] = MSR_SYSENTER_CS,
	[ROW_SYSENTER_ESP] = MSR_SYSENTER_ESP,
	[ROW_SYSENTER_EIP] = MSR_SYSENTER_EIP,
	[ROW_TSC] = MSR_IA32_TSC,
	[ROW_TSC_AUX] = MSR_TSC_AUX,
	[ROW_TSC_DEADLINE] = MSR_IA32_TSC_DEADLINE,
	[ROW_PAT] = MSR_IA32_PAT,
	[ROW_MISC_ENABLE] = MSR_IA32_MISC_ENABLE,
	[ROW_MTRR_DEF_TYPE] = MSR_MTRR_DEF_TYPE,
	[ROW_TSC_ADJUST] = MSR_TSC_ADJUST,
	[ROW_SPEC_CTRL] = MSR_SPEC_CTRL,
	[ROW_KVM_WALL_CLOCK] = MSR_KVM_WALL_CLOCK_NEW,
	[ROW_KVM_SYSTEM_TIME] = MSR_KVM_SYSTEM_TIME_NEW,
	[ROW_KVM_ASYNC_PF] = MSR_KVM_ASYNC_PF_EN,
	[ROW_KVM_STEAL_TIME] = MSR_KVM_STEAL_TIME,
	[ROW_KVM_PV_EOI] = MSR_KVM_PV_EOI_EN,
};
const size_t x86_reg_msr_count = ROW_COUNT;

static const struct arch_reg regs[] = {
	GPR(rax, "int64"),
	GPR(rbx, "int64"),
	GPR(rcx, "int64"),
	GPR(rdx, "int64"),
	GPR(rsi, "int64"),
	GPR(rdi, "int64"),
	GPR(rbp, "data_ptr"),
	GPR(rsp, "data_ptr"),
	GPR(r8, "int64"),
	GPR(r9, "int64"),
	GPR(r10, "int64"),
	GPR(r11, "int64"),
	GPR(r12, "int64"),
	GPR(r13, "int64"),
	GPR(r14, "int64"),
	GPR(r15, "int64"),
	GPR(rip, "code_ptr"),
	{ .name = "eflags", .feature = CORE, .type = "i386_eflags", .bits = 32, .cls = RC_EFLAGS },
	SELECTOR(cs),
	SELECTOR(ss),
	SELECTOR(ds),
	SELECTOR(es),
	SELECTOR(fs),
	SELECTOR(gs),
	BY8(ST, 0, 1, 2, 3, 4, 5, 6, 7),
	FP("fctrl", RC_FP, 0),
	FP("fstat", RC_FP, 2),
	FP("ftag", RC_FTAG, 4),
	FP("fiseg", RC_FP, 12),
	FP("fioff", RC_FP32, 8),
	FP("foseg", RC_FP, 20),
	FP("fooff", RC_FP32, 16),
	FP("fop", RC_FP, 6),
	LOW16(XMM),
	{ .name = "mxcsr",
	  .feature = SSE,
	  .type = "i386_mxcsr",
	  .group = "vector",
	  .bits = 32,
	  .cls = RC_MXCSR },
	{ .name = "fs_base",
	  .feature = SEGMENTS,
	  .type = "int64",
	  .bits = 64,
	  .cls = RC_SREG64,
	  .offset = offsetof(struct kvm_sregs, fs.base) },
	{ .name = "gs_base",
	  .feature = SEGMENTS,
	  .type = "int64",
	  .bits = 64,
	  .cls = RC_SREG64,
	  .offset = offsetof(struct kvm_sregs, gs.base) },
	LOW16(YMMH),
	{ .name = "pkru", .feature = PKEYS, .type = "uint32", .bits = 32, .cls = RC_PKRU },
	SYS("cr0", "x86_cr0", 32, RC_SREG64, cr0),
	SYS("cr2", "data_ptr", 64, RC_SREG64, cr2),
	SYS("cr3", "uint64", 64, RC_SREG64, cr3),
	SYS("cr4", "x86_cr4", 32, RC_SREG64, cr4),
	SYS("cr8", "uint64", 64, RC_SREG64, cr8),
	SYS("efer", "x86_efer", 32, RC_SREG64, efer),
	SYS("gdtr_base", "data_ptr", 64, RC_SREG64, gdt.base),
	SYS("gdtr_limit", "uint32", 32, RC_SREG16, gdt.limit),
	SYS("idtr_base", "data_ptr", 64, RC_SREG64, idt.base),
	SYS("idtr_limit", "uint32", 32, RC_SREG16, idt.limit),
	SYS("ldtr", "uint32", 32, RC_SREG16, ldt.selector),
	SYS("ldtr_base", "data_ptr", 64, RC_SREG64, ldt.base),
	SYS("ldtr_limit", "uint32", 32, RC_SREG32, ldt.limit),
	SYS("tr", "uint32", 32, RC_SREG16, tr.selector),
	SYS("tr_base", "data_ptr", 64, RC_SREG64, tr.base),
	SYS("tr_limit", "uint32", 32, RC_SREG32, tr.limit),
	SYS("apic_base", "uint64", 64, RC_SREG64, apic_base),
	SYSDR("dr0", "data_ptr", db[0]),
	SYSDR("dr1", "data_ptr", db[1]),
	SYSDR("dr2", "data_ptr", db[2]),
	SYSDR("dr3", "data_ptr", db[3]),
	SYSDRFLAGS("dr6", "x86_dr6", dr6),
	SYSDRFLAGS("dr7", "x86_dr7", dr7),
	{ .name = "xcr0",
	  .feature = SYSTEM,
	  .type = "x86_xcr0",
	  .group = "system",
	  .bits = 32,
	  .cls = RC_XCR0 },
	SYSLAZY("cs_base", "uint64", 64, RC_SREG64, cs.base),
	SYSLAZY("cs_limit", "uint32", 32, RC_SREG32, cs.limit),
	SYSLAZY("ss_base", "uint64", 64, RC_SREG64, ss.base),
	SYSLAZY("ss_limit", "uint32", 32, RC_SREG32, ss.limit),
	SYSLAZY("ds_base", "uint64", 64, RC_SREG64, ds.base),
	SYSLAZY("ds_limit", "uint32", 32, RC_SREG32, ds.limit),
	SYSLAZY("es_base", "uint64", 64, RC_SREG64, es.base),
	SYSLAZY("es_limit", "uint32", 32, RC_SREG32, es.limit),
	SYSLAZY("fs_limit", "uint32", 32, RC_SREG32, fs.limit),
	SYSLAZY("gs_limit", "uint32", 32, RC_SREG32, gs.limit),
	SEGATTR("cs_attr", cs),
	SEGATTR("ss_attr", ss),
	SEGATTR("ds_attr", ds),
	SEGATTR("es_attr", es),
	SEGATTR("fs_attr", fs),
	SEGATTR("gs_attr", gs),
	SEGATTR("ldtr_attr", ldt),
	SEGATTR("tr_attr", tr),
	MSR("k_gs_base", "uint64", ROW_KERNEL_GS_BASE),
	MSR("star", "uint64", ROW_STAR),
	MSR("lstar", "code_ptr", ROW_LSTAR),
	MSR("cstar", "code_ptr", ROW_CSTAR),
	MSR("fmask", "uint64", ROW_FMASK),
	MSR("sysenter_cs", "uint64", ROW_SYSENTER_CS),
	MSR("sysenter_esp", "data_ptr", ROW_SYSENTER_ESP),
	MSR("sysenter_eip", "code_ptr", ROW_SYSENTER_EIP),
	MSR("tsc", "uint64", ROW_TSC),
	MSR("tsc_aux", "uint64", ROW_TSC_AUX),
	MSR("tsc_deadline", "uint64", ROW_TSC_DEADLINE),
	MSR("pat", "uint64", ROW_PAT),
	MSR("misc_enable", "uint64", ROW_MISC_ENABLE),
	MSR("mtrr_def_type", "uint64", ROW_MTRR_DEF_TYPE),
	MSR("tsc_adjust", "uint64", ROW_TSC_ADJUST),
	MSR("spec_ctrl", "uint64", ROW_SPEC_CTRL),
	MSR("kvm_wall_clock", "uint64", ROW_KVM_WALL_CLOCK),
	MSR("kvm_system_time", "uint64", ROW_KVM_SYSTEM_TIME),
	MSR("kvm_async_pf", "uint64", ROW_KVM_ASYNC_PF),
	MSR("kvm_steal_time", "uint64", ROW_KVM_STEAL_TIME),
	MSR("kvm_pv_eoi", "uint64", ROW_KVM_PV_EOI),
	HIGH16(XMMHI),
	HIGH16(YMMHHI),
	BY8(K, 0, 1, 2, 3, 4, 5, 6, 7),
	LOW16(ZMMH),
	HIGH16(ZMMH),
};

/* gdb's numbers of 64-bit rsp and rip, which the order above gives. */
enum {
	REG_FP = 6,
	REG_SP = 7,
	REG_PC = 16,
};

const struct arch_reg *arch_regs(size_t *count)
{
	if (count)
		*count = sizeof(regs) / sizeof(regs[0]);
	return regs;
}

int arch_reg_find(const char *name)
{
	/* gdb has the older name alone. */
	if (!strcmp(name, "rflags"))
		name = "eflags";
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (!strcmp(regs[i].name, name))
			return (int)i;
	return -1;
}

int arch_reg_pc(void)
{
	return REG_PC;
}

int arch_reg_sp(void)
{
	return REG_SP;
}

int arch_reg_fp(void)
{
	return REG_FP;
}
