// SPDX-License-Identifier: GPL-3.0-or-later
/* Runs real_gdb.py in a real gdb. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(gdb_real, .timeout = 300);

static bool have_gdb(void)
{
	const char *dirs[] = { "/usr/bin/gdb", "/usr/local/bin/gdb" };

	return !access(dirs[0], X_OK) || !access(dirs[1], X_OK);
}

Test(gdb_real, session)
{
	char out[16384] = "";
	size_t len = 0;
	ssize_t n;
	int fds[2], status;
	pid_t pid;

	if (!have_gdb())
		cr_skip_test("skipped: gdb is not installed (make deps)");
	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		execlp("gdb", "gdb", "-nx", "-batch", "-ex", "py STUB = '" FAKE_STUB "'", "-x",
		       "tests/unit-gdb/real_gdb.py", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	while (len < sizeof(out) - 1 && (n = read(fds[0], out + len, sizeof(out) - 1 - len)) > 0)
		len += (size_t)n;
	close(fds[0]);
	waitpid(pid, &status, 0);
	cr_assert(strstr(out, "all good"), "gdb said:\n%s", out);
}
