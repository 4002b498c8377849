// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The XSAVE area as KVM_GET_XSAVE gives it: the standard format (SDM volume 1, 13.4).
 *
 *   0 .. 511 legacy (FXSAVE) | 512 header: XSTATE_BV | components at CPUID 0xD's offsets
 *
 * A component whose bit in XSTATE_BV is clear is in its initial state whatever
 * its bytes say.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <string.h>

#define LEGACY_SIZE  512
#define HEADER_SIZE  64
#define XSAVE_MIN    4096
#define XSTATE_BV    512
#define FXSAVE_FCW   0
#define FXSAVE_FTW   4
#define FXSAVE_MXCSR 24
#define FXSAVE_ST    32
#define FXSAVE_XMM   160
#define FCW_INIT     0x37f
#define MXCSR_INIT   0x1f80
#define ST_SIZE	     16
#define TAG_VALID    0
#define TAG_ZERO     1
#define TAG_SPECIAL  2
#define TAG_EMPTY    3

void x86_xsave_layout_init(struct x86_xsave_layout *l, const struct x86_cpuid *c, uint32_t size)
{
	memset(l, 0, sizeof(*l));
	l->size = size > XSAVE_MIN ? size : XSAVE_MIN;
	/* The x87 and SSE components are the legacy region; offsets are into it. */
	l->comp[XSAVE_X87].size = FXSAVE_XMM;
	l->comp[XSAVE_SSE].offset = FXSAVE_XMM;
	l->comp[XSAVE_SSE].size = 16 * 16;
	for (uint32_t i = 0; i < c->count; i++) {
		const struct kvm_cpuid_entry2 *e = &c->entry[i];

		if (e->function != 0xd || e->index < 2 || e->index >= XSAVE_COMPONENTS ||
		    (e->ecx & 1))
			continue;
		if (e->ebx < LEGACY_SIZE + HEADER_SIZE || e->ebx > l->size ||
		    e->eax > l->size - e->ebx)
			continue;
		l->comp[e->index].offset = e->ebx;
		l->comp[e->index].size = e->eax;
	}
}

static uint64_t xstate_bv(const void *area)
{
	uint64_t bv;

	memcpy(&bv, (const uint8_t *)area + XSTATE_BV, sizeof(bv));
	return bv;
}

static void init_component(const struct x86_xsave_layout *l, uint8_t *area, unsigned comp)
{
	uint16_t fcw = FCW_INIT;
	uint32_t mxcsr;

	if (comp != XSAVE_X87) {
		memset(area + l->comp[comp].offset, 0, l->comp[comp].size);
		return;
	}
	/* MXCSR lies inside the x87 component's bytes and is not part of it. */
	memcpy(&mxcsr, area + FXSAVE_MXCSR, sizeof(mxcsr));
	memset(area, 0, FXSAVE_XMM);
	memcpy(area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	memcpy(area + FXSAVE_FCW, &fcw, sizeof(fcw));
}

static bool is_mxcsr(unsigned comp, uint32_t off)
{
	return comp == XSAVE_X87 && off >= FXSAVE_MXCSR && off < FXSAVE_ST;
}

static int check(const struct x86_xsave_layout *l, unsigned comp, uint32_t off, size_t len)
{
	if (comp >= XSAVE_COMPONENTS || !l->comp[comp].size)
		return -ENOENT;
	if (off > l->comp[comp].size || len > l->comp[comp].size - off)
		return -EINVAL;
	return 0;
}

int x86_xsave_read(const struct x86_xsave_layout *l, const void *area, unsigned comp, uint32_t off,
		   void *buf, size_t len)
{
	uint8_t init[FXSAVE_XMM] = { FCW_INIT & 0xff, FCW_INIT >> 8 };
	int ret = check(l, comp, off, len);

	if (ret < 0)
		return ret;
	if (is_mxcsr(comp, off)) {
		/* Kept with SSE and with AVX: in its initial state only without both. */
		uint32_t mxcsr = MXCSR_INIT;

		if (xstate_bv(area) & (1u << XSAVE_SSE | 1u << XSAVE_AVX))
			memcpy(buf, (const uint8_t *)area + off, len);
		else
			memcpy(buf, &mxcsr, len < sizeof(mxcsr) ? len : sizeof(mxcsr));
		return 0;
	}
	if (xstate_bv(area) >> comp & 1)
		memcpy(buf, (const uint8_t *)area + l->comp[comp].offset + off, len);
	else if (comp == XSAVE_X87)
		memcpy(buf, init + off, len);
	else
		memset(buf, 0, len);
	return 0;
}

int x86_xsave_write(const struct x86_xsave_layout *l, void *area, unsigned comp, uint32_t off,
		    const void *buf, size_t len)
{
	unsigned owner = is_mxcsr(comp, off) ? XSAVE_SSE : comp;
	int ret = check(l, comp, off, len);
	uint64_t bv;

	if (ret < 0)
		return ret;
	bv = xstate_bv(area);
	if (!(bv >> owner & 1)) {
		uint32_t mxcsr = MXCSR_INIT;

		init_component(l, area, owner);
		if (owner == XSAVE_SSE && !(bv >> XSAVE_AVX & 1))
			memcpy((uint8_t *)area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
		bv |= 1ull << owner;
		memcpy((uint8_t *)area + XSTATE_BV, &bv, sizeof(bv));
	}
	memcpy((uint8_t *)area + l->comp[comp].offset + off, buf, len);
	return 0;
}

/* What FSAVE would put for one 80-bit register (SDM volume 1, 8.1.7). */
static unsigned classify(const uint8_t *st)
{
	uint64_t mantissa;
	uint16_t exponent;

	memcpy(&mantissa, st, sizeof(mantissa));
	memcpy(&exponent, st + 8, sizeof(exponent));
	exponent &= 0x7fff;
	if (exponent == 0x7fff)
		return TAG_SPECIAL;
	if (!exponent)
		return mantissa ? TAG_SPECIAL : TAG_ZERO;
	return mantissa >> 63 ? TAG_VALID : TAG_SPECIAL;
}

uint16_t x86_ftag_expand(const void *area)
{
	const uint8_t *fx = area;
	unsigned top, tags = 0;

	if (!(xstate_bv(area) >> XSAVE_X87 & 1))
		return 0xffff;
	/* Tags go with physical registers, the area holds ST(i): physical = (TOP + i) mod 8. */
	top = fx[3] >> 3 & 7;
	for (unsigned i = 0; i < 8; i++) {
		unsigned phys = (top + i) & 7;
		bool used = fx[FXSAVE_FTW] >> phys & 1;

		tags |= (used ? classify(fx + FXSAVE_ST + (size_t)i * ST_SIZE) : TAG_EMPTY)
			<< (phys * 2);
	}
	return (uint16_t)tags;
}

uint8_t x86_ftag_abridge(uint16_t tags)
{
	uint8_t out = 0;

	for (unsigned i = 0; i < 8; i++)
		if ((tags >> (i * 2) & 3) != TAG_EMPTY)
			out |= (uint8_t)(1u << i);
	return out;
}
