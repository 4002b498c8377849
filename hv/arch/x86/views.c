// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an x86 processor can show of itself: descriptor tables, the task state segment, MSRs, CPUID.
 * Formats: SDM volume 3, 3.4.5 (descriptors), 6.11 and 6.14.1 (gates), 7.2 and 7.7 (TSS), 20.1.4
 * (vectors of real mode).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hv/arch/x86/x86.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

/* System descriptors and gates by type; the second is that of 64-bit mode. */
static const char *const system_types[16][2] = {
	[1] = { "TSS16", "?" },
	[2] = { "LDT", "LDT" },
	[3] = { "TSS16 busy", "?" },
	[4] = { "call16", "?" },
	[5] = { "task", "?" },
	[6] = { "interrupt16", "?" },
	[7] = { "trap16", "?" },
	[9] = { "TSS32", "TSS64" },
	[11] = { "TSS32 busy", "TSS64 busy" },
	[12] = { "call32", "call64" },
	[14] = { "interrupt32", "interrupt64" },
	[15] = { "trap32", "trap64" },
};

static const char *system_type(unsigned type, bool lma)
{
	const char *name = system_types[type][lma];

	return name ? name : "?";
}

static uint64_t bits(uint64_t value, unsigned low, unsigned count)
{
	return value >> low & ((1ull << count) - 1);
}

static bool is_long(const struct vcpu *v)
{
	return v->arch.sregs.efer & EFER_LMA;
}

static int load(struct vcpu *v)
{
	return x86_regs_load(v, X86_SET_SREGS);
}

/* ---- the global descriptor table ---- */

static void put_segment(struct strbuf *out, uint64_t d)
{
	uint64_t limit = bits(d, 0, 16) | bits(d, 48, 4) << 16;
	bool code = bits(d, 43, 1);

	if (bits(d, 55, 1))
		limit = limit << 12 | 0xfff;
	strbuf_printf(out, "%s base %08" PRIx64 " limit %08" PRIx64 " dpl %u %s%s%s%s\n",
		      code ? "code" : "data", bits(d, 16, 24) | bits(d, 56, 8) << 24, limit,
		      (unsigned)bits(d, 45, 2),
		      code && bits(d, 53, 1) ? "64-bit"
		      : bits(d, 54, 1)	     ? "32-bit"
					     : "16-bit",
		      bits(d, 41, 1) ? (code ? " readable" : " writable") : "",
		      bits(d, 42, 1) ? (code ? " conforming" : " expand-down") : "",
		      bits(d, 47, 1) ? "" : " absent");
}

/* A system descriptor has the upper half of its base behind it in 64-bit mode. */
static void put_system(struct strbuf *out, uint64_t d, uint64_t high, bool lma)
{
	uint64_t base = bits(d, 16, 24) | bits(d, 56, 8) << 24;

	if (lma)
		base |= high << 32;
	strbuf_printf(out, "%s base %016" PRIx64 " limit %05" PRIx64 " dpl %u%s\n",
		      system_type((unsigned)bits(d, 40, 4), lma), base,
		      bits(d, 0, 16) | bits(d, 48, 4) << 16, (unsigned)bits(d, 45, 2),
		      bits(d, 47, 1) ? "" : " absent");
}

static int describe_gdt(struct vcpu *v, struct strbuf *out)
{
	const struct kvm_dtable *gdt = &v->arch.sregs.gdt;
	uint64_t d, high = 0;

	if (load(v) < 0)
		return -EIO;
	strbuf_printf(out, "base %016" PRIx64 " limit %04x\n", (uint64_t)gdt->base, gdt->limit);
	for (unsigned sel = 0; sel + 7u <= gdt->limit; sel += 8) {
		if (vcpu_mem_read(v, gdt->base + sel, &d, sizeof(d)) != sizeof(d))
			return sel ? 0 : -EFAULT;
		if (!d)
			continue;
		strbuf_printf(out, "%04x  ", sel);
		if (bits(d, 44, 1)) {
			put_segment(out, d);
			continue;
		}
		if (is_long(v)) {
			sel += 8;
			if (vcpu_mem_read(v, gdt->base + sel, &high, sizeof(high)) != sizeof(high))
				high = 0;
		}
		put_system(out, d, high, is_long(v));
	}
	return 0;
}

/* ---- the interrupt descriptor table ---- */

/* Real mode has an address there, no gate. */
static int describe_vectors(struct vcpu *v, struct strbuf *out)
{
	const struct kvm_dtable *idt = &v->arch.sregs.idt;
	uint16_t vector[2];

	for (uint64_t n = 0; n < 256 && n * 4 + 3u <= idt->limit; n++) {
		if (vcpu_mem_read(v, idt->base + n * 4, vector, sizeof(vector)) != sizeof(vector))
			return n ? 0 : -EFAULT;
		if (vector[0] || vector[1])
			strbuf_printf(out, "%02x  %04x:%04x\n", (unsigned)n, vector[1], vector[0]);
	}
	return 0;
}

static int describe_idt(struct vcpu *v, struct strbuf *out)
{
	const struct kvm_dtable *idt = &v->arch.sregs.idt;
	size_t size = 8;
	uint64_t gate[2] = { 0 };

	if (load(v) < 0)
		return -EIO;
	strbuf_printf(out, "base %016" PRIx64 " limit %04x\n", (uint64_t)idt->base, idt->limit);
	if (!(v->arch.sregs.cr0 & CR0_PE))
		return describe_vectors(v, out);
	if (is_long(v))
		size = 16;
	for (uint64_t n = 0; n < 256 && (n + 1) * size - 1 <= idt->limit; n++) {
		if (vcpu_mem_read(v, idt->base + n * size, gate, size) != (ssize_t)size)
			return n ? 0 : -EFAULT;
		if (!bits(gate[0], 47, 1))
			continue;
		strbuf_printf(out, "%02x  %04x:%016" PRIx64 " %s dpl %u", (unsigned)n,
			      (unsigned)bits(gate[0], 16, 16),
			      bits(gate[0], 0, 16) | bits(gate[0], 48, 16) << 16 |
				      (size == 16 ? gate[1] << 32 : 0),
			      system_type((unsigned)bits(gate[0], 40, 4), size == 16),
			      (unsigned)bits(gate[0], 45, 2));
		if (size == 16 && bits(gate[0], 32, 3))
			strbuf_printf(out, " ist %u", (unsigned)bits(gate[0], 32, 3));
		strbuf_puts(out, "\n");
	}
	return 0;
}

/* ---- the task state segment ---- */

static int describe_tss64(struct vcpu *v, struct strbuf *out)
{
	uint8_t raw[0x68];
	uint64_t value;
	uint16_t io;

	if (vcpu_mem_read(v, v->arch.sregs.tr.base, raw, sizeof(raw)) != sizeof(raw))
		return -EFAULT;
	for (size_t i = 0; i < 3; i++) {
		memcpy(&value, raw + 4 + 8 * i, sizeof(value));
		strbuf_printf(out, "rsp%zu %016" PRIx64 "\n", i, value);
	}
	for (size_t i = 1; i < 8; i++) {
		memcpy(&value, raw + 0x24 + 8 * (i - 1), sizeof(value));
		strbuf_printf(out, "ist%zu %016" PRIx64 "\n", i, value);
	}
	memcpy(&io, raw + 0x66, sizeof(io));
	strbuf_printf(out, "I/O map at %04x%s\n", io,
		      io > v->arch.sregs.tr.limit ? ", behind the limit: there is none" : "");
	return 0;
}

static int describe_tss32(struct vcpu *v, struct strbuf *out)
{
	uint32_t raw[26];

	if (vcpu_mem_read(v, v->arch.sregs.tr.base, raw, sizeof(raw)) != sizeof(raw))
		return -EFAULT;
	for (unsigned i = 0; i < 3; i++)
		strbuf_printf(out, "ss%u:esp%u %04x:%08x\n", i, i, raw[2 + 2 * i] & 0xffff,
			      raw[1 + 2 * i]);
	strbuf_printf(out, "cr3 %08x eip %08x eflags %08x\nI/O map at %04x\n", raw[7], raw[8],
		      raw[9], raw[25] >> 16);
	return 0;
}

static int describe_tss(struct vcpu *v, struct strbuf *out)
{
	const struct kvm_segment *tr = &v->arch.sregs.tr;

	if (load(v) < 0)
		return -EIO;
	strbuf_printf(out, "tr %04x %s base %016" PRIx64 " limit %04x\n", tr->selector,
		      system_type(tr->type & 15, is_long(v)), (uint64_t)tr->base, tr->limit);
	/* A processor that has just been reset has one that is nowhere. */
	if (!tr->selector)
		return 0;
	return is_long(v) ? describe_tss64(v, out) : describe_tss32(v, out);
}

/* ---- MSRs and CPUID ---- */

static int describe_msrs(struct vcpu *v, struct strbuf *out)
{
	uint64_t index, value;
	const char *name;

	for (size_t n = 0; (name = arch_msr_name(n, &index)); n++)
		if (!x86_msr_read(v, (uint32_t)index, &value))
			strbuf_printf(out, "%08" PRIx64 " %-16s %016" PRIx64 "\n", index, name,
				      value);
	return 0;
}

static int describe_cpuid(struct vcpu *v, struct strbuf *out)
{
	struct x86_cpuid *c = v->m->arch->cpuid;
	const struct kvm_cpuid_entry2 *vendor = x86_cpuid_find(c, 0, 0);
	char name[13] = "";

	if (vendor) {
		memcpy(name, &vendor->ebx, 4);
		memcpy(name + 4, &vendor->edx, 4);
		memcpy(name + 8, &vendor->ecx, 4);
	}
	strbuf_printf(out, "%s\nleaf     sub      eax      ebx      ecx      edx\n", name);
	for (uint32_t i = 0; i < c->count; i++) {
		const struct kvm_cpuid_entry2 *e = &c->entry[i];

		strbuf_printf(out, "%08x %08x %08x %08x %08x %08x\n", e->function, e->index, e->eax,
			      e->ebx, e->ecx, e->edx);
	}
	return 0;
}

const struct arch_view *arch_views(void)
{
	static const struct arch_view views[] = {
		{ "idt", describe_idt },  { "gdt", describe_gdt },     { "tss", describe_tss },
		{ "msr", describe_msrs }, { "cpuid", describe_cpuid }, { 0 },
	};

	return views;
}
