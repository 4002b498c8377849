// SPDX-License-Identifier: GPL-3.0-or-later
/* profile: what is said of samples, and the files that are made of them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hv/profile.h"
#include "monitor/profile_tree.h"
#include "tests/unit-mon/fixture.h"

TestSuite(mon_profile, .init = fixture_setup, .fini = fixture_teardown);

static void sample(unsigned times, uint64_t pc)
{
	struct profile_stack s = { .depth = pc ? 1 : 0, .frame = { pc } };

	while (times--)
		profile_add(&fake->m, &s);
}

Test(mon_profile, begins_and_ends)
{
	expect_says("profile top", "error: no profile was taken: `profile start` begins one");
	expect_says("profile save /tmp/none.svg", "error: no profile was taken");
	expect_says("profile stop", "error: no profile was taken");
	expect_says("profile start 0", "HZ is out of range");
	expect_is("profile start 50", "the guest is stopped: samples come when it runs\n");
	expect_says("profile start", "error: a profile is being taken: `profile stop` ends it");
	expect_says("profile status", "sampling at 50 Hz, 0.");
	expect_says("profile stop", "stopped at 50 Hz, 0.");
}

Test(mon_profile, the_hottest_come_first)
{
	run("profile start 1");
	sample(1, 0x5000);
	sample(6, 0x9123);
	sample(1, 0x9456);
	sample(2, 0);
	run("profile stop");
	expect_says("profile top", " 10 samples, 0 of a halted vCPU, 0 lost\n");
	expect_says("profile top",
		    " 70.00 %  70.00 %         7  [0x9000]\n 20.00 %  20.00 %         2  [user]\n"
		    " 10.00 %  10.00 %         1  [0x5000]\n");
	cr_expect(!strstr(run("profile top 1"), "[user]"));
}

Test(mon_profile, files)
{
	char path[] = "/tmp/vitrine-profile-XXXXXX.folded", line[80], text[200] = "";
	int fd = mkstemps(path, 7);

	cr_assert_geq(fd, 0);
	run("profile start 1");
	sample(3, 0x5000);
	sample(2, 0);
	snprintf(line, sizeof(line), "profile save %s", path);
	expect_says(line, "5 samples written to /tmp/vitrine-profile-");
	cr_assert_gt(read(fd, text, sizeof(text) - 1), 0);
	cr_expect_str_eq(text, "[0x5000] 3\n[user] 2\n");
	expect_says("profile save /nowhere/at/all.svg",
		    "error: cannot write /nowhere/at/all.svg: No such file");
	close(fd);
	unlink(path);
}

/* Names come from the guest's file: whatever is in them is text. */
Test(mon_profile, names_are_escaped)
{
	struct profile_node leaf = {
		.name = "<script>&\"\x01\xff", .key = 2, .self = 4, .total = 4
	};
	struct profile_tree t = { .root = { .name = "all", .total = 4, .child = &leaf } };
	char *svg = NULL;
	size_t len;
	FILE *f = open_memstream(&svg, &len);

	cr_assert_not_null(f);
	profile_put_svg(&t, "a < b", f);
	fclose(f);
	cr_expect(strstr(svg, "<title>&lt;script&gt;&amp;&quot;??: 4 samples, 100.00 %;"), "%s",
		  svg);
	cr_expect(strstr(svg, ">a &lt; b</text>"));
	cr_expect_not(strstr(svg, "<script"));
	cr_expect(strstr(svg, "</svg>\n"));
	free(svg);
}
