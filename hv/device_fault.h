/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Faults that a person injects (control_inject(), hv/control_device.h): the devices' side.
 *
 * Most happen once, at the next occasion: `error` when the device next accesses memory, `lost-irq`
 * when it next interrupts. hv/dma.c and hv/pci_irq.c see to that for every device. A device that
 * knows better what it is to fail at says so in its class's `faults`, and asks by itself.
 */
#ifndef HV_DEVICE_FAULT_H
#define HV_DEVICE_FAULT_H

#include "hv/control_device.h"
#include "hv/device.h"

/* True when @fault was injected and happens now: it is told to those who look at the device, and
 * does not happen again. Any thread; the device's or PCI's lock held or not. */
bool device_fault_take(struct device *dev, enum device_fault fault);

/* It is gone from its bus: it answers nothing, reaches no memory and interrupts nobody. */
static inline bool device_is_unplugged(const struct device *dev)
{
	return __builtin_expect(__atomic_load_n(&dev->faults, __ATOMIC_RELAXED) >> FAULT_UNPLUG & 1,
				0);
}

/* Whether an access to memory by @dev fails: it is unplugged, or an error was injected. */
bool device_fault_dma(struct device *dev);
/* Whether an interrupt that @dev raises now gets lost. */
bool device_fault_irq(struct device *dev);

/* All is well again: a reset. */
void device_faults_clear(struct device *dev);
/* "waits to happen: error, lost-irq\n"; nothing when there is none. */
void device_faults_describe(const struct device *dev, struct strbuf *out);

#endif
