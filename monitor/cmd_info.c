// SPDX-License-Identifier: GPL-3.0-or-later
/* info: everything that shows and changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/block.h"
#include "hv/control_device.h"
#include "hv/device_event.h"
#include "hv/device_fault.h"
#include "hv/machine.h"
#include "hv/netdev.h"
#include "hv/pci.h"
#include "hv/vmcoreinfo.h"
#include "monitor/breakpoint.h"
#include "monitor/command.h"
#include "monitor/format.h"
#include "monitor/info.h"
#include "monitor/session.h"

static void info_status(struct mon_call *call)
{
	enum run_state state = control_state(call->m);
	const struct stop *stop = control_last_stop(call->m);

	strbuf_printf(call->out, "VM status: %s", run_state_name(state));
	if (run_state_is_stopped(state) && stop->reason != STOP_NONE) {
		strbuf_puts(call->out, " (");
		mon_describe_stop(call->m, stop, call->out);
		strbuf_puts(call->out, ")");
	}
	strbuf_puts(call->out, "\n");
}

static void dump_cpu(struct mon_call *call, int cpu)
{
	int rc;

	strbuf_printf(call->out, "CPU#%d\n", cpu);
	rc = control_dump(call->m, cpu, call->out);
	if (rc)
		mon_error(call, "cannot read the registers: %s", strerror(-rc));
}

static void one_register(struct mon_call *call, int reg)
{
	const struct arch_reg *regs;
	uint8_t raw[64] = { 0 };
	size_t count, bytes;
	int rc;

	regs = arch_regs(&count);
	bytes = regs[reg].bits / 8u;
	if (bytes > sizeof(raw)) {
		mon_error(call, "%s has %u bits", regs[reg].name, regs[reg].bits);
		return;
	}
	rc = control_reg_read(call->m, call->session->cpu, reg, raw);
	if (rc) {
		mon_error(call, "cannot read %s: %s", regs[reg].name, strerror(-rc));
		return;
	}
	strbuf_printf(call->out, "%s 0x", regs[reg].name);
	for (size_t i = bytes; i-- > 0;)
		strbuf_printf(call->out, "%02x", raw[i]);
	strbuf_puts(call->out, "\n");
}

static void info_registers(struct mon_call *call)
{
	if (call->arg[1].set) {
		one_register(call, (int)call->arg[1].num);
		return;
	}
	if (!call->arg[0].set) {
		dump_cpu(call, call->session->cpu);
		return;
	}
	for (int i = 0; i < control_vcpu_limit(call->m); i++)
		if (control_vcpu_exists(call->m, i))
			dump_cpu(call, i);
}

static void info_cpus(struct mon_call *call)
{
	uint64_t pc;

	for (int i = 0; i < control_vcpu_limit(call->m); i++) {
		if (!control_vcpu_exists(call->m, i))
			continue;
		strbuf_printf(call->out, "%c CPU #%d: ", i == call->session->cpu ? '*' : ' ', i);
		if (!control_pc(call->m, i, &pc))
			strbuf_printf(call->out, "pc=0x%016llx ", (unsigned long long)pc);
		strbuf_printf(call->out, "%s\n", control_vcpu_activity(call->m, i));
	}
}

static const char breakpoints_head[] =
	"Num Kind   Address            Len  Hits     Owner        How\n";

/* Behind @before others; how many there are. */
static size_t device_breakpoints(struct mon_call *call, size_t before)
{
	struct device_bp_info info;
	size_t n;

	for (n = 0; control_device_bp_get(call->m, n, &info); n++) {
		if (!n && !before)
			strbuf_puts(call->out, breakpoints_head);
		strbuf_printf(call->out, "%-3d %-6s %-18s %-4s %-8llu %-12s %s\n", info.id,
			      "device", "-", "-", (unsigned long long)info.hits,
			      info.owner ? info.owner->name : "-", info.text);
	}
	return n;
}

static void info_breakpoints(struct mon_call *call)
{
	static const char *const kinds[BP_KIND_COUNT] = {
		[BP_SOFT] = "break",  [BP_HARD] = "hbreak",   [BP_WRITE] = "watch",
		[BP_READ] = "rwatch", [BP_ACCESS] = "awatch",
	};
	struct bp_info info;
	size_t n;

	for (n = 0; control_bp_get(call->m, n, &info); n++) {
		if (!n)
			strbuf_puts(call->out, breakpoints_head);
		strbuf_printf(call->out, "%-3d %-6s 0x%016llx %-4llu %-8llu %-12s %s", info.id,
			      info.kind < BP_KIND_COUNT ? kinds[info.kind] : "?",
			      (unsigned long long)info.addr, (unsigned long long)info.len,
			      (unsigned long long)info.hits, info.owner ? info.owner->name : "-",
			      info.how ? info.how : "");
		if (info.filter)
			strbuf_printf(call->out, ", %s (asked %llu times)", info.filter,
				      (unsigned long long)info.asked);
		strbuf_puts(call->out, "\n");
		mon_bp_describe(call->session->mon, info.id, call->out);
	}
	if (!device_breakpoints(call, n) && !n)
		strbuf_puts(call->out, "no breakpoints\n");
}

static void ram_line(struct strbuf *out, const struct memory_region *r)
{
	strbuf_printf(out, "  %016llx-%016llx  ram\n", (unsigned long long)r->gpa,
		      (unsigned long long)(r->gpa + r->size - 1));
}

static void info_mem(struct mon_call *call)
{
	const struct memory_region *r;
	size_t count;

	r = memory_regions(call->m->ram, &count);
	strbuf_printf(call->out, "%llu MiB of RAM\n",
		      (unsigned long long)memory_size(call->m->ram) >> 20);
	for (size_t i = 0; i < count; i++)
		ram_line(call->out, &r[i]);
}

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
		ram_line(map->out, map->ram);
	strbuf_printf(map->out, "  %016llx-%016llx  %s\n", (unsigned long long)range->base,
		      (unsigned long long)(range->base + range->len - 1), range->name);
	return true;
}

static void info_mtree(struct mon_call *call)
{
	struct map map = { .out = call->out };

	strbuf_puts(call->out, "memory\n");
	map.ram = memory_regions(call->m->ram, &map.count);
	bus_for_each(&call->m->mmio, map_range, &map);
	for (; map.count; map.ram++, map.count--)
		ram_line(call->out, map.ram);
	strbuf_puts(call->out, "ports\n");
	bus_for_each(&call->m->pio, map_range, &map);
}

static void device_line(struct strbuf *out, const struct device *d)
{
	strbuf_printf(out, "%-12s %s\n", d->name, d->cls->help);
	for (unsigned i = 0; i < d->range_count; i++) {
		if (!d->ranges[i].mapped)
			continue;
		strbuf_printf(
			out, "%-12s %s 0x%04llx-0x%04llx\n", "",
			d->ranges[i].is_pio ? "ports" : "memory",
			(unsigned long long)d->ranges[i].bus.base,
			(unsigned long long)(d->ranges[i].bus.base + d->ranges[i].bus.len - 1));
	}
	if (d->pci)
		strbuf_printf(out, "%-12s PCI 00:%02x.0\n", "", d->pci->slot);
	if (d->irq >= 0)
		strbuf_printf(out, "%-12s interrupt %d\n", "", d->irq);
}

static void describe_counts(const struct device *d, struct strbuf *out)
{
	struct device_counts c = device_counts_get(d);

	strbuf_printf(out, "%llu reads and %llu writes of registers", (unsigned long long)c.reads,
		      (unsigned long long)c.writes);
	if (d->irq >= 0 || d->pci)
		strbuf_printf(out, "; %llu interrupts, %llu taken back", (unsigned long long)c.irqs,
			      (unsigned long long)c.acks);
	if (d->pci)
		strbuf_printf(out, "; DMA: %llu bytes read, %llu written",
			      (unsigned long long)c.dma_in, (unsigned long long)c.dma_out);
	strbuf_puts(out, "\n");
}

static void info_device(struct mon_call *call)
{
	struct device *d;

	if (call->arg[0].set) {
		d = device_find(call->m, call->arg[0].str);
		if (!d) {
			mon_error(call, "no such device");
			return;
		}
		strbuf_printf(call->out, "%s: %s\n", d->name, d->cls->help);
		device_describe(d, call->out);
		describe_counts(d, call->out);
		device_faults_describe(d, call->out);
		if (d->pci)
			pci_describe_func(d->pci, call->out);
		return;
	}
	for (d = call->m->devices; d; d = d->next)
		device_line(call->out, d);
}

static void info_network(struct mon_call *call)
{
	netdevs_describe(call->m, call->out);
}

static void info_pci(struct mon_call *call)
{
	pci_describe(call->m, call->out);
}

static void info_block(struct mon_call *call)
{
	block_describe(call->m, call->out);
}

static void info_vmcoreinfo(struct mon_call *call)
{
	struct strbuf text = STRBUF_INIT;
	struct error err = { "" };
	uint64_t gpa;

	if (vmcoreinfo_read(call->m, &text, &gpa, &err))
		mon_error(call, "%s", err.text);
	else
		strbuf_printf(call->out, "vmcoreinfo at physical 0x%llx\n%s",
			      (unsigned long long)gpa, strbuf_str(&text));
	strbuf_free(&text);
}

static void info_version(struct mon_call *call)
{
	strbuf_puts(call->out, "vitrine " VITRINE_VERSION "\n");
}

static const struct mon_arg registers_args[] = {
	{ "-a", &mon_arg_flag, true, 0, 0, "of all vCPUs" },
	{ "REG", &mon_arg_register, true, 0, 0, "just this one" },
	{ 0 },
};

static const struct mon_arg device_args[] = {
	{ "NAME", &mon_arg_device, true, 0, 0, "show its registers; without it, list the devices" },
	{ 0 },
};

const struct mon_command mon_info_subcommands[] = {
	{
		.name = "status",
		.help = "whether the guest runs, and why it stopped",
		.examples = (const char *const[]){ "info status", NULL },
		.run = info_status,
	},
	{
		.name = "registers",
		.args = registers_args,
		.help = "registers of the current vCPU",
		.detail = "A running vCPU is taken out of the guest for a moment.",
		.examples = (const char *const[]){ "info registers", "info registers -a",
						   "info registers $sp", NULL },
		.run = info_registers,
	},
	{
		.name = "cpus",
		.help = "list the vCPUs",
		.examples = (const char *const[]){ "info cpus", NULL },
		.run = info_cpus,
	},
	{
		.name = "breakpoints",
		.aliases = "b",
		.help = "list breakpoints and watchpoints, gdb's too",
		.examples = (const char *const[]){ "info breakpoints", NULL },
		.run = info_breakpoints,
	},
	{
		.name = "exits",
		.args = mon_info_exits_args,
		.help = "how often vCPUs came out of the guest, why, and what it took",
		.detail = "The time is that of vitrine's handling, from the exit to the end of it; "
			  "of "
			  "many exits one in\n"
			  "16 is timed. The picture behind is how single ones are spread: the "
			  "first column is below 0.5 us, each of the "
			  "others reaches\n"
			  "twice as far as the one before; @ is the fullest.",
		.examples = (const char *const[]){ "info exits", "info exits 0", NULL },
		.run = mon_info_exits,
	},
	{
		.name = "idt",
		.args = mon_info_view_args,
		.help = "the interrupt descriptor table: gates that are present",
		.examples = (const char *const[]){ "info idt", "info idt 0", NULL },
		.run = mon_info_view,
	},
	{
		.name = "gdt",
		.args = mon_info_view_args,
		.help = "the global descriptor table",
		.examples = (const char *const[]){ "info gdt", "info gdt 0", NULL },
		.run = mon_info_view,
	},
	{
		.name = "tss",
		.args = mon_info_view_args,
		.help = "the task state segment",
		.examples = (const char *const[]){ "info tss", "info tss 0", NULL },
		.run = mon_info_view,
	},
	{
		.name = "msr",
		.args = mon_info_view_args,
		.help = "MSRs that have a name",
		.examples = (const char *const[]){ "info msr", "info msr 0", NULL },
		.run = mon_info_view,
	},
	{
		.name = "cpuid",
		.args = mon_info_view_args,
		.help = "what CPUID tells the guest",
		.examples = (const char *const[]){ "info cpuid", "info cpuid 0", NULL },
		.run = mon_info_view,
	},
	{
		.name = "mem",
		.help = "where the guest's RAM is",
		.examples = (const char *const[]){ "info mem", NULL },
		.run = info_mem,
	},
	{
		.name = "pg",
		.args = mon_info_pg_args,
		.help = "the page tables, folded: what is mapped where, with which rights",
		.detail =
			"A line for pages that are alike and lie one behind the other: addresses, "
			"size, size of a\n"
			"page, rights (u user, r, w, x, g global), physical address. `scattered`: "
			"physically they do\n"
			"not lie one behind the other.",
		.examples = (const char *const[]){ "info pg", "info pg 0x100000", NULL },
		.run = mon_info_pg,
	},
	{
		.name = "mtree",
		.help = "what answers at which address and port",
		.examples = (const char *const[]){ "info mtree", NULL },
		.run = info_mtree,
	},
	{
		.name = "device",
		.aliases = "qtree",
		.args = device_args,
		.help = "devices, or the registers of one",
		.detail = "Reading them here has no side effects.",
		.examples = (const char *const[]){ "info device", NULL },
		.run = info_device,
	},
	{
		.name = "network",
		.help = "networks: whose they are, ports that lead to the guest, what went through",
		.detail = "Frames and bytes are as the device sees them, without checksums of "
			  "frames.",
		.examples = (const char *const[]){ "info network", NULL },
		.run = info_network,
	},
	{
		.name = "pci",
		.help = "PCI functions: header, BARs, interrupts, capabilities",
		.detail = "A BAR that is off has an address and is not decoded.",
		.examples = (const char *const[]){ "info pci", NULL },
		.run = info_pci,
	},
	{
		.name = "block",
		.help = "disks: files, and what was done to them",
		.examples = (const char *const[]){ "info block", NULL },
		.run = info_block,
	},
	{
		.name = "irq",
		.help = "interrupts: how often each source raised it, and where it goes",
		.detail =
			"`delivered`: a controller took it; `merged`: while the last one was still "
			"pending; `lost`:\n"
			"masked, or nobody listens. Of MSI-X KVM does not say. `acknowledged`: the "
			"line was lowered\n"
			"again, as a rule because the driver has.",
		.examples = (const char *const[]){ "info irq", NULL },
		.run = mon_info_irq,
	},
	{
		.name = "lapic",
		.args = mon_info_lapic_args,
		.help = "the local APIC of a vCPU: vector table, timer, interrupts in it",
		.examples = (const char *const[]){ "info lapic", "info lapic 0", NULL },
		.run = mon_info_controller,
	},
	{
		.name = "ioapic",
		.help = "the I/O APIC: where each input goes",
		.examples = (const char *const[]){ "info ioapic", NULL },
		.run = mon_info_controller,
	},
	{
		.name = "pic",
		.help = "the two 8259s",
		.examples = (const char *const[]){ "info pic", NULL },
		.run = mon_info_controller,
	},
	{
		.name = "pit",
		.help = "the 8254: counters and their modes",
		.examples = (const char *const[]){ "info pit", NULL },
		.run = mon_info_controller,
	},
	{
		.name = "vmcoreinfo",
		.help = "what the guest's kernel says of itself for those who read its memory",
		.detail = "Linux tells where it is when its module qemu_fw_cfg is loaded.",
		.examples = (const char *const[]){ "info vmcoreinfo", NULL },
		.run = info_vmcoreinfo,
	},
	{
		.name = "version",
		.help = "the version of vitrine",
		.examples = (const char *const[]){ "info version", NULL },
		.run = info_version,
	},
	{ 0 },
};

const struct mon_command mon_info_commands[] = {
	{
		.name = "info",
		.help = "show the state of the machine",
		.examples = (const char *const[]){ "info status", NULL },
		.sub = mon_info_subcommands,
	},
	{ 0 },
};
