// SPDX-License-Identifier: GPL-3.0-or-later
/* Tracepoint packets: what is defined, collected, looked at, given back, and refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
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

TestSuite(gdb_trace, .init = setup, .fini = teardown, .timeout = 120);

/* The guest's loop: incq (%rdi) at 10002, mov (%rdi),%rax at 10005, nop at 10008; rdi is
 * register 5. */

static void ok(const char *packet)
{
	cr_expect_str_eq(peer_ask(&p, packet), "OK", "%s", packet);
}

static void says(const char *packet, const char *reply)
{
	cr_expect_str_eq(peer_ask(&p, packet), reply, "%s", packet);
}

/* Asks @packet; whether the answer has @part in it. */
static void has(const char *packet, const char *part)
{
	const char *reply = peer_ask(&p, packet);

	cr_expect(strstr(reply, part), "%s: no %s in %s", packet, part, reply);
}

static void refused(const char *packet)
{
	const char *reply = peer_ask(&p, packet);

	cr_expect(reply[0] == 'E', "%s: %s", packet, reply);
}

static void run(unsigned instructions)
{
	peer_ask(&p, "vCont;c");
	fake_run(p.m, instructions);
	peer_raw(&p, "\003");
	peer_take(&p);
}

/* Tracepoint 1 at the mov collects registers and the counter. */
static void define_one(const char *tail)
{
	char packet[128];

	ok("QTinit");
	snprintf(packet, sizeof(packet), "QTDP:1:10005:E:%s-", tail);
	ok(packet);
	ok("QTDP:-1:10005:R3ffffM5,0,8");
}

/* Frame @n is of tracepoint @t, and its counter at @addr is @value. */
static void frame(unsigned n, unsigned t, unsigned addr, unsigned value)
{
	char packet[32], reply[32];

	snprintf(packet, sizeof(packet), "QTFrame:%x", n);
	snprintf(reply, sizeof(reply), "F%xT%x", n, t);
	says(packet, reply);
	snprintf(packet, sizeof(packet), "m%x,8", addr);
	snprintf(reply, sizeof(reply), "%02x%02x000000000000", value & 0xff, value >> 8);
	says(packet, reply);
}

Test(gdb_trace, nothing_ran_yet)
{
	says("qTStatus", "T0;tnotrun:0;tframes:0;tcreated:0;tsize:500000;tfree:500000;circular:0;"
			 "disconn:0;starttime:0;stoptime:0;username:;notes:");
	says("qTfP", "l");
	says("qTsP", "l");
	says("qTfV", "1:0:1:74726163655f74696d657374616d70");
	says("qTsV", "l");
	says("qTBuffer:0,100", "l");
	says("QTFrame:0", "F-1");
	says("qTMinFTPILen", "1");
	ok("QTFrame:ffffffff");
	ok("QTFrame:-1");
	ok("QTStop");
}

Test(gdb_trace, collects_and_replays)
{
	const char *g;

	define_one("0:0");
	ok("QTStart");
	has("qTStatus", "T1;tframes:0;");
	run(60); /* ten rounds of both vCPUs */
	ok("QTStop");
	has("qTStatus", "T0;tstop::0;tframes:14;tcreated:14;");
	says("qTP:1:10005", "V14:1798");
	/* The vCPUs take turns. */
	for (unsigned i = 0; i < 20; i++)
		frame(i, 1, 0x11000 + 8 * (i % 2), i / 2 + 1);
	says("QTFrame:14", "F-1");
	/* The last one stays selected: its registers, not the guest's. */
	says("p10", "0500010000000000");
	says("p5", "0810010000000000");
	g = peer_ask(&p, "g");
	cr_expect_eq(strlen(g), 2 * 276);
	says("p29", "xxxxxxxxxxxxxxxx"); /* not of those that `g` has */
	says("m11008,10", "0a00000000000000");
	says("m11000,8", "E14");
	says("m10000,4", "E14");
	refused("P5=0000000000000000");
	refused("M11008,1:00");
	refused("X11008,1:z");
	ok("QTFrame:-1");
	cr_expect_str_neq(peer_ask(&p, "p10"), "E01");
	says("m10000,4", "909048ff");
	ok("M11008,1:00");
}

Test(gdb_trace, says_what_a_frame_has)
{
	define_one("0:0");
	ok("QTDP:2:10008:E:0:0-");
	ok("QTDP:-2:10008:M-1,11008,2MFFFFFFFF,13ffe,8X4,2e000127");
	ok("QTStart");
	run(6);
	says("QTFrame:tdp:2", "F2T2");
	has("qXfer:traceframe-info:read::0,1000",
	    "<memory start=\"0x11008\" length=\"0x2\"/>\n"
	    "<memory start=\"0x13ffe\" length=\"0x2\"/>\n<tvar id=\"0x1\"/>\n");
	/* No registers: only where it is. */
	says("p10", "0800010000000000");
	says("p5", "xxxxxxxxxxxxxxxx");
	cr_expect_eq(peer_ask(&p, "qTV:1")[0], 'V');
	says("qTV:2", "U");
	/* What is said never to change is read from the guest. */
	ok("QTro:10000,10010:11000,11002");
	says("m10000,4", "909048ff");
	says("m1000e,4", "0000");
	ok("QTro");
	says("m10000,4", "E14");
	ok("QTFrame:-1");
	refused("qXfer:traceframe-info:read:x:0,1000");
	has("qXfer:traceframe-info:read::0,1000", "<traceframe-info>\n</traceframe-info>");
}

Test(gdb_trace, looks_for_frames)
{
	define_one("0:0");
	ok("QTDP:2:10008:E:0:0");
	ok("QTStart");
	run(18); /* 1 1 2 2, three times */
	says("QTFrame:pc:10008", "F2T2");
	says("QTFrame:pc:10008", "F3T2");
	says("QTFrame:tdp:1", "F4T1");
	says("QTFrame:range:10006:10008", "F6T2");
	says("QTFrame:outside:10006:10008", "F8T1");
	says("QTFrame:tdp:3", "F-1");
	says("QTFrame:range:0:100", "F-1");
	/* Not found: still at the same one. */
	says("QTFrame:pc:10005", "F9T1");
	says("QTFrame:3", "F3T2");
}

Test(gdb_trace, conditions)
{
	/* *rdi & 1 */
	define_one("0:0:X8,2600051a22010f27");
	ok("QTStart");
	run(60);
	has("qTStatus", "tframes:a;");
	frame(0, 1, 0x11000, 1);
	frame(2, 1, 0x11000, 3);
	frame(9, 1, 0x11008, 9);
	says("qTP:1:10005", "Va:bcc");
}

Test(gdb_trace, a_condition_that_cannot_be_evaluated_ends_it)
{
	/* *(uint64_t *)0 */
	define_one("0:0:X4,22001a27");
	ok("QTStart");
	run(60);
	has("qTStatus", "T0;terror:");
	has("qTStatus", ":1;tframes:0;");
	/* Nothing is left in the guest. */
	cr_expect_eq(p.m->bp_count, 0);
}

Test(gdb_trace, memory_that_is_not_there_is_left_out)
{
	ok("QTinit");
	ok("QTDP:1:10005:E:0:0-");
	/* Twice where rax points to: it is 0. */
	ok("QTDP:-1:10005:X7,26000022080c27M5,0,8-");
	ok("QTDP:-1:10005:M0,0,8");
	ok("QTStart");
	run(6);
	has("qTStatus", "T1;tframes:2;");
	frame(0, 1, 0x11000, 1);
	says("m0,1", "E14");
}

Test(gdb_trace, pass_count)
{
	define_one("0:3");
	ok("QTStart");
	run(60);
	has("qTStatus", "T0;tpasscount:1;tframes:3;");
	says("qTP:1:10005", "V3:38a");
	cr_expect_eq(p.m->bp_count, 0);
}

Test(gdb_trace, while_stepping)
{
	ok("QTinit");
	ok("QTDP:1:10002:E:3:0-");
	ok("QTDP:-1:10002:M5,0,8-");
	ok("QTDP:-1:10002:SR1M5,0,8");
	ok("QTStart");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 20);
	peer_raw(&p, "\003");
	peer_take(&p);
	frame(0, 1, 0x11000, 0);
	frame(1, 1, 0x11000, 1);
	says("p10", "0500010000000000");
	says("QTFrame:2", "F2T1");
	says("p10", "0800010000000000");
	says("QTFrame:3", "F3T1");
	says("p10", "0900010000000000");
	frame(4, 1, 0x11000, 1);
	says("QTFrame:pc:10009", "F7T1");
	says("qTP:1:10002", "V3:ae9");
}

Test(gdb_trace, a_pass_count_counts_its_steps)
{
	ok("QTinit");
	ok("QTDP:1:10002:E:2:1-");
	ok("QTDP:-1:10002:SM5,0,8");
	ok("QTStart");
	run(60);
	has("qTStatus", "T0;tpasscount:1;tframes:3;");
}

Test(gdb_trace, too_many_that_step)
{
	char packet[64];

	ok("QTinit");
	for (int i = 1; i <= FAKE_MAX_FOLLOWED + 1; i++) {
		snprintf(packet, sizeof(packet), "QTDP:%x:10002:E:ffff:0", i);
		ok(packet);
	}
	ok("QTStart");
	run(60);
	has("qTStatus", "T0;terror:");
}

Test(gdb_trace, variables)
{
	ok("QTinit");
	ok("QTDV:2:5:0:78");
	ok("QTDV:3:ffffffffffffffff:0:6d696e7573");
	ok("QTDV:1:0:1:74726163655f74696d657374616d70");
	refused("QTDV:1:0:0:79");
	says("qTfV", "1:0:1:74726163655f74696d657374616d70");
	says("qTsV", "2:5:0:78");
	says("qTsV", "3:ffffffffffffffff:0:6d696e7573");
	says("qTsV", "l");
	/* $x = $x + 1, and collect it */
	ok("QTDP:1:10005:E:0:0-");
	ok("QTDP:-1:10005:Xd,2c00022201022d00022e000227");
	ok("QTStart");
	refused("QTDV:4:0:0:79");
	run(18);
	says("qTV:2", "Vb");
	says("qTV:3", "Vffffffffffffffff");
	says("qTV:4", "U");
	says("QTFrame:0", "F0T1");
	says("qTV:2", "V6");
	says("QTFrame:5", "F5T1");
	says("qTV:2", "Vb");
	ok("QTFrame:-1");
	ok("QTStop");
	/* They begin anew, and go with QTinit. */
	ok("QTStart");
	says("qTV:2", "V5");
	ok("QTinit");
	says("qTV:2", "U");
	cr_expect_eq(peer_ask(&p, "qTV:1")[0], 'V');
}

Test(gdb_trace, an_unknown_variable_ends_it)
{
	ok("QTinit");
	ok("QTDP:1:10005:E:0:0-");
	ok("QTDP:-1:10005:X4,2e000927");
	ok("QTStart");
	run(18);
	has("qTStatus", "T0;terror:");
}

Test(gdb_trace, strings)
{
	memcpy(&p.m->mem[0x12000 - FAKE_BASE], "vitrine", 8);
	ok("QTinit");
	ok("QTDP:1:10005:E:0:0-");
	/* tracenz(0x12000, 100) */
	ok("QTDP:-1:10005:X9,240001200022642f27");
	ok("QTStart");
	run(6);
	says("QTFrame:0", "F0T1");
	says("m12000,100", "76697472696e6500");
}

Test(gdb_trace, a_full_buffer_ends_it)
{
	ok("QTBuffer:size:400");
	define_one("0:0");
	ok("QTStart");
	run(60);
	/* 6 + 277 + 19 bytes each */
	has("qTStatus", "T0;tfull:0;tframes:3;tcreated:3;tsize:400;tfree:76;circular:0");
	frame(2, 1, 0x11000, 2);
	cr_expect_eq(p.m->bp_count, 0);
}

Test(gdb_trace, a_circular_buffer_keeps_the_last)
{
	ok("QTBuffer:size:400");
	ok("QTBuffer:circular:1");
	define_one("0:0");
	ok("QTStart");
	refused("QTBuffer:size:500");
	run(60);
	has("qTStatus", "T1;tframes:3;tcreated:14;tsize:400;tfree:76;circular:1");
	frame(0, 1, 0x11008, 9);
	frame(1, 1, 0x11000, 10);
	frame(2, 1, 0x11008, 10);
	/* The selected one goes. */
	says("QTFrame:0", "F0T1");
	peer_ask(&p, "vCont;c");
	fake_run(p.m, 18);
	ok("QTStop");
	says("m11008,8", "E14");
	says("p10", "xxxxxxxxxxxxxxxx");
	ok("QTBuffer:size:-1");
	ok("QTBuffer:size:ffffffffffffffff");
	ok("QTBuffer:circular:0");
}

Test(gdb_trace, enabled_and_disabled)
{
	ok("QTinit");
	ok("QTDP:1:10005:D:0:0");
	ok("QTStart");
	cr_expect_eq(p.m->bp_count, 0);
	run(12);
	has("qTStatus", "tframes:0;");
	ok("QTEnable:1:10005");
	run(12);
	has("qTStatus", "tframes:4;");
	ok("QTDisable:1:10005");
	ok("QTDisable:1:10005");
	cr_expect_eq(p.m->bp_count, 0);
	run(12);
	has("qTStatus", "tframes:4;");
	/* One that comes while it runs. */
	ok("QTDP:2:10008:E:0:0");
	run(12);
	has("qTStatus", "tframes:8;");
	says("QTEnable:3:10005", "E02");
	says("QTEnable:2:10008x", "E22");
}

Test(gdb_trace, gives_back_what_was_defined)
{
	ok("QTinit");
	ok("QTDP:1:10005:E:2:3:X8,2600051a22010f27-");
	ok("QTDP:-1:10005:R3ffffM5,0,8-");
	ok("QTDP:-1:10005:SR1-");
	ok("QTDP:-1:10005:M5,0,8");
	ok("QTDPsrc:1:10005:cond:0:5:2a702631");
	ok("QTDPsrc:1:10005:cmd:0:d:636f6c6c656374202472656773");
	ok("QTDP:2:10008:D:0:0:F3");
	says("qTfP", "T1:10005:E:2:3:X8,2600051a22010f27");
	says("qTsP", "A1:10005:R3ffffM5,0,8");
	says("qTsP", "S1:10005:R1");
	says("qTsP", "S1:10005:M5,0,8");
	says("qTsP", "Z1:10005:cond:0:5:2a702631");
	says("qTsP", "Z1:10005:cmd:0:d:636f6c6c656374202472656773");
	says("qTsP", "T2:10008:D:0:0");
	says("qTsP", "l");
	says("qTsP", "l");
	/* In the middle of it they go. */
	says("qTfP", "T1:10005:E:2:3:X8,2600051a22010f27");
	ok("QTinit");
	says("qTsP", "l");
}

Test(gdb_trace, notes)
{
	ok("QTNotes:user:6d65;notes:776879;tstop:646f6e65");
	define_one("0:0");
	ok("QTStart");
	has("qTStatus", ";username:6d65;notes:776879");
	ok("QTNotes:notes:;");
	ok("QTStop");
	has("qTStatus", "T0;tstop:646f6e65:0;");
	has("qTStatus", ";username:6d65;notes:");
}

/* Frames as `tsave` gets them: number, length, R, M. */
Test(gdb_trace, uploads_frames)
{
	char *all;
	const char *part;
	size_t len = 0;

	define_one("0:0");
	ok("QTStart");
	run(12);
	ok("QTStop");
	all = strdup(peer_ask(&p, "qTBuffer:0,10000"));
	cr_assert_eq(strlen(all), 2 * 4 * (6 + 277 + 19));
	cr_expect(!strncmp(all,
			   "010028010000"
			   "52",
			   14),
		  "%.20s", all);
	cr_expect(!strncmp(all + 2 * (6 + 277),
			   "4d"
			   "0010010000000000"
			   "0800"
			   "01000000",
			   28));
	while (*(part = peer_ask(&p, "qTBuffer:0,0")) != 'l')
		cr_assert_fail("%s", part);
	for (;;) {
		char packet[48];

		snprintf(packet, sizeof(packet), "qTBuffer:%zx,64", len / 2);
		part = peer_ask(&p, packet);
		if (*part == 'l')
			break;
		cr_assert(!strncmp(all + len, part, strlen(part)));
		len += strlen(part);
	}
	cr_expect_eq(len, strlen(all));
	says("qTBuffer:ffffffffffffffff,10", "l");
	free(all);
}

Test(gdb_trace, ends_when_gdb_leaves)
{
	define_one("0:0");
	ok("QTDisconnected:0");
	ok("QTStart");
	ok("D");
	cr_expect_eq(p.m->bp_count, 0);
	peer_send(&p, "qSupported");
	peer_take(&p);
	has("qTStatus", "T0;tdisconnected:0;");
}

Test(gdb_trace, goes_on_when_gdb_leaves)
{
	define_one("0:0");
	ok("QTDisconnected:1");
	ok("QTStart");
	says("QTFrame:0", "F-1");
	ok("D");
	fake_run(p.m, 12);
	peer_send(&p, "qSupported");
	peer_take(&p);
	has("qTStatus", "T1;tframes:4;");
	says("qTfP", "T1:10005:E:0:0");
	frame(0, 1, 0x11000, 1);
	ok("QTStop");
	has("qTStatus", "T0;tstop::0;tframes:4;");
}

/* Breakpoints of gdb and tracepoints at one address. */
Test(gdb_trace, beside_a_breakpoint)
{
	define_one("0:0");
	ok("QTStart");
	ok("Z0,10005,1");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 20);
	cr_expect(strstr(peer_reply(&p), "swbreak:;"));
	ok("z0,10005,1");
	has("qTStatus", "T1;tframes:1;");
	run(7);
	has("qTStatus", "T1;tframes:3;");
}

/* A monitor's `delete` takes the breakpoint: the trace goes on without it. */
Test(gdb_trace, a_breakpoint_that_somebody_deletes)
{
	struct bp_info info;

	define_one("0:0");
	ok("QTStart");
	cr_assert(control_bp_get(p.m, 0, &info));
	cr_expect_eq(control_bp_delete(p.m, info.id), 0);
	run(12);
	has("qTStatus", "T1;tframes:0;");
	ok("QTDisable:1:10005");
	ok("QTEnable:1:10005");
	run(12);
	has("qTStatus", "T1;tframes:4;");
}

Test(gdb_trace, one_that_cannot_be_set_stops_the_start)
{
	char packet[64];

	ok("QTinit");
	for (unsigned i = 0; i <= FAKE_MAX_BPS; i++) {
		snprintf(packet, sizeof(packet), "QTDP:1:%x:E:0:0", 0x10100 + i);
		ok(packet);
	}
	says("QTStart", "E.tracepoint 1: too many breakpoints");
	cr_expect_eq(p.m->bp_count, 0);
	has("qTStatus", "T0;tstop::0;");
}

Test(gdb_trace, saves_no_files)
{
	has("QTSave:2f746d702f78", "E.");
}

Test(gdb_trace, refuses_what_is_malformed)
{
	static const char *const packets[] = {
		"QTDP",
		"QTDP:",
		"QTDP:-",
		"QTDP:1",
		"QTDP:1:10005",
		"QTDP:1:10005:",
		"QTDP:1:10005:X:0:0",
		"QTDP:1:10005:E",
		"QTDP:1:10005:E:0",
		"QTDP:1:10005:E:0:",
		"QTDP:1:10005:E:0:0x",
		"QTDP:1:10005:E:0:0:",
		"QTDP:1:10005:E:0:0:S",
		"QTDP:1:10005:E:0:0:F",
		"QTDP:1:10005:E:0:0:X",
		"QTDP:1:10005:E:0:0:X0,",
		"QTDP:1:10005:E:0:0:X4,2200",
		"QTDP:1:10005:E:0:0:X1,27", /* no value */
		"QTDP:1:10005:E:0:0:X1,ff",
		"QTDP:1:10005:E:0:0:X4,2e000127", /* a condition that collects */
		"QTDP:1:10005:E:0:0:X3,22012722",
		"QTDP:1:10005:E:0:0:X3,220127:X3,220127",
		"QTDP:1:10005:E:0:0:X10000,00",
		"QTDP:0:10005:E:0:0",
		"QTDP:8000:10005:E:0:0",
		"QTDP:10000000000000000:10005:E:0:0",
		"QTDP:-1:10005:R1", /* not begun */
		"QTDP:-1:10005",
		"QTDPsrc",
		"QTDPsrc:1:10005:at:0:1:41", /* not there */
		"QTDV",
		"QTDV:",
		"QTDV:2",
		"QTDV:2:0",
		"QTDV:2:0:0",
		"QTDV:2:0:0:zz",
		"QTDV:100000000:0:0:41",
		"qTV",
		"qTV:",
		"qTV:zz",
		"qTV:1x",
		"QTro:",
		"QTro:1",
		"QTro:5,1",
		"QTro:1,5x",
		"QTEnable",
		"QTEnable:1",
		"QTDisable:1:1",
		"QTBuffer:circular",
		"QTBuffer:circular:",
		"QTBuffer:circular:1x",
		"QTBuffer:size",
		"QTBuffer:size:",
		"QTBuffer:size:-2",
		"QTBuffer:size:0",
		"QTBuffer:size:40000001",
		"QTNotes",
		"QTNotes:what:41",
		"QTNotes:user:4z",
		"QTNotes:user",
		"QTFrame",
		"QTFrame:",
		"QTFrame:x",
		"QTFrame:1x",
		"QTFrame:pc:",
		"QTFrame:range:1",
		"QTFrame:range:1:2:3",
		"QTFrame:outside:1:",
		"QTDisconnected",
		"QTDisconnected:",
		"QTDisconnected:1x",
		"qTP",
		"qTP:1",
		"qTP:1:2",
		"qTBuffer",
		"qTBuffer:",
		"qTBuffer:1",
		"qTBuffer:1,",
		"qTBuffer:1,1x",
		"qXfer:traceframe-info:read:",
	};

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
		refused(packets[i]);
	/* None of them left anything. */
	says("qTfP", "l");
	ok("QTStart");
	refused("QTStart");
}

Test(gdb_trace, refuses_malformed_actions)
{
	static const char *const actions[] = {
		"R",	   "M",	      "M1",	 "M1,2",      "M1,2,",		"M1,2,0",
		"M-2,0,1", "M28,0,1", "M29,0,",	 "M1000,0,1", "M-1,0,100001",	"X",
		"X1",	   "X1,",     "X1,27zz", "X2,27",     "X1,0c",		"L",
		"R1L",	   "R1S",     "SS",	 "R1-M",      "Xffffffffff,00", "X3,260028",
	};
	char packet[96];

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		ok("QTDP:1:10005:E:0:0-");
		snprintf(packet, sizeof(packet), "QTDP:-1:10005:%s", actions[i]);
		refused(packet);
		/* The whole of it is gone. */
		says("qTfP", "l");
	}
}

Test(gdb_trace, one_that_is_not_complete_does_not_start)
{
	ok("QTDP:1:10005:E:0:0-");
	says("QTStart", "E.tracepoint 1 is not complete");
	refused("QTDP:1:10005:E:0:0");
}
