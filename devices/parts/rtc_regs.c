// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The names of the bits in the MC146818A's registers: data only, behaviour is in
 * devices/cmos_rtc.c.
 */
#include "devices/parts/rtc_regs.h"

const struct reg_field rtc_index_fields[] = {
	REG_BITS("INDEX", 6, 0),
	REG_BIT("NMI_OFF", 7),
	{ 0 },
};
const struct reg_field rtc_a_fields[] = {
	REG_BITS("RS", 3, 0),
	REG_BITS("DV", 6, 4),
	REG_BIT("UIP", 7),
	{ 0 },
};
const struct reg_field rtc_b_fields[] = {
	REG_BIT("DSE", 0),  REG_BIT("24H", 1), REG_BIT("DM", 2),
	REG_BIT("SQWE", 3), REG_BIT("UIE", 4), REG_BIT("AIE", 5),
	REG_BIT("PIE", 6),  REG_BIT("SET", 7), { 0 },
};
const struct reg_field rtc_c_fields[] = {
	REG_BIT("UF", 4), REG_BIT("AF", 5), REG_BIT("PF", 6), REG_BIT("IRQF", 7), { 0 },
};
const struct reg_field rtc_d_fields[] = { REG_BIT("VRT", 7), { 0 } };
