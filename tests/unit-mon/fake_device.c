// SPDX-License-Identifier: GPL-3.0-or-later
/* A device for the monitor to look at, and the list of stops on it: see fake_control.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/device.h"
#include "tests/unit-mon/fake_control.h"

struct toy {
	struct device dev;
	uint8_t lcr, iir;
};

static const struct reg_field iir_fields[] = {
	REG_BIT("NONE", 0),
	REG_BITS("ID", 3, 1),
	{ 0 },
};

static const struct reg toy_regs[] = {
	{ .name = "lcr", .offset = 0, .width = 1, REG_STATE(struct toy, lcr), .help = "plain" },
	{ .name = "iir",
	  .offset = 1,
	  .width = 1,
	  .access = REG_RO,
	  .reset = 1,
	  REG_STATE(struct toy, iir),
	  .fields = iir_fields,
	  .help = "read-only" },
	{ 0 },
};

/* Its cable shows in a register. */
static int set_link(struct device *dev, bool up, struct error *err)
{
	struct toy *t = (struct toy *)dev;

	if (up && t->lcr == 0x55)
		return error_set(err, -ENOTSUP, "%s: there is no network for its cable", dev->name);
	t->lcr = up ? 1 : 0;
	return 0;
}

static const struct device_class toy_class = {
	.name = "toy",
	.stem = "serial",
	.help = "a device of the tests",
	.size = sizeof(struct toy),
	.space = 8,
	.regs = toy_regs,
	.set_link = set_link,
};

bool fake_add_device(struct fake *f)
{
	struct error err;

	return device_add(&f->m, &toy_class, true, FAKE_DEVICE_PORT, 8, 4, &err) != NULL;
}

/* ---- stops ---- */

static struct fake *fake_of(struct machine *m)
{
	return (struct fake *)m;
}

int control_device_bp_add(struct machine *m, struct control_client *owner,
			  const struct device_bp_spec *spec, struct error *err)
{
	struct fake *f = fake_of(m);
	struct device_bp_info *info = &f->device_bps[f->device_bp_count];
	static const char *const kinds[] = { "register", "interrupt", "DMA" };

	if (f->device_bp_count == FAKE_BPS_MAX)
		return error_set(err, -ENOSPC, "no room");
	*info = (struct device_bp_info){ .id = ++f->next_id, .kind = spec->kind, .owner = owner };
	snprintf(info->text, sizeof(info->text),
		 "%s of %s.%s access %d mask 0x%llx value 0x%llx addr 0x%llx len %llu",
		 kinds[spec->kind], spec->device, spec->reg ? spec->reg : "", (int)spec->access,
		 (unsigned long long)spec->mask, (unsigned long long)spec->value,
		 (unsigned long long)spec->addr, (unsigned long long)spec->len);
	f->device_bp_count++;
	return info->id;
}

bool control_device_bp_get(struct machine *m, size_t n, struct device_bp_info *info)
{
	if (n >= fake_of(m)->device_bp_count)
		return false;
	*info = fake_of(m)->device_bps[n];
	return true;
}

int control_device_bp_delete(struct machine *m, int id)
{
	struct fake *f = fake_of(m);

	for (size_t n = 0; n < f->device_bp_count; n++) {
		if (f->device_bps[n].id != id)
			continue;
		memmove(&f->device_bps[n], &f->device_bps[n + 1],
			(--f->device_bp_count - n) * sizeof(f->device_bps[0]));
		return 0;
	}
	return -ENOENT;
}
