// SPDX-License-Identifier: GPL-3.0-or-later
/* The clock: formats, setting it, and its three interrupts. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/fake_machine.h"

enum { SEC, SEC_ALARM, MIN, MIN_ALARM, HOUR, HOUR_ALARM, WDAY, MDAY, MON, YEAR, A, B, C, D };
#define CENTURY 0x32

static struct fake *f;

static unsigned in(unsigned index)
{
	fake_out(f, 0x70, 1, index);
	return (unsigned)fake_in(f, 0x71, 1);
}

static void out(unsigned index, unsigned value)
{
	fake_out(f, 0x70, 1, index);
	fake_out(f, 0x71, 1, value);
}

static void setup(void)
{
	struct error err = { "" };

	f = fake_create();
	cr_assert_not_null(f);
	cr_assert_eq(memory_create(&f->m.ram, -1, 5ull << 30, &err), 0, "%s", err.text);
	fake_watch_irqs();
	cr_assert(fake_add_devices(f));
}

static void teardown(void)
{
	memory_destroy(f->m.ram);
	fake_destroy(f);
}

TestSuite(rtc, .init = setup, .fini = teardown, .timeout = 120);

/* Stops the clock, sets it (24 h, BCD unless @b says otherwise), and lets it go. */
static void set_time(unsigned b, unsigned hour, unsigned min, unsigned sec)
{
	out(B, 0x80 | b);
	out(HOUR, hour);
	out(MIN, min);
	out(SEC, sec);
	out(B, b);
}

static unsigned bcd(int v)
{
	return (unsigned)(v / 10 << 4 | v % 10);
}

Test(rtc, power_on)
{
	cr_assert_eq(in(A)&0x7f, 0x26);
	cr_assert_eq(in(B), 0x02);
	cr_assert_eq(in(C)&0xaf, 0, "no flag but periodic and update can be there");
	cr_assert_eq(in(D), 0x80);
	cr_assert_eq(fake_in(f, 0x70, 1), 0xff);
}

/* The host's time, unless the second changed meanwhile. */
Test(rtc, shows_the_hosts_time)
{
	int tries;

	for (tries = 0; tries < 5; tries++) {
		time_t t = time(NULL);
		struct tm tm;
		bool same;

		gmtime_r(&t, &tm);
		same = in(SEC) == bcd(tm.tm_sec) && in(MIN) == bcd(tm.tm_min) &&
		       in(HOUR) == bcd(tm.tm_hour) && in(WDAY) == bcd(tm.tm_wday + 1) &&
		       in(MDAY) == bcd(tm.tm_mday) && in(MON) == bcd(tm.tm_mon + 1) &&
		       in(YEAR) == bcd(tm.tm_year % 100) &&
		       in(CENTURY) == bcd(tm.tm_year / 100 + 19);
		if (same)
			return;
	}
	cr_assert(false, "five times another time than the host's");
}

Test(rtc, formats)
{
	set_time(0x02, 0x23, 0x59, 0x10);
	cr_assert_eq(in(HOUR), 0x23);
	out(B, 0x06);
	cr_assert_eq(in(HOUR), 23);
	cr_assert_eq(in(MIN), 59);
	out(B, 0x04);
	cr_assert_eq(in(HOUR), 0x80 | 11);
	out(B, 0x00);
	cr_assert_eq(in(HOUR), 0x91, "11 PM in BCD");
	set_time(0x00, 0x12, 0x00, 0x00);
	cr_assert_eq(in(HOUR), 0x12);
	out(B, 0x02);
	cr_assert_eq(in(HOUR), 0x00, "12 AM is midnight");
	set_time(0x00, 0x92, 0x00, 0x00);
	out(B, 0x02);
	cr_assert_eq(in(HOUR), 0x12, "12 PM is noon");
}

Test(rtc, set_stops_the_clock)
{
	out(B, 0x82);
	out(SEC, 0x58);
	out(MIN, 0x30);
	fake_run_for(f, 1100);
	cr_assert_eq(in(SEC), 0x58);
	cr_assert_eq(in(A)&0x80, 0);
	out(B, 0x02);
	fake_run_for(f, 1100);
	cr_assert_neq(in(SEC), 0x58, "and lets it go");
}

Test(rtc, a_date_of_the_guests_own)
{
	out(B, 0x82);
	out(CENTURY, 0x19);
	out(YEAR, 0x99);
	out(MON, 0x12);
	out(MDAY, 0x31);
	out(WDAY, 0x03);
	out(HOUR, 0x23);
	out(MIN, 0x59);
	out(SEC, 0x59);
	out(B, 0x02);
	fake_run_for(f, 1100);
	cr_assert_eq(in(CENTURY), 0x20);
	cr_assert_eq(in(YEAR), 0x00);
	cr_assert_eq(in(MON), 0x01);
	cr_assert_eq(in(MDAY), 0x01);
	cr_assert_eq(in(WDAY), 0x04, "weekdays go on from what the guest called it");
	cr_assert_eq(in(HOUR), 0x00);
}

Test(rtc, one_byte_set_while_it_runs)
{
	unsigned min = in(MIN);

	out(HOUR, 0x05);
	cr_assert_eq(in(HOUR), 0x05);
	cr_assert(in(MIN) == min || in(SEC) < 2);
}

static uint64_t real_ns(void)
{
	return hv_clock_now(f->m.timers, HV_CLOCK_REAL);
}

/* Seconds counted @ns after the divider was let go. */
static unsigned updates(uint64_t ns)
{
	return (unsigned)((ns + 500000000u) / 1000000000u);
}

/* "Divider control": the first update is half a second after the divider is let go. */
Test(rtc, divider_reset)
{
	uint64_t before, after, least;
	unsigned second;

	out(A, 0x76);
	out(HOUR, 0x01);
	out(MIN, 0x02);
	out(SEC, 0x03);
	fake_run_for(f, 1100);
	cr_assert_eq(in(SEC), 0x03, "stopped");
	before = real_ns();
	out(A, 0x26);
	after = real_ns();
	/* Mostly 3, then 4; later when this machine is too busy to look in time. */
	for (unsigned ms = 200; ms <= 700; ms += 500) {
		fake_run_for(f, ms);
		least = updates(real_ns() - after);
		second = in(SEC);
		cr_assert_geq(second, 0x03 + least);
		cr_assert_leq(second, 0x03 + updates(real_ns() - before));
	}
}

Test(rtc, dates_that_cannot_be)
{
	unsigned v;

	for (v = 0; v < 256; v++) {
		out(B, v & 1 ? 0x82 : 0x84);
		out(MON, v);
		out(MDAY, 255 - v);
		out(HOUR, v);
		out(YEAR, v);
		out(CENTURY, v);
		out(B, v & 1 ? 0x02 : 0x04);
		in(MDAY);
	}
	cr_assert_leq(in(MON), 0x12);
}

Test(rtc, update_interrupt)
{
	in(C);
	out(B, 0x12);
	fake_run_for(f, 1100);
	cr_assert(fake_irq_level(8));
	cr_assert_eq(fake_peek(f, 0x71, 1), 0x12);
	cr_assert_eq(in(C)&0xb0, 0x90);
	cr_assert_not(fake_irq_level(8), "reading C lets the line go");
	cr_assert_eq(in(C)&0x10, 0);
	fake_run_for(f, 1100);
	cr_assert_eq(fake_irq_edges(8), 2, "and the next second comes");
}

Test(rtc, alarm)
{
	set_time(0x02, 0x10, 0x20, 0x30);
	out(HOUR_ALARM, 0x10);
	out(MIN_ALARM, 0x20);
	out(SEC_ALARM, 0x31);
	in(C);
	out(B, 0x22);
	fake_run_for(f, 1200);
	cr_assert(fake_irq_level(8));
	cr_assert_eq(in(C)&0xa0, 0xa0);
	fake_run_for(f, 1100);
	cr_assert_eq(in(C)&0x20, 0, "once");
}

Test(rtc, alarm_that_does_not_care)
{
	out(HOUR_ALARM, 0xff);
	out(MIN_ALARM, 0xc0);
	out(SEC_ALARM, 0xd5);
	in(C);
	out(B, 0x22);
	fake_run_for(f, 1100);
	cr_assert(in(C)&0x20, "every second");
}

Test(rtc, alarm_elsewhere_is_quiet)
{
	set_time(0x02, 0x10, 0x20, 0x30);
	out(HOUR_ALARM, 0x10);
	out(MIN_ALARM, 0x21);
	out(SEC_ALARM, 0x31);
	in(C);
	out(B, 0x22);
	fake_run_for(f, 1200);
	cr_assert_not(fake_irq_level(8));
	cr_assert_eq(in(C)&0xa0, 0);
}

/* One interrupt for all that came, and what is not enabled does not make one. */
Test(rtc, alarm_and_update_together)
{
	set_time(0x02, 0x23, 0x59, 0x59);
	out(HOUR_ALARM, 0x00);
	out(MIN_ALARM, 0x00);
	out(SEC_ALARM, 0x00);
	in(C);
	out(B, 0x32);
	fake_run_for(f, 1200);
	cr_assert_eq(fake_irq_edges(8), 1);
	cr_assert_eq(in(C)&0xb0, 0xb0, "midnight, and a second that ended");
	out(B, 0x12);
	fake_run_for(f, 1100);
	cr_assert_eq(in(C)&0xb0, 0x90, "the update alone");
}

Test(rtc, enabling_what_has_come_interrupts_at_once)
{
	in(C);
	fake_run_for(f, 1100);
	cr_assert_not(fake_irq_level(8));
	out(B, 0x12);
	cr_assert(fake_irq_level(8), "UF was up");
	out(B, 0x02);
	cr_assert_not(fake_irq_level(8), "the line follows its enable");
}

Test(rtc, a_stopped_clock_has_no_alarm)
{
	out(B, 0x82);
	out(HOUR_ALARM, 0xff);
	out(MIN_ALARM, 0xff);
	out(SEC_ALARM, 0xff);
	in(C);
	out(B, 0xb2);
	cr_assert_eq(in(B), 0xa2, "SET clears UIE");
	fake_run_for(f, 1200);
	cr_assert_eq(in(C)&0x30, 0);
	cr_assert_not(fake_irq_level(8));
	out(B, 0x22);
	fake_run_for(f, 1200);
	cr_assert(in(C)&0x20, "until it runs again");
}

Test(rtc, alarm_of_12_hours)
{
	set_time(0x00, 0x91, 0x59, 0x59); /* 11:59:59 PM */
	out(HOUR_ALARM, 0x12);		  /* 12 AM */
	out(MIN_ALARM, 0x00);
	out(SEC_ALARM, 0x00);
	in(C);
	out(B, 0x20);
	fake_run_for(f, 1200);
	cr_assert_eq(in(C)&0xa0, 0xa0);
}

/* Table 5: each rate, by the flag alone. */
Test(rtc, periodic_rates)
{
	for (unsigned rs = 1; rs < 16; rs++) {
		unsigned hz = 65536 >> (rs <= 2 ? rs + 7 : rs), count = 0;
		uint64_t from = hv_clock_now(f->m.timers, HV_CLOCK_GUEST), ns;

		out(A, 0x20 | rs);
		in(C);
		if (hz < 16)
			continue; /* too slow to count here */
		out(B, 0x42);
		for (int i = 0; i < 5; i++) {
			fake_run_for(f, 1000 / hz + 2);
			count += (in(C)&0x40) != 0;
		}
		out(B, 0x02);
		ns = hv_clock_now(f->m.timers, HV_CLOCK_GUEST) - from;
		cr_expect_eq(count, 5, "rate %u, %u Hz: %u", rs, hz, count);
		cr_expect_geq(ns, 5000000000ull / hz, "rate %u", rs);
	}
	out(A, 0x20);
	out(B, 0x42);
	in(C);
	fake_run_for(f, 20);
	cr_expect_eq(in(C)&0x40, 0, "rate 0 is none");
}

Test(rtc, flags_come_up_without_interrupts)
{
	in(C);
	fake_run_for(f, 1100);
	cr_assert_not(fake_irq_level(8));
	cr_assert_eq(in(C)&0xd0, 0x50, "PF and UF, no IRQF");
}

Test(rtc, periodic_interrupt)
{
	int i;

	out(A, 0x2a); /* 64 Hz */
	in(C);
	out(B, 0x42);
	for (i = 0; i < 10; i++) {
		fake_run_for(f, 16);
		in(C);
	}
	cr_assert_geq(fake_irq_edges(8), 5);
	cr_assert_leq(fake_irq_edges(8), 30);
	out(B, 0x02);
	in(C);
	cr_assert_not(fake_irq_level(8));
}

/* Nobody reads C: the line stays up, and no timer goes on behind it. */
Test(rtc, one_interrupt_until_it_is_answered)
{
	out(A, 0x23); /* 8192 Hz */
	out(B, 0x42);
	fake_run_for(f, 50);
	cr_assert_eq(fake_irq_edges(8), 1);
	cr_assert(fake_irq_level(8));
}

/* A flag may come up while C is read. It is an interrupt of its own, and the line is told by edges.
 */
Test(rtc, an_answer_lets_the_line_go)
{
	out(A, 0x23); /* 8192 Hz: now and then that happens */
	in(C);
	out(B, 0x42);
	for (int i = 0; i < 2000; i++) {
		unsigned edges;

		fake_run_for(f, 1);
		edges = fake_irq_edges(8);
		if (in(C)&0x80 && fake_irq_level(8))
			cr_assert_gt(fake_irq_edges(8), edges, "read %d", i);
	}
}

Test(rtc, periodic_stands_still_with_the_guest)
{
	out(A, 0x2a);
	in(C);
	hv_clock_guest_stop(f->m.timers);
	in(C);
	out(B, 0x42);
	fake_run_for(f, 50);
	cr_assert_eq(in(C)&0x40, 0);
	hv_clock_guest_start(f->m.timers);
	fake_run_for(f, 50);
	cr_assert(fake_irq_level(8));
}

Test(rtc, ram_and_memory_sizes)
{
	out(0x40, 0xab);
	cr_assert_eq(in(0x40), 0xab);
	cr_assert_eq(in(0xc0), 0xab, "bit 7 of the index is the NMI's");
	cr_assert_eq(in(0x15) | in(0x16) << 8, 640);
	cr_assert_eq(in(0x17) | in(0x18) << 8, 65535);
	cr_assert_eq(in(0x30) | in(0x31) << 8, 65535);
	cr_assert_eq(in(0x34) | in(0x35) << 8, (3072 - 16) * 16);
	cr_assert_eq(in(0x5b) | in(0x5c) << 8 | in(0x5d) << 16, 2048 * 16);
}

Test(rtc, outlives_a_reset)
{
	set_time(0x52, 0x05, 0x06, 0x07);
	out(0x40, 0x77);
	fake_run_for(f, 20);
	devices_reset(&f->m);
	cr_assert_eq(in(0x40), 0x77);
	cr_assert_eq(in(HOUR), 0x05);
	cr_assert_eq(in(B), 0x02, "interrupts are off");
	cr_assert_not(fake_irq_level(8));
}

Test(rtc, described_by_name)
{
	struct strbuf sb = STRBUF_INIT;

	set_time(0x02, 0x05, 0x06, 0x07);
	device_describe(device_find(&f->m, "rtc0"), &sb);
	cr_assert(strstr(strbuf_str(&sb), "hour = 0x05\n"), "%s", strbuf_str(&sb));
	cr_assert(strstr(strbuf_str(&sb), "b = 0x02 [24H]\n"), "%s", strbuf_str(&sb));
	strbuf_free(&sb);
}
