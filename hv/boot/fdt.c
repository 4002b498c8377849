// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The device tree of the machine: see fdt.h.
 *
 * Written front to back with libfdt's sequential functions. Errors stick: after
 * the first one nothing more is written, and it is looked at once, at the
 * end. Section numbers are those of the Devicetree Specification 0.4.
 */
#include "hv/boot/fdt.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/machine.h"
#include "hv/pci.h"

#define FIRST_SIZE (64u << 10)
#define LAST_SIZE  (4u << 20)

/* The first cell of an address on the ISA bus: a port (IEEE 1275, ISA/EISA/ISA-PnP binding, 3.1.1).
 */
#define ISA_PORT 1

struct tree {
	void *fdt;
	int err; /* the first libfdt error */
};

static void begin(struct tree *t, const char *name)
{
	if (!t->err)
		t->err = fdt_begin_node(t->fdt, name);
}

static void end(struct tree *t)
{
	if (!t->err)
		t->err = fdt_end_node(t->fdt);
}

static void prop(struct tree *t, const char *name, const void *data, size_t len)
{
	if (!t->err)
		t->err = fdt_property(t->fdt, name, data, (int)len);
}

static void prop_str(struct tree *t, const char *name, const char *text)
{
	prop(t, name, text, strlen(text) + 1);
}

static void prop_cell(struct tree *t, const char *name, uint32_t value)
{
	if (!t->err)
		t->err = fdt_property_u32(t->fdt, name, value);
}

/* 2.3.5 */
static void prop_cells_of_children(struct tree *t, uint32_t address, uint32_t size)
{
	prop_cell(t, "#address-cells", address);
	prop_cell(t, "#size-cells", size);
}

static void add_memory(struct tree *t, struct machine *m)
{
	const struct memory_region *regions;
	size_t count = 0, i;
	char name[32];

	regions = m->ram ? memory_regions(m->ram, &count) : NULL;
	for (i = 0; i < count; i++) {
		fdt64_t reg[2] = { cpu_to_fdt64(regions[i].gpa), cpu_to_fdt64(regions[i].size) };

		snprintf(name, sizeof(name), "memory@%" PRIx64, regions[i].gpa);
		begin(t, name);
		prop_str(t, "device_type", "memory"); /* 3.4 */
		prop(t, "reg", reg, sizeof(reg));
		end(t);
	}
}

static void add_irq(struct tree *t, const struct device *d)
{
	uint32_t cells[ARCH_FDT_IRQ_CELLS];
	unsigned n = arch_fdt_irq(d->irq, d->irq_is_level, cells), i;

	for (i = 0; i < n; i++)
		cells[i] = cpu_to_fdt32(cells[i]);
	prop_cell(t, "interrupt-parent", ARCH_FDT_INTC);
	prop(t, "interrupts", cells, n * sizeof(cells[0]));
}

static void add_ranges(struct tree *t, const struct device *d)
{
	fdt32_t reg[DEVICE_MAX_RANGES * 4];
	unsigned i, n = 0;

	for (i = 0; i < d->range_count; i++) {
		const struct bus_range *r = &d->ranges[i].bus;

		if (d->ranges[i].is_pio != d->ranges[0].is_pio)
			continue;
		reg[n++] = cpu_to_fdt32(d->ranges[i].is_pio ? ISA_PORT : (uint32_t)(r->base >> 32));
		reg[n++] = cpu_to_fdt32((uint32_t)r->base);
		if (!d->ranges[i].is_pio)
			reg[n++] = cpu_to_fdt32((uint32_t)(r->len >> 32));
		reg[n++] = cpu_to_fdt32((uint32_t)r->len);
	}
	prop(t, "reg", reg, n * sizeof(reg[0]));
}

static void add_device(struct tree *t, struct device *d)
{
	char name[64];

	snprintf(name, sizeof(name), "%s@%s%" PRIx64, d->cls->stem, d->ranges[0].is_pio ? "i" : "",
		 d->ranges[0].bus.base);
	begin(t, name);
	prop_str(t, "compatible", d->compatible);
	add_ranges(t, d);
	if (d->irq >= 0)
		add_irq(t, d);
	if (d->cls->fdt && !t->err)
		t->err = d->cls->fdt(d, t->fdt);
	end(t);
}

static bool belongs(const struct device *d, bool is_pio)
{
	return d->compatible && d->range_count && d->ranges[0].is_pio == is_pio;
}

/* The devices of one kind under a node of their bus; no node when there are none. */
static void add_bus(struct tree *t, struct machine *m, bool is_pio)
{
	struct device *d;

	for (d = m->devices; d && !belongs(d, is_pio); d = d->next)
		;
	if (!d)
		return;
	begin(t, is_pio ? "isa" : "platform");
	prop_str(t, "compatible", is_pio ? "isa" : "simple-bus");
	if (is_pio) {
		prop_str(t, "device_type", "isa");
		prop_cells_of_children(t, 2, 1);
	} else {
		prop_cells_of_children(t, 2, 2);
		prop(t, "ranges", NULL, 0); /* 2.3.8: addresses are the parent's */
	}
	for (; d; d = d->next)
		if (belongs(d, is_pio))
			add_device(t, d);
	end(t);
}

static void add_all(struct tree *t, struct machine *m)
{
	if (!t->err)
		t->err = fdt_finish_reservemap(t->fdt);
	begin(t, "");
	prop_cells_of_children(t, 2, 2);
	prop_str(t, "compatible", "vitrine,machine");
	prop_str(t, "model", m->cfg->name ? m->cfg->name : "vitrine");
	begin(t, "chosen"); /* 3.6 */
	if (m->cfg->append)
		prop_str(t, "bootargs", m->cfg->append);
	end(t);
	add_memory(t, m);
	if (!t->err)
		t->err = arch_fdt(m, t->fdt);
	add_bus(t, m, true);
	add_bus(t, m, false);
	if (!t->err && device_find(m, "pci0"))
		t->err = pci_fdt(m, t->fdt);
	end(t);
	if (!t->err)
		t->err = fdt_finish(t->fdt);
}

int fdt_build(struct machine *m, void **blob, size_t *size, struct error *err)
{
	struct tree t = { .err = -FDT_ERR_NOSPACE };
	size_t cap;

	for (cap = FIRST_SIZE; t.err == -FDT_ERR_NOSPACE && cap <= LAST_SIZE; cap *= 2) {
		free(t.fdt);
		t.fdt = calloc(1, cap);
		if (!t.fdt)
			return error_set(err, -ENOMEM, "device tree: out of memory");
		t.err = fdt_create(t.fdt, (int)cap);
		add_all(&t, m);
	}
	if (t.err) {
		free(t.fdt);
		return error_set(err, -EINVAL, "device tree: %s", fdt_strerror(t.err));
	}
	*blob = t.fdt;
	*size = fdt_totalsize(t.fdt);
	return 0;
}
