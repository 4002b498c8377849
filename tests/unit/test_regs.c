// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of registers, its types, and the register cache without KVM behind it. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/x86/x86.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

static struct machine m;
static struct arch_vm vm;
static struct vcpu v;
static struct kvm_run run_page;
static uint32_t listed[] = { MSR_LSTAR };

/* CPUID 0xd as a processor with AVX-512 and PKRU has it. */
static void add_component(struct x86_cpuid *c, uint32_t index, uint32_t size, uint32_t offset)
{
	c->entry[c->count++] = (struct kvm_cpuid_entry2){
		.function = 0xd, .index = index, .eax = size, .ebx = offset
	};
}

static struct error err;

static void setup(void)
{
	struct x86_cpuid *c = calloc(1, sizeof(*c));

	memset(&v, 0, sizeof(v));
	memset(&run_page, 0, sizeof(run_page));
	add_component(c, 2, 256, 576);
	add_component(c, 5, 64, 1088);
	add_component(c, 6, 512, 1152);
	add_component(c, 7, 1024, 1664);
	add_component(c, 9, 8, 2688);
	x86_xsave_layout_init(&vm.xsave, c, 4096);
	vm.cpuid = c;
	vm.msrs = (struct x86_msr_list){ 1, listed };
	m.arch = &vm;
	v.m = &m;
	v.run = &run_page;
	v.fd = -1; /* every ioctl fails */
	v.arch.valid = ~0u;
	v.arch.features = ~0u;
	v.arch.xsave = calloc(1, vm.xsave.size);
	v.arch.xcrs.nr_xcrs = 1;
}

static void teardown(void)
{
	free(v.arch.xsave);
	free(vm.cpuid);
}

TestSuite(regs, .init = setup, .fini = teardown);

static const struct arch_reg *row(const char *name)
{
	int n = arch_reg_find(name);

	cr_assert_geq(n, 0, "%s", name);
	return &arch_regs(NULL)[n];
}

/* ---- the table ---- */

Test(regs, names_are_unique_and_gdb_takes_them)
{
	size_t count;
	const struct arch_reg *r = arch_regs(&count);

	for (size_t i = 0; i < count; i++) {
		for (const char *c = r[i].name; *c; c++)
			cr_assert(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
				  *c == '_');
		cr_assert(isalpha((unsigned char)r[i].name[0]), "%s", r[i].name);
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(r[i].name, r[j].name);
	}
}

static unsigned type_bits(const char *type)
{
	static const struct {
		const char *type;
		unsigned bits;
	} rows[] = {
		{ "int", 32 },	   { "int32", 32 },    { "uint32", 32 },   { "int64", 64 },
		{ "uint64", 64 },  { "code_ptr", 64 }, { "data_ptr", 64 }, { "i387_ext", 80 },
		{ "vec128", 128 }, { "uint128", 128 }, { "v2ui128", 256 },
	};
	const struct x86_flags *flags = x86_flags_find(type);

	if (flags)
		return flags->size * 8u;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].type, type))
			return rows[i].bits;
	return 0;
}

Test(regs, bits_match_types_and_types_are_defined)
{
	size_t count;
	const struct arch_reg *r = arch_regs(&count);

	for (size_t i = 0; i < count; i++) {
		char id[64];

		cr_assert_eq(type_bits(r[i].type), r[i].bits, "%s", r[i].name);
		snprintf(id, sizeof(id), "id=\"%s\"", r[i].type);
		if (x86_flags_find(r[i].type) || r[i].bits == 256 || !strcmp(r[i].type, "vec128"))
			cr_assert(strstr(arch_gdb_types(r[i].feature), id), "%s", r[i].name);
	}
	cr_assert_str_eq(arch_gdb_types("no.such.feature"), "");
}

Test(regs, flags_do_not_overlap)
{
	static const char *const ids[] = { "i386_eflags", "i386_mxcsr", "x86_cr0", "x86_cr4",
					   "x86_efer",	  "x86_dr6",	"x86_dr7", "x86_xcr0" };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct x86_flags *t = x86_flags_find(ids[i]);
		int last = -1;

		cr_assert(t);
		for (const struct x86_flag *f = t->flag; f->name; f++) {
			cr_assert(f->lo > last && f->hi >= f->lo && f->hi < t->size * 8, "%s %s",
				  ids[i], f->name);
			last = f->hi;
		}
	}
}

Test(regs, features_are_contiguous_and_lazy_ones_come_last)
{
	size_t count;
	const struct arch_reg *r = arch_regs(&count);
	bool lazy = false;

	for (size_t i = 0; i < count; i++) {
		cr_assert(r[i].lazy || !lazy, "%s", r[i].name);
		lazy |= r[i].lazy;
	}
	/* gdb's numbers of the amd64 core. */
	cr_assert_str_eq(r[arch_reg_pc()].name, "rip");
	cr_assert_str_eq(r[arch_reg_sp()].name, "rsp");
	cr_assert_str_eq(r[40].name, "xmm0");
	cr_assert_eq(arch_reg_find("nonsense"), -1);
}

Test(regs, offsets_are_inside_the_structures)
{
	size_t count;
	const struct arch_reg *r = arch_regs(&count);

	for (size_t i = 0; i < count; i++) {
		switch (r[i].cls) {
		case RC_GPR:
			cr_assert_leq(r[i].offset + 8u, sizeof(struct kvm_regs));
			break;
		case RC_SREG64:
			cr_assert_leq(r[i].offset + 8u, sizeof(struct kvm_sregs));
			break;
		case RC_SEGATTR:
			cr_assert_leq(r[i].offset + sizeof(struct kvm_segment),
				      sizeof(struct kvm_sregs));
			break;
		case RC_SREG32:
		case RC_SREG16:
			cr_assert_leq(r[i].offset + r[i].bits / 8u, sizeof(struct kvm_sregs));
			break;
		case RC_DR:
			cr_assert_leq(r[i].offset + 8u, sizeof(struct kvm_debugregs));
			break;
		case RC_MSR:
			cr_assert_lt(r[i].offset, x86_reg_msr_count);
			break;
		default:
			cr_assert_lt(r[i].offset, 64);
		}
	}
}

Test(regs, every_register_in_a_structure_can_be_read)
{
	size_t count;
	const struct arch_reg *r = arch_regs(&count);

	for (size_t i = 0; i < count; i++) {
		uint8_t buf[64];

		memset(buf, 0xee, sizeof(buf));
		if (r[i].cls == RC_MSR)
			continue;
		cr_assert_eq(arch_reg_read(&v, (int)i, buf), 0, "%s", r[i].name);
		cr_assert_eq(buf[r[i].bits / 8], 0xee, "%s is larger than it says", r[i].name);
	}
	cr_assert_eq(arch_reg_read(&v, -1, NULL), -ENOENT);
	cr_assert_eq(arch_reg_read(&v, (int)count, NULL), -ENOENT);
}

Test(regs, presence_follows_cpuid)
{
	cr_assert(arch_reg_present(&v, arch_reg_find("ymm0h")));
	cr_assert(arch_reg_present(&v, arch_reg_find("lstar")));
	cr_assert_not(arch_reg_present(&v, arch_reg_find("star")), "not among KVM's MSRs");
	v.arch.features = 0;
	cr_assert_not(arch_reg_present(&v, arch_reg_find("ymm0h")));
	cr_assert_not(arch_reg_present(&v, arch_reg_find("k1")));
	cr_assert_not(arch_reg_present(&v, arch_reg_find("pkru")));
	cr_assert_not(arch_reg_present(&v, arch_reg_find("xcr0")));
	cr_assert(arch_reg_present(&v, arch_reg_find("xmm15")));
	cr_assert_not(arch_reg_present(&v, 100000));
}

/* ---- the cache ---- */

Test(regs, general_registers_wait_in_the_cache)
{
	uint64_t value = 0x1122334455667788ull, back = 0;
	uint32_t flags = 0x202;

	cr_assert_eq(arch_reg_write(&v, arch_reg_find("r12"), &value, &err), 0);
	cr_assert_eq(v.arch.regs.r12, value);
	cr_assert_eq(v.arch.dirty, X86_SET_REGS);
	cr_assert_eq(arch_reg_read(&v, arch_reg_find("r12"), &back), 0);
	cr_assert_eq(back, value);
	cr_assert_eq(arch_reg_write(&v, arch_reg_find("eflags"), &flags, &err), 0);
	cr_assert_eq(v.arch.regs.rflags, 0x202);
	arch_regs_forget(&v);
	cr_assert_eq(v.arch.valid, X86_SET_REGS, "what is dirty is not forgotten");
}

Test(regs, what_kvm_left_in_the_run_page_is_taken)
{
	v.arch.valid = v.arch.dirty = 0;
	run_page.s.regs.regs.r12 = 12;
	run_page.s.regs.sregs.cr3 = 0x3000;
	run_page.s.regs.events.exception.nr = 14;
	arch_regs_forget(&v);
	cr_assert_eq(v.arch.valid, 0, "nobody asked KVM for it");
	run_page.kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS;
	arch_regs_forget(&v);
	cr_assert_eq(v.arch.valid, X86_SET_REGS | X86_SET_SREGS | X86_SET_EVENTS);
	cr_assert_eq(v.arch.regs.r12, 12);
	cr_assert_eq(v.arch.sregs.cr3, 0x3000);
	cr_assert_eq(v.arch.events.exception.nr, 14);
	/* What a person has changed is newer. */
	v.arch.regs.r12 = 13;
	v.arch.dirty = X86_SET_REGS;
	arch_regs_forget(&v);
	cr_assert_eq(v.arch.regs.r12, 13);
}

Test(regs, what_kvm_refuses_stays_as_it_was)
{
	static const char *const names[] = { "cr0", "cs",   "efer",  "dr7",	  "xcr0",
					     "st0", "pkru", "mxcsr", "gdtr_limit" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t value[16] = { 1 }, now[16] = { 0 };
		int reg = arch_reg_find(names[i]);

		v.arch.valid = ~0u;
		cr_assert_eq(arch_reg_write(&v, reg, value, &err), -EINVAL, "%s", names[i]);
		cr_assert_eq(v.arch.dirty, 0, "%s", names[i]);
		if (v.arch.valid & X86_SET_XSAVE) {
			cr_assert_eq(arch_reg_read(&v, reg, now), 0);
			cr_assert_neq(memcmp(now, value, 2), 0, "%s", names[i]);
		}
	}
}

Test(regs, an_unchanged_value_is_not_written)
{
	uint8_t same[16];
	int reg = arch_reg_find("cr0");

	v.arch.sregs.cr0 = CR0_PE | CR0_ET;
	cr_assert_eq(arch_reg_read(&v, reg, same), 0);
	cr_assert_eq(arch_reg_write(&v, reg, same, &err), 0, "KVM is not asked");
}

Test(regs, too_many_bits_are_refused)
{
	uint32_t selector = 0x10010;

	cr_assert_eq(arch_reg_write(&v, arch_reg_find("cs"), &selector, &err), -EINVAL);
}

Test(regs, pc_is_linear)
{
	v.arch.sregs.cs.base = 0xf0000;
	v.arch.regs.rip = 0xfff0;
	cr_assert_eq(arch_pc(&v), 0xffff0);
	cr_assert_eq(arch_code_bits(&v), 16);
	arch_set_pc(&v, 0xf1234);
	cr_assert_eq(v.arch.regs.rip, 0x1234);
	v.arch.sregs.cs.db = 1;
	cr_assert_eq(arch_code_bits(&v), 32);
	v.arch.sregs.efer = EFER_LMA;
	v.arch.sregs.cs.l = 1;
	cr_assert_eq(arch_pc(&v), 0x1234, "64-bit mode has no code base");
	cr_assert_eq(arch_code_bits(&v), 64);
}

/* ---- XSAVE ---- */

static uint64_t *xstate_bv(void)
{
	return (uint64_t *)((uint8_t *)v.arch.xsave + 512);
}

Test(regs, components_in_their_initial_state)
{
	uint8_t buf[16];
	uint32_t fctrl, mxcsr, ftag;

	memset(v.arch.xsave, 0xaa, vm.xsave.size);
	*xstate_bv() = 0;
	cr_assert_eq(arch_reg_read(&v, arch_reg_find("fctrl"), &fctrl), 0);
	cr_assert_eq(fctrl, 0x37f);
	cr_assert_eq(arch_reg_read(&v, arch_reg_find("mxcsr"), &mxcsr), 0);
	cr_assert_eq(mxcsr, 0x1f80);
	cr_assert_eq(arch_reg_read(&v, arch_reg_find("ftag"), &ftag), 0);
	cr_assert_eq(ftag, 0xffff);
	cr_assert_eq(arch_reg_read(&v, arch_reg_find("ymm3h"), buf), 0);
	for (unsigned i = 0; i < 16; i++)
		cr_assert_eq(buf[i], 0);
}

Test(regs, a_write_makes_a_component_present)
{
	uint8_t value[16] = { 1, 2, 3 }, buf[16];
	uint16_t fcw;

	memset(v.arch.xsave, 0xaa, vm.xsave.size);
	*xstate_bv() = 0;
	cr_assert_eq(x86_xsave_write(&vm.xsave, v.arch.xsave, XSAVE_AVX, 16, value, 16), 0);
	cr_assert_eq(*xstate_bv(), 1u << XSAVE_AVX);
	cr_assert_eq(arch_reg_read(&v, arch_reg_find("ymm1h"), buf), 0);
	cr_assert_arr_eq(buf, value, 16);
	cr_assert_eq(arch_reg_read(&v, arch_reg_find("ymm2h"), buf), 0);
	cr_assert_eq(buf[0], 0, "the rest of it is initial");
	cr_assert_eq(x86_xsave_write(&vm.xsave, v.arch.xsave, XSAVE_X87, 32, value, 10), 0);
	memcpy(&fcw, v.arch.xsave, 2);
	cr_assert_eq(fcw, 0x37f);
	cr_assert_eq(x86_xsave_write(&vm.xsave, v.arch.xsave, 3, 0, value, 1), -ENOENT);
	cr_assert_eq(x86_xsave_write(&vm.xsave, v.arch.xsave, XSAVE_PKRU, 4, value, 8), -EINVAL);
}

Test(regs, vector_registers_lie_where_the_sdm_says)
{
	static const struct {
		const char *name;
		uint32_t offset;
	} rows[] = {
		{ "st1", 48 },	    { "xmm0", 160 },   { "xmm15", 400 },   { "ymm0h", 576 },
		{ "ymm15h", 816 },  { "k0", 1088 },    { "k7", 1144 },	   { "zmm0h", 1152 },
		{ "zmm15h", 1632 }, { "xmm16", 1664 }, { "ymm16h", 1680 }, { "zmm16h", 1696 },
		{ "zmm31h", 2656 }, { "pkru", 2688 },
	};

	*xstate_bv() = ~0ull;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t buf[64];

		((uint8_t *)v.arch.xsave)[rows[i].offset] = (uint8_t)(i + 1);
		cr_assert_eq(arch_reg_read(&v, arch_reg_find(rows[i].name), buf), 0);
		cr_assert_eq(buf[0], i + 1, "%s", rows[i].name);
		cr_assert_eq(row(rows[i].name)->bits % 8, 0);
	}
}

Test(regs, tag_words)
{
	uint8_t *fx = (uint8_t *)v.arch.xsave;

	/* TOP = 6: ST(0) is register 6 (one), ST(1) register 7 (zero), the others empty. */
	*xstate_bv() = 1;
	fx[3] = 6 << 3;
	fx[4] = 0xc0;
	fx[32 + 7] = 0x80;
	fx[32 + 8] = 0xff;
	fx[32 + 9] = 0x3f;
	cr_assert_eq(x86_ftag_expand(fx), 0x4fff, "%x", x86_ftag_expand(fx));
	/* An unnormal one is special. */
	fx[32 + 7] = 0;
	cr_assert_eq(x86_ftag_expand(fx), 0x6fff);
	cr_assert_eq(x86_ftag_abridge(0x4fff), 0xc0);
	cr_assert_eq(x86_ftag_abridge(0xffff), 0);
	cr_assert_eq(x86_ftag_abridge(0), 0xff);
}

Test(regs, a_layout_that_lies_outside_is_not_believed)
{
	struct x86_cpuid *c = calloc(1, sizeof(*c));
	struct x86_xsave_layout l;

	add_component(c, 2, 256, 4000);
	add_component(c, 5, 64, 100);
	add_component(c, 6, 0xffffffff, 0xffffffff);
	add_component(c, 40, 8, 1000);
	x86_xsave_layout_init(&l, c, 0);
	cr_assert_eq(l.size, 4096);
	cr_assert_eq(l.comp[2].size, 0);
	cr_assert_eq(l.comp[5].size, 0);
	cr_assert_eq(l.comp[6].size, 0);
	free(c);
}
