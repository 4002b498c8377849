// SPDX-License-Identifier: GPL-3.0-or-later
/* Opening, reading, writing, locks. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "devices/9p/internal.h"

/* The protocol's flags are numbers of Linux's on x86, whatever the host's are (P9_DOTL_…). */
static const struct {
	uint32_t theirs;
	int ours;
} open_flags[] = {
	{ 01, O_WRONLY },    { 02, O_RDWR },	  { 0200, O_EXCL },	    { 01000, O_TRUNC },
	{ 02000, O_APPEND }, { 010000, O_DSYNC }, { 0200000, O_DIRECTORY }, { 04000000, O_SYNC },
};

static int to_flags(uint32_t theirs)
{
	int ours = 0;

	for (size_t i = 0; i < sizeof(open_flags) / sizeof(open_flags[0]); i++)
		if (theirs & open_flags[i].theirs)
			ours |= open_flags[i].ours;
	return ours;
}

/* To Tlopen and Tlcreate. The unit of reading and writing is what a message holds. */
static int put_open(const struct p9 *s, struct p9_out *out, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	p9_put_qid(s, out, &st);
	p9_put32(out, 0);
	return 0;
}

int p9_lopen(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	int fd, ret = p9_fid_take(s, in, &fid);
	int flags = to_flags(p9_take32(in)) & ~O_EXCL;

	if (ret || in->error)
		return ret ? ret : in->error;
	if (fid->fd >= 0)
		return -EBUSY;
	if (s->readonly && (flags & (O_ACCMODE | O_TRUNC)))
		return -EROFS;
	fd = p9_open_file(s, fid->path, flags);
	if (fd < 0)
		return fd;
	ret = put_open(s, out, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	return p9_fid_opened(s, fid, fd);
}

/* One that is there already is opened as Tlopen would, unless it has to be new. */
static int create(const struct p9 *s, const char *dir, const char *name, const char *path,
		  int flags, mode_t mode)
{
	int fd, error, parent = p9_open(s, dir, O_PATH | O_DIRECTORY);

	if (parent < 0)
		return parent;
	fd = openat(parent, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
		    mode);
	error = errno;
	close(parent);
	if (fd >= 0)
		return fd;
	return error == EEXIST && !(flags & O_EXCL) ? p9_open_file(s, path, flags) : -error;
}

/* The fid of the directory becomes that of the new file. */
int p9_lcreate(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct p9_fid *fid;
	uint32_t flags, mode;
	int fd, ret = p9_fid_take(s, in, &fid);

	p9_take_name(in, name);
	flags = p9_take32(in);
	mode = p9_take32(in);
	p9_take32(in); /* gid */
	if (ret || in->error)
		return ret ? ret : in->error;
	if (fid->fd >= 0)
		return -EBUSY;
	if (s->counts.files == P9_FILES_MAX)
		return -EMFILE;
	ret = p9_join(path, fid->path, name);
	if (ret)
		return ret;
	fd = create(s, fid->path, name, path, to_flags(flags) & ~O_DIRECTORY, mode & P9_MODE_BITS);
	if (fd < 0)
		return fd;
	ret = put_open(s, out, fd);
	if (!ret)
		ret = p9_fid_set_path(s, fid, path);
	if (ret) {
		close(fd);
		return ret;
	}
	return p9_fid_opened(s, fid, fd);
}

int p9_read(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	int ret = p9_fid_take(s, in, &fid);
	uint64_t off = p9_take64(in);
	size_t count = p9_take32(in), at = out->len;
	struct p9_out size = *out;
	ssize_t n;

	if (ret || in->error)
		return ret ? ret : in->error;
	if (fid->fd < 0)
		return -EBADF;
	p9_put32(out, 0);
	if (out->full || off > INT64_MAX)
		return -EINVAL;
	if (count > out->room - out->len)
		count = out->room - out->len;
	n = pread(fid->fd, out->p + out->len, count, (off_t)off);
	if (n < 0)
		return -errno;
	out->len += (size_t)n;
	size.len = at;
	p9_put32(&size, (uint32_t)n);
	p9_count(&s->counts.bytes_read, (uint64_t)n);
	return 0;
}

int p9_write(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	int ret = p9_fid_take(s, in, &fid);
	uint64_t off = p9_take64(in);
	uint32_t count = p9_take32(in);
	ssize_t n;

	if (ret || in->error)
		return ret ? ret : in->error;
	if (count > in->left)
		return -EBADMSG;
	if (fid->fd < 0)
		return -EBADF;
	if (off > INT64_MAX)
		return -EFBIG;
	n = pwrite(fid->fd, in->p, count, (off_t)off);
	if (n < 0)
		return -errno;
	p9_put32(out, (uint32_t)n);
	p9_count(&s->counts.bytes_written, (uint64_t)n);
	return 0;
}

int p9_fsync(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	int ret = p9_fid_take(s, in, &fid);
	uint32_t data_only = p9_take32(in);

	(void)out;
	if (ret || in->error)
		return ret ? ret : in->error;
	if (fid->fd < 0)
		return -EBADF;
	return (data_only ? fdatasync(fid->fd) : fsync(fid->fd)) < 0 ? -errno : 0;
}

/*
 * Locks. A client asks when it has the lock among its own processes already, and it is the only
 * client: what it asks for is granted, and nobody else is in its way.
 */
enum { LOCK_SUCCESS = 0, LOCK_UNLOCK = 2 };

int p9_lock(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char client[NAME_MAX + 1];
	struct p9_fid *fid;
	int ret = p9_fid_take(s, in, &fid);

	p9_take8(in);  /* type */
	p9_take32(in); /* flags */
	p9_take64(in); /* start */
	p9_take64(in); /* length */
	p9_take32(in); /* process */
	p9_take_string(in, client, sizeof(client));
	if (ret || in->error)
		return ret ? ret : in->error;
	if (fid->fd < 0)
		return -EBADF;
	p9_put8(out, LOCK_SUCCESS);
	return 0;
}

int p9_getlock(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	char client[NAME_MAX + 1];
	struct p9_fid *fid;
	int ret = p9_fid_take(s, in, &fid);
	uint64_t start, length;
	uint32_t process;

	p9_take8(in); /* type */
	start = p9_take64(in);
	length = p9_take64(in);
	process = p9_take32(in);
	p9_take_string(in, client, sizeof(client));
	if (ret || in->error)
		return ret ? ret : in->error;
	if (fid->fd < 0)
		return -EBADF;
	p9_put8(out, LOCK_UNLOCK);
	p9_put64(out, start);
	p9_put64(out, length);
	p9_put32(out, process);
	p9_put_string(out, client);
	return 0;
}
