/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subcommands of info that have a file of their own: handlers and arguments of their rows. */
#ifndef MONITOR_INFO_H
#define MONITOR_INFO_H

#include "monitor/command.h"

/* cmd_pages.c */
void mon_info_pg(struct mon_call *call);
extern const struct mon_arg mon_info_pg_args[];

/* cmd_irq.c */
void mon_info_irq(struct mon_call *call);
void mon_info_controller(struct mon_call *call);
extern const struct mon_arg mon_info_lapic_args[];

/* cmd_exits.c */
void mon_info_exits(struct mon_call *call);
extern const struct mon_arg mon_info_exits_args[];

/* cmd_view.c */
void mon_info_view(struct mon_call *call);
extern const struct mon_arg mon_info_view_args[];

#endif
