// SPDX-License-Identifier: GPL-3.0-or-later
/* Conditions and commands of Z packets, as gdb 13 writes them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "peer.h"

static struct peer p;

static void setup(void)
{
	peer_attach(&p, RUN_RUNNING);
}

static void teardown(void)
{
	peer_close(&p);
}

TestSuite(gdb_conditions, .init = setup, .fini = teardown, .timeout = 120);

/* $rax == 3, where the guest's loop loads its counter into rax; 0x10008 is behind that. */
#define RAX_IS_3 "X7,26000022031327"
#define RAX_IS_5 "X7,26000022051327"
#define NEVER	 "X3,220027"
/* *(long *) 0x14000: that page is not there. */
#define READS_HOLE "X7,24000140001a27"
/* printf "n=%d\n", $rax */
#define PRINT                        \
	"X13,2600002200220034010007" \
	"6e3d25645c6e00"             \
	"27"

static unsigned reg(const char *reply, const char *name)
{
	const char *at = strstr(reply, name);
	unsigned value = 0;

	cr_assert_not_null(at, "%s", reply);
	sscanf(at + strlen(name), "%2x", &value);
	return value;
}

static const char *run_and_stop(unsigned instructions)
{
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.1"), "(none)");
	fake_run(p.m, instructions);
	return peer_reply(&p);
}

static void expect_stopped_with(unsigned rax)
{
	const char *reply = run_and_stop(200);

	cr_assert(!strncmp(reply, "T05", 3), "%s", reply);
	cr_expect_eq(reg(reply, "10:"), 0x08, "%s", reply);
	cr_expect_eq(reg(peer_ask(&p, "p0"), ""), rax);
}

Test(gdb_conditions, are_offered)
{
	const char *reply = peer_ask(&p, "qSupported:x+");

	cr_expect_not_null(strstr(reply, "ConditionalBreakpoints+"));
	cr_expect_not_null(strstr(reply, "BreakpointCommands+"));
}

Test(gdb_conditions, stop_when_true)
{
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" RAX_IS_3), "OK");
	expect_stopped_with(3);
	cr_expect_eq(p.m->bps[0].info.hits, 1);
}

Test(gdb_conditions, of_hardware_breakpoints)
{
	cr_expect_str_eq(peer_ask(&p, "Z1,10008,1;" RAX_IS_3), "OK");
	expect_stopped_with(3);
}

Test(gdb_conditions, any_of_several)
{
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" NEVER RAX_IS_5 RAX_IS_3), "OK");
	expect_stopped_with(3);
	expect_stopped_with(5);
	/* The manual puts a ';' before each. */
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" NEVER ";X7,26000022081327"), "OK");
	expect_stopped_with(8);
}

Test(gdb_conditions, are_replaced)
{
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" RAX_IS_3), "OK");
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" RAX_IS_5), "OK");
	cr_expect_eq(p.m->bp_count, 1);
	expect_stopped_with(5);
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1"), "OK");
	cr_expect_eq(p.m->bp_count, 1);
	expect_stopped_with(6);
	cr_expect_str_eq(peer_ask(&p, "z0,10008,1"), "OK");
	cr_expect_eq(p.m->bp_count, 0);
}

Test(gdb_conditions, what_cannot_be_evaluated_stops_and_says_so)
{
	const char *text;

	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" READS_HOLE), "OK");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 100);
	text = peer_take(&p);
	/* "the condition at 0x10008 cannot be evaluated: memory at 0x14000 is not mapped" */
	cr_expect_not_null(strstr(text, "$O74686520636f6e646974696f6e206174203078313030303820"));
	cr_expect_not_null(strstr(text, "T05"));
}

Test(gdb_conditions, a_true_one_beside_it_stops_plainly)
{
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" READS_HOLE "X3,220127"), "OK");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 100);
	cr_expect_null(strstr(peer_take(&p), "$O"));
}

Test(gdb_conditions, trace_state_variables)
{
	const char *text;

	/* 4 < ($n = $n + 1), once it is defined; gdb may set the breakpoint before. */
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;Xd,22042c00072201022d00071427"), "OK");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 100);
	text = peer_take(&p);
	/* "… cannot be evaluated: trace state variable 7 is not defined" */
	cr_expect_not_null(
		strstr(text, "7472616365207374617465207661726961626c652037206973206e6f"));
	cr_expect_not_null(strstr(text, "T05"));
	cr_expect_eq(reg(peer_ask(&p, "p0"), ""), 1);
	cr_expect_str_eq(peer_ask(&p, "QTDV:7:0:0:6e"), "OK");
	expect_stopped_with(6);
	cr_expect_str_eq(peer_ask(&p, "qTV:7"), "V5");
	cr_expect_str_eq(peer_ask(&p, "QTinit"), "OK");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 100);
	cr_expect_not_null(strstr(peer_take(&p), "T05"));
	cr_expect_eq(reg(peer_ask(&p, "p0"), ""), 7);
}

Test(gdb_conditions, bad_ones_are_refused)
{
	static const char *const bad[] = {
		"Z0,10008,1;",
		"Z0,10008,1;X",
		"Z0,10008,1;X7",
		"Z0,10008,1;X7,",
		"Z0,10008,1;X7,260000220313",	/* cut */
		"Z0,10008,1;X7,2600002203132z", /* not hex */
		"Z0,10008,1;X0,",		/* empty */
		"Z0,10008,1;X2,2201",		/* no end */
		"Z0,10008,1;X1,27",		/* no value */
		"Z0,10008,1;X4,26001827",	/* st0 */
		"Z0,10008,1;X4,26002827",	/* a register this guest has not */
		"Z0,10008,1;X4,26ffff27",	/* none at all */
		"Z0,10008,1;X5,22010d0827",	/* collects */
		"Z0,10008,1;" PRINT,		/* prints */
		"Z0,10008,1;" NEVER "junk",
		"Z0,10008,1;cmds:1,",
		"Z0,10008,1;cmds:," PRINT,
		"Z0,10008,1;cmds:1" PRINT,
		"Z2,11000,8;" NEVER,
		"Z0,10008,1x",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *reply = peer_ask(&p, bad[i]);

		cr_expect(reply[0] == 'E', "%s: %s", bad[i], reply);
		cr_expect_eq(p.m->bp_count, 0, "%s", bad[i]);
	}
	/* A refused one leaves the one that is there. */
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" RAX_IS_3), "OK");
	cr_expect(peer_ask(&p, "Z0,10008,1;X1,27")[0] == 'E');
	expect_stopped_with(3);
}

Test(gdb_conditions, commands_print_and_go_on)
{
	const char *text;

	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;cmds:1," PRINT), "OK");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 12);
	text = peer_take(&p);
	/* "n=1\n", "n=2\n", and no stop */
	cr_expect(!strncmp(text, "$O6e3d310a#", 11), "%s", text);
	cr_expect_not_null(strstr(text, "$O6e3d320a#"));
	cr_expect_null(strstr(text, "T05"));
	cr_expect_eq(control_state(p.m), RUN_RUNNING);
}

Test(gdb_conditions, commands_have_conditions)
{
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;" RAX_IS_3 ";cmds:0," PRINT), "OK");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 40);
	cr_expect(!strncmp(peer_take(&p), "$O6e3d330a#", 11));
	cr_expect_eq(control_state(p.m), RUN_RUNNING);
}

static char said[128];

static void note(struct control_client *client, const struct control_event *ev)
{
	(void)client;
	if (ev->kind == CONTROL_MESSAGE)
		snprintf(said, sizeof(said), "%s", ev->text);
}

/* gdb takes no output while it believes that the guest is stopped: then others show it. */
Test(gdb_conditions, output_without_a_gdb_that_waits)
{
	struct control_client monitor = { .name = "monitor", .event = note };

	control_attach(p.m, &monitor);
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1;cmds:1," PRINT), "OK");
	control_resume_all(p.m, &monitor, NULL);
	fake_run(p.m, 6);
	cr_expect_str_eq(peer_reply(&p), "(none)");
	cr_expect_str_eq(said, "n=1");
	control_detach(p.m, &monitor);
}
