// SPDX-License-Identifier: GPL-3.0-or-later
/* Symbols: opening, waiting for the reading thread, asking. See symbols.h. */
#include "hv/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/symbols_internal.h"

struct symbols {
	struct symbols_file file;
	char *name;
	pthread_t thread;

	pthread_mutex_t lock; /* guards `ready` for those who wait */
	pthread_cond_t cond;
	bool ready; /* atomic; the table is read-only from then on */
	int ret;    /* of reading */
	struct error err;
	struct symbols_table table; /* the thread's until `ready` */

	uint64_t slide; /* atomic */
	int slide_source;
};

/* ---- reading ---- */

static void *reader(void *opaque)
{
	struct symbols *s = opaque;

	s->ret = symbols_file_read(&s->file, &s->table, &s->err);
	pthread_mutex_lock(&s->lock);
	__atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* The thread takes no signals: those are for the loop and the vCPUs. */
static int start_reader(struct symbols *s, struct error *err)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&s->thread, NULL, reader, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret)
		return error_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	pthread_setname_np(s->thread, "symbols");
	return 0;
}

static struct symbols_table *table_of(struct symbols *s)
{
	static struct symbols_table none;

	if (!s)
		return &none;
	if (!__atomic_load_n(&s->ready, __ATOMIC_ACQUIRE)) {
		pthread_mutex_lock(&s->lock);
		while (!s->ready)
			pthread_cond_wait(&s->cond, &s->lock);
		pthread_mutex_unlock(&s->lock);
	}
	return s->ret ? &none : &s->table;
}

/* ---- opening and closing ---- */

static void free_symbols(struct symbols *s)
{
	if (s->file.fd >= 0)
		close(s->file.fd);
	symbols_table_free(&s->table);
	free(s->name);
	free(s);
}

static int open_file(struct symbols **out, const struct symbols_file *file, struct error *err)
{
	struct symbols *s = calloc(1, sizeof(*s));
	int ret = -ENOMEM;

	if (!s) {
		if (file->fd >= 0)
			close(file->fd);
		return error_set(err, ret, "out of memory");
	}
	s->file = *file;
	s->name = strdup(file->name);
	if (!s->name) {
		error_set(err, ret, "out of memory");
		goto fail;
	}
	s->file.name = s->name;
	ret = symbols_file_check(&s->file, err);
	if (ret)
		goto fail;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->cond, NULL);
	ret = start_reader(s, err);
	if (ret)
		goto fail;
	*out = s;
	return 0;
fail:
	free_symbols(s);
	return ret;
}

int symbols_open(struct symbols **out, const char *path, struct error *err)
{
	const struct symbols_file file = {
		.name = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
	};

	if (file.fd < 0)
		return error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	return open_file(out, &file, err);
}

int symbols_open_memory(struct symbols **out, const char *name, const void *data, size_t size,
			struct error *err)
{
	const struct symbols_file file = { .name = name, .fd = -1, .data = data, .size = size };

	return open_file(out, &file, err);
}

void symbols_close(struct symbols *s)
{
	if (!s)
		return;
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->cond);
	pthread_mutex_destroy(&s->lock);
	free_symbols(s);
}

/* ---- asking ---- */

int symbols_wait(struct symbols *s, struct error *err)
{
	table_of(s);
	if (s->ret && err)
		*err = s->err;
	return s->ret;
}

size_t symbols_count(struct symbols *s)
{
	return table_of(s)->count;
}

const char *symbols_source(const struct symbols *s)
{
	return s->name;
}

static void put(struct symbols *s, const struct symbols_table *t, uint32_t i, struct symbol *out)
{
	const struct symbols_entry *e = &t->entry[i];

	*out = (struct symbol){
		.name = t->names + e->name,
		.addr = e->addr + (e->fixed ? 0 : symbols_slide(s)),
		.size = e->size,
		.kind = e->kind,
		.fixed = e->fixed,
	};
}

int symbols_find(struct symbols *s, const char *name, size_t len, struct symbol *out)
{
	const struct symbols_table *t = table_of(s);
	uint32_t i = symbols_table_find(t, name, len);

	if (i == UINT32_MAX)
		return -ENOENT;
	put(s, t, i, out);
	return t->entry[i].ambiguous ? -ENOTUNIQ : 0;
}

bool symbols_at(struct symbols *s, uint64_t addr, struct symbol *out)
{
	const struct symbols_table *t = table_of(s);
	uint32_t i = s ? symbols_table_at(t, addr - symbols_slide(s)) : UINT32_MAX;

	if (i == UINT32_MAX)
		return false;
	put(s, t, i, out);
	return true;
}

bool symbols_get(struct symbols *s, size_t n, struct symbol *out)
{
	const struct symbols_table *t = table_of(s);

	if (n >= t->count)
		return false;
	put(s, t, (uint32_t)n, out);
	return true;
}

/* ---- the slide ---- */

uint64_t symbols_slide(const struct symbols *s)
{
	return __atomic_load_n(&s->slide, __ATOMIC_RELAXED);
}

enum symbols_slide_source symbols_slide_source(const struct symbols *s)
{
	return (enum symbols_slide_source)__atomic_load_n(&s->slide_source, __ATOMIC_RELAXED);
}

void symbols_set_slide(struct symbols *s, uint64_t slide, enum symbols_slide_source source)
{
	__atomic_store_n(&s->slide, slide, __ATOMIC_RELAXED);
	__atomic_store_n(&s->slide_source, (int)source, __ATOMIC_RELAXED);
}
