// SPDX-License-Identifier: GPL-3.0-or-later
/* Injected faults: see device_fault.h. */
#include "hv/device_fault.h"

#include <errno.h>
#include <linux/pci_regs.h>

#include "hv/device_event.h"
#include "hv/fields.h"
#include "hv/irq.h"
#include "hv/machine.h"
#include "hv/pci.h"
#include "hv/record.h"
#include "hv/trace.h"

static const char *const names[FAULT_COUNT] = {
	[FAULT_ERROR] = "error",       [FAULT_TIMEOUT] = "timeout",
	[FAULT_LOST_IRQ] = "lost-irq", [FAULT_SPURIOUS_IRQ] = "spurious-irq",
	[FAULT_UNPLUG] = "unplug",
};

const char *device_fault_name(enum device_fault fault)
{
	return fault < FAULT_COUNT ? names[fault] : NULL;
}

/* ---- happening ---- */

static void tell(struct device *dev, enum device_fault fault)
{
	trace(TRACE_DEVICE, "%s: injected: %s", dev->name, names[fault]);
	if (device_is_tapped(dev))
		device_tell(dev,
			    &(struct device_event){ .kind = DEVICE_FAULT, .text = names[fault] });
}

bool device_fault_take(struct device *dev, enum device_fault fault)
{
	unsigned bit = 1u << fault;

	if (__builtin_expect(!(__atomic_load_n(&dev->faults, __ATOMIC_RELAXED) & bit), 1))
		return false;
	/* Two threads may have come this far. */
	if (!(__atomic_fetch_and(&dev->faults, ~bit, __ATOMIC_ACQ_REL) & bit))
		return false;
	tell(dev, fault);
	return true;
}

bool device_fault_dma(struct device *dev)
{
	if (__builtin_expect(!__atomic_load_n(&dev->faults, __ATOMIC_RELAXED), 1))
		return false;
	if (device_is_unplugged(dev))
		return true;
	return !(dev->cls->faults & FAULT_BIT(FAULT_ERROR)) && device_fault_take(dev, FAULT_ERROR);
}

bool device_fault_irq(struct device *dev)
{
	return device_is_unplugged(dev) || device_fault_take(dev, FAULT_LOST_IRQ);
}

void device_faults_clear(struct device *dev)
{
	__atomic_store_n(&dev->faults, 0, __ATOMIC_RELEASE);
}

void device_faults_describe(const struct device *dev, struct strbuf *out)
{
	unsigned faults = __atomic_load_n(&dev->faults, __ATOMIC_RELAXED), n = 0;

	field_bool(out, "unplugged", device_is_unplugged(dev), "unplugged until the next reset\n",
		   "");
	if (device_is_unplugged(dev))
		faults = 0;
	data_list(out, "faults");
	for (unsigned i = 0; i < FAULT_COUNT; i++)
		if (faults >> i & 1) {
			strbuf_puts(out, n++ ? ", " : "waits to happen: ");
			field_str(out, NULL, "%s", names[i]);
		}
	data_end(out);
	if (n)
		strbuf_puts(out, "\n");
}

/* ---- injecting ---- */

static bool can(const struct device *dev, enum device_fault fault)
{
	/* A bridge has none, and reaches no memory either. */
	bool on_pci = dev->pci && (dev->pci->initial[PCI_INTERRUPT_PIN] || dev->pci->msix);

	if (dev->cls->faults & FAULT_BIT(fault))
		return true;
	switch (fault) {
	case FAULT_ERROR:
		return on_pci || dev->dma;
	case FAULT_LOST_IRQ:
	case FAULT_SPURIOUS_IRQ:
		return dev->irq >= 0 || on_pci;
	case FAULT_UNPLUG:
		return true;
	default:
		return false;
	}
}

/* At once: the line goes up and down again, or messages are sent. */
static int interrupt(struct device *dev, struct error *err)
{
	bool up;

	if (dev->pci) {
		if (pci_irq_spurious(dev->pci))
			return 0;
		return error_set(err, -EBUSY, "%s: its line is up already, or held off", dev->name);
	}
	pthread_mutex_lock(&dev->lock);
	up = dev->line;
	if (!up) {
		record_irq_from(dev->name);
		irq_set(dev->m, dev->irq, true);
		record_irq_from(dev->name);
		irq_set(dev->m, dev->irq, false);
	}
	pthread_mutex_unlock(&dev->lock);
	return up ? error_set(err, -EBUSY, "%s: its line is up already", dev->name) : 0;
}

/* What it pulls up, it lets go. */
static void let_go(struct device *dev)
{
	if (dev->pci)
		pci_intx_set(dev->pci, false);
	pthread_mutex_lock(&dev->lock);
	device_irq_set(dev, false);
	pthread_mutex_unlock(&dev->lock);
}

int control_inject(struct machine *m, const char *device, enum device_fault fault,
		   struct error *err)
{
	static const char *const why[FAULT_COUNT] = {
		[FAULT_ERROR] = "accesses no memory and has no requests that could fail",
		[FAULT_TIMEOUT] = "has no requests that could take for ever",
		[FAULT_LOST_IRQ] = "has no interrupt",
		[FAULT_SPURIOUS_IRQ] = "has no interrupt",
	};
	struct device *dev = device_find(m, device);
	int ret = 0;

	if (!dev || fault >= FAULT_COUNT)
		return error_set(err, -ENOENT, "there is no device '%.40s'", device);
	if (device_is_unplugged(dev))
		return error_set(err, -ENODEV, "%s is unplugged until the next reset", dev->name);
	if (!can(dev, fault))
		return error_set(err, -ENOTSUP, "%s %s", dev->name, why[fault]);
	if (fault == FAULT_SPURIOUS_IRQ)
		ret = interrupt(dev, err);
	else
		__atomic_fetch_or(&dev->faults, FAULT_BIT(fault), __ATOMIC_ACQ_REL);
	if (fault == FAULT_UNPLUG)
		let_go(dev);
	if (!ret && (fault == FAULT_SPURIOUS_IRQ || fault == FAULT_UNPLUG))
		tell(dev, fault);
	return ret;
}
