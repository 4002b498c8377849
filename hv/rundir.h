/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's own run-time directory: sockets, and what is known about this boot of the host. */
#ifndef HV_RUNDIR_H
#define HV_RUNDIR_H

#include <stddef.h>

#include "hv/error.h"

/*
 * Makes the directory if it is not there (mode 0700) and writes its path: in $XDG_RUNTIME_DIR, in
 * /run/user/UID, in /run for root, or in /tmp. One that belongs to somebody else or that others
 * may enter is refused. -ENAMETOOLONG, or negative errno with a sentence.
 */
int rundir_get(char *path, size_t size, struct error *err);

#endif
