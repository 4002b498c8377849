// SPDX-License-Identifier: GPL-3.0-or-later
/* The PCI transport and what every virtio device has in common, with virtio-rng as the example. */
#include <criterion/criterion.h>
#include <linux/pci_regs.h>
#include <string.h>
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

static const uint64_t layouts[] = {
	0,
	VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX) | VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC),
	VIRTIO_BIT(VIRTIO_F_RING_PACKED),
	VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX) |
		VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC),
};
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static void ask(uint64_t gpa, uint32_t len)
{
	const struct driver_buffer b = { gpa, len, true };

	cr_assert_geq(driver_add(&c.queue[0], &b, 1, 0), 0);
	if (driver_should_notify(&c.queue[0]))
		card_ring(&c, 0);
}

static bool is_filled(uint64_t gpa, uint32_t len)
{
	const uint8_t *p = card_ram(&c, gpa, len);
	unsigned zeroes = 0;

	for (uint32_t i = 0; i < len; i++)
		zeroes += !p[i];
	return zeroes < len / 8;
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

/* ---- negotiation ---- */

Test(virtio_pci, features_are_refused_that_were_not_offered)
{
	uint64_t all = card_features(&c);

	cr_expect(all & VIRTIO_BIT(VIRTIO_F_VERSION_1));
	cr_expect(all & VIRTIO_BIT(VIRTIO_F_RING_PACKED));
	CARD_SET(&c, DFSELECT, 4, 2);
	cr_expect_eq(CARD_GET(&c, DF, 4), 0u);
	cr_expect(card_negotiate(&c, all));
	cr_expect_not(card_negotiate(&c, all | 1));
	cr_expect_not(card_negotiate(&c, VIRTIO_BIT(VIRTIO_F_SR_IOV)));
	/* Then there is no way on. */
	card_status(&c, VIRTIO_CONFIG_S_DRIVER_OK);
	cr_expect_eq(CARD_GET(&c, STATUS, 1), VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
}

Test(virtio_pci, a_driver_without_version_1_is_refused)
{
	card_reset(&c);
	card_status(&c, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	card_status(&c, VIRTIO_CONFIG_S_FEATURES_OK);
	cr_expect_not(CARD_GET(&c, STATUS, 1) & VIRTIO_CONFIG_S_FEATURES_OK);
}

Test(virtio_pci, features_are_settled_when_they_are_accepted)
{
	cr_assert(card_negotiate(&c, 0));
	CARD_SET(&c, GFSELECT, 4, 0);
	CARD_SET(&c, GF, 4, 0xffffffff);
	cr_expect_eq(CARD_GET(&c, GF, 4), 0u);
	CARD_SET(&c, STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	cr_expect(CARD_GET(&c, STATUS, 1) & VIRTIO_CONFIG_S_FEATURES_OK, "bits stay set");
	CARD_SET(&c, STATUS, 1, 0xff);
	cr_expect_not(CARD_GET(&c, STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET, "the device's own");
}

/* ---- at work ---- */

Test(virtio_pci, buffers_are_served_in_every_layout)
{
	uint32_t len;

	for (size_t i = 0; i < LAYOUTS; i++) {
		card_start(&c, layouts[i], 16);
		for (unsigned round = 0; round < 50; round++) {
			memset(card_ram(&c, CARD_DATA, 4096), 0, 4096);
			ask(CARD_DATA, 256);
			ask(CARD_DATA + 256, 1000);
			card_wait_used(&c, 0, &len);
			cr_assert_eq(len, 256u);
			card_wait_used(&c, 0, &len);
			cr_assert_eq(len, 1000u);
			cr_assert(is_filled(CARD_DATA, 1256));
		}
	}
}

Test(virtio_pci, what_was_there_before_driver_ok_is_served_after_it)
{
	const struct driver_buffer b = { CARD_DATA, 64, true };
	uint32_t len;

	cr_assert(card_negotiate(&c, 0));
	card_queue(&c, 0, 0, 8);
	driver_add(&c.queue[0], &b, 1, 0);
	card_ring(&c, 0);
	cr_expect_eq(driver_get(&c.queue[0], &len), -1);
	card_status(&c, VIRTIO_CONFIG_S_DRIVER_OK);
	card_wait_used(&c, 0, &len);
	cr_expect_eq(len, 64u);
}

Test(virtio_pci, an_interrupt_on_the_line)
{
	int gsi = pci_intx_gsi(c.fn);
	uint32_t len;

	card_start(&c, 0, 8);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	CARD_WAIT(fake_irq_level(gsi));
	cr_expect_eq(card_get(&c, c.isr, 1), 1u);
	cr_expect_eq(card_get(&c, c.isr, 1), 0u, "reading clears it");
	cr_expect_not(fake_irq_level(gsi));
	driver_want_interrupt(&c.queue[0], false);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	card_reset(&c); /* … after all that was to come has come */
	cr_expect_eq(fake_irq_edges(gsi), 1u);
}

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

/* ---- what goes wrong ---- */

Test(virtio_pci, a_broken_queue_needs_a_reset)
{
	int gsi = pci_intx_gsi(c.fn);
	uint32_t len;

	for (size_t i = 0; i < LAYOUTS; i++) {
		card_start(&c, layouts[i], 8);
		ask(CARD_RAM, 64);
		card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
		CARD_WAIT(fake_irq_level(gsi));
		cr_expect(card_get(&c, c.isr, 1) & VIRTIO_PCI_ISR_CONFIG);
		ask(CARD_DATA, 64);
		card_ring(&c, 0);
		card_start(&c, layouts[i], 8);
		cr_expect_not(CARD_GET(&c, STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
		ask(CARD_DATA, 64);
		card_wait_used(&c, 0, &len);
		cr_expect_eq(len, 64u);
	}
}

Test(virtio_pci, rings_that_are_nowhere)
{
	cr_assert(card_negotiate(&c, 0));
	card_queue(&c, 0, 0, 8);
	CARD_SET(&c, Q_DESCLO, 8, 0); /* too late */
	cr_expect_eq(CARD_GET(&c, Q_DESCLO, 8), c.queue[0].cfg.desc);
	card_reset(&c);
	cr_assert(card_negotiate(&c, 0));
	CARD_SET(&c, Q_DESCLO, 8, 1ull << 40);
	CARD_SET(&c, Q_ENABLE, 2, 1);
	card_status(&c, VIRTIO_CONFIG_S_DRIVER_OK);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
}

Test(virtio_pci, resets_while_it_works)
{
	for (unsigned round = 0; round < 200; round++) {
		card_start(&c, layouts[round % LAYOUTS], 32);
		for (unsigned i = 0; i < round % 20; i++)
			ask(CARD_DATA, 64);
		if (round % 3)
			card_reset(&c);
		else if (round % 2)
			CARD_SET(&c, STATUS, 1, 0);
		else
			devices_reset(&c.f->m);
		if (!(round % 3)) {
			card_set_config(&c, PCI_COMMAND, 2,
					PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
			bus_write(&c.f->m.mmio, 0, 1, 0);
		}
	}
}

/* ---- for people ---- */

Test(virtio_pci, a_person_sees_registers_and_queues)
{
	struct strbuf sb = STRBUF_INIT;
	uint32_t len;

	card_start(&c, 0, 8);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	ask(CARD_RAM, 64);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	device_describe(c.dev, &sb);
	cr_expect_not_null(strstr(strbuf_str(&sb), "device_status = 0x4f [ACKNOWLEDGE DRIVER "
						   "DRIVER_OK FEATURES_OK NEEDS_RESET]"),
			   "%s", strbuf_str(&sb));
	cr_expect_not_null(strstr(strbuf_str(&sb), "queue_size = 0x0008"));
	cr_expect_not_null(strstr(strbuf_str(&sb), "queue 0: split, 8 descriptors at 0x10000"));
	cr_expect_not_null(strstr(strbuf_str(&sb), "broken: a buffer that is not RAM"));
	strbuf_free(&sb);
}

/* ---- options ---- */

Test(virtio_options, features_can_be_left_out)
{
	static const char *const options[] = { "virtio-rng,event_idx=off,indirect_desc=off", NULL };
	uint64_t features;

	card_open(&c, options, "rng0");
	features = card_features(&c);
	cr_expect_eq(features, VIRTIO_BIT(VIRTIO_F_VERSION_1));
	card_close(&c);
}

Test(virtio_options, one_that_there_is_not)
{
	static const char *const options[] = { "virtio-rng,colour=red", NULL };
	struct error err = { "" };
	struct fake *f = fake_create();

	f->cfg.devices = options;
	cr_expect_lt(devices_create(&f->m, &f->cfg, &err), 0);
	cr_expect_str_eq(err.text, "-device: there is no option 'colour'");
	fake_destroy(f);
}
