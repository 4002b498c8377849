// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A local APIC in words, from the page of its registers; and where a message goes. Section numbers
 * are of the Intel SDM, volume 3.
 */
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/arch/x86/irqchip_describe.h"
#include "hv/fields.h"

/* Table 11-1 */
enum {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_TPR = 0x80,
	APIC_PPR = 0xa0,
	APIC_LDR = 0xd0,
	APIC_DFR = 0xe0,
	APIC_SVR = 0xf0,
	APIC_ISR = 0x100,
	APIC_TMR = 0x180,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PMC = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define BASE_BSP    (1u << 8)
#define BASE_X2APIC (1u << 10)
#define BASE_ENABLE (1u << 11)

/* 11.5.1 */
#define LVT_PENDING    (1u << 12)
#define LVT_ACTIVE_LOW (1u << 13)
#define LVT_REMOTE_IRR (1u << 14)
#define LVT_LEVEL      (1u << 15)
#define LVT_MASKED     (1u << 16)

#define TIMER_TSC_DEADLINE 2

static uint32_t get(const struct x86_lapic *l, unsigned at)
{
	uint32_t value;

	memcpy(&value, l->page.regs + at, sizeof(value));
	return value;
}

void x86_delivery_describe(unsigned mode, unsigned vector, struct strbuf *out)
{
	static const char *const modes[8] = {
		NULL, "lowest priority", "SMI", "reserved", "NMI", "INIT", "SIPI", "ExtINT"
	};

	if (!modes[mode & 7])
		strbuf_printf(out, "vector 0x%02x", vector);
	else if ((mode & 7) == 1 || (mode & 7) == 6)
		strbuf_printf(out, "vector 0x%02x %s", vector, modes[mode & 7]);
	else
		strbuf_puts(out, modes[mode & 7]);
}

/* ---- the local vector table ---- */

static void describe_lvt(const struct x86_lapic *l, const char *name, unsigned at,
			 struct strbuf *out)
{
	static const char *const timer_modes[4] = { "one-shot", "periodic", "TSC deadline",
						    "reserved mode" };
	uint32_t lvt = get(l, at);
	bool lint = at == APIC_LVT_LINT0 || at == APIC_LVT_LINT1;
	size_t mark;

	data_object(out, NULL);
	field_str(out, "name", "  LVT %-8s", name);
	field_u64(out, "value", " 0x%08llx: ", lvt);
	mark = out->len;
	if (at == APIC_LVT_TIMER)
		strbuf_printf(out, "vector 0x%02x, %s", lvt & 0xff, timer_modes[lvt >> 17 & 3]);
	else if (at == APIC_LVT_ERROR)
		strbuf_printf(out, "vector 0x%02x", lvt & 0xff);
	else
		x86_delivery_describe(lvt >> 8 & 7, lvt & 0xff, out);
	if (lint)
		strbuf_printf(out, ", %s, active %s", lvt & LVT_LEVEL ? "level" : "edge",
			      lvt & LVT_ACTIVE_LOW ? "low" : "high");
	if (lvt & LVT_MASKED)
		strbuf_puts(out, ", masked");
	if (lvt & LVT_PENDING)
		strbuf_puts(out, ", being sent");
	if (lint && (lvt & LVT_REMOTE_IRR))
		strbuf_puts(out, ", waits for EOI");
	data_since(out, "text", mark);
	data_end(out);
	strbuf_puts(out, "\n");
}

static void describe_timer(const struct x86_lapic *l, struct strbuf *out)
{
	uint32_t divide = get(l, APIC_TIMER_DIVIDE);
	/* 11.5.4: bits 3, 1 and 0, in which 7 is 1. */
	unsigned power = ((divide >> 1 & 4) | (divide & 3)) + 1;

	if ((get(l, APIC_LVT_TIMER) >> 17 & 3) == TIMER_TSC_DEADLINE) {
		if (l->deadline)
			field_u64(out, "deadline", "  timer: when the TSC is 0x%llx\n",
				  l->deadline);
		else
			strbuf_puts(out, "  timer: not armed\n");
		return;
	}
	field_u64(out, "initial_count", "  timer: initial count %llu, ",
		  get(l, APIC_TIMER_INITIAL));
	field_u64(out, "current_count", "current count %llu, ", get(l, APIC_TIMER_CURRENT));
	field_u64(out, "divided_by", "divided by %llu\n", 1u << (power & 7));
}

/* ---- the interrupts it has ---- */

/* 11.8.4: 256 bits, 32 in each 16 bytes. */
static void describe_vectors(const struct x86_lapic *l, const char *name, const char *key,
			     unsigned at, const char *meaning, struct strbuf *out)
{
	bool any = false;

	strbuf_printf(out, "  %s (%s):", name, meaning);
	data_list(out, key);
	for (unsigned vector = 0; vector < 256; vector++) {
		if (!(get(l, at + vector / 32 * 16) >> vector % 32 & 1))
			continue;
		field_u64(out, NULL, " 0x%02llx", vector);
		any = true;
	}
	data_end(out);
	strbuf_puts(out, any ? "\n" : " none\n");
}

/* 11.6.1: the last interrupt that it sent to others. */
static void describe_icr(const struct x86_lapic *l, bool x2apic, struct strbuf *out)
{
	static const char *const shorthand[4] = { NULL, "to itself", "to all",
						  "to all but itself" };
	uint32_t icr = get(l, APIC_ICR), high = get(l, APIC_ICR_HIGH);
	uint32_t to = x2apic ? high : high >> 24;
	size_t mark;

	field_u64(out, "icr", "  ICR 0x%016llx: ", (uint64_t)high << 32 | icr);
	mark = out->len;
	x86_delivery_describe(icr >> 8 & 7, icr & 0xff, out);
	if (shorthand[icr >> 18 & 3])
		strbuf_printf(out, " %s\n", shorthand[icr >> 18 & 3]);
	else
		strbuf_printf(out, " to %s 0x%x\n", icr & 1u << 11 ? "logical" : "APIC", to);
	data_since(out, "icr_text", mark);
}

static void describe_ids(const struct x86_lapic *l, bool x2apic, struct strbuf *out)
{
	uint32_t version = get(l, APIC_VERSION), ldr = get(l, APIC_LDR), svr = get(l, APIC_SVR);

	/* KVM keeps the identity in the upper byte in both modes (api.rst, KVM_CAP_X2APIC_API). */
	field_u64(out, "id", "  ID 0x%llx, ", get(l, APIC_ID) >> 24);
	field_u64(out, "version", "version 0x%02llx, ", version & 0xff);
	strbuf_printf(out, "%u LVT entries, ", (version >> 16 & 0xff) + 1);
	field_u64(out, "ldr", "LDR 0x%08llx", ldr);
	if (!x2apic) {
		field_u64(out, "dfr", ", DFR 0x%08llx", get(l, APIC_DFR));
		strbuf_printf(out, " (%s)", get(l, APIC_DFR) >> 28 == 0xf ? "flat" : "cluster");
	}
	field_u64(out, "svr", "\n  SVR 0x%03llx: ", svr);
	field_bool(out, "enabled", svr & 0x100, "on", "off by software");
	strbuf_printf(out, ", spurious vector 0x%02x; ", svr & 0xff);
	field_u64(out, "tpr", "TPR 0x%02llx, ", get(l, APIC_TPR));
	field_u64(out, "ppr", "PPR 0x%02llx, ", get(l, APIC_PPR));
	field_u64(out, "esr", "ESR 0x%02llx\n", get(l, APIC_ESR));
}

void x86_lapic_describe(const struct x86_lapic *l, struct strbuf *out)
{
	static const struct {
		const char *name;
		unsigned at;
	} lvts[] = {
		{ "timer", APIC_LVT_TIMER },  { "thermal", APIC_LVT_THERMAL },
		{ "counters", APIC_LVT_PMC }, { "LINT0", APIC_LVT_LINT0 },
		{ "LINT1", APIC_LVT_LINT1 },  { "error", APIC_LVT_ERROR },
	};
	bool x2apic = l->base & BASE_X2APIC;

	field_u64(out, "base", "local APIC at 0x%llx, ", l->base & ~0xfffull);
	field_str(out, "mode", "%s",
		  !(l->base & BASE_ENABLE) ? "off"
		  : x2apic		   ? "x2APIC"
					   : "xAPIC");
	field_bool(out, "bootstrap", l->base & BASE_BSP, ", of the bootstrap processor\n", "\n");
	describe_ids(l, x2apic, out);
	describe_icr(l, x2apic, out);
	data_list(out, "lvt");
	for (size_t i = 0; i < sizeof(lvts) / sizeof(lvts[0]); i++)
		describe_lvt(l, lvts[i].name, lvts[i].at, out);
	data_end(out);
	describe_timer(l, out);
	describe_vectors(l, "ISR", "isr", APIC_ISR, "in service", out);
	describe_vectors(l, "IRR", "irr", APIC_IRR, "requested", out);
	describe_vectors(l, "TMR", "tmr", APIC_TMR, "came by a level", out);
}

/* ---- messages ---- */

/* 11.11.1, 11.11.2. */
void arch_msi_describe(uint64_t addr, uint32_t data, struct strbuf *out)
{
	if (addr >> 20 != 0xfee) {
		strbuf_puts(out, "nowhere: the address is not a local APIC's");
		return;
	}
	x86_delivery_describe(data >> 8 & 7, data & 0xff, out);
	strbuf_printf(out, " to %s 0x%x%s", addr & 1u << 2 ? "logical" : "APIC",
		      (unsigned)(addr >> 12 & 0xff), addr & 1u << 3 ? " (any of them)" : "");
	strbuf_puts(out, data & 1u << 15 ? ", level" : "");
}
