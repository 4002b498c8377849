// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The calendar of the MC146818A: BCD or binary, 12 or 24 hours, and when an alarm
 * comes next. Section names are those of its data sheet (Motorola, 1984).
 */
#include <stdbool.h>
#include <time.h>

#include "devices/parts/rtc_calendar.h"
#include "devices/parts/rtc_regs.h"

#define HOUR_PM 0x80
/* An alarm byte with both upper bits set matches everything ("Alarm bytes"). */
#define ALARM_ANY 0xc0

static uint8_t encode(uint8_t b, unsigned v)
{
	return (uint8_t)(b & RTC_B_DM ? v : v / 10 << 4 | v % 10);
}

static unsigned decode(uint8_t b, uint8_t v)
{
	return b & RTC_B_DM ? v : (v >> 4) * 10u + (v & 15u);
}

static uint8_t encode_hour(uint8_t b, unsigned h)
{
	if (b & RTC_B_24H)
		return encode(b, h);
	return encode(b, h % 12 ? h % 12 : 12) | (h >= 12 ? HOUR_PM : 0);
}

static unsigned decode_hour(uint8_t b, uint8_t v)
{
	if (b & RTC_B_24H)
		return decode(b, v);
	return decode(b, v & ~HOUR_PM) % 12 + (v & HOUR_PM ? 12 : 0);
}

uint8_t rtc_time_byte(uint8_t b, int64_t sec, int wday_shift, unsigned which)
{
	time_t t = (time_t)sec;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return 0;
	switch (which) {
	case RTC_SEC:
		return encode(b, (unsigned)tm.tm_sec);
	case RTC_MIN:
		return encode(b, (unsigned)tm.tm_min);
	case RTC_HOUR:
		return encode_hour(b, (unsigned)tm.tm_hour);
	case RTC_WDAY:
		return encode(b, (unsigned)((tm.tm_wday + wday_shift) % 7 + 1));
	case RTC_MDAY:
		return encode(b, (unsigned)tm.tm_mday);
	case RTC_MON:
		return encode(b, (unsigned)tm.tm_mon + 1);
	case RTC_YEAR:
		return encode(b, (unsigned)(tm.tm_year + 1900) % 100);
	default:
		return encode(b, (unsigned)(tm.tm_year + 1900) / 100 % 100);
	}
}

void rtc_time_to_bytes(uint8_t b, int64_t sec, int wday_shift, uint8_t *ram)
{
	static const uint8_t time_regs[] = { RTC_SEC,  RTC_MIN, RTC_HOUR, RTC_WDAY,
					     RTC_MDAY, RTC_MON, RTC_YEAR, RTC_CENTURY };
	unsigned i;

	for (i = 0; i < sizeof(time_regs); i++)
		ram[time_regs[i]] = rtc_time_byte(b, sec, wday_shift, time_regs[i]);
}

int64_t rtc_bytes_to_time(uint8_t b, const uint8_t *ram, int *wday_shift)
{
	struct tm tm = {
		.tm_sec = (int)decode(b, ram[RTC_SEC]),
		.tm_min = (int)decode(b, ram[RTC_MIN]),
		.tm_hour = (int)decode_hour(b, ram[RTC_HOUR]),
		.tm_mday = (int)decode(b, ram[RTC_MDAY]),
		.tm_mon = (int)decode(b, ram[RTC_MON]) - 1,
		.tm_year = (int)(decode(b, ram[RTC_CENTURY]) % 100 * 100 +
				 decode(b, ram[RTC_YEAR]) % 100) -
			   1900,
	};
	int64_t sec = (int64_t)timegm(&tm);

	*wday_shift = (int)((decode(b, ram[RTC_WDAY]) + 6 + 7 - (unsigned)tm.tm_wday) % 7);
	return sec;
}

static bool alarm_matches(uint8_t alarm, uint8_t byte)
{
	return alarm == byte || (alarm & ALARM_ANY) == ALARM_ANY;
}

/* Seconds from @t to the next multiple of @unit; @t may be before 1970. */
static int64_t until_next(int64_t t, int64_t unit)
{
	return unit - (t % unit + unit) % unit;
}

/* Skips hours and minutes that do not match: at most 24 + 60 + 60 steps. */
int64_t rtc_next_alarm(uint8_t b, const uint8_t *ram, int64_t from)
{
	int64_t t = from + 1;

	while (t <= from + 86400) {
		if (!alarm_matches(ram[RTC_HOUR_ALARM], rtc_time_byte(b, t, 0, RTC_HOUR)))
			t += until_next(t, 3600);
		else if (!alarm_matches(ram[RTC_MIN_ALARM], rtc_time_byte(b, t, 0, RTC_MIN)))
			t += until_next(t, 60);
		else if (!alarm_matches(ram[RTC_SEC_ALARM], rtc_time_byte(b, t, 0, RTC_SEC)))
			t++;
		else
			return t;
	}
	return 0;
}
