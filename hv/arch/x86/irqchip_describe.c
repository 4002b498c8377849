// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The I/O APIC, the two 8259s and the 8254 in words: see irqchip_describe.h. Sources: Intel's data
 * sheets 82093AA (3.2.4), 8259A and 8254; PIIX's ELCR; KVM's struct names in brackets.
 */
#include "hv/arch/x86/irqchip_describe.h"

#include "hv/fields.h"

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
	size_t mark;

	field_u64(out, "base", "I/O APIC at 0x%llx, ", io->base_address);
	field_u64(out, "id", "ID %llu, ", io->id & 0xf);
	field_u64(out, "selected", "register 0x%02llx selected, ", io->ioregsel);
	field_u64(out, "irr", "IRR 0x%06llx\n", io->irr);
	data_list(out, "inputs");
	for (unsigned pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++) {
		data_object(out, NULL);
		field_u64(out, "input", "  input %-2llu", pin);
		field_u64(out, "entry", " 0x%016llx: ", io->redirtbl[pin].bits);
		mark = out->len;
		x86_ioapic_pin_describe(io, pin, out);
		data_since(out, "text", mark);
		data_end(out);
		strbuf_puts(out, "\n");
	}
	data_end(out);
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
	size_t mark;

	data_object(out, NULL);
	field_str(out, "name", "%s: ", name);
	field_u64(out, "vector", "vectors 0x%02llx", pic->irq_base & 0xf8);
	strbuf_printf(out, "-0x%02x%s\n", (pic->irq_base & 0xf8) + 7,
		      pic->init_state ? ", waits for more initialization words" : "");
	field_u64(out, "irr", "  IRR 0x%02llx, ", pic->irr);
	field_u64(out, "imr", "IMR 0x%02llx, ", pic->imr);
	field_u64(out, "isr", "ISR 0x%02llx, ", pic->isr);
	field_u64(out, "elcr", "ELCR 0x%02llx\n", pic->elcr);
	mark = out->len;
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
	data_since(out, "text", mark);
	data_end(out);
}

void x86_pic_describe(const struct kvm_pic_state pic[2], struct strbuf *out)
{
	data_list(out, "chips");
	describe_pic("master 8259 (inputs 0-7)", &pic[0], out);
	describe_pic("slave 8259 (inputs 8-15, by the master's input 2)", &pic[1], out);
	data_end(out);
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
	data_list(out, "channels");
	for (unsigned n = 0; n < 3; n++) {
		size_t mark = out->len;

		data_object(out, NULL);
		data_u64(out, "channel", n);
		data_u64(out, "mode", pit->channels[n].mode);
		data_u64(out, "count", pit->channels[n].count);
		data_bool(out, "gate", pit->channels[n].gate);
		describe_channel(&pit->channels[n], n, out);
		data_since(out, "text", mark);
		data_end(out);
	}
	data_end(out);
	field_bool(out, "speaker", pit->flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON,
		   "the speaker is on\n", "");
}
