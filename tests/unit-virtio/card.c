// SPDX-License-Identifier: GPL-3.0-or-later
/* A virtio driver for tests: see card.h. */
#include "tests/unit-virtio/card.h"

#include <criterion/criterion.h>
#include <linux/pci_regs.h>
#include <linux/virtio_mmio.h>
#include <unistd.h>

static uint32_t config_at(const struct card *c, unsigned off, unsigned size)
{
	return (uint32_t)pci_config_read(&c->f->m, c->fn->slot << 3, off, size);
}

void card_set_config(const struct card *c, unsigned off, unsigned size, uint32_t value)
{
	pci_config_write(&c->f->m, c->fn->slot << 3, off, size, value);
}

uint64_t card_get(const struct card *c, uint64_t address, unsigned size)
{
	uint64_t value;

	bus_read(&c->f->m.mmio, address, size, &value);
	return value;
}

void card_set(const struct card *c, uint64_t address, unsigned size, uint64_t value)
{
	bus_write(&c->f->m.mmio, address, size, value);
}

void *card_ram(const struct card *c, uint64_t gpa, uint64_t len)
{
	return memory_ptr(c->f->m.ram, gpa, len);
}

static void find_structures(struct card *c)
{
	for (unsigned at = config_at(c, PCI_CAPABILITY_LIST, 1); at;
	     at = config_at(c, at + PCI_CAP_LIST_NEXT, 1)) {
		unsigned bar = config_at(c, at + VIRTIO_PCI_CAP_BAR, 1);
		uint64_t where;

		if (config_at(c, at, 1) == PCI_CAP_ID_MSIX)
			c->msix = config_at(c,
					    PCI_BASE_ADDRESS_0 +
						    4 * (config_at(c, at + PCI_MSIX_TABLE, 4) & 7),
					    4);
		if (config_at(c, at, 1) != PCI_CAP_ID_VNDR)
			continue;
		where = (config_at(c, PCI_BASE_ADDRESS_0 + 4 * bar, 4) & ~15u) +
			config_at(c, at + VIRTIO_PCI_CAP_OFFSET, 4);
		switch (config_at(c, at + VIRTIO_PCI_CAP_CFG_TYPE, 1)) {
		case VIRTIO_PCI_CAP_COMMON_CFG:
			c->common = where;
			break;
		case VIRTIO_PCI_CAP_ISR_CFG:
			c->isr = where;
			break;
		case VIRTIO_PCI_CAP_DEVICE_CFG:
			c->config = where;
			break;
		case VIRTIO_PCI_CAP_NOTIFY_CFG:
			c->notify = where;
			c->multiplier = config_at(c, at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
			break;
		}
	}
}

/* ---- registers ---- */

/* PCI's name of a register, and MMIO's. */
static const struct {
	unsigned pci, mmio;
} regs[] = {
	{ VIRTIO_PCI_COMMON_DFSELECT, VIRTIO_MMIO_DEVICE_FEATURES_SEL },
	{ VIRTIO_PCI_COMMON_DF, VIRTIO_MMIO_DEVICE_FEATURES },
	{ VIRTIO_PCI_COMMON_GFSELECT, VIRTIO_MMIO_DRIVER_FEATURES_SEL },
	{ VIRTIO_PCI_COMMON_GF, VIRTIO_MMIO_DRIVER_FEATURES },
	{ VIRTIO_PCI_COMMON_STATUS, VIRTIO_MMIO_STATUS },
	{ VIRTIO_PCI_COMMON_CFGGENERATION, VIRTIO_MMIO_CONFIG_GENERATION },
	{ VIRTIO_PCI_COMMON_Q_SELECT, VIRTIO_MMIO_QUEUE_SEL },
	{ VIRTIO_PCI_COMMON_Q_SIZE, VIRTIO_MMIO_QUEUE_NUM },
	{ VIRTIO_PCI_COMMON_Q_ENABLE, VIRTIO_MMIO_QUEUE_READY },
	{ VIRTIO_PCI_COMMON_Q_DESCLO, VIRTIO_MMIO_QUEUE_DESC_LOW },
	{ VIRTIO_PCI_COMMON_Q_DESCHI, VIRTIO_MMIO_QUEUE_DESC_HIGH },
	{ VIRTIO_PCI_COMMON_Q_AVAILLO, VIRTIO_MMIO_QUEUE_AVAIL_LOW },
	{ VIRTIO_PCI_COMMON_Q_AVAILHI, VIRTIO_MMIO_QUEUE_AVAIL_HIGH },
	{ VIRTIO_PCI_COMMON_Q_USEDLO, VIRTIO_MMIO_QUEUE_USED_LOW },
	{ VIRTIO_PCI_COMMON_Q_USEDHI, VIRTIO_MMIO_QUEUE_USED_HIGH },
};

static uint64_t mmio_register(const struct card *c, unsigned reg)
{
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (regs[i].pci == reg)
			return c->common + regs[i].mmio;
	cr_assert_fail("MMIO has no register for PCI's at 0x%x", reg);
	return 0;
}

/* 4.2.2.2: 32 bits at a time, whatever the register holds. */
uint64_t card_get_reg(const struct card *c, unsigned reg, unsigned size)
{
	uint64_t at, value;

	if (c->fn)
		return card_get(c, c->common + reg, size);
	at = mmio_register(c, reg);
	value = card_get(c, at, 4);
	return size == 8 ? value | card_get(c, at + 4, 4) << 32 : value;
}

void card_set_reg(const struct card *c, unsigned reg, unsigned size, uint64_t value)
{
	uint64_t at;

	if (c->fn) {
		card_set(c, c->common + reg, size, value);
		return;
	}
	at = mmio_register(c, reg);
	card_set(c, at, 4, (uint32_t)value);
	if (size == 8)
		card_set(c, at + 4, 4, value >> 32);
}

int card_gsi(const struct card *c)
{
	return c->fn ? pci_intx_gsi(c->fn) : c->dev->irq;
}

uint8_t card_take_isr(const struct card *c)
{
	uint8_t isr;

	if (c->fn)
		return (uint8_t)card_get(c, c->isr, 1);
	isr = (uint8_t)card_get(c, c->isr, 4);
	card_set(c, c->common + VIRTIO_MMIO_INTERRUPT_ACK, 4, isr);
	return isr;
}

unsigned card_queues(const struct card *c)
{
	unsigned n = 0;

	if (c->fn)
		return (unsigned)CARD_GET(c, NUMQ, 2);
	do
		CARD_SET(c, Q_SELECT, 2, n++);
	while (card_get(c, c->common + VIRTIO_MMIO_QUEUE_NUM_MAX, 4));
	return n - 1;
}

/* ---- finding it ---- */

static void find_registers(struct card *c)
{
	c->common = c->dev->ranges[0].bus.base;
	c->isr = c->common + VIRTIO_MMIO_INTERRUPT_STATUS;
	c->config = c->common + VIRTIO_MMIO_CONFIG;
	c->notify = c->common + VIRTIO_MMIO_QUEUE_NOTIFY;
	cr_assert_eq(card_get(c, c->common, 4), 0x74726976u, "the magic value");
	cr_assert_eq(card_get(c, c->common + VIRTIO_MMIO_VERSION, 4), 2u);
}

void card_enable(const struct card *c)
{
	if (!c->fn)
		return;
	card_set_config(c, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bus_write(&c->f->m.mmio, 0, 1, 0); /* the bus now does what the write wanted */
}

/* What stands behind its devices comes with @c->f's configuration. */
static void open_card(struct card *c, const char *const *options, const char *name)
{
	struct error err = { "" };

	c->f->cfg.devices = options;
	cr_assert_eq(memory_create(&c->f->m.ram, -1, CARD_RAM, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(c->f));
	c->dev = device_find(&c->f->m, name);
	cr_assert_not_null(c->dev);
	c->fn = c->dev->pci;
	if (!c->fn) {
		find_registers(c);
		return;
	}
	find_structures(c);
	cr_assert(c->common && c->isr && c->notify && c->msix && c->multiplier);
	card_enable(c);
}

static void make_machine(struct card *c)
{
	*c = (struct card){ .f = fake_create() };
	cr_assert_not_null(c->f);
}

void card_open(struct card *c, const char *const *options, const char *name)
{
	make_machine(c);
	open_card(c, options, name);
}

void card_open_net(struct card *c, const char *const *netdevs, const char *const *options,
		   const char *name)
{
	make_machine(c);
	c->f->cfg.netdevs = netdevs;
	open_card(c, options, name);
}

void card_open_with(struct card *c, const struct machine_drive *drives, const char *const *options,
		    const char *name)
{
	make_machine(c);
	c->f->cfg.drives = drives;
	open_card(c, options, name);
}

void card_close(struct card *c)
{
	struct memory *ram = c->f->m.ram;

	/* The device's thread may be in memory until it is gone. */
	fake_destroy(c->f);
	memory_destroy(ram);
}

uint64_t card_features(const struct card *c)
{
	uint64_t features;

	CARD_SET(c, DFSELECT, 4, 0);
	features = CARD_GET(c, DF, 4);
	CARD_SET(c, DFSELECT, 4, 1);
	return features | CARD_GET(c, DF, 4) << 32;
}

void card_status(struct card *c, uint8_t bits)
{
	CARD_SET(c, STATUS, 1, CARD_GET(c, STATUS, 1) | bits);
}

bool card_negotiate(struct card *c, uint64_t features)
{
	card_reset(c);
	card_status(c, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	card_status(c, VIRTIO_CONFIG_S_DRIVER);
	features |= VIRTIO_BIT(VIRTIO_F_VERSION_1);
	CARD_SET(c, GFSELECT, 4, 0);
	CARD_SET(c, GF, 4, (uint32_t)features);
	CARD_SET(c, GFSELECT, 4, 1);
	CARD_SET(c, GF, 4, features >> 32);
	card_status(c, VIRTIO_CONFIG_S_FEATURES_OK);
	return CARD_GET(c, STATUS, 1) & VIRTIO_CONFIG_S_FEATURES_OK;
}

void card_queue(struct card *c, unsigned n, uint64_t features, uint16_t size)
{
	struct driver *d = &c->queue[n];

	driver_init(d, c->f->m.ram, CARD_RINGS + 0x10000ull * n,
		    features & VIRTIO_BIT(VIRTIO_F_RING_PACKED),
		    features & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX), size);
	CARD_SET(c, Q_SELECT, 2, n);
	CARD_SET(c, Q_SIZE, 2, size);
	/* As Linux does: in halves. */
	CARD_SET(c, Q_DESCLO, 4, d->cfg.desc);
	CARD_SET(c, Q_DESCHI, 4, d->cfg.desc >> 32);
	CARD_SET(c, Q_AVAILLO, 4, d->cfg.driver_area);
	CARD_SET(c, Q_AVAILHI, 4, d->cfg.driver_area >> 32);
	CARD_SET(c, Q_USEDLO, 4, d->cfg.device_area);
	CARD_SET(c, Q_USEDHI, 4, d->cfg.device_area >> 32);
	CARD_SET(c, Q_ENABLE, 2, 1);
}

void card_start(struct card *c, uint64_t features, uint16_t size)
{
	cr_assert(card_negotiate(c, features));
	for (unsigned n = 0, queues = card_queues(c); n < queues; n++)
		card_queue(c, n, features, size);
	card_status(c, VIRTIO_CONFIG_S_DRIVER_OK);
}

void card_reset(struct card *c)
{
	CARD_SET(c, STATUS, 1, 0);
	CARD_WAIT(!CARD_GET(c, STATUS, 1));
}

void card_ring(struct card *c, unsigned n)
{
	if (!c->fn) {
		card_set(c, c->notify, 4, n);
		return;
	}
	CARD_SET(c, Q_SELECT, 2, n);
	card_set(c, c->notify + CARD_GET(c, Q_NOFF, 2) * c->multiplier, 2, n);
}

void card_expect_status(struct card *c, uint8_t bits)
{
	CARD_WAIT((CARD_GET(c, STATUS, 1) & bits) == bits);
}

int card_wait_used(struct card *c, unsigned n, uint32_t *len)
{
	int id = -1;

	CARD_WAIT((id = id < 0 ? driver_get(&c->queue[n], len) : id) >= 0);
	return id;
}

void card_use_msix(struct card *c)
{
	for (unsigned i = 0; i <= CARD_GET(c, NUMQ, 2); i++) {
		card_set(c, c->msix + 16ull * i, 4, 0xfee00000);
		card_set(c, c->msix + 16ull * i + PCI_MSIX_ENTRY_DATA, 4, CARD_MSI + i);
		card_set(c, c->msix + 16ull * i + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	}
	card_set_config(c, c->fn->msix_cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	CARD_SET(c, MSIX, 2, 0);
	for (unsigned i = 0; i < CARD_GET(c, NUMQ, 2); i++) {
		CARD_SET(c, Q_SELECT, 2, i);
		CARD_SET(c, Q_MSIX, 2, i + 1);
	}
}
