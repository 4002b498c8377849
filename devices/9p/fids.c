// SPDX-License-Identifier: GPL-3.0-or-later
/* The client's numbers for files: see internal.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/9p/internal.h"

static struct p9_fid **bucket(struct p9 *s, uint32_t number)
{
	return &s->fids[number % P9_BUCKETS];
}

static void set_count(uint32_t *counter, uint32_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

int p9_fid_find(struct p9 *s, uint32_t number, struct p9_fid **fid)
{
	*fid = *bucket(s, number);
	while (*fid && (*fid)->number != number)
		*fid = (*fid)->next;
	return *fid ? 0 : -EBADF;
}

int p9_fid_take(struct p9 *s, struct p9_in *in, struct p9_fid **fid)
{
	uint32_t number = p9_take32(in);

	return in->error ? in->error : p9_fid_find(s, number, fid);
}

int p9_fid_set_path(struct p9 *s, struct p9_fid *fid, const char *path)
{
	size_t old = fid->path ? strlen(fid->path) + 1 : 0, len = strlen(path) + 1;
	char *copy;

	if (s->path_bytes - old + len > P9_PATHS_MAX)
		return -ENFILE;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(fid->path);
	fid->path = copy;
	s->path_bytes += len - old;
	return 0;
}

int p9_fid_new(struct p9 *s, uint32_t number, const char *path, struct p9_fid **fid)
{
	struct p9_fid *f;
	int ret;

	if (number == P9_NO_FID || !p9_fid_find(s, number, &f))
		return -EBADF;
	if (s->counts.fids == P9_FIDS_MAX)
		return -ENFILE;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	ret = p9_fid_set_path(s, f, path);
	if (ret) {
		free(f);
		return ret;
	}
	f->number = number;
	f->fd = -1;
	f->next = *bucket(s, number);
	*bucket(s, number) = f;
	set_count(&s->counts.fids, s->counts.fids + 1);
	*fid = f;
	return 0;
}

int p9_fid_opened(struct p9 *s, struct p9_fid *fid, int fd)
{
	if (s->counts.files == P9_FILES_MAX) {
		close(fd);
		return -EMFILE;
	}
	fid->fd = fd;
	set_count(&s->counts.files, s->counts.files + 1);
	return 0;
}

void p9_fid_drop(struct p9 *s, struct p9_fid *fid)
{
	struct p9_fid **at = bucket(s, fid->number);

	while (*at != fid)
		at = &(*at)->next;
	*at = fid->next;
	if (fid->fd >= 0) {
		close(fid->fd);
		set_count(&s->counts.files, s->counts.files - 1);
	}
	s->path_bytes -= strlen(fid->path) + 1;
	free(fid->path);
	free(fid);
	set_count(&s->counts.fids, s->counts.fids - 1);
}

/* A path that has become too long stays, and leads nowhere any more. */
static void move(struct p9 *s, struct p9_fid *fid, const char *from, const char *to)
{
	size_t len = strlen(from);
	char path[PATH_MAX];

	if (strncmp(fid->path, from, len) != 0)
		return;
	if (!fid->path[len])
		p9_fid_set_path(s, fid, to);
	else if (fid->path[len] == '/' && !p9_join(path, to, fid->path + len + 1))
		p9_fid_set_path(s, fid, path);
}

void p9_fids_renamed(struct p9 *s, const char *from, const char *to)
{
	for (unsigned i = 0; i < P9_BUCKETS; i++)
		for (struct p9_fid *f = s->fids[i]; f; f = f->next)
			move(s, f, from, to);
}
