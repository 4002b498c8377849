// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * By which a guest hears of processors that come and go: QEMU's published register interface
 * (docs/specs/acpi_cpu_hotplug.rst), at the ports that it has on a Q35.
 *
 *   0xcd8  which processor      0xcdc  what happened to it, and done with it
 *   0xcdd  a command            0xce0  its data
 *
 * It raises the general-purpose event 2 of ACPI; the methods in hv/arch/x86/dsdt.asl then look here
 * what it was and tell the operating system. What the machine does is in hv/hotplug.c.
 */
#include <errno.h>

#include "hv/device.h"
#include "hv/hotplug.h"
#include "hv/machine.h"
#include "hv/trace.h"

#define HOTPLUG_PORT 0xcd8
#define HOTPLUG_GPE  2

/* Register space: the ports, then the flags of all processors. */
enum {
	SPACE_SELECTOR = 0,
	SPACE_FLAGS = 4,
	SPACE_COMMAND = 5,
	SPACE_DATA = 8,
	SPACE_PORTS = 12,
	SPACE_CPUS = 0x100,
};

#define CPU_ENABLED 0x01
#define CPU_INSERT  0x02
#define CPU_REMOVE  0x04
#define CPU_EJECT   0x08 /* of a write */

#define CMD_NEXT_EVENT 0
#define CMD_OST_EVENT  1
#define CMD_OST_STATUS 2
#define CMD_ARCH_ID    3

struct hotplug {
	struct device dev;
	uint32_t selector;
	uint8_t command;
	uint32_t ost_event, ost_status;
	uint8_t cpu[MACHINE_MAX_VCPUS]; /* flags of each */
	bool began;			/* the flags are not those of the start any more */
	struct cpu_hotplug hooks;
};

static struct hotplug *to_hotplug(struct device *dev)
{
	return (struct hotplug *)dev;
}

static unsigned possible(const struct hotplug *h)
{
	unsigned max = h->dev.m->cfg->max_vcpus;

	return max < MACHINE_MAX_VCPUS ? max : MACHINE_MAX_VCPUS;
}

/* "Must refer to a possible CPU, otherwise reads return 0 and writes are ignored". */
static bool is_valid(const struct hotplug *h)
{
	return h->selector < possible(h);
}

/* ---- from the machine: loop thread ---- */

static void tell_guest(struct hotplug *h, int cpu, uint8_t set)
{
	struct machine *m = h->dev.m;

	pthread_mutex_lock(&h->dev.lock);
	h->cpu[cpu] |= set;
	pthread_mutex_unlock(&h->dev.lock);
	if (m->gpe)
		m->gpe->raise(m->gpe->opaque, HOTPLUG_GPE);
}

static void added(void *opaque, int cpu)
{
	tell_guest(opaque, cpu, CPU_ENABLED | CPU_INSERT);
}

static void removal_wanted(void *opaque, int cpu)
{
	tell_guest(opaque, cpu, CPU_REMOVE);
}

/* ---- registers ---- */

/* From the selected one on, once around; without an event it stays. */
static void select_next_event(struct hotplug *h)
{
	for (unsigned i = 0; i < possible(h); i++) {
		unsigned cpu = (h->selector + i) % possible(h);

		if (h->cpu[cpu] & (CPU_INSERT | CPU_REMOVE)) {
			h->selector = cpu;
			return;
		}
	}
}

static uint64_t peek_flags(const struct device *dev, const struct reg *reg)
{
	const struct hotplug *h = (const struct hotplug *)dev;

	(void)reg;
	return is_valid(h) ? h->cpu[h->selector] : 0;
}

static void write_control(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct hotplug *h = to_hotplug(dev);

	(void)reg;
	if (!is_valid(h))
		return;
	h->cpu[h->selector] &= (uint8_t) ~(value & (CPU_INSERT | CPU_REMOVE));
	if (!(value & CPU_EJECT) || !h->selector || !(h->cpu[h->selector] & CPU_ENABLED))
		return;
	h->cpu[h->selector] = 0;
	machine_eject_vcpu(dev->m, (int)h->selector);
}

static void write_command(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct hotplug *h = to_hotplug(dev);

	(void)reg;
	if (!is_valid(h))
		return;
	h->command = (uint8_t)value;
	if (value == CMD_NEXT_EVENT)
		select_next_event(h);
}

/* A processor's number is its APIC ID; the upper half of that, at "command data 2", is zero. */
static uint64_t peek_data(const struct device *dev, const struct reg *reg)
{
	const struct hotplug *h = (const struct hotplug *)dev;

	(void)reg;
	if (!is_valid(h) || (h->command != CMD_NEXT_EVENT && h->command != CMD_ARCH_ID))
		return 0;
	return h->selector;
}

/* What the guest says of its doings (ACPI 6.5, 6.3.5): seen in info device and in traces. */
static void write_data(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct hotplug *h = to_hotplug(dev);

	(void)reg;
	if (!is_valid(h))
		return;
	if (h->command == CMD_OST_EVENT)
		h->ost_event = (uint32_t)value;
	else if (h->command == CMD_OST_STATUS)
		h->ost_status = (uint32_t)value;
}

static const struct reg_field flag_fields[] = {
	REG_BIT("ENABLED", 0),
	REG_BIT("INSERT", 1),
	REG_BIT("REMOVE", 2),
	{ 0 },
};
static const struct reg_field control_fields[] = {
	REG_BIT("INSERT", 1),
	REG_BIT("REMOVE", 2),
	REG_BIT("EJECT", 3),
	{ 0 },
};

/* clang-format off */
static const struct reg hotplug_regs[] = {
	{ .name = "selector", .offset = SPACE_SELECTOR, .width = 4, .access = REG_WO,
	  REG_STATE(struct hotplug, selector),
	  .help = "which processor the others are about" },
	{ .name = "data2", .offset = SPACE_SELECTOR, .width = 4, .access = REG_RO,
	  .help = "the upper half of its number" },
	{ .name = "flags", .offset = SPACE_FLAGS, .width = 1, .access = REG_RO,
	  .fields = flag_fields, .peek = peek_flags,
	  .help = "that it is there, has come, is wanted back" },
	{ .name = "control", .offset = SPACE_FLAGS, .width = 1, .access = REG_WO,
	  .fields = control_fields, .write = write_control,
	  .help = "clears events, ejects it" },
	{ .name = "command", .offset = SPACE_COMMAND, .width = 1, .access = REG_WO,
	  REG_STATE(struct hotplug, command), .write = write_command,
	  .help = "0 selects the next one with an event; 1, 2, 3 choose what data is" },
	{ .name = "data", .offset = SPACE_DATA, .width = 4, .peek = peek_data,
	  .write = write_data,
	  .help = "the selected number; what the guest says of an event" },
	{ .name = "ost_event", .offset = SPACE_PORTS, .width = 4, .access = REG_RO,
	  REG_STATE(struct hotplug, ost_event),
	  .help = "what the guest said last: about which event, 3 is a removal" },
	{ .name = "ost_status", .offset = SPACE_PORTS + 4, .width = 4, .access = REG_RO,
	  REG_STATE(struct hotplug, ost_status),
	  .help = "… and how it went: 0 is well" },
	{ .name = "cpu", .offset = SPACE_CPUS, .width = 1, .count = MACHINE_MAX_VCPUS,
	  .access = REG_RO, .keep = true, REG_STATE(struct hotplug, cpu),
	  .help = "the flags of each processor" },
	{ 0 },
};
/* clang-format on */

/* ---- life ---- */

/* Events are forgotten: the tables that are written then tell of the processors that are there. */
static void hotplug_reset(struct device *dev)
{
	struct hotplug *h = to_hotplug(dev);

	for (unsigned i = 0; i < MACHINE_MAX_VCPUS; i++)
		h->cpu[i] = h->began ? h->cpu[i] & CPU_ENABLED
				     : (i < dev->m->cfg->vcpus ? CPU_ENABLED : 0);
	h->began = true;
}

static int hotplug_create(struct device *dev, struct error *err)
{
	struct hotplug *h = to_hotplug(dev);

	(void)err;
	h->hooks = (struct cpu_hotplug){ .added = added, .remove = removal_wanted, .opaque = h };
	dev->m->cpu_hotplug = &h->hooks;
	return 0;
}

static void hotplug_destroy(struct device *dev)
{
	dev->m->cpu_hotplug = NULL;
}

static int hotplug_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class cpu_hotplug = {
	.name = "cpu_hotplug",
	.stem = "cpuhp",
	.help = "processors that come and go: cpu-add, cpu-del",
	.size = sizeof(struct hotplug),
	.space = SPACE_CPUS + MACHINE_MAX_VCPUS,
	.regs = hotplug_regs,
	.probe = hotplug_probe,
	.create = hotplug_create,
	.destroy = hotplug_destroy,
	.reset = hotplug_reset,
};
DEVICE_CLASS(cpu_hotplug);

static int hotplug_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	(void)cfg;
	return device_add(m, &cpu_hotplug, true, HOTPLUG_PORT, SPACE_PORTS, -1, err) ? 0 : -EIO;
}
