# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
# vitrine: -kernel @memop.elf -append "calls=6 adds=200" -smp 2 -m 64 -S
# symbols: memop.elf
# exit: 1
"""Two CPUs add to a variable beside watched bytes, and to the watched variable: no addition is lost."""
import gdb
from session import check, check_equal, connect, run, value

connect()
run("break add_together")
run("continue")
run("delete")

# Both CPUs' accesses are told, each as its own.
run("watch watched")
seen = set()
for _ in range(400):
    gdb.execute("continue", to_string=True)
    seen.add(gdb.selected_thread().num)
    if len(seen) == 2:
        break
check_equal(seen, {1, 2}, "who was seen to write")
run("delete")

# Each locked addition is denied, and done alone.
run("awatch *(char (*)[100]) ((char *) &watched + 64)")
run("tbreak debug_exit")
run("continue")
check_equal(value("mismatches"), 0, "lost additions and the like")
check(value("sums") >= 5, "rounds")
run("delete")
run("detach")
