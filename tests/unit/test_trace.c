// SPDX-License-Identifier: GPL-3.0-or-later
/* Trace topics and the trace file. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/trace.h"

static char path[] = "/tmp/vitrine-trace-XXXXXX";
static char text[8192];

static void setup(void)
{
	close(mkstemp(path));
	cr_assert_eq(trace_open(path, NULL), 0);
}

static void teardown(void)
{
	trace_close();
	unlink(path);
}

TestSuite(trace, .init = setup, .fini = teardown, .timeout = 120);

static const char *written(void)
{
	FILE *f = fopen(path, "r");

	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

Test(trace, only_topics_that_are_on_are_written)
{
	cr_assert_eq(trace_enable("stop,packet", NULL), 0);
	trace(TRACE_STOP, "one %d", 1);
	trace(TRACE_EXIT, "two");
	trace(TRACE_PACKET, "three");
	cr_assert(strstr(written(), "stop   one 1\n"));
	cr_assert(strstr(text, "packet three\n"));
	cr_assert_not(strstr(text, "two"));
}

Test(trace, all_is_everything)
{
	int i;

	cr_assert_eq(trace_enable("all", NULL), 0);
	for (i = 0; i < TRACE_TOPIC_COUNT; i++)
		cr_assert(trace_on[i]);
}

Test(trace, wrong_topic_lists_the_right_ones)
{
	struct error err;

	cr_assert_eq(trace_enable("stop,pakcet", &err), -EINVAL);
	cr_assert(strstr(err.text, "'pakcet'"));
	cr_assert(strstr(err.text, "device"));
	cr_assert_not(trace_on[TRACE_STOP], "a wrong list changes nothing");
	cr_assert_eq(trace_enable("", &err), -EINVAL);
	cr_assert_eq(trace_enable("stop,", &err), -EINVAL);
}

Test(trace, long_line_is_cut_and_still_a_line)
{
	char longer[4000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	trace_enable("exit", NULL);
	trace(TRACE_EXIT, "%s", longer);
	trace(TRACE_EXIT, "next");
	cr_assert(strstr(written(), "xxx\n"));
	cr_assert(strstr(text, "exit   next\n"));
}

Test(trace, file_that_cannot_be_written_is_named)
{
	struct error err;

	cr_assert_eq(trace_open("/nonexistent/trace", &err), -ENOENT);
	cr_assert(strstr(err.text, "/nonexistent/trace"));
}
