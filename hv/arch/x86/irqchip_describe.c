// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The I/O APIC, the two 8259s and the 8254 in words: see irqchip_describe.h. Sources: Intel's data
 * sheets 82093AA (3.2.4), 8259A and 8254; PIIX's ELCR; KVM's struct names in brackets.
 */
#include "hv/arch/x86/irqchip_describe.h"

/* ---- I/O APIC ---- */

/* As in a local APIC's ICR, so 82093AA and SDM volume 3, 11.6.1 agree. */
void x86_ioapic_pin_describe(const struct kvm_ioapic_state *io, unsigned pin, struct strbuf *out)
{
	uint64_t e = io->redirtbl[pin].bits;

	x86_delivery_describe(e >> 8 & 7, e & 0xff, out);
	strbuf_printf(out, " to %s 0x%x, %s, active %s%s%s%s", e & 1u << 11 ? "logical" : "APIC",
		      (unsigned)(e >> 56), e & 1u << 15 ? "level" : "edge",
		      e & 1u << 13 ? "low" : "high", e & 1u << 16 ? ", masked" : "",
		      e & 1u << 12 ? ", being sent" : "", e & 1u << 14 ? ", waits for EOI" : "");
	if (io->irr >> pin & 1)
		strbuf_puts(out, e & 1u << 15 ? ", up" : ", requested");
}

void x86_ioapic_describe(const struct kvm_ioapic_state *io, struct strbuf *out)
{
	strbuf_printf(out, "I/O APIC at 0x%llx, ID %u, register 0x%02x selected, IRR 0x%06x\n",
		      (unsigned long long)io->base_address, io->id & 0xf, io->ioregsel, io->irr);
	for (unsigned pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++) {
		strbuf_printf(out, "  input %-2u 0x%016llx: ", pin,
			      (unsigned long long)io->redirtbl[pin].bits);
		x86_ioapic_pin_describe(io, pin, out);
		strbuf_puts(out, "\n");
	}
}

/* ---- 8259 ---- */

void x86_pic_pin_describe(const struct kvm_pic_state *pic, unsigned pin, struct strbuf *out)
{
	strbuf_printf(out, "vector 0x%02x, %s%s%s%s", (pic->irq_base & 0xf8) + pin,
		      pic->elcr >> pin & 1 ? "level" : "edge",
		      pic->imr >> pin & 1 ? ", masked" : "",
		      pic->irr >> pin & 1 ? ", requested" : "",
		      pic->isr >> pin & 1 ? ", in service" : "");
}

static void describe_pic(const char *name, const struct kvm_pic_state *pic, struct strbuf *out)
{
	strbuf_printf(out, "%s: vectors 0x%02x-0x%02x%s\n", name, pic->irq_base & 0xf8,
		      (pic->irq_base & 0xf8) + 7,
		      pic->init_state ? ", waits for more initialization words" : "");
	strbuf_printf(out, "  IRR 0x%02x, IMR 0x%02x, ISR 0x%02x, ELCR 0x%02x\n", pic->irr,
		      pic->imr, pic->isr, pic->elcr);
	strbuf_printf(out, "  input %u goes first, a read gives %s%s%s%s%s%s\n",
		      pic->priority_add & 7u,
		      pic->poll		     ? "the poll byte"
		      : pic->read_reg_select ? "ISR"
					     : "IRR",
		      pic->auto_eoi ? ", automatic EOI" : "",
		      pic->rotate_on_auto_eoi ? " with rotation" : "",
		      pic->special_mask ? ", special mask mode" : "",
		      pic->special_fully_nested_mode ? ", special fully nested mode" : "",
		      pic->init4 ? "" : ", no ICW4");
}

void x86_pic_describe(const struct kvm_pic_state pic[2], struct strbuf *out)
{
	describe_pic("master 8259 (inputs 0-7)", &pic[0], out);
	describe_pic("slave 8259 (inputs 8-15, by the master's input 2)", &pic[1], out);
}

/* ---- 8254 ---- */

#define PIT_HZ 1193182u

/* Control word, RW bits: which bytes of the counter an access has. */
static const char *const access_names[4] = { "latch", "low byte", "high byte", "low, high byte" };
static const char *const mode_names[8] = {
	"interrupt on terminal count",
	"one-shot",
	"rate generator",
	"square wave",
	"software strobe",
	"hardware strobe",
	"rate generator",
	"square wave",
};

static void describe_channel(const struct kvm_pit_channel_state *c, unsigned n, struct strbuf *out)
{
	static const char *const purpose[3] = { "GSI 0", "memory refresh, once", "speaker" };
	/* A count of 0 is the largest one. */
	uint32_t count = c->count ? c->count : c->bcd ? 10000 : 0x10000;

	/* KVM resets it to a mode that the chip does not have. */
	if (c->mode > 7) {
		strbuf_printf(out, "channel %u (%s): not programmed, gate %s\n", n, purpose[n],
			      c->gate ? "up" : "down");
		return;
	}
	strbuf_printf(out, "channel %u (%s): mode %u (%s), count %u", n, purpose[n], c->mode,
		      mode_names[c->mode], count);
	if ((c->mode & 2) && count)
		strbuf_printf(out, ", %u.%u Hz", PIT_HZ / count, PIT_HZ % count * 10 / count);
	strbuf_printf(out, ", %s%s, gate %s", access_names[c->rw_mode & 3], c->bcd ? ", BCD" : "",
		      c->gate ? "up" : "down");
	if (c->count_latched)
		strbuf_printf(out, ", latched count 0x%04x", c->latched_count);
	if (c->status_latched)
		strbuf_printf(out, ", latched status 0x%02x", c->status);
	strbuf_puts(out, "\n");
}

void x86_pit_describe(const struct kvm_pit_state2 *pit, struct strbuf *out)
{
	for (unsigned n = 0; n < 3; n++)
		describe_channel(&pit->channels[n], n, out);
	if (pit->flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON)
		strbuf_puts(out, "the speaker is on\n");
}
