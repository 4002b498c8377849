// SPDX-License-Identifier: GPL-3.0-or-later
/* The command table: complete rows, names, arguments, completion; and what the commands do. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/symbols.h"
#include "monitor/command.h"
#include "monitor/session.h"
#include "tests/unit-mon/fixture.h"

TestSuite(mon_command, .init = fixture_setup, .fini = fixture_teardown);

/* ---- the table ---- */

static void check_row(const struct mon_command *parent, const struct mon_command *c)
{
	struct mon_session s = { .m = &fake->m };
	struct mon_mistake mistake;
	static struct mon_call call;
	size_t args = 0;

	cr_expect(c->help && c->help[0], "%s has no help", c->name);
	cr_expect(c->examples && c->examples[0], "%s has no examples", c->name);
	cr_expect(c->run || c->sub, "%s: run or sub", c->name);
	cr_expect(!c->run || c->result, "%s has no schema of its result", c->name);
	for (const struct mon_arg *a = c->args; a && a->name; a++, args++) {
		cr_expect(a->type && a->help && a->help[0], "%s %s", c->name, a->name);
		cr_expect_eq(a->type == &mon_arg_flag, a->name[0] == '-', "%s %s", c->name,
			     a->name);
	}
	cr_expect_leq(args, MON_ARGS_MAX, "%s", c->name);
	for (const char *const *e = c->examples; e && *e; e++) {
		cr_expect_eq(mon_parse(&s, *e, &call, &mistake), 0, "%s: %s", *e, mistake.err.text);
		if (c->run)
			cr_expect_eq(call.cmd, c, "'%s' is an example of %s", *e, c->name);
	}
	for (const struct mon_command *sub = c->sub; sub && sub->name; sub++)
		check_row(c, sub);
	(void)parent;
}

Test(mon_command, rows_are_complete)
{
	const struct mon_command *c, *d, *found;
	struct error err;

	/* Examples speak of breakpoint 1. */
	run("break 0x1000");
	for (size_t n = 0; (c = mon_command_at(n)); n++) {
		check_row(NULL, c);
		for (size_t k = 0; k < n && (d = mon_command_at(k)); k++)
			cr_expect_str_neq(c->name, d->name);
		cr_assert_eq(mon_command_find(NULL, c->name, strlen(c->name), &found, &err), 0);
		cr_expect_eq(found, c, "%s", c->name);
	}
}

Test(mon_command, names_and_prefixes)
{
	const struct mon_command *c;
	struct error err;

	cr_assert_eq(mon_command_find(NULL, "c", 1, &c, &err), 0);
	cr_expect_str_eq(c->name, "cont");
	cr_assert_eq(mon_command_find(NULL, "continue", 8, &c, &err), 0);
	cr_assert_eq(mon_command_find(NULL, "hb", 2, &c, &err), 0);
	cr_expect_str_eq(c->name, "hbreak");
	cr_assert_eq(mon_command_find(NULL, "del", 3, &c, &err), 0);
	cr_expect_str_eq(c->name, "delete");
	cr_assert_eq(mon_command_find(NULL, "st", 2, &c, &err), -EINVAL);
	cr_expect_str_eq(err.text, "ambiguous: it could be stop, step");
	cr_assert_eq(mon_command_find(NULL, "frob", 4, &c, &err), -ENOENT);
	cr_assert_eq(mon_command_find(mon_info_subcommands, "reg", 3, &c, &err), 0);
	cr_expect_str_eq(c->name, "registers");
}

Test(mon_command, a_mistake_is_pointed_at)
{
	expect_is("frob", "frob\n^~~~ no such command: `help` lists them\n");
	expect_is("info frob", "info frob\n     ^~~~ no such subcommand: `help info` lists them\n");
	expect_is("info", "info\n    ^ expected a subcommand: `help info` lists them\n");
	expect_is("x/4q 0",
		  "x/4q 0\n   ^ neither a format (x d u o t a c s i f) nor a size (b h w g)\n");
	expect_is("x/4x 0x10 + foo", "x/4x 0x10 + foo\n            ^~~ not a number (registers are "
				     "written $NAME, hexadecimal numbers 0x…), and there are no "
				     "symbols\n");
	expect_is("break", "break\n     ^ expected an address (ADDR)\n");
	expect_is("info cpus 1", "info cpus 1\n          ^ cpus takes no arguments\n");
	expect_is("break 1 ) ", "break 1 ) \n        ^ expected an operator\n");
	expect_says("info registers -z", "no such flag");
	expect_says("step 0", "out of range");
	expect_says("cpu 7", "no such vCPU");
	expect_says("delete 9", "no such breakpoint");
	expect_says("set frob 1", "no register of this name");
	expect_says("set rax", "expected a number");
	expect_says("write 0 256", "expected a byte");
	expect_says("write 0 \"abc", "not closed");
	expect_says("write 0 \"a\\q\"", "not an escape");
	expect_says("info device frob", "no such device");
	expect_says("print $xmm0", "128 bits");
	expect_says("x/0x 1", "at least 1");
	expect_says("x/99999999999999999999x 1", "above");
	expect_says("watch 0x10 5000", "out of range");
	expect_says("help frob", "no such command");
	expect_says("help x y", "no subcommands");
}

static void note(void *opaque, const char *word)
{
	strbuf_printf(opaque, "%s ", word);
}

static const char *completions(const char *line)
{
	struct mon_session s = { .m = &fake->m };
	size_t start = strlen(line);

	while (start && !strchr(" +(/", line[start - 1]))
		start--;
	strbuf_clear(&out);
	mon_complete(&s, line, start, strlen(line), note, &out);
	return strbuf_str(&out);
}

Test(mon_command, completion_of_files)
{
	cr_expect_str_eq(completions("source /pro"), "proc/ ");
	cr_expect_str_eq(completions("source /proc/filesys"), "filesystems ");
	cr_expect(strstr(completions("memsave 0 1 tests/unit-mon/fixture."), "fixture.h "), "%s",
		  strbuf_str(&out));
	cr_expect_str_eq(completions("source /no-such-directory/"), "");
	cr_expect(strstr(completions("source tests/unit-m"), "unit-mon/ "), "%s", strbuf_str(&out));
}

Test(mon_command, completion)
{
	cr_expect_str_eq(completions("sys"), "system_reset system_powerdown ");
	cr_expect_str_eq(completions("info re"), "registers ");
	cr_expect_str_eq(completions("inf st"), "status stats ");
	cr_expect_str_eq(completions("x/4i $r"), "$rax $rsp $rip ");
	cr_expect_str_eq(completions("x $rsp+$ri"), "$rip ");
	cr_expect_str_eq(completions("set r"), "rax rsp rip ");
	cr_expect_str_eq(completions("set s"), "step-irq ");
	cr_expect_str_eq(completions("set rax $ri"), "$rip ");
	cr_expect_str_eq(completions("info registers -"), "-a ");
	cr_expect_str_eq(completions("info registers -a x"), "xmm0 ");
	cr_expect_str_eq(completions("cpu "), "0 1 ");
	cr_expect_str_eq(completions("help inf"), "info ");
	cr_expect_str_eq(completions("help info reg"), "registers ");
	cr_expect_str_eq(completions("frob "), "");
	cr_expect_str_eq(completions("quit "), "");
	cr_expect_str_eq(completions("delete "), "all ");
	cr_expect_str_eq(completions("sendkey ctrl-alt-de"), "ctrl-alt-delete ");
	cr_expect_str_eq(completions("sendkey shi"), "shift shift_r ");
}

/* ---- commands ---- */

Test(mon_command, help)
{
	const struct mon_command *c;
	char line[64];

	for (size_t n = 0; (c = mon_command_at(n)); n++) {
		expect_says("help", c->name);
		snprintf(line, sizeof(line), "help %s", c->name);
		expect_says(line, c->help);
	}
	expect_says("help x", "x[/FMT] [ADDR]");
	expect_says("help info registers", "info registers [-a] [REG]");
	expect_says("help write", "write ADDR BYTES…");
	/* Those that speak of something, whatever the case; subcommands with the word before them.
	 */
	expect_says("help -k INTERRUPT", "  step [N] ");
	expect_says("help -k interrupt", "  info irq ");
	cr_expect_not(strstr(strbuf_str(&out), "  quit"));
	expect_says("help -k next instruction", "error: no command speaks of 'next instruction'");
	expect_says("help -k", "which word?");
}

Test(mon_command, running_and_stopping)
{
	expect_says("info status", "VM status: created (has not run yet");
	expect_is("cont", "");
	cr_expect_eq(fake->resumes, 1u);
	expect_is("info status", "VM status: running\n");
	expect_is("c", "already running\n");
	expect_says("step", "`stop` it first");
	expect_says("set rax 1", "`stop` it first");
	expect_is("stop", "stopped: paused by gdb's monitor, vCPU 0 at 0x1000\n=> 0x1000:  nop\n");
	expect_says("stop", "already stopped: paused");
	fake->refuse_run = true;
	expect_is("cont", "error: the guest has shut down: reset it first\n");
	expect_is("step", "error: the guest has shut down: reset it first\n");
	expect_is("system_reset", "the machine was reset by gdb's monitor\n");
	expect_is("system_powerdown", "the guest sees it when it runs\n");
	cr_expect_eq(fake->powerdowns, 1u);
	expect_is("quit", "");
	cr_expect(fake->quit);
}

Test(mon_command, vcpus_come_and_go)
{
	expect_is("cpu-add 3", "");
	cr_expect_eq(fake->added, 3);
	expect_is("cpu-add 4", "error: there is no vCPU 4 to add\n");
	expect_says("cpu-add 255", "out of range");
	expect_is("cpu-del 1", "it goes when the guest has given it up\n");
	cr_expect_eq(fake->removed, 1);
	expect_is("cpu-del 0", "error: vCPU 0 stays\n");
	expect_says("cpu-del 7", "^");
	cr_expect_str_eq(completions("cpu-"), "cpu-add cpu-del ");
	cr_expect_str_eq(completions("cpu-del "), "0 1 ");
}

Test(mon_command, keys)
{
	static const uint16_t restart[] = { 0x14, 0x11, 0xe071 };

	expect_is("sendkey ctrl-alt-delete", "");
	cr_expect_eq(fake->key_count, 3u);
	cr_expect_arr_eq(fake->keys, restart, sizeof(restart));
	cr_expect_eq(fake->key_ms, 100u);
	expect_is("sendkey a 20", "");
	cr_expect_eq(fake->key_count, 1u);
	cr_expect_eq(fake->key_ms, 20u);
	expect_is("sendkey a 1", "error: the guest does not listen to its keyboard\n");
	expect_says("sendkey ctrl-any", "             ^");
	expect_says("sendkey ctrl-any", "no such key");
	expect_says("sendkey -", "no such key");
	expect_says("sendkey a-", "no such key");
	expect_says("sendkey a-b-c-d-e-f-g-h-i", "more than 8 keys");
	expect_says("sendkey a 0", "out of range");
	expect_says("sendkey", "KEYS");
}

Test(mon_command, examine_memory)
{
	static const uint8_t data[] = { 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'h', 'i', '\n', 0 };
	static const float half = 0.5f;
	static const double quarter = 0.25;

	memory_write(fake->m.ram, 0x2000, data, sizeof(data));
	memory_write(fake->m.ram, 0x3000, &half, sizeof(half));
	memory_write(fake->m.ram, 0x3008, &quarter, sizeof(quarter));
	expect_is("x/2xw 0x2000", "0x0000000000002000:  0x00000001 0xffffffff\n");
	expect_is("x/2d 0x2000", "0x0000000000002000:            1          -1\n");
	expect_is("x/2u 0x2000", "0x0000000000002000:           1 4294967295\n");
	expect_is("x/xg 0x2000", "0x0000000000002000:  0xffffffff00000001\n");
	expect_is("x/3xb 0x2003", "0x0000000000002003:  0x00 0xff 0xff\n");
	expect_is("x/2oh 0x2000", "0x0000000000002000:  0000001 0000000\n");
	expect_is("x/2tb 0x2000", "0x0000000000002000:  00000001 00000000\n");
	expect_is("x/a 0x2000", "0x0000000000002000:  0xffffffff00000001\n");
	expect_says("x/2c 0x2008", "104 'h'");
	expect_is("x/s 0x2008", "0x0000000000002008:  \"hi\\n\"\n");
	expect_says("x/fw 0x3000", "0.5");
	expect_says("x/fg 0x3008", "0.25");
	expect_is("x/2i 0x1000", "=> 0x0000000000001000:  nop\n   0x0000000000001001:  nop\n");
	expect_is("x", "   0x0000000000001002:  nop\n");
	expect_is("xp/1xb 0xfffff", "0x00000000000fffff:  0x90\n");
	expect_is("xp/2xb 0xfffff", "0x00000000000fffff:  0x90\nerror: cannot read physical memory "
				    "at 0x100000\n");
	expect_is("x/4xw 1M", "error: cannot read virtual memory at 0x100000\n");
	expect_is("x/i 0x100000", "error: cannot read virtual memory at 0x100000\n");
	expect_is("x/s 0x100000", "error: cannot read virtual memory at 0x100000\n");
	expect_says("x/xw 0xffffffffffffffff", "cannot read");
}

Test(mon_command, disassembles_each_width)
{
	static const uint8_t code[] = { 0x48, 0x89, 0xe5, 0x0f };

	memory_write(fake->m.ram, 0x2000, code, sizeof(code));
	expect_says("x/i 0x2000", "movq %rsp, %rbp");
	fake->code_bits = 32;
	expect_says("x/2i 0x2000", "decl %eax");
	fake->code_bits = 16;
	expect_says("x/i 0x2001", "movw %sp, %bp");
	fake->code_bits = 64;
	memory_write(fake->m.ram, 0xfffff, "\x0f", 1);
	expect_is("x/i 0xfffff", "   0x00000000000fffff:  .byte 0x0f\n");
}

Test(mon_command, registers)
{
	fake->reg[0][FAKE_XMM0][1] = 0x1122334455667788;
	expect_is("set $rax 0x1234", "");
	expect_is("print $rax + 1", "0x1235  4661\n");
	expect_is("p/x $rax", "0x0000000000001234\n");
	expect_is("p/tb 5", "00000101\n");
	expect_is("p/d -1", "-1\n");
	expect_is("set pc $pc + 0x10", "");
	cr_expect_eq(fake->reg[0][FAKE_RIP][0], 0x1010u);
	expect_is("info registers $rax", "rax 0x0000000000001234\n");
	expect_is("info registers xmm0", "xmm0 0x11223344556677880000000000000000\n");
	expect_says("set eflags 0x123456789", "does not fit");
	expect_is("set eflags -1", "");
	expect_is("info registers eflags", "eflags 0xffffffff [ IF ]\n");
	cr_expect_not(control_step_irq(&fake->m));
	expect_is("set step-irq on", "");
	cr_expect(control_step_irq(&fake->m));
	expect_is("set step-irq off", "");
	cr_expect_not(control_step_irq(&fake->m));
	expect_says("set step-irq 2", "expected on or off");
	expect_says("set step-irq", "expected a number, on or off");
	expect_says("set xmm0 1", "128 bits");
	expect_says("info registers", "CPU#0");
	expect_says("info registers -a", "CPU#1");
	expect_says("cpu 1", "vCPU 1: stopped\n=> 0x1000:  nop");
	expect_is("print $rax", "0x0  0\n");
	expect_says("info cpus", "* CPU #1: pc=0x0000000000001000 stopped");
}

Test(mon_command, changes_memory)
{
	uint8_t back[8] = { 0 };

	expect_is("write 0x4000 0x12 'x",
		  "write 0x4000 0x12 'x\n                  ^~ expected a byte "
		  "(0 to 0xff) or a \"string\"\n");
	expect_is("write 0x4000 0x12 3 \"a\\x01b\\n\\0\"", "7 bytes written\n");
	memory_read(fake->m.ram, 0x4000, back, sizeof(back));
	cr_expect_arr_eq(back,
			 "\x12\x03"
			 "a\x01"
			 "b\n\0\x90",
			 8);
	expect_says("writep 0xfffff 1 2", "cannot write memory at 0x100000; 1 of 2");
}

Test(mon_command, breakpoints)
{
	expect_is("info breakpoints", "no breakpoints\n");
	expect_is("break $rip + 4", "breakpoint 1 at 0x1004 (in memory)\n");
	expect_is("hbreak 0x2000", "breakpoint 2 at 0x2000 (debug register)\n");
	expect_is("watch $rsp 4", "watchpoint 3 at 0x8000 (debug register)\n");
	expect_is("rwatch ($rsp + 8) 2", "watchpoint 4 at 0x8008 (debug register)\n");
	expect_is("awatch 1k", "watchpoint 5 at 0x400 (debug register)\n");
	cr_expect_eq(fake->bps[3].len, 2u);
	cr_expect_eq(fake->bps[4].len, 8u);
	expect_says("info breakpoints",
		    "3   watch  0x0000000000008000 4    0        gdb's monitor");
	expect_is("delete 2", "");
	expect_is("delete all", "4 deleted\n");
	cr_expect_eq(fake->bp_count, 0u);
}

Test(mon_command, maps)
{
	expect_is("info mem", "1 MiB of RAM\n  0000000000000000-00000000000fffff  ram\n");
	expect_says("info mtree", "ram");
	expect_says("info device", "serial0      a device of the tests\n");
	expect_says("info version", "vitrine ");
	expect_is("info irq", "GSI 4, down\n");
	expect_is("info lapic", "lapic of vCPU 0\n");
	expect_is("info lapic 1", "lapic of vCPU 1\n");
	expect_says("info lapic 2", "no such vCPU");
	expect_is("info ioapic", "ioapic of vCPU 0\n");
	expect_is("info pic", "pic of vCPU 0\n");
	expect_is("info pit", "error: this processor has no pit\n");
}

/* ---- symbols ---- */

static const char symbol_text[] = "0000000000001000 T begin\n"
				  "0000000000001010 t twice\n"
				  "0000000000001020 t twice\n"
				  "0000000000001030 T middle.isra.0\n"
				  "0000000000002000 D data\n";

static void give_symbols(void)
{
	char path[] = "/tmp/vitrine-mon-XXXXXX";
	int fd = mkstemp(path);
	struct error err;

	cr_assert_eq(write(fd, symbol_text, strlen(symbol_text)), (ssize_t)strlen(symbol_text));
	close(fd);
	cr_assert_eq(symbols_open(&fake->m.symbols, path, &err), 0, "%s", err.text);
	unlink(path);
}

Test(mon_command, symbols)
{
	static const uint8_t call[] = { 0xe8, 0x2b, 0, 0, 0 },	/* callq +0x2b */
		lea[] = { 0x48, 0x8d, 0x05, 0xf9, 0x0f, 0, 0 }; /* leaq 0xff9(%rip), %rax */

	expect_says("print begin", "and there are no symbols");
	expect_says("symbol 0x1000", "there are no symbols");
	give_symbols();
	memory_write(fake->m.ram, 0x1000, call, sizeof(call));
	memory_write(fake->m.ram, 0x1005, lea, sizeof(lea));
	expect_is("print middle.isra.0 + 4", "0x1034  4148\n");
	expect_is("x/2i begin",
		  "=> 0x0000000000001000 <begin>:  callq 0x1030 <middle.isra.0>\n"
		  "   0x0000000000001005 <begin+0x5>:  leaq 0xff9(%rip), %rax <data+0x5>\n");
	expect_says("cpu", "=> 0x1000 <begin>:  callq");
	expect_says("info status", "vCPU 0 at 0x1000 <begin>");
	expect_is("print nothing",
		  "print nothing\n      ^~~~~~~ no symbol has this name (registers "
		  "are written $NAME, hexadecimal numbers 0x…)\n");
	expect_says("break twice", "several symbols have this name: `list-symbols twice`");
	expect_is("symbol 0x1034", "middle.isra.0+0x4 (code, 0x1030 to 0x1fff)\n");
	expect_is("symbol data", "data (data, 0x2000 to 0x101fff)\n");
	expect_says("symbol 0x10", "no symbol is at 0x10");
	expect_is("list-symbols wic", "0x0000000000001010       16 t twice\n"
				      "0x0000000000001020       16 t twice\n");
	expect_is("list-symbols m*.0", "0x0000000000001030     4048 T middle.isra.0\n");
	expect_says("list-symbols nothing", "no symbol matches");
	expect_says("list-symbols", "data");
	expect_says("symbols status", "5 symbols from /tmp/vitrine-mon-");
	expect_is("symbols slide", "slide 0x0 (not looked for, or not found yet)\n");
	expect_is("symbols slide 0x1000", "slide 0x1000 (given by hand)\n");
	expect_is("p/x begin", "0x0000000000002000\n");
	expect_is("symbols slide -f", "slide 0x0 (not looked for, or not found yet)\n");
	expect_says("symbols frob", "no such subcommand: `help symbols` lists them");
	cr_expect_str_eq(completions("break mi"), "middle.isra.0 ");
	cr_expect_str_eq(completions("x $rip+da"), "data ");
	cr_expect_str_eq(completions("x "), "");
	symbols_close(fake->m.symbols);
}

Test(mon_command, long_lines_are_refused)
{
	char line[2 * MON_LINE_MAX];

	memset(line, ' ', sizeof(line));
	memcpy(line, "info status", 11);
	line[sizeof(line) - 1] = '\0';
	expect_says(line, "longer than");
	memset(line, '(', sizeof(line));
	line[MON_LINE_MAX] = '\0';
	memcpy(line, "print ", 6);
	expect_says(line, "deep");
}

Test(mon_command, strings_fill_the_line)
{
	char line[MON_LINE_MAX + 1];

	memset(line, 'a', sizeof(line));
	memcpy(line, "write 0 \"", 9);
	line[MON_LINE_MAX - 1] = '"';
	line[MON_LINE_MAX] = '\0';
	expect_says(line, "1014 bytes written");
}

/* ---- catchpoints ---- */

Test(mon_command, catch_takes_numbers_and_names)
{
	expect_says("catch", "nothing is caught");
	expect_is("catch exception gp", "catchpoint 1: exception 0xd\n");
	expect_is("catch exception #GP", "catchpoint 2: exception 0xd\n");
	expect_is("catch exception 14", "catchpoint 3: exception 0xe\n");
	expect_is("catch exception", "catchpoint 4: exception\n");
	expect_is("catch msr LSTAR", "catchpoint 5: msr 0xc0000082\n");
	expect_is("catch mmio 0xfed00000 + 8", "catchpoint 6: mmio 0xfed00008\n");
	expect_is("catch io 0x20", "error: 0x20 belongs to the PIC\n");
	expect_says("catch", "  5  msr 0xc0000082");
	expect_says("catch fire", "nothing that can be caught");
	expect_says("catch exception nonsense", "^");
	expect_is("delete catch 2", "");
	expect_says("delete catch 2", "no such catchpoint");
	expect_says("delete catch", "^");
	expect_is("delete catch all", "5 deleted\n");
	expect_says("catch", "nothing is caught");
}

Test(mon_command, what_a_debugger_set_goes_with_it)
{
	expect_says("break 0x1000", "breakpoint 1");
	expect_says("catch reset", "catchpoint 1");
	monitor_execute_end(mon);
	expect_is("info breakpoints", "no breakpoints\n");
	expect_says("catch", "nothing is caught");
	expect_says("break 0x1000", "breakpoint 2");
}
