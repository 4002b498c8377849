/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subcommands of info: handlers, arguments and results of their rows, which are in cmd_info.c. */
#ifndef MONITOR_INFO_H
#define MONITOR_INFO_H

#include "monitor/command.h"

/* cmd_state.c */
void mon_info_status(struct mon_call *call);
void mon_info_registers(struct mon_call *call);
extern const struct mon_field mon_info_registers_result[];
void mon_info_cpus(struct mon_call *call);
extern const struct mon_field mon_info_cpus_result[];
void mon_info_version(struct mon_call *call);
extern const struct mon_field mon_info_version_result[];

/* cmd_bplist.c */
void mon_info_breakpoints(struct mon_call *call);
extern const struct mon_field mon_info_breakpoints_result[];

/* cmd_machine.c */
void mon_info_mem(struct mon_call *call);
extern const struct mon_field mon_info_mem_result[];
void mon_info_mtree(struct mon_call *call);
extern const struct mon_field mon_info_mtree_result[];
void mon_info_device(struct mon_call *call);
extern const struct mon_field mon_info_device_result[];
void mon_info_pci(struct mon_call *call);
extern const struct mon_field mon_info_pci_result[];
void mon_info_network(struct mon_call *call);
extern const struct mon_field mon_info_network_result[];
void mon_info_block(struct mon_call *call);
extern const struct mon_field mon_info_block_result[];
void mon_info_vmcoreinfo(struct mon_call *call);
extern const struct mon_field mon_info_vmcoreinfo_result[];

/* cmd_pages.c */
void mon_info_pg(struct mon_call *call);
extern const struct mon_arg mon_info_pg_args[];
extern const struct mon_field mon_info_pg_result[];

/* cmd_balloon.c */
void mon_info_balloon(struct mon_call *call);
extern const struct mon_field mon_info_balloon_result[];

/* cmd_irq.c */
void mon_info_irq(struct mon_call *call);
extern const struct mon_field mon_info_irq_result[];
void mon_info_controller(struct mon_call *call);
extern const struct mon_arg mon_info_lapic_args[];
extern const struct mon_field mon_info_lapic_result[];
extern const struct mon_field mon_info_ioapic_result[];
extern const struct mon_field mon_info_pic_result[];
extern const struct mon_field mon_info_pit_result[];

/* cmd_exits.c */
void mon_info_exits(struct mon_call *call);
extern const struct mon_arg mon_info_exits_args[];
extern const struct mon_field mon_info_exits_result[];

/* cmd_stats.c */
void mon_info_stats(struct mon_call *call);
extern const struct mon_arg mon_info_stats_args[];
extern const struct mon_field mon_info_stats_result[];

/* cmd_view.c */
void mon_info_view(struct mon_call *call);
extern const struct mon_arg mon_info_view_args[];
extern const struct mon_field mon_info_idt_result[];
extern const struct mon_field mon_info_gdt_result[];
extern const struct mon_field mon_info_tss_result[];
extern const struct mon_field mon_info_msr_result[];
extern const struct mon_field mon_info_cpuid_result[];

#endif
