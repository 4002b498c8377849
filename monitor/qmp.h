/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine interface: QMP, the JSON protocol that programs which drive a virtual machine speak
 * (QEMU's docs/interop/qmp-spec.rst), and what vitrine adds to it.
 *
 *   client --bytes--> JSON tokener --object--> the command's row --> a reply, or an error
 *   client <--------- events: whatever any client or the guest did to the run state
 *
 * Everything runs on the loop thread. A client is a client of hv/control.h like gdb and the
 * consoles; it has a session of the monitor besides, for human-monitor-command. Breakpoints that
 * it sets go with it.
 */
#ifndef MONITOR_QMP_H
#define MONITOR_QMP_H

#include "hv/error.h"

struct qmp;
struct monitor;

/* Serves DEV: one client for each stream that it yields. Errors with a sentence. */
int qmp_create(struct qmp **out, struct monitor *mon, const char *dev, struct error *err);
/* Before the monitor's end. NULL is nothing. */
void qmp_destroy(struct qmp *qmp);

#endif
