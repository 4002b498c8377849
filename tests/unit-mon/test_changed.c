// SPDX-License-Identifier: GPL-3.0-or-later
/* `info registers` marks what has changed since the last stop. */
#include <string.h>

#include "monitor/changed.h"
#include "tests/unit-mon/fake_chardev.h"
#include "tests/unit-mon/fixture.h"

TestSuite(mon_changed, .init = fixture_setup_terminal, .fini = fixture_teardown, .timeout = 120);

#define expect_marked(before_, now_, expected_)                   \
	do {                                                      \
		struct strbuf sb_ = STRBUF_INIT;                  \
                                                                  \
		mon_changed_mark((before_), (now_), false, &sb_); \
		cr_expect_str_eq(strbuf_str(&sb_), (expected_));  \
		strbuf_free(&sb_);                                \
	} while (0)

Test(mon_changed, words_at_the_same_place)
{
	expect_marked(NULL, "rax 1  rbx 2\n", "rax 1  rbx 2\n");
	expect_marked("rax 1  rbx 2\n", "rax 1  rbx 2\n", "rax 1  rbx 2\n");
	/* Columns stay, where there is room. */
	expect_marked("rax 1  rbx 2\n", "rax 3  rbx 2\n", "rax 3* rbx 2\n");
	expect_marked("rax 1 rbx 2\nrcx 5\n", "rax 3 rbx 4\nrcx 6\n", "rax 3* rbx 4*\nrcx 6*\n");
	/* What explains a number has no mark. */
	expect_marked("rflags 02 [ ]\n", "rflags 46 [ ZF PF ]\n", "rflags 46* [ ZF PF ]\n");
	expect_marked("cr0 1 [ PE ]  cr3 0\n", "cr0 1 [ PE ]  cr3 9\n", "cr0 1 [ PE ]  cr3 9*\n");
	/* Lines of another shape. */
	expect_marked("fs  0 unusable\nx 1\n", "fs  0 base 0\nx 1\n", "fs  0 base* 0\nx 1\n");
	expect_marked("fs  0 base 0\nx 1\n", "fs  0 unusable\nx 2\n", "fs  0 unusable*\nx 2*\n");
	expect_marked("", "a\nb\n", "a\nb\n");
	expect_marked("a\n", "", "");
}

Test(mon_changed, in_colour)
{
	struct strbuf sb = STRBUF_INIT;

	mon_changed_mark("rax 1  rbx 2\n", "rax 3  rbx 2\n", true, &sb);
	cr_expect_str_eq(strbuf_str(&sb), "rax \033[1;33m3\033[0m  rbx 2\n");
	strbuf_free(&sb);
}

static const char *type(struct chardev *cd, const char *text)
{
	strbuf_clear(&cd->out);
	fake_chardev_feed(cd, text, strlen(text));
	for (int i = 0; i < 8; i++)
		turn();
	return strbuf_str(&cd->out);
}

#define says(text_) cr_expect(strstr(strbuf_str(&cd->out), (text_)), "%s", strbuf_str(&cd->out))
#define quiet(text_) \
	cr_expect_not(strstr(strbuf_str(&cd->out), (text_)), "%s", strbuf_str(&cd->out))

Test(mon_changed, between_stops)
{
	struct chardev *cd = fake_chardev_create(true);
	struct error err;

	cr_assert_eq(monitor_add_console(mon, cd, &err), 0);
	type(cd, "\rinfo registers\r");
	says("rip=0000000000001000\r\n");
	type(cd, "step\r");
	type(cd, "info registers\r");
	says("rip=0000000000001001*\r\n");
	quiet("rax=0000000000000000*");
	/* A series of steps is one change; and what a person sets is one, too. */
	type(cd, "step 3\r");
	type(cd, "set rax 5\r");
	type(cd, "info registers\r");
	says("rip=0000000000001004*\r\n");
	says("rax=0000000000000005*\r\n");
	type(cd, "step\r");
	type(cd, "info registers\r");
	says("rax=0000000000000005*\r\n");
	type(cd, "step\r");
	type(cd, "info registers\r");
	says("rax=0000000000000005\r\n");
	says("rip=0000000000001006*\r\n");
	/* Programs get the text that they know. */
	run("info registers");
	run("stop");
	run("step");
	cr_expect_not(strchr(run("info registers"), '*'), "%s", strbuf_str(&out));
	fake_chardev_hangup(cd);
	type(cd, "");
	fake_chardev_free(cd);
}
