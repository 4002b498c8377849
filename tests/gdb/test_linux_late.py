# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# needs: processor
# vitrine: -kernel @linux -initrd @initrd -append "%linux vitrine.stay" -smp 2 -m 256 -serial stdio -monitor none
# symbols: linux
# wait: tick 0*2
# after: tick
# timeout: 1800
"""gdb comes to a Linux that has been running for a while, and goes again."""
import gdb

from session import check, check_equal, check_match, connect, function, pc, value
from session import typed as run

KERNEL = 0xffffffff80000000

connect(run)
check_match(r"^rip ", run("info registers"), "registers")
run("x/5i $pc")

run("break hrtimer_nanosleep")
run("continue")
check_equal(function(), "hrtimer_nanosleep", "stopped in")
check(pc() >= KERNEL, "in the kernel")
run("backtrace 3")
returns_to = value("*(unsigned long *)$rsp")
check(returns_to >= KERNEL, "a return address on the stack")
# Memory reads as the kernel has it, not as it is with our breakpoint in it.
check(gdb.selected_inferior().read_memory(pc(), 1)[0] != b"\xcc", "our int3 shows")
run("stepi 10")
check(pc() != 0, "stepped")
run("continue")
check_equal(function(), "hrtimer_nanosleep", "the breakpoint hits again: stopped in")
run("delete")
run("detach")
