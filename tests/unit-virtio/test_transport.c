// SPDX-License-Identifier: GPL-3.0-or-later
/* What every virtio device does whatever it is on, with virtio-rng as the example: each test on PCI
 * and on MMIO. */
#include <criterion/criterion.h>
#include <linux/virtio_pci.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit-virtio/card.h"

static struct card c;

static void setup_pci(void)
{
	static const char *const options[] = { "virtio-rng,packed=on", NULL };

	fake_watch_irqs();
	card_open(&c, options, "rng0");
}

static void setup_mmio(void)
{
	static const char *const options[] = { "virtio-rng,packed=on,transport=mmio", NULL };

	fake_watch_irqs();
	card_open(&c, options, "rng0");
}

static void teardown(void)
{
	card_close(&c);
}

TestSuite(virtio_on_pci, .init = setup_pci, .fini = teardown, .timeout = 60);
TestSuite(virtio_on_mmio, .init = setup_mmio, .fini = teardown, .timeout = 60);

#define ON_BOTH(name)              \
	static void name(void);    \
	Test(virtio_on_pci, name)  \
	{                          \
		name();            \
	}                          \
	Test(virtio_on_mmio, name) \
	{                          \
		name();            \
	}                          \
	static void name(void)

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

/* ---- negotiation ---- */

ON_BOTH(features_are_refused_that_were_not_offered)
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

ON_BOTH(a_driver_without_version_1_is_refused)
{
	card_reset(&c);
	card_status(&c, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	card_status(&c, VIRTIO_CONFIG_S_FEATURES_OK);
	cr_expect_not(CARD_GET(&c, STATUS, 1) & VIRTIO_CONFIG_S_FEATURES_OK);
}

ON_BOTH(features_are_settled_when_they_are_accepted)
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

ON_BOTH(buffers_are_served_in_every_layout)
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

ON_BOTH(what_was_there_before_driver_ok_is_served_after_it)
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

ON_BOTH(an_interrupt_on_the_line)
{
	int gsi = card_gsi(&c);
	uint32_t len;

	card_start(&c, 0, 8);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	CARD_WAIT(fake_irq_level(gsi));
	cr_expect_eq(card_take_isr(&c), 1u);
	cr_expect_eq(card_take_isr(&c), 0u, "reading clears it");
	cr_expect_not(fake_irq_level(gsi));
	driver_want_interrupt(&c.queue[0], false);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	card_reset(&c); /* … after all that was to come has come */
	cr_expect_eq(fake_irq_edges(gsi), 1u);
}

/* ---- what goes wrong ---- */

ON_BOTH(a_broken_queue_needs_a_reset)
{
	int gsi = card_gsi(&c);
	uint32_t len;

	for (size_t i = 0; i < LAYOUTS; i++) {
		card_start(&c, layouts[i], 8);
		ask(CARD_RAM, 64);
		card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
		CARD_WAIT(fake_irq_level(gsi));
		cr_expect(card_take_isr(&c) & VIRTIO_PCI_ISR_CONFIG);
		ask(CARD_DATA, 64);
		card_ring(&c, 0);
		card_start(&c, layouts[i], 8);
		cr_expect_not(CARD_GET(&c, STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
		ask(CARD_DATA, 64);
		card_wait_used(&c, 0, &len);
		cr_expect_eq(len, 64u);
	}
}

ON_BOTH(rings_that_are_nowhere)
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

ON_BOTH(resets_while_it_works)
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
		if (!(round % 3))
			card_enable(&c);
	}
}

/* ---- for people ---- */

ON_BOTH(a_person_sees_registers_and_queues)
{
	struct strbuf sb = STRBUF_INIT;
	uint32_t len;

	card_start(&c, 0, 8);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	ask(CARD_RAM, 64);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	device_describe(c.dev, &sb);
	cr_expect_not_null(strstr(strbuf_str(&sb), "4f [ACKNOWLEDGE DRIVER "
						   "DRIVER_OK FEATURES_OK NEEDS_RESET]"),
			   "%s", strbuf_str(&sb));
	cr_expect_not_null(strstr(strbuf_str(&sb), "0008\nqueue_"));
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
