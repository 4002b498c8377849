// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes the registers of virtio devices on both transports: the input is what a hostile driver
 * does with them and writes into its rings, while the devices' threads work.
 *
 * What must hold: a reset ends, and afterwards no queue is enabled and nothing interrupts; the ISR
 * has no bits but its two; and nobody reaches beyond RAM, which is for a sanitizer to see.
 */
#include <linux/pci_regs.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_pci.h>

#include "devices/virtio/mmio.h"
#include "devices/virtio/pci.h"
#include "hv/machine.h"
#include "tests/fuzz/input.h"
#include "tests/unit/fake_machine.h"

#define RAM_SIZE    0x8000u
#define RING	    0x1000u
#define STATUS_GOOD (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)

struct target {
	struct fake *f;
	struct device *dev;
	bool on_pci;
};

static void set(const struct target *t, uint64_t off, unsigned size, uint64_t value)
{
	bus_write(&t->f->m.mmio, t->dev->ranges[0].bus.base + off, size, value);
}

static uint64_t get(const struct target *t, uint64_t off, unsigned size)
{
	uint64_t value;

	bus_read(&t->f->m.mmio, t->dev->ranges[0].bus.base + off, size, &value);
	return value;
}

/* What a good driver writes, register by register; `how` is xor-ed into one of the values. */
static void start(const struct target *t, unsigned which, uint32_t how)
{
	static const struct {
		uint16_t pci, size, mmio;
		uint32_t value;
	} rows[] = {
		{ VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_MMIO_STATUS, 0 },
		{ VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_MMIO_STATUS, STATUS_GOOD },
		{ VIRTIO_PCI_COMMON_GFSELECT, 4, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1 },
		{ VIRTIO_PCI_COMMON_GF, 4, VIRTIO_MMIO_DRIVER_FEATURES, 1 },
		{ VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK },
		{ VIRTIO_PCI_COMMON_Q_SELECT, 2, VIRTIO_MMIO_QUEUE_SEL, 0 },
		{ VIRTIO_PCI_COMMON_Q_SIZE, 2, VIRTIO_MMIO_QUEUE_NUM, 8 },
		{ VIRTIO_PCI_COMMON_Q_DESCLO, 4, VIRTIO_MMIO_QUEUE_DESC_LOW, RING },
		{ VIRTIO_PCI_COMMON_Q_AVAILLO, 4, VIRTIO_MMIO_QUEUE_AVAIL_LOW, RING + 0x100 },
		{ VIRTIO_PCI_COMMON_Q_USEDLO, 4, VIRTIO_MMIO_QUEUE_USED_LOW, RING + 0x200 },
		{ VIRTIO_PCI_COMMON_Q_ENABLE, 2, VIRTIO_MMIO_QUEUE_READY, 1 },
		{ VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		set(t, t->on_pci ? rows[i].pci : rows[i].mmio, t->on_pci ? rows[i].size : 4,
		    rows[i].value ^ (i == which ? how : 0));
}

/* Bytes to where the rings are, or a good descriptor that is offered. */
static void poke(const struct target *t, struct input *in, uint8_t how)
{
	uint8_t *ram = memory_ptr(t->f->m.ram, 0, RAM_SIZE);

	if (how & 1) {
		for (unsigned n = how >> 4, at = RING + (take(in) | (take(in) & 3u) << 8); n; n--)
			ram[at++] = take(in);
		return;
	}
	ram[RING + 1] = take(in) & 0x7f; /* of the address; the length; that it is to be written */
	ram[RING + 8] = take(in);
	ram[RING + 12] = 2;
	__atomic_add_fetch((uint16_t *)(ram + RING + 0x102), 1, __ATOMIC_SEQ_CST);
	set(t, t->on_pci ? VIRTIO_SPACE_NOTIFY : VIRTIO_MMIO_QUEUE_NOTIFY, 4, 0);
}

static void enable(struct fake *f)
{
	pci_config_write(&f->m, device_find(&f->m, "rng0")->pci->slot << 3, PCI_COMMAND, 2,
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	pci_remap(&f->m);
}

static void reset(const struct target *t, bool machine)
{
	uint64_t status = t->on_pci ? VIRTIO_PCI_COMMON_STATUS : VIRTIO_MMIO_STATUS;
	uint64_t isr = t->on_pci ? VIRTIO_SPACE_ISR : VIRTIO_MMIO_INTERRUPT_STATUS;
	uint64_t enabled = t->on_pci ? VIRTIO_PCI_COMMON_Q_ENABLE : VIRTIO_MMIO_QUEUE_READY;

	if (machine) {
		devices_reset(&t->f->m);
		enable(t->f);
	} else {
		set(t, status, 1, 0);
	}
	/* On PCI a driver has to wait until it reads so. */
	while (get(t, status, 1))
		check(t->on_pci);
	check(!get(t, isr, 1) && !get(t, enabled, 1));
}

static void look(const struct target *t)
{
	struct strbuf sb = STRBUF_INIT;

	device_describe(t->dev, &sb);
	check(sb.len > 0);
	strbuf_free(&sb);
	check(t->on_pci || get(t, VIRTIO_MMIO_MAGIC_VALUE, 4) == 0x74726976);
	check(t->on_pci || get(t, VIRTIO_MMIO_INTERRUPT_STATUS, 4) < 4);
}

static void one_step(const struct target *t, struct input *in)
{
	uint8_t op = take(in);
	unsigned size = 1u << (op >> 4 & 3);
	uint64_t off = (uint64_t)take(in) << (op & 0x80 ? 4 : 0);

	switch (op & 7) {
	case 0:
	case 1:
		set(t, off, size, take(in) & 1 ? take_word(in) : take(in));
		break;
	case 2:
		check(size == 8 || !(get(t, off, size) >> size * 8));
		break;
	case 3:
		start(t, (unsigned)off, 0);
		break;
	case 4:
		start(t, (unsigned)off % 12, take_word(in));
		break;
	case 5:
		look(t);
		break;
	case 6:
		reset(t, off < 16);
		break;
	default:
		poke(t, in, take(in));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const devices[] = { "virtio-rng,packed=on",
					       "virtio-rng,packed=on,transport=mmio", NULL };
	struct input in = { data, size };
	struct target t[2] = { { .on_pci = true }, { .on_pci = false } };
	struct fake *f = fake_create();
	struct memory *ram;
	struct error err;

	check(f);
	f->cfg.devices = devices;
	f->cfg.serial[0] = "none";
	check(!memory_create(&f->m.ram, -1, RAM_SIZE, &err));
	check(fake_add_devices(f));
	for (unsigned i = 0; i < 2; i++) {
		t[i].f = f;
		t[i].dev = device_find(&f->m, i ? "rng1" : "rng0");
	}
	enable(f);
	while (in.left)
		one_step(&t[take(&in) & 1], &in);
	ram = f->m.ram;
	fake_destroy(f);
	memory_destroy(ram);
	return 0;
}
