// SPDX-License-Identifier: GPL-3.0-or-later
/* Connections: strangers, second debuggers, acks, lost peers, detach and kill. */
#include <criterion/criterion.h>
#include <string.h>

#include "gdbstub/framing.h"
#include "peer.h"

TestSuite(gdb_connection, .timeout = 120);

static struct peer p;

Test(gdb_connection, a_connection_does_not_stop_the_guest)
{
	peer_open(&p, "tcp::1", RUN_RUNNING);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_raw(&p, "+");
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_send(&p, "?");
	cr_expect_eq(p.m->state, RUN_PAUSED);
	peer_close(&p);
}

Test(gdb_connection, http_is_refused)
{
	peer_open(&p, "tcp::1", RUN_RUNNING);
	peer_raw(&p, "POST / HTTP/1.1\r\nHost: x\r\n\r\n$?#3f");
	cr_expect(strstr(peer_take(&p), "GDB remote protocol"));
	cr_expect(p.cd->closed);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	fake_chardev_free(p.cd);

	/* And the next one is served. */
	p.cd = fake_connect();
	cr_expect_str_eq(peer_ask(&p, "qAttached"), "1");
	peer_close(&p);
}

Test(gdb_connection, noise_on_a_line_is_skipped)
{
	peer_open(&p, "/dev/ttyS1", RUN_RUNNING);
	peer_raw(&p, "login: \r\n");
	cr_expect_str_empty(peer_take(&p));
	cr_expect_str_eq(peer_ask(&p, "qAttached"), "1");
	peer_close(&p);
}

Test(gdb_connection, second_debugger_is_told_and_closed)
{
	struct chardev *second;
	int i;

	peer_attach(&p, RUN_RUNNING);
	second = fake_connect();
	cr_expect_not(second->closed);
	fake_input(second, "+$qSupported#37", 15);
	cr_expect_str_eq(strbuf_str(&second->sent), "+$E.another debugger is attached#23");
	/* It has to read that; then it hangs up, or is hung up on. */
	cr_expect_not(second->closed);
	for (i = 1; i < 100 && !second->closed; i++)
		fake_input(second, "$g#67", 5);
	cr_expect_eq(i, 32);
	cr_expect_str_eq(peer_ask(&p, "qAttached"), "1");
	fake_chardev_free(second);
	peer_close(&p);
}

Test(gdb_connection, the_next_may_come_before_the_end_of_the_last_is_seen)
{
	struct chardev *first;

	peer_attach(&p, RUN_RUNNING);
	first = p.cd;
	p.cd = fake_connect();
	fake_hang_up(first);
	fake_chardev_free(first);
	peer_raw(&p, "+");
	cr_expect_str_eq(peer_ask(&p, "qAttached"), "1");
	cr_expect_eq(p.m->state, RUN_PAUSED);
	peer_close(&p);
}

Test(gdb_connection, too_many_are_closed_at_once)
{
	struct chardev *others[12];
	int closed = 0;

	peer_attach(&p, RUN_RUNNING);
	for (int i = 0; i < 12; i++)
		others[i] = fake_connect();
	for (int i = 0; i < 12; i++)
		closed += others[i]->closed;
	cr_expect_eq(closed, 4);
	/* A place becomes free when one of them goes. */
	fake_hang_up(others[0]);
	fake_chardev_free(others[0]);
	others[0] = fake_connect();
	cr_expect_not(others[0]->closed);
	peer_close(&p);
	for (int i = 0; i < 12; i++)
		fake_chardev_free(others[i]);
}

Test(gdb_connection, a_silent_connection_keeps_nobody_out)
{
	struct chardev *silent;

	peer_open(&p, "tcp::1", RUN_RUNNING);
	silent = p.cd;
	p.cd = fake_connect();
	cr_expect(silent->closed);
	cr_expect_str_eq(peer_ask(&p, "qAttached"), "1");
	fake_chardev_free(silent);
	peer_close(&p);
}

Test(gdb_connection, acks)
{
	peer_open(&p, "tcp::1", RUN_RUNNING);
	peer_send(&p, "qAttached");
	cr_expect_str_eq(peer_take(&p), "+$1#31");
	peer_raw(&p, "-");
	cr_expect_str_eq(peer_take(&p), "$1#31");
	peer_raw(&p, "-");
	cr_expect_str_eq(peer_take(&p), "$1#31");
	peer_raw(&p, "+");
	cr_expect_str_empty(peer_take(&p));
	peer_raw(&p, "$qAttached#00");
	cr_expect_str_eq(peer_take(&p), "-");
	peer_close(&p);
}

Test(gdb_connection, no_ack_mode)
{
	peer_attach(&p, RUN_RUNNING);
	peer_send(&p, "qAttached");
	cr_expect_str_eq(peer_take(&p), "$1#31");
	peer_raw(&p, "-");
	cr_expect_str_empty(peer_take(&p));
	peer_raw(&p, "$qAttached#00");
	cr_expect_str_eq(peer_reply(&p), "E74");
	cr_expect_str_eq(peer_ask(&p, "qAttached"), "1");
	peer_close(&p);
}

Test(gdb_connection, a_packet_that_is_too_long_gets_an_error)
{
	size_t len = GDB_PACKET_MAX + 10;
	char *data = malloc(len);

	memset(data, 'm', len);
	peer_attach(&p, RUN_RUNNING);
	peer_send_bytes(&p, data, len);
	cr_expect_str_eq(peer_reply(&p), "E07");
	cr_expect_str_eq(peer_ask(&p, "qAttached"), "1");
	free(data);
	peer_close(&p);
}

Test(gdb_connection, unknown_packets_get_the_empty_reply)
{
	static const char *const unknown[] = {
		"vMustReplyEmpty", "vFooBar", "qOffsets", "QCatchSyscalls:1", "", "\x01", "qCRC"
	};

	peer_attach(&p, RUN_RUNNING);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		cr_expect_str_empty(peer_ask(&p, unknown[i]), "\"%s\"", unknown[i]);
	peer_close(&p);
}

Test(gdb_connection, lost_peer_leaves_a_clean_running_guest)
{
	peer_attach(&p, RUN_RUNNING);
	cr_expect_str_eq(peer_ask(&p, "Z0,10000,1"), "OK");
	cr_expect_str_eq(peer_ask(&p, "Z2,11000,8"), "OK");
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->bp_count, 0);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	cr_expect_null(p.m->clients);
	peer_close(&p);
}

Test(gdb_connection, lost_at_its_own_breakpoint)
{
	peer_attach(&p, RUN_RUNNING);
	peer_ask(&p, "Z0,10008,1");
	peer_ask(&p, "vCont;c");
	fake_run(p.m, 100);
	cr_expect_eq(p.m->state, RUN_DEBUG);
	/* As gdb does it at every stop. */
	peer_ask(&p, "z0,10008,1");
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_close(&p);
}

Test(gdb_connection, lost_at_entry_holds)
{
	peer_attach(&p, RUN_CREATED);
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->state, RUN_CREATED);
	peer_close(&p);
}

Test(gdb_connection, lost_while_running)
{
	peer_attach(&p, RUN_RUNNING);
	peer_ask(&p, "vCont;c");
	fake_hang_up(p.cd);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_close(&p);
}

Test(gdb_connection, detach_at_entry_runs)
{
	peer_attach(&p, RUN_CREATED);
	cr_expect_str_eq(peer_ask(&p, "D;1"), "OK");
	cr_expect_eq(p.m->state, RUN_RUNNING);
	cr_expect_null(p.m->clients);
	peer_close(&p);
}

Test(gdb_connection, detach_leaves_the_stop_of_another_client)
{
	struct stop stop = { .reason = STOP_PAUSE };

	peer_open(&p, "tcp::1", RUN_RUNNING);
	fake_stop(p.m, RUN_PAUSED, &stop);
	peer_send(&p, "?");
	peer_send(&p, "D");
	cr_expect_eq(p.m->state, RUN_PAUSED);
	peer_close(&p);
}

Test(gdb_connection, after_detach_the_guest_is_left_alone)
{
	peer_attach(&p, RUN_RUNNING);
	peer_ask(&p, "D;1");
	cr_expect_str_eq(peer_ask(&p, "g"), "E03");
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_ask(&p, "qSupported");
	cr_expect_eq(p.m->state, RUN_PAUSED);
	cr_expect_str_eq(peer_ask(&p, "qAttached"), "1");
	peer_close(&p);
}

Test(gdb_connection, reattach_over_a_line)
{
	peer_open(&p, "/dev/ttyS1", RUN_RUNNING);
	for (int i = 0; i < 3; i++) {
		peer_raw(&p, "+");
		peer_send(&p, "QStartNoAckMode");
		peer_raw(&p, "+");
		cr_expect_str_eq(peer_take(&p), "+$OK#9a");
		cr_expect_eq(p.m->state, RUN_PAUSED);
		peer_send(&p, "D");
		cr_expect_str_eq(peer_take(&p), "$OK#9a");
		cr_expect_eq(p.m->state, RUN_RUNNING);
	}
	peer_close(&p);
}

Test(gdb_connection, a_new_gdb_on_a_line_takes_over_from_a_dead_one)
{
	peer_open(&p, "/dev/ttyS1", RUN_RUNNING);
	peer_raw(&p, "+");
	peer_send(&p, "QStartNoAckMode");
	peer_raw(&p, "+");
	peer_send(&p, "Z0,10000,1");
	peer_take(&p);
	/* The first gdb was killed; this is how a second one begins. */
	peer_raw(&p, "+");
	cr_expect_eq(p.m->bp_count, 0);
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_send(&p, "qAttached");
	cr_expect_str_eq(peer_take(&p), "+$1#31");
	peer_close(&p);
}

Test(gdb_connection, a_new_gdb_after_half_a_packet_of_a_dead_one)
{
	peer_open(&p, "/dev/ttyS1", RUN_RUNNING);
	peer_raw(&p, "+");
	peer_send(&p, "qSupported");
	peer_send(&p, "QStartNoAckMode");
	peer_raw(&p, "+$m1000");
	peer_take(&p);
	peer_raw(&p, "+");
	peer_send(&p, "qSupported");
	cr_expect(!strncmp(peer_take(&p), "+$PacketSize", 12));
	peer_close(&p);
}

Test(gdb_connection, lldb_leaves_acks_behind_before_it_introduces_itself)
{
	peer_open(&p, "/dev/ttyS1", RUN_RUNNING);
	peer_raw(&p, "+");
	peer_send(&p, "QStartNoAckMode");
	peer_raw(&p, "+");
	peer_take(&p);
	peer_send(&p, "qSupported");
	cr_expect(!strncmp(peer_take(&p), "$PacketSize", 11));
	peer_close(&p);
}

Test(gdb_connection, a_line_gets_runs_squeezed)
{
	peer_open(&p, "/dev/ttyS1", RUN_RUNNING);
	peer_send(&p, "m10100,8");
	/* sixteen zeroes: one, and twelve more, and three more */
	cr_expect(strstr(peer_take(&p), "0*"));
	peer_close(&p);
}

Test(gdb_connection, kill)
{
	peer_attach(&p, RUN_RUNNING);
	cr_expect_str_eq(peer_ask(&p, "vKill;1"), "OK");
	cr_expect(p.m->quit);
	p.m->quit = false;
	cr_expect_str_eq(peer_ask(&p, "k"), "(none)");
	cr_expect(p.m->quit);
	peer_close(&p);
}

Test(gdb_connection, exit_is_told_to_who_waits)
{
	peer_attach(&p, RUN_RUNNING);
	fake_exit(p.m, 3);
	cr_expect_str_eq(peer_take(&p), "");
	peer_ask(&p, "vCont;c");
	fake_exit(p.m, 3);
	cr_expect_str_eq(peer_reply(&p), "W03;process:1");
	peer_close(&p);
}

Test(gdb_connection, a_thousand_reconnects)
{
	peer_open(&p, "tcp::1", RUN_RUNNING);
	for (int i = 0; i < 1000; i++) {
		cr_assert_str_eq(peer_ask(&p, "Z0,10000,1"), "OK");
		fake_hang_up(p.cd);
		fake_chardev_free(p.cd);
		cr_assert_eq(p.m->state, RUN_RUNNING);
		p.cd = fake_connect();
	}
	peer_close(&p);
}

Test(gdb_connection, a_dev_that_fails_is_explained)
{
	struct gdbstub_config cfg = { .dev = "wrong" };
	struct error err = { "" };
	struct gdbstub *stub;

	cr_expect_lt(gdbstub_create(&stub, NULL, NULL, &cfg, &err), 0);
	cr_expect_str_eq(err.text, "-gdb wrong: no such device");
}

Test(gdb_connection, target_is_what_gdb_takes)
{
	peer_open(&p, "unix:/run/x.gdb", RUN_CREATED);
	cr_expect_str_eq(gdbstub_target(p.stub), "/run/x.gdb");
	peer_close(&p);
	peer_open(&p, "tcp:127.0.0.1:1234", RUN_CREATED);
	cr_expect_str_eq(gdbstub_target(p.stub), "127.0.0.1:1234");
	peer_close(&p);
	peer_open(&p, "stdio", RUN_CREATED);
	cr_expect_null(gdbstub_target(p.stub));
	peer_close(&p);
}
