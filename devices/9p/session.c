// SPDX-License-Identifier: GPL-3.0-or-later
/* Version, attach, walk, clunk, flush: how a client comes to its fids and gets rid of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "devices/9p/internal.h"

#define WALK_MAX    16 /* names in a walk: walk(5) */
#define MESSAGE_MIN 4096u

/* version(5): it begins a new session. */
int p9_version(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	static const char dialect[] = "9P2000.L";
	uint32_t max = p9_take32(in);
	char version[32];

	p9_take_string(in, version, sizeof(version));
	if (in->error)
		return in->error;
	if (max < MESSAGE_MIN)
		return -EINVAL;
	p9_reset(s);
	s->message_max = max < P9_MESSAGE_MAX ? max : P9_MESSAGE_MAX;
	p9_put32(out, s->message_max);
	p9_put_string(out, strcmp(version, dialect) ? "unknown" : dialect);
	return 0;
}

/* Who it says it is, is not asked: the files are those of who runs the program. */
int p9_attach(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	uint32_t number = p9_take32(in), auth = p9_take32(in);
	char user[NAME_MAX + 1], tree[PATH_MAX];
	struct p9_fid *fid;
	struct stat st;
	int ret;

	p9_take_string(in, user, sizeof(user));
	p9_take_string(in, tree, sizeof(tree));
	p9_take32(in); /* n_uname */
	if (in->error)
		return in->error;
	if (auth != P9_NO_FID)
		return -EOPNOTSUPP;
	if (*tree && strcmp(tree, "/") != 0)
		return -ENOENT;
	ret = p9_stat(s, "", &st);
	if (!ret)
		ret = p9_fid_new(s, number, "", &fid);
	if (!ret)
		p9_put_qid(s, out, &st);
	return ret;
}

/* One step of a walk; ".." of the shared directory is itself (walk(5)). */
static int step(const struct p9 *s, char path[PATH_MAX], const char *name, struct stat *st)
{
	char to[PATH_MAX];
	char *slash;
	int ret = 0;

	if (!strcmp(name, "..")) {
		snprintf(to, sizeof(to), "%s", path);
		slash = strrchr(to, '/');
		*(slash ? slash : to) = '\0';
	} else if (!*name || strchr(name, '/') || !strcmp(name, ".")) {
		ret = -ENOENT;
	} else {
		ret = p9_join(to, path, name);
	}
	if (!ret)
		ret = p9_stat(s, to, st);
	if (!ret)
		snprintf(path, PATH_MAX, "%s", to);
	return ret;
}

/* As many steps as succeed, at least one: 0 then, and @done of them. */
static int walk(const struct p9 *s, struct p9_in *in, struct p9_out *out, char path[PATH_MAX],
		unsigned count, unsigned *done)
{
	char name[NAME_MAX + 1];
	struct stat st;

	for (*done = 0; *done < count; ++*done) {
		int ret;

		p9_take_string(in, name, sizeof(name));
		ret = in->error ? in->error : step(s, path, name, &st);
		if (ret)
			return *done && !in->error ? 0 : ret;
		p9_put_qid(s, out, &st);
	}
	return 0;
}

int p9_walk(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid, *other;
	char path[PATH_MAX];
	uint32_t new_number;
	unsigned count, done;
	size_t count_at;
	int ret = p9_fid_take(s, in, &fid);

	new_number = p9_take32(in);
	count = p9_take16(in);
	if (ret || in->error)
		return ret ? ret : in->error;
	if (count > WALK_MAX)
		return -EINVAL;
	if (fid->fd >= 0 && count)
		return -EBUSY;
	if (new_number != fid->number && !p9_fid_find(s, new_number, &other))
		return -EBADF;
	snprintf(path, sizeof(path), "%s", fid->path);
	count_at = out->len;
	p9_put16(out, 0);
	ret = walk(s, in, out, path, count, &done);
	if (ret || out->full)
		return ret;
	out->p[count_at] = (uint8_t)done;
	/* walk(5): the new fid is there only when all of it was. */
	if (done < count)
		return 0;
	return new_number == fid->number ? p9_fid_set_path(s, fid, path)
					 : p9_fid_new(s, new_number, path, &other);
}

int p9_clunk(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	int ret = p9_fid_take(s, in, &fid);

	(void)out;
	if (!ret)
		p9_fid_drop(s, fid);
	return ret;
}

/* Requests are done one after the other, so what it is about was answered before. */
int p9_flush(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	(void)s;
	(void)out;
	p9_take16(in);
	return in->error;
}
