/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A timeline that Perfetto and Chrome open: JSON in the Trace Event Format (Google, "Trace Event
 * Format"). Tracks are threads of one process; events of a track come in order of time.
 */
#ifndef MONITOR_TIMELINE_H
#define MONITOR_TIMELINE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hv/record.h"

struct timeline {
	struct machine *m;
	FILE *f;	/* the caller's, who looks at its errors */
	uint64_t start; /* ns: time 0 */
	bool any;	/* an event was written */
};

/* Numbers of tracks. Devices have those from 1 on. */
enum {
	TIMELINE_VCPU = 1000, /* and its number */
	TIMELINE_WORK = 2000, /* the same: what others had done on it */
	TIMELINE_IRQ = 3000,
	TIMELINE_GDB,
};

/* The file's beginning and end; what it says of the process. */
void timeline_begin(struct timeline *t);
void timeline_end(struct timeline *t);
/* Names a track; @place: which one is shown above which. */
void timeline_track(struct timeline *t, int track, const char *name, int place);

/* An event with what all have; @phase: i instant, B and E begin and end of a bar, X a whole one. */
struct json_object *timeline_event(const struct timeline *t, const char *phase, const char *name,
				   const char *category, int track, uint64_t time);
/* A bar has a length. */
void timeline_length(struct json_object *event, uint64_t ns);
void timeline_add(struct json_object *object, const char *key, const char *value);
void timeline_add_hex(struct json_object *object, const char *key, uint64_t value);
/* The pc, and its symbol. */
void timeline_add_pc(const struct timeline *t, struct json_object *object, int vcpu, uint64_t pc);
/* Writes @event, with @args (NULL: none), and puts them. */
void timeline_put(struct timeline *t, struct json_object *event, struct json_object *args);

/* The tracks of what hv/record.h has of all topics: record_timeline.c. Returns how many records;
 * -ENOMEM. */
long timeline_records(struct timeline *t);

#endif
