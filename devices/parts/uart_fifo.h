/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The receive FIFO of a 16550 and what the FIFO control register makes of it.
 * Whoever has the struct locks it. @fcr is that register as the chip keeps it:
 * without UART_FCR_ENABLE there is room for one character.
 */
#ifndef DEVICES_PARTS_UART_FIFO_H
#define DEVICES_PARTS_UART_FIFO_H

#include <stdbool.h>
#include <stdint.h>

#define UART_FIFO_SIZE 16

/* Zeroed it is empty. @used is never above the room that FCR gives: clear it when UART_FCR_ENABLE
 * changes. */
struct uart_fifo {
	uint8_t bytes[UART_FIFO_SIZE];
	unsigned head, used;
};

void uart_fifo_clear(struct uart_fifo *f);

/* Characters that still fit. */
unsigned uart_fifo_room(const struct uart_fifo *f, uint8_t fcr);

/* False for an overrun: a full FIFO keeps what it has; without FIFOs the new character replaces
 * the old one (8.4). */
bool uart_fifo_put(struct uart_fifo *f, uint8_t fcr, uint8_t byte);

/* The oldest character, 0 when there is none. Getting it takes it out. */
uint8_t uart_fifo_peek(const struct uart_fifo *f);
uint8_t uart_fifo_get(struct uart_fifo *f);

/* How many characters cause the interrupt (8.5). */
unsigned uart_fifo_trigger(uint8_t fcr);

/* How long fewer than that wait for it: four characters (8.11) in the format of @lcr, at the speed
 * of @divisor, in ns. */
uint64_t uart_fifo_timeout_ns(uint8_t lcr, unsigned divisor);

#endif
