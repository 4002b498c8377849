// SPDX-License-Identifier: GPL-3.0-or-later
/* What the card is: its face on PCI, EEPROM, transceiver, link, interrupts. */
#include <linux/pci_regs.h>
#include <string.h>

#include "hv/control_device.h"
#include "tests/unit-e1000/nic.h"

static struct nic n;

static void setup(void)
{
	fake_watch_irqs();
	nic_open(&n, false);
}

static void teardown(void)
{
	nic_close(&n);
}

TestSuite(e1000_card, .init = setup, .fini = teardown, .timeout = 120);

Test(e1000_card, identity)
{
	struct machine *m = &n.f->m;
	unsigned devfn = n.fn->slot << 3;

	cr_expect_eq(pci_config_read(m, devfn, PCI_VENDOR_ID, 4), 0x100e8086u);
	cr_expect_eq(pci_config_read(m, devfn, PCI_CLASS_REVISION, 4) >> 8, 0x020000u);
	cr_expect_eq(pci_config_read(m, devfn, PCI_SUBSYSTEM_VENDOR_ID, 4), 0x001e8086u);
	cr_expect_eq(pci_config_read(m, devfn, PCI_INTERRUPT_PIN, 1), 1u);
	pci_config_write(m, devfn, PCI_BASE_ADDRESS_0, 4, UINT32_MAX);
	cr_expect_eq(pci_config_read(m, devfn, PCI_BASE_ADDRESS_0, 4), 0xfffe0000u, "128 KiB");
}

Test(e1000_card, address)
{
	cr_expect_eq(nic_get(&n, E1000_RA), 0x12005452u);
	cr_expect_eq(nic_get(&n, E1000_RA + 4), RAH_AV | 0x5634u);
	nic_set(&n, E1000_RA, 7);
	nic_set(&n, E1000_CTRL, CTRL_RST);
	cr_expect_eq(nic_get(&n, E1000_RA), 0x12005452u, "a reset takes it from the EEPROM");
}

/* ---- EEPROM ---- */

static uint16_t by_eerd(unsigned word)
{
	nic_set(&n, E1000_EERD, word << 8 | EERD_START);
	cr_assert(nic_get(&n, E1000_EERD) & EERD_DONE);
	return (uint16_t)(nic_get(&n, E1000_EERD) >> 16);
}

/* As the manual's 5.3.1 has it: data is set while the clock is low, and taken when it rises. */
static void clock_out(uint32_t bits, unsigned count)
{
	while (count--) {
		uint32_t lines = EECD_REQ | EECD_CS | (bits >> count & 1 ? EECD_DI : 0);

		nic_set(&n, E1000_EECD, lines);
		nic_set(&n, E1000_EECD, lines | EECD_SK);
		nic_set(&n, E1000_EECD, lines);
	}
}

static uint16_t clock_in(void)
{
	uint16_t word = 0;

	for (unsigned i = 0; i < 16; i++) {
		nic_set(&n, E1000_EECD, EECD_REQ | EECD_CS | EECD_SK);
		word = (uint16_t)(word << 1 | ((nic_get(&n, E1000_EECD) & EECD_DO) != 0));
		nic_set(&n, E1000_EECD, EECD_REQ | EECD_CS);
	}
	return word;
}

static void deselect(void)
{
	nic_set(&n, E1000_EECD, EECD_REQ);
	nic_set(&n, E1000_EECD, EECD_REQ | EECD_SK);
}

static uint16_t by_wire(unsigned word)
{
	uint16_t value;

	clock_out(6, 3); /* start, READ */
	clock_out(word, 6);
	value = clock_in();
	deselect();
	return value;
}

Test(e1000_card, eeprom)
{
	uint16_t sum = 0;

	nic_set(&n, E1000_EECD, EECD_REQ);
	cr_expect(nic_get(&n, E1000_EECD) & EECD_GNT);
	for (unsigned i = 0; i < 64; i++) {
		cr_expect_eq(by_wire(i), by_eerd(i), "word %u", i);
		sum += by_eerd(i);
	}
	cr_expect_eq(sum, 0xbaba);
	cr_expect_eq(by_eerd(0), 0x5452);
	cr_expect_eq(by_eerd(0x0d), 0x100e);
	cr_expect_eq(by_eerd(200), 0xffff, "there is no such word");
}

Test(e1000_card, eeprom_reads_on)
{
	uint16_t first, second;

	clock_out(6, 3);
	clock_out(0, 6);
	first = clock_in();
	second = clock_in();
	deselect();
	cr_expect_eq(first, by_eerd(0));
	cr_expect_eq(second, by_eerd(1));
}

static void write_word(unsigned word, uint16_t value)
{
	clock_out(5, 3);
	clock_out(word, 6);
	clock_out(value, 16);
	deselect();
	cr_expect(nic_get(&n, E1000_EECD) & EECD_DO, "ready");
}

Test(e1000_card, eeprom_is_written_when_that_is_enabled)
{
	write_word(5, 0x1234);
	cr_expect_eq(by_eerd(5), 0xffff);
	clock_out(0x13, 5); /* EWEN */
	clock_out(0, 4);
	deselect();
	write_word(5, 0x1234);
	cr_expect_eq(by_eerd(5), 0x1234);
	clock_out(7, 3); /* ERASE */
	clock_out(5, 6);
	deselect();
	cr_expect_eq(by_eerd(5), 0xffff);
	clock_out(0x10, 5); /* EWDS */
	clock_out(0, 4);
	deselect();
	write_word(5, 0x1234);
	cr_expect_eq(by_eerd(5), 0xffff);
	write_word(0, 0);
	devices_reset(&n.f->m);
	cr_expect_eq(nic_peek(&n, "ral0"), 0x12005452u);
}

/* ---- the link ---- */

static void plug(bool in)
{
	struct error err;

	cr_assert_eq(control_set_link(&n.f->m, "n", in, &err), 0, "%s", err.text);
}

Test(e1000_card, transceiver)
{
	cr_expect_eq(nic_phy(&n, PHY_ID1), 0x0141);
	cr_expect_eq(nic_phy(&n, PHY_ID2), 0x0c20);
	nic_set(&n, E1000_MDIC, MDIC_READ | 2u << 21 | PHY_ID1 << 16);
	cr_expect_eq(nic_get(&n, E1000_MDIC) & (MDIC_R | MDIC_E), MDIC_R | MDIC_E,
		     "nobody has address 2");
	nic_set(&n, E1000_ICR, UINT32_MAX);
	nic_set(&n, E1000_MDIC, MDIC_READ | MDIC_I | 1u << 21);
	cr_expect_eq(nic_get(&n, E1000_ICR), ICR_MDAC);
}

Test(e1000_card, link_comes_and_goes)
{
	cr_expect_not(nic_get(&n, E1000_STATUS) & STATUS_LU, "it takes a moment");
	nic_wait_for_link(&n);
	cr_expect_eq(nic_get(&n, E1000_ICR), ICR_LSC);
	cr_expect_eq(nic_get(&n, E1000_STATUS) & (STATUS_FD | 3u << STATUS_SPEED),
		     STATUS_FD | 2u << STATUS_SPEED);
	cr_expect_not(nic_phy(&n, PHY_STATUS) & 4, "it was down");
	cr_expect(nic_phy(&n, PHY_STATUS) & 4);
	plug(false);
	cr_expect_eq(nic_get(&n, E1000_ICR), ICR_LSC);
	cr_expect_not(nic_get(&n, E1000_STATUS) & STATUS_LU);
	plug(true);
	nic_wait_for_link(&n);
	cr_expect_eq(nic_peek(&n, "phy_status") & 4, 0u, "a look is not the read");
	cr_expect_not(nic_phy(&n, PHY_STATUS) & 4, "it was down meanwhile");
	cr_expect(nic_phy(&n, PHY_STATUS) & 4);
	nic_set(&n, E1000_CTRL, CTRL_FD);
	cr_expect_not(nic_get(&n, E1000_STATUS) & STATUS_LU, "SLU");
}

Test(e1000_card, negotiates_the_best_of_what_is_offered)
{
	nic_set_phy(&n, PHY_1000T_CTRL, 0);
	nic_set_phy(&n, PHY_ANEG_ADV, 0x00e1); /* not 100 at full duplex */
	nic_set_phy(&n, PHY_CTRL, 0x1200);
	cr_expect_eq(nic_phy(&n, PHY_CTRL), 0x1000, "RESTART clears itself");
	nic_wait_for_link(&n);
	cr_expect_eq(nic_get(&n, E1000_STATUS) & (STATUS_FD | 3u << STATUS_SPEED),
		     1u << STATUS_SPEED);
	cr_expect_eq(nic_phy(&n, PHY_SPEC_STATUS) >> 13, 2u);
	nic_set_phy(&n, PHY_CTRL, 0x0100); /* 10, full duplex, by force */
	cr_expect_eq(nic_get(&n, E1000_STATUS) & (STATUS_LU | STATUS_FD | 3u << STATUS_SPEED),
		     STATUS_LU | STATUS_FD);
	nic_set_phy(&n, PHY_CTRL, 0x0800);
	cr_expect_not(nic_get(&n, E1000_STATUS) & STATUS_LU, "powered down");
	nic_set(&n, E1000_CTRL, CTRL_SLU | CTRL_PHY_RST);
	nic_wait_for_link(&n);
	cr_expect_eq(nic_phy(&n, PHY_CTRL), 0x1140);
}

/* ---- interrupts ---- */

Test(e1000_card, causes_and_masks)
{
	nic_set(&n, E1000_ICS, ICR_TXDW);
	cr_expect_not(fake_irq_level(NIC_GSI), "nothing interrupts yet");
	nic_set(&n, E1000_IMS, ICR_TXDW);
	nic_set(&n, E1000_IMS, ICR_RXT0);
	cr_expect_eq(nic_get(&n, E1000_IMS), ICR_TXDW | ICR_RXT0);
	cr_expect(fake_irq_level(NIC_GSI));
	cr_expect_eq(nic_peek(&n, "icr"), ICR_TXDW);
	cr_expect_eq(nic_get(&n, E1000_ICR), ICR_TXDW, "a look has not cleared it");
	cr_expect_not(fake_irq_level(NIC_GSI));
	cr_expect_eq(nic_get(&n, E1000_ICR), 0u);
	nic_set(&n, E1000_ICS, ICR_RXT0 | ICR_TXDW);
	cr_expect(fake_irq_level(NIC_GSI));
	nic_set(&n, E1000_ICR, ICR_RXT0);
	cr_expect(fake_irq_level(NIC_GSI), "there is another one");
	nic_set(&n, E1000_IMC, ICR_TXDW);
	cr_expect_not(fake_irq_level(NIC_GSI));
	cr_expect_eq(nic_get(&n, E1000_ICR), ICR_TXDW);
}

Test(e1000_card, throttle)
{
	nic_set(&n, E1000_IMS, ICR_TXDW);
	nic_set(&n, E1000_ITR, 0xffff); /* 17 ms */
	nic_set(&n, E1000_ICS, ICR_TXDW);
	cr_expect(fake_irq_level(NIC_GSI), "the first one at once");
	nic_get(&n, E1000_ICR);
	nic_set(&n, E1000_ITR, 0xffff);
	to_e1000(n.dev)->irq.next = UINT64_MAX / 2;
	nic_set(&n, E1000_ICS, ICR_TXDW);
	cr_expect_not(fake_irq_level(NIC_GSI));
	pthread_mutex_lock(&n.dev->lock);
	to_e1000(n.dev)->irq.next = hv_clock_now(n.f->m.timers, HV_CLOCK_GUEST) + 1000000;
	e1000_raise(to_e1000(n.dev), 0);
	hv_timer_arm(to_e1000(n.dev)->irq.timer, to_e1000(n.dev)->irq.next);
	pthread_mutex_unlock(&n.dev->lock);
	NIC_WAIT(&n, fake_irq_level(NIC_GSI));
}

Test(e1000_card, message)
{
	struct machine *m = &n.f->m;
	unsigned devfn = n.fn->slot << 3, at = n.fn->msi;

	pci_config_write(m, devfn, at + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
	pci_config_write(m, devfn, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	nic_set(&n, E1000_IMS, ICR_TXDW);
	nic_set(&n, E1000_ICS, ICR_TXDW);
	nic_set(&n, E1000_ICS, ICR_TXDW);
	cr_expect_eq(fake_traced("msi 0xfee00000"), 1u);
	nic_get(&n, E1000_ICR);
	nic_set(&n, E1000_ICS, ICR_TXDW);
	cr_expect_eq(fake_traced("msi 0xfee00000"), 2u);
	cr_expect_not(fake_irq_level(NIC_GSI));
}

/* ---- other registers ---- */

Test(e1000_card, through_the_ports)
{
	fake_out(n.f, n.io, 4, E1000_FCAL);
	cr_expect_eq(fake_in(n.f, n.io + 4, 4), 0x00c28001u);
	fake_out(n.f, n.io, 4, E1000_TIPG);
	fake_out(n.f, n.io + 4, 4, 0x00602008);
	cr_expect_eq(nic_get(&n, E1000_TIPG), 0x00602008u);
	cr_expect_eq(fake_in(n.f, n.io, 4), E1000_TIPG);
	fake_out(n.f, n.io, 4, E1000_CTRL);
	fake_out(n.f, n.io + 4, 4, CTRL_RST);
	cr_expect_eq(nic_get(&n, E1000_TIPG), 0u);
	cr_expect_not(nic_get(&n, E1000_CTRL) & CTRL_RST, "it clears itself");
	fake_out(n.f, n.io, 4, E1000_IODATA);
	cr_expect_neq(fake_in(n.f, n.io, 4), E1000_IODATA, "it is not its own window");
}

/* Linux's ethtool test writes these patterns and wants these masks. */
Test(e1000_card, bits_that_are_writable)
{
	static const struct {
		unsigned reg;
		uint32_t mask;
	} rows[] = {
		{ E1000_FCAH, 0xffff },	       { E1000_RDTR, 0xffff },
		{ E1000_RDLEN, 0xfff80 },      { E1000_TDLEN, 0xfff80 },
		{ E1000_FCRTH, 0xfff8 },       { E1000_RDBAL, 0xfffffff0 },
		{ E1000_TDBAL, 0xfffffff0 },   { E1000_TXCW, 0xc000ffff },
		{ E1000_RA + 12, 0x8003ffff }, { E1000_MTA + 4, 0xffffffff },
		{ E1000_TIDV, 0xffff },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		nic_set(&n, rows[i].reg, UINT32_MAX);
		cr_expect_eq(nic_get(&n, rows[i].reg), rows[i].mask, "0x%x", rows[i].reg);
	}
}
