// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The serial ports of a PC: National Semiconductor 16550D, COM1 to COM4.
 *
 *   guest reads RBR <-- receive FIFO (16) <-- charport <-- peer
 *   guest writes THR ------------------------> charport --> peer
 *
 * "8.x" below are sections of National's PC16550D data sheet (June 1995).
 *
 * What is modelled is what software can see. A character takes no time on
 * its way out: the transmitter is empty again at once, unless the peer is slow;
 * then THRE stays clear until it has caught up, so that no output is lost and
 * no vCPU waits. Characters come in as fast as the guest takes them. The one
 * thing that takes its time at the programmed speed is the character time-out
 * (8.11: four characters without an access), on the guest's clock.
 *
 * The interrupt line goes through OUT2, as on every PC since the IBM Asynchronous
 * Communications Adapter.
 *
 * The FIFO is in parts/uart_fifo.c, the modem lines in parts/uart_modem.c, the bits of
 * the registers in parts/uart_regs.h.
 */
#include <errno.h>
#include <libfdt.h>

#include "devices/parts/uart_fifo.h"
#include "devices/parts/uart_modem.h"
#include "devices/parts/uart_regs.h"
#include "hv/charport.h"
#include "hv/device.h"
#include "hv/machine.h"

struct serial {
	struct device dev;
	uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
	struct uart_modem modem;
	uint8_t errors;	   /* LSR bits 4-1, until LSR is read */
	bool thre_pending; /* the THRE interrupt was caused and not yet identified */
	bool timed_out;	   /* the character time-out is due */
	bool tx_full;	   /* the peer is slow */
	struct uart_fifo rx;
	struct hv_timer *timeout;
	struct charport port;
};

static struct serial *to_serial(struct device *dev)
{
	return (struct serial *)dev;
}

static const struct serial *to_const_serial(const struct device *dev)
{
	return (const struct serial *)dev;
}

/* ---- state that registers are made of ---- */

static bool fifo_on(const struct serial *s)
{
	return s->fcr & UART_FCR_ENABLE;
}

static uint8_t line_status(const struct serial *s)
{
	uint8_t lsr = s->errors;

	if (s->rx.used)
		lsr |= UART_LSR_DR;
	if (!s->tx_full)
		lsr |= UART_LSR_THRE | UART_LSR_TEMT;
	return lsr;
}

/* 8.6: the highest priority of what is enabled and pending. */
static uint8_t interrupt_id(const struct serial *s)
{
	if ((s->ier & UART_IER_ELSI) && s->errors)
		return UART_IIR_LINE;
	if ((s->ier & UART_IER_ERBFI) && s->rx.used >= uart_fifo_trigger(s->fcr))
		return UART_IIR_DATA;
	if ((s->ier & UART_IER_ERBFI) && s->timed_out)
		return UART_IIR_TIME;
	if ((s->ier & UART_IER_ETBEI) && s->thre_pending)
		return UART_IIR_THRE;
	if ((s->ier & UART_IER_EDSSI) && s->modem.delta)
		return UART_IIR_MODEM;
	return UART_IIR_NONE;
}

static void update_irq(struct serial *s)
{
	/* 8.8: in loopback the modem control outputs, OUT2 among them, are inactive. */
	bool open = (s->mcr & (UART_MCR_OUT2 | UART_MCR_LOOP)) == UART_MCR_OUT2;

	device_irq_set(&s->dev, open && interrupt_id(s) != UART_IIR_NONE);
}

/* ---- receiver ---- */

/* 8.11: the time-out counts from the last character that came or went. */
static void restart_timeout(struct serial *s)
{
	if (!s->timeout)
		return;
	if (fifo_on(s) && s->rx.used && s->rx.used < uart_fifo_trigger(s->fcr))
		hv_timer_arm(s->timeout,
			     hv_clock_now(s->dev.m->timers, HV_CLOCK_GUEST) +
				     uart_fifo_timeout_ns(s->lcr, s->dlm << 8 | s->dll));
	else
		hv_timer_disarm(s->timeout);
}

static void timeout_fired(void *opaque)
{
	struct serial *s = opaque;

	pthread_mutex_lock(&s->dev.lock);
	if (fifo_on(s) && s->rx.used)
		s->timed_out = true;
	update_irq(s);
	pthread_mutex_unlock(&s->dev.lock);
}

static void receive(struct serial *s, uint8_t byte)
{
	if (!uart_fifo_put(&s->rx, s->fcr, byte))
		s->errors |= UART_LSR_OE;
}

static void clear_receiver(struct serial *s)
{
	uart_fifo_clear(&s->rx);
	s->timed_out = false;
	restart_timeout(s);
	charport_poll_input(&s->port);
}

static size_t port_room(void *opaque)
{
	struct serial *s = opaque;

	/* 8.8: in loopback SIN is disconnected. */
	return s->mcr & UART_MCR_LOOP ? 0 : uart_fifo_room(&s->rx, s->fcr);
}

static void port_input(void *opaque, const uint8_t *data, size_t len)
{
	struct serial *s = opaque;
	size_t i;

	for (i = 0; i < len; i++)
		receive(s, data[i]);
	restart_timeout(s);
	update_irq(s);
}

static void port_ready(void *opaque)
{
	struct serial *s = opaque;

	s->tx_full = false;
	s->thre_pending = true;
	update_irq(s);
}

static const struct charport_ops port_ops = {
	.room = port_room,
	.input = port_input,
	.ready = port_ready,
};

/* ---- registers ---- */

static bool dlab_off(const struct device *dev, bool write)
{
	(void)write;
	return !(to_const_serial(dev)->lcr & UART_LCR_DLAB);
}

static bool dlab_on(const struct device *dev, bool write)
{
	return !dlab_off(dev, write);
}

static uint64_t peek_rbr(const struct device *dev, const struct reg *reg)
{
	const struct serial *s = to_const_serial(dev);

	(void)reg;
	return uart_fifo_peek(&s->rx);
}

static uint64_t read_rbr(struct device *dev, const struct reg *reg)
{
	struct serial *s = to_serial(dev);
	uint8_t byte;

	(void)reg;
	if (!s->rx.used)
		return 0;
	byte = uart_fifo_get(&s->rx);
	s->timed_out = false;
	restart_timeout(s);
	update_irq(s);
	if (!s->rx.used)
		charport_poll_input(&s->port);
	return byte;
}

static void write_thr(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct serial *s = to_serial(dev);

	(void)reg;
	if (s->mcr & UART_MCR_LOOP) {
		receive(s, (uint8_t)value);
		restart_timeout(s);
	} else {
		/* A guest that writes without looking at THRE overruns the transmitter: it loses
		 * the character. */
		charport_put(&s->port, (uint8_t)value);
		s->tx_full = !charport_ready(&s->port);
	}
	s->thre_pending = !s->tx_full;
	update_irq(s);
}

static void write_ier(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct serial *s = to_serial(dev);
	uint8_t raised = (uint8_t)value & ~s->ier;

	(void)reg;
	s->ier = value & 0x0f;
	/* 8.7: enabling it while the transmitter is empty causes the interrupt; drivers start
	 * output so. */
	if ((raised & UART_IER_ETBEI) && !s->tx_full)
		s->thre_pending = true;
	update_irq(s);
}

static uint64_t peek_iir(const struct device *dev, const struct reg *reg)
{
	const struct serial *s = to_const_serial(dev);

	(void)reg;
	return interrupt_id(s) | (fifo_on(s) ? UART_IIR_FIFO : 0);
}

/* 8.6: reading it answers the THRE interrupt if that is what it tells, and no other. */
static uint64_t read_iir(struct device *dev, const struct reg *reg)
{
	struct serial *s = to_serial(dev);
	uint8_t iir = (uint8_t)peek_iir(dev, reg);

	if ((iir & 0x0f) == UART_IIR_THRE)
		s->thre_pending = false;
	update_irq(s);
	return iir;
}

static void write_fcr(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct serial *s = to_serial(dev);
	bool toggled = (value ^ s->fcr) & UART_FCR_ENABLE;

	(void)reg;
	/* 8.5: without bit 0 the other bits are not programmed; changing bit 0 empties the FIFOs.
	 */
	s->fcr = value & UART_FCR_ENABLE ? value & UART_FCR_KEPT : 0;
	if (toggled || (value & (UART_FCR_ENABLE | UART_FCR_CLEAR_RX)) ==
			       (UART_FCR_ENABLE | UART_FCR_CLEAR_RX))
		clear_receiver(s);
	else
		restart_timeout(s);
	update_irq(s);
}

static void write_mcr(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct serial *s = to_serial(dev);

	(void)reg;
	s->mcr = value & 0x1f;
	uart_modem_update(&s->modem, s->mcr);
	charport_poll_input(&s->port);
	update_irq(s);
}

static uint64_t peek_lsr(const struct device *dev, const struct reg *reg)
{
	(void)reg;
	return line_status(to_const_serial(dev));
}

static uint64_t read_lsr(struct device *dev, const struct reg *reg)
{
	struct serial *s = to_serial(dev);
	uint8_t lsr;

	(void)reg;
	if (s->tx_full && charport_ready(&s->port))
		port_ready(s);
	lsr = line_status(s);
	s->errors = 0;
	update_irq(s);
	return lsr;
}

static uint64_t peek_msr(const struct device *dev, const struct reg *reg)
{
	const struct serial *s = to_const_serial(dev);

	(void)reg;
	return s->modem.lines | s->modem.delta;
}

static uint64_t read_msr(struct device *dev, const struct reg *reg)
{
	struct serial *s = to_serial(dev);
	uint8_t msr = (uint8_t)peek_msr(dev, reg);

	s->modem.delta = 0;
	update_irq(s);
	return msr;
}

/* clang-format off */
static const struct reg serial_regs[] = {
	{ .name = "rbr", .offset = 0, .width = 1, .access = REG_RO, .visible = dlab_off,
	  .peek = peek_rbr, .read = read_rbr,
	  .help = "receiver buffer: the oldest character that came in" },
	{ .name = "thr", .offset = 0, .width = 1, .access = REG_WO, .visible = dlab_off,
	  .write = write_thr,
	  .help = "transmitter holding: a character to send" },
	{ .name = "dll", .offset = 0, .width = 1, .reset = 12, REG_STATE(struct serial, dll),
	  .visible = dlab_on,
	  .help = "divisor latch, low: 115200 / divisor is the speed" },
	{ .name = "ier", .offset = 1, .width = 1, REG_STATE(struct serial, ier),
	  .fields = uart_ier_fields, .visible = dlab_off, .write = write_ier,
	  .help = "interrupt enable" },
	{ .name = "dlm", .offset = 1, .width = 1, REG_STATE(struct serial, dlm), .visible = dlab_on,
	  .help = "divisor latch, high" },
	{ .name = "iir", .offset = 2, .width = 1, .access = REG_RO, .reset = UART_IIR_NONE,
	  .fields = uart_iir_fields, .peek = peek_iir, .read = read_iir,
	  .help = "interrupt identification: the cause of highest priority" },
	{ .name = "fcr", .offset = 2, .width = 1, .access = REG_WO, REG_STATE(struct serial, fcr),
	  .fields = uart_fcr_fields, .write = write_fcr,
	  .help = "FIFO control" },
	{ .name = "lcr", .offset = 3, .width = 1, REG_STATE(struct serial, lcr),
	  .fields = uart_lcr_fields,
	  .help = "line control: the format of a character, and which registers offsets 0, 1 are" },
	{ .name = "mcr", .offset = 4, .width = 1, REG_STATE(struct serial, mcr),
	  .fields = uart_mcr_fields, .write = write_mcr,
	  .help = "modem control; OUT2 lets interrupts through" },
	{ .name = "lsr", .offset = 5, .width = 1, .access = REG_RO, .reset = UART_LSR_THRE | UART_LSR_TEMT,
	  .fields = uart_lsr_fields, .peek = peek_lsr, .read = read_lsr,
	  .help = "line status" },
	{ .name = "msr", .offset = 6, .width = 1, .access = REG_RO,
	  .reset = UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD, .fields = uart_msr_fields, .peek = peek_msr,
	  .read = read_msr,
	  .help = "modem status" },
	{ .name = "scr", .offset = 7, .width = 1, REG_STATE(struct serial, scr),
	  .help = "scratch: whatever the guest puts there" },
	{ 0 },
};
/* clang-format on */

/* ---- life ---- */

static void serial_reset(struct device *dev)
{
	struct serial *s = to_serial(dev);

	uart_fifo_clear(&s->rx);
	s->errors = 0;
	s->thre_pending = s->timed_out = false;
	s->tx_full = !charport_ready(&s->port);
	uart_modem_update(&s->modem, s->mcr);
	s->modem.delta = 0;
	restart_timeout(s);
	update_irq(s);
	charport_poll_input(&s->port);
}

static int serial_create(struct device *dev, struct error *err)
{
	struct serial *s = to_serial(dev);
	const struct machine_config *cfg = dev->m->cfg;
	int ret;

	if (hv_timer_create(dev->m->timers, HV_CLOCK_GUEST, timeout_fired, s, &s->timeout) < 0)
		return error_set(err, -ENOMEM, "%s: no timer", dev->name);
	ret = charport_open(&s->port, dev->m, dev->name, &dev->lock, cfg->serial[dev->index],
			    cfg->serial_chardev[dev->index], &port_ops, s, err);
	if (ret < 0)
		hv_timer_destroy(s->timeout);
	return ret;
}

static void serial_destroy(struct device *dev)
{
	struct serial *s = to_serial(dev);

	charport_close(&s->port);
	hv_timer_destroy(s->timeout);
}

static int serial_fdt(struct device *dev, void *fdt)
{
	(void)dev;
	return fdt_property_u32(fdt, "clock-frequency", UART_BASE_BAUD * 16);
}

static int serial_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class serial16550 = {
	.name = "serial16550",
	.stem = "serial",
	.help = "16550A serial port; serial 0 always exists",
	.compatible = "ns16550a",
	.size = sizeof(struct serial),
	.space = 8,
	.regs = serial_regs,
	.probe = serial_probe,
	.create = serial_create,
	.destroy = serial_destroy,
	.reset = serial_reset,
	.fdt = serial_fdt,
};
DEVICE_CLASS(serial16550);

/* COM1 to COM4; two share a line, as on a PC. Ports that nobody asked for are left out, so a gap
 * ends the list. */
static int serial_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	static const struct {
		uint16_t base;
		uint8_t irq;
	} com[] = { { 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 } };
	int i, last = 0;

	for (i = 0; i < 4; i++)
		if (cfg->serial[i] || cfg->serial_chardev[i])
			last = i;
	for (i = 0; i <= last; i++)
		if (!device_add(m, &serial16550, true, com[i].base, 8, com[i].irq, err))
			return -EIO;
	return 0;
}
