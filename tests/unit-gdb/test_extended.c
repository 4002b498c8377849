// SPDX-License-Identifier: GPL-3.0-or-later
/* Extended mode, what becomes of the guest when a debugger goes, and files that are not there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "peer.h"

static struct peer p;

TestSuite(gdb_extended, .timeout = 120);
TestSuite(gdb_policy, .timeout = 120);
TestSuite(gdb_files, .timeout = 120);

static void attach(void)
{
	peer_attach(&p, RUN_RUNNING);
	cr_assert_str_eq(peer_ask(&p, "!"), "OK");
}

static bool is_stop(const char *reply, const char *thread)
{
	return !strncmp(reply, "T05", 3) && strstr(reply, thread);
}

Test(gdb_extended, run_resets)
{
	attach();
	peer_ask(&p, "P10=0800010000000000");
	cr_expect(is_stop(peer_ask(&p, "vRun;"), "10:0000010000000000;thread:p1.1;"));
	cr_expect_eq(p.m->resets, 1);
	cr_expect_eq(p.m->state, RUN_CREATED);
	cr_expect_eq(peer_ask(&p, "vRun;2f62696e")[0], 'E');
	cr_expect_eq(peer_ask(&p, "vRun;;666f6f")[0], 'E');
	cr_expect_eq(p.m->resets, 1);
	peer_close(&p);
}

Test(gdb_extended, restart_has_no_reply)
{
	attach();
	cr_expect_str_eq(peer_ask(&p, "R00"), "(none)");
	cr_expect_eq(p.m->resets, 1);
	cr_expect(is_stop(peer_ask(&p, "?"), "thread:p1.1;"));
	peer_close(&p);
}

Test(gdb_extended, a_reset_that_fails_is_told)
{
	attach();
	p.m->no_reset = true;
	cr_expect_str_eq(peer_ask(&p, "vRun;"), "E.the kernel's file is gone");
	peer_close(&p);
}

Test(gdb_extended, kill_holds_the_guest_at_its_reset)
{
	attach();
	peer_ask(&p, "Z0,10008,1");
	cr_expect_str_eq(peer_ask(&p, "vKill;2"), "E03");
	cr_expect_str_eq(peer_ask(&p, "vKill;1"), "OK");
	cr_expect_not(p.m->quit);
	cr_expect_eq(p.m->resets, 1);
	cr_expect_eq(p.m->bp_count, 0);
	cr_expect_eq(p.m->state, RUN_CREATED);
	cr_expect_null(p.m->clients);
	/* No guest, and so no registers; but there is a monitor. */
	cr_expect_str_eq(peer_ask(&p, "g"), "E03");
	peer_send(&p, "qRcmd,6869");
	/* "you said hi" */
	cr_expect(!strncmp(peer_take(&p), "$O796f752073616964206869", 24));
	cr_expect(is_stop(peer_ask(&p, "vRun;"), "thread:p1.1;"));
	cr_expect_eq(p.m->resets, 2);
	peer_close(&p);
}

Test(gdb_extended, attach_after_detach)
{
	attach();
	cr_expect_str_eq(peer_ask(&p, "D;1"), "OK");
	cr_expect_eq(p.m->state, RUN_RUNNING);
	cr_expect_str_eq(peer_ask(&p, "vAttach;7"), "E03");
	cr_expect_str_eq(peer_ask(&p, "vAttach;"), "E22");
	cr_expect_str_eq(peer_ask(&p, "vAttach;1x"), "E22");
	cr_expect_str_eq(peer_ask(&p, "nothing"), "");
	cr_expect_eq(p.m->state, RUN_RUNNING);
	/* What was agreed on holds still: ids are those of processes. */
	cr_expect(is_stop(peer_ask(&p, "vAttach;1"), "thread:p1.1;"));
	cr_expect_eq(p.m->state, RUN_PAUSED);
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_close(&p);
}

Test(gdb_extended, without_it_there_is_none_of_this)
{
	peer_attach(&p, RUN_RUNNING);
	cr_expect_eq(peer_ask(&p, "vRun;")[0], 'E');
	cr_expect_eq(peer_ask(&p, "vAttach;1")[0], 'E');
	cr_expect_str_eq(peer_ask(&p, "R00"), "");
	cr_expect_eq(p.m->resets, 0);
	peer_ask(&p, "D");
	cr_expect_str_eq(peer_ask(&p, "vAttach;1"), "E03");
	cr_expect_str_eq(peer_ask(&p, "vRun;"), "E03");
	peer_ask(&p, "qSupported");
	cr_expect_str_eq(peer_ask(&p, "vKill;1"), "OK");
	cr_expect(p.m->quit);
	peer_close(&p);
}

Test(gdb_extended, the_next_debugger_asks_for_it_again)
{
	attach();
	fake_hang_up(p.cd);
	fake_chardev_free(p.cd);
	p.cd = fake_connect();
	peer_raw(&p, "+");
	peer_send(&p, "QStartNoAckMode");
	peer_raw(&p, "+");
	peer_take(&p);
	cr_expect_eq(peer_ask(&p, "vRun;")[0], 'E');
	peer_close(&p);
}

/* ---- -gdb DEV,on-disconnect= ---- */

static void attach_with(enum gdb_on_disconnect policy, enum run_state state)
{
	p.on_disconnect = policy;
	peer_attach(&p, state);
}

Test(gdb_policy, continue_runs_it_whoever_stopped_it)
{
	struct stop stop = { .reason = STOP_PAUSE };

	attach_with(GDB_CONTINUE, RUN_CREATED);
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	fake_chardev_free(p.cd);
	fake_stop(p.m, RUN_PAUSED, &stop);
	p.cd = fake_connect();
	peer_ask(&p, "?");
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_close(&p);
}

Test(gdb_policy, stop_holds_it)
{
	attach_with(GDB_STOP, RUN_RUNNING);
	peer_ask(&p, "vCont;c");
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->state, RUN_PAUSED);
	peer_close(&p);
}

Test(gdb_policy, stop_holds_it_when_it_is_detached)
{
	attach_with(GDB_STOP, RUN_RUNNING);
	cr_expect_str_eq(peer_ask(&p, "D"), "OK");
	cr_expect_eq(p.m->state, RUN_PAUSED);
	peer_close(&p);
}

Test(gdb_policy, quit_ends_the_program)
{
	attach_with(GDB_QUIT, RUN_RUNNING);
	cr_expect_not(p.m->quit);
	fake_hang_up(p.cd);
	cr_expect(p.m->quit);
	cr_expect_eq(p.m->quit_code, 0);
	peer_close(&p);
}

/* Who never said a word of the protocol was no debugger. */
Test(gdb_policy, a_stranger_is_not_a_debugger)
{
	p.on_disconnect = GDB_QUIT;
	peer_open(&p, "tcp::1", RUN_RUNNING);
	fake_hang_up(p.cd);
	cr_expect_not(p.m->quit);
	peer_close(&p);
}

Test(gdb_policy, a_new_debugger_on_a_line_is_no_end)
{
	p.on_disconnect = GDB_QUIT;
	peer_open(&p, "/dev/ttyS1", RUN_RUNNING);
	peer_send(&p, "qSupported");
	peer_send(&p, "qSupported");
	cr_expect_not(p.m->quit);
	cr_expect_eq(p.m->state, RUN_PAUSED);
	peer_close(&p);
}

/* ---- what there is not yet, and gdb lives with ---- */

Test(gdb_files, none_is_there)
{
	peer_attach(&p, RUN_RUNNING);
	cr_expect_str_eq(peer_ask(&p, "qXfer:exec-file:read:1:0,1000"), "E02");
	cr_expect_str_eq(peer_ask(&p, "qXfer:libraries:read::0,1000"),
			 "l<library-list version=\"1.0\"></library-list>\n");
	cr_expect_str_eq(peer_ask(&p, "vFile:setfs:0"), "F0");
	cr_expect_str_eq(peer_ask(&p, "vFile:setfs:1"), "F0");
	cr_expect_str_eq(peer_ask(&p, "vFile:setfs:7"), "F-1,2");
	cr_expect_str_eq(peer_ask(&p, "vFile:setfs:"), "E22");
	cr_expect_str_eq(peer_ask(&p, "vFile:open:2f,0,0"), "F-1,2");
	cr_expect_str_eq(peer_ask(&p, "vFile:readlink:2f"), "F-1,2");
	cr_expect_str_eq(peer_ask(&p, "vFile:pread:3,100,0"), "F-1,9");
	cr_expect_str_eq(peer_ask(&p, "vFile:fstat:3"), "F-1,9");
	cr_expect_str_eq(peer_ask(&p, "vFile:close:3"), "F-1,9");
	cr_expect_str_eq(peer_ask(&p, "vFile:something:3"), "");
	peer_close(&p);
}

Test(gdb_files, tables)
{
	static const char *const types[] = { "", "vcpus", "devices", "memory", "ports" };
	char packet[64];

	peer_attach(&p, RUN_RUNNING);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *reply;

		snprintf(packet, sizeof(packet), "qXfer:osdata:read:%s:0,4000", types[i]);
		reply = peer_ask(&p, packet);
		cr_expect_eq(reply[0], 'l', "%s: %s", types[i], reply);
		cr_expect(strstr(reply, "<item>") && strstr(reply, "</osdata>\n"), "%s", reply);
	}
	cr_expect(strstr(peer_ask(&p, "qXfer:osdata:read:devices:0,4000"),
			 "<column name=\"Device\">dev&lt;0&gt;"));
	cr_expect_str_eq(peer_ask(&p, "qXfer:osdata:read:processes:0,4000"), "E00");
	peer_close(&p);
}
