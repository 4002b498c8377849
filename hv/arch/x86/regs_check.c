// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Values that a register cannot have, and why, for the person who tries to set them. KVM refuses
 * most of them without a reason; others it takes, and the processor then refuses to enter the guest
 * (SDM volume 3, 2.5 for control registers, 26.3.1 for what an entry checks).
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define CR0_NW	    (1u << 29)
#define CR0_CD	    (1u << 30)
#define CR0_BITS    0xe005003full
#define CR4_PCIDE   (1u << 17)
#define EFER_BITS   0xfd01ull
#define EFLAGS_BITS 0x3f7fd7u
#define ATTR_BITS   0x1f0ffu
#define XCR0_X87    1ull
#define XCR0_SSE    2ull
#define XCR0_AVX    4ull
#define XCR0_AVX512 0xe0ull

struct check {
	const char *reg;
	int (*check)(const struct x86_reg_context *c, const char *name, uint64_t value,
		     struct error *err);
};

static int reserved(const char *name, uint64_t value, uint64_t allowed, struct error *err)
{
	uint64_t bad = value & ~allowed;

	if (!bad)
		return 0;
	return error_set(err, -EINVAL, "bit %d of %s is reserved", __builtin_ctzll(bad), name);
}

static int check_cr0(const struct x86_reg_context *c, const char *name, uint64_t value,
		     struct error *err)
{
	if (reserved(name, value, CR0_BITS, err))
		return -EINVAL;
	if ((value & CR0_PG) && !(value & CR0_PE))
		return error_set(err, -EINVAL, "cr0.PG needs cr0.PE");
	if ((value & CR0_NW) && !(value & CR0_CD))
		return error_set(err, -EINVAL, "cr0.NW needs cr0.CD");
	if ((value & CR0_PG) && (c->efer & EFER_LME) && !(c->cr4 & CR4_PAE))
		return error_set(err, -EINVAL, "cr0.PG with efer.LME needs cr4.PAE");
	if (!(value & CR0_PG) && c->code_bits == 64)
		return error_set(err, -EINVAL, "64-bit code cannot be without paging");
	if (!(value & CR0_PG) && (c->cr4 & CR4_PCIDE))
		return error_set(err, -EINVAL, "cr4.PCIDE needs cr0.PG");
	return 0;
}

static int check_cr3(const struct x86_reg_context *c, const char *name, uint64_t value,
		     struct error *err)
{
	if (value >> c->maxphyaddr)
		return error_set(err, -EINVAL,
				 "%s is beyond the %u bits of this processor's physical addresses",
				 name, c->maxphyaddr);
	return 0;
}

/* Bits of CR4 that a processor has by its CPUID; those without a name are in all of them. */
static const struct {
	uint8_t bit;
	const char *cpuid;
} cr4_bits[] = {
	{ 0, "vme" },	    { 1, "vme" },    { 2, NULL },     { 3, NULL },    { 4, NULL },
	{ 5, NULL },	    { 6, NULL },     { 7, NULL },     { 8, NULL },    { 9, NULL },
	{ 10, NULL },	    { 11, "umip" },  { 12, "la57" },  { 13, "vmx" },  { 14, "smx" },
	{ 16, "fsgsbase" }, { 17, "pcid" },  { 18, "xsave" }, { 20, "smep" }, { 21, "smap" },
	{ 22, "pku" },	    { 23, "shstk" }, { 24, "pks" },   { 28, "lam" },
};

static int check_cr4_bit(const struct x86_reg_context *c, unsigned bit, struct error *err)
{
	for (size_t i = 0; i < sizeof(cr4_bits) / sizeof(cr4_bits[0]); i++) {
		if (cr4_bits[i].bit != bit)
			continue;
		if (!cr4_bits[i].cpuid || x86_cpuid_has(c->cpuid, cr4_bits[i].cpuid))
			return 0;
		return error_set(err, -EINVAL,
				 "bit %u of cr4 is reserved: this processor has no %s", bit,
				 cr4_bits[i].cpuid);
	}
	return error_set(err, -EINVAL, "bit %u of cr4 is reserved", bit);
}

static int check_cr4(const struct x86_reg_context *c, const char *name, uint64_t value,
		     struct error *err)
{
	(void)name;
	for (unsigned bit = 0; bit < 64; bit++)
		if (value >> bit & 1 & ~(c->cr4 >> bit) && check_cr4_bit(c, bit, err))
			return -EINVAL;
	if (!(c->efer & EFER_LMA))
		return 0;
	if (!(value & CR4_PAE))
		return error_set(err, -EINVAL, "long mode needs cr4.PAE");
	if ((value ^ c->cr4) & CR4_LA57)
		return error_set(err, -EINVAL, "cr4.LA57 cannot be changed in long mode");
	return 0;
}

static int check_cr8(const struct x86_reg_context *c, const char *name, uint64_t value,
		     struct error *err)
{
	(void)c;
	return reserved(name, value, 0xf, err);
}

static int check_efer(const struct x86_reg_context *c, const char *name, uint64_t value,
		      struct error *err)
{
	if (reserved(name, value, EFER_BITS, err))
		return -EINVAL;
	if ((c->cr0 & CR0_PG) && ((value ^ c->efer) & EFER_LME))
		return error_set(err, -EINVAL, "efer.LME cannot be changed while paging is on");
	return 0;
}

static int check_eflags(const struct x86_reg_context *c, const char *name, uint64_t value,
			struct error *err)
{
	(void)c;
	return reserved(name, value, EFLAGS_BITS, err);
}

static int check_canonical(const struct x86_reg_context *c, const char *name, uint64_t value,
			   struct error *err)
{
	unsigned bits = c->cr4 & CR4_LA57 ? 57 : 48;
	uint64_t high = value >> (bits - 1);

	(void)name;
	if (!high || high == UINT64_MAX >> (bits - 1))
		return 0;
	return error_set(err, -EINVAL,
			 "0x%" PRIx64 " is not canonical: bits 63 to %u have to be equal", value,
			 bits - 1);
}

static int check_rip(const struct x86_reg_context *c, const char *name, uint64_t value,
		     struct error *err)
{
	if (c->code_bits == 64)
		return check_canonical(c, name, value, err);
	return value >> 32 ? error_set(err, -EINVAL, "%s has 32 bits in this mode", name) : 0;
}

/* Of the segments that 64-bit mode takes to begin at 0. */
static int check_base32(const struct x86_reg_context *c, const char *name, uint64_t value,
			struct error *err)
{
	(void)c;
	return value >> 32 ? error_set(err, -EINVAL, "%s has 32 bits", name) : 0;
}

static int check_attr(const struct x86_reg_context *c, const char *name, uint64_t value,
		      struct error *err)
{
	(void)c;
	return reserved(name, value, ATTR_BITS, err);
}

static int check_xcr0(const struct x86_reg_context *c, const char *name, uint64_t value,
		      struct error *err)
{
	if (!(value & XCR0_X87))
		return error_set(err, -EINVAL, "xcr0.X87 is always set");
	if ((value & XCR0_AVX) && !(value & XCR0_SSE))
		return error_set(err, -EINVAL, "xcr0.AVX needs xcr0.SSE");
	if ((value & XCR0_AVX512) && (!(value & XCR0_AVX) || (value & XCR0_AVX512) != XCR0_AVX512))
		return error_set(err, -EINVAL,
				 "xcr0.OPMASK, ZMM_HI256 and HI16_ZMM go together, and with AVX");
	return reserved(name, value, c->xcr0_allowed, err);
}

static int check_pat(const struct x86_reg_context *c, const char *name, uint64_t value,
		     struct error *err)
{
	(void)c;
	for (unsigned i = 0; i < 8; i++) {
		unsigned type = value >> (i * 8) & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return error_set(err, -EINVAL, "entry %u of %s: %u is no memory type", i,
					 name, type);
	}
	return 0;
}

static const struct check checks[] = {
	{ "rip", check_rip },
	{ "eflags", check_eflags },
	{ "cr0", check_cr0 },
	{ "cr3", check_cr3 },
	{ "cr4", check_cr4 },
	{ "cr8", check_cr8 },
	{ "efer", check_efer },
	{ "xcr0", check_xcr0 },
	{ "pat", check_pat },
	{ "cs_base", check_base32 },
	{ "ss_base", check_base32 },
	{ "ds_base", check_base32 },
	{ "es_base", check_base32 },
	{ "fs_base", check_canonical },
	{ "gs_base", check_canonical },
	{ "k_gs_base", check_canonical },
	{ "gdtr_base", check_canonical },
	{ "idtr_base", check_canonical },
	{ "ldtr_base", check_canonical },
	{ "tr_base", check_canonical },
	{ "lstar", check_canonical },
	{ "cstar", check_canonical },
	{ "sysenter_esp", check_canonical },
	{ "sysenter_eip", check_canonical },
	{ "cs_attr", check_attr },
	{ "ss_attr", check_attr },
	{ "ds_attr", check_attr },
	{ "es_attr", check_attr },
	{ "fs_attr", check_attr },
	{ "gs_attr", check_attr },
	{ "ldtr_attr", check_attr },
	{ "tr_attr", check_attr },
};

int x86_reg_check(const struct x86_reg_context *c, const struct arch_reg *r, const void *buf,
		  struct error *err)
{
	uint64_t value = 0;

	if (r->bits > 64)
		return 0;
	memcpy(&value, buf, r->bits / 8);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!strcmp(checks[i].reg, r->name))
			return checks[i].check(c, r->name, value, err);
	return 0;
}
