# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx native
# vitrine: -kernel @platform.elf -append "cpus" -smp 1,maxcpus=2 -m 64 -S
# symbols: platform.elf
# exit: 1
"""A vCPU that comes is a thread, which gdb can look at and step; one that goes is none any more."""
import time

import gdb
from session import check_equal, connect, function, run

PATIENCE = 300


def threads():
    run("info threads")
    return sorted(t.num for t in gdb.selected_inferior().threads())


def wait_for_threads(expected):
    end = time.monotonic() + PATIENCE
    while threads() != expected and time.monotonic() < end:
        time.sleep(0.05)
    check_equal(threads(), expected, "threads")


connect()
run("break wait_for_event")
run("continue")
check_equal(function(), "wait_for_event", "stopped in")
check_equal(threads(), [1], "threads before")

run("monitor cpu-add 1")
wait_for_threads([1, 2])
run("continue")  # it comes, starts the processor, and waits for the next event
check_equal(function(), "wait_for_event", "stopped in")
run("thread 2")
first = gdb.parse_and_eval("$pc")
run("stepi")
check_equal(gdb.selected_thread().num, 2, "who stepped")
print(f"thread 2 went from {first} to {gdb.parse_and_eval('$pc')}")

run("thread 1")
run("monitor cpu-del 1")
run("delete")
run("break cpu_flags")
run("continue")  # behind the ejection it looks whether the processor is gone
wait_for_threads([1])
run("delete")
run("finish")
run("monitor cpu-add 1")  # the guest's last event
run("continue")
