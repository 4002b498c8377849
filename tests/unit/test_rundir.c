// SPDX-License-Identifier: GPL-3.0-or-later
/* The run-time directory: private, the user's own, and no trap of somebody else's. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/rundir.h"

static char base[] = "/tmp/vitrine-rundir-XXXXXX";
static char own[64], path[256];
static struct error err;

static void setup(void)
{
	cr_assert(mkdtemp(base));
	snprintf(own, sizeof(own), "%s/vitrine", base);
	setenv("XDG_RUNTIME_DIR", base, 1);
}

static void teardown(void)
{
	unlink(own);
	rmdir(own);
	rmdir(base);
}

TestSuite(rundir, .init = setup, .fini = teardown, .timeout = 120);

Test(rundir, is_made_private_whatever_the_umask)
{
	struct stat st;

	umask(0);
	cr_assert_eq(rundir_get(path, sizeof(path), &err), 0, "%s", err.text);
	cr_assert_str_eq(path, own);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	/* And is used again. */
	cr_assert_eq(rundir_get(path, sizeof(path), &err), 0, "%s", err.text);
}

Test(rundir, link_is_refused)
{
	cr_assert_eq(symlink("/tmp", own), 0);
	cr_assert_eq(rundir_get(path, sizeof(path), &err), -EPERM);
	cr_assert(strstr(err.text, own));
}

Test(rundir, file_is_refused)
{
	close(open(own, O_CREAT | O_WRONLY, 0600));
	cr_assert_neq(rundir_get(path, sizeof(path), &err), 0);
	cr_assert(strstr(err.text, own));
}

Test(rundir, one_that_others_may_enter_is_refused)
{
	cr_assert_eq(mkdir(own, 0700), 0);
	cr_assert_eq(chmod(own, 0755), 0);
	cr_assert_eq(rundir_get(path, sizeof(path), &err), -EPERM);
}

Test(rundir, one_of_another_user_is_refused)
{
	if (geteuid())
		cr_skip_test("needs root to give a directory away");
	cr_assert_eq(mkdir(own, 0700), 0);
	cr_assert_eq(chown(own, 65534, 65534), 0);
	cr_assert_eq(rundir_get(path, sizeof(path), &err), -EPERM);
}

/* `sudo -E` keeps the variable: root's sockets do not belong into the other user's directory. */
Test(rundir, base_of_another_user_is_not_used)
{
	if (geteuid())
		cr_skip_test("needs root to give a directory away");
	cr_assert_eq(chown(base, 65534, 65534), 0);
	cr_assert_eq(rundir_get(path, sizeof(path), &err), 0, "%s", err.text);
	cr_assert_str_neq(path, own);
}

Test(rundir, short_buffer_is_an_error)
{
	cr_assert_eq(rundir_get(path, 10, &err), -ENAMETOOLONG);
}
