// SPDX-License-Identifier: GPL-3.0-or-later
/* virtio-balloon with a driver of the test. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/virtio_balloon.h>
#include <string.h>
#include <unistd.h>

#include "hv/balloon.h"
#include "hv/machine.h"
#include "tests/unit-virtio/card.h"

enum { INFLATE, DEFLATE, STATS };
#define SIZE	   16
#define PAGE	   4096u
#define FIRST	   0x140u /* a page with nothing else in it */
#define RAM_PAGES  (CARD_RAM / PAGE)
#define WITH_STATS VIRTIO_BIT(VIRTIO_BALLOON_F_STATS_VQ)

static struct card c;
static struct error err;

static void open_balloon(const char *option)
{
	const char *devices[] = { option, NULL };

	card_open(&c, devices, "balloon0");
	memset(card_ram(&c, FIRST * PAGE, 32ull * PAGE), 0x55, 32ull * PAGE);
}

static void setup(void)
{
	open_balloon("virtio-balloon,packed=on");
}

static void teardown(void)
{
	card_close(&c);
}

TestSuite(balloon, .init = setup, .fini = teardown, .timeout = 60);

static bool is_given_back(unsigned page)
{
	const uint8_t *p = card_ram(&c, (uint64_t)page * PAGE, PAGE);

	cr_assert(p[0] == 0 || p[0] == 0x55);
	for (unsigned i = 1; i < PAGE; i++)
		cr_assert_eq(p[i], p[0]);
	return !p[0];
}

static void tell(unsigned queue, const uint32_t *pfns, unsigned count)
{
	const struct driver_buffer b = { CARD_DATA, count * 4, false };
	uint32_t used;

	memcpy(card_ram(&c, CARD_DATA, b.len), pfns, b.len);
	cr_assert_geq(driver_add(&c.queue[queue], &b, 1, 0), 0);
	card_ring(&c, queue);
	card_wait_used(&c, queue, &used);
	cr_assert_eq(used, 0u);
}

static struct balloon_info look(void)
{
	struct balloon_info info;

	cr_assert_eq(control_balloon_info(&c.f->m, &info, &err), 0);
	return info;
}

static void pages_come_and_go(uint64_t features)
{
	/* Up, down, alone, the end of RAM, and what is none of it. */
	static const uint32_t pfns[] = { FIRST + 1,  FIRST + 2,	 FIRST + 3,  FIRST + 9,
					 FIRST + 8,  FIRST + 20, FIRST + 20, RAM_PAGES,
					 UINT32_MAX, 0xfee00,	 0xc0000 };

	card_start(&c, features, SIZE);
	tell(INFLATE, pfns, sizeof(pfns) / sizeof(pfns[0]));
	for (unsigned i = 0; i < 32; i++)
		cr_assert_eq(is_given_back(FIRST + i),
			     (i >= 1 && i <= 3) || i == 8 || i == 9 || i == 20, "%u", i);
	cr_assert_eq(look().freed, 7u * PAGE);
	memset(card_ram(&c, FIRST * PAGE, 32ull * PAGE), 0x55, 32ull * PAGE);
	tell(DEFLATE, pfns, 7);
	for (unsigned i = 0; i < 32; i++)
		cr_assert_not(is_given_back(FIRST + i));
}

Test(balloon, pages_by_split_ring)
{
	pages_come_and_go(WITH_STATS);
}

Test(balloon, pages_by_packed_ring)
{
	pages_come_and_go(VIRTIO_BIT(VIRTIO_F_RING_PACKED));
}

Test(balloon, too_many_at_a_time_break_it)
{
	const struct driver_buffer b = { CARD_DATA, 16385 * 4, false };

	card_start(&c, 0, SIZE);
	cr_assert_geq(driver_add(&c.queue[INFLATE], &b, 1, 0), 0);
	card_ring(&c, INFLATE);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
}

/* ---- events ---- */

struct listener {
	struct control_client client;
	unsigned count;
	uint64_t bytes; /* of the last one */
};

static void on_event(struct control_client *client, const struct control_event *ev)
{
	struct listener *l = (struct listener *)client;

	if (ev->kind != CONTROL_BALLOON)
		return;
	l->count++;
	l->bytes = ev->bytes;
}

#define WAIT_FOR_SIZE(l, wanted)                                                         \
	do {                                                                             \
		for (unsigned turn_ = 0; turn_ < 2000 && (l).bytes != (wanted); turn_++) \
			fake_run_for(c.f, 10);                                           \
		cr_assert_eq((l).bytes, wanted);                                         \
	} while (0)

Test(balloon, clients_are_told_when_the_size_changes)
{
	struct listener l = { .client = { .name = "test", .event = on_event } };

	control_attach(&c.f->m, &l.client);
	card_start(&c, WITH_STATS, SIZE);
	card_set(&c, c.config + 4, 4, 0);
	fake_run_for(c.f, 20);
	cr_assert_eq(l.count, 0u, "it is as it was");
	card_set(&c, c.config + 4, 4, 1);
	WAIT_FOR_SIZE(l, CARD_RAM - 1 * PAGE);
	/* Many steps are few events, of which the last says how it is. */
	for (unsigned pages = 2; pages < 100; pages++) {
		card_set(&c, c.config + 4, 4, pages);
		fake_run(c.f);
	}
	WAIT_FOR_SIZE(l, CARD_RAM - 99 * PAGE);
	cr_assert_leq(l.count, 50u);
	devices_reset(&c.f->m);
	WAIT_FOR_SIZE(l, CARD_RAM);
	c.f->m.clients = NULL; /* there are no breakpoints to take along */
}

Test(balloon, the_guest_is_asked)
{
	struct balloon_info i = look();
	unsigned generation;

	cr_assert_not(i.driver);
	cr_assert_eq(i.actual, CARD_RAM);
	cr_assert_eq(i.target, CARD_RAM);
	card_start(&c, WITH_STATS, SIZE);
	generation = (unsigned)CARD_GET(&c, CFGGENERATION, 1);
	cr_assert_eq(control_balloon_resize(&c.f->m, CARD_RAM - 5 * PAGE - 1, &err), 0);
	cr_assert_eq(card_get(&c, c.config, 4), 6u);
	cr_assert_neq(CARD_GET(&c, CFGGENERATION, 1), generation);
	card_set(&c, c.config + 4, 4, 2);
	i = look();
	cr_assert(i.driver);
	cr_assert_eq(i.target, CARD_RAM - 6 * PAGE);
	cr_assert_eq(i.actual, CARD_RAM - 2 * PAGE);
	/* What it says is not believed beyond reason. */
	card_set(&c, c.config + 4, 4, UINT32_MAX);
	cr_assert_eq(look().actual, 0u);
	/* A new driver is asked again, and has given up nothing. */
	devices_reset(&c.f->m);
	cr_assert_eq(look().actual, CARD_RAM);
	cr_assert_eq(look().target, CARD_RAM - 6 * PAGE);
	cr_assert_eq(control_balloon_resize(&c.f->m, UINT64_MAX, &err), 0);
	cr_assert_eq(look().target, CARD_RAM);
	cr_assert_eq(control_balloon_resize(&c.f->m, PAGE - 1, &err), -EINVAL);
}

static void offer_stats(uint64_t free_bytes)
{
	const struct virtio_balloon_stat stats[] = { { VIRTIO_BALLOON_S_MEMFREE, free_bytes },
						     { 999, 1 },
						     { VIRTIO_BALLOON_S_MAJFLT, 7 } };
	const struct driver_buffer b = { CARD_DATA, sizeof(stats), false };

	memcpy(card_ram(&c, CARD_DATA, sizeof(stats)), stats, sizeof(stats));
	cr_assert_geq(driver_add(&c.queue[STATS], &b, 1, 0), 0);
	card_ring(&c, STATS);
}

Test(balloon, statistics)
{
	struct strbuf sb = STRBUF_INIT;
	struct balloon_info i;
	uint32_t used;

	card_start(&c, WITH_STATS, SIZE);
	offer_stats(1 << 20);
	CARD_WAIT((i = look(), i.stat_count == 2));
	cr_assert_str_eq(i.stats[0].name, "free");
	cr_assert_eq(i.stats[0].value, 1u << 20);
	cr_assert_eq(i.stats[1].value, 7u);
	/* Looking asks for new ones: the buffer comes back. */
	card_wait_used(&c, STATS, &used);
	offer_stats(2 << 20);
	CARD_WAIT((i = look(), i.stats[0].value == 2u << 20));
	balloon_describe(&i, &sb);
	cr_assert(strstr(strbuf_str(&sb), "  free: 2048 KiB\n  major faults: 7\n"), "%s",
		  strbuf_str(&sb));
	strbuf_free(&sb);
	/* A reset while it is here. */
	card_reset(&c);
	card_start(&c, WITH_STATS, SIZE);
	offer_stats(3 << 20);
	CARD_WAIT((i = look(), i.stats[0].value == 3u << 20));
}

static void setup_reporting(void)
{
	open_balloon("virtio-balloon,free-page-reporting=on,deflate-on-oom=on");
}

static void report(unsigned queue)
{
	/* The first one's whole pages alone. */
	const struct driver_buffer b[] = { { FIRST * PAGE + 1, 3 * PAGE, true },
					   { (FIRST + 8) * PAGE, PAGE, true } };
	uint32_t used;

	cr_assert_geq(driver_add(&c.queue[queue], b, 2, 0), 0);
	card_ring(&c, queue);
	card_wait_used(&c, queue, &used);
	cr_assert_eq(used, 0u);
	for (unsigned i = 0; i < 32; i++)
		if (i != 0 && i != 3)
			cr_assert_eq(is_given_back(FIRST + i), i == 1 || i == 2 || i == 8);
}

Test(balloon, free_pages_are_reported, .init = setup_reporting)
{
	cr_assert(card_features(&c) & VIRTIO_BIT(VIRTIO_BALLOON_F_REPORTING));
	cr_assert(card_features(&c) & VIRTIO_BIT(VIRTIO_BALLOON_F_DEFLATE_ON_OOM));
	card_start(&c, WITH_STATS | VIRTIO_BIT(VIRTIO_BALLOON_F_REPORTING), SIZE);
	report(3);
}

Test(balloon, without_statistics_the_queue_moves_up, .init = setup_reporting)
{
	card_start(&c, VIRTIO_BIT(VIRTIO_BALLOON_F_REPORTING), SIZE);
	report(2);
}

Test(balloon_options, there_is_one)
{
	static const char *const devices[] = { "virtio-balloon", "virtio-balloon-pci", NULL };
	struct fake *f = fake_create();
	struct balloon_info info;

	cr_assert_eq(control_balloon_info(&f->m, &info, &err), -ENODEV);
	cr_assert_eq(control_balloon_resize(&f->m, PAGE, &err), -ENODEV);
	f->cfg.devices = devices;
	cr_assert_lt(devices_create(&f->m, &f->cfg, &err), 0);
	cr_assert_str_eq(err.text, "-device virtio-balloon: there is one already");
	cr_assert_null(f->m.balloon);
	fake_destroy(f);
}
