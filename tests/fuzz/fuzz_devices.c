// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes every device: the input is a guest's accesses to all ports, to memory of
 * devices, to the registers behind index ports and to PCI configuration, with peeks, resets and
 * turns of the loop between.
 *
 * What must hold whatever a guest does: no sanitizer has anything to say, a peek
 * changes nothing, and a value fits its size.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/pci.h"
#include "tests/fuzz/input.h"
#include "tests/unit/fake_machine.h"

enum op {
	OP_READ,
	OP_WRITE,
	OP_PEEK,
	OP_SPACE_READ,
	OP_SPACE_WRITE,
	OP_REST,
	OP_CONFIG_READ,
	OP_CONFIG_WRITE,
	OP_COUNT
};

static struct device *pick_device(struct fake *f, uint8_t n)
{
	struct device *d;
	unsigned count = 0;

	for (d = f->m.devices; d; d = d->next)
		count++;
	for (d = f->m.devices, n %= count; n; n--)
		d = d->next;
	return d;
}

/* All state of the device beyond what the bus holds. */
static uint64_t checksum(const struct device *d)
{
	const uint8_t *p = (const uint8_t *)d + sizeof(*d);
	size_t n = d->cls->size - sizeof(*d), i;
	uint64_t sum = 14695981039346656037ull;

	for (i = 0; i < n; i++)
		sum = (sum ^ p[i]) * 1099511628211ull;
	return sum;
}

static void peek_all(struct bus *bus, struct device *d, uint64_t addr, unsigned size)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t before = checksum(d), value;

	bus_peek(bus, addr, size, &value);
	check(size == 8 || !(value >> (size * 8)));
	device_describe(d, &sb);
	check(sb.len > 0);
	strbuf_free(&sb);
	check(checksum(d) == before);
}

static void access_space(struct device *d, bool write, uint64_t off, unsigned size, uint64_t value)
{
	pthread_mutex_lock(&d->lock);
	if (write)
		device_space_write(d, off % (d->cls->space + 4), size, value);
	else
		device_space_read(d, off % (d->cls->space + 4), size);
	pthread_mutex_unlock(&d->lock);
}

/* By the ports or by ECAM; the slots that are taken most of the time. */
static void access_config(struct fake *f, bool write, uint8_t where, uint8_t off, unsigned size,
			  uint64_t value)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t addr = 0xe0000000 | (where & 3) << 15 | (where >> 5 & 1) << 12 |
			(where & 16 ? 0xf00 : 0) | off;
	struct bus *bus = &f->m.mmio;

	if (where & 64) {
		bus_write(&f->m.pio, 0xcf8, 4, 0x80000000 | (where & 3) << 11 | off);
		bus = &f->m.pio;
		addr = 0xcfc + (off & 3);
	}
	if (write)
		bus_write(bus, addr, size, value);
	else
		bus_read(bus, addr, size, &value);
	pci_describe(&f->m, &sb);
	strbuf_free(&sb);
}

static void rest(struct fake *f, uint8_t how)
{
	if (how < 8)
		devices_reset(&f->m);
	else if (how < 16)
		fake_run_for(f, 0);
}

static void one_step(struct fake *f, struct input *in)
{
	uint8_t op = take(in), where = take(in), off = take(in);
	struct device *d = pick_device(f, where);
	const struct device_range *r = &d->ranges[off % d->range_count];
	struct bus *bus = r->is_pio ? &f->m.pio : &f->m.mmio;
	unsigned size = 1u << (op >> 4 & 3);
	uint64_t addr = r->bus.base + off % r->bus.len, value = take(in);

	if (size > 1)
		value |= (uint64_t)take(in) << 8 | (uint64_t)take(in) << 24;
	switch ((enum op)(op % OP_COUNT)) {
	case OP_READ:
		bus_read(bus, addr, size, &value);
		check(size == 8 || !(value >> (size * 8)));
		break;
	case OP_WRITE:
		bus_write(bus, addr, size, value);
		break;
	case OP_PEEK:
		peek_all(bus, d, addr, size);
		break;
	case OP_SPACE_READ:
	case OP_SPACE_WRITE:
		access_space(d, op % OP_COUNT == OP_SPACE_WRITE, off | (uint64_t)where << 8, size,
			     value);
		break;
	case OP_CONFIG_READ:
	case OP_CONFIG_WRITE:
		access_config(f, op % OP_COUNT == OP_CONFIG_WRITE, where, off, size, value);
		break;
	default:
		rest(f, off);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	/* Without those that have a thread, which changes them while a peek must not. */
	static const char *const devices[] = { "edu", NULL };
	struct fake *f = fake_create();
	struct error err;

	check(f);
	f->cfg.devices = devices;
	f->cfg.serial[0] = "file:/dev/null";
	f->cfg.serial[3] = "none";
	f->cfg.debugcon = "none";
	check(!memory_create(&f->m.ram, -1, 1 << 20, &err));
	check(fake_add_devices(f));
	while (in.left)
		one_step(f, &in);
	fake_run_for(f, 0);
	memory_destroy(f->m.ram);
	f->m.ram = NULL;
	fake_destroy(f);
	return 0;
}
