// SPDX-License-Identifier: GPL-3.0-or-later
/* What lldb asks. */
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

TestSuite(gdb_lldb, .init = setup, .fini = teardown, .timeout = 120);

#define TRIPLE "triple:7838365f36342d756e6b6e6f776e2d6e6f6e65;ptrsize:8;endian:little;"

Test(gdb_lldb, who_is_there)
{
	cr_expect_str_eq(peer_ask(&p, "qHostInfo"), TRIPLE);
	cr_expect_str_eq(peer_ask(&p, "qProcessInfo"), "pid:1;" TRIPLE);
	cr_expect(!strncmp(peer_ask(&p, "qGDBServerVersion"), "name:vitrine;version:", 21));
	cr_expect_str_eq(peer_ask(&p, "qStructuredDataPlugins"), "[]");
	cr_expect_str_eq(peer_ask(&p, "qWatchpointSupportInfo:"), "num:4;");
	cr_expect_str_eq(peer_ask(&p, "QSetDetachOnError:1"), "OK");
	cr_expect_eq(peer_ask(&p, "QSetDetachOnError:0")[0], 'E');
	cr_expect_eq(peer_ask(&p, "QSetDetachOnError")[0], 'E');
}

/* gdb does not wait for an answer to it, lldb does. */
Test(gdb_lldb, kill)
{
	cr_expect_str_eq(peer_ask(&p, "k"), "(none)");
	peer_ask(&p, "QListThreadsInStopReply");
	cr_expect_str_eq(peer_ask(&p, "k"), "X09");
	cr_expect(p.m->quit);
}

/* lldb finds its own way around these. */
Test(gdb_lldb, what_there_is_not)
{
	static const char *const none[] = {
		"_M1000,rwx", "_m1000",	    "qShlibInfoAddr",	      "qVAttachOrWaitSupported",
		"vRun?",      "qHostInfox", "jThreadExtendedInfo:{}", "QSaveRegisterState"
	};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		cr_expect_str_empty(peer_ask(&p, none[i]), "%s", none[i]);
}

Test(gdb_lldb, registers_name_their_thread)
{
	static const char *const bad[] = {
		"p5;thread:9;",	 "p5;thread:",	"p5;thread:2", "p5;thread:-1;",
		"p5;thread:2;x", "p5;other:2;", "g;",	       "p5;thread:zz;"
	};

	cr_expect_str_eq(peer_ask(&p, "p5;thread:2;"), "E22");
	cr_expect_str_eq(peer_ask(&p, "QThreadSuffixSupported"), "OK");
	cr_expect_str_eq(peer_ask(&p, "p5;thread:2;"), "0810010000000000");
	cr_expect_str_eq(peer_ask(&p, "p5;thread:p1.2;"), "0810010000000000");
	cr_expect_str_eq(peer_ask(&p, "p5;thread:0001;"), "0010010000000000");
	cr_expect_str_eq(peer_ask(&p, "p5"), "0010010000000000");
	cr_expect_str_eq(peer_ask(&p, "P0=0700000000000000;thread:2;"), "OK");
	cr_expect_eq(p.m->regs[1][FAKE_RAX], 7);
	cr_expect_eq(p.m->regs[0][FAKE_RAX], 0);
	cr_expect(!strncmp(peer_ask(&p, "g;thread:2;"), "0700000000000000", 16));
	cr_expect_str_eq(peer_ask(&p, "G0800000000000000;thread:2;"), "OK");
	cr_expect_eq(p.m->regs[1][FAKE_RAX], 8);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(peer_ask(&p, bad[i])[0], 'E', "%s", bad[i]);
}

Test(gdb_lldb, stop_replies_have_all_threads)
{
	const char *stop;

	cr_expect_str_eq(peer_ask(&p, "QListThreadsInStopReply"), "OK");
	cr_expect_str_eq(peer_ask(&p, "Z0,10008,1"), "OK");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 100);
	stop = peer_reply(&p);
	cr_expect(!strncmp(stop, "T05", 3));
	cr_expect(strstr(stop, ";thread:p1.1;core:0;swbreak:;name:vCPU0;reason:breakpoint;"
			       "threads:p1.1,p1.2;thread-pcs:10008,10000;"),
		  "%s", stop);
	stop = peer_ask(&p, "qThreadStopInfo1");
	cr_expect(!strncmp(stop, "T05", 3) && strstr(stop, "reason:breakpoint;"), "%s", stop);
	stop = peer_ask(&p, "qThreadStopInfo2");
	cr_expect(!strncmp(stop, "T00", 3) && strstr(stop, "thread:p1.2;core:1;name:vCPU1;threads"),
		  "%s", stop);
	cr_expect_null(strstr(stop, "swbreak"));
	cr_expect_str_eq(peer_ask(&p, "qThreadStopInfo3"), "E03");
	cr_expect_str_eq(peer_ask(&p, "qThreadStopInfo"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qThreadStopInfo-1"), "E22");
	/* Asking about one does not select it. */
	cr_expect_str_eq(peer_ask(&p, "qC"), "QCp1.1");
}

/* Two that stopped at the same time: lldb sees both at once, and is not told the second again. */
Test(gdb_lldb, each_thread_has_its_own_stop)
{
	const char *text;

	peer_ask(&p, "QListThreadsInStopReply");
	peer_ask(&p, "Z0,10008,1");
	peer_ask(&p, "vCont;c:p1.1");
	p.m->waiting[1] = (struct stop){ .reason = STOP_BREAKPOINT, .vcpu = 1, .pc = 0x10008 };
	fake_run(p.m, 100);
	cr_expect(!strncmp(peer_reply(&p), "T05", 3));
	cr_expect_not(p.m->shown[1]);
	text = peer_ask(&p, "jThreadsInfo");
	cr_expect(strstr(strstr(text, "\"tid\":2"), "\"reason\":\"breakpoint\""), "%s", text);
	cr_expect(p.m->shown[1]);
	text = peer_ask(&p, "qThreadStopInfo2");
	cr_expect(!strncmp(text, "T05", 3) && strstr(text, "swbreak:;name:vCPU1;reason:breakpoint"),
		  "%s", text);
}

Test(gdb_lldb, a_fault_is_said_in_words)
{
	const char *text;

	peer_ask(&p, "QListThreadsInStopReply");
	peer_ask(&p, "P10=3000010000000000");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 100);
	text = peer_take(&p);
	cr_expect(strstr(text, "reason:exception;description:747269706c65206661756c74;"), "%s",
		  text);
	text = peer_ask(&p, "jThreadsInfo");
	cr_expect(strstr(text, "\"signal\":11,\"reason\":\"exception\",\"description\":\"triple "
			       "fault\"}]"), /* "}" is escaped */
		  "%s", text);
}

Test(gdb_lldb, threads_in_json)
{
	const char *json;

	peer_ask(&p, "Z0,10008,1");
	peer_ask(&p, "vCont;c:p1.1");
	fake_run(p.m, 100);
	json = peer_ask(&p, "jThreadsInfo");
	/* 0x7d is the escape: "}" comes as 0x7d 0x5d. */
	cr_expect_str_eq(json, "[{\"tid\":1,\"name\":\"vCPU0\",\"registers\":{"
			       "\"6\":\"0000000000000000\",\"7\":\"0030010000000000\","
			       "\"16\":\"0800010000000000\"}],\"signal\":5,"
			       "\"reason\":\"breakpoint\"}],"
			       "{\"tid\":2,\"name\":\"vCPU1\",\"registers\":{"
			       "\"6\":\"0000000000000000\",\"7\":\"0030010000000000\","
			       "\"16\":\"0000010000000000\"}]}]]");
}

Test(gdb_lldb, registers_until_an_error)
{
	char packet[32];
	const char *reply;
	int n;

	cr_expect_str_eq(peer_ask(&p, "qRegisterInfo0"),
			 "name:rax;bitsize:64;offset:0;encoding:uint;format:hex;set:general;");
	cr_expect_str_eq(peer_ask(&p, "qRegisterInfo6"),
			 "name:rbp;bitsize:64;offset:48;encoding:uint;format:hex;set:general;"
			 "generic:fp;");
	cr_expect(strstr(peer_ask(&p, "qRegisterInfo10"), "generic:pc;"));
	cr_expect(strstr(peer_ask(&p, "qRegisterInfo18"), "encoding:ieee754;format:float;"));
	cr_expect(strstr(peer_ask(&p, "qRegisterInfo20"), "set:float;"));
	for (n = 0;; n++) {
		snprintf(packet, sizeof(packet), "qRegisterInfo%x", n);
		reply = peer_ask(&p, packet);
		if (reply[0] == 'E')
			break;
		cr_expect(!strncmp(reply, "name:", 5));
	}
	cr_expect_eq(n, FAKE_REGS);
	cr_expect_str_eq(peer_ask(&p, "qRegisterInfo"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qRegisterInfo0x"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qRegisterInfoffffffffffffffff"), "E22");
}

Test(gdb_lldb, regions)
{
	cr_expect_str_eq(peer_ask(&p, "qMemoryRegionInfo:0"), "start:0;size:10000;");
	cr_expect_str_eq(peer_ask(&p, "qMemoryRegionInfo:10001"),
			 "start:10000;size:4000;permissions:rwx;");
	cr_expect_str_eq(peer_ask(&p, "qMemoryRegionInfo:14000"), "start:14000;size:1000;");
	cr_expect_str_eq(peer_ask(&p, "qMemoryRegionInfo:15000"),
			 "start:15000;size:b000;permissions:rw;");
	/* It ends at the highest address, as lldb knows it. */
	cr_expect_str_eq(peer_ask(&p, "qMemoryRegionInfo:ffffffffffffffff"),
			 "start:20000;size:fffffffffffdffff;");
	cr_expect_str_eq(peer_ask(&p, "qMemoryRegionInfo:"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qMemoryRegionInfo:1,2"), "E22");
	peer_ask(&p, "Qqemu.PhyMemMode:1");
	cr_expect_str_eq(peer_ask(&p, "qMemoryRegionInfo:0"), "start:0;size:50000;");
}

Test(gdb_lldb, errors_with_a_sentence)
{
	char packet[32];

	for (int i = 0; i < 4; i++) {
		snprintf(packet, sizeof(packet), "Z1,1000%d,1", i);
		peer_ask(&p, packet);
	}
	cr_expect_str_eq(peer_ask(&p, "QEnableErrorStrings"), "OK");
	/* "all 4 debug registers are in use" */
	cr_expect_str_eq(peer_ask(&p, "Z1,10008,1"),
			 "E01;616c6c2034206465627567207265676973746572732061726520696e20757365");
}

/* The next debugger on the line has to ask for it again. */
Test(gdb_lldb, what_was_agreed_ends_with_the_session)
{
	peer_ask(&p, "QThreadSuffixSupported");
	peer_ask(&p, "QListThreadsInStopReply");
	peer_ask(&p, "D");
	peer_ask(&p, "qSupported:multiprocess+");
	cr_expect_null(strstr(peer_ask(&p, "?"), "thread-pcs"));
	cr_expect_str_eq(peer_ask(&p, "p5;thread:2;"), "E22");
}
