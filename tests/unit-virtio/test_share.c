// SPDX-License-Identifier: GPL-3.0-or-later
/* virtio-9p with a driver of the test. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit-virtio/card.h"
#include "tests/unit-virtio/p9_client.h"

#define SIZE	 64
#define ROOM	 4096u
#define REPLY_AT (CARD_DATA + 0x80000u)

static struct card c;

static void setup(void)
{
	static char option[128];
	const char *devices[] = { option, NULL };

	p9_make_dir();
	snprintf(option, sizeof(option), "virtio-9p,path=%s,mount_tag=src,packed=on", p9_host(""));
	card_open(&c, devices, "share0");
}

static void teardown(void)
{
	card_close(&c);
	p9_remove_dir();
}

TestSuite(share, .init = setup, .fini = teardown, .timeout = 60);

/* In pieces, as Linux has them. */
static void offer(size_t len, uint32_t room)
{
	const struct driver_buffer b[] = { { CARD_DATA, 5, false },
					   { CARD_DATA + 5, (uint32_t)len - 5, false },
					   { REPLY_AT, 3, true },
					   { REPLY_AT + 3, room - 3, true } };

	cr_assert_geq(driver_add(&c.queue[0], b, 4, 0), 0);
	card_ring(&c, 0);
}

/* The reply's type. */
static uint8_t answered(void)
{
	const uint8_t *reply = card_ram(&c, REPLY_AT, ROOM);
	uint32_t used;

	card_wait_used(&c, 0, &used);
	cr_assert_eq(used, (uint32_t)(reply[0] | reply[1] << 8));
	return reply[4];
}

static void begin_session(void)
{
	uint8_t *request = card_ram(&c, CARD_DATA, ROOM);

	offer(p9_message(request, P9_TVERSION, "4s", 8192, "9P2000.L"), ROOM);
	cr_assert_eq(answered(), P9_TVERSION + 1);
	offer(p9_message(request, P9_TATTACH, "44ss4", 0, NOFID, "", "", 0), ROOM);
}

static unsigned fids(void)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned n;

	c.dev->cls->describe(c.dev, &sb);
	cr_assert_eq(sscanf(strstr(strbuf_str(&sb), "fids "), "fids %u", &n), 1);
	strbuf_free(&sb);
	return n;
}

Test(share, configuration)
{
	char tag[4] = "";

	cr_assert(card_features(&c) & VIRTIO_BIT(0));
	cr_assert_eq(card_get(&c, c.config, 2), 3u);
	for (unsigned i = 0; i < 3; i++)
		tag[i] = (char)card_get(&c, c.config + 2 + i, 1);
	cr_assert_str_eq(tag, "src");
	card_reset(&c);
	cr_assert_eq(card_get(&c, c.config, 2), 3u);
}

static void session(uint64_t features)
{
	card_start(&c, features, SIZE);
	begin_session();
	cr_assert_eq(answered(), P9_TATTACH + 1);
	cr_assert_eq(fids(), 1u);
	/* A session ends with its driver. */
	card_reset(&c);
	cr_assert_eq(fids(), 0u);
	card_start(&c, features, SIZE);
	begin_session();
	cr_assert_eq(answered(), P9_TATTACH + 1);
}

Test(share, split_ring)
{
	session(0);
}

Test(share, packed_ring)
{
	session(VIRTIO_BIT(VIRTIO_F_RING_PACKED));
}

Test(share, a_message_without_room_for_an_answer_breaks_it)
{
	card_start(&c, 0, SIZE);
	offer(p9_message(card_ram(&c, CARD_DATA, ROOM), P9_TFLUSH, "2", 1), 10);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	card_reset(&c);
	card_start(&c, 0, SIZE);
	begin_session();
	cr_assert_eq(answered(), P9_TATTACH + 1);
}

Test(share, less_than_a_header_breaks_it)
{
	card_start(&c, 0, SIZE);
	offer(6, ROOM);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
}

Test(share_options, mistakes)
{
	static const struct {
		const char *option, *why;
	} rows[] = {
		{ "path=/tmp", "mount_tag=TAG is missing" },
		{ "mount_tag=t", "path=DIR is missing" },
		{ "path=/tmp,mount_tag=01234567890123456789012345678901", "more than 31" },
		{ "path=/no/such,mount_tag=t", "/no/such: No such file or directory" },
		{ "path=/tmp,mount_tag=t,security_model=passthrough", "there is none" },
		{ "path=/tmp,mount_tag=t,readonly=yes", "readonly=yes: it is on or off" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *devices[2] = { NULL };
		struct error err = { "" };
		char option[128];

		snprintf(option, sizeof(option), "virtio-9p,%s", rows[i].option);
		devices[0] = option;
		c = (struct card){ .f = fake_create() };
		c.f->cfg.devices = devices;
		cr_assert_lt(devices_create(&c.f->m, &c.f->cfg, &err), 0);
		cr_assert(strstr(err.text, rows[i].why), "%s: %s", option, err.text);
		fake_destroy(c.f);
	}
}
