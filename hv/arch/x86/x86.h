/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of hv/arch/x86/ share. Bits and numbers are those of the Intel
 * SDM, volume 3 (control registers 2.5, debug registers 17.2, MSRs volume 4).
 */
#ifndef HV_ARCH_X86_X86_H
#define HV_ARCH_X86_X86_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/arch/arch.h"
#include "hv/memory.h"

#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_PG (1u << 31)

#define CR4_DE	 (1u << 3)
#define CR4_PSE	 (1u << 4)
#define CR4_PAE	 (1u << 5)
#define CR4_LA57 (1u << 12)

#define EFER_SCE (1u << 0)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)
#define EFER_NXE (1u << 11)

#define RFLAGS_CF    (1u << 0)
#define RFLAGS_FIXED (1u << 1)
#define RFLAGS_PF    (1u << 2)
#define RFLAGS_AF    (1u << 4)
#define RFLAGS_ZF    (1u << 6)
#define RFLAGS_SF    (1u << 7)
#define RFLAGS_TF    (1u << 8)
#define RFLAGS_IF    (1u << 9)
#define RFLAGS_DF    (1u << 10)
#define RFLAGS_OF    (1u << 11)
#define RFLAGS_RF    (1u << 16)

#define DR6_TRAPS   0xfu
#define DR6_BD	    (1u << 13)
#define DR6_BS	    (1u << 14)
#define DR6_FIXED_1 0xffff0ff0u
#define DR7_FIXED_1 (1u << 10)
#define DR7_GD	    (1u << 13)

#define MSR_IA32_TSC	      0x10
#define MSR_IA32_APICBASE     0x1b
#define MSR_TSC_ADJUST	      0x3b
#define MSR_SPEC_CTRL	      0x48
#define MSR_SYSENTER_CS	      0x174
#define MSR_SYSENTER_ESP      0x175
#define MSR_SYSENTER_EIP      0x176
#define MSR_IA32_MISC_ENABLE  0x1a0
#define MSR_IA32_PAT	      0x277
#define MSR_MTRR_DEF_TYPE     0x2ff
#define MSR_IA32_TSC_DEADLINE 0x6e0
#define MSR_EFER	      0xc0000080
#define MSR_STAR	      0xc0000081
#define MSR_LSTAR	      0xc0000082
#define MSR_CSTAR	      0xc0000083
#define MSR_SYSCALL_MASK      0xc0000084
#define MSR_GS_BASE	      0xc0000101
#define MSR_KERNEL_GS_BASE    0xc0000102
#define MSR_TSC_AUX	      0xc0000103
/* kvmclock and the like (Linux Documentation/virt/kvm/x86/msr.rst). */
#define MSR_KVM_WALL_CLOCK_NEW	0x4b564d00
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01
#define MSR_KVM_ASYNC_PF_EN	0x4b564d02
#define MSR_KVM_STEAL_TIME	0x4b564d03
#define MSR_KVM_PV_EOI_EN	0x4b564d04

/* Three pages for the TSS of real mode and one for the identity map, at the top of the hole below
 * 4 GiB, where no RAM is (KVM_SET_TSS_ADDR, KVM_SET_IDENTITY_MAP_ADDR). */
#define X86_TSS_ADDR	      0xfffbd000ull
#define X86_IDENTITY_MAP_ADDR 0xfffbc000ull

/* ---- cpuid.c ---- */

#define X86_CPUID_MAX 256

/* CPUID as a plain array: what KVM_SET_CPUID2 gets. */
struct x86_cpuid {
	uint32_t count;
	struct kvm_cpuid_entry2 entry[X86_CPUID_MAX];
};

struct kvm_cpuid_entry2 *x86_cpuid_find(struct x86_cpuid *c, uint32_t function, uint32_t index);
/*
 * Turns what KVM supports (@c) into what guests get: @spec is "host[,+feat,-feat]" (NULL: host),
 * @vcpus the size of the topology, @tsc_khz 0 when not known. -EINVAL with a sentence.
 */
int x86_cpuid_build(struct x86_cpuid *c, const char *spec, unsigned vcpus, uint32_t tsc_khz,
		    struct error *err);
/* Writes vCPU @id's APIC id where CPUID shows it. */
void x86_cpuid_set_apic_id(struct x86_cpuid *c, uint32_t id);
/* cpuid_spec.c: the features only. */
int x86_cpuid_apply_spec(struct x86_cpuid *c, const char *spec, struct error *err);
/* Whether the feature of /proc/cpuinfo's name @name is there. */
bool x86_cpuid_has(const struct x86_cpuid *c, const char *name);
int x86_cpuid_supported(int kvm_fd, struct x86_cpuid *c, struct error *err);
/* Physical address bits (leaf 0x80000008). */
uint8_t x86_cpuid_maxphyaddr(const struct x86_cpuid *c);

/* ---- msrs.c ---- */

struct x86_msr_list {
	uint32_t count;
	uint32_t *index;
};

/* What KVM_GET_MSR_INDEX_LIST says. */
int x86_msr_list_get(int kvm_fd, struct x86_msr_list *list, struct error *err);
int x86_msr_read(struct vcpu *v, uint32_t index, uint64_t *value);
/* -EINVAL when KVM refuses the value. */
int x86_msr_write(struct vcpu *v, uint32_t index, uint64_t value);
/* All of @list that KVM gives, in one array for x86_msrs_put(); NULL: no memory. */
struct kvm_msrs *x86_msrs_get(struct vcpu *v, const struct x86_msr_list *list);
/* Those that KVM refuses are skipped; then what a boot without firmware needs. */
void x86_msrs_reset(struct vcpu *v, const struct kvm_msrs *msrs);

/* ---- regs_xsave.c ---- */

/* Where each component lies in the standard format of the XSAVE area (SDM volume 1, 13.4). */
enum x86_xsave_component {
	XSAVE_X87 = 0,
	XSAVE_SSE = 1,
	XSAVE_AVX = 2,
	XSAVE_OPMASK = 5,
	XSAVE_ZMM_HI256 = 6,
	XSAVE_HI16_ZMM = 7,
	XSAVE_PKRU = 9,
	XSAVE_COMPONENTS = 32,
};
struct x86_xsave_layout {
	uint32_t size; /* of the whole area */
	struct {
		uint32_t offset, size; /* size 0: not there */
	} comp[XSAVE_COMPONENTS];
};
void x86_xsave_layout_init(struct x86_xsave_layout *l, const struct x86_cpuid *c, uint32_t size);
/*
 * @len bytes at @off inside component @comp. A component in its initial state
 * (XSTATE_BV clear) reads as that; a write makes it present.
 */
int x86_xsave_read(const struct x86_xsave_layout *l, const void *area, unsigned comp, uint32_t off,
		   void *buf, size_t len);
int x86_xsave_write(const struct x86_xsave_layout *l, void *area, unsigned comp, uint32_t off,
		    const void *buf, size_t len);
/* The tag word as FSAVE has it, two bits a register, out of the abridged one and the registers. */
uint16_t x86_ftag_expand(const void *area);
uint8_t x86_ftag_abridge(uint16_t tags);

/* ---- regs_cache.c ---- */

/* The copy of these sets, read from KVM when it is not there yet. */
int x86_regs_load(struct vcpu *v, uint32_t sets);
/* Gives KVM all that is dirty, or that among @sets; the first refusal ends it. */
int x86_regs_put(struct vcpu *v);
int x86_regs_put_sets(struct vcpu *v, uint32_t sets);

/* A set that is written at once, as it was before. */
union x86_saved_set {
	struct kvm_sregs sregs;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
};
void x86_regs_save(struct vcpu *v, uint32_t set, union x86_saved_set *old);
/* Gives KVM @set as it was changed; -EINVAL when that is refused, and the copy is as @old again. */
int x86_regs_put_or_restore(struct vcpu *v, uint32_t set, const union x86_saved_set *old);

/* ---- regs.c, regs_table.c ---- */

/* struct arch_reg.cls: where a register lives; `offset` is into the structure of the class. */
enum x86_reg_class {
	RC_GPR,	    /* kvm_regs, 8 bytes */
	RC_EFLAGS,  /* kvm_regs.rflags, shown with 32 bits */
	RC_SREG64,  /* kvm_sregs, 8 bytes */
	RC_SREG32,  /* kvm_sregs, 4 bytes */
	RC_SREG16,  /* kvm_sregs, 2 bytes, shown with `bits` */
	RC_SEGATTR, /* the attributes of the struct kvm_segment at offset of kvm_sregs */
	RC_ST,	    /* st(offset) */
	RC_FP,	    /* 2 bytes at offset of the FXSAVE region, shown with 32 bits */
	RC_FP32,    /* 4 bytes there */
	RC_FTAG,    /* the full tag word */
	RC_XMM,	    /* register number in offset; 16 bytes */
	RC_MXCSR,
	RC_YMMH,   /* 16 bytes: bits 255-128 */
	RC_XMM_HI, /* xmm16 and up */
	RC_YMMH_HI,
	RC_K,
	RC_ZMMH, /* 32 bytes: bits 511-256 */
	RC_PKRU,
	RC_DR, /* kvm_debugregs, 8 bytes */
	RC_XCR0,
	RC_MSR, /* row of x86_reg_msrs[] */
	RC_COUNT,
};
/* A segment's attributes in one number, as VMX has them (SDM volume 3, table 24-2). */
uint32_t x86_segment_attr(const struct kvm_segment *s);
void x86_segment_set_attr(struct kvm_segment *s, uint32_t attr);

/* ---- regs_check.c ---- */

/* What decides which values a register can have. */
struct x86_reg_context {
	const struct x86_cpuid *cpuid;
	uint8_t maxphyaddr;
	uint64_t cr0, cr4, efer;
	uint64_t xcr0_allowed;
	int code_bits;
};
/* -EINVAL with a sentence when @r cannot be set to what is in @buf. */
int x86_reg_check(const struct x86_reg_context *c, const struct arch_reg *r, const void *buf,
		  struct error *err);

/* MSR numbers do not fit in arch_reg.offset: that holds a row of this table. */
extern const uint32_t x86_reg_msrs[];
extern const size_t x86_reg_msr_count;

/* ---- regs_types.c: bits with names, for gdb and for dumps ---- */

struct x86_flag {
	const char *name;
	uint8_t lo, hi; /* inclusive */
};
struct x86_flags {
	const char *id; /* gdb's type */
	const char *feature;
	uint8_t size;		     /* bytes */
	const struct x86_flag *flag; /* ends with a row whose name is NULL */
};
/* NULL when there is none of that id. */
const struct x86_flags *x86_flags_find(const char *id);
/* "[ PE ET PG ]" */
void x86_flags_format(struct strbuf *out, const char *id, uint64_t value);

/* ---- paging.c ---- */

/* All that a walk depends on. */
struct x86_paging {
	uint64_t cr0, cr3, cr4, efer;
	uint8_t maxphyaddr;
};
int x86_walk(const struct memory *ram, const struct x86_paging *p, uint64_t gva,
	     struct arch_translation *out);

/* Whether a page of tables that a walk can come to, whatever the address, is at @gpa. */
bool x86_tables_use(const struct memory *ram, const struct x86_paging *p, uint64_t gpa);

/* ---- debug_regs.c: DR6 and DR7, without KVM ---- */

/* DR7's bits for slot @n: enable (global), condition, length (SDM volume 3, 17.2.4). */
uint64_t x86_dr7_slot(unsigned n, uint8_t kind, uint8_t len);
/*
 * Fills @dr (what KVM_SET_GUEST_DEBUG takes) and @slot from ours (ARCH_HW_BP_MAX of them) and, in
 * what is left, the guest's own enabled registers. -ENOSPC when ours alone are too many.
 */
int x86_dr_merge(const struct arch_hw_bp *ours, const struct kvm_debugregs *guest, __u64 dr[8],
		 struct x86_dr_slot slot[X86_DR_COUNT]);
/* @slot as it is while only the guest's own registers are in effect. */
void x86_dr_guest_only(const struct kvm_debugregs *guest, struct x86_dr_slot slot[X86_DR_COUNT]);
/* Sorts the B0-B3 of DR6 into our hits (bits of arch_debug.hw) and the guest's own B0-B3. */
void x86_dr6_split(uint64_t dr6, const struct x86_dr_slot slot[X86_DR_COUNT], uint32_t *ours,
		   uint64_t *guest);
/* DR6 after a #DB whose causes are @payload: B0-B3 are new, the rest stays (SDM 17.2.3). */
uint64_t x86_dr6_deliver(uint64_t dr6, uint64_t payload);
/* Whether @payload has an execution breakpoint of @dr7: that #DB is a fault, RF goes with it. */
bool x86_dr6_is_fault(uint64_t payload, uint64_t dr7);

/* ---- mov_dr.c ---- */

/* A decoded MOV to or from a debug register. */
struct x86_mov_dr {
	uint8_t len;
	uint8_t dr, gpr;
	bool to_dr;
};
/* False when @bytes (@count of them) are not one. @bits: 16, 32 or 64, how code decodes. */
bool x86_mov_dr_decode(const uint8_t *bytes, size_t count, int bits, struct x86_mov_dr *out);
/* Does it on the register cache; -EINVAL when the processor would raise #GP. */
int x86_mov_dr_execute(struct vcpu *v, const struct x86_mov_dr *insn);
/* The general register that instructions number @n. */
__u64 *x86_gpr(struct kvm_regs *r, unsigned n);

/* ---- exceptions.c ---- */

/* How the IDT's gates look, and how wide the frame is that goes through them: 64, 32 or 16. */
int x86_gate_bits(const struct kvm_sregs *s);
/* Linear address of the handler of @vector, by arch.sregs; 0 when it cannot be told. */
uint64_t x86_handler(struct vcpu *v, uint8_t vector);

/* ---- msr_filter.c ---- */

/* KVM_EXIT_X86_RDMSR or WRMSR of an MSR that is caught: does it and says so. */
void x86_msr_caught(struct vcpu *v, bool write);

/* ---- step_decode.c, step.c ---- */

/* @size bytes that lie @off above the stack pointer, as a number; the registers are loaded. */
bool x86_stack_value(struct vcpu *v, unsigned off, unsigned size, uint64_t *value);

/* What the instruction in @bytes, or the one in the shadow behind it, does with the flags. */
void x86_step_decode(const uint8_t *bytes, size_t count, int bits, struct x86_step_insn *out);
/* The offset in a gate of the IDT (64, 32), or the linear address in real mode's (16). */
uint64_t x86_gate_offset(const uint8_t gate[16], int bits);
/* Before and after a step. The first sets arch.step.target. */
void x86_step_prepare(struct vcpu *v);
void x86_step_done(struct vcpu *v);
/* Whether the guest's own trap flag makes the step a trap of the guest's, too; before
 * x86_step_done(). */
bool x86_step_guest_traps(const struct vcpu *v);
/* Puts back what the preparation of a step that did not happen has changed. */
void x86_step_undo(struct vcpu *v);
/* step_frame.c: takes our trap flag out of the frame of an exception or interrupt that came in the
 * step. */
void x86_step_mend_frame(struct vcpu *v);
/* The guest is stopped before its step ended: the same; nothing to do when it did end. */
void x86_step_abandon(struct vcpu *v);

/* ---- debug.c ---- */

/* Up to @len bytes of code at pc, as memory has them. */
size_t x86_code_bytes(struct vcpu *v, uint8_t *buf, size_t len);

/* The copy of the guest's debug registers, all unused where KVM does not show them. */
int x86_load_debugregs(struct vcpu *v);
/* Where in arch_debug.hw[] the handler is put that a step will end in. */
#define X86_STEP_TARGET (ARCH_HW_BP_MAX - 1)
/* Before KVM_RUN: KVM drops a step when registers are written or the guest loads its flags. */
int x86_debug_refresh(struct vcpu *v);

/* ---- vm.c ---- */

/* The processor's part of struct machine. Fixed after creation but for the clock's part. */
struct arch_vm {
	struct x86_cpuid *cpuid; /* of every vCPU but for its APIC id */
	struct x86_msr_list msrs;
	struct x86_xsave_layout xsave;
	uint32_t tsc_khz;
	uint32_t guestdbg_flags;       /* that KVM_SET_GUEST_DEBUG takes */
	bool bp_inject_adds_len;       /* an injected #BP pushes pc behind the int3 */
	bool early_traps;	       /* a step's trap can come before its instruction is done */
	bool rf_passes;		       /* RFLAGS.RF gets past an execution breakpoint of ours */
	struct kvm_irqchip irqchip[3]; /* at power-on */
	struct kvm_pit_state2 pit;
	/* Of vCPUs that are gone. KVM keeps those until the VM ends, with the CPUID that they had
	 * and the state that they were left in, and one that comes again is one of them. */
	struct x86_power_on *kept;

	/* clock.c; loop thread */
	bool clock_held;
	struct kvm_clock_data clock;
	uint64_t host_tsc;
};

/* Bits of struct probe_result.arch. */
#define X86_FOUND_BP_AT_INSN  1u /* an injected #BP pushes the pc of the int3, not behind it */
#define X86_FOUND_EARLY_TRAPS 2u /* a step's trap came before its instruction was done */
#define X86_FOUND_RF_PASSES   4u /* with RFLAGS.RF an execution breakpoint did not fire again */

/* ---- power_on.c ---- */

/* Frees arch_vm.kept. */
void x86_power_on_forget(struct arch_vm *a);

/* ---- boot_tables.c ---- */

/* GDT and page tables for the boot modes; sets the segments, tables and control registers. */
int x86_boot_sregs(struct vcpu *v, const struct boot_entry *entry, struct kvm_sregs *s,
		   struct error *err);

#endif
