// SPDX-License-Identifier: GPL-3.0-or-later
/* What a monitor's socket says to `vitrine monitor` (monitor/remote.h), and long output anywhere.
 */
#include <stdio.h>
#include <string.h>

#include "monitor/words.h"
#include "tests/unit-mon/fake_chardev.h"
#include "tests/unit-mon/fixture.h"

#define PROMPT	 "(vitrine) "
#define QUESTION "--Type <RET> for more, q to quit, c to continue without paging--"

TestSuite(mon_remote, .init = fixture_setup_terminal, .fini = fixture_teardown, .timeout = 120);
TestSuite(mon_screen, .init = fixture_setup_terminal, .fini = fixture_teardown, .timeout = 120);

static const char *type(struct chardev *cd, const char *text)
{
	strbuf_clear(&cd->out);
	fake_chardev_feed(cd, text, strlen(text));
	return strbuf_str(&cd->out);
}

static struct chardev *console(bool tty)
{
	struct chardev *cd = fake_chardev_create(tty);
	struct error err;

	cr_assert_eq(monitor_add_console(mon, cd, &err), 0);
	type(cd, tty ? "\r" : "\n");
	strbuf_clear(&cd->out);
	return cd;
}

/* The monitor goes before what it writes to. */
static void end(struct chardev *cd)
{
	fake_chardev_hangup(cd);
	for (int i = 0; i < 4; i++)
		turn();
	fake_chardev_free(cd);
}

/* ---- messages ---- */

Test(mon_remote, hello_changes_the_way_of_talking)
{
	struct chardev *cd = console(false);
	char answer[80];

	snprintf(answer, sizeof(answer), "\2H%zu\nvitrine %s\2P12\n0p" PROMPT,
		 strlen("vitrine " VITRINE_VERSION), VITRINE_VERSION);
	cr_expect_str_eq(type(cd, "\2hello 1 tty\n"), answer);
	cr_expect_str_eq(type(cd, "print 6*7\n"), "\2O9\n0x2a  42\n\2P12\n0p" PROMPT);
	/* A person's mistake has its caret; the prompt says that it was one. */
	cr_expect_str_eq(type(cd, "print )\n"),
			 "\2O54\nprint )\n      ^ expected a number, a $register or '('\n"
			 "\2P12\n1p" PROMPT,
			 "%s", strbuf_str(&cd->out));
	cr_expect(strstr(type(cd, "\n"), "\2P12\n0p"), "%s", strbuf_str(&cd->out));
	cr_expect(strstr(type(cd, "set pagination off\n"), "\2P12\n0-" PROMPT));
	end(cd);
}

Test(mon_remote, another_version_stays_plain)
{
	struct chardev *cd = console(false);

	cr_expect_str_eq(type(cd, "\2hello 2\n"), "error: this monitor speaks version 1\n");
	cr_expect_str_eq(type(cd, "print 1\n"), "0x1  1\n" PROMPT);
	/* Nor is anything else of it to be had then. */
	cr_expect_str_eq(type(cd, "\2interrupt\n"), "error: this line is not text\n" PROMPT);
	end(cd);
}

Test(mon_remote, words_for_a_tab)
{
	struct chardev *cd = console(false);

	type(cd, "\2hello 1 tty\n");
	cr_expect_str_eq(type(cd, "\2complete 5 info statu\n"), "\2C7\nstatus\n");
	cr_expect_str_eq(type(cd, "\2complete 0 syst\n"),
			 "\2C30\nsystem_reset\nsystem_powerdown\n");
	cr_expect_str_eq(type(cd, "\2complete 2 x $ri\n"), "\2C5\n$rip\n");
	/* Rubbish has an answer, too: somebody waits for it. */
	cr_expect_str_eq(type(cd, "\2complete\n"), "\2C0\n");
	cr_expect_str_eq(type(cd, "\2complete x\n"), "\2C0\n");
	cr_expect_str_eq(type(cd, "\2complete 99 x\n"), "\2C0\n");
	end(cd);
}

Test(mon_remote, a_batch_hears_what_failed)
{
	struct chardev *cd = console(false);

	type(cd, "\2hello 1 batch\n");
	cr_expect(strstr(type(cd, "frob\n"), "\2F34\nno such command: `help` lists them"), "%s",
		  strbuf_str(&cd->out));
	cr_expect(strstr(strbuf_str(&cd->out), "\2P12\n1p"), "%s", strbuf_str(&cd->out));
	/* What takes time has an empty prompt first. */
	cr_expect(strstr(type(cd, "step 3\n"), "\2P2\n0p"), "%s", strbuf_str(&cd->out));
	cr_expect_null(strstr(strbuf_str(&cd->out), PROMPT));
	for (int i = 0; i < 20; i++)
		turn();
	cr_expect(strstr(strbuf_str(&cd->out), "3 steps done\n=> 0x1003:  nop\n\2P12\n0p" PROMPT),
		  "%s", strbuf_str(&cd->out));
	end(cd);
}

Test(mon_remote, interrupt_stops_the_guest_and_events_are_messages)
{
	const struct control_event ends = { .kind = CONTROL_EXIT, .code = 3 };
	struct chardev *cd = console(false);

	type(cd, "\2hello 1 tty\n");
	type(cd, "cont\n");
	cr_expect(strstr(type(cd, "\2interrupt\n"), "\nstopped: paused by monitor 1"), "%s",
		  strbuf_str(&cd->out));
	cr_expect(strstr(strbuf_str(&cd->out), "\2E"), "%s", strbuf_str(&cd->out));
	strbuf_clear(&cd->out);
	for (struct control_client *c = fake->m.clients; c; c = c->next)
		c->event(c, &ends);
	cr_expect_str_eq(strbuf_str(&cd->out), "\2X27\nvitrine ends with status 3\n");
	end(cd);
}

Test(mon_remote, colour_if_asked_for)
{
	struct chardev *cd = console(false);

	type(cd, "\2hello 1 tty colour\n");
	cr_expect(strstr(type(cd, "print )\n"), "      \033[31m^\033[0m expected"), "%s",
		  strbuf_str(&cd->out));
	cr_expect(strstr(type(cd, "source /no/file\n"), "\033[31merror:\033[0m cannot open"), "%s",
		  strbuf_str(&cd->out));
	type(cd, "cont\n");
	cr_expect(strstr(type(cd, "\2interrupt\n"), "\033[1mstopped: "), "%s",
		  strbuf_str(&cd->out));
	end(cd);
}

/* ---- words ---- */

Test(mon_remote, words_that_are_left_out_still_count)
{
	struct words w = { 0 };
	char word[32];

	for (int i = 0; i < WORDS_MAX; i++) {
		snprintf(word, sizeof(word), "do_abc_%d", i);
		words_add(&w, word);
	}
	cr_expect_not(w.cut);
	words_add(&w, "do_it");
	cr_expect(w.cut);
	words_end(&w);
	cr_expect_eq(w.count, WORDS_MAX + 1u);
	cr_expect_str_eq(w.word[WORDS_MAX], "do_");
	words_free(&w);
}

/* ---- output in pieces ---- */

Test(mon_screen, a_peer_that_is_slow_loses_nothing)
{
	struct chardev *cd = console(false);
	size_t first;

	/* As much as one command gives, to a peer that takes nothing yet. */
	cd->queued = 1 << 20;
	first = strlen(type(cd, "xp/65536xb 0\nprint 7\n"));
	cr_expect_eq(first, 0u, "%zu", first);
	fake_chardev_drain(cd);
	cr_expect(strstr(strbuf_str(&cd->out), "0x000000000000fff0:"));
	cr_expect(strstr(strbuf_str(&cd->out), PROMPT "0x7  7\n" PROMPT), "in order");
	end(cd);
}

Test(mon_screen, ctrl_c_ends_long_output_and_not_the_guest)
{
	struct chardev *cd = console(true);

	type(cd, "set pagination off\r");
	type(cd, "cont\r");
	cd->queued = 1 << 20;
	type(cd, "xp/60000xb 0\r");
	cr_expect(strstr(type(cd, "\3"), "^C\r\n" PROMPT), "%s", strbuf_str(&cd->out));
	cd->queued = 0;
	cr_expect_eq(fake->m.state, RUN_RUNNING);
	type(cd, "print 3\r");
	cr_expect(strstr(strbuf_str(&cd->out), "0x3  3\r\n"), "%s", strbuf_str(&cd->out));
	end(cd);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

Test(mon_screen, a_page_at_a_time)
{
	struct chardev *cd = console(true);

	/* 24 rows: the line that was typed ends with one line break, 23 lines follow. */
	cr_expect_eq(lines_of(type(cd, "xp/200xw 0\r")), 24u, "%s", strbuf_str(&cd->out));
	cr_expect(strstr(strbuf_str(&cd->out), "0x0000000000000160:"));
	cr_expect_null(strstr(strbuf_str(&cd->out), "0x0000000000000170:"));
	cr_expect(strstr(strbuf_str(&cd->out), QUESTION));
	cr_expect_str_eq(type(cd, "x"), "", "no key for it");
	cr_expect_eq(lines_of(type(cd, "\r")), 23u, "%s", strbuf_str(&cd->out));
	cr_expect(strstr(strbuf_str(&cd->out), "\r\033[K0x0000000000000170:"));
	/* The terminal has become smaller, then the last page. */
	cd->rows = 3 + 1;
	cr_expect_eq(lines_of(type(cd, " ")), 3u, "%s", strbuf_str(&cd->out));
	type(cd, "\r");
	cr_expect(strstr(strbuf_str(&cd->out), PROMPT), "%s", strbuf_str(&cd->out));
	end(cd);
}

Test(mon_screen, q_and_c_at_the_question)
{
	struct chardev *cd = console(true);

	type(cd, "xp/200xw 0\r");
	cr_expect(strstr(type(cd, "q"), "\r\033[K" PROMPT), "%s", strbuf_str(&cd->out));
	type(cd, "xp/200xw 0\r");
	cr_expect(strstr(type(cd, "c"), "0x0000000000000310:"), "%s", strbuf_str(&cd->out));
	cr_expect_null(strstr(strbuf_str(&cd->out), QUESTION));
	cr_expect(strstr(strbuf_str(&cd->out), PROMPT));
	/* The next one is paged again. */
	type(cd, "xp/200xw 0\r");
	cr_expect(strstr(strbuf_str(&cd->out), QUESTION));
	cr_expect(strstr(type(cd, "qprint 9\r"), "0x9  9"), "%s", strbuf_str(&cd->out));
	type(cd, "set pagination off\r");
	cr_expect_null(strstr(type(cd, "xp/200xw 0\r"), QUESTION));
	end(cd);
}

Test(mon_screen, an_event_does_not_hide_the_question)
{
	const struct stop hit_ = { .reason = STOP_BREAKPOINT, .vcpu = 1, .pc = 0x1000, .bp = 3 };
	struct chardev *cd = console(true);

	type(cd, "cont\r");
	type(cd, "xp/200xw 0\r");
	strbuf_clear(&cd->out);
	fake_stop(fake, &hit_);
	cr_expect(!strncmp(strbuf_str(&cd->out), "\r\033[K", 4), "%s", strbuf_str(&cd->out));
	cr_expect(strstr(strbuf_str(&cd->out), "breakpoint 3"), "%s", strbuf_str(&cd->out));
	cr_expect(strstr(strbuf_str(&cd->out), "nop\r\n" QUESTION), "%s", strbuf_str(&cd->out));
	cr_expect(strstr(type(cd, "q"), PROMPT));
	end(cd);
}

Test(mon_screen, no_pages_where_nobody_reads_them)
{
	struct chardev *cd = console(false);

	cr_expect_null(strstr(type(cd, "xp/200xw 0\n"), "Type"));
	cr_expect_null(strstr(run("xp/200xw 0"), "Type"));
	end(cd);
}

Test(mon_screen, lines_that_wrap_count_as_several)
{
	struct chardev *cd = console(true);

	cd->cols = 30;
	/* 20 + 4 * 11 columns: three rows each. */
	cr_expect_eq(lines_of(type(cd, "xp/200xw 0\r")), 1u + 23 / 3, "%s", strbuf_str(&cd->out));
	type(cd, "q");
	end(cd);
}
