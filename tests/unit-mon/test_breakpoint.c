// SPDX-License-Identifier: GPL-3.0-or-later
/* Breakpoints with conditions, for one stop, passed over. */
#include <string.h>

#include "tests/unit-mon/fixture.h"

TestSuite(mon_breakpoint, .init = fixture_setup, .fini = fixture_teardown);

Test(mon_breakpoint, decides)
{
	uint32_t five = 5;

	expect_is("break 0x2000 if $rax == 7 && u32($rsp + 4) == 5",
		  "breakpoint 1 at 0x2000 (in memory)\n");
	expect_says("info breakpoints", "condition");
	expect_says("info breakpoints", "\n    if $rax == 7 && u32($rsp + 4) == 5\n");
	cr_expect_not(hit(1, 0));
	fake->reg[0][FAKE_RAX][0] = 7;
	cr_expect_not(hit(1, 0));
	memory_write(fake->m.ram, 0x8004, &five, sizeof(five));
	cr_expect(hit(1, 0));
	/* Of the vCPU that is there. */
	cr_expect_not(hit(1, 1));
	/* $pc is the place. */
	expect_says("hbreak 0x3000 if $pc == 0x1000", "breakpoint 2");
	cr_expect(hit(2, 1));
}

Test(mon_breakpoint, one_that_cannot_be_told_stops)
{
	expect_says("break 0x2000 if u8(0x100000)", "breakpoint 1");
	cr_expect(hit(1, 0));
	expect_says("info status", "the condition cannot be evaluated: memory at 0x100000");
	expect_says("break 0x2000 if 1 / ($rax - $rax)", "breakpoint 2");
	cr_expect(hit(2, 0));
	expect_says("info status", "cannot divide");
}

Test(mon_breakpoint, mistakes_are_pointed_at)
{
	expect_is("break 0x2000 if", "break 0x2000 if\n               ^ expected a number, a "
				     "$register or '('\n");
	expect_says("break 0x2000 iff 1", "expected an operator");
	expect_says("help tbreak", "tbreak ADDR [if EXPR]");
	expect_is("break 0x2000 if $rax = 1",
		  "break 0x2000 if $rax = 1\n                     ^ expected an operator\n");
	expect_is("break 1 2 if 3", "break 1 2 if 3\n        ^ expected an operator\n");
	cr_expect_eq(fake->bp_count, 0u);
}

Test(mon_breakpoint, for_one_stop)
{
	expect_is("tbreak 0x2000 if $rax == 1", "temporary breakpoint 1 at 0x2000 (in memory)\n");
	cr_expect_not(hit(1, 0));
	fake->reg[1][FAKE_RAX][0] = 1;
	cr_expect(hit(1, 1));
	/* Before it is gone it stops nobody else. */
	cr_expect_not(hit(1, 1));
	run("stop");
	turn();
	expect_is("info breakpoints", "no breakpoints\n");
}

Test(mon_breakpoint, hits_go_by)
{
	struct error err;

	run("break 0x2000");
	expect_is("ignore 1 2", "the next 2 hits of breakpoint 1 go by\n");
	expect_says("info breakpoints", "\n    passes over the next 2 hits\n");
	cr_expect_not(hit(1, 0));
	cr_expect_not(hit(1, 1));
	cr_expect(hit(1, 0));
	cr_assert_gt(control_bp_add(&fake->m, NULL, BP_WRITE, 0x3000, 8, 0, &err), 0);
	expect_says("ignore 2 1", "only what a monitor has set");
	expect_says("ignore 9 1", "no such breakpoint");
}

Test(mon_breakpoint, another_condition)
{
	run("break 0x2000 if $rax == 7");
	expect_is("condition 1 $rax == 0", "");
	cr_expect(hit(1, 0));
	expect_says("info breakpoints", "\n    if $rax == 0\n");
	expect_is("condition 1 $rax ==",
		  "condition 1 $rax ==\n                   ^ expected a number, a $register or "
		  "'('\n");
	cr_expect(hit(1, 0));
	expect_is("condition 1 0", "");
	cr_expect_not(hit(1, 0));
	expect_is("condition 1", "");
	cr_expect(hit(1, 0));
	expect_says("condition 2 1", "no such breakpoint");
}

Test(mon_breakpoint, data_too)
{
	uint32_t five = 5;

	expect_is("watch 0x2000 4 if u32(0x2000) == 5",
		  "watchpoint 1 at 0x2000 (debug register)\n");
	expect_is("rwatch $sp if $rax == 7", "watchpoint 2 at 0x8000 (debug register)\n");
	expect_says("info breakpoints", "\n    if u32(0x2000) == 5\n");
	cr_expect_eq(fake->bps[0].len, 4u);
	cr_expect_eq(fake->bps[1].len, 8u);
	cr_expect_not(hit(1, 0));
	memory_write(fake->m.ram, 0x2000, &five, sizeof(five));
	cr_expect(hit(1, 0));
	cr_expect_not(hit(2, 0));
	expect_is("condition 2", "");
	cr_expect(hit(2, 0));
	run("ignore 2 1");
	cr_expect_not(hit(2, 0));
	expect_says("help watch", "watch ADDR [LEN] [if EXPR]");
	expect_says("watch 0x2000 iff", "no symbols");
	expect_says("watch 0x2000 4 5", "expected an operator");
}

Test(mon_breakpoint, msrs_by_number)
{
	fake->msr[0] = 0xffffffff81000000;
	expect_is("print/x msr(0xc0000082)", "0xffffffff81000000\n");
	expect_says("print msr(1 << 33)", "KVM has no MSR 0x200000000");
	expect_is("set msr(0xc0000000 + 0x82) 7", "");
	cr_expect_eq(fake->msr[0], 7u);
	expect_is("set msr(5) 7", "error: KVM has no MSR 0x5, or refuses this value of it\n");
	expect_says("set msr(", "no register of this name");
	run("break 0x2000 if msr(0xc0000082) == 8");
	cr_expect_not(hit(1, 0));
	fake->msr[1] = 8;
	cr_expect(hit(1, 1), "that of the vCPU which is there");
	run("condition 1 msr(5)");
	cr_expect(hit(1, 0));
	expect_says("info status", "the condition cannot be evaluated: KVM has no MSR 0x5");
}
