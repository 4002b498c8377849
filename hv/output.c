// SPDX-License-Identifier: GPL-3.0-or-later
/* The queue of text from vCPU threads: see output.h. */
#include "hv/output.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hv/debug.h"
#include "hv/machine.h"
#include "hv/runstate.h"

/* A client that is shown a line each time needs some microseconds for it; a hit takes as long. */
#define MAX_BYTES (1u << 20)
#define MAX_PIECE 500 /* an event's text holds it */

struct piece {
	struct control_client *to;
	struct piece *next;
	char text[];
};

struct output {
	struct machine *m;
	pthread_mutex_t lock; /* nothing is taken inside it, but the loop's own for a post */
	struct piece *first, **tail;
	size_t bytes;
	unsigned long lost;
	bool posted; /* deliver() is on its way */
};

struct output *output_create(struct machine *m)
{
	struct output *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->m = m;
	out->tail = &out->first;
	pthread_mutex_init(&out->lock, NULL);
	return out;
}

/* All that is queued, in order. */
static struct piece *take(struct output *out, unsigned long *lost)
{
	struct piece *first;

	pthread_mutex_lock(&out->lock);
	first = out->first;
	*lost = out->lost;
	out->first = NULL;
	out->tail = &out->first;
	out->bytes = 0;
	out->lost = 0;
	out->posted = false;
	pthread_mutex_unlock(&out->lock);
	return first;
}

static void deliver(void *opaque)
{
	struct output *out = opaque;
	unsigned long lost;
	struct piece *p = take(out, &lost), *next;

	for (; p; p = next) {
		struct control_event ev = {
			.kind = p->to ? CONTROL_OUTPUT : CONTROL_MESSAGE,
			.to = p->to,
			.text = p->text,
		};

		next = p->next;
		control_notify(out->m, &ev);
		free(p);
	}
	if (lost)
		control_message(out->m,
				"%lu messages of breakpoints were lost: they came faster "
				"than they could be shown",
				lost);
}

void output_flush(struct machine *m)
{
	deliver(m->debug->output);
}

void output_destroy(struct output *out)
{
	unsigned long lost;
	struct piece *p, *next;

	if (!out)
		return;
	loop_cancel(out->m->loop, deliver, out);
	for (p = take(out, &lost); p; p = next) {
		next = p->next;
		free(p);
	}
	pthread_mutex_destroy(&out->lock);
	free(out);
}

/* Queues one piece; false: no room. @out->lock held. */
static bool add(struct output *out, struct control_client *to, const char *text, size_t len)
{
	struct piece *p;

	if (out->bytes + len > MAX_BYTES || !(p = malloc(sizeof(*p) + len + 1)))
		return false;
	p->to = to;
	p->next = NULL;
	memcpy(p->text, text, len);
	p->text[len] = '\0';
	*out->tail = p;
	out->tail = &p->next;
	out->bytes += len + sizeof(*p);
	return true;
}

void output_post(struct machine *m, struct control_client *to, const char *text, size_t len)
{
	struct output *out = m->debug->output;

	pthread_mutex_lock(&out->lock);
	while (len) {
		size_t n = len < MAX_PIECE ? len : MAX_PIECE;

		if (!add(out, to, text, n)) {
			out->lost++;
			break;
		}
		text += n;
		len -= n;
	}
	if (!out->posted)
		out->posted = loop_post(m->loop, deliver, out) == 0;
	pthread_mutex_unlock(&out->lock);
}

void output_forget(struct machine *m, const struct control_client *client)
{
	struct output *out = m->debug->output;

	pthread_mutex_lock(&out->lock);
	for (struct piece *p = out->first; p; p = p->next)
		if (p->to == client)
			p->to = NULL;
	pthread_mutex_unlock(&out->lock);
}
