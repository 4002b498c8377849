// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * getfd and closefd: descriptors that a client sends over its UNIX socket and gives a name. They
 * are the client's: closed when it leaves, and not seen by others.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/qmp_internal.h"

/* A client may keep this many, so that it cannot use up the program's. */
#define FDS_MAX 64

struct qmp_fd {
	struct qmp_fd *next;
	int fd;
	char name[];
};

static struct qmp_fd **find(struct qmp_client *c, const char *name, unsigned *count)
{
	struct qmp_fd **p;

	*count = 0;
	for (p = &c->fds; *p && strcmp((*p)->name, name); p = &(*p)->next)
		(*count)++;
	return p;
}

static void drop(struct qmp_fd **p)
{
	struct qmp_fd *entry = *p;

	*p = entry->next;
	close(entry->fd);
	free(entry);
}

void qmp_run_getfd(struct qmp_call *call)
{
	const char *name = json_object_get_string(call->arg[0]);
	struct qmp_client *c = call->client;
	struct qmp_fd **p, *entry;
	unsigned count;
	int fd = c->cd ? chardev_take_fd(c->cd) : -1;

	if (fd < 0) {
		qmp_fail(call, "no descriptor came with the request (SCM_RIGHTS on a UNIX socket)");
		return;
	}
	p = find(c, name, &count);
	entry = malloc(sizeof(*entry) + strlen(name) + 1);
	if (!*name || (name[0] >= '0' && name[0] <= '9')) {
		qmp_fail(call, "a descriptor's name does not begin with a digit");
	} else if (!*p && count >= FDS_MAX) {
		qmp_fail(call, "a client may keep %u descriptors", FDS_MAX);
	} else if (!entry) {
		qmp_fail(call, "out of memory");
	} else {
		/* The same name again: the new one takes its place. */
		if (*p)
			drop(p);
		entry->fd = fd;
		memcpy(entry->name, name, strlen(name) + 1);
		entry->next = c->fds;
		c->fds = entry;
		return;
	}
	free(entry);
	close(fd);
}

void qmp_run_closefd(struct qmp_call *call)
{
	const char *name = json_object_get_string(call->arg[0]);
	unsigned count;
	struct qmp_fd **p = find(call->client, name, &count);

	if (*p)
		drop(p);
	else
		qmp_fail(call, "there is no descriptor of the name %.80s", name);
}

void qmp_fds_close(struct qmp_client *c)
{
	while (c->fds)
		drop(&c->fds);
}
