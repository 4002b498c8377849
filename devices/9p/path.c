// SPDX-License-Identifier: GPL-3.0-or-later
/* Paths of the client, and the files of the host that they lead to: see internal.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "devices/9p/internal.h"

/* intro(5), stat(5): the kinds of a qid. */
#define QID_DIR	    0x80
#define QID_SYMLINK 0x02

int p9_join(char *to, const char *dir, const char *name)
{
	int len = snprintf(to, PATH_MAX, "%s%s%s", dir, *dir && *name ? "/" : "", name);

	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* There is no wrapper in glibc. With O_PATH a link at the end is opened itself, else it is -ELOOP.
 */
static int open_below(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int p9_open(const struct p9 *s, const char *path, int flags)
{
	return open_below(s->root, path, flags);
}

int p9_open_parent(const struct p9 *s, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = "";

	*name = slash ? slash + 1 : *path ? path : ".";
	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	return p9_open(s, dir, O_PATH | O_DIRECTORY);
}

/* Opening a device can already do something, so it is looked at before. Who exchanges it meanwhile
 * is on the host; then it is not waited for, and closed again. */
int p9_open_file(const struct p9 *s, const char *path, int flags)
{
	struct stat st;
	int fd, ret = p9_stat(s, path, &st);

	if (ret)
		return ret;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return S_ISLNK(st.st_mode) ? -ELOOP : -EPERM;
	fd = p9_open(s, path, flags | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return fd;
	close(fd);
	return -EPERM;
}

int p9_borrow(const struct p9 *s, const struct p9_fid *fid)
{
	return fid->fd >= 0 ? fid->fd : p9_open(s, fid->path, O_PATH);
}

void p9_give_back(const struct p9_fid *fid, int fd)
{
	if (fd != fid->fd)
		close(fd);
}

int p9_stat(const struct p9 *s, const char *path, struct stat *st)
{
	int ret, fd = p9_open(s, path, O_PATH);

	if (fd < 0)
		return fd;
	ret = fstat(fd, st) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

void p9_put_qid(const struct p9 *s, struct p9_out *out, const struct stat *st)
{
	uint64_t other = (uint64_t)(st->st_dev ^ s->root_dev);

	p9_put8(out, S_ISDIR(st->st_mode) ? QID_DIR : S_ISLNK(st->st_mode) ? QID_SYMLINK : 0);
	/* Changes when the file does. */
	p9_put32(out, (uint32_t)(st->st_mtim.tv_sec ^ st->st_mtim.tv_nsec ^ st->st_size << 8));
	/* Unique also where another file system is mounted. */
	p9_put64(out, st->st_ino ^ other * 0x9e3779b97f4a7c15ull);
}
