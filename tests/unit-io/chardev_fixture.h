/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A loop, a DEV that is opened on it and who uses it: what each test of a chardev begins with. */
#ifndef TESTS_UNIT_IO_CHARDEV_FIXTURE_H
#define TESTS_UNIT_IO_CHARDEV_FIXTURE_H

#include "tests/unit-io/chardev_help.h"

extern struct loop *loop;
extern struct endpoint *ep;
extern struct user user;
extern struct error err;
/* A directory, a place in it for a socket or file, and the DEV "unix:" with it. */
extern char dir[];
extern char path[128], spec[160];

void setup(void);
void teardown(void);

int open_dev(const char *dev);
/* A client of @spec: its descriptor or -errno. */
int unix_connect(void);
/* One that is accepted. */
int unix_client(void);

#endif
