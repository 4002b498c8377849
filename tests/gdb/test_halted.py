# SPDX-License-Identifier: GPL-3.0-or-later
# vitrine: -kernel @hlt.elf -m 64 -monitor none -S
# symbols: hlt.elf
"""Ctrl-C reaches a halted vCPU that nothing else wakes, and leaves it halted."""
import gdb
from session import check_equal, connect, continue_until_interrupted, function, run, value

connect()
continue_until_interrupted("halting with interrupts on")
while function() != "halt_here":  # it has said so, and is on its way there
    continue_until_interrupted()
for _ in range(3):
    continue_until_interrupted()
    check_equal(function(), "halt_here", "stopped in")
    check_equal(value("halts"), 1, "halts")
    check_equal(value("wakeups"), 0, "wake-ups")
run("detach")
