// SPDX-License-Identifier: GPL-3.0-or-later
/* UNIX sockets that are the user's own: see socket_file.h. */
#include "hv/socket_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool socket_client_allowed(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	return cred.uid == geteuid() || cred.uid == 0;
}

void socket_file_remove(struct socket_file *f)
{
	struct stat st;

	if (f->path && !lstat(f->path, &st) && S_ISSOCK(st.st_mode) && st.st_dev == f->dev &&
	    st.st_ino == f->ino)
		unlink(f->path);
	free(f->path);
	f->path = NULL;
}

/* Something is at the address: a socket that nobody listens on is removed. */
static int replace_stale(const struct sockaddr_un *addr, struct error *err)
{
	const char *path = addr->sun_path;
	struct stat st;
	int fd, ret;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : error_set(err, -errno, "cannot use %s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, -EEXIST, "%s exists and is no socket: choose another path",
				 path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	ret = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? -errno : 0;
	close(fd);
	if (ret != -ECONNREFUSED)
		return error_set(err, -EADDRINUSE,
				 "%s is in use by another program: choose another path, or another "
				 "-name",
				 path);
	if (unlink(path) < 0)
		return error_set(err, -errno, "cannot replace the old socket %s: %s", path,
				 strerror(errno));
	return 0;
}

static int bind_private(int fd, const struct sockaddr_un *addr, struct error *err)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;
	int ret;

	/* Linux gives the file the mode of the socket (unix(7), net/unix/af_unix.c unix_bind_bsd).
	 */
	if (fchmod(fd, 0600) < 0)
		return error_set(err, -errno, "cannot make %s private: %s", addr->sun_path,
				 strerror(errno));
	if (!bind(fd, sa, sizeof(*addr)))
		return 0;
	if (errno == EADDRINUSE) {
		ret = replace_stale(addr, err);
		if (ret < 0)
			return ret;
		if (!bind(fd, sa, sizeof(*addr)))
			return 0;
	}
	return error_set(err, -errno, "cannot make the socket %s: %s", addr->sun_path,
			 strerror(errno));
}

/* Which file it is. */
static int remember(struct socket_file *f, const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return error_set(err, -errno, "cannot see the socket %s: %s", path,
				 strerror(errno));
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->path = strdup(path);
	if (f->path)
		return 0;
	unlink(path);
	return error_set(err, -ENOMEM, "cannot make the socket %s: out of memory", path);
}

int socket_file_bind(struct socket_file *f, const char *path, struct error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		return error_set(err, -ENAMETOOLONG,
				 "the path of a UNIX socket has at most %zu bytes, %s has %zu",
				 sizeof(addr.sun_path) - 1, path, strlen(path));
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	ret = bind_private(fd, &addr, err);
	if (!ret)
		ret = remember(f, path, err);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}
