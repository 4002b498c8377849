// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The debug-exit port: how a test kernel ends the program with a result.
 *
 * Writing v ends it with exit status (v << 1) | 1, so that 0 stays for
 * a guest that powers off. Kernel test suites expect it at 0xf4, as QEMU's
 * `-device isa-debug-exit,iobase=0xf4,iosize=4` provides it. An exit status
 * has 8 bits: the value's lower 7 count.
 */
#include <errno.h>

#include "hv/device.h"
#include "hv/machine.h"

#define DEBUG_EXIT_PORT 0xf4

static void write_exit(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	machine_request_exit(dev->m, (int)((value << 1 | 1) & 0xff));
}

static const struct reg debug_exit_regs[] = {
	{ .name = "exit",
	  .offset = 0,
	  .width = 4,
	  .access = REG_WO,
	  .write = write_exit,
	  .help = "v ends the program with exit status (v << 1) | 1" },
	{ 0 },
};

static int debug_exit_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class debug_exit = {
	.name = "debug_exit",
	.stem = "debugexit",
	.help = "port 0xf4: the guest ends the program with an exit status",
	.compatible = "vitrine,debug-exit",
	.size = sizeof(struct device),
	.space = 4,
	.regs = debug_exit_regs,
	.probe = debug_exit_probe,
};
DEVICE_CLASS(debug_exit);

static int debug_exit_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	(void)cfg;
	return device_add(m, &debug_exit, true, DEBUG_EXIT_PORT, 4, -1, err) ? 0 : -EIO;
}
