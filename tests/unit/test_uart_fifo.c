// SPDX-License-Identifier: GPL-3.0-or-later
/* The serial port's FIFO, without a port. */
#include <criterion/criterion.h>

#include "devices/parts/uart_fifo.h"
#include "devices/parts/uart_regs.h"

TestSuite(uart_fifo, .timeout = 120);

/* The ring goes round several times. */
Test(uart_fifo, keeps_the_order)
{
	struct uart_fifo f = { .used = 0 };
	uint8_t in = 0, out = 0;
	unsigned round;

	for (round = 0; round < 10; round++) {
		while (uart_fifo_room(&f, UART_FCR_ENABLE))
			cr_assert(uart_fifo_put(&f, UART_FCR_ENABLE, in++));
		cr_assert_eq((uint8_t)(in - out), UART_FIFO_SIZE);
		cr_assert(!uart_fifo_put(&f, UART_FCR_ENABLE, 0xff), "it is full");
		while (f.used > 5) {
			cr_assert_eq(uart_fifo_peek(&f), out);
			cr_assert_eq(uart_fifo_get(&f), out++);
		}
	}
	uart_fifo_clear(&f);
	cr_assert_eq(uart_fifo_room(&f, UART_FCR_ENABLE), UART_FIFO_SIZE);
	cr_assert_eq(uart_fifo_get(&f), 0);
	cr_assert_eq(f.used, 0);
}

Test(uart_fifo, off_it_holds_the_newest)
{
	struct uart_fifo f = { .used = 0 };

	cr_assert_eq(uart_fifo_room(&f, 0), 1);
	cr_assert(uart_fifo_put(&f, 0, 'a'));
	cr_assert_eq(uart_fifo_room(&f, 0), 0);
	cr_assert(!uart_fifo_put(&f, 0, 'b'));
	cr_assert_eq(uart_fifo_get(&f), 'b');
	cr_assert_eq(f.used, 0);
}

Test(uart_fifo, trigger)
{
	cr_assert_eq(uart_fifo_trigger(0xc0), 1, "FIFOs are off");
	cr_assert_eq(uart_fifo_trigger(0x01), 1);
	cr_assert_eq(uart_fifo_trigger(0x41), 4);
	cr_assert_eq(uart_fifo_trigger(0x81), 8);
	cr_assert_eq(uart_fifo_trigger(0xc1), 14);
}

/* Four characters of 10 bits at 115200 and at 9600, and of 12 with parity and two stop bits. */
Test(uart_fifo, timeout)
{
	cr_assert_eq(uart_fifo_timeout_ns(0x03, 1), 4 * 86805ull);
	cr_assert_eq(uart_fifo_timeout_ns(0x03, 0), 4 * 86805ull);
	cr_assert_eq(uart_fifo_timeout_ns(0x83, 12), 4 * 1041666ull);
	cr_assert_eq(uart_fifo_timeout_ns(0x0f, 1), 4 * 104166ull);
}
