// SPDX-License-Identifier: GPL-3.0-or-later
/* The small devices of a PC: keyboard controller, resets, power-off, debug ports. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/parts/ps2_keyboard.h"
#include "hv/keyboard.h"
#include "tests/unit/fake_machine.h"

#define NOTHING (-1)

static struct fake *f;
static char path[64], dev[80];

static void setup(void)
{
	snprintf(path, sizeof(path), "/tmp/vitrine-pc-%d.out", getpid());
	snprintf(dev, sizeof(dev), "file:%s", path);
	f = fake_create();
	cr_assert_not_null(f);
	f->cfg.debugcon = dev;
	fake_watch_irqs();
	cr_assert(fake_add_devices(f));
}

static void teardown(void)
{
	fake_destroy(f);
	unlink(path);
}

TestSuite(pc, .init = setup, .fini = teardown, .timeout = 120);

static unsigned in(uint16_t port)
{
	return (unsigned)fake_in(f, port, 1);
}

static void out(uint16_t port, unsigned value)
{
	fake_out(f, port, 1, value);
}

/* With no_reboot a reset ends the loop with 0. */
static bool was_reset(void)
{
	return fake_run(f) == 0;
}

/* ---- debug ports ---- */

Test(pc, debug_exit_gives_the_status)
{
	fake_out(f, 0xf4, 4, 21);
	cr_assert_eq(fake_run(f), 43);
}

Test(pc, debug_exit_of_one_byte)
{
	out(0xf4, 0);
	cr_assert_eq(fake_run(f), 1);
}

Test(pc, debug_exit_is_not_a_peek)
{
	cr_assert_eq(fake_in(f, 0xf4, 4), 0);
	cr_assert_eq(fake_peek(f, 0xf4, 4), 0);
	cr_assert_eq(fake_run(f), NOTHING);
}

Test(pc, debugcon)
{
	char got[16] = "";
	FILE *file;

	cr_assert_eq(in(0xe9), 0xe9);
	out(0xe9, 'o');
	out(0xe9, 'k');
	fake_run(f);
	file = fopen(path, "r");
	cr_assert_not_null(file);
	cr_assert_not_null(fgets(got, sizeof(got), file));
	fclose(file);
	cr_assert_str_eq(got, "ok");
}

Test(pc, debugcon_loses_nothing_to_a_busy_loop_thread)
{
	int i;
	FILE *file;

	for (i = 0; i < 100000; i++)
		out(0xe9, 'x');
	fake_run(f);
	file = fopen(path, "r");
	cr_assert_not_null(file);
	fseek(file, 0, SEEK_END);
	cr_assert_eq(ftell(file), 100000);
	fclose(file);
}

/* ---- power and reset ---- */

Test(pc, power_off)
{
	fake_out(f, 0x604, 2, 0x2000);
	cr_assert_eq(fake_run(f), 0);
}

#define PM_STS 0x600
#define PM_EN  0x602
#define PM_TMR 0x608
#define SCI    9

Test(pc, power_button)
{
	struct error err = { "" };

	fake_out(f, PM_STS, 2, 0xffff);
	cr_assert_eq(control_powerdown(&f->m, &err), 0);
	cr_expect_eq(fake_in(f, PM_STS, 2), 0x0100);
	cr_expect_not(fake_irq_level(SCI), "nobody wants to know");
	fake_out(f, PM_EN, 2, 0x0100);
	cr_expect(fake_irq_level(SCI));
	fake_out(f, PM_STS, 2, 0x0001);
	cr_expect(fake_irq_level(SCI), "that was another bit");
	fake_out(f, PM_STS, 2, 0x0100);
	cr_expect_not(fake_irq_level(SCI));
	cr_expect_eq(fake_in(f, PM_STS, 2), 0);
	cr_expect_eq(fake_run(f), NOTHING, "what comes of it is the guest's affair");
}

Test(pc, no_power_button)
{
	struct power_button *button = f->m.power_button;
	struct error err = { "" };

	f->m.power_button = NULL;
	cr_expect_eq(control_powerdown(&f->m, &err), -ENOTSUP);
	cr_expect_neq(err.text[0], '\0');
	f->m.power_button = button;
}

/* 3.579545 MHz for 50 ms, and as long as the guest has run. */
Test(pc, pm_timer)
{
	uint32_t from = (uint32_t)fake_in(f, PM_TMR, 4), ticks;
	uint64_t since = hv_clock_now(f->m.timers, HV_CLOCK_GUEST), ns;

	fake_run_for(f, 50);
	ticks = (uint32_t)fake_in(f, PM_TMR, 4) - from;
	ns = hv_clock_now(f->m.timers, HV_CLOCK_GUEST) - since;
	cr_expect_geq(ticks, 178970u, "%u ticks", ticks);
	cr_expect_leq(ticks, ns * 3579545 / 1000000000 + 3580000, "%u ticks", ticks);
	hv_clock_guest_stop(f->m.timers);
	from = (uint32_t)fake_in(f, PM_TMR, 4);
	fake_run_for(f, 5);
	cr_expect_eq((uint32_t)fake_in(f, PM_TMR, 4), from, "it stands still with the guest");
	fake_out(f, PM_TMR, 4, 0);
	cr_expect_eq((uint32_t)fake_peek(f, PM_TMR, 4), from, "it cannot be written");
}

Test(pc, other_sleep_states_do_nothing)
{
	fake_out(f, 0x604, 2, 0x3c00);
	fake_out(f, 0x604, 2, 0x0001);
	cr_assert_eq(fake_run(f), NOTHING);
	cr_assert_eq(fake_in(f, 0x604, 2), 0x0001);
}

Test(pc, port_92_resets_on_a_rising_bit)
{
	cr_assert_eq(in(0x92), 0x02, "A20 is open");
	out(0x92, 0x02);
	cr_assert_not(was_reset());
	out(0x92, 0x03);
	cr_assert(was_reset());
}

Test(pc, port_cf9_resets_on_a_rising_bit)
{
	out(0xcf9, 0x02);
	cr_assert_not(was_reset());
	cr_assert_eq(in(0xcf9), 0x02);
	out(0xcf9, 0x06);
	cr_assert(was_reset());
}

Test(pc, pci_addresses_do_not_reset)
{
	fake_out(f, 0xcf8, 4, 0x8000ff00);
	cr_assert_not(was_reset());
}

/* ---- pvpanic ---- */

Test(pc, pvpanic_says_what_it_understands)
{
	cr_assert_eq(in(0x505), 0x03);
	out(0x505, 0x00);
	out(0x505, 0xfc);
	cr_assert_eq(fake_run(f), NOTHING, "no event that it knows");
	cr_assert_eq(in(0x505), 0x03, "it cannot be written over");
}

Test(pc, pvpanic_does_what_action_says)
{
	static const struct {
		enum panic_action action;
		unsigned event;
		int status;
	} rows[] = {
		{ PANIC_PAUSE, 0x01, NOTHING },	       { PANIC_NONE, 0x01, NOTHING },
		{ PANIC_EXIT_FAILURE, 0x02, NOTHING }, { PANIC_SHUTDOWN, 0x02, NOTHING },
		{ PANIC_SHUTDOWN, 0x03, 0 },	       { PANIC_EXIT_FAILURE, 0x01, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f->m.quitting = false;
		f->cfg.on_panic = rows[i].action;
		out(0x505, rows[i].event);
		cr_expect_eq(fake_run(f), rows[i].status, "row %zu", i);
	}
}

/* ---- keyboard controller ---- */

static unsigned answer(void)
{
	cr_assert(in(0x64) & 0x01, "an answer waits");
	return in(0x60);
}

Test(pc, kbc_reset)
{
	out(0x64, 0xff);
	cr_assert_not(was_reset(), "no line is pulled");
	out(0x64, 0xfe);
	cr_assert(was_reset());
}

Test(pc, kbc_reset_by_the_output_port)
{
	out(0x64, 0xd0);
	cr_assert_eq(answer(), 0x03);
	out(0x64, 0xd1);
	out(0x60, 0x03);
	cr_assert_not(was_reset());
	out(0x64, 0xd1);
	out(0x60, 0x02);
	cr_assert(was_reset());
}

/* What Linux's i8042 driver asks, and that it never has to wait for it. */
Test(pc, kbc_answers_a_driver_at_once)
{
	cr_assert_eq(in(0x64) & 0x03, 0, "nothing waits, ready for a command");
	cr_assert_eq(in(0x64) & 0x10, 0x10, "not locked");
	out(0x64, 0xaa);
	cr_assert_eq(answer(), 0x55);
	out(0x64, 0xab);
	cr_assert_eq(answer(), 0x00);
	out(0x64, 0x60);
	out(0x60, 0x74);
	out(0x64, 0x20);
	cr_assert_eq(answer(), 0x74);
	cr_assert_eq(in(0x64) & 0x01, 0, "the keyboard says nothing by itself");
	out(0x64, 0xd3);
	out(0x60, 0x5a);
	cr_assert_eq(in(0x64) & 0x21, 0x01, "not from an auxiliary device");
	cr_assert_eq(in(0x60), 0x5a);
	out(0x64, 0xa9);
	cr_assert_eq(answer(), 0x01);
	cr_assert_eq(in(0x64) & 0x01, 0);
}

Test(pc, kbc_says_that_no_mouse_is_there)
{
	out(0x64, 0x60);
	out(0x60, 0x47);
	out(0x64, 0xd4);
	out(0x60, 0xf2);
	cr_assert_eq(in(0x64) & 0x61, 0x61);
	cr_assert_eq(in(0x60), 0xfe);
	cr_assert_eq(in(0x64) & 0x61, 0);
	cr_assert_not(fake_irq_level(1));
}

Test(pc, kbc_enables)
{
	out(0x64, 0xae);
	out(0x64, 0xa8);
	out(0x64, 0x20);
	cr_assert_eq(answer() & 0x30, 0);
	out(0x64, 0xad);
	out(0x64, 0xa7);
	out(0x64, 0x20);
	cr_assert_eq(answer() & 0x30, 0x30);
}

/* ---- keyboard ---- */

/* What Linux's atkbd asks, and each byte with its interrupt. */
static void expect_bytes(const char *what, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cr_assert(fake_irq_level(1), "%s: byte %zu of %zu interrupts", what, i, count);
		cr_assert_eq(answer(), bytes[i], "%s: byte %zu", what, i);
	}
	cr_assert_not(fake_irq_level(1), "%s: that was all", what);
	cr_assert_eq(in(0x64) & 0x01, 0, "%s: that was all", what);
}
#define EXPECT_BYTES(what, ...)                                  \
	do {                                                     \
		static const uint8_t bytes_[] = { __VA_ARGS__ }; \
		expect_bytes(what, bytes_, sizeof(bytes_));      \
	} while (0)

static void ctr(unsigned value)
{
	out(0x64, 0x60);
	out(0x60, value);
}

static int send_keys(const uint16_t *codes, size_t count, unsigned ms)
{
	struct error err = { "" };
	int ret = control_sendkey(&f->m, codes, count, ms, &err);

	cr_expect_eq(ret != 0, err.text[0] != '\0');
	return ret;
}
#define KEYS(ms, ...)                                \
	send_keys((const uint16_t[]){ __VA_ARGS__ }, \
		  sizeof((const uint16_t[]){ __VA_ARGS__ }) / sizeof(uint16_t), ms)

Test(pc, keyboard_answers)
{
	ctr(0x45);
	out(0x60, 0xff);
	EXPECT_BYTES("reset", 0xfa, 0xaa);
	out(0x60, 0xf2);
	EXPECT_BYTES("identify, the second byte translated", 0xfa, 0xab, 0x41);
	ctr(0x05);
	out(0x60, 0xf2);
	EXPECT_BYTES("identify", 0xfa, 0xab, 0x83);
	out(0x60, 0xed);
	EXPECT_BYTES("lights", 0xfa);
	out(0x60, 0x02);
	EXPECT_BYTES("num lock", 0xfa);
	out(0x60, 0xf3);
	out(0x60, 0x00);
	EXPECT_BYTES("rate", 0xfa, 0xfa);
	out(0x60, 0xf0);
	out(0x60, 0x00);
	EXPECT_BYTES("which set", 0xfa, 0xfa, 0x02);
	out(0x60, 0xf0);
	out(0x60, 0x03);
	EXPECT_BYTES("set 3 is not there", 0xfa, 0xfe);
	out(0x60, 0xee);
	EXPECT_BYTES("echo", 0xee);
	out(0x60, 0xfe);
	EXPECT_BYTES("again", 0xee);
	out(0x60, 0x12);
	EXPECT_BYTES("no command", 0xfe);
	out(0x60, 0xed);
	out(0x60, 0xf2);
	EXPECT_BYTES("a command instead of the second byte", 0xfa, 0xfa, 0xab, 0x83);
}

Test(pc, keys_go_down_and_up)
{
	ctr(0x45);
	cr_assert_eq(KEYS(1, 0x14, 0x11, 0xe071), 0);
	EXPECT_BYTES("ctrl-alt-delete down", 0x1d, 0x38, 0xe0, 0x53);
	fake_run_for(f, 50);
	EXPECT_BYTES("and up", 0xe0, 0xd3, 0xb8, 0x9d);
	ctr(0x05);
	cr_assert_eq(KEYS(1, 0x1c, 0xe014), 0);
	EXPECT_BYTES("not translated", 0x1c, 0xe0, 0x14);
	fake_run_for(f, 50);
	EXPECT_BYTES("not translated, up", 0xe0, 0xf0, 0x14, 0xf0, 0x1c);
	cr_assert_eq(KEYS(60000, 0x1c), 0);
	cr_assert_eq(KEYS(60000, 0x32), 0);
	EXPECT_BYTES("the next one lets go of the one before", 0x1c, 0xf0, 0x1c, 0x32);
	devices_reset(&f->m);
	ctr(0x05);
	cr_assert_eq(KEYS(60000, 0x21), 0);
	EXPECT_BYTES("a reset forgets it", 0x21);
}

Test(pc, a_keyboard_that_nobody_listens_to)
{
	int pressed = 0, ret;

	cr_assert_eq(KEYS(100, 0x1c), -EAGAIN, "its clock is held after power-on");
	ctr(0x05);
	out(0x60, 0xf5);
	EXPECT_BYTES("disable", 0xfa);
	cr_assert_eq(KEYS(100, 0x1c), -EAGAIN);
	out(0x60, 0xf4);
	EXPECT_BYTES("enable", 0xfa);
	while ((ret = KEYS(60000, 0xe014, 0xe011)) == 0)
		cr_assert_lt(++pressed, 100);
	cr_assert_eq(ret, -EBUSY, "it does not take them");
	cr_assert_geq(pressed, 3);
	/* None was cut in the middle: what came goes up and down in turn. */
	for (int i = 0; in(0x64) & 0x01; i++)
		cr_assert_eq(in(0x60), ((const unsigned[]){ 0xe0, 0x14, 0xe0, 0x11, 0xe0, 0xf0,
							    0x11, 0xe0, 0xf0, 0x14 })[i % 10]);
}

Test(pc, an_answer_goes_before_a_key_and_loses_none)
{
	ctr(0x05);
	cr_assert_eq(KEYS(60000, 0x1c, 0x32), 0);
	out(0x64, 0x20);
	EXPECT_BYTES("command byte, then the keys", 0x05, 0x1c, 0x32);
	out(0x64, 0xad);
	cr_assert_eq(in(0x64) & 0x01, 0);
	out(0x64, 0xae);
	cr_assert_eq(KEYS(60000, 0x21), 0);
	EXPECT_BYTES("released and pressed", 0xf0, 0x32, 0xf0, 0x1c, 0x21);
}

/* Each key is another one in set 1 too, and its release the same with bit 7. */
Test(pc, keys_are_told_apart)
{
	size_t count;
	const struct keyboard_key *keys = keyboard_keys(&count);
	bool seen[0x200] = { false };

	for (size_t i = 0; i < count; i++) {
		bool broken = false;
		uint8_t down, up;

		cr_assert(ps2_translate((uint8_t)keys[i].code, &broken, &down));
		cr_assert_not(ps2_translate(0xf0, &broken, &up));
		cr_assert(ps2_translate((uint8_t)keys[i].code, &broken, &up));
		cr_assert_eq(up, down | 0x80, "%s", keys[i].name);
		cr_assert_lt(down, 0x80, "%s", keys[i].name);
		cr_assert_not(seen[down | (keys[i].code >> 8 ? 0x100 : 0)], "%s", keys[i].name);
		seen[down | (keys[i].code >> 8 ? 0x100 : 0)] = true;
	}
}

Test(pc, kbc_unknown_commands_do_nothing)
{
	unsigned cmd;

	for (cmd = 0; cmd < 0x20; cmd++)
		out(0x64, cmd);
	for (cmd = 0x80; cmd < 0xa7; cmd++)
		out(0x64, cmd);
	cr_assert_eq(in(0x64) & 0x01, 0);
	cr_assert_not(was_reset());
}
