// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The names of the bits in a 16550's registers: data only, behaviour is in
 * devices/serial16550.c.
 */
#include "devices/parts/uart_regs.h"

const struct reg_field uart_ier_fields[] = {
	REG_BIT("ERBFI", 0), REG_BIT("ETBEI", 1), REG_BIT("ELSI", 2), REG_BIT("EDSSI", 3), { 0 },
};
static const char *const iir_ids[16] = {
	[UART_IIR_NONE] = "none", [UART_IIR_LINE] = "line", [UART_IIR_DATA] = "data",
	[UART_IIR_TIME] = "time", [UART_IIR_THRE] = "thre", [UART_IIR_MODEM] = "modem",
};
const struct reg_field uart_iir_fields[] = {
	{ .name = "ID", .lo = 0, .hi = 3, .values = iir_ids },
	REG_BITS("FIFO", 7, 6),
	{ 0 },
};
static const char *const fcr_triggers[4] = { "1", "4", "8", "14" };
const struct reg_field uart_fcr_fields[] = {
	REG_BIT("ENABLE", 0),
	REG_BIT("CLEAR_RX", 1),
	REG_BIT("CLEAR_TX", 2),
	REG_BIT("DMA", 3),
	{ .name = "TRIGGER", .lo = 6, .hi = 7, .values = fcr_triggers },
	{ 0 },
};
static const char *const lcr_lengths[4] = { "5", "6", "7", "8" };
const struct reg_field uart_lcr_fields[] = {
	{ .name = "WLS", .lo = 0, .hi = 1, .values = lcr_lengths },
	REG_BIT("STB", 2),
	REG_BIT("PEN", 3),
	REG_BIT("EPS", 4),
	REG_BIT("STICK", 5),
	REG_BIT("BREAK", 6),
	REG_BIT("DLAB", 7),
	{ 0 },
};
const struct reg_field uart_mcr_fields[] = {
	REG_BIT("DTR", 0),  REG_BIT("RTS", 1),	REG_BIT("OUT1", 2),
	REG_BIT("OUT2", 3), REG_BIT("LOOP", 4), { 0 },
};
const struct reg_field uart_lsr_fields[] = {
	REG_BIT("DR", 0),   REG_BIT("OE", 1),  REG_BIT("PE", 2),
	REG_BIT("FE", 3),   REG_BIT("BI", 4),  REG_BIT("THRE", 5),
	REG_BIT("TEMT", 6), REG_BIT("ERF", 7), { 0 },
};
const struct reg_field uart_msr_fields[] = {
	REG_BIT("DCTS", 0), REG_BIT("DDSR", 1), REG_BIT("TERI", 2),
	REG_BIT("DDCD", 3), REG_BIT("CTS", 4),	REG_BIT("DSR", 5),
	REG_BIT("RI", 6),   REG_BIT("DCD", 7),	{ 0 },
};
