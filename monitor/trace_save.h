/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Traces of devices as text and as a timeline. */
#ifndef MONITOR_TRACE_SAVE_H
#define MONITOR_TRACE_SAVE_H

#include "hv/device_trace.h"
#include "hv/strbuf.h"

/* "  0.012034 vcpu0 0xffffffff81000010 <probe+0x10> edu0.status -> 0x00000001 [COMPUTING]": one
 * line, with its time since @start. */
void mon_trace_line(struct machine *m, const struct device *dev, const struct device_event *ev,
		    uint64_t start, struct strbuf *out);
/* The last @max events of all devices that were traced, in order of time, and as data the member
 * "records". False: none was traced. */
bool mon_trace_show(struct machine *m, size_t max, struct strbuf *out);
/* How many events were recorded, those that the rings have forgotten too. */
unsigned long long mon_trace_events(struct machine *m);
/*
 * Writes what all devices have in their rings to @path, in order of time: a timeline that Perfetto
 * and Chrome open (Trace Event Format, JSON) when the name ends with ".json", else text. Returns
 * how many events, or negative errno with a sentence.
 */
long mon_trace_save(struct machine *m, const char *path, struct error *err);

#endif
