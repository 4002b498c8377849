// SPDX-License-Identifier: GPL-3.0-or-later
/* Cables of network cards: see control_device.h. */
#include <errno.h>

#include "hv/control_device.h"
#include "hv/device.h"
#include "hv/netdev.h"

int control_set_link(struct machine *m, const char *name, bool up, struct error *err)
{
	struct device *dev = device_find(m, name);
	const char *card = dev ? NULL : netdev_card(m, name);

	if (card)
		dev = device_find(m, card);
	if (!dev)
		return error_set(err, -ENOENT, "there is no network card and no network '%.40s'",
				 name);
	if (!dev->cls->set_link)
		return error_set(err, -ENOTSUP, "%s is no network card", dev->name);
	return dev->cls->set_link(dev, up, err);
}
