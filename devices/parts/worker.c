// SPDX-License-Identifier: GPL-3.0-or-later
/* A device's thread: see worker.h. */
#include "devices/parts/worker.h"

#include <string.h>

static void *run(void *opaque)
{
	struct worker *w = opaque;

	loop_run(w->loop);
	return NULL;
}

int worker_init(struct worker *w, const char *name, struct error *err)
{
	int ret = loop_create(&w->loop);

	if (ret < 0)
		return error_set(err, ret, "%s: no loop for its thread: %s", name, strerror(-ret));
	return 0;
}

int worker_start(struct worker *w, const char *name, struct error *err)
{
	int ret = pthread_create(&w->thread, NULL, run, w);

	if (ret)
		return error_set(err, -ret, "%s: no thread: %s", name, strerror(ret));
	w->running = true;
	/* It fails for a name of more than 15 characters, and then there is none. */
	pthread_setname_np(w->thread, name);
	return 0;
}

void worker_stop(struct worker *w)
{
	if (!w->running)
		return;
	loop_quit(w->loop, 0);
	pthread_join(w->thread, NULL);
	w->running = false;
}

void worker_destroy(struct worker *w)
{
	if (w->loop)
		loop_destroy(w->loop);
	w->loop = NULL;
}
