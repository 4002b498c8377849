// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Interrupt controllers in words: state of the kind that a Linux leaves, with a few bits more, so
 * that each word has its bit. tests/rigs has the real thing.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/arch/x86/irqchip_describe.h"

static struct strbuf out;

static void teardown(void)
{
	strbuf_free(&out);
}

TestSuite(irqchip, .fini = teardown);

#define expect_line(text_) \
	cr_expect(strstr(strbuf_str(&out), text_ "\n"), "%s\n%s", text_, strbuf_str(&out))

static void put(struct x86_lapic *l, unsigned at, uint32_t value)
{
	memcpy(l->page.regs + at, &value, sizeof(value));
}

static struct x86_lapic linux_lapic(void)
{
	struct x86_lapic l = { .base = 0xfee00d00 };

	put(&l, 0x20, 1u << 24);
	put(&l, 0x30, 0x50014);
	put(&l, 0x80, 0x10);
	put(&l, 0xa0, 0xe0);
	put(&l, 0xd0, 0x02000000);
	put(&l, 0xe0, 0xffffffff);
	put(&l, 0xf0, 0x1ff);
	put(&l, 0x300, 0x000008fd);
	put(&l, 0x310, 0x01000000);
	put(&l, 0x320, 0x000400ec);
	put(&l, 0x330, 0x000100fa);
	put(&l, 0x340, 0x00000400);
	put(&l, 0x350, 0x00010700);
	put(&l, 0x360, 0x0000f400);
	put(&l, 0x370, 0x000010fe);
	put(&l, 0x380, 62500);
	put(&l, 0x390, 1234);
	put(&l, 0x3e0, 0xb);
	put(&l, 0x100 + 0x70, 1u << (0xec - 0xe0));
	put(&l, 0x200 + 0x10, 1u << (0x23 - 0x20));
	put(&l, 0x200 + 0x70, 1u << 31);
	return l;
}

Test(irqchip, local_apic)
{
	struct x86_lapic l = linux_lapic();

	l.base |= 1 << 8;
	x86_lapic_describe(&l, &out);
	expect_line("local APIC at 0xfee00000, x2APIC, of the bootstrap processor");
	expect_line("  ID 0x1, version 0x14, 6 LVT entries, LDR 0x02000000");
	expect_line("  SVR 0x1ff: on, spurious vector 0xff; TPR 0x10, PPR 0xe0, ESR 0x00");
	expect_line("  ICR 0x01000000000008fd: vector 0xfd to logical 0x1000000");
	expect_line("  LVT timer    0x000400ec: vector 0xec, TSC deadline");
	expect_line("  LVT thermal  0x000100fa: vector 0xfa, masked");
	expect_line("  LVT counters 0x00000400: NMI");
	expect_line("  LVT LINT0    0x00010700: ExtINT, edge, active high, masked");
	expect_line("  LVT LINT1    0x0000f400: NMI, level, active low, being sent, waits for EOI");
	expect_line("  LVT error    0x000010fe: vector 0xfe, being sent");
	expect_line("  timer: not armed");
	expect_line("  ISR (in service): 0xec");
	expect_line("  IRR (requested): 0x23 0xff");
	expect_line("  TMR (came by a level): none");
}

Test(irqchip, local_apic_in_its_first_mode)
{
	struct x86_lapic l = linux_lapic();

	l.base = 0xfee00800;
	put(&l, 0x300, 0x000c4500);
	put(&l, 0x320, 0x000200ec);
	put(&l, 0xf0, 0xff);
	x86_lapic_describe(&l, &out);
	expect_line("local APIC at 0xfee00000, xAPIC");
	expect_line("  ID 0x1, version 0x14, 6 LVT entries, LDR 0x02000000, DFR 0xffffffff (flat)");
	expect_line(
		"  SVR 0x0ff: off by software, spurious vector 0xff; TPR 0x10, PPR 0xe0, ESR 0x00");
	expect_line("  ICR 0x01000000000c4500: INIT to all but itself");
	expect_line("  LVT timer    0x000200ec: vector 0xec, periodic");
	expect_line("  timer: initial count 62500, current count 1234, divided by 1");
}

Test(irqchip, timer_divides_and_waits)
{
	static const unsigned config[] = { 0, 1, 2, 3, 8, 9, 10, 11 };
	static const char *const by[] = { "by 2\n",  "by 4\n",	"by 8\n",   "by 16\n",
					  "by 32\n", "by 64\n", "by 128\n", "by 1\n" };
	struct x86_lapic l = linux_lapic();

	put(&l, 0x320, 0xec);
	for (size_t i = 0; i < 8; i++) {
		put(&l, 0x3e0, config[i]);
		strbuf_clear(&out);
		x86_lapic_describe(&l, &out);
		cr_expect(strstr(strbuf_str(&out), by[i]), "%s: %s", by[i], strbuf_str(&out));
	}
	put(&l, 0x320, 0x400ec);
	l.deadline = 0x123456789a;
	x86_lapic_describe(&l, &out);
	expect_line("  timer: when the TSC is 0x123456789a");
}

Test(irqchip, io_apic)
{
	struct kvm_ioapic_state io = {
		.base_address = 0xfec00000, .id = 2, .ioregsel = 0x12, .irr = 0x410
	};

	for (unsigned pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++)
		io.redirtbl[pin].bits = 0x10000;
	io.redirtbl[4].bits = 0x24 | 1ull << 56;
	io.redirtbl[9].bits = 0x921 | 1u << 15 | 3ull << 56;
	io.redirtbl[10].bits = 0x30 | 1u << 13 | 1u << 14 | 1u << 15 | 1u << 12;
	x86_ioapic_describe(&io, &out);
	expect_line("I/O APIC at 0xfec00000, ID 2, register 0x12 selected, IRR 0x000410");
	expect_line("  input 0  0x0000000000010000: vector 0x00 to APIC 0x0, edge, active high, "
		    "masked");
	expect_line("  input 4  0x0100000000000024: vector 0x24 to APIC 0x1, edge, active high, "
		    "requested");
	expect_line("  input 9  0x0300000000008921: vector 0x21 lowest priority to logical 0x3, "
		    "level, active high");
	expect_line("  input 10 0x000000000000f030: vector 0x30 to APIC 0x0, level, active low, "
		    "being sent, waits for EOI, up");
	cr_expect(strstr(strbuf_str(&out), "  input 23 "));
}

Test(irqchip, pic)
{
	const struct kvm_pic_state pic[2] = {
		{ .irq_base = 0x30, .imr = 0xfa, .irr = 0x01, .isr = 0x04, .init4 = 1 },
		{ .irq_base = 0x38,
		  .imr = 0xff,
		  .elcr = 0x0c,
		  .priority_add = 3,
		  .read_reg_select = 1,
		  .auto_eoi = 1,
		  .special_mask = 1 },
	};

	x86_pic_describe(pic, &out);
	expect_line("master 8259 (inputs 0-7): vectors 0x30-0x37");
	expect_line("  IRR 0x01, IMR 0xfa, ISR 0x04, ELCR 0x00");
	expect_line("  input 0 goes first, a read gives IRR");
	expect_line("slave 8259 (inputs 8-15, by the master's input 2): vectors 0x38-0x3f");
	expect_line("  input 3 goes first, a read gives ISR, automatic EOI, special mask mode, "
		    "no ICW4");
	strbuf_clear(&out);
	x86_pic_pin_describe(&pic[1], 2, &out);
	cr_expect_str_eq(strbuf_str(&out), "vector 0x3a, level, masked");
	strbuf_clear(&out);
	x86_pic_pin_describe(&pic[0], 2, &out);
	cr_expect_str_eq(strbuf_str(&out), "vector 0x32, edge, in service");
}

Test(irqchip, pit)
{
	const struct kvm_pit_state2 pit = {
		.channels = { { .count = 4773, .mode = 2, .rw_mode = 3, .gate = 1 },
			      { .count = 0x10000, .mode = 0xff },
			      { .count = 0,
				.mode = 0,
				.rw_mode = 1,
				.bcd = 1,
				.count_latched = 3,
				.latched_count = 0x99 } },
		.flags = KVM_PIT_FLAGS_SPEAKER_DATA_ON,
	};

	x86_pit_describe(&pit, &out);
	expect_line("channel 0 (GSI 0): mode 2 (rate generator), count 4773, 249.9 Hz, "
		    "low, high byte, gate up");
	expect_line("channel 1 (memory refresh, once): not programmed, gate down");
	expect_line("channel 2 (speaker): mode 0 (interrupt on terminal count), count 10000, low "
		    "byte, BCD, gate down, latched count 0x0099");
	expect_line("the speaker is on");
}

static const char *message(uint64_t addr, uint32_t data)
{
	strbuf_clear(&out);
	arch_msi_describe(addr, data, &out);
	return strbuf_str(&out);
}

Test(irqchip, messages)
{
	cr_expect_str_eq(message(0xfee00000, 0x41), "vector 0x41 to APIC 0x0");
	cr_expect_str_eq(message(0xfee0300c, 0x4122),
			 "vector 0x22 lowest priority to logical 0x3 (any of them)");
	cr_expect_str_eq(message(0xfee01000, 0xc400), "NMI to APIC 0x1, level");
	cr_expect_str_eq(message(0x10fee00000, 0x41), "nowhere: the address is not a local APIC's");
	cr_expect_str_eq(message(0, 0), "nowhere: the address is not a local APIC's");
}
