/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text that vCPU threads have for a client: a bounded queue to the loop thread.
 *
 * The writer never waits. What comes when the queue is full is dropped, and a
 * line says how much that was.
 */
#ifndef HV_OUTPUT_H
#define HV_OUTPUT_H

#include <stddef.h>

struct control_client;
struct machine;
struct output;

/* Loop thread. NULL: no memory. */
struct output *output_create(struct machine *m);
void output_destroy(struct output *out);

/* Queues text for @to, as CONTROL_OUTPUT. Any thread, never blocks. */
void output_post(struct machine *m, struct control_client *to, const char *text, size_t len);
/* Delivers what is queued now, before a stop is told: it was printed before. Loop thread. */
void output_flush(struct machine *m);
/* @client leaves: what is queued for it becomes a message to all. Loop thread. */
void output_forget(struct machine *m, const struct control_client *client);

#endif
