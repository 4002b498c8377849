// SPDX-License-Identifier: GPL-3.0-or-later
/* Names: making, moving and removing them, and links. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devices/9p/internal.h"

#define REMOVE_DIR 0x200u /* of Tunlinkat's flags: P9_DOTL_AT_REMOVEDIR */

static int open_dir(const struct p9 *s, const char *path)
{
	return p9_open(s, path, O_PATH | O_DIRECTORY);
}

/* The reply of those that make a name: what is there now. */
static int put_made(const struct p9 *s, struct p9_out *out, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	p9_put_qid(s, out, &st);
	return 0;
}

int p9_mkdir(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char name[NAME_MAX + 1];
	struct p9_fid *fid;
	uint32_t mode;
	int dir, ret = p9_fid_take(s, in, &fid);

	p9_take_name(in, name);
	mode = p9_take32(in);
	p9_take32(in); /* gid */
	if (ret || in->error)
		return ret ? ret : in->error;
	dir = open_dir(s, fid->path);
	if (dir < 0)
		return dir;
	ret = mkdirat(dir, name, mode & P9_MODE_BITS) < 0 ? -errno : put_made(s, out, dir, name);
	close(dir);
	return ret;
}

/* A device's node would be the host's device. */
static bool may_be_made(mode_t mode)
{
	return S_ISREG(mode) || S_ISFIFO(mode) || S_ISSOCK(mode);
}

int p9_mknod(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char name[NAME_MAX + 1];
	struct p9_fid *fid;
	uint32_t mode;
	int dir, ret = p9_fid_take(s, in, &fid);

	p9_take_name(in, name);
	mode = p9_take32(in);
	p9_take32(in); /* major */
	p9_take32(in); /* minor */
	p9_take32(in); /* gid */
	if (ret || in->error)
		return ret ? ret : in->error;
	if (!may_be_made(mode))
		return -EPERM;
	dir = open_dir(s, fid->path);
	if (dir < 0)
		return dir;
	ret = mknodat(dir, name, mode & (S_IFMT | P9_MODE_BITS), 0) < 0
		      ? -errno
		      : put_made(s, out, dir, name);
	close(dir);
	return ret;
}

int p9_symlink(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char name[NAME_MAX + 1], target[PATH_MAX];
	struct p9_fid *fid;
	int dir, ret = p9_fid_take(s, in, &fid);

	p9_take_name(in, name);
	p9_take_string(in, target, sizeof(target));
	p9_take32(in); /* gid */
	if (ret || in->error)
		return ret ? ret : in->error;
	dir = open_dir(s, fid->path);
	if (dir < 0)
		return dir;
	ret = symlinkat(target, dir, name) < 0 ? -errno : put_made(s, out, dir, name);
	close(dir);
	return ret;
}

int p9_readlink(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char target[PATH_MAX];
	struct p9_fid *fid;
	int fd, ret = p9_fid_take(s, in, &fid);
	ssize_t n;

	if (ret)
		return ret;
	fd = p9_open(s, fid->path, O_PATH);
	if (fd < 0)
		return fd;
	/* The link that the descriptor is. */
	n = readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0) {
		/* What is no link is ENOENT there. */
		ret = errno == ENOENT ? -EINVAL : -errno;
	} else {
		target[n] = '\0';
		p9_put_string(out, target);
	}
	close(fd);
	return ret;
}

int p9_link(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char name[NAME_MAX + 1];
	struct p9_fid *to, *fid;
	const char *old;
	int dir, from, ret = p9_fid_take(s, in, &to);

	(void)out;
	if (!ret)
		ret = p9_fid_take(s, in, &fid);
	p9_take_name(in, name);
	if (ret || in->error)
		return ret ? ret : in->error;
	dir = open_dir(s, to->path);
	if (dir < 0)
		return dir;
	from = p9_open_parent(s, fid->path, &old);
	if (from < 0)
		ret = from;
	else if (linkat(from, old, dir, name, 0) < 0)
		ret = -errno;
	if (from >= 0)
		close(from);
	close(dir);
	return ret;
}

/* ---- moving ---- */

static int move(struct p9 *s, const char *from_dir, const char *old, const char *to_dir,
		const char *name)
{
	char from_path[PATH_MAX], to_path[PATH_MAX];
	int from, to, ret = p9_join(from_path, from_dir, old);

	if (!ret)
		ret = p9_join(to_path, to_dir, name);
	if (ret)
		return ret;
	from = open_dir(s, from_dir);
	if (from < 0)
		return from;
	to = open_dir(s, to_dir);
	if (to < 0)
		ret = to;
	else if (renameat(from, old, to, name) < 0)
		ret = -errno;
	if (to >= 0)
		close(to);
	close(from);
	if (!ret)
		p9_fids_renamed(s, from_path, to_path);
	return ret;
}

int p9_renameat(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char old[NAME_MAX + 1], name[NAME_MAX + 1];
	struct p9_fid *from, *to;
	int ret = p9_fid_take(s, in, &from);

	(void)out;
	p9_take_name(in, old);
	if (!ret)
		ret = p9_fid_take(s, in, &to);
	p9_take_name(in, name);
	if (ret || in->error)
		return ret ? ret : in->error;
	return move(s, from->path, old, to->path, name);
}

/* "DIR/NAME" in two; -EBUSY for the shared directory itself. */
static int split(const char *path, char dir[PATH_MAX], const char **name)
{
	const char *slash = strrchr(path, '/');

	if (!*path)
		return -EBUSY;
	*name = slash ? slash + 1 : path;
	snprintf(dir, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 0, path);
	return 0;
}

int p9_rename(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char name[NAME_MAX + 1], old[NAME_MAX + 1], dir[PATH_MAX];
	struct p9_fid *fid, *to;
	const char *last;
	int ret = p9_fid_take(s, in, &fid);

	(void)out;
	if (!ret)
		ret = p9_fid_take(s, in, &to);
	p9_take_name(in, name);
	if (ret || in->error)
		return ret ? ret : in->error;
	ret = split(fid->path, dir, &last);
	if (ret)
		return ret;
	/* The fid's path is another one afterwards. */
	snprintf(old, sizeof(old), "%s", last);
	return move(s, dir, old, to->path, name);
}

/* ---- removing ---- */

int p9_unlinkat(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char name[NAME_MAX + 1];
	struct p9_fid *fid;
	uint32_t flags;
	int dir, ret = p9_fid_take(s, in, &fid);

	(void)out;
	p9_take_name(in, name);
	flags = p9_take32(in);
	if (ret || in->error)
		return ret ? ret : in->error;
	dir = open_dir(s, fid->path);
	if (dir < 0)
		return dir;
	ret = unlinkat(dir, name, flags & REMOVE_DIR ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
	close(dir);
	return ret;
}

static int remove_path(const struct p9 *s, const char *path)
{
	const char *name;
	struct stat st;
	int dir, ret;

	if (s->readonly)
		return -EROFS;
	if (!*path)
		return -EBUSY;
	dir = p9_open_parent(s, path, &name);
	if (dir < 0)
		return dir;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    unlinkat(dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
		ret = -errno;
	else
		ret = 0;
	close(dir);
	return ret;
}

/* remove(5): the fid is gone, whatever becomes of the file. */
int p9_remove(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	int ret = p9_fid_take(s, in, &fid);

	(void)out;
	if (ret)
		return ret;
	ret = remove_path(s, fid->path);
	p9_fid_drop(s, fid);
	return ret;
}
