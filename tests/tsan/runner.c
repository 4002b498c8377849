// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Runs tests that were compiled against the small criterion.h beside it: a
 * process for each, with a time limit, and a report of ThreadSanitizer counts
 * as a failure (its exit status is 66). Output is in the form of Criterion's
 * summary, so that the test driver reads one format.
 */
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criterion/criterion.h"

#define EXIT_SKIPPED 77

static struct tsan_test *tests;
static struct tsan_suite *suites;

void tsan_register(struct tsan_test *test)
{
	struct tsan_test **link = &tests;

	while (*link)
		link = &(*link)->next;
	*link = test;
}

void tsan_register_suite(struct tsan_suite *suite)
{
	suite->next = suites;
	suites = suite;
}

static struct tsan_test_options options_of(const struct tsan_test *t)
{
	struct tsan_test_options o = t->options;
	const struct tsan_suite *s = suites;

	while (s && strcmp(s->name, t->suite))
		s = s->next;
	if (s && !o.init)
		o.init = s->options.init;
	if (s && !o.fini)
		o.fini = s->options.fini;
	return o;
}

void tsan_fail(const char *file, int line, const char *expr, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: not so: %s", file, line, expr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(1);
}

void tsan_skip(void)
{
	_exit(EXIT_SKIPPED);
}

static int run_one(const struct tsan_test *t)
{
	const struct tsan_test_options o = options_of(t);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* Timing assertions stretch under the sanitizer: only hangs are to be caught. */
		alarm(600);
		if (o.init)
			o.init();
		t->fn();
		if (o.fini)
			o.fini();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
	unsigned tested = 0, failed = 0, skipped = 0;

	for (struct tsan_test *t = tests; t; t = t->next) {
		int status;

		if (only && !strstr(t->suite, only) && !strstr(t->name, only))
			continue;
		tested++;
		status = run_one(t);
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED) {
			skipped++;
			printf("[SKIP] %s::%s\n", t->suite, t->name);
		} else if (status) {
			failed++;
			printf("[FAIL] %s::%s: status 0x%x\n", t->suite, t->name, (unsigned)status);
		} else {
			printf("[PASS] %s::%s\n", t->suite, t->name);
		}
		fflush(stdout);
	}
	printf("[====] Synthesis: Tested: %u | Passing: %u | Failing: %u | Crashing: 0 | Skipped: "
	       "%u\n",
	       tested, tested - failed - skipped, failed, skipped);
	return failed != 0;
}
