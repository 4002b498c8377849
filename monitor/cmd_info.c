// SPDX-License-Identifier: GPL-3.0-or-later
/* info: everything that shows and changes nothing. The table; the handlers are beside it. */
#include "monitor/command.h"
#include "monitor/info.h"

static const struct mon_arg registers_args[] = {
	{ "-a", &mon_arg_flag, true, 0, 0, "of all vCPUs" },
	{ "REG", &mon_arg_register, true, 0, 0, "just this one" },
	{ 0 },
};

static const struct mon_arg mtree_args[] = {
	{ "-f", &mon_arg_flag, true, 0, 0, "nothing: it is flat; for programs that type it" },
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
		.run = mon_info_status,
		.result = mon_run_result,
	},
	{
		.name = "registers",
		.args = registers_args,
		.help = "registers of the current vCPU",
		.detail = "A running vCPU is taken out of the guest for a moment.",
		.examples = (const char *const[]){ "info registers", "info registers -a",
						   "info registers $sp", NULL },
		.run = mon_info_registers,
		.result = mon_info_registers_result,
	},
	{
		.name = "cpus",
		.help = "list the vCPUs",
		.examples = (const char *const[]){ "info cpus", NULL },
		.run = mon_info_cpus,
		.result = mon_info_cpus_result,
	},
	{
		.name = "breakpoints",
		.aliases = "b",
		.help = "list breakpoints and watchpoints, gdb's too",
		.examples = (const char *const[]){ "info breakpoints", NULL },
		.run = mon_info_breakpoints,
		.result = mon_info_breakpoints_result,
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
		.result = mon_info_exits_result,
	},
	{
		.name = "stats",
		.args = mon_info_stats_args,
		.help = "KVM's own statistics of the VM and of its vCPUs",
		.detail = "Those that are 0 are left out, unless -a asks for all. What they mean "
			  "is KVM's: Linux,\n"
			  "arch/x86/kvm and virt/kvm. A histogram has a line for each bucket. A "
			  "running vCPU is taken\n"
			  "out of the guest for a moment, which KVM counts as well.",
		.examples = (const char *const[]){ "info stats", "info stats 0", "info stats -a vm",
						   "info stats halt", NULL },
		.run = mon_info_stats,
		.result = mon_info_stats_result,
	},
	{
		.name = "idt",
		.args = mon_info_view_args,
		.help = "the interrupt descriptor table: gates that are present",
		.examples = (const char *const[]){ "info idt", "info idt 0", NULL },
		.run = mon_info_view,
		.result = mon_info_idt_result,
	},
	{
		.name = "gdt",
		.args = mon_info_view_args,
		.help = "the global descriptor table",
		.examples = (const char *const[]){ "info gdt", "info gdt 0", NULL },
		.run = mon_info_view,
		.result = mon_info_gdt_result,
	},
	{
		.name = "tss",
		.args = mon_info_view_args,
		.help = "the task state segment",
		.examples = (const char *const[]){ "info tss", "info tss 0", NULL },
		.run = mon_info_view,
		.result = mon_info_tss_result,
	},
	{
		.name = "msr",
		.args = mon_info_view_args,
		.help = "MSRs that have a name",
		.examples = (const char *const[]){ "info msr", "info msr 0", NULL },
		.run = mon_info_view,
		.result = mon_info_msr_result,
	},
	{
		.name = "cpuid",
		.args = mon_info_view_args,
		.help = "what CPUID tells the guest",
		.examples = (const char *const[]){ "info cpuid", "info cpuid 0", NULL },
		.run = mon_info_view,
		.result = mon_info_cpuid_result,
	},
	{
		.name = "mem",
		.help = "where the guest's RAM is",
		.examples = (const char *const[]){ "info mem", NULL },
		.run = mon_info_mem,
		.result = mon_info_mem_result,
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
		.result = mon_info_pg_result,
	},
	{
		.name = "mtree",
		.args = mtree_args,
		.help = "what answers at which address and port",
		.examples = (const char *const[]){ "info mtree", "info mtree -f", NULL },
		.run = mon_info_mtree,
		.result = mon_info_mtree_result,
	},
	{
		.name = "device",
		.aliases = "qtree",
		.args = device_args,
		.help = "devices, or the registers of one",
		.detail = "Reading them here has no side effects.",
		.examples = (const char *const[]){ "info device", NULL },
		.run = mon_info_device,
		.result = mon_info_device_result,
	},
	{
		.name = "network",
		.help = "networks: whose they are, ports that lead to the guest, what went through",
		.detail = "Frames and bytes are as the device sees them, without checksums of "
			  "frames.",
		.examples = (const char *const[]){ "info network", NULL },
		.run = mon_info_network,
		.result = mon_info_network_result,
	},
	{
		.name = "pci",
		.help = "PCI functions: header, BARs, interrupts, capabilities",
		.detail = "A BAR that is off has an address and is not decoded.",
		.examples = (const char *const[]){ "info pci", NULL },
		.run = mon_info_pci,
		.result = mon_info_pci_result,
	},
	{
		.name = "block",
		.help = "disks: files, and what was done to them",
		.examples = (const char *const[]){ "info block", NULL },
		.run = mon_info_block,
		.result = mon_info_block_result,
	},
	{
		.name = "balloon",
		.help = "memory that the guest has, is asked to have, and what it says of it",
		.detail = "The guest's own figures are those of its last answer; each look asks "
			  "for new ones.",
		.examples = (const char *const[]){ "info balloon", NULL },
		.run = mon_info_balloon,
		.result = mon_info_balloon_result,
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
		.result = mon_info_irq_result,
	},
	{
		.name = "lapic",
		.args = mon_info_lapic_args,
		.help = "the local APIC of a vCPU: vector table, timer, interrupts in it",
		.examples = (const char *const[]){ "info lapic", "info lapic 0", NULL },
		.run = mon_info_controller,
		.result = mon_info_lapic_result,
	},
	{
		.name = "ioapic",
		.help = "the I/O APIC: where each input goes",
		.examples = (const char *const[]){ "info ioapic", NULL },
		.run = mon_info_controller,
		.result = mon_info_ioapic_result,
	},
	{
		.name = "pic",
		.help = "the two 8259s",
		.examples = (const char *const[]){ "info pic", NULL },
		.run = mon_info_controller,
		.result = mon_info_pic_result,
	},
	{
		.name = "pit",
		.help = "the 8254: counters and their modes",
		.examples = (const char *const[]){ "info pit", NULL },
		.run = mon_info_controller,
		.result = mon_info_pit_result,
	},
	{
		.name = "vmcoreinfo",
		.help = "what the guest's kernel says of itself for those who read its memory",
		.detail = "Linux tells where it is when its module qemu_fw_cfg is loaded.",
		.examples = (const char *const[]){ "info vmcoreinfo", NULL },
		.run = mon_info_vmcoreinfo,
		.result = mon_info_vmcoreinfo_result,
	},
	{
		.name = "version",
		.help = "the version of vitrine",
		.examples = (const char *const[]){ "info version", NULL },
		.run = mon_info_version,
		.result = mon_info_version_result,
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
