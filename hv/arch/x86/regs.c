// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Reading and writing one register, through the cache of KVM's structures (regs_cache.c).
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <string.h>

#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

/* Which structure a class is in. */
static const uint32_t class_set[RC_COUNT] = {
	[RC_GPR] = X86_SET_REGS,     [RC_EFLAGS] = X86_SET_REGS,  [RC_SREG64] = X86_SET_SREGS,
	[RC_SREG32] = X86_SET_SREGS, [RC_SREG16] = X86_SET_SREGS, [RC_SEGATTR] = X86_SET_SREGS,
	[RC_ST] = X86_SET_XSAVE,     [RC_FP] = X86_SET_XSAVE,	  [RC_FP32] = X86_SET_XSAVE,
	[RC_FTAG] = X86_SET_XSAVE,   [RC_XMM] = X86_SET_XSAVE,	  [RC_MXCSR] = X86_SET_XSAVE,
	[RC_YMMH] = X86_SET_XSAVE,   [RC_XMM_HI] = X86_SET_XSAVE, [RC_YMMH_HI] = X86_SET_XSAVE,
	[RC_K] = X86_SET_XSAVE,	     [RC_ZMMH] = X86_SET_XSAVE,	  [RC_PKRU] = X86_SET_XSAVE,
	[RC_DR] = X86_SET_DEBUG,     [RC_XCR0] = X86_SET_XCRS,	  [RC_MSR] = 0,
};

/* Which of enum x86_feat a class needs. */
static const uint32_t class_feature[RC_COUNT] = {
	[RC_YMMH] = X86_FEAT_AVX,   [RC_XMM_HI] = X86_FEAT_AVX512, [RC_YMMH_HI] = X86_FEAT_AVX512,
	[RC_K] = X86_FEAT_AVX512,   [RC_ZMMH] = X86_FEAT_AVX512,   [RC_PKRU] = X86_FEAT_PKU,
	[RC_XCR0] = X86_FEAT_XSAVE,
};

/* Where in the XSAVE area. */
struct xsave_place {
	unsigned comp;
	uint32_t off, len;
};

static struct xsave_place xsave_place(const struct arch_reg *r)
{
	uint32_t n = r->offset;

	switch (r->cls) {
	case RC_ST:
		return (struct xsave_place){ XSAVE_X87, 32 + n * 16, 10 };
	case RC_FP:
		return (struct xsave_place){ XSAVE_X87, n, 2 };
	case RC_FP32:
		return (struct xsave_place){ XSAVE_X87, n, 4 };
	case RC_FTAG:
		return (struct xsave_place){ XSAVE_X87, n, 1 };
	case RC_MXCSR:
		return (struct xsave_place){ XSAVE_X87, 24, 4 };
	case RC_XMM:
		return (struct xsave_place){ XSAVE_SSE, n * 16, 16 };
	case RC_YMMH:
		return (struct xsave_place){ XSAVE_AVX, n * 16, 16 };
	case RC_K:
		return (struct xsave_place){ XSAVE_OPMASK, n * 8, 8 };
	case RC_XMM_HI:
		return (struct xsave_place){ XSAVE_HI16_ZMM, (n - 16) * 64, 16 };
	case RC_YMMH_HI:
		return (struct xsave_place){ XSAVE_HI16_ZMM, (n - 16) * 64 + 16, 16 };
	case RC_ZMMH:
		if (n < 16)
			return (struct xsave_place){ XSAVE_ZMM_HI256, n * 32, 32 };
		return (struct xsave_place){ XSAVE_HI16_ZMM, (n - 16) * 64 + 32, 32 };
	case RC_PKRU:
		return (struct xsave_place){ XSAVE_PKRU, 0, 4 };
	default:
		return (struct xsave_place){ XSAVE_COMPONENTS, 0, 0 };
	}
}

/* The bytes of a register that lies plainly in a structure; NULL when it does not. */
static void *structure_place(struct vcpu *v, const struct arch_reg *r, size_t *len)
{
	switch (r->cls) {
	case RC_GPR:
		*len = 8;
		return (uint8_t *)&v->arch.regs + r->offset;
	case RC_EFLAGS:
		*len = 4;
		return &v->arch.regs.rflags;
	case RC_SREG64:
		*len = 8;
		return (uint8_t *)&v->arch.sregs + r->offset;
	case RC_SREG32:
		*len = 4;
		return (uint8_t *)&v->arch.sregs + r->offset;
	case RC_SREG16:
		*len = 2;
		return (uint8_t *)&v->arch.sregs + r->offset;
	case RC_DR:
		*len = 8;
		return (uint8_t *)&v->arch.debugregs + r->offset;
	case RC_XCR0:
		*len = 8;
		for (uint32_t i = 0; i < v->arch.xcrs.nr_xcrs && i < KVM_MAX_XCRS; i++)
			if (v->arch.xcrs.xcrs[i].xcr == 0)
				return &v->arch.xcrs.xcrs[i].value;
		return NULL;
	default:
		return NULL;
	}
}

/* The same; @len is at most what is shown of it. */
static void *plain_place(struct vcpu *v, const struct arch_reg *r, size_t *len)
{
	void *place = structure_place(v, r, len);

	if (place && *len > r->bits / 8u)
		*len = r->bits / 8u;
	return place;
}

uint32_t x86_segment_attr(const struct kvm_segment *s)
{
	return s->type | (uint32_t)s->s << 4 | (uint32_t)s->dpl << 5 | (uint32_t)s->present << 7 |
	       (uint32_t)s->avl << 12 | (uint32_t)s->l << 13 | (uint32_t)s->db << 14 |
	       (uint32_t)s->g << 15 | (uint32_t)s->unusable << 16;
}

void x86_segment_set_attr(struct kvm_segment *s, uint32_t attr)
{
	s->type = attr & 0xf;
	s->s = attr >> 4 & 1;
	s->dpl = attr >> 5 & 3;
	s->present = attr >> 7 & 1;
	s->avl = attr >> 12 & 1;
	s->l = attr >> 13 & 1;
	s->db = attr >> 14 & 1;
	s->g = attr >> 15 & 1;
	s->unusable = attr >> 16 & 1;
}

static struct kvm_segment *segment_of(struct vcpu *v, const struct arch_reg *r)
{
	return (struct kvm_segment *)((uint8_t *)&v->arch.sregs + r->offset);
}

static const struct arch_reg *reg_row(int reg)
{
	size_t count;
	const struct arch_reg *rows = arch_regs(&count);

	return reg >= 0 && (size_t)reg < count ? &rows[reg] : NULL;
}

static bool msr_listed(const struct vcpu *v, uint32_t index)
{
	const struct x86_msr_list *list = &v->m->arch->msrs;

	for (uint32_t i = 0; i < list->count; i++)
		if (list->index[i] == index)
			return true;
	return false;
}

bool arch_reg_present(const struct vcpu *v, int reg)
{
	const struct arch_reg *r = reg_row(reg);
	uint32_t need;

	if (!r)
		return false;
	need = class_feature[r->cls];
	if ((v->arch.features & need) != need)
		return false;
	return r->cls != RC_MSR || msr_listed(v, x86_reg_msrs[r->offset]);
}

static int xsave_read(struct vcpu *v, const struct arch_reg *r, void *buf)
{
	struct xsave_place p = xsave_place(r);
	uint16_t tags;

	if (r->cls != RC_FTAG)
		return x86_xsave_read(&v->m->arch->xsave, v->arch.xsave, p.comp, p.off, buf, p.len);
	tags = x86_ftag_expand(v->arch.xsave);
	memcpy(buf, &tags, sizeof(tags));
	return 0;
}

static int xsave_write(struct vcpu *v, const struct arch_reg *r, const void *buf)
{
	struct xsave_place p = xsave_place(r);
	uint16_t tags;
	uint8_t abridged;

	if (r->cls == RC_FTAG) {
		memcpy(&tags, buf, sizeof(tags));
		abridged = x86_ftag_abridge(tags);
		buf = &abridged;
	}
	return x86_xsave_write(&v->m->arch->xsave, v->arch.xsave, p.comp, p.off, buf, p.len);
}

int arch_reg_read(struct vcpu *v, int reg, void *buf)
{
	const struct arch_reg *r = reg_row(reg);
	uint64_t value;
	size_t len;
	void *place;
	int ret;

	if (!r || !arch_reg_present(v, reg))
		return -ENOENT;
	memset(buf, 0, r->bits / 8);
	if (r->cls == RC_MSR) {
		ret = x86_msr_read(v, x86_reg_msrs[r->offset], &value);
		if (ret < 0)
			return -ENOENT;
		memcpy(buf, &value, sizeof(value));
		return 0;
	}
	ret = x86_regs_load(v, class_set[r->cls]);
	if (ret < 0)
		return ret;
	if (class_set[r->cls] == X86_SET_XSAVE)
		return xsave_read(v, r, buf);
	if (r->cls == RC_SEGATTR) {
		uint32_t attr = x86_segment_attr(segment_of(v, r));

		memcpy(buf, &attr, sizeof(attr));
		return 0;
	}
	place = plain_place(v, r, &len);
	if (!place)
		return -ENOENT;
	memcpy(buf, place, len);
	return 0;
}

/*
 * What the processor does by itself with a MOV to CR0 or WRMSR EFER: LMA
 * follows LME and PG (SDM volume 3, 11.8.5). KVM refuses a pair that contradicts.
 */
static void derive_lma(struct kvm_sregs *s)
{
	s->efer &= ~(uint64_t)EFER_LMA;
	if ((s->efer & EFER_LME) && (s->cr0 & CR0_PG))
		s->efer |= EFER_LMA;
}

static int write_plain(struct vcpu *v, const struct arch_reg *r, const void *buf)
{
	static const uint8_t zero[8];
	uint32_t set = class_set[r->cls];
	union x86_saved_set old;
	size_t len;
	void *place = plain_place(v, r, &len);
	uint32_t attr;

	if (r->cls == RC_SEGATTR) {
		x86_regs_save(v, set, &old);
		memcpy(&attr, buf, sizeof(attr));
		x86_segment_set_attr(segment_of(v, r), attr);
		return x86_regs_put_or_restore(v, set, &old);
	}
	if (!place)
		return -ENOENT;
	/* More bits than the register has. */
	if (r->bits / 8 > len && memcmp((const uint8_t *)buf + len, zero, r->bits / 8 - len))
		return -EINVAL;
	if (set == X86_SET_REGS) {
		memcpy(place, buf, len);
		v->arch.dirty |= set;
		return 0;
	}
	x86_regs_save(v, set, &old);
	memcpy(place, buf, len);
	if (r->cls == RC_SREG64 && (r->offset == offsetof(struct kvm_sregs, cr0) ||
				    r->offset == offsetof(struct kvm_sregs, efer)))
		derive_lma(&v->arch.sregs);
	return x86_regs_put_or_restore(v, set, &old);
}

/* A refused XSAVE area is fetched anew rather than kept a copy of. */
static int write_xsave(struct vcpu *v, const struct arch_reg *r, const void *buf)
{
	int ret = xsave_write(v, r, buf);

	if (ret < 0)
		return ret;
	v->arch.dirty |= X86_SET_XSAVE;
	ret = x86_regs_put_sets(v, X86_SET_XSAVE);
	if (ret < 0) {
		v->arch.dirty &= ~X86_SET_XSAVE;
		v->arch.valid &= ~X86_SET_XSAVE;
		return -EINVAL;
	}
	return 0;
}

/* What the guest's CPUID lets XCR0 have (leaf 0xd). */
static uint64_t xcr0_allowed(struct vcpu *v)
{
	const struct kvm_cpuid_entry2 *e = x86_cpuid_find(v->m->arch->cpuid, 0xd, 0);

	return e ? (uint64_t)e->edx << 32 | e->eax : 0;
}

static int check_value(struct vcpu *v, const struct arch_reg *r, const void *buf, struct error *err)
{
	const struct kvm_sregs *s = &v->arch.sregs;
	struct x86_reg_context c = {
		.cpuid = v->m->arch->cpuid,
		.maxphyaddr = v->arch.maxphyaddr,
		.code_bits = arch_code_bits(v), /* loads them */
		.xcr0_allowed = xcr0_allowed(v),
	};

	c.cr0 = s->cr0;
	c.cr4 = s->cr4;
	c.efer = s->efer;
	return x86_reg_check(&c, r, buf, err);
}

static int write_value(struct vcpu *v, const struct arch_reg *r, const void *buf)
{
	uint64_t value;

	if (r->cls == RC_MSR) {
		memcpy(&value, buf, sizeof(value));
		return x86_msr_write(v, x86_reg_msrs[r->offset], value);
	}
	if (class_set[r->cls] == X86_SET_XSAVE)
		return write_xsave(v, r, buf);
	return write_plain(v, r, buf);
}

int arch_reg_write(struct vcpu *v, int reg, const void *buf, struct error *err)
{
	const struct arch_reg *r = reg_row(reg);
	uint8_t old[64];
	int ret;

	ret = arch_reg_read(v, reg, old);
	if (ret < 0)
		return error_set(err, ret, "there is no such register now");
	/* gdb's G writes every register back: only what changed goes to KVM. */
	if (!memcmp(old, buf, r->bits / 8))
		return 0;
	ret = check_value(v, r, buf, err);
	if (ret < 0)
		return ret;
	ret = write_value(v, r, buf);
	if (ret < 0)
		error_set(err, ret, "KVM refuses this value of %s", r->name);
	return ret;
}

/* ---- what generic code asks for ---- */

/* The base that is added to rip: none in 64-bit mode, where CS has none. */
static uint64_t code_base(const struct kvm_sregs *s)
{
	return (s->efer & EFER_LMA) && s->cs.l ? 0 : s->cs.base;
}

uint64_t arch_pc(struct vcpu *v)
{
	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0)
		return 0;
	return code_base(&v->arch.sregs) + v->arch.regs.rip;
}

void arch_set_pc(struct vcpu *v, uint64_t pc)
{
	if (x86_regs_load(v, X86_SET_REGS | X86_SET_SREGS) < 0)
		return;
	v->arch.regs.rip = pc - code_base(&v->arch.sregs);
	v->arch.dirty |= X86_SET_REGS;
}

bool arch_in_user_mode(struct vcpu *v)
{
	/* The DPL of SS is the CPL (SDM volume 3, 5.5); in virtual-8086 mode 3. */
	return !x86_regs_load(v, X86_SET_SREGS) && v->arch.sregs.ss.dpl == 3;
}

int arch_code_bits(struct vcpu *v)
{
	const struct kvm_sregs *s = &v->arch.sregs;

	if (x86_regs_load(v, X86_SET_SREGS) < 0)
		return 64;
	if ((s->efer & EFER_LMA) && s->cs.l)
		return 64;
	return s->cs.db ? 32 : 16;
}
