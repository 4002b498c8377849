// SPDX-License-Identifier: GPL-3.0-or-later
/* Threads that do a disk's requests, each the next one that waits. */
#include <string.h>
#include <unistd.h>

#include "devices/parts/disk_internal.h"

static void *run(void *opaque)
{
	struct disk *disk = opaque;
	struct disk_threads *t = &disk->threads;
	struct disk_request *req;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (!(req = disk_list_take(&t->waiting)) && !t->quit)
			pthread_cond_wait(&t->work, &t->lock);
		if (!req)
			break;
		pthread_mutex_unlock(&t->lock);
		req->result = disk_do(disk, req);
		pthread_mutex_lock(&t->lock);
		disk_list_add(&t->complete, req);
		/* It fails only when the counter is full, and then it is readable anyway. */
		if (write(disk->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
			continue;
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

int disk_threads_start(struct disk *disk, unsigned count, struct error *err)
{
	struct disk_threads *t = &disk->threads;
	int ret;

	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	disk_list_init(&t->waiting);
	disk_list_init(&t->complete);
	while (t->count < count) {
		ret = pthread_create(&t->thread[t->count], NULL, run, disk);
		if (ret && !t->count) {
			pthread_cond_destroy(&t->work);
			pthread_mutex_destroy(&t->lock);
			return error_set(err, -ret, "%s: no thread: %s", disk->drive->file,
					 strerror(ret));
		}
		/* Fewer are slower, and as good. */
		if (ret)
			break;
		pthread_setname_np(t->thread[t->count++], "disk");
	}
	return 0;
}

void disk_threads_stop(struct disk *disk)
{
	struct disk_threads *t = &disk->threads;

	if (!t->count)
		return;
	pthread_mutex_lock(&t->lock);
	t->quit = true;
	pthread_cond_broadcast(&t->work);
	pthread_mutex_unlock(&t->lock);
	while (t->count)
		pthread_join(t->thread[--t->count], NULL);
	pthread_cond_destroy(&t->work);
	pthread_mutex_destroy(&t->lock);
}

void disk_threads_submit(struct disk *disk, struct disk_request *req)
{
	struct disk_threads *t = &disk->threads;

	pthread_mutex_lock(&t->lock);
	disk_list_add(&t->waiting, req);
	pthread_cond_signal(&t->work);
	pthread_mutex_unlock(&t->lock);
}

void disk_threads_collect(struct disk *disk, struct disk_list *to)
{
	struct disk_threads *t = &disk->threads;
	struct disk_request *req;

	pthread_mutex_lock(&t->lock);
	while ((req = disk_list_take(&t->complete)))
		disk_list_add(to, req);
	pthread_mutex_unlock(&t->lock);
}
