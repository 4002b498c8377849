// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an x86 machine adds to its device tree: processors, local APIC, I/O APIC.
 *
 * The names are those that Linux knows from the one x86 platform which boots with a
 * device tree (Documentation/devicetree/bindings/x86/ce4100.txt).
 */
#include <libfdt.h>
#include <stdio.h>

#include "hv/arch/arch.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

#define LAPIC_BASE  0xfee00000ull
#define IOAPIC_BASE 0xfec00000ull
#define APIC_SIZE   0x1000ull

/*
 * The second cell of an I/O APIC's interrupt specifier: a rising edge, as ISA lines are. The
 * binding's text calls 3 a falling edge; Linux has always programmed it active high
 * (arch/x86/kernel/devicetree.c, of_ioapic_type), and its own trees use it so.
 */
#define IOAPIC_EDGE_RISING 3
#define IOAPIC_LEVEL_HIGH  2

unsigned arch_fdt_irq(int gsi, bool level, uint32_t cells[ARCH_FDT_IRQ_CELLS])
{
	cells[0] = (uint32_t)gsi;
	cells[1] = level ? IOAPIC_LEVEL_HIGH : IOAPIC_EDGE_RISING;
	return 2;
}

static int add_reg(void *fdt, uint64_t base)
{
	fdt64_t reg[2] = { cpu_to_fdt64(base), cpu_to_fdt64(APIC_SIZE) };

	return fdt_property(fdt, "reg", reg, sizeof(reg));
}

static int add_ioapic(void *fdt)
{
	int ret = fdt_begin_node(fdt, "interrupt-controller@fec00000");

	ret = ret ? ret : fdt_property_string(fdt, "compatible", "intel,ce4100-ioapic");
	ret = ret ? ret : add_reg(fdt, IOAPIC_BASE);
	ret = ret ? ret : fdt_property(fdt, "interrupt-controller", NULL, 0);
	ret = ret ? ret : fdt_property_u32(fdt, "#interrupt-cells", 2);
	ret = ret ? ret : fdt_property_u32(fdt, "#address-cells", 0);
	ret = ret ? ret : fdt_property_u32(fdt, "phandle", ARCH_FDT_INTC);
	return ret ? ret : fdt_end_node(fdt);
}

static int add_lapic(void *fdt)
{
	int ret = fdt_begin_node(fdt, "lapic@fee00000");

	ret = ret ? ret : fdt_property_string(fdt, "compatible", "intel,ce4100-lapic");
	ret = ret ? ret : add_reg(fdt, LAPIC_BASE);
	return ret ? ret : fdt_end_node(fdt);
}

/* The unit address is the APIC id, which is the vCPU's index. */
static int add_cpu(void *fdt, unsigned index)
{
	char name[16];
	int ret;

	snprintf(name, sizeof(name), "cpu@%x", index);
	ret = fdt_begin_node(fdt, name);
	ret = ret ? ret : fdt_property_string(fdt, "device_type", "cpu");
	ret = ret ? ret : fdt_property_string(fdt, "compatible", "intel,ce4100");
	ret = ret ? ret : fdt_property_u32(fdt, "reg", index);
	return ret ? ret : fdt_end_node(fdt);
}

static int add_cpus(struct machine *m, void *fdt)
{
	unsigned i;
	int ret = fdt_begin_node(fdt, "cpus");

	ret = ret ? ret : fdt_property_u32(fdt, "#address-cells", 1);
	ret = ret ? ret : fdt_property_u32(fdt, "#size-cells", 0);
	for (i = 0; !ret && i < MACHINE_MAX_VCPUS; i++)
		if (m->vcpus[i] || i < m->cfg->vcpus)
			ret = add_cpu(fdt, i);
	return ret ? ret : fdt_end_node(fdt);
}

int arch_fdt(struct machine *m, void *fdt)
{
	int ret = add_cpus(m, fdt);

	ret = ret ? ret : add_ioapic(fdt);
	return ret ? ret : add_lapic(fdt);
}
