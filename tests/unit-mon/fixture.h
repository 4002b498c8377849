/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests of commands have in common: a monitor on a fake machine of two vCPUs and 1 MiB. */
#ifndef TESTS_UNIT_MON_FIXTURE_H
#define TESTS_UNIT_MON_FIXTURE_H

#include <criterion/criterion.h>
#include <string.h>

#include "monitor/monitor.h"
#include "tests/unit-mon/fake_control.h"

struct mon_session;

extern struct loop *loop;
extern struct fake *fake;
extern struct monitor *mon;
extern struct strbuf out;
/* Whose commands run() gives; NULL: nobody's who stays. */
extern struct mon_session *run_by;

/* For .init and .fini of a suite. */
void fixture_setup(void);
/* The same with the machine on the loop: it stops as it would. */
void fixture_setup_on_loop(void);
/* The same, where a console may edit lines: nothing of the person who runs the tests has a say. */
void fixture_setup_terminal(void);
void fixture_teardown(void);

/* What a command says, until the next one. */
const char *run(const char *line);
/* What has been posted to the loop. */
void turn(void);
/* Lets the guest run into breakpoint @id; whether it stops there. */
bool hit(int id, int vcpu);

#define expect_says(line_, text_) \
	cr_expect(strstr(run(line_), (text_)), "%s: %s", (line_), strbuf_str(&out))
#define expect_is(line_, text_) cr_expect_str_eq(run(line_), (text_), "%s", (line_))

#endif
