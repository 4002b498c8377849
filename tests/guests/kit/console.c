// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Text for people: a 16550 UART, or the debug console port where there is no
 * UART, and a small printf.
 */
#include <stdarg.h>
#include "tests/guests/kit/kit.h"

/* Registers of the 16550 and their bits (National Semiconductor PC16550D, 8.0). */
enum {
	UART_THR = 0,
	UART_IER = 1,
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_DLL = 0,
	UART_DLM = 1,
};

#define FCR_ENABLE_AND_CLEAR 0x07
#define LCR_8N1		     0x03
#define LCR_DLAB	     0x80
#define MCR_DTR_RTS	     0x03
#define LSR_THRE	     0x20
#define FIFO_SIZE	     16

static struct spinlock console_lock;

void console_init(void)
{
	uint16_t port = machine.uart_port;

	if (!port)
		return;
	outb(port + UART_IER, 0);
	outb(port + UART_LCR, LCR_8N1 | LCR_DLAB);
	outb(port + UART_DLL, 1); /* 115200 baud */
	outb(port + UART_DLM, 0);
	outb(port + UART_LCR, LCR_8N1);
	outb(port + UART_FCR, FCR_ENABLE_AND_CLEAR);
	outb(port + UART_MCR, MCR_DTR_RTS);
}

/* When the holding register is empty, so is the FIFO behind it: 16 bytes fit. */
static void uart_write(const char *text, size_t size)
{
	uint16_t port = machine.uart_port;

	while (size) {
		while (!(inb(port + UART_LSR) & LSR_THRE))
			cpu_relax();
		for (int room = FIFO_SIZE; room && size; room--, size--)
			outb(port + UART_THR, *text++);
	}
}

void console_write(const char *text, size_t size)
{
	if (machine.uart_port)
		uart_write(text, size);
	else if (machine.debugcon_port)
		for (; size; size--)
			outb(machine.debugcon_port, *text++);
}

struct line {
	char text[256];
	size_t size;
};

static void put(struct line *line, char c)
{
	if (c == '\n')
		put(line, '\r');
	if (line->size < sizeof(line->text))
		line->text[line->size++] = c;
}

static void put_number(struct line *line, uint64_t n, unsigned int base, int width, char pad)
{
	char digits[24];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	for (; width > count; width--)
		put(line, pad);
	while (count)
		put(line, digits[--count]);
}

static void put_text(struct line *line, const char *text, int width)
{
	int size = 0;

	for (; text[size]; size++)
		put(line, text[size]);
	for (; size < width; size++)
		put(line, ' ');
}

/* %s %c %d %u %x %p, with l, a width and a leading 0. */
void print(const char *format, ...)
{
	struct line line = { .size = 0 };
	va_list args;
	uint64_t flags;

	va_start(args, format);
	for (; *format; format++) {
		bool is_long = false;
		char pad = ' ';
		int width = 0;
		uint64_t n;

		if (*format != '%') {
			put(&line, *format);
			continue;
		}
		if (*++format == '0')
			pad = '0';
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + *format - '0';
		for (; *format == 'l'; format++)
			is_long = true;
		switch (*format) {
		case 's':
			put_text(&line, va_arg(args, const char *), width);
			break;
		case 'c':
			put(&line, va_arg(args, int));
			break;
		case 'd':
		case 'u':
		case 'x':
			n = is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned int);
			if (*format == 'd' && !is_long && (int)n < 0) {
				put(&line, '-');
				n = -(uint64_t)(int)n;
			}
			put_number(&line, n, *format == 'x' ? 16 : 10, width, pad);
			break;
		case 'p':
			put_text(&line, "0x", 0);
			put_number(&line, (uint64_t)va_arg(args, void *), 16, 0, ' ');
			break;
		default:
			put(&line, *format);
		}
	}
	va_end(args);

	flags = spin_lock(&console_lock);
	console_write(line.text, line.size);
	spin_unlock(&console_lock, flags);
}
