/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The modem lines of a 16550 that come in. Whoever has the struct locks it.
 */
#ifndef DEVICES_PARTS_UART_MODEM_H
#define DEVICES_PARTS_UART_MODEM_H

#include <stdint.h>

/* The modem status register is the two or'ed. */
struct uart_modem {
	uint8_t lines; /* bits 7-4 as they are */
	uint8_t delta; /* bits 3-0: what changed since whoever reads them cleared them */
};

/* Follows the modem control register @mcr. */
void uart_modem_update(struct uart_modem *m, uint8_t mcr);

#endif
