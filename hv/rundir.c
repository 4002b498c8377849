// SPDX-License-Identifier: GPL-3.0-or-later
/* The user's own run-time directory: see rundir.h. Places: XDG Base Directory Specification. */
#include "hv/rundir.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(const char *path, struct error *err)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_set(err, -errno, "cannot make the directory %s: %s", path,
				 strerror(errno));
	/* Not followed: in /tmp anybody can put a link of this name. */
	if (lstat(path, &st) < 0)
		return error_set(err, -errno, "cannot use the directory %s: %s", path,
				 strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return error_set(
			err, -EPERM,
			"%s is not a directory of your own with mode 0700: remove it, or set "
			"XDG_RUNTIME_DIR",
			path);
	return 0;
}

static int try_parent(char *path, size_t size, const char *parent, struct error *err)
{
	int n = snprintf(path, size, "%s/vitrine", parent);

	if (n < 0 || (size_t)n >= size)
		return error_set(err, -ENAMETOOLONG,
				 "the path of the run-time directory is too long");
	return make(path, err);
}

/* `sudo -E` keeps the variable of the user who typed it. */
static bool is_own_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

int rundir_get(char *path, size_t size, struct error *err)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char user[PATH_MAX];
	int n;

	if (xdg && xdg[0] == '/' && is_own_directory(xdg))
		return try_parent(path, size, xdg, err);
	snprintf(user, sizeof(user), "/run/user/%u", (unsigned)geteuid());
	if (access(user, W_OK | X_OK) == 0)
		return try_parent(path, size, user, err);
	if (geteuid() == 0 && access("/run", W_OK | X_OK) == 0)
		return try_parent(path, size, "/run", err);
	n = snprintf(path, size, "/tmp/vitrine-%u", (unsigned)geteuid());
	if (n < 0 || (size_t)n >= size)
		return error_set(err, -ENAMETOOLONG,
				 "the path of the run-time directory is too long");
	return make(path, err);
}
