/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the MC146818A's time and alarm bytes say a time: pure functions between
 * bytes and seconds since 1970 (UTC), for any thread.
 *
 * @b is register B: DM and 24H say how the bytes are written. @ram is the chip's
 * memory, reaching to RTC_CENTURY at least. @wday_shift, 0 to 6, is how many days the
 * guest's weekdays are ahead of the calendar's.
 */
#ifndef DEVICES_PARTS_RTC_CALENDAR_H
#define DEVICES_PARTS_RTC_CALENDAR_H

#include <stdint.h>

/* The byte at address @which (RTC_SEC, RTC_MIN, … RTC_CENTURY, no alarm) at @sec; 0 when the year
 * of @sec does not fit an int. */
uint8_t rtc_time_byte(uint8_t b, int64_t sec, int wday_shift, unsigned which);

/* All the time's bytes at @sec into @ram; the alarm's are left alone. */
void rtc_time_to_bytes(uint8_t b, int64_t sec, int wday_shift, uint8_t *ram);

/*
 * The time that the bytes in @ram say; *@wday_shift becomes what their weekday
 * says. A date that cannot be is what it would be if days went on counting.
 */
int64_t rtc_bytes_to_time(uint8_t b, const uint8_t *ram, int *wday_shift);

/* The first second after @from that the alarm bytes in @ram match, 0 when there is none within a
 * day. */
int64_t rtc_next_alarm(uint8_t b, const uint8_t *ram, int64_t from);

#endif
