// SPDX-License-Identifier: GPL-3.0-or-later
/* Non-stop mode: notifications, vStopped, vCont;t, and vCPUs that come and go. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "peer.h"

static struct peer p;

static void setup(void)
{
	peer_attach(&p, RUN_RUNNING);
	cr_assert_str_eq(peer_ask(&p, "QNonStop:1"), "OK");
}

static void teardown(void)
{
	peer_close(&p);
}

TestSuite(gdb_nonstop, .init = setup, .fini = teardown, .timeout = 120);

/* What was sent is the one notification of a stop of @thread, with @signal and with @tail. */
static void expect_notified(const char *signal, const char *thread, const char *tail)
{
	static char lead[32], who[32];
	const char *text = peer_take(&p);

	snprintf(lead, sizeof(lead), "%%Stop:%s", signal);
	snprintf(who, sizeof(who), "thread:%s;", thread);
	cr_expect(!strncmp(text, lead, strlen(lead)), "%s", text);
	cr_expect(strstr(text, who), "%s", text);
	cr_expect(strstr(text, tail), "%s", text);
	cr_expect_null(strchr(text + 1, '%'), "%s", text);
}

static void expect_stop(const char *reply, const char *signal, const char *thread)
{
	char who[32];

	snprintf(who, sizeof(who), "thread:%s;", thread);
	cr_expect(!strncmp(reply, signal, 3), "%s", reply);
	cr_expect(strstr(reply, who), "%s", reply);
}

/* Everything runs, and gdb knows. */
static void run_all(void)
{
	cr_assert_str_eq(peer_ask(&p, "vCont;c"), "OK");
}

Test(gdb_nonstop, is_offered)
{
	cr_expect(strstr(peer_ask(&p, "qSupported"), ";QNonStop+"));
	cr_expect(strstr(peer_ask(&p, "qSupported"), ";QThreadEvents+"));
	cr_expect_str_eq(peer_ask(&p, "vCont?"), "vCont;c;C;s;S;t;r");
	cr_expect_str_eq(peer_ask(&p, "QNonStop:2"), "E22");
	cr_expect_str_eq(peer_ask(&p, "QNonStop"), "E22");
}

Test(gdb_nonstop, query_tells_of_all_that_stand)
{
	expect_stop(peer_ask(&p, "?"), "T00", "p1.1");
	/* gdb 13 takes one only while it connects; the others come as a notification. */
	peer_send(&p, "vStopped");
	cr_expect(!strncmp(peer_take(&p), "$OK#9a%Stop:T00", 15));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	run_all();
	cr_expect_str_eq(peer_ask(&p, "?"), "OK");
}

Test(gdb_nonstop, who_connects_finds_all_stopped)
{
	control_resume_all(p.m, NULL, NULL);
	expect_stop(peer_ask(&p, "?"), "T00", "p1.1");
	cr_expect(run_state_is_stopped(p.m->state));
}

Test(gdb_nonstop, query_begins_anew)
{
	peer_ask(&p, "?");
	expect_stop(peer_ask(&p, "?"), "T00", "p1.1");
	peer_send(&p, "vStopped");
	cr_expect(strstr(peer_take(&p), "thread:p1.2;"));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
}

Test(gdb_nonstop, one_stops_and_the_other_runs)
{
	uint64_t before;

	peer_ask(&p, "Z0,10008,1");
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.1"), "OK");
	fake_run(p.m, 10);
	expect_notified("T05", "p1.1", "swbreak:;");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	cr_expect_str_eq(peer_ask(&p, "z0,10008,1"), "OK");
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.2"), "OK");
	before = fake_counter(p.m, 0);
	fake_run(p.m, 100);
	cr_expect_eq(fake_counter(p.m, 0), before);
	cr_expect_gt(fake_counter(p.m, 1), 5);
	cr_expect_str_eq(peer_reply(&p), "(none)");
	/* Memory and registers while the other one runs. */
	cr_expect_str_eq(peer_ask(&p, "Hgp1.1"), "OK");
	cr_expect_str_eq(peer_ask(&p, "p10"), "0800010000000000");
	cr_expect_str_eq(peer_ask(&p, "m10000,2"), "9090");
}

Test(gdb_nonstop, one_notification_at_a_time)
{
	peer_ask(&p, "Z0,10008,1");
	run_all();
	fake_run(p.m, 100);
	expect_notified("T05", "p1.1", "swbreak:;");
	/* The breakpoint is gone when the second stop is fetched: it was one all the same. */
	peer_ask(&p, "z0,10008,1");
	expect_stop(peer_ask(&p, "vStopped"), "T05", "p1.2");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	/* The next one is a notification again. */
	cr_expect_str_eq(peer_ask(&p, "vCont;s:p1.2"), "OK");
	fake_run(p.m, 1);
	expect_notified("T05", "p1.2", "core:1;");
}

Test(gdb_nonstop, a_stop_that_was_not_fetched_is_not_run_over)
{
	peer_ask(&p, "Z0,10008,1");
	run_all();
	fake_run(p.m, 100);
	peer_take(&p);
	cr_expect_str_eq(peer_ask(&p, "vCont;c"), "OK");
	cr_expect_not(control_vcpu_runs(p.m, 0));
	cr_expect_not(control_vcpu_runs(p.m, 1));
	peer_ask(&p, "vStopped");
	/* The first one is fetched now, the second is being. */
	cr_expect_str_eq(peer_ask(&p, "vCont;c"), "OK");
	cr_expect(control_vcpu_runs(p.m, 0));
	cr_expect_not(control_vcpu_runs(p.m, 1));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
}

Test(gdb_nonstop, stop_one)
{
	run_all();
	/* The answer first, then the stop; and with no signal. */
	peer_send(&p, "vCont;t:p1.2");
	cr_expect(!strncmp(peer_take(&p), "$OK#9a%Stop:T00", 15));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	cr_expect(control_vcpu_runs(p.m, 0));
	cr_expect_not(control_vcpu_runs(p.m, 1));
	/* One that stands is left alone, and so is one that runs. */
	cr_expect_str_eq(peer_ask(&p, "vCont;t:p1.2"), "OK");
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.1"), "OK");
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.2;t"), "(more)");
	cr_expect(control_vcpu_runs(p.m, 1));
	cr_expect_not(control_vcpu_runs(p.m, 0));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
}

Test(gdb_nonstop, stop_all)
{
	run_all();
	peer_send(&p, "vCont;t");
	peer_take(&p);
	expect_stop(peer_ask(&p, "vStopped"), "T00", "p1.2");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	cr_expect(run_state_is_stopped(p.m->state));
}

Test(gdb_nonstop, ctrl_c)
{
	run_all();
	peer_ask(&p, "Hgp1.2");
	peer_send(&p, "vCtrlC");
	cr_expect(!strncmp(peer_take(&p), "$OK#9a%Stop:T02", 15));
	cr_expect(control_vcpu_runs(p.m, 0));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	/* That one stands: another; and as a byte. */
	peer_raw(&p, "\003");
	expect_notified("T02", "p1.1", "");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	peer_raw(&p, "\003");
	cr_expect_str_eq(peer_reply(&p), "(none)");
}

Test(gdb_nonstop, a_stop_of_all_by_another_client)
{
	run_all();
	control_stop(p.m, NULL);
	expect_notified("T00", "p1.1", "");
	expect_stop(peer_ask(&p, "vStopped"), "T00", "p1.2");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
}

Test(gdb_nonstop, resumed_behind_gdbs_back)
{
	peer_ask(&p, "?");
	peer_ask(&p, "vStopped");
	peer_ask(&p, "vStopped");
	control_resume_all(p.m, NULL, NULL);
	peer_ask(&p, "Z0,10008,1");
	fake_run(p.m, 100);
	/* gdb believes that they stand: nothing to tell. */
	cr_expect_str_eq(peer_reply(&p), "(none)");
	control_resume_all(p.m, NULL, NULL);
	/* One that is to run and does: its next stop is gdb's. */
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.1"), "OK");
	fake_run(p.m, 100);
	expect_notified("T05", "p1.1", "swbreak:;");
}

/* `interrupt -a`: gdb knows of one that it runs, a monitor has let the other go. */
Test(gdb_nonstop, stop_all_tells_of_those_that_gdb_runs)
{
	const char *text;

	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.2"), "OK");
	control_resume_all(p.m, NULL, NULL);
	peer_send(&p, "vCont;t:p1.-1");
	text = peer_take(&p);
	cr_expect(!strncmp(text, "$OK#9a%Stop:T00", 15), "%s", text);
	cr_expect(strstr(text, "thread:p1.2;"), "%s", text);
	cr_expect_not(control_vcpu_runs(p.m, 0));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	cr_expect_str_eq(peer_reply(&p), "(none)");
}

/* Ctrl-C in front of a vCPU that stands, to gdb's mind. */
Test(gdb_nonstop, ctrl_c_is_for_one_that_gdb_runs)
{
	cr_expect_str_eq(peer_ask(&p, "Hgp1.1"), "OK");
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.2"), "OK");
	control_resume_all(p.m, NULL, NULL);
	peer_raw(&p, "\003");
	expect_notified("T02", "p1.2", "");
}

Test(gdb_nonstop, a_guest_that_cannot_run)
{
	peer_ask(&p, "P10=3000010000000000");
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.1"), "OK");
	fake_run(p.m, 1);
	expect_notified("T0b", "p1.1", "");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	cr_expect(!strncmp(peer_ask(&p, "vCont;c"), "E.the guest cannot", 18));
}

Test(gdb_nonstop, range_step)
{
	cr_expect_str_eq(peer_ask(&p, "vCont;r10000,10008:p1.1"), "OK");
	fake_run(p.m, 100);
	expect_notified("T05", "p1.1", "10:0800010000000000");
	cr_expect_str_eq(peer_ask(&p, "vCont;r10000"), "E22");
	cr_expect_str_eq(peer_ask(&p, "vCont;r2,1"), "E22");
}

Test(gdb_nonstop, back_to_all_stop)
{
	run_all();
	cr_expect_str_eq(peer_ask(&p, "QNonStop:0"), "OK");
	cr_expect(run_state_is_stopped(p.m->state));
	cr_expect_str_eq(peer_ask(&p, "vCont;t"), "E22");
	cr_expect_str_eq(peer_ask(&p, "vCont;c"), "(none)");
	peer_raw(&p, "\003");
	cr_expect(!strncmp(peer_reply(&p), "T02", 3));
}

Test(gdb_nonstop, notifications_are_not_acknowledged)
{
	peer_close(&p);
	peer_open(&p, "tcp::1", RUN_RUNNING);
	peer_ask(&p, "qSupported:multiprocess+;swbreak+");
	peer_ask(&p, "QNonStop:1");
	peer_ask(&p, "Z0,10008,1");
	peer_ask(&p, "vCont;c:p1.1");
	peer_raw(&p, "+");
	fake_run(p.m, 100);
	expect_notified("T05", "p1.1", "swbreak:;");
	/* What a '-' asks for is the last packet, not the notification. */
	peer_raw(&p, "-");
	cr_expect_str_eq(peer_take(&p), "$OK#9a");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
}

Test(gdb_nonstop, lost_with_one_that_stands)
{
	run_all();
	peer_ask(&p, "vCont;t:p1.2");
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	cr_expect(control_vcpu_runs(p.m, 1));
	cr_expect_null(p.m->nonstop);
}

Test(gdb_nonstop, the_end_is_told)
{
	run_all();
	fake_exit(p.m, 3);
	cr_expect(!strncmp(peer_take(&p), "%Stop:W03;process:1#", 20));
}

/* ---- vCPUs that come and go ---- */

Test(gdb_nonstop, nobody_hears_of_threads_who_did_not_ask)
{
	run_all();
	fake_vcpu_comes(p.m);
	fake_vcpu_goes(p.m);
	cr_expect_str_eq(peer_reply(&p), "(none)");
	cr_expect_str_eq(peer_ask(&p, "QThreadEvents:2"), "E22");
	cr_expect_str_eq(peer_ask(&p, "QThreadEvents"), "E22");
}

Test(gdb_nonstop, threads_come_and_go)
{
	run_all();
	cr_expect_str_eq(peer_ask(&p, "QThreadEvents:1"), "OK");
	fake_vcpu_comes(p.m);
	expect_notified("T05", "p1.3", "create:;");
	cr_expect_not(control_vcpu_runs(p.m, 2));
	cr_expect(control_vcpu_runs(p.m, 1));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	cr_expect_str_eq(peer_ask(&p, "vCont;c:p1.3"), "OK");
	cr_expect(control_vcpu_runs(p.m, 2));
	fake_vcpu_goes(p.m);
	cr_expect(!strncmp(peer_take(&p), "%Stop:w00;p1.3#", 15));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	peer_ask(&p, "QThreadEvents:0");
	fake_vcpu_comes(p.m);
	cr_expect_str_eq(peer_reply(&p), "(none)");
}

Test(gdb_nonstop, threads_come_and_go_in_all_stop_mode)
{
	peer_ask(&p, "QNonStop:0");
	peer_ask(&p, "QThreadEvents:1");
	peer_ask(&p, "vCont;c");
	fake_vcpu_comes(p.m);
	expect_stop(peer_reply(&p), "T05", "p1.3");
	cr_expect(run_state_is_stopped(p.m->state));
	peer_ask(&p, "vCont;c");
	fake_vcpu_goes(p.m);
	cr_expect_str_eq(peer_reply(&p), "w00;p1.3");
}

/* ---- extended mode ---- */

Test(gdb_nonstop, attach_and_run)
{
	cr_expect_str_eq(peer_ask(&p, "!"), "OK");
	run_all();
	cr_expect_str_eq(peer_ask(&p, "D;1"), "OK");
	peer_send(&p, "vAttach;1");
	cr_expect(!strncmp(peer_take(&p), "$OK#9a%Stop:T00", 15));
	expect_stop(peer_ask(&p, "vStopped"), "T00", "p1.2");
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
	/* Still in non-stop mode. */
	run_all();
	cr_expect_eq(p.m->nonstop, p.m->clients);
	peer_send(&p, "vRun;");
	cr_expect(strstr(peer_take(&p), "%Stop:"));
	cr_expect_str_eq(peer_ask(&p, "vStopped"), "OK");
}
