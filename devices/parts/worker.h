/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thread with a loop of its own, on which a device serves its queues: a vCPU that rings a
 * doorbell goes on at once, and a slow disk delays nobody else.
 */
#ifndef DEVICES_PARTS_WORKER_H
#define DEVICES_PARTS_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include "hv/error.h"
#include "hv/loop.h"

struct worker {
	struct loop *loop; /* sources may be added before worker_start(), and on the thread */
	pthread_t thread;
	bool running;
};

int worker_init(struct worker *w, const char *name, struct error *err);
/* @name is the thread's, for who looks with top or gdb. */
int worker_start(struct worker *w, const char *name, struct error *err);
/* Waits for the thread's end; then the loop's sources may be removed. Safe on a zeroed struct. */
void worker_stop(struct worker *w);
/* After worker_stop(). */
void worker_destroy(struct worker *w);

#endif
