# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @edu.elf -device edu -m 64 -S
# symbols: edu.elf
# exit: 1
"""A device's DMA hits watchpoints, reading and writing, and the line says which device it was."""
import gdb
from session import check_equal, check_match, connect, run, typed, value

stops = []


def stopped(event):
    stops.append(sorted(b.expression for b in getattr(event, "breakpoints", [])))


def go():
    """Continues; what was said besides, and the expressions of the watchpoints that gdb names."""
    stops.clear()
    return run("continue"), stops[-1]


connect()
gdb.events.stop.connect(stopped)
run("tbreak transfer")
run("continue")
first, second = (value(f"&own.{name}") & 0xffffff for name in ("there", "back"))
typed("rwatch own.there")
typed("watch own.back")

said, hit = go()
check_equal(hit, ["own.there"], "the first hit")
check_match(rf"^DMA of edu0: 64 bytes from physical {first:#x}$", said, "the line")

check_match(r"repeats 63 times", run("print own.back"), "before")
said, hit = go()
check_equal(hit, ["own.back"], "the second hit")
check_match(rf"^DMA of edu0: 64 bytes to physical {second:#x}$", said, "the line")
check_match(r"what the device reads and writes back", run("print own.back"), "after")

# The processor's own read, and the store to a few bytes of it in a debug register, where this host
# has them, come without such a line.
said, hit = go()
check_equal((said, hit), ("", ["own.there"]), "the guest compares")
run("delete")
run("watch *(int *) (own.back + 3)")
said, hit = go()
check_equal((said, hit), ("", ["*(int *) (own.back + 3)"]), "the guest clears")
check_match("memset", run("info symbol $pc"), "who writes")
run("delete")
run("detach")
