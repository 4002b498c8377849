// SPDX-License-Identifier: GPL-3.0-or-later
/* What the PCI transport has alone, with virtio-rng as the example; the rest is in
 * test_transport.c. */
#include <criterion/criterion.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "devices/virtio/pci.h"
#include "tests/unit-virtio/card.h"

static struct card c;

static void setup(void)
{
	static const char *const options[] = { "virtio-rng,packed=on", NULL };

	fake_watch_irqs();
	card_open(&c, options, "rng0");
}

static void teardown(void)
{
	card_close(&c);
}

TestSuite(virtio_pci, .init = setup, .fini = teardown, .timeout = 60);

static void ask(uint64_t gpa, uint32_t len)
{
	const struct driver_buffer b = { gpa, len, true };

	cr_assert_geq(driver_add(&c.queue[0], &b, 1, 0), 0);
	if (driver_should_notify(&c.queue[0]))
		card_ring(&c, 0);
}

/* ---- who it is ---- */

Test(virtio_pci, identity)
{
	cr_expect_eq(c.fn->config[PCI_VENDOR_ID] | c.fn->config[PCI_VENDOR_ID + 1] << 8, 0x1af4);
	cr_expect_eq(c.fn->config[PCI_DEVICE_ID] | c.fn->config[PCI_DEVICE_ID + 1] << 8, 0x1044);
	cr_expect_geq(c.fn->config[PCI_REVISION_ID], 1, "not transitional");
	cr_expect_eq(CARD_GET(&c, NUMQ, 2), 1u);
	cr_expect_eq(c.config, 0u, "it has no configuration");
}

Test(virtio_pci, a_queue_that_there_is_not)
{
	CARD_SET(&c, Q_SELECT, 2, 1);
	cr_expect_eq(CARD_GET(&c, Q_SIZE, 2), 0u);
	CARD_SET(&c, Q_SIZE, 2, 8);
	CARD_SET(&c, Q_ENABLE, 2, 1);
	CARD_SET(&c, Q_DESCLO, 8, ~0ull);
	CARD_SET(&c, Q_MSIX, 2, 0);
	cr_expect_eq(CARD_GET(&c, Q_ENABLE, 2), 0u);
}

/* ---- by way of the configuration (4.1.4.9) ---- */

static unsigned find_window(void)
{
	unsigned at = c.fn->config[PCI_CAPABILITY_LIST];

	while (at && (c.fn->config[at] != PCI_CAP_ID_VNDR ||
		      c.fn->config[at + VIRTIO_PCI_CAP_CFG_TYPE] != VIRTIO_PCI_CAP_PCI_CFG))
		at = c.fn->config[at + PCI_CAP_LIST_NEXT];
	cr_assert(at, "there is none");
	cr_assert_eq(c.fn->config[at + VIRTIO_PCI_CAP_LEN], sizeof(struct virtio_pci_cfg_cap));
	return at;
}

static void set_window(unsigned bar, uint32_t off, uint32_t len)
{
	unsigned at = find_window();

	card_set_config(&c, at + VIRTIO_PCI_CAP_BAR, 1, bar);
	card_set_config(&c, at + VIRTIO_PCI_CAP_OFFSET, 4, off);
	card_set_config(&c, at + VIRTIO_PCI_CAP_LENGTH, 4, len);
}

static uint32_t window_get(unsigned size)
{
	return (uint32_t)pci_config_read(&c.f->m, c.fn->slot << 3, find_window() + 16, size);
}

Test(virtio_pci, the_bars_by_way_of_the_configuration)
{
	unsigned devfn = c.fn->slot << 3;
	uint32_t len;

	/* Whether they are decoded or not. */
	card_set_config(&c, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	set_window(0, VIRTIO_PCI_COMMON_DFSELECT, 4);
	card_set_config(&c, find_window() + 16, 4, 1);
	set_window(0, VIRTIO_PCI_COMMON_DF, 4);
	cr_expect_eq(window_get(4),
		     VIRTIO_BIT(VIRTIO_F_VERSION_1) >> 32 | VIRTIO_BIT(VIRTIO_F_RING_PACKED) >> 32);
	set_window(0, VIRTIO_PCI_COMMON_STATUS, 1);
	/* Of four bytes the first counts. */
	card_set_config(&c, find_window() + 16, 4, 0xffffff01);
	cr_expect_eq(window_get(1), 1u);
	card_set_config(&c, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bus_write(&c.f->m.mmio, 0, 1, 0);
	/* A doorbell, and the ISR, which a look leaves alone. */
	card_start(&c, 0, 8);
	driver_add(&c.queue[0], &(struct driver_buffer){ CARD_DATA, 64, true }, 1, 0);
	set_window(0, VIRTIO_SPACE_NOTIFY, 2);
	card_set_config(&c, find_window() + 16, 2, 0);
	card_wait_used(&c, 0, &len);
	CARD_WAIT(fake_irq_level(pci_intx_gsi(c.fn)));
	set_window(0, VIRTIO_SPACE_ISR, 1);
	pci_config_peek(&c.f->m, devfn, find_window() + 16, 4);
	cr_expect(fake_irq_level(pci_intx_gsi(c.fn)));
	cr_expect_eq(window_get(1), 1u);
	cr_expect_not(fake_irq_level(pci_intx_gsi(c.fn)));
}

Test(virtio_pci, places_that_there_are_not)
{
	static const struct {
		unsigned bar;
		uint32_t off, len;
	} rows[] = { { 2, 0, 4 },	   { 6, 0, 4 },
		     { 255, 0, 4 },	   { 0, VIRTIO_SPACE_SIZE, 4 },
		     { 0, 0xffffffff, 1 }, { 0, 0xfffffffc, 4 },
		     { 0, 2, 4 },	   { 0, 0, 3 },
		     { 0, 0, 0 },	   { 0, 0, 0x80000004 } };

	card_reset(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_window(rows[i].bar, rows[i].off, rows[i].len);
		card_set_config(&c, find_window() + 16, 4, 0x01010101);
		cr_expect_eq(window_get(4), 0x01010101u, "row %zu: what was written stays", i);
	}
	/* MSI-X's own BAR is there. */
	set_window(1, PCI_MSIX_ENTRY_DATA, 4);
	card_set_config(&c, find_window() + 16, 4, 0x1234);
	cr_expect_eq(card_get(&c, c.msix + PCI_MSIX_ENTRY_DATA, 4), 0x1234u);
}

/* ---- at work ---- */

Test(virtio_pci, a_message_for_each_queue)
{
	uint32_t len;

	card_start(&c, 0, 8);
	card_use_msix(&c);
	cr_expect_eq(CARD_GET(&c, MSIX, 2), 0u);
	CARD_SET(&c, MSIX, 2, 2);
	cr_expect_eq(CARD_GET(&c, MSIX, 2), 0xffffu, "there are two");
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	CARD_WAIT((fake_run(c.f), fake_traced("msi 0xfee00000 0x4001\n") == 1));
	cr_expect_eq(card_get(&c, c.isr, 1), 0u);
}

Test(virtio_pci, nothing_without_bus_mastering)
{
	uint32_t len;

	card_start(&c, 0, 8);
	card_set_config(&c, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	ask(CARD_DATA, 64);
	card_set_config(&c, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	card_ring(&c, 0);
	card_wait_used(&c, 0, &len);
	card_set_config(&c, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	ask(CARD_DATA, 64);
	card_reset(&c);
	cr_expect_eq(driver_get(&c.queue[0], &len), -1);
}
