// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The peer is always there: CTS, DSR and DCD are on, unless the lines going out
 * are looped back. "8.x" are sections of National's PC16550D data sheet (June 1995).
 */
#include "devices/parts/uart_modem.h"
#include "devices/parts/uart_regs.h"

void uart_modem_update(struct uart_modem *m, uint8_t mcr)
{
	uint8_t lines = UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD, changed;

	if (mcr & UART_MCR_LOOP) /* 8.8: RTS, DTR, OUT1, OUT2 come back as CTS, DSR, RI, DCD */
		lines = (mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
			(mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
			(mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
			(mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0);
	changed = lines ^ m->lines;
	/* 8.9: the ring indicator tells of its trailing edge only. */
	if (lines & UART_MSR_RI)
		changed &= ~UART_MSR_RI;
	m->delta |= changed >> 4;
	m->lines = lines;
}
