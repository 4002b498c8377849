# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @memop.elf -append "op=store8" -m 64 -S
# symbols: memop.elf
"""Watchpoints of all lengths at odd addresses, six of mixed kinds at once, and beside running code."""
import re

import gdb
from session import PLACE, address, check, check_equal, connect, run, value

# On the emulated processor an access to a protected page takes milliseconds.
LENGTHS, ROUNDS = ((3, 31), 2) if PLACE == "vmx" else ((1, 2, 3, 5, 8, 13, 31, 33, 63, 64), 20)
stops = []


def stopped(event):
    stops.append([b.number for b in getattr(event, "breakpoints", [])])


def go():
    """Continues; the numbers of the breakpoints that gdb names, and the function it stands in."""
    stops.clear()
    gdb.execute("continue", to_string=True)
    where = gdb.execute("info symbol $pc", to_string=True)
    return stops[-1], re.match(r"\S*", where)[0]


def set_one(command, at, length):
    run(f"{command} *(char (*)[{length}]) {at:#x}")
    return gdb.breakpoints()[-1].number


connect()
gdb.events.stop.connect(stopped)
run("break cpu_main")
run("continue")
run("delete")
watched, straddle = address("watched"), address("straddle")

# One byte of the variable, at the end of what is watched and at its beginning.
for length in LENGTHS:
    for at in (watched - length + 1, watched + 7):
        number = set_one("watch", at, length)
        check_equal(go(), ([number], "memop_store8"), f"{length} bytes at {at:#x}")
        run(f"delete {number}")

# None of it: the guest makes its rounds, and looks at what is beside the variables. The page is the
# same one.
spare = [set_one(command, watched + offset, length)
         for command, offset, length in (("watch", -64, 64), ("rwatch", 64, 64), ("awatch", 131, 3))]
meet = gdb.Breakpoint("meet")
for _ in range(ROUNDS):
    check_equal(go(), ([meet.number], "meet"), "nothing touches these")

# Three more, across two pages, on parts of the variables.
kinds = {set_one("awatch", straddle + 1, 6), set_one("watch", straddle - 2, 3),
         set_one("rwatch", watched + 3, 2)}
seen = set()
for _ in range(60):
    hit, _ = go()
    seen.update(hit)
    check(not seen & set(spare), "a hit of what nobody touches")
    if kinds <= seen:
        break
check(kinds <= seen, f"not all were hit: {sorted(kinds - seen)}")
run("delete")

# Code on the page that may not be read.
awatch = set_one("awatch", value("&memop_store8") | 0xff0, 5)
meet = gdb.Breakpoint("meet")
before = value("rounds")
for _ in range(min(ROUNDS, 6)):
    check_equal(go(), ([meet.number], "meet"), "code beside it runs")
check(value("rounds") > before, "the rounds go on")
check_equal(value("mismatches"), 0, "what the guest has found wrong")
run("delete")
run("kill")
