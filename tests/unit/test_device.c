// SPDX-License-Identifier: GPL-3.0-or-later
/* The device registry, and every device's register table walked. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/trace.h"
#include "tests/unit/fake_machine.h"

static struct fake *f;

static void setup(void)
{
	f = fake_create();
	cr_assert_not_null(f);
	f->cfg.serial[1] = "none";
	f->cfg.debugcon = "none";
	cr_assert(fake_add_devices(f));
}

static void teardown(void)
{
	fake_destroy(f);
}

TestSuite(device, .init = setup, .fini = teardown, .timeout = 120);

#define for_each_device(d) for (d = f->m.devices; d; d = d->next)
#define for_each_reg(d, r) for (r = (d)->regs; r->name; r++)

static unsigned reg_count(const struct reg *r)
{
	return r->count ? r->count : 1;
}

/* ---- what every class must keep to ---- */

Test(device, classes_are_complete_and_unique)
{
	const struct device_class *const *cls;
	size_t count, i, k;

	cls = device_classes(&count);
	cr_assert_geq(count, 7);
	for (i = 0; i < count; i++) {
		cr_assert(cls[i]->name && cls[i]->stem && cls[i]->help && cls[i]->regs);
		cr_assert_geq(cls[i]->size, sizeof(struct device), "%s", cls[i]->name);
		cr_assert_lt(strlen(cls[i]->stem), 16, "%s", cls[i]->name);
		cr_assert_not(strchr("0123456789", cls[i]->stem[strlen(cls[i]->stem) - 1]), "%s",
			      cls[i]->name);
		for (k = 0; k < i; k++) {
			cr_assert_str_neq(cls[i]->name, cls[k]->name);
			cr_assert_str_neq(cls[i]->stem, cls[k]->stem);
		}
	}
}

Test(device, every_class_has_a_device_here)
{
	const struct device_class *const *cls;
	const struct device *d;
	size_t count, i;

	cls = device_classes(&count);
	for (i = 0; i < count; i++) {
		for_each_device(d) if (d->cls == cls[i]) break;
		cr_assert_not_null(d, "%s", cls[i]->name);
	}
}

Test(device, register_rows_are_sound)
{
	const struct device *d;
	const struct reg *r, *other;

	for_each_device(d)
	{
		for_each_reg(d, r)
		{
			cr_assert(r->help && *r->help, "%s.%s", d->name, r->name);
			cr_assert(r->width == 1 || r->width == 2 || r->width == 4 || r->width == 8,
				  "%s.%s", d->name, r->name);
			cr_assert_leq(r->offset + r->width * reg_count(r), d->cls->space, "%s.%s",
				      d->name, r->name);
			if (r->width < 8)
				cr_assert_eq(r->reset >> (r->width * 8), 0, "%s.%s", d->name,
					     r->name);
			if (r->state_offset) {
				cr_assert_geq(r->state_offset, sizeof(struct device));
				cr_assert_leq(r->state_offset + r->width * reg_count(r),
					      d->cls->size);
				cr_assert_eq(r->state_offset % r->width, 0);
			}
			cr_assert_not(r->count && (r->read || r->write || r->peek), "%s.%s",
				      d->name, r->name);
			cr_assert_not(r->access == REG_RO && r->write, "%s.%s", d->name, r->name);
			cr_assert_not(r->access == REG_WO && r->read, "%s.%s", d->name, r->name);
			for (other = d->regs; other != r; other++)
				cr_assert_str_neq(r->name, other->name, "%s", d->name);
		}
	}
}

Test(device, fields_are_inside_and_apart)
{
	const struct device *d;
	const struct reg *r;
	const struct reg_field *fl;

	for_each_device(d)
	{
		for_each_reg(d, r)
		{
			uint64_t seen = 0, bits;

			for (fl = r->fields; fl && fl->name; fl++) {
				cr_assert_leq(fl->lo, fl->hi);
				cr_assert_lt(fl->hi, r->width * 8, "%s.%s.%s", d->name, r->name,
					     fl->name);
				bits = (2ull << fl->hi) - (1ull << fl->lo);
				cr_assert_eq(seen & bits, 0, "%s.%s.%s", d->name, r->name,
					     fl->name);
				seen |= bits;
			}
		}
	}
}

Test(device, ranges_show_parts_of_the_space)
{
	const struct device *d;
	unsigned i;

	for_each_device(d)
	{
		cr_assert_gt(d->range_count, 0);
		for (i = 0; i < d->range_count; i++)
			cr_assert_leq(d->ranges[i].space + d->ranges[i].bus.len, d->cls->space,
				      "%s", d->name);
	}
}

/* Two peeks of everything, and a copy of the device's state between them that must not differ. */
Test(device, peek_has_no_side_effects)
{
	struct device *d;
	const struct reg *r;
	uint64_t off;

	for_each_device(d)
	{
		uint8_t *before = malloc(d->cls->size);
		size_t own = sizeof(struct device);

		cr_assert_not_null(before);
		memcpy(before, d, d->cls->size);
		for_each_reg(d, r) device_reg_peek(d, r);
		pthread_mutex_lock(&d->lock);
		for (off = 0; off < d->cls->space; off++)
			device_space_peek(d, off, 1);
		pthread_mutex_unlock(&d->lock);
		cr_assert_eq(memcmp(before + own, (uint8_t *)d + own, d->cls->size - own), 0, "%s",
			     d->name);
		free(before);
	}
}

/* What a row says it resets to is what a person sees at power-on, where the row alone decides. */
Test(device, plain_registers_reset)
{
	struct device *d;
	const struct reg *r;

	for_each_device(d) for_each_reg(d, r) if (!r->peek && !r->keep)
		cr_assert_eq(device_reg_peek(d, r), r->reset, "%s.%s", d->name, r->name);
}

Test(device, plain_registers_read_back)
{
	struct device *d;
	const struct reg *r;

	for_each_device(d)
	{
		for_each_reg(d, r)
		{
			uint64_t mask = r->width == 8 ? UINT64_MAX : (1ull << r->width * 8) - 1;
			uint64_t value = 0xa5a5a5a5a5a5a5a5ull & mask;

			if (r->access != REG_RW || r->read || r->write || r->peek ||
			    !r->state_offset)
				continue;
			pthread_mutex_lock(&d->lock);
			if (device_reg_at(d, r->offset, true) == r) {
				device_space_write(d, r->offset, r->width, value);
				cr_assert_eq(device_space_read(d, r->offset, r->width), value,
					     "%s.%s", d->name, r->name);
			}
			pthread_mutex_unlock(&d->lock);
		}
	}
}

Test(device, reset_undoes_what_the_guest_did)
{
	struct device *d = device_find(&f->m, "serial0");

	fake_out(f, 0x3ff, 1, 0x77);
	cr_assert_eq(device_reg_peek(d, device_reg_find(d, "scr")), 0x77);
	devices_reset(&f->m);
	cr_assert_eq(device_reg_peek(d, device_reg_find(d, "scr")), 0);
}

/* ---- a device made for the test ---- */

struct toy {
	struct device dev;
	uint32_t ctrl;
	uint16_t status;
	uint8_t kept;
	uint16_t table[4];
	uint32_t written;
};

static uint64_t toy_read(struct device *dev, const struct reg *reg)
{
	(void)reg;
	return ++((struct toy *)dev)->written;
}

static uint64_t toy_peek(const struct device *dev, const struct reg *reg)
{
	(void)reg;
	return ((const struct toy *)dev)->written;
}

static void toy_write(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	((struct toy *)dev)->written = (uint32_t)value;
}

static const char *const mode_names[4] = { "off", "slow", NULL, "fast" };
static const struct reg_field ctrl_fields[] = {
	REG_BIT("EN", 0),
	{ .name = "MODE", .lo = 1, .hi = 2, .values = mode_names },
	REG_BITS("LEVEL", 11, 8),
	{ 0 },
};
static const struct reg toy_regs[] = {
	{ .name = "ctrl",
	  .offset = 0,
	  .width = 4,
	  .reset = 0x105,
	  .fields = ctrl_fields,
	  REG_STATE(struct toy, ctrl),
	  .help = "h" },
	{ .name = "status",
	  .offset = 4,
	  .width = 2,
	  .access = REG_W1C,
	  .reset = 0xffff,
	  REG_STATE(struct toy, status),
	  .help = "h" },
	{ .name = "id", .offset = 6, .width = 1, .access = REG_RO, .reset = 0x42, .help = "h" },
	{ .name = "kept",
	  .offset = 7,
	  .width = 1,
	  .keep = true,
	  .reset = 1,
	  REG_STATE(struct toy, kept),
	  .help = "h" },
	{ .name = "table",
	  .offset = 8,
	  .width = 2,
	  .count = 4,
	  .reset = 7,
	  REG_STATE(struct toy, table),
	  .help = "h" },
	{ .name = "count",
	  .offset = 16,
	  .width = 4,
	  .access = REG_RO,
	  .read = toy_read,
	  .peek = toy_peek,
	  .help = "h" },
	{ .name = "go",
	  .offset = 16,
	  .width = 4,
	  .access = REG_WO,
	  .write = toy_write,
	  .help = "h" },
	{ 0 },
};
static const struct device_class toy_class = { .name = "toy",
					       .stem = "toy",
					       .help = "h",
					       .size = sizeof(struct toy),
					       .space = 24,
					       .regs = toy_regs };

static struct toy *add_toy(void)
{
	struct error err;
	struct device *d = device_add(&f->m, &toy_class, true, 0x1000, 24, -1, &err);

	cr_assert_not_null(d, "%s", err.text);
	return (struct toy *)d;
}

Test(device, dispatch_of_plain_registers)
{
	struct toy *t = add_toy();

	cr_assert_eq(fake_in(f, 0x1000, 4), 0x105);
	fake_out(f, 0x1000, 4, 0x12345678);
	cr_assert_eq(t->ctrl, 0x12345678);
	fake_out(f, 0x1001, 1, 0xab);
	cr_assert_eq(t->ctrl, 0x1234ab78, "a narrow write leaves the rest");
	cr_assert_eq(fake_in(f, 0x1002, 2), 0x1234);
	fake_out(f, 0x1004, 2, 0x00f0);
	cr_assert_eq(t->status, 0xff0f);
	fake_out(f, 0x1005, 1, 0x0f);
	cr_assert_eq(t->status, 0xf00f, "a narrow write clears nothing elsewhere");
	fake_out(f, 0x1006, 1, 0);
	cr_assert_eq(fake_in(f, 0x1006, 1), 0x42);
	cr_assert_eq(fake_in(f, 0x1004, 4), 0x0142f00f, "a wide read is split");
	cr_assert_eq(fake_in(f, 0x1014, 4), 0xffffffff, "where no register is");
}

Test(device, arrays)
{
	struct toy *t = add_toy();

	cr_assert_eq(fake_in(f, 0x100e, 2), 7);
	fake_out(f, 0x100a, 4, 0x22221111);
	cr_assert_eq(t->table[1], 0x1111);
	cr_assert_eq(t->table[2], 0x2222);
	fake_out(f, 0x100f, 1, 0x33);
	cr_assert_eq(t->table[3], 0x3307);
}

Test(device, read_and_write_side_share_an_offset)
{
	struct toy *t = add_toy();

	fake_out(f, 0x1010, 4, 10);
	cr_assert_eq(t->written, 10);
	cr_assert_eq(fake_in(f, 0x1010, 4), 11);
	cr_assert_eq(fake_peek(f, 0x1010, 4), 11);
	cr_assert_eq(fake_peek(f, 0x1010, 4), 11, "a peek counts nothing");
}

Test(device, battery_backed_registers_outlive_a_reset)
{
	struct toy *t = add_toy();

	cr_assert_eq(t->kept, 1);
	fake_out(f, 0x1007, 1, 9);
	fake_out(f, 0x1000, 4, 0);
	devices_reset(&f->m);
	cr_assert_eq(t->kept, 9);
	cr_assert_eq(t->ctrl, 0x105);
}

Test(device, names_and_lookup)
{
	struct toy *t = add_toy();
	struct error err;

	cr_assert_str_eq(t->dev.name, "toy0");
	cr_assert_null(device_add(&f->m, &toy_class, true, 0x1010, 24, -1, &err));
	cr_assert(strstr(err.text, "toy1") && strstr(err.text, "taken by toy0"), "%s", err.text);
	cr_assert_not_null(device_add(&f->m, &toy_class, false, 0xfe000000, 24, -1, &err));
	cr_assert_not_null(device_find(&f->m, "toy1"));
	cr_assert_null(device_find(&f->m, "toy2"));
	cr_assert_null(device_reg_find(&t->dev, "nothing"));
}

Test(device, description_shows_fields)
{
	struct toy *t = add_toy();
	struct strbuf sb = STRBUF_INIT;

	t->ctrl = 0x307;
	device_describe(&t->dev, &sb);
	cr_assert(strstr(strbuf_str(&sb), "ctrl = 0x00000307 [EN MODE=fast LEVEL=3]\n"), "%s",
		  strbuf_str(&sb));
	cr_assert(strstr(strbuf_str(&sb), "id = 0x42\n"));
	cr_assert(strstr(strbuf_str(&sb), "table[0x00] = 0007 0007 0007 0007\n"), "%s",
		  strbuf_str(&sb));
	strbuf_clear(&sb);
	device_reg_format(&toy_regs[0], 0x4, &sb);
	cr_assert_str_eq(strbuf_str(&sb), "0x00000004 [MODE=2 LEVEL=0]");
	strbuf_free(&sb);
}

Test(device, accesses_are_traced_by_name)
{
	char path[] = "/tmp/vitrine-device-XXXXXX", text[2048] = "";
	int fd = mkstemp(path);
	FILE *file;

	cr_assert_geq(fd, 0);
	add_toy();
	trace_open(path, NULL);
	trace_enable("device", NULL);
	fake_out(f, 0x1000, 4, 0x103);
	fake_in(f, 0x1006, 1);
	fake_out(f, 0x100c, 2, 5);
	file = fdopen(fd, "r");
	cr_assert_gt(fread(text, 1, sizeof(text) - 1, file), 0);
	fclose(file);
	unlink(path);
	cr_assert(strstr(text, "toy0.ctrl <- 0x00000103 [EN MODE=slow LEVEL=1]\n"), "%s", text);
	cr_assert(strstr(text, "toy0.id -> 0x42\n"), "%s", text);
	cr_assert(strstr(text, "toy0.table[2] <- 0x0005\n"), "%s", text);
}
