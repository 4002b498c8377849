// SPDX-License-Identifier: GPL-3.0-or-later
/* Packets of an attached gdb, family by family. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "gdbstub/framing.h"
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

TestSuite(gdb_session, .init = setup, .fini = teardown, .timeout = 120);

/* The registers of a stop reply for vCPU 0 at @pc, little endian. */
static const char *stop_at(unsigned pc, const char *tail)
{
	static char text[256];

	snprintf(text, sizeof(text),
		 "06:0000000000000000;07:0030010000000000;10:%02x%02x%02x0000000000;%s", pc & 0xff,
		 pc >> 8 & 0xff, pc >> 16 & 0xff, tail);
	return text;
}

/* "Tnn" and the rest. */
static void expect_stop(const char *reply, const char *signal, unsigned pc, const char *tail)
{
	cr_expect(!strncmp(reply, signal, 3), "%s", reply);
	cr_expect_str_eq(reply + 3, stop_at(pc, tail));
}

/* ---- stops ---- */

Test(gdb_session, attach_stops)
{
	expect_stop(peer_ask(&p, "?"), "T05", 0x10000, "thread:p1.1;core:0;");
}

Test(gdb_session, software_breakpoint)
{
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1"), "OK");
	cr_expect_str_eq(peer_ask(&p, "vCont;c"), "(none)");
	fake_run(p.m, 100);
	expect_stop(peer_reply(&p), "T05", 0x10008, "thread:p1.1;core:0;swbreak:;");
	/* The second vCPU is there too, and each hit is told once. */
	peer_ask(&p, "vCont;c");
	fake_run(p.m, 100);
	expect_stop(peer_reply(&p), "T05", 0x10008, "thread:p1.2;core:1;swbreak:;");
}

Test(gdb_session, hardware_breakpoint)
{
	cr_expect_str_eq(peer_ask(&p, "Z1,10001,1"), "OK");
	peer_ask(&p, "c");
	fake_run(p.m, 100);
	expect_stop(peer_reply(&p), "T05", 0x10001, "thread:p1.1;core:0;hwbreak:;");
}

Test(gdb_session, reasons_only_for_who_knows_them)
{
	peer_ask(&p, "qSupported:multiprocess-;swbreak-");
	peer_ask(&p, "Z0,10008,1");
	peer_ask(&p, "c");
	fake_run(p.m, 100);
	expect_stop(peer_reply(&p), "T05", 0x10008, "thread:1;core:0;");
}

Test(gdb_session, watchpoints)
{
	static const struct {
		char type;
		unsigned pc;
		const char *reason;
	} rows[] = { { '2', 0x10005, "watch" },
		     { '3', 0x10008, "rwatch" },
		     { '4', 0x10005, "awatch" } };
	char packet[32], tail[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(packet, sizeof(packet), "Z%c,11000,8", rows[i].type);
		cr_expect_str_eq(peer_ask(&p, packet), "OK");
		peer_ask(&p, "vCont;c:p1.1");
		fake_run(p.m, 100);
		snprintf(tail, sizeof(tail), "thread:p1.1;core:0;%s:11000;", rows[i].reason);
		expect_stop(peer_reply(&p), "T05", rows[i].pc, tail);
		packet[0] = 'z';
		cr_expect_str_eq(peer_ask(&p, packet), "OK");
	}
}

Test(gdb_session, ctrl_c)
{
	/* Without a guest that runs there is nothing to say. */
	peer_raw(&p, "\003");
	cr_expect_str_eq(peer_reply(&p), "(none)");
	peer_ask(&p, "vCont;c");
	peer_raw(&p, "\003");
	cr_expect(!strncmp(peer_reply(&p), "T02", 3));
	/* One that crossed the stop on the wire. */
	peer_raw(&p, "\003");
	cr_expect_str_eq(peer_reply(&p), "(none)");
}

Test(gdb_session, stopped_by_another_client)
{
	peer_ask(&p, "vCont;c");
	control_stop(p.m, NULL);
	expect_stop(peer_reply(&p), "T00", 0x10000, "thread:p1.1;core:0;");
}

Test(gdb_session, a_breakpoint_of_another_client_has_no_reason)
{
	struct control_client other = { .name = "other" };

	control_bp_add(p.m, &other, BP_SOFT, 0x10008, 1, 0, NULL);
	peer_ask(&p, "vCont;c");
	fake_run(p.m, 100);
	expect_stop(peer_reply(&p), "T05", 0x10008, "thread:p1.1;core:0;");
}

Test(gdb_session, triple_fault_is_explained)
{
	const char *text;

	peer_ask(&p, "P10=3000010000000000");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 100);
	text = peer_take(&p);
	/* O, "triple fault", and the stop */
	cr_expect(!strncmp(text, "$O747269706c65206661756c74#", 27), "%s", text);
	cr_expect(strstr(text, "$T0b"), "%s", text);
	/* It cannot go on, and says so. */
	peer_send(&p, "vCont;c");
	text = peer_take(&p);
	cr_expect(!strncmp(text, "$O746865206775657374", 20), "%s", text);
	cr_expect(strstr(text, "$T0b"), "%s", text);
}

/* ---- running ---- */

Test(gdb_session, vcont_query)
{
	cr_expect_str_eq(peer_ask(&p, "vCont?"), "vCont;c;C;s;S;t;r");
}

Test(gdb_session, step_one_thread_hold_the_others)
{
	peer_ask(&p, "vCont;s:p1.2");
	fake_run(p.m, 100);
	cr_expect(strstr(peer_reply(&p), "thread:p1.2;"));
	cr_expect_eq(p.m->regs[0][FAKE_RIP], 0x10000);
	cr_expect_eq(p.m->regs[1][FAKE_RIP], 0x10001);
}

/* A monitor lets the other one go meanwhile, and that comes to its breakpoint. */
Test(gdb_session, a_stop_of_another_is_told_of_the_one_that_gdb_runs)
{
	const struct stop hit = { .reason = STOP_BREAKPOINT, .vcpu = 0, .pc = 0x10008, .bp = 7 };

	cr_expect_str_eq(peer_ask(&p, "vCont;s:p1.2"), "(none)");
	fake_stop(p.m, RUN_DEBUG, &hit);
	cr_expect(!strncmp(peer_take(&p), "$T00", 4));
	cr_expect_str_eq(peer_ask(&p, "vCont;s:p1.2"), "(none)");
	fake_stop(p.m, RUN_DEBUG, &hit);
	cr_expect(strstr(peer_reply(&p), "thread:p1.2;"));
	/* When it runs all, it is told as it is. */
	peer_ask(&p, "vCont;c");
	fake_stop(p.m, RUN_DEBUG, &hit);
	cr_expect(strstr(peer_reply(&p), "thread:p1.1;"));
}

Test(gdb_session, leftmost_action_wins)
{
	peer_ask(&p, "vCont;s:p1.1;c");
	cr_expect_eq(p.m->orders[0].action, RESUME_STEP);
	cr_expect_eq(p.m->orders[1].action, RESUME_CONTINUE);
	fake_run(p.m, 100);
	peer_ask(&p, "vCont;C05:p1.-1;s");
	cr_expect_eq(p.m->orders[0].action, RESUME_CONTINUE);
	cr_expect_eq(p.m->orders[1].action, RESUME_CONTINUE);
}

Test(gdb_session, bad_vconts_run_nothing)
{
	static const char *const bad[] = { "vCont;",	    "vCont",	    "vCont;x",
					   "vCont;C",	    "vCont;c:",	    "vCont;c:zz",
					   "vCont;c:p1.1x", "vCont;c:p1.9", "vCont;c:p2.1",
					   "vCont;s:",	    "vCont;c;;",    "vCont;Sxx" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(peer_ask(&p, bad[i])[0], 'E', "%s", bad[i]);
		cr_expect_eq(p.m->state, RUN_PAUSED);
	}
}

Test(gdb_session, old_packets)
{
	peer_ask(&p, "Hc2");
	peer_ask(&p, "s");
	fake_run(p.m, 100);
	expect_stop(peer_reply(&p), "T05", 0x10001, "thread:p1.2;core:1;");
	peer_ask(&p, "S05;10009");
	fake_run(p.m, 100);
	expect_stop(peer_reply(&p), "T05", 0x10000, "thread:p1.2;core:1;");
	peer_ask(&p, "Hc-1");
	peer_ask(&p, "c10008");
	cr_expect_eq(p.m->regs[1][FAKE_RIP], 0x10008);
	cr_expect_eq(p.m->orders[0].action, RESUME_CONTINUE);
	peer_raw(&p, "\003");
	peer_ask(&p, "C05");
	cr_expect_eq(p.m->state, RUN_RUNNING);
	peer_raw(&p, "\003");
	cr_expect_str_eq(peer_ask(&p, "cxx"), "E22");
	cr_expect_str_eq(peer_ask(&p, "C"), "E22");
	cr_expect_str_eq(peer_ask(&p, "S05;"), "(none)");
}

Test(gdb_session, resumed_behind_gdbs_back)
{
	peer_ask(&p, "Z0,10008,1");
	peer_ask(&p, "qRcmd,636f6e74");
	cr_expect_eq(p.m->state, RUN_RUNNING);
	/* Requests are answered, the stop is not told to who does not wait. */
	cr_expect_str_eq(peer_ask(&p, "m10000,1"), "90");
	fake_run(p.m, 100);
	cr_expect_str_eq(peer_reply(&p), "(none)");

	control_resume_all(p.m, NULL, NULL);
	cr_expect_str_eq(peer_ask(&p, "vCont;c"), "(none)");
	fake_run(p.m, 100);
	cr_expect(strstr(peer_reply(&p), "swbreak"));

	control_resume_all(p.m, NULL, NULL);
	peer_ask(&p, "vCont;s:p1.1");
	fake_run(p.m, 1);
	cr_expect(!strncmp(peer_reply(&p), "T05", 3));

	control_resume_all(p.m, NULL, NULL);
	cr_expect(!strncmp(peer_ask(&p, "?"), "T05", 3));
	cr_expect_eq(p.m->state, RUN_PAUSED);
}

/* ---- registers ---- */

Test(gdb_session, g_ends_before_the_lazy_ones)
{
	/* 17 of 8 bytes, 7 of 4, 8 of 10, 8 of 4; the absent one is not there */
	cr_expect_eq(strlen(peer_ask(&p, "g")), 2 * (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4));
}

Test(gdb_session, p_and_P)
{
	cr_expect_str_eq(peer_ask(&p, "p10"), "0000010000000000");
	cr_expect_str_eq(peer_ask(&p, "P0=8877665544332211"), "OK");
	cr_expect_eq(p.m->regs[0][FAKE_RAX], 0x1122334455667788);
	cr_expect_str_eq(peer_ask(&p, "p29"), "0100008000000000");
	cr_expect_str_eq(peer_ask(&p, "P2a=0000000000000000"), "E.this register is fixed");
}

Test(gdb_session, bad_register_packets)
{
	static const char *const bad[] = { "p",
					   "pzz",
					   "p28",
					   /* absent */ "pff",
					   "p10x",
					   "P0",
					   "P0=",
					   "P0=00",
					   "P0=112233445566778899",
					   "P0=zz",
					   "Pff=00",
					   "G",
					   "G0",
					   "G00zz" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_str_eq(peer_ask(&p, bad[i]), "E22", "%s", bad[i]);
}

Test(gdb_session, G_writes_what_g_read)
{
	char all[2048];

	snprintf(all, sizeof(all), "G%s", peer_ask(&p, "g"));
	memcpy(all + 1, "0100000000000000", 16);
	memcpy(all + 1 + 16, "xxxxxxxxxxxxxxxx", 16);
	p.m->regs[0][1] = 7;
	cr_expect_str_eq(peer_ask(&p, all), "OK");
	cr_expect_eq(p.m->regs[0][FAKE_RAX], 1);
	cr_expect_eq(p.m->regs[0][1], 7);
	cr_expect_str_eq(peer_ask(&p, strcat(all, "00")), "E22");
}

Test(gdb_session, registers_of_the_selected_thread)
{
	cr_expect_str_eq(peer_ask(&p, "Hgp1.2"), "OK");
	cr_expect_str_eq(peer_ask(&p, "p5"), "0810010000000000");
	cr_expect_str_eq(peer_ask(&p, "Hg0"), "OK");
	cr_expect_str_eq(peer_ask(&p, "p5"), "0810010000000000");
}

/* All of a document, put together from parts of @part bytes. */
static void read_document(const char *head, unsigned part, char *out, size_t size)
{
	char packet[96];
	const char *reply;
	size_t len = 0;

	do {
		snprintf(packet, sizeof(packet), "%s:%zx,%x", head, len, part);
		reply = peer_ask(&p, packet);
		cr_assert(*reply == 'm' || *reply == 'l', "%s", reply);
		cr_assert(len + strlen(reply) < size);
		/* No character of these documents is ever escaped. */
		strcpy(out + len, reply + 1);
		len += strlen(reply) - 1;
	} while (*reply == 'm');
}

Test(gdb_session, target_description)
{
	static char whole[16384], parts[16384];

	read_document("qXfer:features:read:target.xml", 0xffff, whole, sizeof(whole));
	read_document("qXfer:features:read:target.xml", 17, parts, sizeof(parts));
	cr_expect_str_eq(whole, parts);
	cr_expect(strstr(whole, "<architecture>i386:x86-64</architecture>\n"
				"<compatible>i386</compatible>\n<feature "));
	cr_expect(strstr(whole,
			 "<reg name=\"rip\" bitsize=\"64\" regnum=\"16\" type=\"code_ptr\"/>"));
	cr_expect(strstr(
		whole,
		"<reg name=\"fop\" bitsize=\"32\" regnum=\"39\" type=\"int\" group=\"float\"/>"));
	cr_expect(strstr(whole, "<flags id=\"fake_cr0\""));
	cr_expect(strstr(whole,
			 "<reg name=\"cr0\" bitsize=\"64\" regnum=\"41\" type=\"fake_cr0\"/>"));
	cr_expect_null(strstr(whole, "absent"));
	cr_expect_str_eq(peer_ask(&p, "qXfer:features:read:other.xml:0,10"), "E00");
	cr_expect_str_eq(peer_ask(&p, "qXfer:features:read:target.xml:ffffff,10"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qXfer:features:read:target.xml"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qXfer:features:read:target.xml:0"), "E22");
}

/* ---- memory ---- */

Test(gdb_session, reads)
{
	cr_expect_str_eq(peer_ask(&p, "m10000,4"), "909048ff");
	cr_expect_str_eq(peer_ask(&p, "x10000,4"), "b\x90\x90H\xff");
	cr_expect_str_eq(peer_ask(&p, "m13ffe,8"), "0000");
	cr_expect_str_eq(peer_ask(&p, "m14000,8"), "E14");
	cr_expect_str_eq(peer_ask(&p, "x14000,8"), "E14");
	cr_expect_str_eq(peer_ask(&p, "x10000,0"), "b");
	cr_expect_str_eq(peer_ask(&p, "mffffffffffffffff,8"), "E14");
}

Test(gdb_session, much_memory_gets_runs_squeezed)
{
	peer_send(&p, "m10000,ffffffffffffffff");
	cr_expect_lt(p.cd->sent.len, 0x4000);
	cr_expect_eq(strlen(peer_reply(&p)), 0x4000 * 2);
	peer_send(&p, "m10800,40");
	cr_expect_eq(p.cd->sent.len, strlen("$#cc") + 0x40 * 2);
	peer_take(&p);
	peer_send(&p, "x10800,1000");
	cr_expect_eq(p.cd->sent.len, strlen("$b#cc") + 0x1000);
}

Test(gdb_session, registers_get_runs_squeezed)
{
	peer_send(&p, "g");
	cr_expect_lt(p.cd->sent.len, 200);
	cr_expect_eq(strlen(peer_reply(&p)), 2 * (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4));
}

Test(gdb_session, binary_reads_are_escaped)
{
	memcpy(p.m->mem + 0x100, "a}#$*", 5);
	cr_expect_str_eq(peer_ask(&p, "x10100,5"), "ba}]}\003}\004}\n");
}

Test(gdb_session, writes)
{
	cr_expect_str_eq(peer_ask(&p, "M10100,2:abcd"), "OK");
	cr_expect_eq(p.m->mem[0x100], 0xab);
	cr_expect_eq(p.m->mem[0x101], 0xcd);
	peer_send_bytes(&p, "X10100,3:\0}\003z", 13);
	cr_expect_str_eq(peer_reply(&p), "OK");
	cr_expect_arr_eq(p.m->mem + 0x100, "\0#z", 3);
	cr_expect_str_eq(peer_ask(&p, "X10100,0:"), "OK");
	cr_expect_str_eq(peer_ask(&p, "M14000,1:00"), "E14");
	cr_expect_str_eq(peer_ask(&p, "M13fff,2:0000"), "E14");
}

Test(gdb_session, bad_memory_packets)
{
	static const char *const bad[] = { "m",
					   "m0",
					   "m0,",
					   "mzz,1",
					   "m0,1x",
					   "M0,1",
					   "M0,1:",
					   "M0,1:0",
					   "M0,1:zz",
					   "M0,2:00",
					   "M10000,1:0000",
					   "X0,1",
					   "X0,2:a",
					   "X0,1:ab",
					   "x0",
					   "X0,ffffffffffffffff:a",
					   "M10000,8000000000000000:00",
					   "m10000000000000000,1" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_str_eq(peer_ask(&p, bad[i]), "E22", "%s", bad[i]);
}

/* ---- breakpoints ---- */

Test(gdb_session, breakpoint_packets_are_idempotent)
{
	cr_expect_str_eq(peer_ask(&p, "Z0,10000,1"), "OK");
	cr_expect_str_eq(peer_ask(&p, "Z0,10000,1"), "OK");
	cr_expect_eq(p.m->bp_count, 1);
	cr_expect_str_eq(peer_ask(&p, "z0,10000,1"), "OK");
	cr_expect_eq(p.m->bp_count, 0);
	cr_expect_str_eq(peer_ask(&p, "z0,10000,1"), "OK");
}

Test(gdb_session, the_fifth_hardware_breakpoint_is_refused)
{
	char packet[32];

	for (int i = 0; i < 4; i++) {
		snprintf(packet, sizeof(packet), "Z1,1000%d,1", i);
		cr_expect_str_eq(peer_ask(&p, packet), "OK");
	}
	cr_expect_str_eq(peer_ask(&p, "Z1,10008,1"), "E.all 4 debug registers are in use");
}

Test(gdb_session, watchpoints_that_the_host_lacks_are_not_supported)
{
	p.m->no_watch = true;
	cr_expect_str_empty(peer_ask(&p, "Z2,11000,8"));
	cr_expect_eq(p.m->bp_count, 0);
}

Test(gdb_session, bad_breakpoint_packets)
{
	static const char *const bad[] = { "Z",	     "Z5,0,1",	"Z0",	  "Z0,",
					   "Z0,0",   "Z0,zz,1", "Z2,0,0", "Z2,ffffffffffffffff,2",
					   "z9,0,1", "z0,0,1x" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_str_eq(peer_ask(&p, bad[i]), "E22", "%s", bad[i]);
	cr_expect_eq(p.m->bp_count, 0);
}

/* ---- threads ---- */

Test(gdb_session, threads)
{
	static char xml[4096];

	cr_expect_str_eq(peer_ask(&p, "qfThreadInfo"), "mp1.1,p1.2");
	cr_expect_str_eq(peer_ask(&p, "qsThreadInfo"), "l");
	cr_expect_str_eq(peer_ask(&p, "qC"), "QCp1.1");
	cr_expect_str_eq(peer_ask(&p, "Tp1.2"), "OK");
	cr_expect_str_eq(peer_ask(&p, "Tp1.3"), "E03");
	cr_expect_str_eq(peer_ask(&p, "Hgp1.3"), "E03");
	cr_expect_str_eq(peer_ask(&p, "Hgp2.1"), "E03");
	cr_expect_str_eq(peer_ask(&p, "Hx1"), "E22");
	cr_expect_str_eq(peer_ask(&p, "Hg"), "E22");
	read_document("qXfer:threads:read:", 0x1000, xml, sizeof(xml));
	cr_expect(strstr(xml, "<thread id=\"p1.2\" core=\"1\" name=\"vCPU1\">stopped "
			      "&lt;&amp;&gt;</thread>"),
		  "%s", xml);
	cr_expect_str_eq(peer_ask(&p, "qThreadExtraInfo,p1.1"),
			 "76435055303a2073746f70706564203c263e");
	cr_expect_str_eq(peer_ask(&p, "qThreadExtraInfo"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qThreadExtraInfo,-1"), "E22");
}

/* ---- monitor ---- */

Test(gdb_session, monitor_output_comes_as_console_text)
{
	peer_send(&p, "qRcmd,6869");
	/* O and "you said hi\n", then OK */
	cr_expect_str_eq(peer_take(&p), "$O796f7520736169642068690a#a3$OK#9a");
	cr_expect_str_eq(peer_ask(&p, "qRcmd,6"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qRcmd,zz"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qRcmd"), "E22");
}

Test(gdb_session, messages_are_shown_when_the_protocol_permits)
{
	control_message(p.m, "told");
	cr_expect_str_eq(peer_take(&p), "");
	peer_send(&p, "qRcmd,6d657373616765");
	cr_expect_str_eq(peer_take(&p), "$O746f6c64#59$O0a#e0$OK#9a");
	peer_ask(&p, "vCont;c");
	control_message(p.m, "told\n");
	cr_expect_str_eq(peer_reply(&p), "O746f6c640a");
}
