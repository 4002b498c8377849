// SPDX-License-Identifier: GPL-3.0-or-later
/* What `info device` shows behind the registers: the link, the rings, what is in flight. */
#include "devices/e1000/e1000.h"

#include <inttypes.h>
#include <string.h>

#include "hv/machine.h"

/* Of a ring; the others are as good as these. */
#define SHOWN 8

/* As a person looks: no access of the device's. */
static bool look(const struct e1000 *e, uint64_t gpa, uint8_t raw[E1000_DESC_SIZE])
{
	const struct memory *ram = e->dev.m->ram;
	const void *p = ram ? memory_ptr(ram, gpa, E1000_DESC_SIZE) : NULL;

	if (p)
		memcpy(raw, p, E1000_DESC_SIZE);
	return p;
}

static void put_bits(struct strbuf *out, unsigned value, const char *const names[8])
{
	for (unsigned i = 0; i < 8; i++)
		if ((value >> i & 1) && names[i])
			strbuf_printf(out, " %s", names[i]);
}

static void describe_context(const struct e1000_desc *d, struct strbuf *out)
{
	static const char *const bits[8] = { "TCP", "IP", "TSE", "RS" };
	struct e1000_context c = e1000_context_parse(d->addr, d->second, d->third);

	strbuf_printf(out, "context: IP sum of %u-%u at %u, TCP or UDP sum of %u-%u at %u", c.ipcss,
		      c.ipcse, c.ipcso, c.tucss, c.tucse, c.tucso);
	if (c.cmd & TUCMD_TSE)
		strbuf_printf(out, ", %u bytes in segments of %u behind a header of %u", c.paylen,
			      c.mss, c.hdrlen);
	put_bits(out, c.cmd, bits);
}

static void describe_tx_desc(const uint8_t raw[E1000_DESC_SIZE], struct strbuf *out)
{
	static const char *const legacy[8] = {
		"EOP", "IFCS", "IC", "RS", "RPS", NULL, "VLE", "IDE"
	};
	static const char *const data[8] = {
		"EOP", "IFCS", "TSE", "RS", "RPS", NULL, "VLE", "IDE"
	};
	static const char *const options[8] = { "IXSM", "TXSM" };
	struct e1000_desc d;

	e1000_tx_decode(raw, &d);
	if ((d.cmd & TXD_DEXT) && d.type == 0) {
		describe_context(&d, out);
		return;
	}
	strbuf_printf(out, "%s: %u bytes at 0x%" PRIx64, d.cmd & TXD_DEXT ? "data" : "legacy",
		      d.len, d.addr);
	put_bits(out, d.cmd, d.cmd & TXD_DEXT ? data : legacy);
	put_bits(out, d.popts, options);
	if (d.cmd & TXD_VLE)
		strbuf_printf(out, ", tag 0x%04x", d.special);
}

static void describe_rx_desc(const uint8_t raw[E1000_DESC_SIZE], struct strbuf *out)
{
	uint64_t addr;

	memcpy(&addr, raw, sizeof(addr));
	strbuf_printf(out, "buffer at 0x%" PRIx64, addr);
}

static void describe_ring(const struct e1000 *e, const char *name, const struct e1000_ring *r,
			  void (*desc)(const uint8_t raw[E1000_DESC_SIZE], struct strbuf *out),
			  struct strbuf *out)
{
	uint32_t at = r->head;

	if (!r->size) {
		strbuf_printf(out, "%s: no ring\n", name);
		return;
	}
	strbuf_printf(out, "%s: %u descriptors at 0x%" PRIx64 ", head %u, tail %u, ", name, r->size,
		      r->base, r->head, r->tail);
	if (r->head >= r->size || r->tail >= r->size) {
		strbuf_puts(out, "which is not inside\n");
		return;
	}
	strbuf_printf(out, "%u are the card's\n", r->ready);
	for (unsigned i = 0; i < r->ready && i < SHOWN; i++) {
		uint8_t raw[E1000_DESC_SIZE];

		strbuf_printf(out, "  %u: ", at);
		if (look(e, r->base + (uint64_t)at * E1000_DESC_SIZE, raw))
			desc(raw, out);
		else
			strbuf_puts(out, "not in RAM");
		strbuf_puts(out, "\n");
		at = e1000_ring_next(r, at);
	}
	if (r->ready > SHOWN)
		strbuf_printf(out, "  and %u more\n", r->ready - SHOWN);
}

void e1000_describe(struct device *dev, struct strbuf *out)
{
	struct e1000 *e = to_e1000(dev);
	struct e1000_ring tx, rx;

	pthread_mutex_lock(&dev->lock);
	tx = e1000_tx_ring(e);
	rx = e1000_rx_ring(e);
	strbuf_printf(out, "network: %s, cable %s, link %s\n",
		      e->netdev ? netdev_id(e->netdev) : "none", e->cable ? "in" : "out",
		      e1000_link_up(e) ? "up" : "down");
	describe_ring(e, "transmit", &tx, describe_tx_desc, out);
	describe_ring(e, "receive", &rx, describe_rx_desc, out);
	if (e->tx.hung)
		strbuf_puts(out, "the transmitter hangs until a reset\n");
	if (e->rx.waiting)
		strbuf_puts(out, "a frame waits for buffers\n");
	if (e->error[0])
		strbuf_printf(out, "last error: %s\n", e->error);
	pthread_mutex_unlock(&dev->lock);
}
