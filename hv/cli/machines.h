/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machines of this user that run: each has a socket of its monitor in the run-time directory.
 */
#ifndef HV_CLI_MACHINES_H
#define HV_CLI_MACHINES_H

#include <stddef.h>
#include <sys/types.h>

#include "hv/error.h"

#define MACHINES_MAX 256

struct machine_entry {
	char *name;
	pid_t pid; /* 0: not known */
};

struct machine_list {
	struct machine_entry entry[MACHINES_MAX]; /* by name */
	size_t count;
};

/* "RUNDIR/NAME.mon"; makes the directory. -ENAMETOOLONG and the like with a sentence. */
int machines_socket(const char *name, char *path, size_t size, struct error *err);
/* Those that answer; sockets that were left behind are passed over. */
int machines_find(struct machine_list *list, struct error *err);
void machines_free(struct machine_list *list);

#endif
