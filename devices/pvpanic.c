// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * pvpanic: the port by which a guest's kernel says that it panicked, by QEMU's published
 * interface (docs/specs/pvpanic.rst). One byte at 0x505; ACPI has it as QEMU0001
 * (hv/arch/x86/dsdt.asl), which is how Linux finds it.
 *
 *   read    the events that the machine understands
 *   write   what happened: PANICKED, or CRASH_LOADED when a crash kernel takes over
 *
 * What becomes of it is hv/panic.c's affair.
 */
#include <errno.h>

#include "hv/device.h"
#include "hv/machine.h"

#define PVPANIC_PORT 0x505

#define EVENT_PANICKED	   0x01
#define EVENT_CRASH_LOADED 0x02
#define EVENTS		   (EVENT_PANICKED | EVENT_CRASH_LOADED)

struct pvpanic {
	struct device dev;
	uint8_t event;
};

static void write_event(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct pvpanic *p = (struct pvpanic *)dev;

	(void)reg;
	p->event = (uint8_t)value & EVENTS;
	if (p->event)
		machine_guest_panicked(dev->m, !(value & EVENT_PANICKED));
}

static const struct reg_field event_fields[] = {
	REG_BIT("PANICKED", 0),
	REG_BIT("CRASH_LOADED", 1),
	{ 0 },
};

static const struct reg pvpanic_regs[] = {
	{ .name = "events",
	  .offset = 0,
	  .width = 1,
	  .access = REG_RO,
	  .reset = EVENTS,
	  .fields = event_fields,
	  .help = "what the guest can tell" },
	{ .name = "event",
	  .offset = 0,
	  .width = 1,
	  .access = REG_WO,
	  REG_STATE(struct pvpanic, event),
	  .fields = event_fields,
	  .write = write_event,
	  .help = "what it told last: -action panic= says what becomes of it" },
	{ 0 },
};

static int pvpanic_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class pvpanic = {
	.name = "pvpanic",
	.stem = "pvpanic",
	.help = "port 0x505: the guest says that it panicked",
	.compatible = "vitrine,pvpanic",
	.size = sizeof(struct pvpanic),
	.space = 1,
	.regs = pvpanic_regs,
	.probe = pvpanic_probe,
};
DEVICE_CLASS(pvpanic);

static int pvpanic_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	(void)cfg;
	return device_add(m, &pvpanic, true, PVPANIC_PORT, 1, -1, err) ? 0 : -EIO;
}
