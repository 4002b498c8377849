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
#include "hv/arch/x86/x86_features.h"
#include "hv/fields.h"
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
	field_str(out, "type", "%s", code ? "code" : "data");
	field_u64(out, "base", " base %08llx", bits(d, 16, 24) | bits(d, 56, 8) << 24);
	field_u64(out, "limit", " limit %08llx", limit);
	field_u64(out, "dpl", " dpl %llu", bits(d, 45, 2));
	strbuf_printf(out, " %s%s%s",
		      code && bits(d, 53, 1) ? "64-bit"
		      : bits(d, 54, 1)	     ? "32-bit"
					     : "16-bit",
		      bits(d, 41, 1) ? (code ? " readable" : " writable") : "",
		      bits(d, 42, 1) ? (code ? " conforming" : " expand-down") : "");
	field_bool(out, "present", bits(d, 47, 1), "\n", " absent\n");
}

/* A system descriptor has the upper half of its base behind it in 64-bit mode. */
static void put_system(struct strbuf *out, uint64_t d, uint64_t high, bool lma)
{
	uint64_t base = bits(d, 16, 24) | bits(d, 56, 8) << 24;

	if (lma)
		base |= high << 32;
	field_str(out, "type", "%s", system_type((unsigned)bits(d, 40, 4), lma));
	field_u64(out, "base", " base %016llx", base);
	field_u64(out, "limit", " limit %05llx", bits(d, 0, 16) | bits(d, 48, 4) << 16);
	field_u64(out, "dpl", " dpl %llu", bits(d, 45, 2));
	field_bool(out, "present", bits(d, 47, 1), "\n", " absent\n");
}

static void put_table(struct strbuf *out, const struct kvm_dtable *table)
{
	field_u64(out, "base", "base %016llx", table->base);
	field_u64(out, "limit", " limit %04llx\n", table->limit);
}

static int put_descriptors(struct vcpu *v, struct strbuf *out)
{
	const struct kvm_dtable *gdt = &v->arch.sregs.gdt;
	uint64_t d, high = 0;

	for (unsigned sel = 0; sel + 7u <= gdt->limit; sel += 8) {
		if (vcpu_mem_read(v, gdt->base + sel, &d, sizeof(d)) != sizeof(d))
			return sel ? 0 : -EFAULT;
		if (!d)
			continue;
		data_object(out, NULL);
		field_u64(out, "selector", "%04llx  ", sel);
		if (bits(d, 44, 1)) {
			put_segment(out, d);
			data_end(out);
			continue;
		}
		if (is_long(v)) {
			sel += 8;
			if (vcpu_mem_read(v, gdt->base + sel, &high, sizeof(high)) != sizeof(high))
				high = 0;
		}
		put_system(out, d, high, is_long(v));
		data_end(out);
	}
	return 0;
}

static int describe_gdt(struct vcpu *v, struct strbuf *out)
{
	int ret;

	if (load(v) < 0)
		return -EIO;
	put_table(out, &v->arch.sregs.gdt);
	data_list(out, "descriptors");
	ret = put_descriptors(v, out);
	data_end(out);
	return ret;
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
		if (!vector[0] && !vector[1])
			continue;
		data_object(out, NULL);
		field_u64(out, "vector", "%02llx", n);
		field_u64(out, "selector", "  %04llx", vector[1]);
		field_u64(out, "offset", ":%04llx\n", vector[0]);
		data_end(out);
	}
	return 0;
}

static void put_gate(struct strbuf *out, unsigned n, const uint64_t gate[2], bool lma)
{
	data_object(out, NULL);
	field_u64(out, "vector", "%02llx", n);
	field_u64(out, "selector", "  %04llx", bits(gate[0], 16, 16));
	field_u64(out, "offset", ":%016llx",
		  bits(gate[0], 0, 16) | bits(gate[0], 48, 16) << 16 | (lma ? gate[1] << 32 : 0));
	field_str(out, "type", " %s", system_type((unsigned)bits(gate[0], 40, 4), lma));
	field_u64(out, "dpl", " dpl %llu", bits(gate[0], 45, 2));
	if (lma && bits(gate[0], 32, 3))
		field_u64(out, "ist", " ist %llu", bits(gate[0], 32, 3));
	strbuf_puts(out, "\n");
	data_end(out);
}

static int put_gates(struct vcpu *v, struct strbuf *out)
{
	const struct kvm_dtable *idt = &v->arch.sregs.idt;
	size_t size = is_long(v) ? 16 : 8;
	uint64_t gate[2] = { 0 };

	for (uint64_t n = 0; n < 256 && (n + 1) * size - 1 <= idt->limit; n++) {
		if (vcpu_mem_read(v, idt->base + n * size, gate, size) != (ssize_t)size)
			return n ? 0 : -EFAULT;
		if (bits(gate[0], 47, 1))
			put_gate(out, (unsigned)n, gate, size == 16);
	}
	return 0;
}

static int describe_idt(struct vcpu *v, struct strbuf *out)
{
	int ret;

	if (load(v) < 0)
		return -EIO;
	put_table(out, &v->arch.sregs.idt);
	data_list(out, "vectors");
	ret = (v->arch.sregs.cr0 & CR0_PE ? put_gates : describe_vectors)(v, out);
	data_end(out);
	return ret;
}

/* ---- the task state segment ---- */

static int describe_tss64(struct vcpu *v, struct strbuf *out)
{
	uint8_t raw[0x68];
	char name[] = "rsp0";
	uint64_t value;
	uint16_t io;

	if (vcpu_mem_read(v, v->arch.sregs.tr.base, raw, sizeof(raw)) != sizeof(raw))
		return -EFAULT;
	data_object(out, "stacks");
	for (size_t i = 0; i < 3; i++, name[3]++) {
		memcpy(&value, raw + 4 + 8 * i, sizeof(value));
		strbuf_puts(out, name);
		field_u64(out, name, " %016llx\n", value);
	}
	memcpy(name, "ist1", sizeof(name));
	for (size_t i = 1; i < 8; i++, name[3]++) {
		memcpy(&value, raw + 0x24 + 8 * (i - 1), sizeof(value));
		strbuf_puts(out, name);
		field_u64(out, name, " %016llx\n", value);
	}
	data_end(out);
	memcpy(&io, raw + 0x66, sizeof(io));
	field_u64(out, "io_map", "I/O map at %04llx", io);
	strbuf_puts(out,
		    io > v->arch.sregs.tr.limit ? ", behind the limit: there is none\n" : "\n");
	return 0;
}

static int describe_tss32(struct vcpu *v, struct strbuf *out)
{
	uint32_t raw[26];
	char ss[] = "ss0", esp[] = "esp0";

	if (vcpu_mem_read(v, v->arch.sregs.tr.base, raw, sizeof(raw)) != sizeof(raw))
		return -EFAULT;
	data_object(out, "stacks");
	for (unsigned i = 0; i < 3; i++, esp[3]++, ss[2]++) {
		strbuf_printf(out, "%s:%s", ss, esp);
		field_u64(out, ss, " %04llx", raw[2 + 2 * i] & 0xffff);
		field_u64(out, esp, ":%08llx\n", raw[1 + 2 * i]);
	}
	data_end(out);
	strbuf_printf(out, "cr3 %08x eip %08x eflags %08x\n", raw[7], raw[8], raw[9]);
	field_u64(out, "io_map", "I/O map at %04llx\n", raw[25] >> 16);
	return 0;
}

static int describe_tss(struct vcpu *v, struct strbuf *out)
{
	const struct kvm_segment *tr = &v->arch.sregs.tr;

	if (load(v) < 0)
		return -EIO;
	field_u64(out, "selector", "tr %04llx", tr->selector);
	field_str(out, "type", " %s", system_type(tr->type & 15, is_long(v)));
	field_u64(out, "base", " base %016llx", tr->base);
	field_u64(out, "limit", " limit %04llx\n", tr->limit);
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

	data_list(out, "msrs");
	for (size_t n = 0; (name = arch_msr_name(n, &index)); n++) {
		if (x86_msr_read(v, (uint32_t)index, &value))
			continue;
		data_object(out, NULL);
		field_u64(out, "index", "%08llx", index);
		field_str(out, "name", " %-16s", name);
		field_u64(out, "value", " %016llx\n", value);
		data_end(out);
	}
	data_end(out);
	return 0;
}

static uint32_t feature_word(const struct kvm_cpuid_entry2 *e, uint8_t reg)
{
	return reg == X86_EAX ? e->eax : reg == X86_EBX ? e->ebx : reg == X86_ECX ? e->ecx : e->edx;
}

/* Names as of -cpu and /proc/cpuinfo, in lines that fit a terminal. */
static void put_features(struct x86_cpuid *c, struct strbuf *out)
{
	size_t column = out->len;

	strbuf_puts(out, "features:");
	data_list(out, "features");
	for (size_t i = 0; i < x86_feature_count; i++) {
		const struct x86_feature *f = &x86_features[i];
		const struct kvm_cpuid_entry2 *e = x86_cpuid_find(c, f->function, f->index);

		if (!e || !(feature_word(e, f->reg) >> f->bit & 1))
			continue;
		if (out->len - column > 100) {
			strbuf_puts(out, "\n  ");
			column = out->len;
		}
		field_str(out, NULL, " %s", f->name);
	}
	data_end(out);
	strbuf_puts(out, "\n");
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
	field_str(out, "vendor", "%s\n", name);
	strbuf_puts(out, "leaf     sub      eax      ebx      ecx      edx\n");
	data_list(out, "leaves");
	for (uint32_t i = 0; i < c->count; i++) {
		const struct kvm_cpuid_entry2 *e = &c->entry[i];

		data_object(out, NULL);
		field_u64(out, "leaf", "%08llx", e->function);
		field_u64(out, "sub", " %08llx", e->index);
		field_u64(out, "eax", " %08llx", e->eax);
		field_u64(out, "ebx", " %08llx", e->ebx);
		field_u64(out, "ecx", " %08llx", e->ecx);
		field_u64(out, "edx", " %08llx\n", e->edx);
		data_end(out);
	}
	data_end(out);
	put_features(c, out);
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
