// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The clock and its battery-backed RAM: Motorola MC146818A at ports 0x70 (index)
 * and 0x71 (data), interrupt 8.
 *
 * The time is the host's real time (UTC) plus what the guest made of it. It is not kept:
 * it is computed when somebody looks, and so are the flags of register C. Two
 * timers exist for interrupts only: one on real time for the next update or
 * alarm, one on the guest's clock for the next periodic edge; each is
 * armed only while its interrupt is enabled and its flag clear.
 *
 *   running --SET or divider reset--> stopped: the time bytes are plain RAM
 *           <--neither any more------ the bytes become the time
 *
 * How the bytes say a time is in parts/rtc_calendar.c, how the RAM says memory sizes in
 * parts/cmos_memory.c, the bits of the registers in parts/rtc_regs.h.
 *
 * Section names below are those of the MC146818A data sheet (Motorola, 1984).
 */
#include <errno.h>

#include "devices/parts/cmos_memory.h"
#include "devices/parts/rtc_calendar.h"
#include "devices/parts/rtc_regs.h"
#include "hv/device.h"
#include "hv/machine.h"

#define RTC_PORT 0x70
#define RTC_IRQ	 8

#define NS_PER_SEC 1000000000ull

/* Register space: the two ports, then the chip's 128 bytes. */
#define SPACE_INDEX 0
#define SPACE_DATA  1
#define SPACE_CMOS  0x100
#define CMOS_SIZE   128

/* "Update cycle", with the 32.768 kHz crystal of a PC: UIP rises 244 us before the 1984 us of the
 * cycle. */
#define UIP_NS 2228000ull

struct rtc {
	struct device dev;
	uint8_t index, a, b, c;
	uint8_t ram[CMOS_SIZE]; /* the time bytes are valid only while stopped */
	struct cmos_memory memory;
	bool divider_reset, stopped;
	/* The clock's time is (host real time + shift_ns) + shift_sec; shift_ns is less than a
	 * second. */
	int64_t shift_sec;
	uint64_t shift_ns;
	int wday_shift;	     /* the guest counts its weekdays from where it wants */
	int64_t seen_sec;    /* flags C.UF and C.AF are right up to this second */
	uint64_t seen_ticks; /* and C.PF up to this tick of 32768 Hz */
	struct hv_timer *second_timer, *period_timer;
};

static struct rtc *to_rtc(struct device *dev)
{
	return (struct rtc *)dev;
}

static const struct rtc *to_const_rtc(const struct device *dev)
{
	return (const struct rtc *)dev;
}

/* ---- time ---- */

static uint64_t shifted_now(const struct rtc *r)
{
	return hv_clock_now(r->dev.m->timers, HV_CLOCK_REAL) + r->shift_ns;
}

static int64_t now_sec(const struct rtc *r)
{
	return (int64_t)(shifted_now(r) / NS_PER_SEC) + r->shift_sec;
}

/* The running clock's time into the bytes. */
static void time_to_bytes(struct rtc *r)
{
	rtc_time_to_bytes(r->b, now_sec(r), r->wday_shift, r->ram);
}

/* The bytes become the time; the part of the second goes on. */
static void bytes_to_time(struct rtc *r)
{
	int64_t sec = rtc_bytes_to_time(r->b, r->ram, &r->wday_shift);

	r->shift_sec = sec - (int64_t)(shifted_now(r) / NS_PER_SEC);
	r->seen_sec = sec;
}

/* ---- flags and interrupts ---- */

/* Ticks of the 32768 Hz crystal between periodic edges, 0 for none ("Register A", table 5). */
static uint64_t period_ticks(const struct rtc *r)
{
	unsigned rs = r->a & RTC_A_RS;

	if (!rs || r->divider_reset)
		return 0;
	return 1ull << ((rs <= 2 ? rs + 7 : rs) - 1);
}

/* A tick is 1953125/64 ns. */
static uint64_t now_ticks(const struct rtc *r)
{
	return hv_clock_now(r->dev.m->timers, HV_CLOCK_GUEST) * 64 / 1953125;
}

/* Flags of register C that came up since they were last looked at. */
static uint8_t new_flags(const struct rtc *r)
{
	uint64_t period = period_ticks(r);
	uint8_t flags = 0;
	int64_t sec, alarm;

	if (period && now_ticks(r) / period != r->seen_ticks / period)
		flags |= RTC_C_PF;
	if (r->stopped)
		return flags;
	sec = now_sec(r);
	if (sec != r->seen_sec)
		flags |= RTC_C_UF;
	alarm = sec > r->seen_sec ? rtc_next_alarm(r->b, r->ram, r->seen_sec) : 0;
	if (alarm && alarm <= sec)
		flags |= RTC_C_AF;
	return flags;
}

static uint8_t with_irqf(const struct rtc *r, uint8_t flags)
{
	return flags | ((flags & r->b & (RTC_C_PF | RTC_C_AF | RTC_C_UF)) ? RTC_C_IRQF : 0);
}

static void arm_timers(struct rtc *r)
{
	uint64_t period = period_ticks(r);
	int64_t wait = 0;

	if (period && (r->b & ~r->c & RTC_B_PIE)) {
		uint64_t at = (now_ticks(r) / period + 1) * period;

		hv_timer_arm(r->period_timer, (at * 1953125 + 63) / 64);
	} else {
		hv_timer_disarm(r->period_timer);
	}
	if (!r->stopped && (r->b & ~r->c & RTC_B_AIE)) {
		int64_t alarm = rtc_next_alarm(r->b, r->ram, r->seen_sec);

		wait = alarm ? alarm - r->seen_sec : 0;
	}
	if (!r->stopped && (r->b & ~r->c & RTC_B_UIE))
		wait = 1;
	if (wait > 0)
		hv_timer_arm(r->second_timer,
			     (uint64_t)(r->seen_sec - r->shift_sec + wait) * NS_PER_SEC -
				     r->shift_ns);
	else
		hv_timer_disarm(r->second_timer);
}

/* Brings register C up to date. */
static void note_flags(struct rtc *r)
{
	r->c |= new_flags(r);
	r->seen_sec = now_sec(r);
	r->seen_ticks = now_ticks(r);
	r->c = with_irqf(r, r->c & (RTC_C_PF | RTC_C_AF | RTC_C_UF));
}

/* The same with the interrupt line and the timers: before and after anything changes. */
static void sync(struct rtc *r)
{
	note_flags(r);
	device_irq_set(&r->dev, r->c & RTC_C_IRQF);
	arm_timers(r);
}

static void timer_fired(void *opaque)
{
	struct rtc *r = opaque;

	pthread_mutex_lock(&r->dev.lock);
	sync(r);
	pthread_mutex_unlock(&r->dev.lock);
}

/* ---- registers ---- */

/* Stops or starts the clock as registers A and B say. */
static void update_running(struct rtc *r)
{
	bool stop = r->divider_reset || (r->b & RTC_B_SET);

	if (stop && !r->stopped)
		time_to_bytes(r);
	else if (!stop && r->stopped)
		bytes_to_time(r);
	r->stopped = stop;
}

static uint64_t peek_time(const struct device *dev, const struct reg *reg)
{
	const struct rtc *r = to_const_rtc(dev);
	unsigned which = (unsigned)(reg->offset - SPACE_CMOS);

	return r->stopped ? r->ram[which] : rtc_time_byte(r->b, now_sec(r), r->wday_shift, which);
}

static void write_time(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct rtc *r = to_rtc(dev);

	sync(r);
	if (!r->stopped)
		time_to_bytes(r);
	r->ram[reg->offset - SPACE_CMOS] = (uint8_t)value;
	if (!r->stopped)
		bytes_to_time(r);
	sync(r);
}

static void write_alarm(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct rtc *r = to_rtc(dev);

	sync(r);
	r->ram[reg->offset - SPACE_CMOS] = (uint8_t)value;
	sync(r);
}

static uint64_t peek_a(const struct device *dev, const struct reg *reg)
{
	const struct rtc *r = to_const_rtc(dev);
	bool uip = !r->stopped && shifted_now(r) % NS_PER_SEC >= NS_PER_SEC - UIP_NS;

	(void)reg;
	return r->a | (uip ? RTC_A_UIP : 0);
}

static void write_a(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct rtc *r = to_rtc(dev);
	bool was = r->divider_reset;

	(void)reg;
	sync(r);
	r->a = (uint8_t)value & ~RTC_A_UIP;
	r->divider_reset = (value & 0x60) == 0x60;
	/* "Divider control": the first update comes half a second after the divider is let go. */
	if (was && !r->divider_reset) {
		uint64_t part = (shifted_now(r) - r->shift_ns) % NS_PER_SEC;

		r->shift_ns = (NS_PER_SEC + NS_PER_SEC / 2 - part) % NS_PER_SEC;
	}
	update_running(r);
	sync(r);
}

static void write_b(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct rtc *r = to_rtc(dev);
	uint8_t b = (uint8_t)value;

	(void)reg;
	sync(r);
	if (b & RTC_B_SET)
		b &= ~RTC_B_UIE; /* "Register B", SET */
	/* The bytes are taken in the old format and given back in the new one. */
	if ((b & RTC_B_SET) && !r->stopped) {
		time_to_bytes(r);
		r->stopped = true;
	}
	r->b = b;
	update_running(r);
	sync(r);
}

static uint64_t peek_c(const struct device *dev, const struct reg *reg)
{
	const struct rtc *r = to_const_rtc(dev);

	(void)reg;
	return with_irqf(r, (r->c & ~RTC_C_IRQF) | new_flags(r));
}

static uint64_t read_c(struct device *dev, const struct reg *reg)
{
	struct rtc *r = to_rtc(dev);
	uint8_t c;

	(void)reg;
	note_flags(r);
	c = r->c;
	r->c = 0;
	/* The line goes down even if the next flag is there already: the interrupt is an edge. */
	device_irq_set(&r->dev, false);
	sync(r);
	return c;
}

/* Port 0x70 cannot be read on a PC. */
static uint64_t read_index(struct device *dev, const struct reg *reg)
{
	(void)dev;
	(void)reg;
	return 0xff;
}

static uint64_t peek_data(const struct device *dev, const struct reg *reg)
{
	struct device *d = (struct device *)dev; /* a peek changes nothing */

	(void)reg;
	return device_space_peek(d, SPACE_CMOS + to_const_rtc(dev)->index % CMOS_SIZE, 1);
}

static uint64_t read_data(struct device *dev, const struct reg *reg)
{
	(void)reg;
	return device_space_read(dev, SPACE_CMOS + to_rtc(dev)->index % CMOS_SIZE, 1);
}

static void write_data(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	device_space_write(dev, SPACE_CMOS + to_rtc(dev)->index % CMOS_SIZE, 1, value);
}

#define TIME_REG(name_, which, help_)                                                    \
	{                                                                                \
		.name = name_, .offset = SPACE_CMOS + (which), .width = 1, .keep = true, \
		.peek = peek_time, .write = write_time, .help = help_                    \
	}
#define ALARM_REG(name_, which, help_)                                                   \
	{                                                                                \
		.name = name_, .offset = SPACE_CMOS + (which), .width = 1, .keep = true, \
		REG_STATE(struct rtc, ram[which]), .write = write_alarm, .help = help_   \
	}

/* clang-format off */
static const struct reg rtc_regs[] = {
	{ .name = "index", .offset = SPACE_INDEX, .width = 1, REG_STATE(struct rtc, index),
	  .fields = rtc_index_fields, .read = read_index,
	  .help = "port 0x70: which byte of the chip port 0x71 is; reads as 0xff" },
	{ .name = "data", .offset = SPACE_DATA, .width = 1, .peek = peek_data, .read = read_data,
	  .write = write_data,
	  .help = "port 0x71: the byte at index" },
	TIME_REG("sec", RTC_SEC, "seconds"),
	ALARM_REG("sec_alarm", RTC_SEC_ALARM, "alarm: seconds; 0xc0 and above: any"),
	TIME_REG("min", RTC_MIN, "minutes"),
	ALARM_REG("min_alarm", RTC_MIN_ALARM, "alarm: minutes"),
	TIME_REG("hour", RTC_HOUR, "hours; in 12-hour mode bit 7 is PM"),
	ALARM_REG("hour_alarm", RTC_HOUR_ALARM, "alarm: hours"),
	TIME_REG("wday", RTC_WDAY, "day of the week, 1 is Sunday"),
	TIME_REG("mday", RTC_MDAY, "day of the month"),
	TIME_REG("mon", RTC_MON, "month"),
	TIME_REG("year", RTC_YEAR, "year of the century"),
	{ .name = "a", .offset = SPACE_CMOS + 10, .width = 1, .keep = true, .reset = 0x26,
	  REG_STATE(struct rtc, a), .fields = rtc_a_fields, .peek = peek_a, .write = write_a,
	  .help = "divider, periodic rate, update in progress" },
	{ .name = "b", .offset = SPACE_CMOS + 11, .width = 1, .keep = true, .reset = RTC_B_24H,
	  REG_STATE(struct rtc, b), .fields = rtc_b_fields, .write = write_b,
	  .help = "interrupt enables and formats; SET stops the clock" },
	{ .name = "c", .offset = SPACE_CMOS + 12, .width = 1, .access = REG_RO,
	  REG_STATE(struct rtc, c), .fields = rtc_c_fields, .peek = peek_c, .read = read_c,
	  .help = "interrupt flags; reading clears them" },
	{ .name = "d", .offset = SPACE_CMOS + 13, .width = 1, .access = REG_RO, .reset = RTC_D_VRT,
	  .fields = rtc_d_fields,
	  .help = "the battery is good" },
	{ .name = "shutdown", .offset = SPACE_CMOS + 0x0f, .width = 1, .keep = true,
	  REG_STATE(struct rtc, ram[0x0f]),
	  .help = "what firmware does after a reset" },
	{ .name = "base_kb", .offset = SPACE_CMOS + 0x15, .width = 2, .keep = true,
	  REG_STATE(struct rtc, memory.base_kb),
	  .help = "KiB of RAM below 1 MiB" },
	{ .name = "ext_kb", .offset = SPACE_CMOS + 0x17, .width = 2, .keep = true,
	  REG_STATE(struct rtc, memory.ext_kb),
	  .help = "KiB of RAM above 1 MiB, 65535 at most" },
	{ .name = "ext_kb_found", .offset = SPACE_CMOS + 0x30, .width = 2, .keep = true,
	  REG_STATE(struct rtc, memory.ext_kb),
	  .help = "the same as firmware found it" },
	TIME_REG("century", RTC_CENTURY, "century"),
	{ .name = "mem_64k", .offset = SPACE_CMOS + 0x34, .width = 2, .keep = true,
	  REG_STATE(struct rtc, memory.mem_64k),
	  .help = "64 KiB units of RAM between 16 MiB and 4 GiB" },
	{ .name = "high_64k", .offset = SPACE_CMOS + 0x5b, .width = 1, .count = 3, .keep = true,
	  REG_STATE(struct rtc, memory.high_64k),
	  .help = "64 KiB units of RAM above 4 GiB, 24 bits" },
	{ .name = "ram", .offset = SPACE_CMOS, .width = 1, .count = CMOS_SIZE, .keep = true,
	  REG_STATE(struct rtc, ram),
	  .help = "battery-backed RAM, where nothing above has a name for it" },
	{ 0 },
};
/* clang-format on */

/* ---- life ---- */

/* "RESET": interrupt enables, square wave and flags are cleared; time, RAM and the rest are not. */
static void rtc_reset(struct device *dev)
{
	struct rtc *r = to_rtc(dev);

	r->b &= ~(RTC_B_PIE | RTC_B_AIE | RTC_B_UIE | RTC_B_SQWE);
	cmos_memory_sizes(r->dev.m->ram, &r->memory);
	r->seen_sec = now_sec(r);
	r->seen_ticks = now_ticks(r);
	sync(r);
}

static int rtc_create(struct device *dev, struct error *err)
{
	struct rtc *r = to_rtc(dev);
	struct hv_timers *t = dev->m->timers;

	if (hv_timer_create(t, HV_CLOCK_REAL, timer_fired, r, &r->second_timer) < 0)
		goto fail;
	if (hv_timer_create(t, HV_CLOCK_GUEST, timer_fired, r, &r->period_timer) < 0)
		goto fail_period;
	return 0;

fail_period:
	hv_timer_destroy(r->second_timer);
fail:
	return error_set(err, -ENOMEM, "%s: no timer", dev->name);
}

static void rtc_destroy(struct device *dev)
{
	struct rtc *r = to_rtc(dev);

	hv_timer_destroy(r->period_timer);
	hv_timer_destroy(r->second_timer);
}

static int rtc_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class cmos_rtc = {
	.name = "cmos_rtc",
	.stem = "rtc",
	.help = "MC146818A clock and battery-backed RAM",
	.compatible = "motorola,mc146818",
	.size = sizeof(struct rtc),
	.space = SPACE_CMOS + CMOS_SIZE,
	.regs = rtc_regs,
	.probe = rtc_probe,
	.create = rtc_create,
	.destroy = rtc_destroy,
	.reset = rtc_reset,
};
DEVICE_CLASS(cmos_rtc);

static int rtc_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	(void)cfg;
	return device_add(m, &cmos_rtc, true, RTC_PORT, 2, RTC_IRQ, err) ? 0 : -EIO;
}
