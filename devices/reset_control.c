// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two reset registers of a PC beside the keyboard controller's.
 *
 *   0x92   system control port A of the IBM PS/2: a rising bit 0 resets,
 *          bit 1 is the A20 gate (always open here: KVM has no A20 line)
 *   0xcf9  reset control of Intel's chipsets (82371AB PIIX4, "RC"): a rising
 *          RST_CPU resets, softly or, with SYS_RST, the whole machine; FULL
 *          would cut the power for a moment. All three are one reset here.
 *
 * 0xcf9 lies inside the 32-bit register 0xcf8 of PCI's configuration space and
 * is seen by accesses that begin there, as on the chipset: see bus_read().
 */
#include <errno.h>

#include "hv/device.h"
#include "hv/machine.h"

#define PORT_A	0x92
#define RST_CNT 0xcf9

#define PORT_A_RESET 0x01
#define PORT_A_A20   0x02

#define RST_CNT_CPU 0x04

/* Register space: port A, reset control. */
enum { SPACE_PORT_A, SPACE_RST_CNT, SPACE_SIZE };

struct reset_control {
	struct device dev;
	uint8_t port_a, rst_cnt;
};

static void write_port_a(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct reset_control *r = (struct reset_control *)dev;
	bool rising = value & ~r->port_a & PORT_A_RESET;

	(void)reg;
	r->port_a = (uint8_t)value;
	if (rising)
		machine_request_reset(dev->m);
}

static void write_rst_cnt(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct reset_control *r = (struct reset_control *)dev;
	bool rising = value & ~r->rst_cnt & RST_CNT_CPU;

	(void)reg;
	r->rst_cnt = (uint8_t)value & 0x0e;
	if (rising)
		machine_request_reset(dev->m);
}

static const struct reg_field port_a_fields[] = {
	REG_BIT("RESET", 0),
	REG_BIT("A20", 1),
	{ 0 },
};
static const struct reg_field rst_cnt_fields[] = {
	REG_BIT("SYS_RST", 1),
	REG_BIT("RST_CPU", 2),
	REG_BIT("FULL", 3),
	{ 0 },
};

static const struct reg reset_regs[] = {
	{ .name = "port_a",
	  .offset = SPACE_PORT_A,
	  .width = 1,
	  .reset = PORT_A_A20,
	  REG_STATE(struct reset_control, port_a),
	  .fields = port_a_fields,
	  .write = write_port_a,
	  .help = "system control port A (0x92): a rising RESET resets the machine" },
	{ .name = "rst_cnt",
	  .offset = SPACE_RST_CNT,
	  .width = 1,
	  REG_STATE(struct reset_control, rst_cnt),
	  .fields = rst_cnt_fields,
	  .write = write_rst_cnt,
	  .help = "reset control (0xcf9): a rising RST_CPU resets the machine" },
	{ 0 },
};

static int reset_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class reset_control = {
	.name = "reset_control",
	.stem = "reset",
	.help = "ports 0x92 and 0xcf9: the guest resets the machine",
	.size = sizeof(struct reset_control),
	.space = SPACE_SIZE,
	.regs = reset_regs,
	.probe = reset_probe,
};
DEVICE_CLASS(reset_control);

static int reset_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	struct device *dev = device_add(m, &reset_control, true, PORT_A, 1, -1, err);

	(void)cfg;
	if (!dev)
		return -EIO;
	return device_add_range(dev, true, RST_CNT, 1, SPACE_RST_CNT, err);
}
