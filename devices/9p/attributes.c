// SPDX-License-Identifier: GPL-3.0-or-later
/* What a file is: its attributes, and the room of its file system. */
#include <errno.h>
#include <fcntl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "devices/9p/internal.h"

#define GETATTR_BASIC 0x7ffu	  /* all that stat() has */
#define V9FS_MAGIC    0x01021997u /* what statfs() of a mounted one says */

/* Bits of Tsetattr's valid. */
enum {
	SET_MODE = 1 << 0,
	SET_UID = 1 << 1,
	SET_GID = 1 << 2,
	SET_SIZE = 1 << 3,
	SET_ATIME = 1 << 4,
	SET_MTIME = 1 << 5,
	ATIME_GIVEN = 1 << 7, /* else: now */
	MTIME_GIVEN = 1 << 8,
};

static void put_time(struct p9_out *out, const struct timespec *t)
{
	p9_put64(out, (uint64_t)t->tv_sec);
	p9_put64(out, (uint64_t)t->tv_nsec);
}

static void put_attributes(const struct p9 *s, struct p9_out *out, const struct stat *st)
{
	p9_put64(out, GETATTR_BASIC);
	p9_put_qid(s, out, st);
	p9_put32(out, st->st_mode);
	p9_put32(out, st->st_uid);
	p9_put32(out, st->st_gid);
	p9_put64(out, st->st_nlink);
	p9_put64(out, st->st_rdev);
	p9_put64(out, (uint64_t)st->st_size);
	p9_put64(out, (uint64_t)st->st_blksize);
	p9_put64(out, (uint64_t)st->st_blocks);
	put_time(out, &st->st_atim);
	put_time(out, &st->st_mtim);
	put_time(out, &st->st_ctim);
	/* Birth, generation, data version: not told. */
	for (unsigned i = 0; i < 4; i++)
		p9_put64(out, 0);
}

int p9_getattr(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	struct stat st;
	int fd, ret = p9_fid_take(s, in, &fid);

	p9_take64(in); /* which ones: all of them in any case */
	if (ret || in->error)
		return ret ? ret : in->error;
	fd = p9_borrow(s, fid);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		ret = -errno;
	else
		put_attributes(s, out, &st);
	p9_give_back(fid, fd);
	return ret;
}

/* ---- setting ---- */

struct wish {
	uint32_t valid, mode, uid, gid;
	uint64_t size;
	struct timespec times[2]; /* access, modification: as for utimensat() */
};

static struct timespec take_time(struct p9_in *in, bool wanted, bool given)
{
	struct timespec t = { .tv_sec = (time_t)p9_take64(in) };

	t.tv_nsec = (long)p9_take64(in);
	/* utimensat() has numbers of its own above that. */
	if (given && (t.tv_nsec < 0 || t.tv_nsec > 999999999))
		t.tv_nsec = 0;
	if (!wanted)
		t.tv_nsec = UTIME_OMIT;
	else if (!given)
		t.tv_nsec = UTIME_NOW;
	return t;
}

static void take_wish(struct p9_in *in, struct wish *w)
{
	w->valid = p9_take32(in);
	w->mode = p9_take32(in);
	w->uid = p9_take32(in);
	w->gid = p9_take32(in);
	w->size = p9_take64(in);
	w->times[0] = take_time(in, w->valid & SET_ATIME, w->valid & ATIME_GIVEN);
	w->times[1] = take_time(in, w->valid & SET_MTIME, w->valid & MTIME_GIVEN);
}

static int set_size(const struct p9 *s, const struct p9_fid *fid, uint64_t size)
{
	int fd, ret = -EINVAL;

	if (size > INT64_MAX)
		return -EFBIG;
	if (fid->fd >= 0)
		ret = ftruncate(fid->fd, (off_t)size) < 0 ? -errno : 0;
	/* Not open, or not for that. */
	if (ret != -EINVAL && ret != -EBADF)
		return ret;
	fd = p9_open_file(s, fid->path, O_WRONLY);
	if (fd < 0)
		return fd;
	ret = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* There is no chown for who is not root: a file then stays whose it is. */
static int set_owner(int dir, const char *name, const struct wish *w)
{
	uid_t uid = w->valid & SET_UID ? w->uid : (uid_t)-1;
	gid_t gid = w->valid & SET_GID ? w->gid : (gid_t)-1;

	if (!fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) || errno == EPERM)
		return 0;
	return -errno;
}

static int set_mode(int dir, const char *name, const struct wish *w)
{
	/* A link has none. */
	if (!fchmodat(dir, name, w->mode & P9_MODE_BITS, AT_SYMLINK_NOFOLLOW) ||
	    errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

static int set_named(const struct p9 *s, const struct p9_fid *fid, const struct wish *w)
{
	const char *name;
	int ret = 0, dir = p9_open_parent(s, fid->path, &name);

	if (dir < 0)
		return dir;
	if (w->valid & (SET_UID | SET_GID))
		ret = set_owner(dir, name, w);
	if (!ret && (w->valid & SET_MODE))
		ret = set_mode(dir, name, w);
	if (!ret && (w->valid & (SET_ATIME | SET_MTIME)) &&
	    utimensat(dir, name, w->times, AT_SYMLINK_NOFOLLOW) < 0)
		ret = -errno;
	close(dir);
	return ret;
}

int p9_setattr(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	struct wish w;
	int ret = p9_fid_take(s, in, &fid);

	(void)out;
	take_wish(in, &w);
	if (ret || in->error)
		return ret ? ret : in->error;
	if (w.valid & SET_SIZE)
		ret = set_size(s, fid, w.size);
	/* Behind the size, which changes the time. */
	if (!ret && (w.valid & ~(uint32_t)SET_SIZE))
		ret = set_named(s, fid, &w);
	return ret;
}

int p9_statfs(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	struct statfs st;
	int fd, ret = p9_fid_take(s, in, &fid);

	if (ret)
		return ret;
	fd = p9_borrow(s, fid);
	if (fd < 0)
		return fd;
	ret = fstatfs(fd, &st) < 0 ? -errno : 0;
	p9_give_back(fid, fd);
	if (ret)
		return ret;
	p9_put32(out, V9FS_MAGIC);
	p9_put32(out, (uint32_t)st.f_bsize);
	p9_put64(out, st.f_blocks);
	p9_put64(out, st.f_bfree);
	p9_put64(out, st.f_bavail);
	p9_put64(out, st.f_files);
	p9_put64(out, st.f_ffree);
	p9_put64(out, (uint32_t)st.f_fsid.__val[0] | (uint64_t)(uint32_t)st.f_fsid.__val[1] << 32);
	p9_put32(out, NAME_MAX);
	return 0;
}
