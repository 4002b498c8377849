/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trace events for the person who debugs vitrine or its guest: `-d TOPIC,…`
 * and `-D FILE`. A topic that is off costs one load and a branch.
 */
#ifndef HV_TRACE_H
#define HV_TRACE_H

#include <stdbool.h>

#include "hv/error.h"

enum trace_topic {
	TRACE_EXIT,   /* each exit to user space */
	TRACE_STOP,   /* each stop and resume */
	TRACE_PACKET, /* each packet of the GDB protocol */
	TRACE_DEVICE, /* each access to a device register */
	TRACE_WORK,   /* work queued to vCPUs */
	TRACE_TOPIC_COUNT,
};

extern bool trace_on[TRACE_TOPIC_COUNT];

/* "exit"; NULL past the last. */
const char *trace_topic_name(enum trace_topic topic);
/* "exit,stop" or "all"; the sentence of a wrong one lists the topics. */
int trace_enable(const char *topics, struct error *err);
/* Where to; NULL is stderr. */
int trace_open(const char *path, struct error *err);
void trace_close(void);
/* One line with time and topic. Any thread. Use the macro. */
void trace_write(enum trace_topic topic, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define trace(topic, ...)                                 \
	do {                                              \
		if (__builtin_expect(trace_on[topic], 0)) \
			trace_write(topic, __VA_ARGS__);  \
	} while (0)

#endif
