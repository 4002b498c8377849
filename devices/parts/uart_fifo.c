// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A ring of 16 characters, of which one is used while FIFOs are off. "8.x" are
 * sections of National's PC16550D data sheet (June 1995).
 */
#include "devices/parts/uart_fifo.h"
#include "devices/parts/uart_regs.h"

static unsigned capacity(uint8_t fcr)
{
	return fcr & UART_FCR_ENABLE ? UART_FIFO_SIZE : 1;
}

void uart_fifo_clear(struct uart_fifo *f)
{
	f->head = f->used = 0;
}

unsigned uart_fifo_room(const struct uart_fifo *f, uint8_t fcr)
{
	return capacity(fcr) - f->used;
}

bool uart_fifo_put(struct uart_fifo *f, uint8_t fcr, uint8_t byte)
{
	if (f->used == capacity(fcr)) {
		if (!(fcr & UART_FCR_ENABLE))
			f->bytes[f->head] = byte;
		return false;
	}
	f->bytes[(f->head + f->used++) % UART_FIFO_SIZE] = byte;
	return true;
}

uint8_t uart_fifo_peek(const struct uart_fifo *f)
{
	return f->used ? f->bytes[f->head] : 0;
}

uint8_t uart_fifo_get(struct uart_fifo *f)
{
	uint8_t byte = uart_fifo_peek(f);

	if (f->used) {
		f->head = (f->head + 1) % UART_FIFO_SIZE;
		f->used--;
	}
	return byte;
}

unsigned uart_fifo_trigger(uint8_t fcr)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return fcr & UART_FCR_ENABLE ? levels[fcr >> 6] : 1;
}

uint64_t uart_fifo_timeout_ns(uint8_t lcr, unsigned divisor)
{
	/* Start, 5 to 8 data bits, parity, 1 or 2 stop bits. */
	unsigned bits = 1 + 5 + (lcr & 3) + !!(lcr & 0x08) + 1 + !!(lcr & 0x04);

	/* A divisor of 0 stops the clock of a real one; here it is as fast as can be. */
	return 4 * ((uint64_t)bits * (divisor ? divisor : 1) * 1000000000ull / UART_BASE_BAUD);
}
