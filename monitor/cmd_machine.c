// SPDX-License-Identifier: GPL-3.0-or-later
/* What the machine is made of: info mem, mtree, device, pci, network, block, vmcoreinfo. */
#include <string.h>

#include "hv/block.h"
#include "hv/device_event.h"
#include "hv/device_fault.h"
#include "hv/fields.h"
#include "hv/machine.h"
#include "hv/netdev.h"
#include "hv/pci.h"
#include "hv/vmcoreinfo.h"
#include "monitor/info.h"
#include "monitor/session.h"

/* ---- addresses ---- */

static const struct mon_field range_fields[] = {
	{ "start", MON_NUMBER, false, "the first address", NULL },
	{ "last", MON_NUMBER, false, "the last one, which belongs to it", NULL },
	{ "name", MON_TEXT, false, "ram, or the device that answers", NULL },
	{ 0 },
};

static void put_range(struct strbuf *out, uint64_t start, uint64_t len, const char *name)
{
	data_object(out, NULL);
	field_u64(out, "start", "  %016llx", start);
	field_u64(out, "last", "-%016llx", start + len - 1);
	field_str(out, "name", "  %s\n", name);
	data_end(out);
}

static void put_ram(struct strbuf *out, const struct memory_region *r)
{
	put_range(out, r->gpa, r->size, "ram");
}

void mon_info_mem(struct mon_call *call)
{
	const struct memory_region *r;
	size_t count;

	r = memory_regions(call->m->ram, &count);
	field_u64(call->out, "mib", "%llu MiB of RAM\n", memory_size(call->m->ram) >> 20);
	data_list(call->out, "ranges");
	for (size_t i = 0; i < count; i++)
		put_ram(call->out, &r[i]);
	data_end(call->out);
}

const struct mon_field mon_info_mem_result[] = {
	{ "mib", MON_NUMBER, false, "MiB of RAM", NULL },
	{ "ranges", MON_LIST, false, "guest-physical addresses of it", range_fields },
	{ 0 },
};

/* The map of one bus: devices' ranges, and RAM merged in by address. */
struct map {
	struct strbuf *out;
	const struct memory_region *ram;
	size_t count;
};

static bool map_range(void *opaque, const struct bus_range *range)
{
	struct map *map = opaque;

	for (; map->count && map->ram->gpa < range->base; map->ram++, map->count--)
		put_ram(map->out, map->ram);
	put_range(map->out, range->base, range->len, range->name);
	return true;
}

void mon_info_mtree(struct mon_call *call)
{
	struct map map = { .out = call->out };

	strbuf_puts(call->out, "memory\n");
	data_list(call->out, "memory");
	map.ram = memory_regions(call->m->ram, &map.count);
	bus_for_each(&call->m->mmio, map_range, &map);
	for (; map.count; map.ram++, map.count--)
		put_ram(call->out, map.ram);
	data_end(call->out);
	strbuf_puts(call->out, "ports\n");
	data_list(call->out, "ports");
	bus_for_each(&call->m->pio, map_range, &map);
	data_end(call->out);
}

const struct mon_field mon_info_mtree_result[] = {
	{ "memory", MON_LIST, false, "guest-physical addresses, in order", range_fields },
	{ "ports", MON_LIST, false, "ports, in order", range_fields },
	{ 0 },
};

/* ---- devices ---- */

static void device_range(struct strbuf *out, const struct device_range *range)
{
	data_object(out, NULL);
	strbuf_printf(out, "%-12s ", "");
	field_bool(out, "ports", range->is_pio, "ports", "memory");
	field_u64(out, "start", " 0x%04llx", range->bus.base);
	field_u64(out, "last", "-0x%04llx\n", range->bus.base + range->bus.len - 1);
	data_end(out);
}

static void device_line(struct strbuf *out, const struct device *d)
{
	data_object(out, NULL);
	field_str(out, "name", "%-12s ", d->name);
	field_str(out, "help", "%s\n", d->cls->help);
	data_list(out, "ranges");
	for (unsigned i = 0; i < d->range_count; i++)
		if (d->ranges[i].mapped)
			device_range(out, &d->ranges[i]);
	data_end(out);
	if (d->pci) {
		strbuf_printf(out, "%-12s ", "");
		field_u64(out, "slot", "PCI 00:%02llx.0\n", d->pci->slot);
	}
	if (d->irq >= 0) {
		strbuf_printf(out, "%-12s ", "");
		field_int(out, "irq", "interrupt %lld\n", d->irq);
	}
	data_end(out);
}

static void describe_counts(const struct device *d, struct strbuf *out)
{
	struct device_counts c = device_counts_get(d);

	data_object(out, "counts");
	field_u64(out, "reads", "%llu reads", c.reads);
	field_u64(out, "writes", " and %llu writes of registers", c.writes);
	if (d->irq >= 0 || d->pci) {
		field_u64(out, "irqs", "; %llu interrupts", c.irqs);
		field_u64(out, "acks", ", %llu taken back", c.acks);
	}
	if (d->pci || d->dma) {
		field_u64(out, "dma_read", "; DMA: %llu bytes read", c.dma_in);
		field_u64(out, "dma_written", ", %llu written", c.dma_out);
	}
	strbuf_puts(out, "\n");
	data_end(out);
}

static void describe_device(struct strbuf *out, struct device *d)
{
	data_object(out, "device");
	field_str(out, "name", "%s: ", d->name);
	field_str(out, "help", "%s\n", d->cls->help);
	device_describe(d, out);
	describe_counts(d, out);
	device_faults_describe(d, out);
	data_list(out, "pci");
	if (d->pci)
		pci_describe_func(d->pci, out);
	data_end(out);
	data_end(out);
}

void mon_info_device(struct mon_call *call)
{
	struct device *d;

	if (call->arg[0].set) {
		d = device_find(call->m, call->arg[0].str);
		if (d)
			describe_device(call->out, d);
		else
			mon_error(call, "no such device");
		return;
	}
	data_list(call->out, "devices");
	for (d = call->m->devices; d; d = d->next)
		device_line(call->out, d);
	data_end(call->out);
}

static const struct mon_field device_range_fields[] = {
	{ "ports", MON_BOOL, false, "ports, not memory", NULL },
	{ "start", MON_NUMBER, false, "the first address", NULL },
	{ "last", MON_NUMBER, false, "the last one", NULL },
	{ 0 },
};

static const struct mon_field device_fields[] = {
	{ "name", MON_TEXT, false, "its name", NULL },
	{ "help", MON_TEXT, false, "what it is", NULL },
	{ "ranges", MON_LIST, false, "where it answers now", device_range_fields },
	{ "slot", MON_NUMBER, MON_OPTIONAL, "on the PCI bus", NULL },
	{ "irq", MON_INTEGER, MON_OPTIONAL, "its line, a GSI", NULL },
	{ 0 },
};

static const struct mon_field counts_fields[] = {
	{ "reads", MON_NUMBER, false, "of registers", NULL },
	{ "writes", MON_NUMBER, false, "of registers", NULL },
	{ "irqs", MON_NUMBER, MON_OPTIONAL, "interrupts raised", NULL },
	{ "acks", MON_NUMBER, MON_OPTIONAL, "… and taken back", NULL },
	{ "dma_read", MON_NUMBER, MON_OPTIONAL, "bytes of memory", NULL },
	{ "dma_written", MON_NUMBER, MON_OPTIONAL, "bytes of memory", NULL },
	{ 0 },
};

static const struct mon_field register_fields[] = {
	{ "name", MON_TEXT, false, "its name", NULL },
	{ "value", MON_NUMBER, MON_OPTIONAL, "what it holds", NULL },
	{ "text", MON_TEXT, MON_OPTIONAL, "the same with its fields by name", NULL },
	{ "values", MON_LIST, MON_OPTIONAL, "of an array of registers", mon_numbers },
	{ 0 },
};

static const struct mon_field bar_fields[] = {
	{ "bar", MON_NUMBER, false, "its number", NULL },
	{ "kind", MON_TEXT, false, "ports, or which kind of memory", NULL },
	{ "start", MON_NUMBER, false, "the first address", NULL },
	{ "last", MON_NUMBER, false, "the last one", NULL },
	{ "on", MON_BOOL, false, "decoding is on", NULL },
	{ "decoded", MON_BOOL, false, "it answers there", NULL },
	{ 0 },
};

static const struct mon_field capability_fields[] = {
	{ "offset", MON_NUMBER, false, "in the configuration space", NULL },
	{ "id", MON_NUMBER, false, "which capability", NULL },
	{ "text", MON_TEXT, false, "what it says", NULL },
	{ 0 },
};

static const struct mon_field pci_fields[] = {
	{ "slot", MON_NUMBER, false, "on bus 0", NULL },
	{ "device", MON_TEXT, false, "whose it is", NULL },
	{ "vendor_id", MON_NUMBER, false, "of the header", NULL },
	{ "device_id", MON_NUMBER, false, "of the header", NULL },
	{ "class", MON_NUMBER, false, "24 bits", NULL },
	{ "revision", MON_NUMBER, false, "of the header", NULL },
	{ "command", MON_NUMBER, false, "the register", NULL },
	{ "status", MON_NUMBER, false, "the register", NULL },
	{ "bars", MON_LIST, false, "base addresses", bar_fields },
	{ "irq", MON_INTEGER, MON_OPTIONAL, "the GSI of INTA#", NULL },
	{ "up", MON_BOOL, MON_OPTIONAL, "it is asserted", NULL },
	{ "capabilities", MON_LIST, false, "in their order", capability_fields },
	{ 0 },
};

static const struct mon_field one_device_fields[] = {
	{ "name", MON_TEXT, false, "its name", NULL },
	{ "help", MON_TEXT, false, "what it is", NULL },
	{ "registers", MON_LIST, false, "in the order of its table", register_fields },
	{ "more", MON_TEXT, false, "what it says of itself besides, for people", NULL },
	{ "counts", MON_OBJECT, false, "what it has done", counts_fields },
	{ "unplugged", MON_BOOL, false, "until the next reset", NULL },
	{ "faults", MON_LIST, false, "injected, and to happen yet", mon_texts },
	{ "pci", MON_LIST, false, "its function, if it is on the bus", pci_fields },
	{ 0 },
};

const struct mon_field mon_info_device_result[] = {
	{ "devices", MON_LIST, MON_OPTIONAL, "all of them", device_fields },
	{ "device", MON_OBJECT, MON_OPTIONAL, "the one that was named", one_device_fields },
	{ 0 },
};

void mon_info_pci(struct mon_call *call)
{
	data_list(call->out, "functions");
	pci_describe(call->m, call->out);
	data_end(call->out);
}

const struct mon_field mon_info_pci_result[] = {
	{ "functions", MON_LIST, false, "in order of slot", pci_fields },
	{ 0 },
};

/* ---- backends ---- */

void mon_info_network(struct mon_call *call)
{
	data_list(call->out, "networks");
	netdevs_describe(call->m, call->out);
	data_end(call->out);
}

static const struct mon_field traffic_fields[] = {
	{ "frames", MON_NUMBER, false, "that went through", NULL },
	{ "bytes", MON_NUMBER, false, "of them", NULL },
	{ "dropped", MON_NUMBER, false, "frames that nobody took", NULL },
	{ 0 },
};

static const struct mon_field network_fields[] = {
	{ "id", MON_TEXT, false, "of -netdev", NULL },
	{ "device", MON_TEXT, MON_OPTIONAL, "whose it is", NULL },
	{ "text", MON_TEXT, false, "what is behind it", NULL },
	{ "to_guest", MON_OBJECT, false, "traffic", traffic_fields },
	{ "from_guest", MON_OBJECT, false, "traffic", traffic_fields },
	{ 0 },
};

const struct mon_field mon_info_network_result[] = {
	{ "networks", MON_LIST, false, "one for each -netdev", network_fields },
	{ 0 },
};

void mon_info_block(struct mon_call *call)
{
	data_list(call->out, "disks");
	block_describe(call->m, call->out);
	data_end(call->out);
}

static const struct mon_field disk_fields[] = {
	{ "device", MON_TEXT, false, "whose it is", NULL },
	{ "file", MON_TEXT, false, "on the host", NULL },
	{ "drive", MON_TEXT, false, "the id of -drive", NULL },
	{ "readonly", MON_BOOL, false, "the guest cannot write", NULL },
	{ "snapshot", MON_BOOL, false, "what is written is not kept", NULL },
	{ "how", MON_TEXT, false, "what does the work", NULL },
	{ "size", MON_NUMBER, false, "bytes", NULL },
	{ "bytes_read", MON_NUMBER, false, "by the guest", NULL },
	{ "reads", MON_NUMBER, false, "requests", NULL },
	{ "bytes_written", MON_NUMBER, false, "by the guest", NULL },
	{ "writes", MON_NUMBER, false, "requests", NULL },
	{ "flushes", MON_NUMBER, false, "requests", NULL },
	{ "others", MON_NUMBER, false, "requests", NULL },
	{ "errors", MON_NUMBER, false, "requests that failed", NULL },
	{ "in_flight", MON_NUMBER, false, "requests now", NULL },
	{ 0 },
};

const struct mon_field mon_info_block_result[] = {
	{ "disks", MON_LIST, false, "one for each -drive", disk_fields },
	{ 0 },
};

void mon_info_vmcoreinfo(struct mon_call *call)
{
	struct strbuf text = STRBUF_INIT;
	struct error err = { "" };
	uint64_t gpa;

	if (vmcoreinfo_read(call->m, &text, &gpa, &err)) {
		mon_error(call, "%s", err.text);
	} else {
		field_u64(call->out, "gpa", "vmcoreinfo at physical 0x%llx\n", gpa);
		field_str(call->out, "text", "%s", strbuf_str(&text));
	}
	strbuf_free(&text);
}

const struct mon_field mon_info_vmcoreinfo_result[] = {
	{ "gpa", MON_NUMBER, false, "where it is in physical memory", NULL },
	{ "text", MON_TEXT, false, "lines of NAME=value", NULL },
	{ 0 },
};
