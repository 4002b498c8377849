// SPDX-License-Identifier: GPL-3.0-or-later
/* See chardev_fixture.h. */
#include "tests/unit-io/chardev_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct loop *loop;
struct endpoint *ep;
struct user user;
struct error err;
char dir[] = "/tmp/vitrine-chardev-XXXXXX";
char path[128], spec[160];

void setup(void)
{
	cr_assert_eq(loop_create(&loop), 0);
	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(spec, sizeof(spec), "unix:%s", path);
	user = (struct user){ .loop = loop, .room = SIZE_MAX };
}

void teardown(void)
{
	chardev_close(user.cd);
	endpoint_close(ep);
	unlink(path);
	rmdir(dir);
	loop_destroy(loop);
}

int open_dev(const char *dev)
{
	return endpoint_open(&ep, loop, dev, user_accept, &user, &err);
}

int unix_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.100s", path);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

int unix_client(void)
{
	int fd = unix_connect();

	cr_assert_geq(fd, 0);
	user.want_client = true;
	cr_assert(run_loop(loop));
	cr_assert_not_null(user.cd);
	return fd;
}
