// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The PCI bus in the device tree: pci-host-ecam-generic (Linux,
 * Documentation/devicetree/bindings/pci/host-generic-pci.yaml; IEEE 1275, PCI Bus Binding 2.1).
 * Functions have no nodes: they are found by probing.
 *
 * An address on the bus has three cells: what space it is in, and 64 bits. The ports are left out
 * of "ranges", which would have to say where in memory they are.
 */
#include <libfdt.h>
#include <stdio.h>

#include "hv/arch/arch.h"
#include "hv/machine.h"
#include "hv/pci_internal.h"

/* The first cell (binding, 2.2.1.1). */
#define SPACE_MEM32    0x02000000u
#define SPACE_MEM64    0x03000000u
#define SPACE_PREFETCH 0x40000000u
#define DEVFN_SHIFT    8

#define PINS 4

static unsigned put64(fdt32_t *cells, uint64_t value)
{
	cells[0] = cpu_to_fdt32((uint32_t)(value >> 32));
	cells[1] = cpu_to_fdt32((uint32_t)value);
	return 2;
}

/* The same address on the bus and for the processor. */
static unsigned put_range(fdt32_t *cells, uint32_t space, uint64_t base, uint64_t size)
{
	unsigned n = 1;

	cells[0] = cpu_to_fdt32(space);
	n += put64(cells + n, base);
	n += put64(cells + n, base);
	return n + put64(cells + n, size);
}

static int add_windows(struct machine *m, void *fdt)
{
	struct pci_window high = pci_high_window(m);
	fdt32_t cells[2 * 7];
	unsigned n = put_range(cells, SPACE_MEM32, PCI_MMIO_BASE, PCI_MMIO_END - PCI_MMIO_BASE);

	if (high.size)
		n += put_range(cells + n, SPACE_MEM64 | SPACE_PREFETCH, high.base, high.size);
	return fdt_property(fdt, "ranges", cells, (int)(n * sizeof(cells[0])));
}

/* Slots of one line are alike, so the map has a row for each line and pin. */
static int add_interrupts(void *fdt)
{
	fdt32_t map[PCI_LINES * PINS * (5 + ARCH_FDT_IRQ_CELLS)];
	const fdt32_t mask[4] = { cpu_to_fdt32((PCI_LINES - 1) << 3 << DEVFN_SHIFT), 0, 0,
				  cpu_to_fdt32(7) };
	uint32_t irq[ARCH_FDT_IRQ_CELLS];
	unsigned n = 0, count;
	int ret;

	for (unsigned slot = 0; slot < PCI_LINES; slot++) {
		for (unsigned pin = 0; pin < PINS; pin++) {
			map[n++] = cpu_to_fdt32(slot << 3 << DEVFN_SHIFT);
			map[n++] = 0;
			map[n++] = 0;
			map[n++] = cpu_to_fdt32(pin + 1);
			map[n++] = cpu_to_fdt32(ARCH_FDT_INTC);
			count = arch_fdt_irq(pci_pin_gsi(slot, pin), true, irq);
			for (unsigned i = 0; i < count; i++)
				map[n++] = cpu_to_fdt32(irq[i]);
		}
	}
	ret = fdt_property_u32(fdt, "#interrupt-cells", 1);
	ret = ret ? ret : fdt_property(fdt, "interrupt-map-mask", mask, sizeof(mask));
	return ret ? ret : fdt_property(fdt, "interrupt-map", map, (int)(n * sizeof(map[0])));
}

int pci_fdt(struct machine *m, void *fdt)
{
	const fdt32_t buses[2] = { 0, 0 };
	fdt32_t reg[4];
	char name[32];
	int ret;

	put64(reg, PCI_ECAM_BASE);
	put64(reg + 2, PCI_ECAM_SIZE);
	snprintf(name, sizeof(name), "pcie@%llx", (unsigned long long)PCI_ECAM_BASE);
	ret = fdt_begin_node(fdt, name);
	ret = ret ? ret : fdt_property_string(fdt, "compatible", "pci-host-ecam-generic");
	ret = ret ? ret : fdt_property_string(fdt, "device_type", "pci");
	ret = ret ? ret : fdt_property(fdt, "reg", reg, sizeof(reg));
	ret = ret ? ret : fdt_property(fdt, "bus-range", buses, sizeof(buses));
	ret = ret ? ret : fdt_property_u32(fdt, "#address-cells", 3);
	ret = ret ? ret : fdt_property_u32(fdt, "#size-cells", 2);
	ret = ret ? ret : add_windows(m, fdt);
	ret = ret ? ret : add_interrupts(fdt);
	return ret ? ret : fdt_end_node(fdt);
}
