// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The debug console: a guest that writes a byte to port 0xe9 has written it to
 * the DEV of -debugcon. No set-up, no status, no interrupt: it works from the
 * first instruction on, in real mode and in a panic.
 *
 * The convention is Bochs' ("port e9 hack"): a read gives 0xe9, so that a
 * guest can tell whether it is there. It is there only when a DEV was given.
 */
#include <errno.h>

#include "hv/charport.h"
#include "hv/device.h"
#include "hv/machine.h"

#define DEBUGCON_PORT 0xe9

struct debugcon {
	struct device dev;
	struct charport port;
};

static void write_data(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	/* The guest cannot be told to wait: what a slow peer has no room for is lost. */
	charport_put(&((struct debugcon *)dev)->port, (uint8_t)value);
}

static const struct reg debugcon_regs[] = {
	{ .name = "data",
	  .offset = 0,
	  .width = 1,
	  .reset = DEBUGCON_PORT,
	  .write = write_data,
	  .help = "a byte for the console; reads as 0xe9: the console is there" },
	{ 0 },
};

static int debugcon_create(struct device *dev, struct error *err)
{
	static const struct charport_ops ops; /* output only */
	struct debugcon *c = (struct debugcon *)dev;

	return charport_open(&c->port, dev->m, dev->name, &dev->lock, dev->m->cfg->debugcon, NULL,
			     &ops, c, err);
}

static void debugcon_destroy(struct device *dev)
{
	charport_close(&((struct debugcon *)dev)->port);
}

static int debugcon_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class debugcon = {
	.name = "debugcon",
	.stem = "debugcon",
	.help = "port 0xe9: bytes to the DEV of -debugcon",
	.compatible = "vitrine,debugcon",
	.size = sizeof(struct debugcon),
	.space = 1,
	.regs = debugcon_regs,
	.probe = debugcon_probe,
	.create = debugcon_create,
	.destroy = debugcon_destroy,
};
DEVICE_CLASS(debugcon);

static int debugcon_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	if (!cfg->debugcon)
		return 0;
	return device_add(m, &debugcon, true, DEBUGCON_PORT, 1, -1, err) ? 0 : -EIO;
}
