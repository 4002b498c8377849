// SPDX-License-Identifier: GPL-3.0-or-later
/* Looking at stacks and at much memory: backtrace, find, compare, memsave, memload. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/symbols.h"
#include "monitor/command.h"
#include "tests/unit-mon/fixture.h"

TestSuite(mon_look, .init = fixture_setup, .fini = fixture_teardown);

/* ---- backtrace ---- */

static void put(uint64_t addr, uint64_t value)
{
	memory_write(fake->m.ram, addr, &value, 8);
}

/* A call that ends at @addr. */
static uint64_t call_before(uint64_t addr)
{
	memory_write(fake->m.ram, addr - 5, "\xe8\0\0\0\0", 5);
	return addr;
}

Test(mon_look, frames_are_followed)
{
	fake->reg[0][FAKE_RAX][0] = 0x8010; /* the fake's frame pointer */
	put(0x8010, 0x8100);
	put(0x8018, call_before(0x2000));
	put(0x8100, 0);
	put(0x8108, call_before(0x3000));
	expect_is("backtrace", "#0  0x0000000000001000\n#1  0x0000000000002000\n"
			       "#2  0x0000000000003000\n");
	/* The outermost frame has an address of 0. */
	put(0x8108, 0);
	put(0x8100, 0x8200);
	expect_is("bt", "#0  0x0000000000001000\n#1  0x0000000000002000\n");
	fake->code_bits = 16;
	expect_says("bt", "16-bit code has no frames");
}

/* An interrupted function has called nobody; its frame is the next one. */
Test(mon_look, interrupts_are_passed)
{
	fake->reg[0][FAKE_RAX][0] = 0x8010;
	put(0x8010, 0x8100);
	put(0x8018, call_before(0x2000));
	put(0x8030, 0x1f1f1f1f1f1f1f1f);
	put(0x8038, 0x4000);
	put(0x8100, 0);
	put(0x8108, call_before(0x3000));
	expect_is("backtrace", "#0  0x0000000000001000\n#1  0x0000000000002000\n"
			       "#2  0x0000000000004000, interrupted\n#3  0x0000000000003000\n");
	/* At the handler's first instruction nothing has been pushed on top of it. */
	fake->reg[0][FAKE_RAX][0] = 0x8100;
	expect_is("backtrace", "#0  0x0000000000001000\n#1  0x0000000000004000, interrupted\n"
			       "#2  0x0000000000003000\n");
	/* Of all vCPUs. */
	fake->reg[1][FAKE_RAX][0] = 0x8100;
	expect_says("bt -a", "vCPU 0: stopped\n#0  0x0000000000001000\n#1");
	expect_says("bt -a", "vCPU 1: stopped\n#0  0x0000000000001000\n");
}

Test(mon_look, without_frames_it_guesses)
{
	fake->reg[0][FAKE_RAX][0] = 12345;
	for (uint64_t at = 0x8000; at < 0xc000; at += 8)
		put(at, 0);
	put(0x8020, call_before(0x2000));
	put(0x8028, 0x2100); /* no call before it */
	put(0x8400, call_before(0x3000));
	put(0xc000, 0x3000); /* too far away */
	expect_is("backtrace", "#0  0x0000000000001000\n"
			       "guessed, from words on the stack that lie behind a call:\n"
			       "?   0x0000000000002000\n?   0x0000000000003000\n");
}

/* Each frame points to itself, backwards, or out of memory. */
Test(mon_look, bad_frames_come_to_an_end)
{
	for (uint64_t at = 0x8000; at < 0xc000; at += 8)
		put(at, 0);
	call_before(0x2000);
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t next[] = { 0x8010, 0x8000, 0xffffffffffffff00 };

		fake->reg[0][FAKE_RAX][0] = 0x8010;
		put(0x8010, next[i]);
		put(0x8018, 0x2000);
		expect_is("bt", "#0  0x0000000000001000\n#1  0x0000000000002000\n");
	}
}

/* ---- backtrace by a kernel's own tables ---- */

#define ORC_INDEX   0x40000
#define ORC_ENTRIES 0x50000

/* Three functions of a kernel, each of which has 8 bytes on the stack, and a module behind them. */
static const char orc_symbols[] = "0000000000001000 T inner\n"
				  "0000000000002000 T middle\n"
				  "0000000000003000 T outer\n"
				  "0000000000005000 T in_module\n"
				  "0000000000040000 R __start_orc_unwind_ip\n"
				  "0000000000040010 R __stop_orc_unwind_ip\n"
				  "0000000000050000 R __start_orc_unwind\n"
				  "0000000000050018 R __stop_orc_unwind\n"
				  "0000000000060000 R linux_banner\n";

static void give_tables(void)
{
	/* sp + 16, a call; the first function of a thread; the end. */
	static const uint16_t plain[] = { 16, 0, 5 }, first[] = { 0, 0, 1 << 10 }, none[3];
	static const uint16_t *const entries[] = { plain, plain, first, none };
	char path[] = "/tmp/vitrine-orc-XXXXXX";
	int fd = mkstemp(path);

	cr_assert_eq(write(fd, orc_symbols, strlen(orc_symbols)), (ssize_t)strlen(orc_symbols));
	close(fd);
	cr_assert_eq(symbols_open(&fake->m.symbols, path, NULL), 0);
	unlink(path);
	for (unsigned i = 0; i < 4; i++) {
		int32_t distance = (int32_t)(0x1000 * (i + 1)) - (int32_t)(ORC_INDEX + 4 * i);

		memory_write(fake->m.ram, ORC_INDEX + 4 * i, &distance, 4);
		memory_write(fake->m.ram, ORC_ENTRIES + 6 * i, entries[i], 6);
	}
	memory_write(fake->m.ram, 0x60000, "Linux version 6.1.0-56-amd64 and so on", 38);
	for (uint64_t at = 0x8000; at < 0xc000; at += 8)
		put(at, 0);
	fake->reg[0][FAKE_RSP][0] = 0x8000;
	fake->reg[0][FAKE_RAX][0] = 12345;
}

/* What lies beside the frames looks like one, and is none. */
Test(mon_look, tables_are_followed)
{
	give_tables();
	put(0x8000, call_before(0x1100));
	put(0x8008, call_before(0x2010));
	put(0x8010, call_before(0x1200));
	put(0x8018, call_before(0x3010));
	put(0x8020, call_before(0x2020));
	expect_is("backtrace", "#0  0x0000000000001000 <inner>\n"
			       "#1  0x0000000000002010 <middle+0x10>\n"
			       "#2  0x0000000000003010 <outer+0x10>\n");
	memory_write(fake->m.ram, 0x60000, "Linux version 2.6", 17);
	expect_says("bt", "ORC tables are of a form that is not known: without them\n#0 ");
}

/* Code that they do not know is passed by guessing, and then they are followed again. */
Test(mon_look, tables_end_at_a_module)
{
	give_tables();
	put(0x8008, call_before(0x5010));
	put(0x8020, call_before(0x1300)); /* from there nothing leads on */
	put(0x8040, call_before(0x2020));
	put(0x8050, call_before(0x3010));
	expect_is("backtrace", "#0  0x0000000000001000 <inner>\n"
			       "#1  0x0000000000005010 <in_module+0x10>\n"
			       "guessed, from words on the stack that lie behind a call:\n"
			       "?   0x0000000000001300 <inner+0x300>\n"
			       "?   0x0000000000002020 <middle+0x20>\n"
			       "#2  0x0000000000003010 <outer+0x10>\n");
	/* Unless it has a frame pointer. */
	fake->reg[0][FAKE_RAX][0] = 0x8038;
	expect_is("backtrace", "#0  0x0000000000001000 <inner>\n"
			       "#1  0x0000000000005010 <in_module+0x10>\n"
			       "#2  0x0000000000002020 <middle+0x20>\n"
			       "#3  0x0000000000003010 <outer+0x10>\n");
	/* A caller that is no code at all is none. */
	fake->reg[0][FAKE_RAX][0] = 12345;
	put(0x8008, 0x7000);
	expect_says("backtrace", "#0  0x0000000000001000 <inner>\nguessed, ");
}

/* A stack that looks like calls without an end. */
Test(mon_look, tables_and_guesses_are_bounded)
{
	unsigned lines = 0;

	give_tables();
	call_before(0x2010);
	call_before(0x5010);
	for (uint64_t at = 0x8000; at < 0xc000; at += 16) {
		put(at, 0x5010);
		put(at + 8, at % 64 ? 0x2010 : 0x5010);
	}
	for (const char *p = run("bt"); (p = strchr(p, '\n')); p++)
		lines++;
	cr_expect(lines > 64 && lines <= 64 + 64 + 64, "%u lines", lines);
}

/* ---- much memory ---- */

Test(mon_look, bytes_are_found)
{
	memory_write(fake->m.ram, 0x20, "needle", 6);
	/* Across what is read at once. */
	memory_write(fake->m.ram, 65536 - 3, "needle", 6);
	expect_is("find 0 128k \"needle\"", "0x20\n0xfffd\n");
	expect_is("find -p 0x21 64k \"needle\"", "0xfffd\n");
	expect_is("find 0 0x25 \"needle\"", "");
	expect_is("find 0 0x26 \"needle\"", "0x20\n");
	expect_is("find 0xffff0 32 0x12", "error: cannot read memory at 0x100000\n");
	expect_says("find 0x1000 1000 0x90", "there may be more than these 100");
	expect_says("find 0 0 1", "out of range");
}

Test(mon_look, differences_are_shown)
{
	expect_is("compare 0x1000 0x2000 4k", "equal\n");
	memory_write(fake->m.ram, 0x2010, "a", 1);
	expect_is("compare 0x1000 0x2000 4k", "0x1010: 0x90  0x2010: 0x61\n1 bytes differ\n");
	expect_says("compare 0x1000 0xff000 8k", "cannot read memory at 0x100000");
}

Test(mon_look, memory_goes_to_files_and_back)
{
	char dir[] = "/tmp/vitrine-look-XXXXXX", line[128];

	cr_assert(mkdtemp(dir));
	memory_write(fake->m.ram, 0x20000, "beginning", 9);
	snprintf(line, sizeof(line), "memsave 0x20000 100000 %s/a file", dir);
	expect_is(line, "100000 bytes saved\n");
	snprintf(line, sizeof(line), "memload 0x60000 %s/a file", dir);
	expect_is(line, "100000 bytes loaded\n");
	expect_is("compare 0x20000 0x60000 100000", "equal\n");
	snprintf(line, sizeof(line), "memload -p 0xff000 %s/a file", dir);
	expect_is(line, "error: cannot write memory at 0x100000; 4096 bytes are loaded\n");
	snprintf(line, sizeof(line), "pmemsave 0xff000 8k %s/b", dir);
	expect_is(line, "error: cannot read memory at 0x100000; 4096 bytes are saved\n");
	snprintf(line, sizeof(line), "memload 0 %s/none", dir);
	expect_says(line, "cannot open");
	snprintf(line, sizeof(line), "memsave 0 1 %s/none/none", dir);
	expect_says(line, "cannot write");
	snprintf(line, sizeof(line), "rm -r %s", dir);
	cr_expect_eq(system(line), 0); /* NOLINT(cert-env33-c): a directory of this test's */
}

Test(mon_look, ports)
{
	expect_is("o 0x3f8 0x83", "");
	expect_is("i 0x3f8", "0x03f8: 0x83\n");
	expect_says("i/ub 0x3f8", "131\n");
	expect_says("i 0x10", "nobody answers");
	expect_says("i/2xb 0x3f8", "read as one unit");
	expect_says("i/xg 0x3f8", "read as one unit");
	expect_says("o/b 0x3f8 0x100", "does not fit in 1 bytes");
	expect_says("i 0x10000", "out of range");
}

Test(mon_look, views)
{
	expect_is("info idt", "idt of vCPU 0\n");
	expect_is("info cpuid 1", "cpuid of vCPU 1\n");
	expect_says("info gdt 9", "no such vCPU");
}

Test(mon_look, exits)
{
	expect_says("info exits", "vCPU 0: 8 exits\nreason ");
	expect_says("info exits",
		    " 8     8.8 us     1.1 us  |- @             |\nvCPU 1: 0 exits\n");
	expect_is("info exits 1", "vCPU 1: 0 exits\n");
}

Test(mon_look, stats)
{
	expect_says("info stats",
		    "VM (kvm-1)\n  exits                                              42\n"
		    "  wait_ns                                       1.50 ms\n"
		    "  blocking                                          yes\n"
		    "  used                                            3 KiB  at most\n");
	expect_says("info stats vm spread",
		    " 3 in all\n"
		    "        0 cycles to 100 cycles             1  ####################\n"
		    "      200 cycles and more                  2  "
		    "########################################\n");
	expect_says("info stats 0 wait_h",
		    " 16 in all\n"
		    "               0 to 1 ns                   5  ####################\n"
		    "            4 ns to 8 ns                  10  "
		    "########################################\n"
		    "            8 ns and more                  1  ####\n");
	expect_is("info stats 1 e", "vCPU 1 (kvm-1)\n1 that are 0 are left out: -a shows them\n");
	expect_says("info stats -a 1 idle", " 0 x 10^3\n");
	expect_says("info stats idl", "vCPU 1 (kvm-1)\n3 that are 0 are left out");
	expect_says("info stats nothing", "no statistic's name begins with nothing");
	expect_says("info stats 2", "no such vCPU");
	expect_says("info stats vm exits more", "one argument too many");
	fake->no_stats = true;
	expect_is("info stats", "error: this KVM has no statistics\n");
}
