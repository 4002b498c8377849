// SPDX-License-Identifier: GPL-3.0-or-later
/* The probe's table and the text of its cache; and the run-time directory it lies in. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/debug.h"
#include "hv/probe.h"
#include "hv/rundir.h"
#include "hv/strbuf.h"

TestSuite(probe);

static const struct probe_result some = {
	.step = PROBE_WORKS,
	.soft = PROBE_EMULATED,
	.hard = PROBE_WORKS,
	.protect = PROBE_WORKS,
	.data = PROBE_EMULATED,
	.arch = 1,
	.exit_ns = 1234,
	.step_ns = ~0ull,
};

Test(probe, cache_keeps_everything)
{
	struct strbuf text = STRBUF_INIT;
	struct probe_result back;

	probe_format(&some, "key 1", &text);
	cr_assert_eq(probe_parse(strbuf_str(&text), "key 1", &back), 0, "%s", strbuf_str(&text));
	cr_assert_eq(memcmp(&back, &some, sizeof(some)), 0);
	cr_assert_eq(probe_parse(strbuf_str(&text), "key 2", &back), -ESTALE);
	cr_assert_eq(probe_parse(strbuf_str(&text), "key", &back), -ESTALE);
	strbuf_free(&text);
}

Test(probe, a_cache_that_is_not_whole_is_none)
{
	struct strbuf text = STRBUF_INIT;
	struct probe_result back;
	char *copy;

	probe_format(&some, "key", &text);
	copy = strdup(strbuf_str(&text));
	for (size_t i = 0; i < text.len; i++) {
		copy[i] = '\0';
		cr_assert_eq(probe_parse(copy, "key", &back), -ESTALE, "%zu bytes", i);
		copy[i] = text.data[i];
	}
	strbuf_clear(&text);
	strbuf_puts(&text, "key\nstep 3\n");
	cr_assert_eq(probe_parse(strbuf_str(&text), "key", &back), -ESTALE);
	free(copy);
	strbuf_free(&text);
}

Test(probe, every_verdict_has_a_row)
{
	struct probe_result all;
	struct debug_caps caps;

	memset(&all, 0, sizeof(all));
	for (size_t i = 0; i < probe_row_count; i++) {
		enum probe_verdict works = PROBE_WORKS;

		cr_assert_eq(probe_row_verdict(&probe_rows[i], &all), PROBE_MISSING);
		memcpy((char *)&all + probe_rows[i].offset, &works, sizeof(works));
		cr_assert(*probe_rows[i].name && *probe_rows[i].missing);
	}
	cr_assert_eq(offsetof(struct probe_result, arch),
		     (probe_row_count * sizeof(enum probe_verdict) + 7) / 8 * 8);
	probe_debug_caps(&all, &caps);
	cr_assert(caps.soft && caps.hard && caps.data && caps.step && caps.protect);
	probe_debug_caps(&some, &caps);
	cr_assert(caps.soft && !caps.data && caps.protect);
}

Test(probe, what_it_takes_to_debug)
{
	struct probe_result probe = { .step = PROBE_WORKS };

	cr_assert_not(probe_can_debug(&probe));
	probe.soft = PROBE_EMULATED;
	cr_assert(probe_can_debug(&probe));
	probe.step = PROBE_MISSING;
	cr_assert_not(probe_can_debug(&probe));
}

Test(probe, rundir_is_private)
{
	char parent[] = "/tmp/test-rundir-XXXXXX", path[200], other[200];
	struct error err;
	struct stat st;

	cr_assert(mkdtemp(parent));
	setenv("XDG_RUNTIME_DIR", parent, 1);
	cr_assert_eq(rundir_get(path, sizeof(path), &err), 0, "%s", err.text);
	cr_assert_eq(lstat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0700);
	cr_assert_eq(rundir_get(path, sizeof(path), &err), 0, "a second time");
	cr_assert_eq(chmod(path, 0755), 0);
	cr_assert_eq(rundir_get(path, sizeof(path), &err), -EPERM, "others may enter");
	cr_assert_eq(rmdir(path), 0);
	cr_assert_eq(symlink("/tmp", path), 0);
	cr_assert_eq(rundir_get(other, sizeof(other), &err), -EPERM, "a link");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(rundir_get(other, 10, &err), -ENAMETOOLONG);
	rmdir(parent);
}
