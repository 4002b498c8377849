/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The monitor console: a command table, and any number of places to type at.
 *
 * Everything runs on the loop thread. A terminal gets readline, a socket plain
 * lines. The monitor is a client of hv/control.h.
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "hv/chardev.h"
#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;
struct monitor;

int monitor_create(struct monitor **out, struct machine *m, struct loop *loop, struct error *err);
void monitor_destroy(struct monitor *mon);
/* Serves DEV: one console for each stream that it yields. */
int monitor_serve(struct monitor *mon, const char *dev, struct error *err);
/* A console on a chardev (a user of a mux, say); takes ownership of it. */
int monitor_add_console(struct monitor *mon, struct chardev *cd, struct error *err);
/*
 * Runs the commands of a file from the loop on (script.h), what they say goes to standard output.
 * It is for batches: a line that fails ends the program with status 1, and is told on standard
 * error as FILE:LINE: …. One script for each monitor.
 */
int monitor_script(struct monitor *mon, const char *path, struct error *err);
/* Executes one line on behalf of a front end that has no console (gdb's `monitor`). */
void monitor_execute(struct monitor *mon, const char *line, struct strbuf *out);
/* That front end's debugger is gone: its breakpoints and catchpoints are removed. */
void monitor_execute_end(struct monitor *mon);

#endif
