/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What device.c needs of the register tables beside the public device.h. */
#ifndef HV_DEVICE_REG_H
#define HV_DEVICE_REG_H

#include "hv/device.h"

/* Loads the table's reset values; the battery-backed ones only with @power_on. Device lock held, or
 * not shared yet. */
void device_regs_reset(struct device *dev, bool power_on);

#endif
