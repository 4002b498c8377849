// SPDX-License-Identifier: GPL-3.0-or-later
/* Seeds for the monitor's fuzzer: lines that work, at each way in. Writes them to the directory
 * given. */
#include <stdio.h>
#include <string.h>

static const char *const lines[] = {
	"help x\ninfo status\ninfo registers -a\ninfo cpus\ninfo mem\ninfo mtree\n",
	"x/4i $rip\nx\nx/2xg $rsp + 8\nx/s 0x2000\nxp/16xb 4k\nx/fw 1\nx/2tb 0\nx/ac 0\n",
	"break $rip+4\nhbreak (1+2)*3\nwatch 0x2000 4\ninfo breakpoints\ndelete 1\ndelete all\n",
	"set rax -1\nprint $rax/3\np/c 'a'\nwrite 0x2000 1 2 \"a\\n\\x41\"\nwritep 1k 255\n",
	"step 3\n\xf8\xfc\xf8\xfc\xf8\xfc",
	"step\n\xf9\xfc\ncont\n\xf9stop\nsystem_reset\ncpu 1\nquit\n",
	"GET / HTTP/1.1\r\nHost: a\r\n",
	"\2hello 1 tty colour\n\2complete 5 info st\nset pagination off\n\2interrupt\nx/9xb 0\n",
	"\2hello 1 batch\nfrob\nstep 2\n\xf8\xfc\2complete x\n\2complete 9 x\n",
	"help\rqhelp\r cxp/3000xb 0\r \r\3",
	"info re\t\r\x12reg\r\x10\x01\x05\x0b\x19\x03\x1b[A\x1b[D\x7f\r",
	"1+2*(3-4)/5%6<<7>>8&9|10^11==12!=13<=14>=15<16>17 + ~18 - !19",
	"0x1f + 0b11 + 017 + 4k + 'a'",
};

int main(int argc, char **argv)
{
	char path[4096];
	FILE *f;

	if (argc != 2)
		return 2;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		for (char way = 0; way < 4; way++) {
			snprintf(path, sizeof(path), "%s/seed-%zu-%d", argv[1], i, way);
			f = fopen(path, "w");
			if (!f)
				return 1;
			fputc(way, f);
			fwrite(lines[i], 1, strlen(lines[i]), f);
			if (fclose(f))
				return 1;
		}
	return 0;
}
