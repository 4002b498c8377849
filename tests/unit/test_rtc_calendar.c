// SPDX-License-Identifier: GPL-3.0-or-later
/* What the clock's bytes say, without a clock. */
#include <criterion/criterion.h>

#include "devices/parts/rtc_calendar.h"
#include "devices/parts/rtc_regs.h"

/* Tuesday, 29 February 2000, 23:59:58. */
#define LEAP_DAY 951868798

static const uint8_t formats[] = { 0, RTC_B_DM, RTC_B_24H, RTC_B_DM | RTC_B_24H };

TestSuite(rtc_calendar, .timeout = 120);

Test(rtc_calendar, formats)
{
	static const uint8_t hours[] = { 0x91, 0x8b, 0x23, 23 }, mins[] = { 0x59, 59, 0x59, 59 };
	unsigned i;

	for (i = 0; i < 4; i++) {
		cr_assert_eq(rtc_time_byte(formats[i], LEAP_DAY, 0, RTC_HOUR), hours[i], "%u", i);
		cr_assert_eq(rtc_time_byte(formats[i], LEAP_DAY, 0, RTC_MIN), mins[i], "%u", i);
	}
}

Test(rtc_calendar, all_bytes)
{
	uint8_t ram[RTC_CENTURY + 1] = { [RTC_SEC_ALARM] = 0xaa };

	rtc_time_to_bytes(RTC_B_24H, LEAP_DAY, 6, ram);
	cr_assert_eq(ram[RTC_SEC], 0x58);
	cr_assert_eq(ram[RTC_SEC_ALARM], 0xaa);
	cr_assert_eq(ram[RTC_WDAY], 2, "the day before Tuesday's 3");
	cr_assert_eq(ram[RTC_MDAY], 0x29);
	cr_assert_eq(ram[RTC_MON], 0x02);
	cr_assert_eq(ram[RTC_YEAR], 0x00);
	cr_assert_eq(ram[RTC_CENTURY], 0x20);
}

/* In every format, around noon and midnight too, and before 1970. */
Test(rtc_calendar, there_and_back)
{
	uint8_t ram[RTC_CENTURY + 1];
	unsigned i;
	int64_t t;
	int shift;

	for (i = 0; i < 4; i++) {
		for (t = -86400 * 3; t < 86400 * 3; t += 1799) {
			rtc_time_to_bytes(formats[i], t, 4, ram);
			cr_assert_eq(rtc_bytes_to_time(formats[i], ram, &shift), t);
			cr_assert_eq(shift, 4);
		}
	}
}

Test(rtc_calendar, a_date_that_cannot_be)
{
	uint8_t ram[RTC_CENTURY + 1];
	int shift;

	rtc_time_to_bytes(RTC_B_24H, LEAP_DAY, 0, ram);
	ram[RTC_MDAY] = 0x30;
	cr_assert_eq(rtc_bytes_to_time(RTC_B_24H, ram, &shift), LEAP_DAY + 86400);
}

Test(rtc_calendar, alarms)
{
	uint8_t ram[RTC_CENTURY + 1] = {
		[RTC_HOUR_ALARM] = 0x23,
		[RTC_MIN_ALARM] = 0x59,
		[RTC_SEC_ALARM] = 0x58,
	};

	cr_assert_eq(rtc_next_alarm(RTC_B_24H, ram, LEAP_DAY - 1), LEAP_DAY);
	cr_assert_eq(rtc_next_alarm(RTC_B_24H, ram, LEAP_DAY), LEAP_DAY + 86400);
	ram[RTC_HOUR_ALARM] = 0xc0;
	cr_assert_eq(rtc_next_alarm(RTC_B_24H, ram, LEAP_DAY), LEAP_DAY + 3600);
	ram[RTC_MIN_ALARM] = ram[RTC_SEC_ALARM] = 0xff;
	cr_assert_eq(rtc_next_alarm(RTC_B_24H, ram, LEAP_DAY), LEAP_DAY + 1);
	ram[RTC_HOUR_ALARM] = 0x24;
	cr_assert_eq(rtc_next_alarm(RTC_B_24H, ram, LEAP_DAY), 0);
	ram[RTC_HOUR_ALARM] = 0x23;
	ram[RTC_MIN_ALARM] = 0x00;
	cr_assert_eq(rtc_next_alarm(RTC_B_24H, ram, -1), 23 * 3600);
	cr_assert_eq(rtc_next_alarm(RTC_B_24H, ram, -86401), -3600);
}
