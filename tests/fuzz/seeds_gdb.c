// SPDX-License-Identifier: GPL-3.0-or-later
/* Writes sessions of every packet family into a directory: where fuzz_gdb begins. */
#include <stdio.h>
#include <string.h>

static const char *const seeds[][2] = {
	{ "attach",
	  "\x10qSupported:multiprocess+;swbreak+;hwbreak+\nvMustReplyEmpty\nQStartNoAckMode\n"
	  "Hgp0.0\nqXfer:features:read:target.xml:0,1000\nqTStatus\n?\nqXfer:threads:read::0,1000\n"
	  "qAttached:1\nHc-1\nqC\nqOffsets\nqSymbol::\n" },
	{ "break",
	  "\x10Z0,10008,1\nvCont?\nvCont;c:p1.-1\n\x01\xff\nz0,10008,1\nvCont;s:p1.1\n\x01\n"
	  "Z1,10001,1\nvCont;s:p1.1;c\n\x01\xff\nD;1\nqSupported\n" },
	{ "conditions",
	  "\x10Z0,10008,1;X7,26000022031327\nvCont;c:p1.1\n\x01\xff\nZ0,10008,1;X3,220027X3,220127;"
	  "cmds:1,X13,26000022002200340100076e3d25645c6e0027\nc\n\x01\xff\nZ1,10001,1;X7,"
	  "24000140001a27"
	  "\n\x04\x01\n\x01\xff\nz0,10008,1\nD\n" },
	{ "watch",
	  "\x10Z2,11000,8\nZ3,11000,8\nZ4,11008,1\nc\n\x01\xff\nz2,11000,8\nC05\n\x01\xff\ns10000\n"
	  "\x01\nS05;10001\n\x01\n" },
	{ "memory",
	  "\x10m10000,10\nx10000,10\nM10100,2:abcd\nX10100,2:}\x03z\nm13ffe,8\nm14000,1\n" },
	{ "scan", "\x10qSearch:memory:10000;4000;\x48\xff\nqSearch:memory:0;ffffffffffffffff;zz\n"
		  "qCRC:10000,100\nqXfer:memory-map:read::0,100\nQqemu.PhyMemMode:1\nm50000,4\n"
		  "qqemu.PhyMemMode\n" },
	{ "lldb",
	  "\x10QThreadSuffixSupported\nQListThreadsInStopReply\nQEnableErrorStrings\nqHostInfo\n"
	  "qProcessInfo\nqGDBServerVersion\n?\njThreadsInfo\nqThreadStopInfo2\np10;thread:2;\n"
	  "P0=0700000000000000;thread:1;\ng;thread:1;\nqRegisterInfo0\nqMemoryRegionInfo:10000\n"
	  "qWatchpointSupportInfo:\nqStructuredDataPlugins\nQSetDetachOnError:1\n" },
	{ "extended", "\x10!\nvRun;\nvKill;1\nqRcmd,6869\nvAttach;1\nD;1\nvRun;\nR00\n?\n"
		      "qXfer:osdata:read::0,100\nqXfer:osdata:read:ports:0,1000\n"
		      "qXfer:exec-file:read:1:0,100\nqXfer:libraries:read::0,100\nvFile:setfs:0\n"
		      "vFile:open:2f,0,0\nvFile:pread:3,10,0\nk\n" },
	{ "registers", "\x10g\np10\nP0=8877665544332211\np29\nG0000000000000000\nHg2\ng\n" },
	{ "threads",
	  "\x10qfThreadInfo\nqsThreadInfo\nT1\nqThreadExtraInfo,1\nHg1\nHc-1\nHcp1.2\n" },
	{ "monitor", "\x10qRcmd,636f6e74\nqRcmd,73\nqRcmd,6d\nvCont;"
		     "c\n\x04\x02\n\x04\x03\n\x03\nk\nvKill;1\n" },
	{ "trace",
	  "\x10QTinit\nQTDV:2:5:0:78\nQTDP:1:10005:E:2:9:X8,2600051a22010f27-\n"
	  "QTDP:-1:10005:R3ffffM5,0,8Xd,2c00022201022d00022e000227-\nQTDP:-1:10005:SR1M-1,11000,8\n"
	  "QTDPsrc:1:10005:cmd:0:3:616263\nQTDP:2:10008:D:0:0:F3\nQTBuffer:circular:1\n"
	  "QTBuffer:size:400\nQTro:10000,10010\nQTDisconnected:1\nQTStart\nvCont;"
	  "c\n\x01\x20\n\x03\n"
	  "QTEnable:2:10008\nqTStatus\nqTP:1:10005\nQTFrame:0\ng\np10\nm11000,8\nm10000,4\nqTV:2\n"
	  "qXfer:traceframe-info:read::0,100\nQTFrame:pc:10005\nQTFrame:outside:0:1\nQTFrame:-1\n"
	  "QTDisable:1:10005\nqTfP\nqTsP\nqTsP\nqTfV\nqTsV\nqTBuffer:0,400\nQTNotes:user:61\nD\n" },
	{ "trace_ends",
	  "\x10QTinit\nQTDP:1:10005:E:0:3-\nQTDP:-1:10005:X9,240001200022642f27\nQTStart\nvCont;c\n"
	  "\x01\xff\n\x02\nqTStatus\nqTfP\nQTStop\nQTinit\n" },
	{ "nonstop",
	  "\x10qSupported:multiprocess+;swbreak+\nQNonStop:1\nQThreadEvents:1\n?"
	  "\nvStopped\nvStopped\n"
	  "Z0,10008,1\nvCont;c\n\x01\xff\nvStopped\nvStopped\nvCont;r10000,10008:p1.1;s\n\x01\x10\n"
	  "vStopped\nvCont;t\nvStopped\nvCtrlC\nvCont;c:p1.2;t:p1.1\n\x03\nvStopped\nQNonStop:0\n"
	  "vCont;r10000,10005:p1.1;c\n\x01\x10\n" },
	{ "lost", "\x14Z0,10000,1\n\x02\nvCont;c\n\x02\n?\n\x03\n" },
	{ "raw", "\x12+$qSupported:multiprocess+#c6+$?#3f-$m0,4#fd\x03$g#67GET / HTTP/1.0\r\n" },
	{ "line", "\x13noise$?#3f+$QStartNoAckMode#b0+$g#67+$D#44" },
};

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : ".";
	char path[4096];

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", dir, seeds[i][0]);
		f = fopen(path, "wb");
		if (!f || fwrite(seeds[i][1], 1, strlen(seeds[i][1]), f) != strlen(seeds[i][1]) ||
		    fclose(f)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}
