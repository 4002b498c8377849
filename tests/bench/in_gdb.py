# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside gdb, attached to a stub on the demo guest: measures, and prints the figures as JSON.

$BENCH says what to measure: "storm" (the guest runs mode=storm), "loop" (mode=loop), with $ROUNDS
rounds of the loop, or "canned" (a stub without a guest). Breakpoints are hardware ones: QEMU has no others before the guest's paging is on,
nor on a KVM that does not report int3. Figures are per second; memory is in MiB a second.
"""
import json
import os
import time

import gdb

STORM = "storm_target"
FREE = 0x1000000  # RAM that the guest does not use, mapped at its own address
ZEROS = 0x2000000  # the same, never written
MEMORY = 4 << 20


def run(command):
    return gdb.execute(command, to_string=True)


def value(expression):
    return int(gdb.parse_and_eval(f"(unsigned long)({expression})"))


def rate(count, what):
    start = time.monotonic()
    what()
    return count / (time.monotonic() - start)


def false_hits(count):
    """False hits a second of a condition that comes true after @count of them."""
    run(f"condition 1 $rsi == {value('$rsi') + count + 1}")
    return rate(count, lambda: run("continue"))


def condition():
    run(f"hbreak {STORM}")
    run("continue")
    # First a few to see how fast it is, then as many as take about a second.
    best = false_hits(300)
    best = false_hits(max(300, int(best)))
    run("delete")
    return best


def stepi():
    def steps():
        for _ in range(1000):
            gdb.execute("stepi", to_string=True)

    return rate(1000, steps)


def memory(pattern):
    inferior = gdb.selected_inferior()
    mib = MEMORY >> 20
    write = rate(mib, lambda: inferior.write_memory(FREE, pattern * (MEMORY // len(pattern))))
    read = rate(mib, lambda: inferior.read_memory(FREE, MEMORY))
    return {"read": read, "write": write}


def zeros():
    inferior = gdb.selected_inferior()
    return {"read zeros": rate(MEMORY >> 20, lambda: inferior.read_memory(ZEROS, MEMORY))}


def storm():
    hits = condition()
    pattern = os.urandom(65536)
    figures = memory(pattern)
    if bytes(gdb.selected_inferior().read_memory(FREE, len(pattern))) != pattern:
        raise AssertionError("memory does not read as it was written")
    return {"condition": hits, "stepi": stepi(), **figures, **zeros()}


def canned():
    """What its memory reads as is not what was written."""
    return memory(os.urandom(65536))


def loop():
    """Instructions a second of `next` over a line that is a loop of two instructions."""
    rounds = int(os.environ["ROUNDS"])
    run("hbreak loop_line")
    run("continue")
    run(f"set var loop_rounds = {rounds}")
    run("continue")
    run("delete")
    return {"next": rate(2 * rounds, lambda: run("next"))}


run("set pagination off")
run("set confirm off")
run("set can-use-hw-watchpoints 0")
print("FIGURES", json.dumps({"storm": storm, "loop": loop, "canned": canned}[os.environ["BENCH"]]()), flush=True)
run("kill")
