// SPDX-License-Identifier: GPL-3.0-or-later
/* What the MMIO transport has alone; the rest is in test_transport.c. (Virtio 1.2, 4.2) */
#include <criterion/criterion.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <unistd.h>

#include "devices/virtio/mmio.h"
#include "hv/control_device.h"
#include "tests/unit-virtio/card.h"

static struct card c;

static void open_card(const char *const *options, const char *name)
{
	fake_watch_irqs();
	card_open(&c, options, name);
}

static void setup(void)
{
	static const char *const options[] = { "virtio-rng,transport=mmio", NULL };

	open_card(options, "rng0");
}

static void teardown(void)
{
	card_close(&c);
}

TestSuite(virtio_mmio, .init = setup, .fini = teardown, .timeout = 60);
TestSuite(virtio_mmio_options, .timeout = 60);

static uint32_t get(unsigned reg)
{
	return (uint32_t)card_get(&c, VIRTIO_MMIO_BASE + reg, 4);
}

static void set(unsigned reg, uint32_t value)
{
	card_set(&c, VIRTIO_MMIO_BASE + reg, 4, value);
}

static void ask(uint64_t gpa, uint32_t len)
{
	const struct driver_buffer b = { gpa, len, true };

	cr_assert_geq(driver_add(&c.queue[0], &b, 1, 0), 0);
	card_ring(&c, 0);
}

/* ---- registers ---- */

Test(virtio_mmio, identity)
{
	cr_expect_eq(get(VIRTIO_MMIO_DEVICE_ID), (uint32_t)VIRTIO_ID_RNG);
	cr_expect_eq(get(VIRTIO_MMIO_VENDOR_ID), 0x1af4u);
	cr_expect_null(c.dev->pci);
	cr_expect_eq(c.dev->irq, VIRTIO_MMIO_GSI);
	cr_expect_eq(get(VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX, "4.2.2: no such region");
	cr_expect_eq(get(VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
}

Test(virtio_mmio, a_queue_that_there_is_not)
{
	static const uint32_t none[] = { 1, VIRTIO_QUEUES_MAX, 0x10000, UINT32_MAX };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		set(VIRTIO_MMIO_QUEUE_SEL, none[i]);
		cr_expect_eq(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0u);
		set(VIRTIO_MMIO_QUEUE_NUM, 8);
		set(VIRTIO_MMIO_QUEUE_DESC_LOW, ~0u);
		set(VIRTIO_MMIO_QUEUE_READY, 1);
		cr_expect_eq(get(VIRTIO_MMIO_QUEUE_READY), 0u);
	}
	set(VIRTIO_MMIO_QUEUE_SEL, 0);
	cr_expect_gt(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0u);
}

Test(virtio_mmio, an_address_is_two_halves)
{
	struct strbuf sb = STRBUF_INIT;

	set(VIRTIO_MMIO_QUEUE_DESC_HIGH, 0x12);
	set(VIRTIO_MMIO_QUEUE_DESC_LOW, 0x34567000);
	device_describe(c.dev, &sb);
	cr_expect_not_null(strstr(strbuf_str(&sb), "queue_desc = 0x0000001234567000\n"), "%s",
			   strbuf_str(&sb));
	strbuf_free(&sb);
}

Test(virtio_mmio, a_queue_can_be_taken_back_before_it_works)
{
	uint32_t len;

	cr_assert(card_negotiate(&c, 0));
	card_queue(&c, 0, 0, 8);
	cr_expect_eq(get(VIRTIO_MMIO_QUEUE_READY), 1u);
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	cr_expect_eq(get(VIRTIO_MMIO_QUEUE_READY), 0u);
	card_queue(&c, 0, 0, 16);
	cr_expect_eq(device_reg_peek(c.dev, device_reg_find(c.dev, "queue_size")), 16u);
	card_status(&c, VIRTIO_CONFIG_S_DRIVER_OK);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	cr_expect_eq(len, 64u);
	/* While it works that takes a reset. */
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	cr_expect_eq(get(VIRTIO_MMIO_QUEUE_READY), 1u);
}

/* Linux takes the rings' memory back without looking whether the status reads as 0. */
Test(virtio_mmio, a_reset_is_over_when_it_is_written)
{
	for (unsigned round = 0; round < 100; round++) {
		card_start(&c, 0, 32);
		for (unsigned i = 0; i < round % 20; i++)
			ask(CARD_DATA, 64);
		set(VIRTIO_MMIO_STATUS, 0);
		cr_assert_eq(get(VIRTIO_MMIO_STATUS), 0u);
		cr_assert_eq(get(VIRTIO_MMIO_QUEUE_READY), 0u);
		cr_assert_eq(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0u);
	}
}

Test(virtio_mmio, the_line_is_up_until_all_is_acknowledged)
{
	uint32_t len;

	card_start(&c, 0, 8);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	ask(CARD_RAM, 64); /* not RAM */
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	CARD_WAIT(get(VIRTIO_MMIO_INTERRUPT_STATUS) ==
		  (VIRTIO_MMIO_INT_VRING | VIRTIO_MMIO_INT_CONFIG));
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	cr_expect_eq(get(VIRTIO_MMIO_INTERRUPT_STATUS), (uint32_t)VIRTIO_MMIO_INT_CONFIG);
	cr_expect(fake_irq_level(VIRTIO_MMIO_GSI));
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_CONFIG);
	cr_expect_not(fake_irq_level(VIRTIO_MMIO_GSI));
	cr_expect_eq(fake_irq_edges(VIRTIO_MMIO_GSI), 1u);
}

Test(virtio_mmio, a_doorbell_of_no_queue)
{
	uint32_t len;

	card_start(&c, 0, 8);
	driver_add(&c.queue[0], &(struct driver_buffer){ CARD_DATA, 64, true }, 1, 0);
	card_ring(&c, 1);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0x10000);
	cr_expect_eq(driver_get(&c.queue[0], &len), -1);
	card_ring(&c, 0);
	card_wait_used(&c, 0, &len);
}

/* ---- what goes wrong ---- */

Test(virtio_mmio, faults)
{
	struct error err;
	uint32_t len;

	card_start(&c, 0, 8);
	cr_assert_eq(control_inject(&c.f->m, "rng0", FAULT_SPURIOUS_IRQ, &err), 0);
	cr_expect_eq(fake_irq_edges(VIRTIO_MMIO_GSI), 1u);
	cr_assert_eq(control_inject(&c.f->m, "rng0", FAULT_LOST_IRQ, &err), 0);
	ask(CARD_DATA, 64);
	card_wait_used(&c, 0, &len);
	CARD_WAIT(get(VIRTIO_MMIO_INTERRUPT_STATUS));
	cr_expect_eq(fake_irq_edges(VIRTIO_MMIO_GSI), 1u, "it is lost");
	cr_expect_eq(card_take_isr(&c), VIRTIO_MMIO_INT_VRING);
	cr_assert_eq(control_inject(&c.f->m, "rng0", FAULT_ERROR, &err), 0, "%s", err.text);
	ask(CARD_DATA, 64);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	card_start(&c, 0, 8);
	cr_assert_eq(control_inject(&c.f->m, "rng0", FAULT_UNPLUG, &err), 0);
	cr_expect_eq(get(VIRTIO_MMIO_MAGIC_VALUE), UINT32_MAX);
}

/* ---- configuration ---- */

Test(virtio_mmio_options, the_configuration_is_behind_the_registers)
{
	static const char *const options[] = { "virtio-rng,transport=mmio",
					       "virtio-net,transport=mmio,mac=52:54:00:0a:0b:0c",
					       "virtio-9p-device,path=/,mount_tag=root", NULL };
	static const uint8_t mac[] = { 0x52, 0x54, 0x00, 0x0a, 0x0b, 0x0c };

	card_open(&c, options, "net0");
	cr_expect_eq(c.dev->irq, VIRTIO_MMIO_GSI + 1);
	for (unsigned i = 0; i < sizeof(mac); i++)
		cr_expect_eq(card_get(&c, c.config + i, 1), mac[i]);
	c.dev = device_find(&c.f->m, "share0");
	cr_expect_eq(card_get(&c, c.dev->ranges[0].bus.base + VIRTIO_MMIO_CONFIG + 2, 4),
		     0x746f6f72u, "the tag");
	card_close(&c);
}

static void expect_refusal(const char *const *options, const char *text)
{
	struct error err = { "" };
	struct fake *f = fake_create();

	f->cfg.devices = options;
	cr_expect_lt(devices_create(&f->m, &f->cfg, &err), 0);
	cr_expect_str_eq(err.text, text);
	fake_destroy(f);
}

Test(virtio_mmio_options, refusals)
{
	static const char *const nine[] = {
		"virtio-rng-device", "virtio-rng-device",
		"virtio-rng-device", "virtio-rng-device",
		"virtio-rng-device", "virtio-rng-device",
		"virtio-rng-device", "virtio-rng-device",
		"virtio-rng-device", NULL,
	};
	static const char *const unknown[] = { "virtio-rng,transport=ccw", NULL };
	static const char *const both[] = { "virtio-rng-pci,transport=mmio", NULL };

	expect_refusal(nine, "rng8: there are 8 virtio devices on MMIO already");
	expect_refusal(unknown,
		       "-device virtio-rng: transport=ccw is unknown: there are pci and mmio");
	expect_refusal(both, "-device virtio-rng-pci: its name says pci, transport=mmio");
}
