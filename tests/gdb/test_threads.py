# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
# vitrine: -kernel @demo.elf -append "mode=storm" -smp 3 -m 64 -S
# symbols: demo.elf
"""vCPUs as threads: which of them run while one steps or continues, and hits at the same time.

Not on Bochs: on its one processor the first vCPU is at the breakpoint again before another one has
had its turn.
"""
import re
import time

import gdb
from session import check, check_equal, check_match, connect, function, pc, run, value

CPUS = 3


def counts():
    return [value(f"storm_count[{n}]") for n in range(CPUS)]


def on(thread):
    gdb.execute(f"thread {thread}", to_string=True)


connect()
check_equal(len(gdb.selected_inferior().threads()), CPUS, "threads")
run("break storm_target")
run("continue")
# Until all of them storm.
while min(counts()) < 2:
    gdb.execute("continue", to_string=True)
check_match(r'"vCPU2"', run("info threads"), "names")
frames = re.findall(r"^#0 ", run("thread apply all backtrace 2"), re.M)
check_equal(len(frames), CPUS, "a backtrace of each")

# Each stop is of one vCPU, whose registers are shown, and at most one hit of each is waiting.
seen = counts()
for _ in range(30):
    gdb.execute("continue", to_string=True)
    check_equal(function(), "storm_target", "stopped in")
    cpu = value("cpu")
    check_equal(gdb.selected_thread().num, cpu + 1, "thread")
    check_equal(value("n"), value(f"storm_count[{cpu}]"), "its call")
    check(value("n") - seen[cpu] in (0, 1), f"CPU {cpu}: {seen[cpu]} then {value('n')}")
    seen[cpu] = value("n")

# Locked: one alone, by steps and by continue, over its breakpoint too.
run("set scheduler-locking on")
for thread in (1, 2, 3):
    on(thread)
    others = [n for n in range(CPUS) if n != thread - 1]
    before = counts()
    for _ in range(5):
        at = pc()
        gdb.execute("stepi", to_string=True)
        check(pc() != at, f"a step from {at:#x} went nowhere")
    for _ in range(3):
        gdb.execute("continue", to_string=True)
        check_equal((gdb.selected_thread().num, function()), (thread, "storm_target"), "stopped")
    now = counts()
    check(now[thread - 1] >= before[thread - 1] + 2, "it went on")
    check_equal([now[n] for n in others], [before[n] for n in others], "those that are held")

# Locked for steps: `next` holds the others, `continue` does not.
run("set scheduler-locking step")
on(2)
before = counts()
for _ in range(8):
    gdb.execute("next", to_string=True)
    check_equal(gdb.selected_thread().num, 2, "thread after next")
now = counts()
check_equal([now[0], now[2]], [before[0], before[2]], "those that are held")
check(now[1] > before[1], "it went on")

# Not locked: the others run while one steps (vCont;r…:p1.2;c), without a breakpoint in the way.
run("set scheduler-locking off")
run("delete")
before = now = counts()
end = time.monotonic() + 200
while now[0] <= before[0] or now[2] <= before[2]:
    check(time.monotonic() < end, f"the others do not run: {before}, {now}")
    gdb.execute("next", to_string=True)
    check_equal(gdb.selected_thread().num, 2, "thread after next")
    now = counts()
run("kill")
