// SPDX-License-Identifier: GPL-3.0-or-later
/* A virtio driver for tests: see card.h. */
#include "tests/unit-virtio/card.h"

#include <criterion/criterion.h>
#include <linux/pci_regs.h>
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
	find_structures(c);
	cr_assert(c->common && c->isr && c->notify && c->msix && c->multiplier);
	card_set_config(c, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bus_write(&c->f->m.mmio, 0, 1, 0); /* the bus now does what the write wanted */
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
	for (unsigned n = 0; n < CARD_GET(c, NUMQ, 2); n++)
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
