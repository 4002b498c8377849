// SPDX-License-Identifier: GPL-3.0-or-later
/* PCI configuration in words: see pci.h. */
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/fields.h"
#include "hv/irq_internal.h"
#include "hv/machine.h"
#include "hv/pci_internal.h"

static void describe_bar(const struct pci_func *fn, const uint8_t *config, unsigned i,
			 struct strbuf *out)
{
	const struct pci_bar *bar = &fn->bar[i];
	uint64_t base = pci_bar_base(fn, i);
	uint16_t command = pci_get16(config + PCI_COMMAND);
	bool on = command & (bar->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);

	data_object(out, NULL);
	field_u64(out, "bar", "  BAR%llu: ", i);
	field_str(out, "kind", "%s",
		  bar->io	  ? "ports"
		  : bar->prefetch ? "64-bit prefetchable memory"
		  : bar->wide	  ? "64-bit memory"
				  : "32-bit memory");
	data_u64(out, "start", base);
	data_u64(out, "last", base + bar->size - 1);
	strbuf_printf(out, " 0x%0*llx-0x%0*llx", bar->io ? 4 : 8, (unsigned long long)base,
		      bar->io ? 4 : 8, (unsigned long long)(base + bar->size - 1));
	field_bool(out, "on", on, "", ", off");
	field_bool(out, "decoded", device_is_mapped(bar->range), "",
		   on ? ", not decoded: another device is there" : "");
	strbuf_puts(out, "\n");
	data_end(out);
}

static void describe_msi(const uint8_t *cap, struct strbuf *out)
{
	uint64_t addr = pci_get32(cap + PCI_MSI_ADDRESS_LO) |
			(uint64_t)pci_get32(cap + PCI_MSI_ADDRESS_HI) << 32;

	strbuf_printf(out, "MSI: %s, address 0x%llx, data 0x%04x\n",
		      cap[PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE ? "on" : "off",
		      (unsigned long long)addr, pci_get16(cap + PCI_MSI_DATA_64));
}

static void describe_caps(const struct pci_func *fn, const uint8_t *config, struct strbuf *out)
{
	unsigned at = config[PCI_CAPABILITY_LIST];

	/* The list is ours, and the guest cannot change it. */
	for (; at; at = config[at + PCI_CAP_LIST_NEXT]) {
		size_t mark;

		data_object(out, NULL);
		field_u64(out, "offset", "  capability 0x%02llx ", at);
		data_u64(out, "id", config[at]);
		mark = out->len;
		if (at == fn->msi)
			describe_msi(config + at, out);
		else if (fn->msix && at == fn->msix_cap)
			pci_msix_describe(fn, config + at, out);
		else
			strbuf_printf(out, "id 0x%02x\n", config[at]);
		data_since(out, "text", mark);
		data_end(out);
	}
}

static void describe_func(const struct pci_func *fn, struct strbuf *out)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} bits[] = { { PCI_COMMAND_IO, "IO" },
		     { PCI_COMMAND_MEMORY, "MEM" },
		     { PCI_COMMAND_MASTER, "MASTER" },
		     { PCI_COMMAND_INTX_DISABLE, "INTX_OFF" } };
	const uint8_t *config = fn->config;
	uint16_t command = pci_get16(config + PCI_COMMAND);

	field_u64(out, "slot", "00:%02llx.0", fn->slot);
	field_str(out, "device", " %s: ", fn->dev->name);
	field_u64(out, "vendor_id", "%04llx:", pci_get16(config + PCI_VENDOR_ID));
	field_u64(out, "device_id", "%04llx", pci_get16(config + PCI_DEVICE_ID));
	field_u64(out, "class", " class %06llx", pci_get32(config + PCI_CLASS_REVISION) >> 8);
	field_u64(out, "revision", " revision %02llx\n", config[PCI_REVISION_ID]);
	field_u64(out, "command", "  command 0x%04llx [", command);
	for (size_t i = 0, n = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (command & bits[i].bit)
			strbuf_printf(out, "%s%s", n++ ? " " : "", bits[i].name);
	field_u64(out, "status", "], status 0x%04llx\n", pci_get16(config + PCI_STATUS));
	data_list(out, "bars");
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (fn->bar[i].size)
			describe_bar(fn, config, i, out);
	data_end(out);
	if (config[PCI_INTERRUPT_PIN]) {
		field_int(out, "irq", "  INTA#: interrupt %lld, ", pci_intx_gsi(fn));
		field_bool(out, "up",
			   fn->dev->m->pci->asserted[fn->slot % PCI_LINES] & 1u << fn->slot, "up\n",
			   "down\n");
	}
	data_list(out, "capabilities");
	describe_caps(fn, config, out);
	data_end(out);
}

void pci_describe_func(const struct pci_func *fn, struct strbuf *out)
{
	struct pci_bus *bus = fn->dev->m->pci;

	pthread_mutex_lock(&bus->lock);
	data_object(out, NULL);
	describe_func(fn, out);
	data_end(out);
	pthread_mutex_unlock(&bus->lock);
}

static void describe_msi_use(const struct pci_func *fn, struct strbuf *out)
{
	struct irq_count n = irq_count_copy(&fn->msi_count);
	const uint8_t *cap = fn->config + fn->msi;
	bool on = cap[PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE;
	size_t mark;

	if (!on && !n.raised)
		return;
	data_object(out, NULL);
	field_str(out, "device", "MSI of %s", fn->dev->name);
	field_u64(out, "sent", ": %llu sent", n.raised);
	field_u64(out, "delivered", ", %llu delivered", n.delivered);
	field_u64(out, "lost", ", %llu lost\n  ", n.lost);
	mark = out->len;
	strbuf_puts(out, "to ");
	arch_msi_describe(pci_get32(cap + PCI_MSI_ADDRESS_LO) |
				  (uint64_t)pci_get32(cap + PCI_MSI_ADDRESS_HI) << 32,
			  pci_get16(cap + PCI_MSI_DATA_64), out);
	strbuf_puts(out, on ? "\n" : ", off\n");
	data_since(out, "text", mark);
	data_end(out);
}

void pci_describe_messages(const struct pci_func *fn, struct strbuf *out)
{
	struct pci_bus *bus = fn->dev->m->pci;

	pthread_mutex_lock(&bus->lock);
	if (fn->msi)
		describe_msi_use(fn, out);
	if (fn->msix)
		pci_msix_describe_use(fn, out);
	pthread_mutex_unlock(&bus->lock);
}

void pci_describe(struct machine *m, struct strbuf *out)
{
	bool any = false;

	for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
		const struct pci_func *fn = pci_func_at(m, slot);

		if (!fn)
			continue;
		any = true;
		pci_describe_func(fn, out);
	}
	if (!any)
		strbuf_puts(out, "no PCI devices\n");
}
