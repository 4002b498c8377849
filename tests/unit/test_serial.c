// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The serial port as a driver meets it: detection, interrupts by priority,
 * FIFOs, and a peer that is slow.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hv/trace.h"
#include "tests/unit/fake_machine.h"

#define COM	0x3f8
#define SLOWEST 65535 /* divisor */
enum { RBR = COM, THR = COM, DLL = COM, IER, IIR, FCR = IIR, LCR, MCR, LSR, MSR, SCR };

static struct fake *f;
static char path[64], dev[80];
static int peer = -1;

static unsigned in(uint16_t port)
{
	return (unsigned)fake_in(f, port, 1);
}

static void out(uint16_t port, unsigned value)
{
	fake_out(f, port, 1, value);
}

static void setup(void)
{
	snprintf(path, sizeof(path), "/tmp/vitrine-serial-%d.sock", getpid());
	snprintf(dev, sizeof(dev), "unix:%s", path);
	f = fake_create();
	cr_assert_not_null(f);
	f->cfg.serial[0] = dev;
	fake_watch_irqs();
	cr_assert(fake_add_devices(f));
}

static void teardown(void)
{
	if (peer >= 0)
		close(peer);
	fake_destroy(f);
}

TestSuite(serial, .init = setup, .fini = teardown, .timeout = 120);

static int dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0, "%m");
	fake_run(f);
	return fd;
}

/* The peer types. */
static void type(const char *text)
{
	cr_assert_eq(write(peer, text, strlen(text)), (ssize_t)strlen(text));
	fake_run(f);
}

/* A driver that has set the port up: FIFOs with trigger level 8, interrupts let through. */
static void open_port(unsigned ier)
{
	out(FCR, 0x87);
	out(LCR, 0x03);
	out(MCR, 0x0b);
	out(IER, ier);
}

static void set_divisor(unsigned divisor)
{
	out(LCR, 0x83);
	out(DLL, divisor & 0xff);
	out(IER, divisor >> 8);
	out(LCR, 0x03);
}

Test(serial, registers_after_reset)
{
	cr_assert_eq(in(IER), 0);
	cr_assert_eq(in(IIR), 0x01);
	cr_assert_eq(in(LCR), 0);
	cr_assert_eq(in(MCR), 0);
	cr_assert_eq(in(LSR), 0x60);
	cr_assert_eq(in(MSR), 0xb0);
	cr_assert_eq(in(RBR), 0);
}

/* The steps of Linux's autoconfig(): drivers/tty/serial/8250/8250_port.c. */
Test(serial, is_detected_as_16550a)
{
	out(IER, 0x0f);
	cr_assert_eq(in(IER), 0x0f);
	out(IER, 0);
	cr_assert_eq(in(IER), 0);
	out(MCR, 0x10 | 0x08 | 0x02);
	cr_assert_eq(in(MSR)&0xf0, 0x90, "loopback of RTS and OUT2");
	out(MCR, 0);
	out(LCR, 0xbf);
	out(FCR, 0);
	out(LCR, 0);
	out(FCR, 0x01);
	cr_assert_eq(in(IIR) >> 6, 3, "a 16550A");
	out(LCR, 0xbf);
	cr_assert_neq(in(IIR), 0, "no extended feature register: not a 16650");
	out(LCR, 0);
	out(FCR, 0x01 | 0x20);
	cr_assert_eq(in(IIR)&0x20, 0, "no 64-byte FIFO: not a 16750");
	out(IER, 0xc0);
	cr_assert_eq(in(IER), 0, "no sleep or UART-enable bits");
	out(SCR, 0xa5);
	cr_assert_eq(in(SCR), 0xa5);
}

Test(serial, divisor_latch)
{
	out(IER, 0x05);
	set_divisor(0x0180);
	cr_assert_eq(in(IER), 0x05, "the latch is not IER");
	out(LCR, 0x80);
	cr_assert_eq(in(DLL), 0x80);
	cr_assert_eq(in(IER), 0x01);
	cr_assert_eq(fake_in(f, DLL, 2), 0x0180);
}

Test(serial, output_reaches_the_peer_in_order)
{
	char got[64] = "";
	const char *text = "Hello, vitrine\r\n";

	peer = dial();
	for (; *text; text++)
		out(THR, (unsigned char)*text);
	fake_run(f);
	cr_assert_eq(read(peer, got, sizeof(got) - 1), 16);
	cr_assert_str_eq(got, "Hello, vitrine\r\n");
}

Test(serial, output_without_a_peer_goes_nowhere)
{
	int i;

	for (i = 0; i < 100000; i++)
		out(THR, 'x');
	cr_assert_eq(in(LSR), 0x60);
}

Test(serial, second_peer_is_refused)
{
	char got[128] = "";
	int second;

	peer = dial();
	second = dial();
	fake_run(f);
	cr_assert_gt(read(second, got, sizeof(got) - 1), 0);
	cr_assert(strstr(got, "serial0 is in use"), "%s", got);
	cr_assert_eq(read(second, got, sizeof(got)), 0, "and closed");
	close(second);
}

Test(serial, peer_may_go_and_another_come)
{
	char got[8] = "";

	peer = dial();
	close(peer);
	fake_run(f);
	out(THR, 'a');
	fake_run(f);
	peer = dial();
	out(THR, 'b');
	fake_run(f);
	cr_assert_eq(read(peer, got, sizeof(got)), 1);
	cr_assert_eq(got[0], 'b');
}

/* 3 MiB to a peer that does not read, sent as a driver does it: while THRE is set. */
Test(serial, slow_peer_holds_the_guest_back_and_loses_nothing)
{
	static const unsigned total = 3u << 20;
	unsigned sent = 0, got = 0, held = 0, i;
	uint8_t buf[4096];
	ssize_t n;

	peer = dial();
	open_port(0x02);
	trace_on[TRACE_DEVICE] = false; /* six million lines of it */
	while (got < total) {
		while (sent < total && (in(LSR)&0x20))
			out(THR, sent++ % 251);
		held += !(in(LSR)&0x20);
		fake_run_for(f, 1);
		while ((n = read(peer, buf, sizeof(buf))) > 0) {
			for (i = 0; i < (unsigned)n; i++, got++)
				cr_assert_eq(buf[i], got % 251, "byte %u", got);
			fake_run_for(f, 1);
		}
	}
	cr_assert_gt(held, 0);
	fake_run(f);
	cr_assert(in(LSR)&0x20);
	cr_assert_eq(in(IIR)&0x0f, 0x02, "and is told that it may go on");
}

Test(serial, thre_interrupt)
{
	open_port(0);
	cr_assert_not(fake_irq_level(4));
	out(IER, 0x02);
	cr_assert(fake_irq_level(4), "enabling it with an empty transmitter causes it");
	cr_assert_eq(fake_peek(f, IIR, 1), 0xc2);
	cr_assert_eq(in(IIR), 0xc2);
	cr_assert_eq(in(IIR), 0xc1, "reading IIR answered it");
	cr_assert_not(fake_irq_level(4));
	out(THR, 'x');
	cr_assert_eq(fake_irq_edges(4), 2);
	out(IER, 0);
	cr_assert_not(fake_irq_level(4));
	out(IER, 0x02);
	cr_assert_eq(fake_irq_edges(4), 3);
}

Test(serial, out2_gates_the_interrupt)
{
	open_port(0x02);
	cr_assert(fake_irq_level(4));
	out(MCR, 0x03);
	cr_assert_not(fake_irq_level(4));
	cr_assert_eq(in(IIR)&0x0f, 0x02, "the cause is still there to see");
}

Test(serial, receives_without_fifos)
{
	peer = dial();
	out(MCR, 0x08);
	out(IER, 0x01);
	type("ab");
	cr_assert_eq(in(IIR), 0x04);
	cr_assert_eq(in(LSR), 0x61);
	cr_assert(fake_irq_level(4));
	cr_assert_eq(in(RBR), 'a');
	cr_assert_not(fake_irq_level(4));
	fake_run(f);
	cr_assert_eq(in(RBR), 'b', "the second waited outside");
	cr_assert_eq(in(LSR), 0x60);
}

Test(serial, trigger_level)
{
	peer = dial();
	set_divisor(SLOWEST); /* the character time-out does not come in between */
	open_port(0x01);
	type("1234567");
	cr_assert_eq(in(IIR), 0xc1);
	type("8");
	cr_assert_eq(in(IIR), 0xc4);
	cr_assert(fake_irq_level(4));
	in(RBR);
	cr_assert_eq(in(IIR), 0xc1, "below the level again");
}

Test(serial, character_timeout)
{
	peer = dial();
	set_divisor(1);
	open_port(0x01);
	type("x");
	for (int turn = 0; turn < 10000 && in(IIR) != 0xcc; turn++)
		fake_run_for(f, 1);
	cr_assert_eq(in(IIR), 0xcc, "reading IIR does not answer it");
	cr_assert(fake_irq_level(4));
	cr_assert_eq(in(RBR), 'x');
	cr_assert_eq(in(IIR), 0xc1);
	fake_run_for(f, 5);
	cr_assert_eq(in(IIR), 0xc1, "nothing there, no time-out");
}

/* Four characters of 10 bits at 1.8 baud are 22 seconds: not yet. */
Test(serial, timeout_takes_its_time)
{
	peer = dial();
	set_divisor(SLOWEST);
	open_port(0x01);
	type("x");
	fake_run_for(f, 50);
	cr_assert_eq(in(IIR), 0xc1);
}

Test(serial, no_more_than_a_fifo_is_taken)
{
	char text[101];
	int i;

	peer = dial();
	open_port(0x01);
	for (i = 0; i < 100; i++)
		text[i] = (char)(' ' + i % 64);
	text[100] = '\0';
	type(text);
	for (i = 0; i < 100; i++) {
		if (!(in(LSR)&1))
			fake_run(f);
		cr_assert_eq(in(LSR), 0x61, "byte %d", i);
		cr_assert_eq((char)in(RBR), text[i], "byte %d", i);
	}
	cr_assert_eq(in(LSR), 0x60);
}

Test(serial, interrupts_by_priority)
{
	int i;

	out(FCR, 0x07);
	out(MCR, 0x1f); /* loopback: modem lines change, characters come back */
	out(IER, 0x0f);
	for (i = 0; i < 17; i++)
		out(THR, 'x');
	out(MCR, 0x10);
	cr_assert_eq(in(IIR), 0xc6, "overrun");
	cr_assert_eq(in(LSR), 0x63);
	cr_assert_eq(in(LSR), 0x61, "reading LSR cleared the error");
	cr_assert_eq(in(IIR), 0xc4, "data");
	for (i = 0; i < 16; i++)
		in(RBR);
	cr_assert_eq(in(IIR), 0xc2, "transmitter");
	cr_assert_eq(in(IIR), 0xc0, "modem");
	cr_assert_eq(in(MSR)&0x0f, 0x0f, "all four changed; RI's trailing edge counts");
	cr_assert_eq(in(IIR), 0xc1);
}

Test(serial, fifo_keeps_what_it_has_on_overrun)
{
	int i;

	out(FCR, 0x01);
	out(MCR, 0x10);
	for (i = 0; i < 20; i++)
		out(THR, (unsigned)i);
	for (i = 0; i < 16; i++)
		cr_assert_eq(in(RBR), i);
	cr_assert_eq(in(LSR)&1, 0);
}

Test(serial, clearing_the_fifo)
{
	peer = dial();
	open_port(0x01);
	type("12345678");
	out(FCR, 0x83);
	cr_assert_eq(in(LSR), 0x60);
	cr_assert_not(fake_irq_level(4));
	type("z");
	cr_assert_eq(in(RBR), 'z');
	type("12345678");
	out(FCR, 0);
	cr_assert_eq(in(LSR), 0x60, "turning FIFOs off empties them");
	cr_assert_eq(in(IIR), 0x01);
}

Test(serial, loopback_disconnects_the_line)
{
	char got[4];

	peer = dial();
	out(FCR, 0x01);
	out(MCR, 0x10);
	type("in");
	cr_assert_eq(in(LSR)&1, 0);
	out(THR, 'x');
	fake_run(f);
	cr_assert_eq(in(RBR), 'x');
	cr_assert_lt(read(peer, got, sizeof(got)), 0, "nothing left the port");
	out(MCR, 0x0b);
	fake_run(f);
	cr_assert_eq(in(RBR), 'i', "what waited comes in now");
}

Test(serial, peeks_take_nothing)
{
	peer = dial();
	out(FCR, 0x01);
	type("ab");
	cr_assert_eq(fake_peek(f, RBR, 1), 'a');
	cr_assert_eq(fake_peek(f, RBR, 1), 'a');
	cr_assert_eq(in(RBR), 'a');
	cr_assert_eq(in(RBR), 'b');
}

Test(serial, machine_reset)
{
	peer = dial();
	open_port(0x03);
	type("abcdefgh");
	cr_assert(fake_irq_level(4));
	devices_reset(&f->m);
	cr_assert_not(fake_irq_level(4));
	cr_assert_eq(in(LSR), 0x60);
	cr_assert_eq(in(IER), 0);
	cr_assert_eq(in(IIR), 0x01);
	type("x");
	cr_assert_eq(in(RBR), 'x', "the peer is still there");
}

Test(serial, output_is_written_out_at_the_end)
{
	char got[8] = "";

	peer = dial();
	out(THR, 'b');
	out(THR, 'y');
	out(THR, 'e');
	devices_destroy(&f->m);
	fake_run(f);
	cr_assert_eq(read(peer, got, sizeof(got)), 3);
	cr_assert_str_eq(got, "bye");
}

Test(serial_ports, others_exist_when_given, .timeout = 120)
{
	struct fake *g = fake_create();

	g->cfg.serial[2] = "none";
	cr_assert(fake_add_devices(g));
	cr_assert_not_null(device_find(&g->m, "serial0"));
	cr_assert_not_null(device_find(&g->m, "serial2"));
	cr_assert_null(device_find(&g->m, "serial3"));
	cr_assert_eq(fake_in(g, 0x3e8 + 5, 1), 0x60);
	cr_assert_eq(fake_in(g, 0x2e8 + 5, 1), 0xff);
	fake_destroy(g);
}

Test(serial_ports, bad_dev_is_a_sentence, .timeout = 120)
{
	struct fake *g = fake_create();
	struct error err;

	g->cfg.serial[0] = "file:/nonexistent/directory/x";
	cr_assert_lt(devices_create(&g->m, &g->cfg, &err), 0);
	cr_assert(strstr(err.text, "serial0: "), "%s", err.text);
	cr_assert_null(g->m.devices, "nothing is left behind");
	fake_destroy(g);
}
