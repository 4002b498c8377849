// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * e1000: Intel's 82540EM, a gigabit network card for PCI, as its drivers know it.
 *
 *   BAR 0, 128 KiB   registers (devices/e1000/regs.c)
 *   BAR 1, 64 ports  the same through IOADDR and IODATA
 *
 * This file is its face to the machine. devices/e1000/e1000.h says what the others do, and which
 * thread does it.
 */
#include "devices/e1000/e1000.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "hv/device_fault.h"
#include "hv/machine.h"
#include "hv/optlist.h"

static const struct pci_id e1000_id = { 0x8086, 0x100e, 0x020000, 0x02 };
/* PRO/1000 MT Desktop Adapter; the EEPROM says the same. */
static const uint8_t subsystem[4] = { 0x86, 0x80, 0x1e, 0x00 };

/* ---- life ---- */

static void reset(struct device *dev)
{
	struct e1000 *e = to_e1000(dev);

	e1000_reset_mac(e);
	e1000_phy_reset(e);
}

static int create(struct device *dev, struct error *err)
{
	struct e1000 *e = to_e1000(dev);
	int ret = worker_init(&e->worker, dev->name, err);

	if (ret)
		return ret;
	if (e1000_irq_create(e) < 0)
		goto fail;
	if (e1000_phy_create(e) < 0)
		goto fail_phy;
	return 0;

fail_phy:
	e1000_irq_destroy(e);
fail:
	worker_destroy(&e->worker);
	return error_set(err, -ENOMEM, "%s: no timer", dev->name);
}

static void destroy(struct device *dev)
{
	struct e1000 *e = to_e1000(dev);

	/* The thread first, which the backend works on. */
	worker_stop(&e->worker);
	if (e->netdev)
		netdev_detach(e->netdev);
	e1000_phy_destroy(e);
	e1000_irq_destroy(e);
	worker_destroy(&e->worker);
}

static int set_link(struct device *dev, bool up, struct error *err)
{
	struct e1000 *e = to_e1000(dev);

	if (!e->netdev)
		return error_set(err, -ENOTSUP, "%s: there is no network for its cable", dev->name);
	pthread_mutex_lock(&dev->lock);
	e1000_phy_cable(e, up);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

static int add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class e1000 = {
	.name = "e1000",
	.stem = "e1000-",
	.help = "Intel 82540EM network card: the other end is what -netdev names",
	.faults = FAULT_BIT(FAULT_TIMEOUT),
	.size = sizeof(struct e1000),
	.space = E1000_SPACE_SIZE,
	.regs = e1000_regs,
	.add = add,
	.create = create,
	.destroy = destroy,
	.reset = reset,
	.set_link = set_link,
	.describe = e1000_describe,
};
DEVICE_CLASS(e1000);

/* ---- options ---- */

static int connect_to(struct e1000 *e, const char *id, struct error *err)
{
	struct netdev *netdev = netdev_claim(e->dev.m, id, e->dev.name, err);
	int ret = netdev ? netdev_attach(netdev, e->worker.loop, e1000_receive, e, err) : -EINVAL;

	if (!ret)
		e->netdev = netdev;
	return ret;
}

static int add_to_pci(struct e1000 *e, struct error *err)
{
	struct pci_func *fn = &e->func;
	int ret = pci_add(&e->dev, fn, &e1000_id, err);

	if (!ret)
		ret = pci_add_bar(fn, 0, PCI_BAR_MEM32, E1000_SPACE_IO, 0, err);
	if (!ret)
		ret = pci_add_bar(fn, 1, PCI_BAR_IO, E1000_IO_SIZE, E1000_SPACE_IO, err);
	if (!ret)
		ret = pci_add_msi(fn, err);
	if (ret)
		return ret;
	memcpy(fn->initial + PCI_SUBSYSTEM_VENDOR_ID, subsystem, sizeof(subsystem));
	pci_add_intx(fn);
	return 0;
}

static int add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct e1000 *e = to_e1000(device_new(m, &e1000, -1, err));
	const char *id = optlist_get(opts, "netdev");
	uint8_t mac[ETH_ALEN];
	int ret;

	if (!e)
		return -EIO;
	ret = netdev_card_address(m, "e1000", optlist_get(opts, "mac"), mac, err);
	if (!ret && id)
		ret = connect_to(e, id, err);
	if (ret)
		return ret;
	e1000_eeprom_fill(e, mac);
	e1000_eeprom_load(e);
	pthread_mutex_lock(&e->dev.lock);
	e1000_phy_cable(e, e->netdev);
	pthread_mutex_unlock(&e->dev.lock);
	ret = add_to_pci(e, err);
	return ret ? ret : worker_start(&e->worker, e->dev.name, err);
}
