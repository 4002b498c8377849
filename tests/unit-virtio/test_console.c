// SPDX-License-Identifier: GPL-3.0-or-later
/* virtio-console with a driver of the test, and peers on UNIX sockets. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/virtio_console.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit-virtio/card.h"

enum { IN, OUT, CONTROL_IN, CONTROL_OUT, IN_1, OUT_1, QUEUES = 8 };
#define SIZE	  16
#define MULTIPORT VIRTIO_BIT(VIRTIO_CONSOLE_F_MULTIPORT)
#define EMERGENCY 8 /* of the configuration */
/* Of each queue. */
#define PIECE	   1024u
#define DATA(q, i) (CARD_DATA + (q)*0x10000u + (i)*PIECE)

static struct card c;
static char path[2][64];
static uint64_t buffer_of[QUEUES][DRIVER_SIZE_MAX]; /* by id */

static void setup(void)
{
	static char option[300];
	const char *const devices[] = { option, NULL };

	for (unsigned i = 0; i < 2; i++)
		snprintf(path[i], sizeof(path[i]), "/tmp/vitrine-test-%d-%u.sock", getpid(), i);
	snprintf(option, sizeof(option),
		 "virtio-console,chardev=unix:%s,port2=unix:%s,name2=org.test.two,packed=on",
		 path[0], path[1]);
	card_open(&c, devices, "console0");
}

static void teardown(void)
{
	card_close(&c);
}

TestSuite(console, .init = setup, .fini = teardown, .timeout = 120);

/* As CARD_WAIT, with the loop thread's work done meanwhile. */
#define WAIT(condition)                                                         \
	do {                                                                    \
		for (unsigned turn_ = 0; turn_ < 8000 && !(condition); turn_++) \
			fake_run(c.f);                                          \
		cr_assert(condition);                                           \
	} while (0)

/* ---- driver ---- */

static void offer(unsigned queue, uint64_t gpa, uint32_t len)
{
	const struct driver_buffer b = { gpa, len, true };
	int id = driver_add(&c.queue[queue], &b, 1, 0);

	cr_assert_geq(id, 0);
	buffer_of[queue][id] = gpa;
	card_ring(&c, queue);
}

static void give(unsigned queue, const void *data, uint32_t len)
{
	const struct driver_buffer b = { DATA(queue, c.queue[queue].next % SIZE), len, false };

	memcpy(card_ram(&c, b.gpa, len), data, len);
	cr_assert_geq(driver_add(&c.queue[queue], &b, 1, 0), 0);
	card_ring(&c, queue);
}

static const char *wait_used(unsigned queue, uint32_t *len)
{
	int id = -1;

	WAIT((id = id < 0 ? driver_get(&c.queue[queue], len) : id) >= 0);
	return card_ram(&c, buffer_of[queue][id], 1);
}

static void say(uint32_t port, uint16_t event, uint16_t value)
{
	const struct virtio_console_control msg = { port, event, value };
	uint32_t len;

	give(CONTROL_OUT, &msg, sizeof(msg));
	wait_used(CONTROL_OUT, &len);
}

/* What follows the message. */
static const char *expect(uint32_t port, uint16_t event, uint16_t value, uint32_t *more)
{
	struct virtio_console_control msg;
	const char *p;
	uint32_t len;

	p = wait_used(CONTROL_IN, &len);
	memcpy(&msg, p, sizeof(msg));
	cr_assert_geq(len, sizeof(msg));
	cr_expect(msg.id == port && msg.event == event && msg.value == value,
		  "port %u, event %u, value %u in place of %u, %u, %u", msg.id, msg.event,
		  msg.value, port, event, value);
	if (more)
		*more = len - (uint32_t)sizeof(msg);
	return p + sizeof(msg);
}

/* Up to the ports' being ready. */
static void start(uint64_t features)
{
	uint32_t len;

	card_start(&c, features | MULTIPORT, SIZE);
	for (unsigned i = 0; i < SIZE; i++)
		offer(CONTROL_IN, DATA(CONTROL_IN, i), 128);
	say(VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect(0, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	expect(2, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	say(0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, NULL);
	expect(0, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
	say(2, VIRTIO_CONSOLE_PORT_READY, 1);
	cr_expect(!memcmp(expect(2, VIRTIO_CONSOLE_PORT_NAME, 1, &len), "org.test.two", 12));
	cr_expect_eq(len, 12u);
	expect(2, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
}

/* ---- peer ---- */

static int connect_to(const char *where)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", where);
	cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static size_t receive(int fd, char *text, size_t size)
{
	ssize_t n = recv(fd, text, size, 0);

	return n > 0 ? (size_t)n : 0;
}

static void expect_text(int fd, const char *want)
{
	char text[256] = "";
	size_t len = 0;

	WAIT((len += receive(fd, text + len, sizeof(text) - 1 - len)) >= strlen(want));
	cr_expect_str_eq(text, want);
}

/* Output goes nowhere until then. */
static bool has_peer(void)
{
	struct strbuf sb = STRBUF_INIT;
	bool has;

	fake_run(c.f);
	device_describe(c.dev, &sb);
	has = strstr(strbuf_str(&sb), ".sock, with a peer; 0 bytes wait for the guest");
	strbuf_free(&sb);
	return has;
}

/* ---- the rules kept ---- */

Test(console, ports_are_announced_with_their_names)
{
	cr_expect_eq(c.fn->config[0x02] | c.fn->config[0x03] << 8, 0x1043);
	cr_expect_eq(card_get(&c, c.config + 4, 4), 3u);
	start(0);
	start(VIRTIO_BIT(VIRTIO_F_RING_PACKED));
}

Test(console, bytes_go_there_and_back)
{
	int fd = connect_to(path[0]);
	uint32_t len;

	WAIT(has_peer());
	card_start(&c, 0, SIZE);
	offer(IN, DATA(IN, 0), 64);
	give(OUT, "to the peer", 11);
	wait_used(OUT, &len);
	expect_text(fd, "to the peer");
	cr_assert_eq(send(fd, "to the guest", 12, 0), 12);
	cr_expect(!memcmp(wait_used(IN, &len), "to the guest", 12));
	cr_expect_eq(len, 12u);
	close(fd);
}

Test(console, a_port_waits_until_the_guest_opens_it)
{
	uint32_t len;
	int fd;

	start(0);
	fd = connect_to(path[1]);
	expect(2, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	offer(6, DATA(6, 0), 64);
	cr_assert_eq(send(fd, "early", 5, 0), 5);
	for (unsigned i = 0; i < 5; i++)
		fake_run(c.f);
	cr_expect_eq(driver_get(&c.queue[6], &len), -1);
	say(2, VIRTIO_CONSOLE_PORT_OPEN, 1);
	cr_expect(!memcmp(wait_used(6, &len), "early", 5));
	give(7, "back", 4);
	expect_text(fd, "back");
	close(fd);
	expect(2, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
}

Test(console, emergency_write_needs_no_driver)
{
	int fd = connect_to(path[0]);

	WAIT(has_peer());
	card_set(&c, c.config + EMERGENCY, 4, '!');
	card_set(&c, c.config + EMERGENCY, 4, '\n');
	expect_text(fd, "!\n");
	close(fd);
}

/* ---- slow ones ---- */

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 7 + at / 251);
}

Test(console, a_peer_that_does_not_read_makes_the_guest_wait)
{
	size_t given = 0, got = 0, used = 0, quiet = 0;
	uint8_t piece[PIECE];
	int fd = connect_to(path[0]);
	uint32_t len;

	WAIT(has_peer());
	card_start(&c, 0, SIZE);
	/* Until nothing is used any more although all is offered. */
	while (quiet < 30) {
		bool moved = false;

		while (given - used < SIZE * PIECE) {
			for (size_t i = 0; i < PIECE; i++)
				piece[i] = pattern(given + i);
			give(OUT, piece, PIECE);
			given += PIECE;
		}
		fake_run(c.f);
		while (driver_get(&c.queue[OUT], &len) >= 0) {
			used += PIECE;
			moved = true;
		}
		quiet = moved ? 0 : quiet + 1;
		cr_assert_lt(given, 16u << 20, "it grows and grows");
	}
	/* Every byte, in order, when it reads after all. */
	while (got < given) {
		len = 0;
		WAIT(len || (len = (uint32_t)receive(fd, (char *)piece, sizeof(piece))));
		for (uint32_t i = 0; i < len; i++)
			cr_assert_eq(piece[i], pattern(got + i), "byte %zu", got + i);
		got += len;
	}
	close(fd);
}

Test(console, a_guest_that_does_not_read_makes_the_peer_wait)
{
	size_t sent = 0, got = 0, quiet = 0;
	uint8_t piece[PIECE];
	int fd = connect_to(path[0]);
	uint32_t len;

	card_start(&c, 0, SIZE);
	while (quiet < 30) {
		ssize_t n;

		for (size_t i = 0; i < PIECE; i++)
			piece[i] = pattern(sent + i);
		n = send(fd, piece, sizeof(piece), 0);
		quiet = n > 0 ? 0 : quiet + 1;
		sent += n > 0 ? (size_t)n : 0;
		fake_run(c.f);
		cr_assert_lt(sent, 16u << 20, "it grows and grows");
	}
	while (got < sent) {
		const uint8_t *p;

		offer(IN, DATA(IN, got % SIZE), 700);
		p = (const uint8_t *)wait_used(IN, &len);
		for (uint32_t i = 0; i < len; i++)
			cr_assert_eq(p[i], pattern(got + i), "byte %zu", got + i);
		got += len;
	}
	close(fd);
}

Test(console, resets_while_bytes_wait)
{
	int fd = connect_to(path[0]);
	char piece[PIECE] = "";
	uint32_t len;

	for (unsigned round = 0; round < 100; round++) {
		card_start(&c, round % 2 ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0, SIZE);
		for (unsigned i = 0; i < SIZE; i++)
			give(OUT, piece, sizeof(piece));
		for (unsigned i = 0; i < round % 3; i++)
			offer(IN, DATA(IN, i), 64);
		cr_assert_neq(send(fd, piece, sizeof(piece), 0), 0);
		fake_run_for(c.f, 1);
		if (round % 4)
			card_reset(&c);
	}
	card_start(&c, 0, SIZE);
	offer(IN, DATA(IN, 0), 64);
	wait_used(IN, &len);
	close(fd);
}

/* ---- the rules broken ---- */

static void expect_broken(void)
{
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	start(0);
}

Test(console, a_control_message_too_short)
{
	start(0);
	give(CONTROL_OUT, "1234567", 7);
	expect_broken();
}

Test(console, no_room_for_a_control_message)
{
	card_start(&c, MULTIPORT, SIZE);
	offer(CONTROL_IN, DATA(CONTROL_IN, 0), 7);
	give(CONTROL_OUT, "\xff\xff\xff\xff\0\0\1\0", 8);
	expect_broken();
}

Test(console, an_input_buffer_that_is_not_writable)
{
	int fd = connect_to(path[0]);

	card_start(&c, 0, SIZE);
	give(IN, "x", 1);
	cr_assert_eq(send(fd, "y", 1, 0), 1);
	WAIT(CARD_GET(&c, STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
	close(fd);
}

Test(console, messages_about_ports_that_there_are_not)
{
	start(0);
	say(1, VIRTIO_CONSOLE_PORT_READY, 1);
	say(3, VIRTIO_CONSOLE_PORT_OPEN, 1);
	say(0x80000000, VIRTIO_CONSOLE_PORT_READY, 1);
	say(0, 999, 1);
	/* Ready twice: told twice, and no more. */
	say(0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, NULL);
	start(0);
}

/* ---- options ---- */

static void refused(const char *device, const char *sentence)
{
	const char *devices[] = { device, NULL };
	struct fake *f = fake_create();
	struct error err = { "" };

	f->cfg.devices = devices;
	cr_expect_lt(devices_create(&f->m, &f->cfg, &err), 0, "%s", device);
	cr_expect_not_null(strstr(err.text, sentence), "%s\n%s", err.text, sentence);
	fake_destroy(f);
}

Test(console_options, what_is_wrong_is_said)
{
	refused("virtio-console,chardev=nowhere", "console0 port 0: 'nowhere' is no device");
	refused("virtio-console,name1=a", "name1 without port1=DEV");
	refused("virtio-console,port1=none,name1=", "a port's name has 1 to 63 characters");
	refused("virtio-console,port3=none", "there is no option 'port3'");
}
