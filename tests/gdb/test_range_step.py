# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# vitrine: -kernel @demo.elf -append "mode=loop quiet" -m 64 -S
# symbols: demo.elf
"""`next` over a loop of one line is one packet: the steps are done inside vitrine (vCont;r)."""
import re

import gdb
from session import (PLACE, check, check_equal, connect, continue_until_interrupted, function, pc,
                     run, value)

# Of two instructions.
ROUNDS = 20000 if PLACE == "native" else 2000


def resumptions(command):
    """What gdb sends to make the guest run for @command."""
    gdb.execute("set debug remote 1")
    text = gdb.execute(command, to_string=True)
    gdb.execute("set debug remote 0")
    return re.findall(r"Sending packet: \$(vCont;[^#]*)", text)


connect()
run("break loop_line")
run("continue")
run(f"set var loop_rounds = {ROUNDS}")
run("continue")
check_equal(function(), "loop_line", "stopped in")

# The step over the breakpoint, then the range.
sent = resumptions("next")
print(sent)
check(pc() > value("&loop_line"), "it went on")
check(any("vCont;r" in packet for packet in sent), "a range step")
check(len(sent) <= 4, f"{len(sent)} packets for {ROUNDS} rounds")

# Ctrl-C ends one that would take for ever.
run("set var loop_rounds = 1ull << 60")
run("continue")
check_equal(continue_until_interrupted("never shown", limit=2, command="next"), "SIGINT",
            "stopped by")
check_equal(function(), "loop_line", "interrupted in")
before = value("$rax")
run("stepi 4")
check(before - value("$rax") in (1, 2, 3), f"four instructions are two rounds: {before:#x}")

# A breakpoint inside the line, at its jump: the step ends there, each round.
jump = pc() if gdb.execute("x/i $pc", to_string=True).split("\t")[-1].startswith("j") else None
if jump is None:
    run("stepi")
    jump = pc()
run("delete")
for kind in ("hbreak", "break"):
    run(f"{kind} *{jump:#x}")
    for _ in range(5):
        before = value("$rax")
        run("next")
        check_equal(pc(), jump, f"next stops at the {kind}")
        check_equal(before - value("$rax"), 1, "after a round")
    run("delete")

# It ends behind the last round.
run("set var $rax = 5")
run("next")
check(pc() > jump, f"behind the loop: {pc():#x}")
run("detach")
