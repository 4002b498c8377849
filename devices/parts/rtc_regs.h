/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registers of the MC146818A as its data sheet names them (Motorola, 1984):
 * addresses of the time's bytes, and the bits of registers A to D.
 */
#ifndef DEVICES_PARTS_RTC_REGS_H
#define DEVICES_PARTS_RTC_REGS_H

#include "hv/device.h"

/* Addresses of the time's bytes; the century's is where PCs have it. */
enum {
	RTC_SEC = 0,
	RTC_SEC_ALARM,
	RTC_MIN,
	RTC_MIN_ALARM,
	RTC_HOUR,
	RTC_HOUR_ALARM,
	RTC_WDAY,
	RTC_MDAY,
	RTC_MON,
	RTC_YEAR
};
#define RTC_CENTURY 0x32

#define RTC_A_UIP 0x80
#define RTC_A_DV  0x70
#define RTC_A_RS  0x0f

#define RTC_B_SET  0x80
#define RTC_B_PIE  0x40
#define RTC_B_AIE  0x20
#define RTC_B_UIE  0x10
#define RTC_B_SQWE 0x08
#define RTC_B_DM   0x04 /* binary, not BCD */
#define RTC_B_24H  0x02

#define RTC_C_IRQF 0x80
#define RTC_C_PF   0x40
#define RTC_C_AF   0x20
#define RTC_C_UF   0x10

#define RTC_D_VRT 0x80

/* The bits' names for rows of a register table. */
extern const struct reg_field rtc_index_fields[]; /* port 0x70 of a PC */
extern const struct reg_field rtc_a_fields[];
extern const struct reg_field rtc_b_fields[];
extern const struct reg_field rtc_c_fields[];
extern const struct reg_field rtc_d_fields[];

#endif
