// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The second serial port, by interrupts (National's PC16550D data sheet): the FIFO's trigger, its
 * time-out, its overrun and the transmitter in loopback, then a line from outside, which goes back
 * in capitals.
 */
#include "tests/guests/platform/platform.h"

#define COM2	    0x2f8
#define GSI_COM2    3
#define VECTOR_UART (VECTOR_TEST + 2)

enum { DATA, IER, FCR, LCR, MCR, LSR, MSR, SCRATCH, IIR = FCR };

#define IER_DATA  0x01
#define IER_EMPTY 0x02
#define IIR_NONE  0x01
#define IIR_EMPTY 0x02
#define IIR_DATA  0x04
#define IIR_LATE  0x0c
#define IIR_CAUSE 0x0f
#define IIR_FIFO  0xc0
#define FCR_ON	  0x07 /* and both FIFOs emptied */
#define FCR_AT_8  0x80
#define LCR_8N1	  0x03
#define LCR_DLAB  0x80
#define MCR_OUT2  0x08 /* lets the interrupt through */
#define MCR_RTS	  0x02
#define MCR_LOOP  0x10
#define LSR_DATA  0x01
#define LSR_OVER  0x02
#define LSR_EMPTY 0x40
#define MSR_CTS	  0x10

static volatile unsigned int causes[16];
static char line[64];
static volatile unsigned int line_len, line_sent;
static volatile bool taking;

static uint8_t get(unsigned int reg)
{
	return inb((uint16_t)(COM2 + reg));
}

static void put(unsigned int reg, uint8_t value)
{
	outb((uint16_t)(COM2 + reg), value);
}

static void take(void)
{
	while (get(LSR) & LSR_DATA) {
		char c = (char)get(DATA);

		if (line_len < sizeof(line))
			line[line_len++] = c;
	}
}

static void on_uart(struct frame *frame)
{
	uint8_t iir;

	(void)frame;
	while (!((iir = get(IIR)) & IIR_NONE)) {
		unsigned int cause = iir & IIR_CAUSE;

		causes[cause]++;
		if (cause == IIR_DATA || cause == IIR_LATE) {
			if (!taking) {
				put(IER, 0); /* who waits for it takes the data */
				break;
			}
			take();
		} else if (cause == IIR_EMPTY && line_sent < line_len) {
			put(DATA, (uint8_t)line[line_sent++]);
		}
	}
	interrupt_done();
}

static void wait_for(volatile unsigned int *count, unsigned int value)
{
	for (cli(); *count < value; cli())
		sti_hlt();
	sti();
}

static void send(unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		put(DATA, (uint8_t)('a' + i));
}

static unsigned int bytes_in_order(void)
{
	unsigned int n = 0;

	while (get(LSR) & LSR_DATA)
		n += get(DATA) == 'a' + n;
	return n;
}

static void set_up(void)
{
	put(LCR, LCR_DLAB);
	put(DATA, 1); /* 115200 baud */
	put(IER, 0);
	put(LCR, LCR_8N1);
	put(SCRATCH, 0x5a);
	check(get(SCRATCH) == 0x5a && get(LCR) == LCR_8N1, "a serial port is there");
	put(FCR, FCR_ON | FCR_AT_8);
	check((get(IIR) & IIR_FIFO) == IIR_FIFO, "it has FIFOs");
}

/*
 * Sends to itself. OUT2 is inactive in loopback, so that an interrupt comes when that is left. What
 * the line status said: reading it clears its errors.
 */
static uint8_t loop_back(unsigned int bytes)
{
	uint8_t said = 0;

	put(MCR, MCR_LOOP | MCR_OUT2);
	send(bytes);
	while (!(said & LSR_EMPTY))
		said |= get(LSR);
	put(MCR, MCR_OUT2);
	return said;
}

static void in_loopback(void)
{
	put(MCR, MCR_LOOP | MCR_RTS);
	check(get(MSR) & MSR_CTS, "in loopback, RTS comes back as CTS");
	loop_back(8);
	put(IER, IER_DATA);
	wait_for(&causes[IIR_DATA], 1);
	check(bytes_in_order() == 8, "eight bytes are worth an interrupt");
	loop_back(3);
	put(IER, IER_DATA);
	wait_for(&causes[IIR_LATE], 1);
	check(bytes_in_order() == 3, "three are when no more come");
	put(IER, 0);
	check(loop_back(20) & LSR_OVER, "the twentieth finds no room");
	put(FCR, FCR_ON | FCR_AT_8);
	check(!(get(LSR) & (LSR_DATA | LSR_OVER)), "and is told once");
}

static void echo(void)
{
	put(MCR, MCR_OUT2);
	taking = true;
	put(IER, IER_DATA);
	print("platform: send a line\n");
	do {
		wait_for(&line_len, line_len + 1);
	} while (line[line_len - 1] != '\n');
	for (unsigned int i = 0; i < line_len; i++)
		if (line[i] >= 'a' && line[i] <= 'z')
			line[i] = (char)(line[i] - 'a' + 'A');
	put(IER, IER_DATA | IER_EMPTY);
	wait_for(&line_sent, line_len);
	while (!(get(LSR) & LSR_EMPTY))
		cpu_relax();
	check(causes[IIR_EMPTY] >= line_len, "each byte went when there was room");
}

void uart_drill(void)
{
	set_handler(VECTOR_UART, on_uart);
	ioapic_open(GSI_COM2, VECTOR_UART);
	set_up();
	in_loopback();
	echo();
}
