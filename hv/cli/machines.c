// SPDX-License-Identifier: GPL-3.0-or-later
/* The machines that run: see machines.h. */
#include "hv/cli/machines.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hv/rundir.h"

static const char suffix[] = ".mon";

int machines_socket(const char *name, char *path, size_t size, struct error *err)
{
	char dir[PATH_MAX];
	int ret, n;

	ret = rundir_get(dir, sizeof(dir), err);
	if (ret < 0)
		return ret;
	n = snprintf(path, size, "%s/%s%s", dir, name, suffix);
	if (n < 0 || (size_t)n >= size)
		return error_set(err, -ENAMETOOLONG,
				 "the path of the run-time directory is too long");
	return 0;
}

/* Whether somebody listens at @path, and who (unix(7): SO_PEERCRED is of who called listen()). */
static bool answers(const char *path, pid_t *pid)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	bool ok = false;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return false;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	/* A queue of clients that is full says that one is there, too. */
	ok = !connect(fd, (struct sockaddr *)&addr, sizeof(addr)) || errno == EAGAIN;
	if (ok && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		*pid = cred.pid;
	close(fd);
	return ok;
}

static int add(struct machine_list *list, const char *dir, const char *file, struct error *err)
{
	size_t len = strlen(file), cut = sizeof(suffix) - 1;
	struct machine_entry *e = &list->entry[list->count];
	char path[PATH_MAX + NAME_MAX + 2];

	if (len <= cut || strcmp(file + len - cut, suffix) != 0 || list->count == MACHINES_MAX)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	e->pid = 0;
	if (!answers(path, &e->pid))
		return 0;
	e->name = strndup(file, len - cut);
	if (!e->name)
		return error_set(err, -ENOMEM, "out of memory");
	list->count++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct machine_entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int machines_find(struct machine_list *list, struct error *err)
{
	struct dirent *file;
	char dir[PATH_MAX];
	int ret;
	DIR *d;

	list->count = 0;
	ret = rundir_get(dir, sizeof(dir), err);
	if (ret < 0)
		return ret;
	d = opendir(dir);
	if (!d)
		return error_set(err, -errno, "cannot read %s: %s", dir, strerror(errno));
	while (!ret && (file = readdir(d)))
		ret = add(list, dir, file->d_name, err);
	closedir(d);
	if (ret < 0)
		machines_free(list);
	qsort(list->entry, list->count, sizeof(list->entry[0]), by_name);
	return ret;
}

void machines_free(struct machine_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->entry[i].name);
	list->count = 0;
}
